//! A connection whose protocol is known: bytes go in, finished exchanges go to the ledger.
//!
//! Whole messages are parsed straight from the event's bytes; only what is not understood yet is copied. A hole inside a
//! part that a parser skips by length is passed over; any other makes the direction look for its next message.

mod messages;

use std::sync::Arc;

use protocol_parsers::parser::{MAX_BYTES_SHOWN, MAX_EMPTY_MESSAGES, RESYNC_OVERLAP};
use protocol_parsers::{Definition, Direction, Pairing, ParseError, Parser, Step};

use super::lane::{Lane, Place};
use super::stream::{Segment, Stamp};
use crate::context::parents::pair_of;
use crate::engine::Shared;
use crate::exchange::{Ending, Half, Met, Missing, Pairs, Peers};
use messages::{Book, Extent};

/// Errors in a row without a message between them, before a connection is released: a wrongly detected protocol gives an
/// error at nearly every place, a damaged message one or two, and a lost piece of a large body a few false starts.
pub const MAX_ERRORS_IN_A_ROW: u32 = 64;

/// Changes of protocol within one connection. HTTP Upgrade is one.
const MAX_CHANGES: u32 = 4;

/// The id under which a request is answered that asked for the new protocol: the first stream of HTTP/2.
const UPGRADED: u64 = 1;

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// It does.
    On,
    /// Nothing of it can be read any more.
    Over,
}

/// Which side of the exchanges travels this way.
fn half_of(direction: Direction) -> Half {
    match direction {
        Direction::ToServer => Half::Request,
        Direction::ToClient => Half::Response,
    }
}

/// One connection in one protocol.
pub struct Conversation {
    definition: &'static Definition,
    parser: Box<dyn Parser>,
    pairs: Pairs,
    peers: Arc<Peers>,
    opened_ns: u64,
    /// What names the connection at both ends; see [`link_key`].
    pair: Option<u64>,
    to_server: Lane,
    to_client: Lane,
    /// Position of the last request, and how many began there before it.
    last_request: (u64, u32),
    errors: u32,
    changes: u32,
    /// The streams hold events back: silence means nothing.
    pub holds: bool,
}

/// How a conversation starts.
pub struct Start {
    /// Its protocol.
    pub definition: &'static Definition,
    /// Its ends.
    pub peers: Arc<Peers>,
    /// In what state it was met.
    pub met: Met,
    /// When.
    pub opened_ns: u64,
    /// Positions are TCP sequence numbers.
    pub sequence: bool,
    /// Where each direction starts, and whether a message starts there.
    pub to_server: (u64, Place),
    /// See `to_server`.
    pub to_client: (u64, Place),
}

impl Conversation {
    /// Begins.
    pub fn new(start: Start, shared: &Shared) -> Self {
        let mut parser = (start.definition.parser)();
        parser.share(&shared.glossary);
        if start.met != Met::Fresh {
            parser.gap(Direction::ToServer);
            parser.gap(Direction::ToClient);
        }
        Self {
            definition: start.definition,
            parser,
            pairs: Pairs::new(start.definition.pairing, start.met, shared.options.max_in_flight),
            pair: pair_of(&start.peers).filter(|_| start.sequence),
            opened_ns: start.opened_ns,
            peers: start.peers,
            to_server: Lane::new(start.to_server.0, start.to_server.1),
            to_client: Lane::new(start.to_client.0, start.to_client.1),
            last_request: (u64::MAX, 0),
            errors: 0,
            changes: 0,
            holds: false,
        }
    }

