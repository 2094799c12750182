//! The classic pcap format: a header of 24 bytes, then records. Micro- and nanoseconds, both byte orders, and the
//! "modified" variant of old Linux tools whose records carry eight more bytes.

use super::capture::{Packet, Record};
use super::error::PacketError;
use super::fields::{size, Order};
use super::input::{Input, MAX_RECORD};

pub(super) const HEADER_LENGTH: usize = 24;
const RECORD_LENGTH: usize = 16;
const MODIFIED_RECORD_LENGTH: usize = 24;

pub(super) struct Pcap {
    order: Order,
    /// Nanoseconds of one unit of a record's second time field.
    unit_ns: u64,
    record_length: usize,
    link_type: u16,
}

impl Pcap {
    fn variant(bytes: &[u8]) -> Option<(Order, u64, usize)> {
        let magic = bytes.first_chunk::<4>()?;
        Some(match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1000, RECORD_LENGTH),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1000, RECORD_LENGTH),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1, RECORD_LENGTH),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1, RECORD_LENGTH),
            [0xa1, 0xb2, 0xcd, 0x34] => (Order::Big, 1000, MODIFIED_RECORD_LENGTH),
            [0x34, 0xcd, 0xb2, 0xa1] => (Order::Little, 1000, MODIFIED_RECORD_LENGTH),
            _ => return None,
        })
    }

    pub(super) fn recognises(bytes: &[u8]) -> bool {
        Self::variant(bytes).is_some()
    }

    /// Takes the file's header; `None` when the file ends inside it.
    pub(super) fn open(input: &mut Input) -> Result<Option<Self>, PacketError> {
        if input.fill(HEADER_LENGTH)? < HEADER_LENGTH {
            return Ok(None);
        }
        let header = input.take(HEADER_LENGTH);
        let Some((order, unit_ns, record_length)) = Self::variant(header) else {
            return Ok(None);
        };
        if order.u16(header, 4) != Some(2) {
            return Err(PacketError::Malformed {
                offset: 4,
                rule: "the version of the pcap format is not 2",
            });
        }
        // The upper half of the field tells of frame check sequences, which lie behind the IP packet and do not matter.
        let link_type = (order.u32(header, 20).unwrap_or(0) & 0xffff) as u16;
        Ok(Some(Self {
            order,
            unit_ns,
            record_length,
            link_type,
        }))
    }

    #[inline]
    pub(super) fn next<'a>(&mut self, input: &'a mut Input) -> Result<Record<'a>, PacketError> {
        let offset = input.offset();
        let at_hand = input.fill(self.record_length)?;
        if at_hand == 0 {
            return Ok(Record::at_end(input));
        }
        let bytes = input.bytes();
        let fields = (
            self.order.u32(bytes, 0),
            self.order.u32(bytes, 4),
            self.order.u32(bytes, 8),
            self.order.u32(bytes, 12),
        );
        let (Some(seconds), Some(fraction), Some(captured), Some(wire)) = fields else {
            return Ok(Record::Cut(offset));
        };
        let length = size(captured);
        if length > MAX_RECORD - MODIFIED_RECORD_LENGTH {
            return Err(PacketError::TooLong {
                offset,
                length: u64::from(captured),
                limit: "MAX_RECORD",
                maximum: MAX_RECORD as u64,
            });
        }
        let whole = self.record_length + length;
        if at_hand < whole && input.fill(whole)? < whole {
            return Ok(Record::Cut(offset));
        }
        let time_ns = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit_ns;
        let captured_bytes = input.take(whole).get(self.record_length..).unwrap_or_default();
        Ok(Record::Packet(Packet {
            time_ns,
            link_type: self.link_type,
            captured: captured_bytes,
            wire_length: wire.max(captured),
        }))
    }
}
