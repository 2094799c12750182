//! The bytes of one direction that wait to be understood, and what is known about the place where they start.

use std::collections::VecDeque;

use protocol_parsers::Side;

use super::stream::Stamp;

/// Room that an empty buffer keeps: a usual message head. More is given back, for there are many connections.
const KEPT_CAPACITY: usize = 4096;

/// Whether the front of a lane is the start of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// It is.
    #[default]
    Known,
    /// It may be anywhere; nothing was passed over since the connection was met, or since the last hole.
    Unknown,
    /// It may be anywhere, and bytes were passed over.
    Lost,
}

/// A message whose last bytes are still to come, and nobody reads them.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    /// Of the message.
    pub side: Side,
    /// Of the message.
    pub id: u64,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Lane {
    /// Bytes not understood yet, beginning at `position`.
    pub buffer: Vec<u8>,
    /// Position of the next byte to be understood.
    pub position: u64,
    /// Bytes to pass over from here.
    pub skip: u64,
    /// What ends when they are passed over.
    pub tail: Option<Tail>,
    /// Whether a message starts here.
    pub place: Place,
    /// Bytes lost inside skipped parts, not yet reported with a message.
    pub lost: u64,
    /// The last byte that was passed.
    pub last: Stamp,
    /// Position of the last message without bytes of its own, and how many were met there.
    pub empty_at: (u64, u32),
    /// It ended.
    pub ended: bool,
    /// Where events end, and their stamps, in order; from `position` on.
    stamps: VecDeque<(u64, Stamp)>,
}

impl Lane {
    /// Starting here.
    pub fn new(position: u64, place: Place) -> Self {
        Self {
            position,
            place,
            ..Self::default()
        }
    }

    /// The bytes up to here came with this stamp.
    pub fn stamp_until(&mut self, end: u64, stamp: Stamp) {
        self.stamps.push_back((end, stamp));
    }

    /// The stamp of the next byte.
    pub fn front_stamp(&self) -> Stamp {
        self.stamps.front().map_or(self.last, |(_, stamp)| *stamp)
    }

    /// Moves on over bytes that are there.
    pub fn pass(&mut self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        self.position = self.position.saturating_add(bytes);
        // The stamp of the last byte passed is that of the first event that ends at or after the new place.
        while let Some((end, stamp)) = self.stamps.front().copied() {
            self.last = stamp;
            if end > self.position {
                break;
            }
            self.stamps.pop_front();
            if end == self.position {
                break;
            }
        }
    }

    /// Moves on over bytes that are not there.
    pub fn jump(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
        self.stamps.clear();
    }

    /// Bytes that wait here are of no use any more.
    pub fn discard(&mut self) -> u64 {
        let bytes = self.buffer.len() as u64;
        self.pass(bytes);
        self.buffer.clear();
        bytes
    }

    /// Takes bytes off the front of the buffer; they were passed.
    pub fn consume(&mut self, bytes: usize) {
        if bytes >= self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
        } else {
            self.buffer.drain(..bytes);
        }
    }

    /// Nothing of a message has been seen that is not understood.
    pub fn is_quiet(&self) -> bool {
        self.buffer.is_empty() && self.skip == 0 && self.place != Place::Lost
    }
}
