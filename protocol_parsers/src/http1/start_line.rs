//! Request lines and status lines: reading them, and recognising them on an unknown connection. Stateless. Never answers [`Detection::Yes`] for a line it has not seen whole.

use memchr::memchr;

use crate::parser::{Detection, Direction, ParseError};

/// The longest start line read. nginx and Apache refuse requests over 8 KiB, IIS and load balancers over 16 KiB.
pub(super) const MAX_START_LINE: usize = 16 * 1024;
/// The longest method read. The longest registered one (`UPDATEREDIRECTREF`) has 17 letters.
pub(super) const MAX_METHOD: usize = 32;
/// Blank lines before a request line that detection looks past; old browsers sent one after a form's body.
const MAX_LEADING_BREAKS: usize = 8;
/// The smallest part of a status line that is proof: `HTTP/1.1 200` and what ends the number.
const STATUS_PROOF: usize = 13;

/// The two versions of the protocol's first major number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.0.
    Zero,
    /// HTTP/1.1.
    One,
}

impl Version {
    /// As `network.protocol.version` spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zero => "1.0",
            Self::One => "1.1",
        }
    }
}

/// `GET /index.html HTTP/1.1`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) version: Version,
}

/// `HTTP/1.1 200 OK`, without the reason, which clients must ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub(super) code: u16,
    pub(super) version: Version,
}

/// A start line and the bytes it takes with its line end.
pub(super) type Found<T> = Result<Option<(T, usize)>, ParseError>;

const NO_REQUEST_LINE: ParseError = ParseError::Malformed("request line");
const NO_STATUS_LINE: ParseError = ParseError::Malformed("status line");
const START_LINE_TOO_LONG: ParseError = ParseError::TooLong("MAX_START_LINE");

/// Reads the request line at the front. `None`: it is not all there, and what is there could be one.
pub(super) fn request_line(bytes: &[u8]) -> Found<RequestLine<'_>> {
    let window = bytes.get(..MAX_START_LINE).unwrap_or(bytes);
    match memchr(b'\n', window) {
        Some(end) => {
            let line = window.get(..end).and_then(whole_request_line).ok_or(NO_REQUEST_LINE)?;
            Ok(Some((line, end + 1)))
        }
        None if !could_be_request_line(window) => Err(NO_REQUEST_LINE),
        None if window.len() == MAX_START_LINE => Err(START_LINE_TOO_LONG),
        None => Ok(None),
    }
}

/// Reads the status line at the front. `None`: it is not all there, and what is there could be one.
pub(super) fn status_line(bytes: &[u8]) -> Found<StatusLine> {
    let window = bytes.get(..MAX_START_LINE).unwrap_or(bytes);
    let Some(line) = status_proof(window)? else {
        return Ok(None);
    };
    match memchr(b'\n', window) {
        Some(end) => Ok(Some((line, end + 1))),
        None if window.len() == MAX_START_LINE => Err(START_LINE_TOO_LONG),
        None => Ok(None),
    }
}

/// Are these the first bytes of a request (to the server) or of a response (to the client)?
pub(super) fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    let breaks = bytes
        .iter()
        .take(MAX_LEADING_BREAKS)
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let bytes = bytes.get(breaks..).unwrap_or_default();
    let found = match direction {
        Direction::ToServer => request_line(bytes).map(|found| found.is_some()),
        Direction::ToClient => status_proof(bytes).map(|found| found.is_some()),
    };
    match found {
        Ok(true) => Detection::Yes,
        Ok(false) => Detection::NeedMore,
        Err(_) => Detection::No,
    }
}

/// The line without its line feed. The target may hold blanks: servers answer such a request, so it is an exchange.
fn whole_request_line(line: &[u8]) -> Option<RequestLine<'_>> {
    let line = trim_end(line.strip_suffix(b"\r").unwrap_or(line));
    let method = method(line)?;
    let (target, version) = line.get(method.len() + 1..)?.split_last_chunk::<9>()?;
    let version = match version {
        b" HTTP/1.1" => Version::One,
        b" HTTP/1.0" => Version::Zero,
        _ => return None,
    };
    let target = trim_end(trim_start(target));
    (!target.is_empty() && target.iter().all(|byte| is_target(*byte))).then_some(RequestLine {
        method,
        target,
        version,
    })
}

/// Blanks only: a control character makes the line unreadable wherever it is cut.
fn trim_end(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().rev().take_while(|byte| **byte == b' ').count();
    bytes.get(..bytes.len() - blanks).unwrap_or_default()
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| **byte == b' ').count();
    bytes.get(blanks..).unwrap_or_default()
}

/// The method that a blank ends.
fn method(line: &[u8]) -> Option<&[u8]> {
    let window = line.get(..=MAX_METHOD).unwrap_or(line);
    let method = window.get(..window.iter().position(|byte| *byte == b' ')?)?;
    is_method(method).then_some(method)
}

/// A token of RFC 9110 that starts with a letter, as every method in use does and many binary headers do not.
fn is_method(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.iter().all(|byte| is_token(*byte))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

pub(super) fn is_target(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f
}

/// Whether more bytes could make a request line of a line without a line feed.
fn could_be_request_line(line: &[u8]) -> bool {
    if line.is_empty() {
        return true;
    }
    let Some(method) = method(line) else {
        return line.len() <= MAX_METHOD && is_method(line);
    };
    let rest = line.get(method.len() + 1..).unwrap_or_default();
    let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
    rest.iter().all(|byte| is_target(*byte))
}

/// The status line's fixed part, which tells it from everything else.
pub(super) fn status_proof(bytes: &[u8]) -> Result<Option<StatusLine>, ParseError> {
    let front = bytes.get(..STATUS_PROOF).unwrap_or(bytes);
    let fits = front.iter().enumerate().all(|(at, byte)| match at {
        0..7 => b"HTTP/1.".get(at) == Some(byte),
        7 => matches!(byte, b'0' | b'1'),
        8 => *byte == b' ',
        9 => matches!(byte, b'1'..=b'9'),
        10 | 11 => byte.is_ascii_digit(),
        _ => matches!(byte, b' ' | b'\r' | b'\n'),
    });
    if !fits {
        return Err(NO_STATUS_LINE);
    }
    let [_, _, _, _, _, _, _, minor, _, hundreds, tens, ones, _] = front else {
        return Ok(None);
    };
    let code = [hundreds, tens, ones]
        .into_iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let version = if *minor == b'0' { Version::Zero } else { Version::One };
    Ok(Some(StatusLine { code, version }))
}

/// The methods that the OpenTelemetry conventions know: RFC 9110 and PATCH.
pub(super) const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE",
];

/// The method's name if it is a known one. Methods are case-sensitive.
pub(super) fn known_method(method: &[u8]) -> Option<&'static str> {
    METHODS.into_iter().find(|known| known.as_bytes() == method)
}

/// Whether a request with a known method starts here: a weaker proof than [`detect`], from fewer bytes.
pub(super) fn starts_with_known_method(bytes: &[u8]) -> Detection {
    let fits = |method: &&str| {
        method
            .bytes()
            .chain([b' '])
            .zip(bytes)
            .all(|(letter, byte)| letter == *byte)
    };
    match METHODS.iter().find(|method| fits(method)) {
        Some(method) if bytes.len() > method.len() => Detection::Yes,
        Some(_) => Detection::NeedMore,
        None => Detection::No,
    }
}
