//! Random conversations whose bytes are known: segments of random length, late, doubled, overlapping, lost.

use super::build::{Conversation, ACK};
use super::{decode, Limits, Seen};
use crate::event::Way;

/// xorshift: the same numbers at every run.
pub(in super::super) struct Random(u64);

impl Random {
    pub(in super::super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(in super::super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// What one side sends.
struct Side {
    bytes: Vec<u8>,
    first: u32,
    /// End of each segment, and whether the other side has it.
    segments: Vec<(usize, bool)>,
    /// Which bytes the capture holds for sure.
    captured: Vec<bool>,
}

impl Side {
    fn new(first: u32) -> Self {
        Self {
            bytes: Vec::new(),
            first,
            segments: Vec::new(),
            captured: Vec::new(),
        }
    }

    /// What the other side acknowledges.
    fn received(&self) -> usize {
        let arrived = self.segments.iter().take_while(|segment| segment.1);
        arrived.last().map_or(0, |segment| segment.0)
    }
}

/// A conversation as captured, with the bytes that were sent each way and whether each is in the capture.
pub(in super::super) struct Known {
    pub packets: Vec<(u64, Vec<u8>)>,
    pub sent: [Vec<u8>; 2],
    captured: [Vec<bool>; 2],
}

/// `loss`: of 100 segments, so many are not in the capture.
pub(in super::super) fn conversation(seed: u64, loss: usize) -> Known {
    let mut random = Random::new(seed);
    let mut talk = Conversation::new();
    (talk.client, talk.server) = (random.below(1 << 32) as u32, u32::MAX - random.below(3000) as u32);
    talk.handshake();
    let mut sides = [Side::new(talk.client), Side::new(talk.server)];
    // Segments under way: which side's, which number, and the range of bytes.
    let mut late: Vec<(usize, usize, usize, usize)> = Vec::new();
    for _ in 0..400 {
        let at = random.below(2);
        let from = sides[at].bytes.len();
        let to = from + 1 + random.below(40);
        for _ in from..to {
            sides[at].bytes.push(b'a' + random.below(26) as u8);
        }
        let number = sides[at].segments.len();
        sides[at].segments.push((to, false));
        sides[at].captured.resize(to, true);
        if random.below(100) < loss {
            sides[at].captured[from..to].fill(false);
            sides[at].segments[number].1 = true;
        } else {
            late.push((at, number, from, to));
        }
        if random.below(6) == 0 {
            // Again, with other borders, something that the other side has.
            let end = sides[at].received();
            if end > 0 {
                let from = random.below(end);
                let to = from + 1 + random.below(end - from);
                push(&mut talk, &sides, at, from, to);
            }
        }
        while late.len() > random.below(8) {
            let (at, number, from, to) = late.swap_remove(random.below(late.len()));
            push(&mut talk, &sides, at, from, to);
            sides[at].segments[number].1 = true;
        }
    }
    for (at, number, from, to) in late {
        push(&mut talk, &sides, at, from, to);
        sides[at].segments[number].1 = true;
    }
    let [client, server] = sides;
    Known {
        packets: talk.packets,
        sent: [client.bytes, server.bytes],
        captured: [client.captured, server.captured],
    }
}

fn push(talk: &mut Conversation, sides: &[Side; 2], at: usize, from: usize, to: usize) {
    let (side, other) = (&sides[at], &sides[1 - at]);
    let mut segment = talk.segment(at == 0, ACK, &side.bytes[from..to]);
    segment.sequence = side.first.wrapping_add(from as u32);
    segment.acknowledged = other.first.wrapping_add(other.received() as u32);
    talk.push(&segment);
}

/// Every byte at its position; `None` where none came.
fn received(events: &[Seen], wanted: Way, length: usize) -> Vec<Option<u8>> {
    let mut all = vec![None; length];
    let mut next = 0;
    for event in events {
        let Seen::Data {
            connection: 1,
            way,
            position,
            length,
            bytes,
            ..
        } = event
        else {
            continue;
        };
        if *way == wanted {
            assert!(*position >= next, "bytes came twice or out of order");
            next = position + u64::from(*length);
            for (place, byte) in all[*position as usize..].iter_mut().zip(bytes) {
                *place = Some(*byte);
            }
        }
    }
    all
}

#[test]
fn late_doubled_and_overlapping_segments_give_every_byte_once_in_order() {
    for seed in 0..100 {
        let known = conversation(seed, 0);
        let (events, counters) = decode(Limits::default(), &known.packets);
        for (way, sent) in [Way::Sent, Way::Received].into_iter().zip(&known.sent) {
            let expected: Vec<_> = sent.iter().copied().map(Some).collect();
            assert_eq!(received(&events, way, sent.len()), expected, "{seed}");
        }
        assert_eq!(counters, super::Counters::default());
    }
}

#[test]
fn what_the_capture_lost_are_holes_and_every_captured_byte_comes_at_its_position() {
    let mut holes = 0;
    for seed in 0..100 {
        let known = conversation(seed, 10);
        let (events, counters) = decode(Limits::default(), &known.packets);
        holes += counters.bytes_in_holes;
        for (at, way) in [Way::Sent, Way::Received].into_iter().enumerate() {
            let came = received(&events, way, known.sent[at].len());
            for (position, byte) in came.iter().enumerate() {
                assert!(
                    byte.is_none_or(|byte| byte == known.sent[at][position]),
                    "{seed} {position}"
                );
                assert!(byte.is_some() || !known.captured[at][position], "{seed} {position}");
            }
        }
    }
    assert!(holes > 1000);
}

#[test]
fn small_limits_lose_bytes_but_never_their_order_or_place() {
    let limits = Limits {
        reorder_bytes: 200,
        reorder_bytes_total: 300,
        reorder_ns: 3000,
        ..Limits::default()
    };
    for seed in 0..100 {
        let known = conversation(seed, 10);
        let (events, _) = decode(limits, &known.packets);
        for (at, way) in [Way::Sent, Way::Received].into_iter().enumerate() {
            let came = received(&events, way, known.sent[at].len());
            assert!(came
                .iter()
                .zip(&known.sent[at])
                .all(|(came, sent)| came.is_none_or(|came| came == *sent)));
        }
    }
}
