//! A connection whose protocol is not known yet: keeps its first bytes, and asks [`super::detection`] about them.
//!
//! On a connection met in its middle an event may start inside a message. Such bytes are dropped, and the next event is
//! asked about: applications write messages at once, so sooner or later an event starts one.

use super::detection::{self, Choice, Known, Verdict};
use super::stream::{Segment, Stamp};
use crate::event::{Role, Way};
use protocol_parsers::Definition;

/// Events on which the protocol must show. Programs that read single bytes up to the end of a line need one for each;
/// they all lie within [`MAX_BYTES`], and a protocol that nobody knows is given up at the first that says so.
pub const MAX_EVENTS: usize = 1024;

/// As many events as it takes for so few bytes: some write their messages byte by byte.
pub const ENOUGH_BYTES: usize = 512;

/// But not more than this, for events may also have no bytes at all.
pub const MAX_SMALL_EVENTS: usize = 1024;

/// Bytes kept meanwhile.
pub const MAX_BYTES: usize = 64 * 1024;

/// The same for a connection met in its middle, where dropped bytes count: long enough to get past a large body.
pub const MAX_EVENTS_MID_STREAM: usize = 64;

/// See [`MAX_EVENTS_MID_STREAM`].
pub const MAX_BYTES_MID_STREAM: usize = 1024 * 1024;

/// What to do with the connection.
#[derive(Debug, PartialEq)]
pub enum Decision {
    /// Go on.
    Wait,
    /// It speaks this protocol; the segment just shown was not kept.
    Speaks(Choice),
    /// It speaks none of those asked for.
    Never,
    /// It is encrypted.
    Unreadable,
}

/// The first bytes of one way.
#[derive(Debug, Default)]
struct Front {
    bytes: Vec<u8>,
    /// Bytes are missing after these.
    closed: bool,
}

/// A segment that was seen before the decision.
#[derive(Debug)]
pub struct Kept {
    /// Which way it went.
    pub way: Way,
    lost: u64,
    position: u64,
    bytes: Vec<u8>,
    cut: u64,
    stamp: Stamp,
}

