//! A message's frame: a letter, a length that counts itself, and what follows.

use crate::parser::ParseError;

/// The largest message either side accepts is a little below 1 GiB, PostgreSQL's limit for one allocation.
const MAX_LENGTH: u32 = 0x3fff_ffff;

/// The letter and the length.
pub(super) const HEADER: usize = 5;

/// The front of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) tag: u8,
    /// With the letter and the length.
    pub(super) total: u64,
    /// What is at hand of what follows.
    pub(super) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame. `None`: the header is not all there.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Option<Self>, ParseError> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [tag, length @ ..] = *header;
        let length = u32::from_be_bytes(length);
        if length < 4 {
            return Err(ParseError::Malformed("postgres: a length below four"));
        }
        if length > MAX_LENGTH {
            return Err(ParseError::TooLong("postgres: message"));
        }
        let body = usize::try_from(length - 4)
            .ok()
            .and_then(|size| rest.get(..size))
            .unwrap_or(rest);
        Ok(Some(Self {
            tag,
            total: u64::from(length) + 1,
            body,
        }))
    }

    /// How long the body is, at hand or not.
    pub(super) fn size(&self) -> u64 {
        self.total - HEADER as u64
    }

    /// The front of the body, if it is at hand up to `limit` bytes or its end.
    pub(super) fn front(&self, limit: usize) -> Option<&'a [u8]> {
        let wanted = usize::try_from(self.size()).map_or(limit, |size| size.min(limit));
        self.body.get(..wanted)
    }
}

/// Takes a text that ends in a zero byte off the front: the text, and what follows it.
pub(super) fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}
