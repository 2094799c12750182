//! The header section: the few fields that framing, pairing and the span need. All others are passed over unread.
//!
//! Reads what real peers send: line feeds without carriage returns, folded lines, blanks before the colon, lines that
//! are no field at all (ignored, as browsers do). Never keeps more than slices of the bytes it was shown.

use memchr::{memchr, memchr_iter};

use crate::parser::ParseError;

/// The longest head (start line and header section) or trailer section read. Servers cap heads at 8 to 64 KiB.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// The longest body believed, so that sums of lengths stay far from overflow: 4 EiB.
pub(super) const MAX_BODY: u64 = 1 << 62;

/// `tracestate` fields that are joined. Proxies that add one of their own are few; the text has a limit besides.
const MAX_TRACE_STATES: usize = 4;

/// What `Content-Length` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Length {
    /// There is none.
    #[default]
    Absent,
    /// All of them say this.
    Known(u64),
    /// It breaks the grammar, contradicts another one, or is over [`MAX_BODY`]: an error only where it counts.
    Bad(ParseError),
}

/// What `Transfer-Encoding` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Coding {
    /// There is none (or `identity`, which old servers send).
    #[default]
    Absent,
    /// The last coding is chunked.
    Chunked,
    /// Some other coding is last: only the end of the connection delimits the body.
    Other,
}

/// What follows a 101, or what a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upgrade {
    WebSocket,
    /// HTTP/2 without TLS.
    H2c,
    Unknown,
}

/// The fields of interest. Texts are as on the wire and may hold folded lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) length: Length,
    pub(super) coding: Coding,
    pub(super) upgrade: Option<Upgrade>,
    /// `Expect: 100-continue`
    pub(super) expects_continue: bool,
    /// `Connection: close`
    pub(super) closes: bool,
    pub(super) host: Option<&'a [u8]>,
    pub(super) user_agent: Option<&'a [u8]>,
    pub(super) trace_parent: Occurrence<'a>,
    /// In order; a list may be spread over some fields, of which the last one may be missing here.
    pub(super) trace_states: [&'a [u8]; MAX_TRACE_STATES],
}

/// How often a field occurs whose repetition changes its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Occurrence<'a> {
    #[default]
    Absent,
    Once(&'a [u8]),
    Repeated,
}

impl<'a> Occurrence<'a> {
    fn another(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Once(value),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }
}

/// Reads the header section that starts at `from`, after the start line. Answers the length of the whole head, or
/// `None` when it is not all there.
pub(super) fn read(bytes: &[u8], from: usize) -> Result<Option<(Fields<'_>, usize)>, ParseError> {
    let window = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    let mut fields = Fields::default();
    let mut at = from;
    while let Some((line, next)) = next_line(window, at) {
        if line.is_empty() {
            let head = window.get(..next).unwrap_or_default();
            let damaged = memchr(0, head).is_some();
            return if damaged {
                Err(ParseError::Malformed("NUL in head"))
            } else {
                Ok(Some((fields, next)))
            };
        }
        fields.read_line(line);
        at = next;
    }
    if window.len() == MAX_HEAD {
        return Err(ParseError::TooLong("MAX_HEAD"));
    }
    Ok(None)
}

/// Reads the lines that are whole of a header section that is cut off.
pub(super) fn read_whole_lines(bytes: &[u8], from: usize) -> Fields<'_> {
    let window = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    let mut fields = Fields::default();
    let mut at = from;
    while let Some((line, next)) = next_line(window, at).filter(|(line, _)| !line.is_empty()) {
        fields.read_line(line);
        at = next;
    }
    fields
}

/// Whether a head that was not all there in the first `seen` bytes may be now. Keeps a head that comes byte by byte
/// from being read again for each.
pub(super) fn may_end(bytes: &[u8], seen: usize) -> bool {
    let new = bytes.get(seen.saturating_sub(2)..).unwrap_or_default();
    memchr_iter(b'\n', new).any(|at| matches!(new.get(at + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..])))
}

