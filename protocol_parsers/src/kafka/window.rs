//! The bytes of a message that are at hand, and how numbers are taken off them.
//!
//! Nothing is read beyond the end of the message; `None` stands for bytes that are not here.

use crate::parser::ParseError;

/// The bytes at hand.
pub(super) struct Window<'a> {
    pub bytes: &'a [u8],
    /// Where the next field begins; beyond the bytes, when one was passed over that ends there.
    pub at: u64,
    /// Where the message ends.
    pub limit: u64,
}

/// What a peer may not say.
pub(super) const BEYOND: ParseError = ParseError::Malformed("kafka: a field is longer than its message");

impl<'a> Window<'a> {
    /// The next bytes; `None`: they are not here.
    pub(super) fn take(&mut self, count: u64) -> Result<Option<&'a [u8]>, ParseError> {
        let from = self.at;
        self.skip(count)?;
        let range = usize::try_from(from).ok().zip(usize::try_from(self.at).ok());
        let bytes = range.and_then(|(from, to)| self.bytes.get(from..to));
        if bytes.is_none() {
            self.at = from;
        }
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<Option<[u8; N]>, ParseError> {
        let bytes = self.take(N as u64)?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()))
    }

    /// Bytes of the message that follow.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.at)
    }

    /// Passes over bytes, here or not.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), ParseError> {
        if count > self.left() {
            return Err(BEYOND);
        }
        self.at += count;
        Ok(())
    }

    pub(super) fn varint(&mut self) -> Result<Option<u32>, ParseError> {
        let from = self.at;
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let Some([byte]) = self.array()? else {
                self.at = from;
                return Ok(None);
            };
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(Some(value));
            }
        }
        Err(ParseError::Malformed("kafka: a varint without an end"))
    }

    /// The bytes from here on, at most so many.
    pub(super) fn peek(&self, count: u64) -> &'a [u8] {
        let rest = usize::try_from(self.at).ok().and_then(|at| self.bytes.get(at..));
        let rest = rest.unwrap_or_default();
        rest.get(..usize::try_from(count).unwrap_or(usize::MAX)).unwrap_or(rest)
    }
}
