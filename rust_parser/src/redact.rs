//! Takes secrets out of what a span will say: values of secret query keys, credentials in URLs, session ids in paths,
//! headers that authenticate. On by default.
//!
//! Contract: nothing is allocated when there is nothing to take out; the keys stay, so that one sees what was asked. Must
//! never let a credential of a URL through, whatever the options say (the conventions forbid it). SQL literals and Redis
//! values never come this far: parsers leave them out.

use std::borrow::Cow;

use protocol_parsers::{Text, Value};
use serde::{Deserialize, Serialize};

use crate::semconv;

/// What stands in the place of a secret: the word the conventions ask for.
pub const REDACTED: &str = "REDACTED";

/// What becomes of the query of a URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryPolicy {
    /// As it is.
    Keep,
    /// Without the values of secret keys.
    #[default]
    RedactSecrets,
    /// Nothing of it.
    Drop,
}

/// What the user may choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedactionOptions {
    /// What becomes of queries.
    pub query: QueryPolicy,
    /// Keys that are secret here besides the built-in ones. Case, `-` and `_` do not matter.
    pub secret_keys: Vec<String>,
}

/// Keys whose values are secret, in the form of [`Name`]. The conventions' list
/// (signatures and credentials of AWS, Azure and Google, old and new) and what web frameworks and OAuth call theirs.
const SECRET_KEYS: &[&str] = &[
    "sig",
    "xamzcredential",
    "xgoogcredential",
    "awsaccesskeyid",
    "googleaccessid",
    "pass",
    "pwd",
    "passphrase",
    "passcode",
    "session",
    "sid",
    "sessid",
    "phpsessid",
    "code",
    "auth",
    "authorization",
    "bearer",
    "jwt",
    "otp",
    "ticket",
    "assertion",
    "clientassertion",
    "samlresponse",
    "samlrequest",
    "credentials",
    "codeverifier",
    "authkey",
    "authcode",
    "authorizationcode",
];

/// Ends of keys that make them secret: `access_token`, `X-Goog-Signature`, `db_password`.
const SECRET_ENDS: &[&str] = &[
    "token",
    "signature",
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "sessionid",
    "credential",
];

/// Headers whose values authenticate, should a parser's allow-list ever hold them.
const SECRET_HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
];

/// Headers whose values are URLs.
const URL_HEADERS: &[&str] = &["referer", "location", "content-location", "origin"];

/// A key longer than this is data, not a name; it is compared with nothing.
const MAX_KEY: usize = 64;

/// A parameter called just `key` is a secret when its value is as long as the keys that are handed out (Google's have 39
/// characters) and an innocent name when it is shorter.
const MIN_SECRET_VALUE_OF_KEY: usize = 20;

/// The options, ready for use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    query: QueryPolicy,
    extra_keys: Vec<Box<[u8]>>,
}

impl Redaction {
    /// Prepares the options.
    #[must_use]
    pub fn new(options: &RedactionOptions) -> Self {
        let names = options
            .secret_keys
            .iter()
            .filter_map(|key| Name::of(key))
            .filter(|name| name.length > 0);
        let extra_keys = names.map(|name| name.bytes().into()).collect();
        Self {
            query: options.query,
            extra_keys,
        }
    }

    /// The value as it may leave the machine under this key; `None` when all of it must stay.
    #[must_use]
    pub fn clean(&self, key: &str, value: Value) -> Option<Value> {
        let Value::Text(text) = &value else {
            return Some(if key.starts_with("http.re") {
                self.header(key, value)
            } else {
                value
            });
        };
        let clean = match key {
            semconv::URL_QUERY => self.query(text)?,
            semconv::URL_FULL => self.url(text),
            semconv::URL_PATH => self.path(text),
            _ if key.starts_with("http.re") => return Some(self.header(key, value)),
            _ => return Some(value),
        };
        Some(match clean {
            Cow::Borrowed(_) => value,
            Cow::Owned(clean) => Value::Text(clean.into()),
        })
    }

