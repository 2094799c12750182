//! The pcapng format: sections of blocks. Only what leads to packets is read; any other block is passed over by its
//! length, whatever it is.

use super::capture::{Packet, Record};
use super::error::PacketError;
use super::fields::{count, size, Order};
use super::input::{Input, MAX_RECORD};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Block type and length before the body; the length again after it.
const FRONT: usize = 8;
const BACK: usize = 4;

/// A block is at most this long. Wireshark refuses longer ones as damage too; the largest honest blocks (TLS secrets,
/// name resolution) are far below.
const MAX_BLOCK: u32 = 16 * 1024 * 1024;

/// Interfaces of one section; a capture of every interface of a large container host has some thousands.
const MAX_INTERFACES: usize = 65_536;

#[derive(Clone, Copy)]
struct Interface {
    link_type: u16,
    /// 0: no limit.
    snap_length: u32,
    resolution: Resolution,
    /// Seconds to add to every time.
    offset_seconds: i64,
}

#[derive(Clone, Copy)]
enum Resolution {
    /// Nanoseconds of a tick.
    Nanoseconds(u64),
    /// Ticks of a second, a power of ten above 10^9.
    Finer(u128),
    /// Ticks of a second, as the exponent of two.
    Binary(u32),
}

impl Resolution {
    const MICROSECONDS: Self = Self::Nanoseconds(1000);

    fn of_option(value: u8) -> Self {
        let exponent = u32::from(value & 0x7f);
        if value & 0x80 != 0 {
            Self::Binary(exponent)
        } else if exponent <= 9 {
            Self::Nanoseconds(10_u64.pow(9 - exponent))
        } else {
            Self::Finer(10_u128.checked_pow(exponent).unwrap_or(u128::MAX))
        }
    }

    fn nanoseconds(self, ticks: u64) -> u64 {
        let wide = match self {
            Self::Nanoseconds(unit) => return ticks.saturating_mul(unit),
            Self::Finer(per_second) => u128::from(ticks) * 1_000_000_000 / per_second,
            Self::Binary(exponent) => (u128::from(ticks) * 1_000_000_000).checked_shr(exponent).unwrap_or(0),
        };
        u64::try_from(wide).unwrap_or(u64::MAX)
    }
}

impl Interface {
    fn time_ns(&self, high: u32, low: u32) -> u64 {
        let ticks = (u64::from(high) << 32) | u64::from(low);
        let offset = self.offset_seconds.saturating_mul(1_000_000_000);
        self.resolution.nanoseconds(ticks).saturating_add_signed(offset)
    }
}

/// Where in a packet block its fields are, counted from the block's start.
struct PacketFields {
    interface: u32,
    time_ns: Option<(u32, u32)>,
    captured: u32,
    wire: u32,
    /// Of the packet's bytes.
    at: usize,
}

/// The state of one section.
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    /// Simple packet blocks have no time: they get the one before.
    last_time_ns: u64,
}

impl Default for Pcapng {
    fn default() -> Self {
        Self {
            order: Order::Little,
            interfaces: Vec::new(),
            last_time_ns: 0,
        }
    }
}