    /// The next stretch of a direction.
    pub fn take(&mut self, direction: Direction, segment: &Segment, shared: &mut Shared) -> Flow {
        if segment.lost > 0 {
            self.hole(direction, segment.lost, None, shared);
        }
        let mut flow = Flow::On;
        let changes = self.changes;
        if !segment.bytes.is_empty() {
            let lane = self.lane(direction);
            let end = segment.position.saturating_add(segment.bytes.len() as u64);
            lane.stamp_until(end, segment.stamp);
            if lane.buffer.is_empty() {
                let used;
                (used, flow) = self.read(direction, segment.bytes, shared);
                let rest = segment.bytes.get(used..).unwrap_or_default();
                self.lane(direction).buffer.extend_from_slice(rest);
            } else {
                lane.buffer.extend_from_slice(segment.bytes);
                flow = self.read_buffer(direction, shared);
            }
        }
        let other = direction.opposite();
        if self.changes != changes && flow == Flow::On && !self.lane(other).buffer.is_empty() {
            // What waits there is in the new protocol too.
            flow = self.read_buffer(other, shared);
        }
        if segment.cut > 0 && flow == Flow::On {
            self.hole(direction, segment.cut, Some(segment.stamp), shared);
        }
        flow
    }

    /// Where a direction stands, and how much follows that nobody reads.
    pub fn body(&mut self, direction: Direction) -> (u64, u64) {
        let lane = self.lane(direction);
        (lane.position, lane.skip)
    }