    /// A query, without the question mark. `None`: drop it.
    pub fn query<'a>(&self, query: &'a str) -> Option<Cow<'a, str>> {
        match self.query {
            QueryPolicy::Keep => Some(Cow::Borrowed(query)),
            QueryPolicy::RedactSecrets => Some(self.pairs(query, &['&', ';'])),
            QueryPolicy::Drop => None,
        }
    }

    /// An absolute or relative URL.
    pub fn url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        let (rest, fragment) = split_before(url, '#');
        let (rest, query) = split_before(rest, '?');
        let (authority, path) = split_authority(rest);
        let clean_authority = credentials(authority);
        let clean_path = self.path(path);
        let clean_query = match query.strip_prefix('?') {
            Some(query) => self.query(query),
            None => Some(Cow::Borrowed("")),
        };
        // An OAuth answer carries its token behind the `#`, in the form of a query.
        let clean_fragment = match fragment.strip_prefix('#') {
            Some(fragment) => self.pairs(fragment, &['&']),
            None => Cow::Borrowed(""),
        };
        let untouched = matches!(
            (&clean_authority, &clean_path, &clean_query, &clean_fragment),
            (
                Cow::Borrowed(_),
                Cow::Borrowed(_),
                Some(Cow::Borrowed(_)),
                Cow::Borrowed(_)
            )
        );
        if untouched {
            return Cow::Borrowed(url);
        }
        let mut clean = String::with_capacity(url.len() + REDACTED.len());
        clean.push_str(&clean_authority);
        clean.push_str(&clean_path);
        if let (Some(clean_query), false) = (clean_query, query.is_empty()) {
            clean.push('?');
            clean.push_str(&clean_query);
        }
        if !fragment.is_empty() {
            clean.push('#');
            clean.push_str(&clean_fragment);
        }
        Cow::Owned(clean)
    }

    /// A path: `;jsessionid=...` and its like.
    pub fn path<'a>(&self, path: &'a str) -> Cow<'a, str> {
        if path.contains(';') {
            self.pairs(path, &[';', '/'])
        } else {
            Cow::Borrowed(path)
        }
    }

    fn header(&self, key: &str, value: Value) -> Value {
        let name = key
            .strip_prefix(semconv::HTTP_REQUEST_HEADER_PREFIX)
            .or_else(|| key.strip_prefix(semconv::HTTP_RESPONSE_HEADER_PREFIX));
        let Some(name) = name else { return value };
        let each = |clean: &dyn Fn(&Text) -> Text| match &value {
            Value::Text(text) => Value::Text(clean(text)),
            Value::List(texts) => Value::List(texts.iter().map(clean).collect()),
            other => other.clone(),
        };
        if SECRET_HEADERS.contains(&name) {
            each(&|_| Text::const_new(REDACTED))
        } else if URL_HEADERS.contains(&name) {
            each(&|url| self.url(url).into())
        } else {
            value
        }
    }

    /// `key=value` pairs between separators.
    fn pairs<'a>(&self, text: &'a str, separators: &[char]) -> Cow<'a, str> {
        let mut clean = String::new();
        let mut copied = 0;
        let mut start = 0;
        for pair in text.split(separators) {
            let end = start + pair.len();
            if let Some((key, value)) = pair.split_once('=') {
                if !value.is_empty() && self.is_secret(key, value) {
                    let value_start = end - value.len();
                    clean.push_str(text.get(copied..value_start).unwrap_or_default());
                    clean.push_str(REDACTED);
                    copied = end;
                }
            }
            start = end + 1; // Separators are ASCII.
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(clean)
    }

    fn is_secret(&self, key: &str, value: &str) -> bool {
        let Some(name) = Name::of(key) else { return false };
        // The last letters first: nearly every name ends differently, and comparing two bytes costs nothing.
        let last = name.bytes().last_chunk::<2>();
        let same_end = |secret: &&&str| secret.as_bytes().last_chunk() == last;
        SECRET_ENDS
            .iter()
            .filter(same_end)
            .any(|end| name.bytes().ends_with(end.as_bytes()))
            || SECRET_KEYS
                .iter()
                .filter(same_end)
                .any(|secret| name.bytes() == secret.as_bytes())
            || (name.bytes() == b"key" && value.len() >= MIN_SECRET_VALUE_OF_KEY)
            || self.extra_keys.iter().any(|extra| name.bytes() == &**extra)
    }
}

/// A key as secrets are spelled: lower case, percent-decoded, without `-` and `_`. Frameworks put structure into keys: of
/// `user[password]`, `tokens[0]` and `tags[]` the innermost name counts. On the stack: there is one for each pair.
struct Name {
    letters: [u8; MAX_KEY],
    length: usize,
}

impl Name {
    /// `None` for what is too long to be a name.
    fn of(key: &str) -> Option<Self> {
        let mut name = Self {
            letters: [0; MAX_KEY],
            length: 0,
        };
        let mut entered = false;
        let mut bytes = key.bytes();
        while let Some(byte) = bytes.next() {
            let byte = if byte == b'%' {
                decode(&mut bytes).unwrap_or(b'%')
            } else {
                byte
            };
            match byte {
                b'[' => entered = true,
                b'0'..=b'9' if entered => {}
                b'-' | b'_' | b' ' | b'+' | b']' => {}
                _ => {
                    if std::mem::take(&mut entered) {
                        name.length = 0;
                    }
                    *name.letters.get_mut(name.length)? = byte.to_ascii_lowercase();
                    name.length += 1;
                }
            }
        }
        Some(name)
    }

    fn bytes(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// Two hexadecimal digits, taken only if they are there.
fn decode(bytes: &mut std::str::Bytes<'_>) -> Option<u8> {
    let mut ahead = bytes.clone();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(ahead.next()?)? * 16 + digit(ahead.next()?)?;
    *bytes = ahead;
    u8::try_from(value).ok()
}

/// The text before the first such character, and the rest from it on.
fn split_before(text: &str, character: char) -> (&str, &str) {
    text.split_at(text.find(character).unwrap_or(text.len()))
}

/// `scheme://authority` and the path behind it. A relative URL has no authority.
fn split_authority(url: &str) -> (&str, &str) {
    let start = if url.starts_with("//") {
        Some(2)
    } else {
        url.find("://").map(|at| at + 3)
    };
    match start {
        // An earlier slash would mean a path that holds a URL.
        Some(start) if url.find('/') == Some(start - 2) => {
            let end = url
                .get(start..)
                .and_then(|rest| rest.find('/'))
                .map_or(url.len(), |at| start + at);
            url.split_at(end)
        }
        _ => ("", url),
    }
}

/// `https://user:password@host` becomes `https://REDACTED:REDACTED@host`.
fn credentials(authority: &str) -> Cow<'_, str> {
    let Some((before, host)) = authority.rsplit_once('@') else {
        return Cow::Borrowed(authority);
    };
    let (scheme, user) = before.split_once("//").unwrap_or(("", before));
    let hidden = if user.contains(':') {
        "REDACTED:REDACTED"
    } else {
        REDACTED
    };
    Cow::Owned(format!("{scheme}//{hidden}@{host}"))
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
