//! Follows the position of one way of a connection: what is the next, what was seen before, what is missing.
//!
//! Positions are 64 bits; 32-bit TCP sequence numbers are extended, so they may wrap. Bytes are handed on once: what was
//! already seen is cut off. What comes too early is not kept here but in [`super::queue`].

use crate::event::Data;

/// When bytes moved, and who moved them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Of the event.
    pub time_ns: u64,
    /// Process; 0 when unknown.
    pub tgid: u32,
    /// Thread; 0 when unknown.
    pub tid: u32,
}

/// The next stretch of a way, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Bytes lost right before it.
    pub lost: u64,
    /// Position of its first byte, after what was lost.
    pub position: u64,
    /// What was captured.
    pub bytes: &'a [u8],
    /// Bytes that follow `bytes` and were not captured (copy limit, unreadable memory).
    pub cut: u64,
    /// When, and who.
    pub stamp: Stamp,
}

/// Where an event stands in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// It is the next.
    Next(Segment<'a>),
    /// Bytes in front of it are missing.
    Early,
    /// All of it was seen before.
    Duplicate,
}

/// One way of a connection.
#[derive(Debug, Default)]
pub struct Stream {
    /// Position of the next byte.
    next: u64,
    /// `next` is not sure: the connection was met in its middle and nothing was seen of this way.
    floating: bool,
}

impl Stream {
    /// Starts where the opening says. `floating`: the first event may say otherwise.
    pub fn new(position: u64, floating: bool) -> Self {
        Self {
            next: position,
            floating,
        }
    }

    /// Position of the next byte.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Where an event stands, as a position of 64 bits.
    pub fn locate(&mut self, data: &Data) -> u64 {
        let position = if data.sequence {
            extend(self.next, data.position)
        } else {
            data.position
        };
        if std::mem::take(&mut self.floating) && position < self.next {
            self.next = position;
        }
        position
    }

    /// Takes an event that was located, if it is the next.
    pub fn arrive<'a>(&mut self, position: u64, length: u64, bytes: &'a [u8], stamp: Stamp) -> Arrival<'a> {
        if position > self.next {
            return Arrival::Early;
        }
        let end = position.saturating_add(length);
        let seen = self.next - position;
        if end <= self.next {
            return Arrival::Duplicate;
        }
        let start = self.next;
        self.next = end;
        let front = usize::try_from(seen).unwrap_or(usize::MAX);
        let bytes = bytes.get(front..).unwrap_or_default();
        let cut = (end - start).saturating_sub(bytes.len() as u64);
        Arrival::Next(Segment {
            lost: 0,
            position: start,
            bytes,
            cut,
            stamp,
        })
    }

    /// Gives up the bytes up to a position; answers how many.
    pub fn give_up(&mut self, position: u64) -> u64 {
        let lost = position.saturating_sub(self.next);
        self.next = self.next.max(position);
        lost
    }
}

/// The TCP sequence number of a position.
pub fn low_half(position: u64) -> u32 {
    let [a, b, c, d, ..] = position.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The position nearest to `near` whose low 32 bits are the sequence number.
fn extend(near: u64, sequence: u64) -> u64 {
    let distance = low_half(sequence).wrapping_sub(low_half(near)).cast_signed();
    near.wrapping_add_signed(i64::from(distance))
}