    /// A direction ended.
    pub fn end_of(&mut self, direction: Direction, stamp: Stamp, shared: &mut Shared) {
        let lane = self.lane(direction);
        if std::mem::replace(&mut lane.ended, true) {
            return;
        }
        self.cut_off(direction, shared);
        if let Some(message) = self.parser.end(direction) {
            let lane = self.lane(direction);
            lane.last = stamp;
            let extent = Extent {
                position: lane.position,
                start: stamp,
                ended: true,
                lost: std::mem::take(&mut lane.lost),
                cut: false,
            };
            self.deliver(direction, *message, &extent, shared);
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, ending: Ending, stamp: Stamp, shared: &mut Shared) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            match ending {
                Ending::Closed => self.end_of(direction, stamp, shared),
                Ending::CaptureEnded => self.cut_off(direction, shared),
                Ending::Released => {}
            }
        }
        let quiet = self.is_quiet();
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        self.pairs.end(ending, stamp.time_ns, quiet, &mut book);
    }

    /// When [`Conversation::on_time`] wants to be called.
    pub fn deadline(&self) -> Option<u64> {
        self.pairs.deadline()
    }

    /// Time passed.
    pub fn on_time(&mut self, now: u64, shared: &mut Shared) {
        let quiet = self.is_quiet();
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        self.pairs.on_time(now, quiet, &mut book);
    }

    fn is_quiet(&self) -> bool {
        !self.holds && self.to_server.is_quiet() && self.to_client.is_quiet()
    }

    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn read_buffer(&mut self, direction: Direction, shared: &mut Shared) -> Flow {
        let buffer = std::mem::take(&mut self.lane(direction).buffer);
        let (used, flow) = self.read(direction, &buffer, shared);
        let lane = self.lane(direction);
        lane.buffer = buffer;
        lane.consume(used);
        flow
    }

    /// Takes all messages off the front; answers how many bytes were used.
    fn read(&mut self, direction: Direction, bytes: &[u8], shared: &mut Shared) -> (usize, Flow) {
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let lane = self.lane(direction);
            if lane.skip > 0 {
                let here = usize::try_from(lane.skip).unwrap_or(usize::MAX).min(rest.len());
                lane.pass(here as u64);
                lane.skip -= here as u64;
                used += here;
                if lane.skip > 0 {
                    return (used, Flow::On);
                }
                self.finish_tail(direction, shared);
                continue;
            }
            if rest.is_empty() {
                return (used, Flow::On);
            }
            if lane.place != Place::Known {
                let (passed, found) = self.search(direction, rest, shared);
                used += passed;
                if !found {
                    return (used, Flow::On);
                }
                continue;
            }
            match self.parser.next(direction, rest) {
                Ok(Step::NeedMore) if rest.len() < MAX_BYTES_SHOWN => return (used, Flow::On),
                Ok(Step::Skip(bytes)) if bytes > 0 => self.lane(direction).skip = bytes,
                Ok(Step::Message { len, message }) if self.may_take(direction, len) => {
                    used += self.message(direction, len, *message, rest.len(), shared);
                }
                Ok(Step::Become(name)) => {
                    if self.change(name, shared) == Flow::Over {
                        return (used, Flow::Over);
                    }
                }
                Ok(Step::Opaque) => return (used, Flow::Over),
                Ok(Step::NeedMore | Step::Skip(_) | Step::Message { .. })
                | Err(ParseError::Malformed(_) | ParseError::TooLong(_)) => {
                    used += 1;
                    if self.stumble(direction, shared) == Flow::Over {
                        return (used, Flow::Over);
                    }
                }
            }
        }
    }

    /// Looks for the next message; answers how many bytes were passed over, and whether it is there.
    fn search(&mut self, direction: Direction, rest: &[u8], shared: &mut Shared) -> (usize, bool) {
        let found = self
            .parser
            .resync(direction, rest)
            .filter(|offset| *offset < rest.len());
        let passed = found.unwrap_or(rest.len().saturating_sub(RESYNC_OVERLAP));
        let lane = self.lane(direction);
        lane.pass(passed as u64);
        let clean = passed == 0 && lane.place == Place::Unknown;
        if found.is_some() {
            lane.place = Place::Known;
        } else if passed > 0 {
            lane.place = Place::Lost;
        }
        shared.loss.bytes_unparsed += passed as u64;
        if found.is_some() && !clean {
            // Messages may have been passed over, up to this very place.
            self.gap(direction, Missing::Sense, shared);
        }
        (passed, found.is_some())
    }

    /// Messages without bytes are taken so often at one place and not for ever.
    fn may_take(&mut self, direction: Direction, len: u64) -> bool {
        let lane = self.lane(direction);
        if len > 0 {
            return true;
        }
        let (place, taken) = lane.empty_at;
        let taken = if place == lane.position { taken } else { 0 };
        lane.empty_at = (lane.position, taken + 1);
        taken < MAX_EMPTY_MESSAGES
    }

    /// The bytes here make no sense: one is passed over, and the search begins.
    fn stumble(&mut self, direction: Direction, shared: &mut Shared) -> Flow {
        shared.loss.parse_errors += 1;
        shared.loss.bytes_unparsed += 1;
        self.errors += 1;
        if self.errors >= MAX_ERRORS_IN_A_ROW {
            shared.loss.connections_unparsable += 1;
            return Flow::Over;
        }
        let lane = self.lane(direction);
        lane.pass(1);
        lane.place = Place::Lost;
        self.parser.gap(direction);
        self.gap(direction, Missing::Sense, shared);
        Flow::On
    }

    /// Bytes that are not there. `stamp`: of the event that left them out; `None`: they were lost.
    fn hole(&mut self, direction: Direction, mut bytes: u64, stamp: Option<Stamp>, shared: &mut Shared) {
        bytes -= self.pass_hole(direction, bytes, stamp, shared);
        while bytes > 0 && self.step_over(direction, shared) {
            bytes -= self.pass_hole(direction, bytes, stamp, shared);
        }
        let is_cut = bytes > 0 && stamp.is_some() && self.cut(direction, bytes, shared);
        if bytes > 0 && !is_cut {
            self.lose(direction, bytes, stamp, shared);
        }
    }

    /// Passes over missing bytes that nobody wants to read; answers how many.
    fn pass_hole(&mut self, direction: Direction, bytes: u64, stamp: Option<Stamp>, shared: &mut Shared) -> u64 {
        let lane = self.lane(direction);
        let skipped = lane.skip.min(bytes);
        if skipped > 0 {
            lane.jump(skipped);
            lane.skip -= skipped;
            match stamp {
                Some(stamp) => lane.last = stamp,
                None => lane.lost += skipped,
            }
            if lane.skip == 0 {
                self.finish_tail(direction, shared);
            }
        }
        skipped
    }

    /// In front of missing bytes: the parser may know how long the thing is that they belong to.
    fn step_over(&mut self, direction: Direction, shared: &mut Shared) -> bool {
        if self.lane(direction).place != Place::Known {
            return false;
        }
        let buffer = std::mem::take(&mut self.lane(direction).buffer);
        let here = buffer.len() as u64;
        let step = self.parser.step_over(direction, &buffer);
        self.lane(direction).buffer = buffer;
        match step {
            Some(Step::Skip(len)) if len > here => {
                let lane = self.lane(direction);
                lane.pass(here);
                lane.skip = len - here;
            }
            Some(Step::Message { len, message }) if len > here => {
                let here = usize::try_from(here).unwrap_or(usize::MAX);
                let _ = self.message(direction, len, *message, here, shared);
            }
            _ => return false,
        }
        self.lane(direction).consume(usize::MAX);
        true
    }

    /// The place is lost.
    fn lose(&mut self, direction: Direction, rest: u64, stamp: Option<Stamp>, shared: &mut Shared) {
        let lane = self.lane(direction);
        let dropped = lane.discard();
        lane.jump(rest);
        lane.lost = 0;
        lane.tail = None;
        lane.place = Place::Unknown;
        self.parser.gap(direction);
        shared.loss.bytes_unparsed += dropped;
        if stamp.is_some() {
            shared.loss.bytes_cut += rest;
        }
        let missing = if stamp.is_some() {
            Missing::Cut
        } else {
            Missing::Lost(rest)
        };
        self.gap(direction, missing, shared);
    }

    /// No byte of this direction follows: what waits is read as far as it goes.
    fn cut_off(&mut self, direction: Direction, shared: &mut Shared) {
        if !self.cut(direction, 0, shared) {
            shared.loss.bytes_unparsed += self.lane(direction).discard();
        }
    }

    /// The rest of the message at the front was not copied: takes what its front tells, if the parser makes something of
    /// it. Only where the client is seen to wait for its answers: else further messages could hide in what is missing.
    fn cut(&mut self, direction: Direction, missing: u64, shared: &mut Shared) -> bool {
        let lane = self.lane(direction);
        let half = half_of(direction);
        if lane.place != Place::Known || lane.buffer.is_empty() || !self.pairs.is_alone(half) {
            return false;
        }
        let lane = self.lane(direction);
        let (position, start) = (lane.position, lane.front_stamp());
        let buffer = std::mem::take(&mut lane.buffer);
        let message = self.parser.cut(direction, &buffer);
        let lane = self.lane(direction);
        lane.buffer = buffer;
        let Some(message) = message else { return false };
        lane.discard();
        lane.jump(missing);
        lane.place = Place::Unknown;
        shared.loss.bytes_cut += missing;
        let lost = std::mem::take(&mut lane.lost);
        let extent = Extent {
            position,
            start,
            ended: true,
            lost,
            cut: true,
        };
        self.deliver(direction, *message, &extent, shared);
        true
    }

    fn gap(&mut self, direction: Direction, missing: Missing, shared: &mut Shared) {
        let half = half_of(direction);
        let now = shared.now;
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        self.pairs.gap(half, missing, now, &mut book);
    }

    /// Another protocol takes over, in both directions and from here on.
    fn change(&mut self, name: &str, shared: &mut Shared) -> Flow {
        let protocol = shared
            .options
            .protocols
            .iter()
            .copied()
            .find(|definition| definition.name == name);
        self.changes += 1;
        let Some(definition) = protocol.filter(|_| self.changes <= MAX_CHANGES) else {
            return Flow::Over;
        };
        let now = shared.now;
        let asked = match definition.pairing {
            Pairing::ById => self.pairs.take_unanswered(),
            Pairing::InOrder => None,
        };
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        self.pairs.end(Ending::Released, now, false, &mut book);
        self.definition = definition;
        self.parser = (definition.parser)();
        self.parser.share(&book.shared.glossary);
        self.pairs = Pairs::new(definition.pairing, Met::Fresh, book.shared.options.max_in_flight);
        if let Some(mut pending) = asked {
            pending.id = UPGRADED;
            let mut book = Book {
                shared,
                definition,
                peers: &self.peers,
            };
            self.pairs.request(pending, false, &mut book);
        }
        Flow::On
    }
}
