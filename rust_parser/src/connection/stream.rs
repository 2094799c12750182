//! Puts the bytes of one way of a connection into order and finds out what is missing.
//!
//! Positions are 64 bits; 32-bit TCP sequence numbers are extended, so they may wrap. Two threads' events can be swapped
//! in the ring buffer, so what comes too early is held for a moment ([`MAX_HELD_NS`], [`MAX_HELD_EVENTS`],
//! [`MAX_HELD_BYTES`]) before the bytes in front of it are declared lost. Bytes are handed on once: what was already
//! seen is cut off. Nothing is copied but what is held.

use std::collections::VecDeque;

use crate::event::Data;

/// How long bytes wait for the ones in front of them. The hooks of two threads that share a connection are at most a
/// preemption apart; a real loss waits this long, which nobody sees.
pub const MAX_HELD_NS: u64 = 20_000_000;

/// Events held in one way. As many threads may write to one connection at once.
pub const MAX_HELD_EVENTS: usize = 64;

/// Bytes held in one way: a few calls of the usual copy limit.
pub const MAX_HELD_BYTES: usize = 256 * 1024;

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

/// An event that came before the ones in front of it.
#[derive(Debug)]
pub struct Held {
    position: u64,
    length: u64,
    bytes: Vec<u8>,
    stamp: Stamp,
    /// Engine time at which it was held.
    since: u64,
}

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// It is the next. Ask [`Stream::ready`] afterwards.
    Next(Segment<'a>),
    /// It came too early and is held.
    Held,
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
    held: VecDeque<Held>,
    held_bytes: usize,
}

impl Stream {
    /// Starts where the opening says. `floating`: the first event may say otherwise.
    pub fn new(position: u64, floating: bool) -> Self {
        Self {
            next: position,
            floating,
            held: VecDeque::new(),
            held_bytes: 0,
        }
    }

    /// Takes an event in.
    pub fn arrive<'a>(&mut self, data: &Data<'a>, stamp: Stamp, now: u64) -> Arrival<'a> {
        let position = if data.sequence {
            extend(self.next, data.position)
        } else {
            data.position
        };
        let length = u64::from(data.length);
        if std::mem::take(&mut self.floating) && position < self.next {
            self.next = position;
        }
        if position > self.next {
            self.hold(position, length, data.bytes, stamp, now);
            return Arrival::Held;
        }
        match self.advance(position, length) {
            Some(seen) => Arrival::Next(segment(position, length, data.bytes, stamp, seen)),
            None => Arrival::Duplicate,
        }
    }

    /// The next of the held events, if it follows what was seen.
    pub fn ready(&mut self) -> Option<Owned> {
        while self.held.front().is_some_and(|held| held.position <= self.next) {
            let held = self.release()?;
            if let Some(seen) = self.advance(held.position, held.length) {
                return Some(Owned { held, seen, lost: 0 });
            }
        }
        None
    }

    /// When the bytes in front of the held events are given up.
    pub fn deadline(&self) -> Option<u64> {
        self.held
            .iter()
            .map(|held| held.since.saturating_add(MAX_HELD_NS))
            .min()
    }

    /// More is held than may be.
    pub fn is_overfull(&self) -> bool {
        self.held.len() > MAX_HELD_EVENTS || self.held_bytes > MAX_HELD_BYTES
    }

    /// Position of the next byte.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Whether something is held.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives up the bytes in front of the first held event and hands it on. Ask [`Stream::ready`] afterwards.
    pub fn give_up(&mut self) -> Option<Owned> {
        let held = self.release()?;
        let lost = held.position.saturating_sub(self.next);
        self.next = self.next.max(held.position);
        match self.advance(held.position, held.length) {
            Some(seen) => Some(Owned { held, seen, lost }),
            None => self.ready(),
        }
    }

    /// Moves past a stretch; answers how many of its bytes were seen before, or `None` for all.
    fn advance(&mut self, position: u64, length: u64) -> Option<u64> {
        let end = position.saturating_add(length);
        let seen = self.next.saturating_sub(position);
        if end <= self.next {
            return None;
        }
        self.next = end;
        Some(seen)
    }

    fn hold(&mut self, position: u64, length: u64, bytes: &[u8], stamp: Stamp, now: u64) {
        let at = self.held.partition_point(|held| held.position <= position);
        self.held_bytes += bytes.len();
        self.held.insert(
            at,
            Held {
                position,
                length,
                bytes: bytes.to_vec(),
                stamp,
                since: now,
            },
        );
    }

    fn release(&mut self) -> Option<Held> {
        let held = self.held.pop_front()?;
        self.held_bytes -= held.bytes.len().min(self.held_bytes);
        Some(held)
    }
}

/// A held event whose turn has come.
#[derive(Debug)]
pub struct Owned {
    held: Held,
    seen: u64,
    lost: u64,
}

impl Owned {
    /// As a segment.
    pub fn segment(&self) -> Segment<'_> {
        let held = &self.held;
        Segment {
            lost: self.lost,
            ..segment(held.position, held.length, &held.bytes, held.stamp, self.seen)
        }
    }
}

fn segment(position: u64, length: u64, bytes: &[u8], stamp: Stamp, seen: u64) -> Segment<'_> {
    let front = usize::try_from(seen).unwrap_or(usize::MAX);
    let bytes = bytes.get(front..).unwrap_or_default();
    let cut = length.saturating_sub(seen).saturating_sub(bytes.len() as u64);
    Segment {
        lost: 0,
        position: position.saturating_add(seen),
        bytes,
        cut,
        stamp,
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
