//! Batches of records, in the three formats there were: what their heads say, and the trace contexts in the headers of
//! records.
//!
//! Keys and values of records are passed over; only the headers' names are compared.

use super::compression::{unpack, Curiosity, MAX_UNPACKED};
use crate::message::MAX_LINKS;
use crate::trace_context::TraceContext;

/// Bytes before the first record of a batch (format 2).
pub(super) const HEAD: u64 = 61;

/// The same, of a message of format 0, up to and with the byte that says which format it is, and its attributes.
pub(super) const SMALLEST_HEAD: u64 = 18;

/// Where the byte stands that says which format it is. In all formats.
const MAGIC_AT: usize = 16;

/// Bytes before the length's count begins: offset and length.
const BEFORE_LENGTH: u64 = 12;

/// The head of a batch of records; formats 0 and 1 have only messages, which may hold compressed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub magic: u8,
    pub first: i64,
    /// The offset of the last record.
    pub last: i64,
    /// `None`: it must be unpacked to know.
    pub count: Option<u32>,
    pub compression: u8,
    /// Markers of transactions, which no consumer sees.
    pub control: bool,
}

/// What the front of a records field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// A batch, and its size.
    Head(Head, u64),
    /// Too little for one.
    Remnant,
    /// A format that is not known.
    Unknown,
}

/// What the records of a batch tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inside {
    /// Messages of formats 0 and 1 that were packed into one, if all of them were seen.
    pub count: Option<u32>,
    /// Bytes of the value of the first record.
    pub value_size: Option<u64>,
}

fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}

impl Head {
    /// Reads the front of a records field.
    pub(super) fn read(bytes: &[u8]) -> Scanned {
        let (Some(first), Some(length), Some([magic])) = (at(bytes, 0), at(bytes, 8), at(bytes, MAGIC_AT)) else {
            return Scanned::Remnant;
        };
        let (first, length) = (i64::from_be_bytes(first), i32::from_be_bytes(length));
        let Some(size) = u64::try_from(length).ok().map(|length| length + BEFORE_LENGTH) else {
            return Scanned::Unknown;
        };
        let head = match magic {
            0 | 1 if size >= SMALLEST_HEAD => Self::of_message(bytes, magic, first),
            2 if size >= HEAD => Self::of_batch(bytes, first),
            _ => return Scanned::Unknown,
        };
        head.map_or(Scanned::Remnant, |head| Scanned::Head(head, size))
    }

    fn of_message(bytes: &[u8], magic: u8, offset: i64) -> Option<Self> {
        let [attributes] = at(bytes, MAGIC_AT + 1)?;
        let compression = attributes & 7;
        Some(Self {
            magic,
            first: offset,
            last: offset,
            count: (compression == 0).then_some(1),
            compression,
            control: false,
        })
    }

    fn of_batch(bytes: &[u8], first: i64) -> Option<Self> {
        let [_, attributes] = at(bytes, 21)?;
        let delta = i32::from_be_bytes(at(bytes, 23)?);
        let count = i32::from_be_bytes(at(bytes, 57)?);
        Some(Self {
            magic: 2,
            first,
            last: first.saturating_add(i64::from(delta)),
            count: Some(u32::try_from(count).unwrap_or(0)),
            compression: attributes & 7,
            control: attributes & 0x20 != 0,
        })
    }
}

/// Looks into a batch, of which these are the first bytes: adds trace contexts to the links.
pub(super) fn look_inside(
    head: &Head,
    bytes: &[u8],
    curiosity: &mut Curiosity,
    links: &mut Vec<TraceContext>,
) -> Inside {
    if head.magic < 2 {
        return messages_inside(head, bytes);
    }
    let Some(records) = usize::try_from(HEAD).ok().and_then(|head| bytes.get(head..)) else {
        return Inside::default();
    };
    if head.compression == 0 {
        return Inside {
            count: None,
            value_size: records_inside(records, links),
        };
    }
    if !curiosity.asks() {
        return Inside::default();
    }
    let before = links.len();
    let value_size = records_inside(&unpack(head.compression, records), links);
    curiosity.learns(links.len() > before);
    Inside {
        count: None,
        value_size,
    }
}

/// Messages of formats 0 and 1 are compressed as the value of another message. They have no headers.
fn messages_inside(head: &Head, bytes: &[u8]) -> Inside {
    let timestamp = usize::from(head.magic) * 8;
    let fields = || {
        let key_at = MAGIC_AT + 2 + timestamp;
        let key = i32::from_be_bytes(at(bytes, key_at)?);
        let value_at = key_at + 4 + usize::try_from(key).unwrap_or(0);
        let size = i32::from_be_bytes(at(bytes, value_at)?);
        Some((u64::try_from(size).unwrap_or(0), bytes.get(value_at + 4..)?))
    };
    let Some((size, value)) = fields() else {
        return Inside::default();
    };
    if head.compression == 0 {
        return Inside {
            count: None,
            value_size: Some(size),
        };
    }
    if value.len() as u64 != size {
        return Inside::default();
    }
    Inside {
        count: count_messages(&unpack(head.compression, value)),
        value_size: None,
    }
}

/// `None`: the last one is not all there.
fn count_messages(mut bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() >= MAX_UNPACKED {
        return None;
    }
    let mut count = 0;
    while !bytes.is_empty() {
        let size = i32::from_be_bytes(at(bytes, 8)?);
        let size = u64::try_from(size).ok()?.saturating_add(BEFORE_LENGTH);
        bytes = bytes.get(usize::try_from(size).ok()?..)?;
        count += 1;
    }
    Some(count)
}

/// Walks records as far as they are there; answers the size of the first one's value.
fn records_inside(bytes: &[u8], links: &mut Vec<TraceContext>) -> Option<u64> {
    let mut reader = Reader { bytes };
    let mut first = None;
    while links.len() < MAX_LINKS {
        let Some(value_size) = reader.record(links) else { break };
        first.get_or_insert(value_size);
    }
    first
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// One record; `None`: it is not all there, or is none.
    fn record(&mut self, links: &mut Vec<TraceContext>) -> Option<u64> {
        let size = usize::try_from(self.varint()?).ok()?;
        let (record, rest) = self.bytes.split_at_checked(size)?;
        self.bytes = rest;
        let mut record = Reader { bytes: record };
        record.take(1)?;
        record.varint()?;
        record.varint()?;
        record.field()?;
        let value_size = record.field()?.len() as u64;
        let headers = record.varint()?;
        for _ in 0..headers {
            // Each takes a byte at least, so the count ends with the record's bytes.
            let name = record.field()?;
            let value = record.field()?;
            if name != b"traceparent" {
                continue;
            }
            let context = TraceContext::parse(value);
            // Records that were sent within one span stand together.
            if let Some(context) = context.filter(|context| links.last() != Some(context)) {
                if links.len() < MAX_LINKS {
                    links.push(context);
                }
            }
        }
        Some(value_size)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// Length and bytes; null is nothing.
    fn field(&mut self) -> Option<&'a [u8]> {
        let size = self.varint()?;
        match usize::try_from(size) {
            Ok(size) => self.take(size),
            Err(_) => Some(&[]),
        }
    }

    /// Zigzag, up to 64 bits.
    fn varint(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        None
    }
}
