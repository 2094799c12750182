//! How long a body is (RFC 9112, section 6) and how chunks are passed over. Stateless; never looks at body data.

use memchr::memchr;

use super::fields::{self, Coding, Fields, Length, MAX_BODY};
use super::start_line::{StatusLine, Version};
use crate::parser::ParseError;

/// The longest chunk-size line. Extensions are rare and short; Go and Node refuse far shorter ones than this.
const MAX_CHUNK_LINE: usize = 16 * 1024;
/// The longest trailer section after the last chunk.
const MAX_TRAILER: usize = 16 * 1024;
/// A skip that only the end of the connection ends. Bytes never captured inside it are no loss.
pub(super) const UNTIL_CLOSE: u64 = MAX_BODY;

/// What delimits a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    /// `Content-Length`.
    Length(u64),
    /// Chunks and a last one.
    Chunked,
    /// The end of the connection (responses only).
    UntilClose,
}

/// What a response needs to know of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing special.
    Plain,
    /// The response has no body whatever its head says.
    Head,
    /// A success opens a tunnel.
    Connect,
    /// A 101 may change the protocol, and the client may speak it early.
    Upgrade,
}

/// The body of a request. `Transfer-Encoding` overrides `Content-Length`.
pub(super) fn of_request(fields: &Fields) -> Result<Framing, ParseError> {
    match (fields.coding, fields.length) {
        (Coding::Chunked, _) => Ok(Framing::Chunked),
        (Coding::Other, _) => Err(ParseError::Malformed("request body without an end")),
        (Coding::Absent, Length::Absent) => Ok(Framing::Empty),
        (Coding::Absent, Length::Known(length)) => Ok(Framing::Length(length)),
        (Coding::Absent, Length::Bad(error)) => Err(error),
    }
}

/// The body of a final response to what was asked, if that is known.
pub(super) fn of_response(line: StatusLine, fields: &Fields, asked: Option<Asked>) -> Result<Framing, ParseError> {
    if matches!(line.code, 100..200 | 204 | 304) || asked == Some(Asked::Head) {
        return Ok(Framing::Empty);
    }
    match (fields.coding, fields.length) {
        (Coding::Chunked, _) => Ok(Framing::Chunked),
        (Coding::Absent, Length::Known(length)) => Ok(Framing::Length(length)),
        (Coding::Absent, Length::Bad(error)) => Err(error),
        // Met in the middle, this may answer a HEAD. Taken for a body until the close, it would hide the rest of the
        // connection; taken for an empty one, a body that follows costs one resynchronisation.
        (Coding::Absent, Length::Absent) if asked.is_none() && line.version == Version::One && !fields.closes => {
            Ok(Framing::Empty)
        }
        (Coding::Other, _) | (Coding::Absent, Length::Absent) => Ok(Framing::UntilClose),
    }
}

/// What stands at the front of a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    NeedMore,
    /// A chunk: bytes to pass over, with the size line and the line end of the chunk before; and bytes of data in it.
    Data {
        skip: u64,
        size: u64,
    },
    /// The last chunk and the trailer section: bytes they take.
    Last(u64),
}

const BAD_SIZE: ParseError = ParseError::Malformed("chunk size");

/// Reads a chunk's size line. Unless it is the `first`, the line end after the data of the one before comes first.
pub(super) fn chunk(bytes: &[u8], first: bool) -> Result<Chunk, ParseError> {
    let start = match bytes {
        _ if first => 0,
        [] | [b'\r'] => return Ok(Chunk::NeedMore),
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return Err(ParseError::Malformed("chunk without line end")),
    };
    let rest = bytes.get(start..).unwrap_or_default();
    let window = rest.get(..MAX_CHUNK_LINE).unwrap_or(rest);
    let Some(end) = memchr(b'\n', window) else {
        return match chunk_size(window) {
            Err(error) if error != BAD_SIZE || !digits(window).is_empty() => Err(error),
            _ if window.len() == MAX_CHUNK_LINE => Err(ParseError::TooLong("MAX_CHUNK_LINE")),
            _ => Ok(Chunk::NeedMore),
        };
    };
    let size = chunk_size(window.get(..end).unwrap_or_default())?;
    let data_at = start + end + 1;
    if size > 0 {
        return Ok(Chunk::Data {
            skip: widen(data_at) + size,
            size,
        });
    }
    let trailer = bytes.get(data_at..).unwrap_or_default();
    let trailer = trailer.get(..MAX_TRAILER).unwrap_or(trailer);
    match fields::skip_section(trailer, 0) {
        Some(length) => Ok(Chunk::Last(widen(data_at + length))),
        None if trailer.len() == MAX_TRAILER => Err(ParseError::TooLong("MAX_TRAILER")),
        None => Ok(Chunk::NeedMore),
    }
}

/// What stands before the extensions, without blanks (some servers pad the size with them).
fn digits(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

fn chunk_size(line: &[u8]) -> Result<u64, ParseError> {
    let digits = digits(line);
    let mut size: u64 = 0;
    for digit in digits {
        let value = char::from(*digit).to_digit(16).ok_or(BAD_SIZE)?;
        size = size << 4 | u64::from(value);
        if size > MAX_BODY {
            return Err(ParseError::TooLong("MAX_BODY"));
        }
    }
    if digits.is_empty() {
        return Err(BAD_SIZE);
    }
    Ok(size)
}

/// Lengths of slices fit: no machine has longer addresses than 64 bits.
pub(super) fn widen(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