/// Passes over a section of field lines. Answers where the empty line ends, or `None` when it is not all there.
pub(super) fn skip_section(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let (line, next) = next_line(bytes, at)?;
        if line.is_empty() {
            return Some(next);
        }
        at = next;
    }
}

/// The line at `at`, with the lines folded into it and without its line end, and where the next one starts. `None`
/// when its end, or the byte that would tell whether it is folded, is not there.
fn next_line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let mut end = at + memchr(b'\n', bytes.get(at..)?)?;
    let line = bytes.get(at..end)?;
    if matches!(line, [] | [b'\r']) {
        return Some((&[], end + 1));
    }
    while matches!(bytes.get(end + 1)?, b' ' | b'\t') {
        end += 1;
        end += memchr(b'\n', bytes.get(end..)?)?;
    }
    let line = bytes.get(at..end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

impl<'a> Fields<'a> {
    fn read_line(&mut self, line: &'a [u8]) {
        // Most fields are of no interest: the first letter tells without a search for the colon.
        let Some(b'c' | b't' | b'h' | b'u' | b'e') = line.first().map(u8::to_ascii_lowercase) else {
            return;
        };
        let Some(colon) = memchr(b':', line) else { return };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let name = name.trim_ascii_end();
        let is = |field: &[u8]| name.eq_ignore_ascii_case(field);
        match name.len() {
            4 if is(b"host") => self.host = self.host.or(Some(value)),
            6 if is(b"expect") => self.expects_continue |= has_item(value, b"100-continue"),
            7 if is(b"upgrade") => self.upgrade = Upgrade::read(value).or(self.upgrade),
            10 if is(b"connection") => self.closes |= has_item(value, b"close"),
            10 if is(b"user-agent") => self.user_agent = self.user_agent.or(Some(value)),
            10 if is(b"tracestate") => {
                if let Some(free) = self.trace_states.iter_mut().find(|state| state.is_empty()) {
                    *free = value;
                }
            }
            11 if is(b"traceparent") => self.trace_parent.another(value),
            14 if is(b"content-length") => self.length = self.length.and(value),
            17 if is(b"transfer-encoding") => self.coding = self.coding.and(value),
            _ => {}
        }
    }
}

impl Length {
    /// Adds another field of the name; each may be a list of one repeated number.
    fn and(self, value: &[u8]) -> Self {
        items(value).fold(self, |known, item| match (known, Self::read(item)) {
            (Self::Bad(_), _) => known,
            (Self::Absent, read) => read,
            (Self::Known(one), Self::Known(other)) if one == other => known,
            (Self::Known(_), Self::Bad(error)) => Self::Bad(error),
            _ => Self::Bad(ParseError::Malformed("conflicting content-length")),
        })
    }

    fn read(digits: &[u8]) -> Self {
        let mut value: u64 = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return Self::Bad(ParseError::Malformed("content-length"));
            }
            value = value * 10 + u64::from(digit - b'0');
            if value > MAX_BODY {
                return Self::Bad(ParseError::TooLong("MAX_BODY"));
            }
        }
        if digits.is_empty() {
            return Self::Bad(ParseError::Malformed("content-length"));
        }
        Self::Known(value)
    }
}

impl Coding {
    /// Adds another field of the name: the last coding of the last one decides.
    fn and(self, value: &[u8]) -> Self {
        items(value).fold(self, |before, item| {
            if item.eq_ignore_ascii_case(b"chunked") {
                Self::Chunked
            } else if item.is_empty() || item.eq_ignore_ascii_case(b"identity") {
                before
            } else {
                Self::Other
            }
        })
    }
}

impl Upgrade {
    fn read(value: &[u8]) -> Option<Self> {
        let first = items(value).find(|item| !item.is_empty())?;
        Some(if has_item(value, b"websocket") {
            Self::WebSocket
        } else if first.eq_ignore_ascii_case(b"h2c") {
            Self::H2c
        } else {
            Self::Unknown
        })
    }
}

/// The members of a comma-separated list, without the blanks (and folds) around them.
fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn has_item(value: &[u8], wanted: &[u8]) -> bool {
    items(value).any(|item| item.eq_ignore_ascii_case(wanted))
}