impl Pcapng {
    pub(super) fn recognises(bytes: &[u8]) -> bool {
        let magic_fits = match bytes.get(8..12) {
            Some(magic) => order_of(magic).is_some(),
            None => true,
        };
        bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) && magic_fits
    }

    #[inline]
    pub(super) fn next<'a>(&mut self, input: &'a mut Input) -> Result<Record<'a>, PacketError> {
        let offset = input.offset();
        let at_hand = input.fill(FRONT + BACK)?;
        if at_hand == 0 {
            return Ok(Record::at_end(input));
        }
        if at_hand < FRONT + BACK {
            return Ok(Record::Cut(offset));
        }
        let bytes = input.bytes();
        let kind = self.order.u32(bytes, 0).unwrap_or(0);
        if kind == SECTION_HEADER {
            // The same in both byte orders; the bytes that follow the length tell the new section's.
            let magic = bytes.get(8..12).unwrap_or_default();
            let rule = "the section header has no byte-order magic";
            self.order = order_of(magic).ok_or(PacketError::Malformed { offset, rule })?;
            self.interfaces.clear();
        }
        let length = self.order.u32(input.bytes(), 4).unwrap_or(0);
        check_length(length, offset)?;
        match kind {
            INTERFACE => self.interface(input, length, offset),
            ENHANCED_PACKET | SIMPLE_PACKET | OBSOLETE_PACKET => self.packet(kind, input, length, offset),
            _ => self.pass_over(input, length, offset),
        }
    }

    fn check_back(&self, back: &[u8], length: u32, offset: u64) -> Result<(), PacketError> {
        if self.order.u32(back, 0) == Some(length) {
            return Ok(());
        }
        Err(PacketError::Malformed {
            offset,
            rule: "the block's length after its body is not the one before it",
        })
    }

    fn pass_over<'a>(&self, input: &'a mut Input, length: u32, offset: u64) -> Result<Record<'a>, PacketError> {
        if !input.skip(u64::from(length) - BACK as u64)? || input.fill(BACK)? < BACK {
            return Ok(Record::Cut(offset));
        }
        self.check_back(input.take(BACK), length, offset)?;
        Ok(Record::Other)
    }

    fn interface<'a>(&mut self, input: &'a mut Input, length: u32, offset: u64) -> Result<Record<'a>, PacketError> {
        // Options beyond what is at hand (comments of a megabyte) are not searched for the two that matter.
        let seen = size(length).min(MAX_RECORD);
        if input.fill(seen)? < seen {
            return Ok(Record::Cut(offset));
        }
        let block = input.bytes().get(..seen.min(size(length) - BACK)).unwrap_or_default();
        let (Some(link_type), Some(snap_length)) = (self.order.u16(block, 8), self.order.u32(block, 12)) else {
            return Err(PacketError::Malformed {
                offset,
                rule: "an interface block is too short",
            });
        };
        let mut interface = Interface {
            link_type,
            snap_length,
            resolution: Resolution::MICROSECONDS,
            offset_seconds: 0,
        };
        self.options(block.get(16..).unwrap_or_default(), &mut interface);
        if self.interfaces.len() >= MAX_INTERFACES {
            let (length, maximum) = (self.interfaces.len() as u64 + 1, MAX_INTERFACES as u64);
            return Err(PacketError::TooLong {
                offset,
                length,
                limit: "MAX_INTERFACES",
                maximum,
            });
        }
        self.interfaces.push(interface);
        self.pass_over(input, length, offset)
    }

    /// Reads the two options that change times. An option that does not fit its block ends the list.
    fn options(&self, mut options: &[u8], interface: &mut Interface) {
        while let (Some(code), Some(length)) = (self.order.u16(options, 0), self.order.u16(options, 2)) {
            let Some(value) = options.get(4..4 + usize::from(length)) else {
                return;
            };
            match (code, value) {
                (0, _) => return,
                (9, [resolution]) => interface.resolution = Resolution::of_option(*resolution),
                (14, [_, _, _, _, _, _, _, _]) => {
                    interface.offset_seconds = self.order.u64(value, 0).unwrap_or(0).cast_signed();
                }
                _ => {}
            }
            options = options
                .get(4 + usize::from(length).next_multiple_of(4)..)
                .unwrap_or_default();
        }
    }

    fn packet_fields(&self, kind: u32, bytes: &[u8], length: u32) -> Option<PacketFields> {
        let order = self.order;
        match kind {
            SIMPLE_PACKET => {
                let wire = order.u32(bytes, 8)?;
                let room = length - count(FRONT + 4 + BACK).min(length);
                let snap = self.interfaces.first().map_or(0, |interface| interface.snap_length);
                let captured = wire.min(room).min(if snap == 0 { u32::MAX } else { snap });
                Some(PacketFields {
                    interface: 0,
                    time_ns: None,
                    captured,
                    wire,
                    at: FRONT + 4,
                })
            }
            _ => Some(PacketFields {
                interface: if kind == ENHANCED_PACKET {
                    order.u32(bytes, 8)?
                } else {
                    order.u16(bytes, 8)?.into()
                },
                time_ns: Some((order.u32(bytes, 12)?, order.u32(bytes, 16)?)),
                captured: order.u32(bytes, 20)?,
                wire: order.u32(bytes, 24)?,
                at: FRONT + 20,
            }),
        }
    }

    fn packet<'a>(
        &mut self,
        kind: u32,
        input: &'a mut Input,
        length: u32,
        offset: u64,
    ) -> Result<Record<'a>, PacketError> {
        let front = size(length).min(FRONT + 20);
        if input.fill(front)? < front {
            return Ok(Record::Cut(offset));
        }
        let Some(fields) = self.packet_fields(kind, input.bytes(), length) else {
            return Err(PacketError::Malformed {
                offset,
                rule: "a packet block is too short",
            });
        };
        let end = fields.at.saturating_add(size(fields.captured));
        if end > size(length) - BACK {
            return Err(PacketError::Malformed {
                offset,
                rule: "a packet is longer than its block",
            });
        }
        let whole = size(length);
        if whole > MAX_RECORD {
            let (length, maximum) = (u64::from(length), MAX_RECORD as u64);
            return Err(PacketError::TooLong {
                offset,
                length,
                limit: "MAX_RECORD",
                maximum,
            });
        }
        if input.fill(whole)? < whole {
            return Ok(Record::Cut(offset));
        }
        let interface = self.interfaces.get(size(fields.interface)).copied();
        if let (Some(interface), Some((high, low))) = (interface, fields.time_ns) {
            self.last_time_ns = interface.time_ns(high, low);
        }
        let time_ns = self.last_time_ns;
        let block = input.take(whole);
        self.check_back(block.get(whole - BACK..).unwrap_or_default(), length, offset)?;
        let (Some(interface), Some(captured)) = (interface, block.get(fields.at..end)) else {
            return Ok(Record::Orphan);
        };
        let wire_length = fields.wire.max(fields.captured);
        Ok(Record::Packet(Packet {
            time_ns,
            link_type: interface.link_type,
            captured,
            wire_length,
        }))
    }
}

fn order_of(magic: &[u8]) -> Option<Order> {
    match magic {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(Order::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(Order::Little),
        _ => None,
    }
}

fn check_length(length: u32, offset: u64) -> Result<(), PacketError> {
    if length > MAX_BLOCK {
        let (length, maximum) = (u64::from(length), u64::from(MAX_BLOCK));
        return Err(PacketError::TooLong {
            offset,
            length,
            limit: "MAX_BLOCK",
            maximum,
        });
    }
    if size(length) < FRONT + BACK || !length.is_multiple_of(4) {
        let rule = "a block's length is below 12 or no multiple of 4";
        return Err(PacketError::Malformed { offset, rule });
    }
    Ok(())
}
