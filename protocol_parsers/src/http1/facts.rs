//! What a head says about its exchange, under the stable OpenTelemetry HTTP conventions. Never keeps a header that is
//! not named here, nor credentials of a URL; the query is left as it is for the engine to redact.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem, memrchr};

use super::fields::{Fields, Occurrence};
use super::start_line::{known_method, RequestLine, StatusLine};
use crate::message::{Facts, Failure, FailureSide, Target, Text};
use crate::trace_context::{TraceContext, MAX_TRACE_STATE};

/// The longest text kept of a target or a field, in bytes; longer ones are cut. Backends cut far below this.
const MAX_TEXT: usize = 4096;
/// Attributes of a usual request: one allocation.
const REQUEST_ATTRIBUTES: usize = 12;

/// The key of a request body's length.
pub(crate) const REQUEST_BODY_SIZE: &str = "http.request.body.size";
/// The key of a response body's length.
pub(crate) const RESPONSE_BODY_SIZE: &str = "http.response.body.size";

/// The facts of a request, but the length of its body.
pub(super) fn of_request(line: &RequestLine, fields: &Fields) -> Facts {
    let url = Url::read(line);
    let mut facts = Facts {
        attributes: Vec::with_capacity(REQUEST_ATTRIBUTES),
        ..Facts::default()
    };
    add_method(&mut facts, line.method);
    url.describe(&mut facts);
    facts.text(
        "url.scheme",
        url.scheme
            .map_or(Text::const_new("http"), |scheme| text(&scheme.to_ascii_lowercase())),
    );
    if let Some(authority) = url.authority.or(fields.host) {
        add_server(&mut facts, authority);
    }
    facts.text("network.protocol.name", Text::const_new("http"));
    facts.text("network.protocol.version", Text::const_new(line.version.name()));
    if let Some(agent) = fields.user_agent.filter(|agent| !agent.is_empty()) {
        facts.text("user_agent.original", text(agent));
    }
    facts.context = trace_context(fields);
    facts
}

/// Adds a method. HTTP/2 has the same.
pub(crate) fn add_method(facts: &mut Facts, method: &[u8]) {
    if let Some(known) = known_method(method) {
        facts.operation = Some(Text::const_new(known));
        facts.text("http.request.method", Text::const_new(known));
    } else {
        // The conventions name the span of an unknown method `HTTP`: methods are the peer's to invent.
        facts.operation = Some(Text::const_new("HTTP"));
        facts.text("http.request.method", Text::const_new("_OTHER"));
        facts.text("http.request.method_original", text(method));
    }
}

/// Adds a path with its query, and names the target by it.
pub(crate) fn add_path(facts: &mut Facts, path: &[u8]) {
    Url::default().with_path(path).describe(facts);
}

/// The facts of a response, but the length of its body.
pub(super) fn of_response(line: StatusLine) -> Facts {
    of_status(line.code)
}

/// The facts of a status code.
pub(crate) fn of_status(code: u16) -> Facts {
    let mut facts = Facts {
        attributes: Vec::with_capacity(2),
        ..Facts::default()
    };
    facts.int("http.response.status_code", i64::from(code));
    if code >= 400 {
        let side = if code >= 500 {
            FailureSide::Both
        } else {
            FailureSide::Client
        };
        let digits = [code / 100, code / 10 % 10, code % 10];
        let kind = digits
            .into_iter()
            .filter_map(|digit| char::from_digit(digit.into(), 10))
            .collect();
        facts.failure = Some(Failure {
            kind,
            message: None,
            side,
        });
    }
    facts
}

/// The facts of the end of a body: what it took without framing.
pub(super) fn of_body(key: &'static str, size: u64) -> Facts {
    let mut facts = Facts::default();
    add_size(&mut facts, key, size);
    facts
}

/// Adds the length of a body.
pub(crate) fn add_size(facts: &mut Facts, key: &'static str, size: u64) {
    facts.int(key, i64::try_from(size).unwrap_or(i64::MAX));
}

/// The parts of a request target (RFC 9112, section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Url<'a> {
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    query: Option<&'a [u8]>,
}

