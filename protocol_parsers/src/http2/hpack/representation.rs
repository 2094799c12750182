//! What a header block is made of (RFC 7541, sections 5 and 6): indices, literals and size updates, without a table.
//! Stateless; keeps nothing but slices of the block.

use super::huffman;
use crate::parser::ParseError;

/// A text as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Coded<'a> {
    Plain(&'a [u8]),
    Huffman(&'a [u8]),
}

const BAD_HUFFMAN: ParseError = ParseError::Malformed("Huffman code");

impl Coded<'_> {
    /// Appends the text.
    pub(in super::super) fn append_to(self, output: &mut Vec<u8>) -> Result<(), ParseError> {
        match self {
            Self::Plain(text) => output.extend_from_slice(text),
            Self::Huffman(code) => huffman::decode(code, output).ok_or(BAD_HUFFMAN)?,
        }
        Ok(())
    }
}

/// The name of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Name<'a> {
    /// That of the field with this index.
    Index(usize),
    Text(Coded<'a>),
}

/// One step of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Representation<'a> {
    /// The field with this index.
    Indexed(usize),
    /// A field; `enters` the dynamic table or not. Whether it may never enter one is for proxies to know.
    Literal {
        enters: bool,
        name: Name<'a>,
        value: Coded<'a>,
    },
    /// The dynamic table holds at most so many bytes from here on.
    SizeUpdate(usize),
}

/// Bytes after the prefix of a number: enough for 2^28, and no block, index or table is larger.
const MAX_NUMBER_BYTES: usize = 4;

const CUT_SHORT: ParseError = ParseError::Malformed("header block ends inside of a field");

/// Takes the representation at the front of a block that is not empty.
pub(in super::super) fn take<'a>(block: &mut &'a [u8]) -> Result<Representation<'a>, ParseError> {
    let first = *block.first().ok_or(CUT_SHORT)?;
    if first & 0x80 != 0 {
        return Ok(Representation::Indexed(number(block, 7)?));
    }
    if first & 0xe0 == 0x20 {
        return Ok(Representation::SizeUpdate(number(block, 5)?));
    }
    let enters = first & 0x40 != 0;
    let name = match number(block, if enters { 6 } else { 4 })? {
        0 => Name::Text(text(block)?),
        index => Name::Index(index),
    };
    Ok(Representation::Literal {
        enters,
        name,
        value: text(block)?,
    })
}

/// A number whose first bits are the last ones of the first byte.
fn number(block: &mut &[u8], bits: u32) -> Result<usize, ParseError> {
    let (first, mut rest) = block.split_first().ok_or(CUT_SHORT)?;
    let most = (1_u32 << bits) - 1;
    let mut value = u32::from(*first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (byte, more) = rest.split_first().ok_or(CUT_SHORT)?;
            rest = more;
            value += u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift >= 7 * MAX_NUMBER_BYTES {
                return Err(ParseError::TooLong("MAX_NUMBER_BYTES"));
            }
        }
    }
    *block = rest;
    usize::try_from(value).map_err(|_| ParseError::TooLong("MAX_NUMBER_BYTES"))
}

fn text<'a>(block: &mut &'a [u8]) -> Result<Coded<'a>, ParseError> {
    let huffman = block.first().ok_or(CUT_SHORT)? & 0x80 != 0;
    let length = number(block, 7)?;
    let (text, rest) = block.split_at_checked(length).ok_or(CUT_SHORT)?;
    *block = rest;
    Ok(if huffman {
        Coded::Huffman(text)
    } else {
        Coded::Plain(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_specification_are_read() {
        for (bytes, bits, value) in [
            (&[0x0a_u8][..], 5, 10),
            (&[0x1f, 0x9a, 0x0a], 5, 1337),
            (&[0x2a], 8, 42),
        ] {
            let mut rest = bytes;
            assert_eq!(number(&mut rest, bits), Ok(value));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn a_number_cannot_grow_without_end() {
        let mut longest = &[0xff_u8, 0xff, 0xff, 0xff, 0x7f][..];
        assert_eq!(number(&mut longest, 7), Ok(127 + (1 << 28) - 1));
        let mut endless = &[0xff_u8; 20][..];
        assert_eq!(number(&mut endless, 7), Err(ParseError::TooLong("MAX_NUMBER_BYTES")));
    }

    #[test]
    fn every_cut_of_a_literal_is_an_error() {
        let whole = b"\x40\x04name\x05value";
        let expected = Representation::Literal {
            enters: true,
            name: Name::Text(Coded::Plain(b"name")),
            value: Coded::Plain(b"value"),
        };
        assert_eq!(take(&mut &whole[..]), Ok(expected));
        for cut in 0..whole.len() {
            let mut front = whole.get(..cut).unwrap_or_default();
            assert_eq!(take(&mut front), Err(CUT_SHORT));
        }
    }
}
