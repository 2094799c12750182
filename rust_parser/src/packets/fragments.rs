//! IP datagrams put together from fragments. Bounded in datagrams, pieces and bytes; what does not become whole in time
//! is dropped and counted.

use std::collections::{HashMap, VecDeque};

use super::counters::Counters;
use super::fields::{count, size};
use super::ip::{Body, Fragment};

/// The largest datagram the length field allows.
const MAX_DATAGRAM: u32 = 65_535;

/// Datagrams in work at once. Fragmented TCP is rare (tunnels with a wrong MTU), so this is generous.
const MAX_DATAGRAMS: usize = 1024;

/// Pieces of one datagram: the largest datagram in pieces of 256 bytes, below any real MTU.
const MAX_PIECES: usize = 256;

/// By capture time; Linux forgets an incomplete datagram after 30 s too.
const TIMEOUT_NS: u64 = 30_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: u128,
    destination: u128,
    identification: u32,
    protocol: u8,
    six: bool,
}

struct Piece {
    offset: u32,
    length: u32,
    captured: Vec<u8>,
}

struct Partial {
    /// Tells this datagram from a later one with the same key.
    serial: u64,
    since_ns: u64,
    /// Ordered by offset; no two overlap.
    pieces: Vec<Piece>,
    /// Known once the last fragment came.
    total: Option<u32>,
    /// IPv6 datagram with overlapping fragments: its other fragments are to be dropped as well.
    poisoned: bool,
}

/// A datagram that became whole.
pub(super) struct Datagram {
    source: u128,
    destination: u128,
    pub protocol: u8,
    pub six: bool,
    captured: Vec<u8>,
    length: u32,
}

impl Datagram {
    pub(super) fn body(&self) -> Body<'_> {
        let Self {
            source,
            destination,
            length,
            ..
        } = *self;
        Body {
            source,
            destination,
            captured: &self.captured,
            length,
        }
    }
}

#[derive(Default)]
pub(super) struct Fragments {
    partial: HashMap<Key, Partial>,
    /// Oldest first.
    ages: VecDeque<(u64, Key)>,
    serial: u64,
}

impl Fragments {
    /// Adds a fragment; returns the datagram that it completes.
    pub(super) fn add(&mut self, time_ns: u64, fragment: &Fragment<'_>, counters: &mut Counters) -> Option<Datagram> {
        self.forget_old(time_ns, counters);
        let Body {
            source,
            destination,
            length,
            ..
        } = fragment.body;
        let Fragment {
            identification,
            protocol,
            six,
            offset,
            more,
            ..
        } = *fragment;
        let end = offset.saturating_add(length);
        if end > MAX_DATAGRAM || length == 0 || (more && length % 8 != 0) {
            counters.fragments_dropped += 1;
            return None;
        }
        // Only the first IPv6 fragment's next header is authoritative, so it does not tell datagrams apart.
        let key = Key {
            source,
            destination,
            identification,
            protocol: if six { 0 } else { protocol },
            six,
        };
        if !self.partial.contains_key(&key) {
            self.begin(key, time_ns, counters);
        }
        let partial = self.partial.get_mut(&key)?;
        if !partial.insert(fragment, counters) || !partial.is_whole() {
            return None;
        }
        let whole = self.partial.remove(&key)?;
        let (captured, length) = whole.join();
        Some(Datagram {
            source,
            destination,
            protocol,
            six,
            captured,
            length,
        })
    }

    fn begin(&mut self, key: Key, time_ns: u64, counters: &mut Counters) {
        while self.partial.len() >= MAX_DATAGRAMS {
            self.forget_oldest(counters);
        }
        self.serial += 1;
        let serial = self.serial;
        self.ages.push_back((serial, key));
        let partial = Partial {
            serial,
            since_ns: time_ns,
            pieces: Vec::new(),
            total: None,
            poisoned: false,
        };
        self.partial.insert(key, partial);
    }

    fn forget_old(&mut self, now_ns: u64, counters: &mut Counters) {
        while let Some((serial, key)) = self.ages.front() {
            match self.partial.get(key) {
                Some(partial) if partial.serial == *serial && partial.since_ns.saturating_add(TIMEOUT_NS) > now_ns => {
                    break
                }
                _ => self.forget_oldest(counters),
            }
        }
    }

    fn forget_oldest(&mut self, counters: &mut Counters) {
        let Some((serial, key)) = self.ages.pop_front() else {
            return;
        };
        if self.partial.get(&key).is_some_and(|partial| partial.serial == serial) {
            if let Some(partial) = self.partial.remove(&key) {
                counters.fragments_dropped += partial.pieces.len() as u64;
            }
        }
    }

    /// The capture ended: nothing becomes whole any more.
    pub(super) fn finish(&mut self, counters: &mut Counters) {
        while !self.ages.is_empty() {
            self.forget_oldest(counters);
        }
    }
}

impl Partial {
    /// Tells whether the fragment was put in.
    fn insert(&mut self, fragment: &Fragment<'_>, counters: &mut Counters) -> bool {
        let (offset, length) = (fragment.offset, fragment.body.length);
        let end = offset + length;
        let at = self.pieces.partition_point(|piece| piece.offset < offset);
        let before = at.checked_sub(1).and_then(|before| self.pieces.get(before));
        let next = self.pieces.get(at);
        if next.is_some_and(|piece| piece.offset == offset && piece.length == length) && !self.poisoned {
            // A duplicate (a capture of two interfaces): neither lost nor overlapping.
            return false;
        }
        let overlaps = before.is_some_and(|piece| piece.offset + piece.length > offset)
            || next.is_some_and(|piece| piece.offset < end);
        if overlaps {
            counters.fragments_overlapping += 1;
            if fragment.six {
                counters.fragments_dropped += self.pieces.len() as u64;
                self.pieces.clear();
                self.poisoned = true;
            }
        }
        let contradicts = self
            .total
            .is_some_and(|total| end > total || (!fragment.more && end != total));
        if self.poisoned || contradicts || self.pieces.len() >= MAX_PIECES {
            counters.fragments_dropped += 1;
            return false;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        self.fill_gaps(fragment.offset, fragment.body.captured, length);
        true
    }

    /// Puts in what no earlier fragment brought: the first copy counts.
    fn fill_gaps(&mut self, offset: u32, captured: &[u8], length: u32) {
        let (mut cursor, end) = (offset, offset + length);
        let mut added = Vec::new();
        let mut put = |from: u32, to: u32| {
            if from < to {
                let (first, last) = (size(from - offset), size(to - offset).min(captured.len()));
                let captured = captured.get(first..last).unwrap_or_default().to_vec();
                added.push(Piece {
                    offset: from,
                    length: to - from,
                    captured,
                });
            }
        };
        for piece in &self.pieces {
            put(cursor, piece.offset.min(end));
            cursor = cursor.max(piece.offset + piece.length);
        }
        put(cursor, end);
        self.pieces.append(&mut added);
        self.pieces.sort_by_key(|piece| piece.offset);
    }

    fn is_whole(&self) -> bool {
        let Some(total) = self.total else { return false };
        let mut cursor = 0;
        self.pieces.iter().all(|piece| {
            let follows = piece.offset == cursor;
            cursor = piece.offset + piece.length;
            follows
        }) && cursor >= total
    }

    /// The bytes up to the first that the snapshot length cut off, and the length on the wire.
    fn join(self) -> (Vec<u8>, u32) {
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            bytes.extend_from_slice(&piece.captured);
            if count(piece.captured.len()) < piece.length {
                break;
            }
        }
        let length = self.total.unwrap_or(0);
        bytes.truncate(size(length));
        (bytes, length)
    }
}