impl<'a> Url<'a> {
    fn read(line: &RequestLine<'a>) -> Self {
        let target = line.target;
        if target.first() == Some(&b'/') {
            return Self::default().with_path(target);
        }
        if line.method == b"CONNECT" {
            return Self {
                authority: Some(target),
                ..Self::default()
            };
        }
        let scheme = memmem::find(target, b"://").and_then(|at| target.split_at_checked(at));
        let Some((scheme, rest)) = scheme.filter(|(scheme, _)| is_scheme(scheme)) else {
            return Self::default().with_path(target);
        };
        let rest = rest.get(3..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
            .unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
        Self {
            scheme: Some(scheme),
            authority: Some(authority),
            ..Self::default()
        }
        .with_path(path)
    }

    /// Splits path and query, and leaves out a fragment, which should not have been sent.
    fn with_path(self, path: &'a [u8]) -> Self {
        let end = memchr(b'#', path).unwrap_or(path.len());
        let whole = path.get(..end).unwrap_or_default();
        let (path, query) = match memchr(b'?', whole) {
            Some(at) => (whole.get(..at).unwrap_or_default(), whole.get(at + 1..)),
            None => (whole, None),
        };
        Self {
            path: Some(if path.is_empty() { b"/" } else { path }),
            query,
            ..self
        }
    }

    fn describe(&self, facts: &mut Facts) {
        facts.target = self.target();
        if let Some(path) = self.path {
            facts.text("url.path", text(path));
        }
        if let Some(query) = self.query.filter(|query| !query.is_empty()) {
            facts.text("url.query", text(query));
        }
    }

    fn target(&self) -> Target {
        match self.path {
            None => Target::None,
            Some(b"*") => Target::Name(Text::const_new("*")),
            Some(path) => Target::Path(text(path)),
        }
    }
}

fn is_scheme(bytes: &[u8]) -> bool {
    /// The longest scheme believed; those in use with HTTP proxies have five letters at most.
    const MAX_SCHEME: usize = 16;
    (1..=MAX_SCHEME).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}

/// `host`, `host:port`, `[::1]:port`, each perhaps with credentials before it, which are dropped.
pub(crate) fn add_server(facts: &mut Facts, authority: &[u8]) {
    let authority = match memrchr(b'@', authority) {
        Some(at) => authority.get(at + 1..).unwrap_or_default(),
        None => authority,
    };
    let (host, port) = match authority.strip_prefix(b"[") {
        Some(rest) => {
            let end = memchr(b']', rest).unwrap_or(rest.len());
            (
                rest.get(..end),
                rest.get(end + 1..).and_then(|port| port.strip_prefix(b":")),
            )
        }
        None => match memrchr(b':', authority) {
            Some(at) => (authority.get(..at), authority.get(at + 1..)),
            None => (Some(authority), None),
        },
    };
    if let Some(host) = host.filter(|host| !host.is_empty()) {
        facts.text("server.address", text(host));
        if let Some(port) = port.and_then(port_number) {
            facts.int("server.port", i64::from(port));
        }
    }
}

fn port_number(digits: &[u8]) -> Option<u16> {
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| all_digits)?.parse().ok()
}

/// The parent on the wire. Two of them contradict each other: then there is none.
fn trace_context(fields: &Fields) -> Option<TraceContext> {
    let Occurrence::Once(parent) = fields.trace_parent else {
        return None;
    };
    let mut context = TraceContext::parse(parent)?;
    context.state = trace_state(fields);
    Some(context)
}

/// `tracestate`, if it is text and short enough to carry on.
fn trace_state(fields: &Fields) -> Option<Text> {
    let mut joined = Text::default();
    for state in fields.trace_states.into_iter().filter(|state| !state.is_empty()) {
        if joined.len() + state.len() > MAX_TRACE_STATE {
            return None;
        }
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(std::str::from_utf8(&unfolded(state)).ok()?);
    }
    (1..=MAX_TRACE_STATE).contains(&joined.len()).then_some(joined)
}

/// Text of the wire: folds become blanks, what is no UTF-8 is replaced, and what is over [`MAX_TEXT`] is cut off.
pub(crate) fn text(bytes: &[u8]) -> Text {
    let mut end = bytes.len();
    if end > MAX_TEXT {
        end = MAX_TEXT;
        // Not within a character.
        while bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end -= 1;
        }
    }
    let text = unfolded(bytes.get(..end).unwrap_or_default());
    std::str::from_utf8(&text).map_or_else(|_| Text::from_utf8_lossy(&text), Text::new)
}

/// A field value on one line.
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let lines: Vec<&[u8]> = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    Cow::Owned(lines.join(&b' '))
}