impl Kept {
    /// As it was.
    pub fn segment(&self) -> Segment<'_> {
        let Self {
            lost,
            position,
            cut,
            stamp,
            ..
        } = *self;
        Segment {
            lost,
            position,
            bytes: &self.bytes,
            cut,
            stamp,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Undecided {
    fresh: bool,
    sent: Front,
    received: Front,
    kept: Vec<Kept>,
    events: usize,
    bytes: usize,
    /// The way of the first bytes, if nothing of it was given up since.
    first: Option<Way>,
}

impl Undecided {
    /// Nothing seen. `fresh`: what comes are the first bytes of the connection.
    pub fn new(fresh: bool) -> Self {
        let (sent, received) = (Front::default(), Front::default());
        Self {
            fresh,
            sent,
            received,
            kept: Vec::new(),
            events: 0,
            bytes: 0,
            first: None,
        }
    }

    /// The next bytes.
    pub fn take(
        &mut self,
        way: Way,
        segment: &Segment,
        role: Role,
        ports: [u16; 2],
        protocols: &[&'static Definition],
    ) -> Decision {
        if self.events == 0 {
            self.first = Some(way);
        }
        if segment.lost > 0 {
            self.break_off(way);
        }
        self.events += 1;
        self.bytes += segment.bytes.len();
        let alone = self.front(way).bytes.is_empty() && !self.front(way).closed;
        let extended = if alone { None } else { Some(self.extended(way, segment)) };
        let shown = extended.as_deref().unwrap_or(segment.bytes);
        let known = match way {
            Way::Sent => Known {
                role,
                ports,
                sent: shown,
                received: &self.received.bytes,
                fresh: self.fresh,
            },
            Way::Received => Known {
                role,
                ports,
                sent: &self.sent.bytes,
                received: shown,
                fresh: self.fresh,
            },
        };
        let verdict = detection::ask(protocols, &known);
        let possible = self.fresh || shown.is_empty() || detection::is_possible(protocols, &known, way);
        match verdict {
            Verdict::Tls => Decision::Unreadable,
            Verdict::Chosen(choice) => {
                self.show(way, segment, extended);
                Decision::Speaks(choice)
            }
            Verdict::Nothing if self.fresh => Decision::Never,
            _ if self.is_over() => Decision::Never,
            Verdict::Nothing | Verdict::Wait => {
                if possible {
                    self.show(way, segment, extended);
                    self.keep(way, segment);
                } else {
                    self.break_off(way);
                }
                Decision::Wait
            }
        }
    }

    /// Whether the first bytes seen are the connection's first.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The way of the first bytes seen, if all that was seen since was kept.
    pub fn first_way(&self) -> Option<Way> {
        self.first
    }

    /// The bytes that were asked about.
    pub fn shown(&self, way: Way) -> &[u8] {
        match way {
            Way::Sent => &self.sent.bytes,
            Way::Received => &self.received.bytes,
        }
    }

    /// Where the kept bytes of a way begin.
    pub fn first_position(&self, way: Way) -> Option<u64> {
        let first = self.kept.iter().find(|kept| kept.way == way)?;
        Some(first.position.saturating_sub(first.lost))
    }

    /// What was seen before the last segment.
    pub fn into_kept(self) -> Vec<Kept> {
        self.kept
    }

    fn is_over(&self) -> bool {
        let (events, bytes) = if self.fresh {
            (MAX_EVENTS, MAX_BYTES)
        } else {
            (MAX_EVENTS_MID_STREAM, MAX_BYTES_MID_STREAM)
        };
        let events = if self.bytes < ENOUGH_BYTES {
            MAX_SMALL_EVENTS
        } else {
            events
        };
        self.events >= events || self.bytes >= bytes
    }

    /// What was seen of a way is of no use: it is not followed by what comes next, or cannot be a message's start.
    fn break_off(&mut self, way: Way) {
        self.fresh = false;
        self.first = None;
        *self.front(way) = Front::default();
        self.kept.retain(|kept| kept.way != way);
    }

    fn keep(&mut self, way: Way, segment: &Segment) {
        let Segment {
            position,
            bytes,
            cut,
            stamp,
            ..
        } = *segment;
        self.kept.push(Kept {
            way,
            lost: 0,
            position,
            bytes: bytes.to_vec(),
            cut,
            stamp,
        });
    }

    /// The front with a further segment.
    fn extended(&self, way: Way, segment: &Segment) -> Vec<u8> {
        let front = if way == Way::Sent { &self.sent } else { &self.received };
        let more = if front.closed { &[] } else { segment.bytes };
        [&front.bytes, more].concat()
    }

    fn show(&mut self, way: Way, segment: &Segment, extended: Option<Vec<u8>>) {
        let front = self.front(way);
        front.bytes = extended.unwrap_or_else(|| segment.bytes.to_vec());
        front.closed |= segment.cut > 0;
    }

    fn front(&mut self, way: Way) -> &mut Front {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_parsers::registry;

    use super::*;

    #[test]
    fn a_message_written_byte_by_byte_shows_its_protocol() {
        let request = b"GET /a/path/that/is/longer/than/sixteen/bytes HTTP/1.1\r\n";
        let mut undecided = Undecided::new(true);
        let spoken = request.chunks(1).enumerate().any(|(at, bytes)| {
            let segment = Segment {
                lost: 0,
                position: at as u64,
                bytes,
                cut: 0,
                stamp: Stamp::default(),
            };
            let decision = undecided.take(Way::Sent, &segment, Role::Client, [40_000, 8_000], registry::PROTOCOLS);
            assert!(
                matches!(decision, Decision::Wait | Decision::Speaks(_)),
                "{at}: {decision:?}"
            );
            matches!(decision, Decision::Speaks(choice) if choice.definition.name == "http1")
        });
        assert!(spoken);
    }
}
