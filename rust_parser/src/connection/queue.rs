//! Events that wait because one of them came before the bytes in front of it.
//!
//! Two threads' events can be swapped in the ring buffer, so what comes too early waits for a moment ([`MAX_HELD_NS`],
//! [`MAX_HELD_EVENTS`], [`MAX_HELD_BYTES`]) before the bytes in front of it are declared lost. All later events of the
//! connection wait behind it, both ways: a response that overtook its request would look like another's.

use std::collections::VecDeque;

use super::stream::Stamp;
use crate::event::Way;

/// How long bytes wait for the ones in front of them. The hooks of two threads that share a connection are at most a
/// preemption apart; a real loss waits this long, which nobody sees.
pub const MAX_HELD_NS: u64 = 20_000_000;

/// Events held of one connection. As many threads may use it at once.
pub const MAX_HELD_EVENTS: usize = 64;

/// Bytes held of one connection: a few calls of the usual copy limit.
pub const MAX_HELD_BYTES: usize = 256 * 1024;

/// An event that waits.
#[derive(Debug)]
pub struct Held {
    /// Which way its bytes went.
    pub way: Way,
    /// Of its first byte.
    pub position: u64,
    /// Bytes that moved.
    pub length: u64,
    /// Those that were captured.
    pub bytes: Vec<u8>,
    /// When, and who.
    pub stamp: Stamp,
    /// Engine time at which it began to wait.
    pub since: u64,
}

/// Waiting events, in order of arrival. The first of them came too early.
#[derive(Debug, Default)]
pub struct Queue {
    held: VecDeque<Held>,
    bytes: usize,
}

impl Queue {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The way whose bytes are missing.
    pub fn blocked(&self) -> Option<Way> {
        self.held.front().map(|held| held.way)
    }

    /// When the missing bytes are given up.
    pub fn deadline(&self) -> Option<u64> {
        self.held.front().map(|held| held.since.saturating_add(MAX_HELD_NS))
    }

    /// More waits than may.
    pub fn is_overfull(&self) -> bool {
        self.held.len() > MAX_HELD_EVENTS || self.bytes > MAX_HELD_BYTES
    }

    /// An event waits.
    pub fn push(&mut self, held: Held) {
        self.bytes += held.bytes.len();
        self.held.push_back(held);
    }

    /// The next event that need not wait any longer: the first, or one that fills what the first waits for. `next` tells
    /// the next position of a way.
    pub fn pop_ready(&mut self, next: impl Fn(Way) -> u64) -> Option<Held> {
        let first = self.held.front()?;
        if first.position <= next(first.way) {
            return self.remove(0);
        }
        let way = first.way;
        let filling = self
            .held
            .iter()
            .position(|held| held.way == way && held.position <= next(way))?;
        self.remove(filling)
    }

    /// The event of the blocked way that has the fewest bytes missing in front of it.
    pub fn pop_blocked(&mut self) -> Option<Held> {
        let way = self.blocked()?;
        let of_way = self.held.iter().enumerate().filter(|(_, held)| held.way == way);
        let (at, _) = of_way.min_by_key(|(_, held)| held.position)?;
        self.remove(at)
    }

    fn remove(&mut self, at: usize) -> Option<Held> {
        let held = self.held.remove(at)?;
        self.bytes -= held.bytes.len().min(self.bytes);
        Some(held)
    }
}
