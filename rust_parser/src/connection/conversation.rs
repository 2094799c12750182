//! A connection whose protocol is known: bytes go in, finished exchanges go to the ledger.
//!
//! Whole messages are parsed straight from the event's bytes; only what is not understood yet is copied. A hole inside a
//! part that a parser skips by length is passed over; any other makes the direction look for its next message.

use std::sync::Arc;

use protocol_parsers::parser::{MAX_BYTES_SHOWN, RESYNC_OVERLAP};
use protocol_parsers::{Definition, Direction, Facts, Message, ParseError, Parser, Phase, Side, Step};

use super::lane::{Lane, Place, Tail};
use super::stream::{low_half, Segment, Stamp};
use crate::context::parents::{link_key, pair_of, Begun};
use crate::context::Identity;
use crate::engine::Shared;
use crate::event::Vantage;
use crate::exchange::{
    CaptureFacts, Cause, Ending, Half, Ledger, Missing, Pairs, Part, Peers, Pending, Perspective, Response,
};
use crate::loss::Loss;

/// Errors in a row without a message between them, before a connection is released: a wrongly detected protocol gives an
/// error at nearly every place, a damaged message one or two.
pub const MAX_ERRORS_IN_A_ROW: u32 = 16;

/// Changes of protocol within one connection. HTTP Upgrade is one.
const MAX_CHANGES: u32 = 4;

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// It does.
    On,
    /// Nothing of it can be read any more.
    Over,
}

/// One connection in one protocol.
pub struct Conversation {
    definition: &'static Definition,
    parser: Box<dyn Parser>,
    pairs: Pairs,
    peers: Arc<Peers>,
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
    /// Seen from its first byte on.
    pub fresh: bool,
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
        if !start.fresh {
            parser.gap(Direction::ToServer);
            parser.gap(Direction::ToClient);
        }
        Self {
            definition: start.definition,
            parser,
            pairs: Pairs::new(start.definition.pairing, start.fresh, shared.options.max_in_flight),
            pair: pair_of(&start.peers).filter(|_| start.sequence),
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
        if segment.cut > 0 && flow == Flow::On {
            self.hole(direction, segment.cut, Some(segment.stamp), shared);
        }
        flow
    }

    /// A direction ended.
    pub fn end_of(&mut self, direction: Direction, stamp: Stamp, shared: &mut Shared) {
        let lane = self.lane(direction);
        if std::mem::replace(&mut lane.ended, true) {
            return;
        }
        shared.loss.bytes_unparsed += lane.discard();
        if let Some(message) = self.parser.end(direction) {
            let lane = self.lane(direction);
            lane.last = stamp;
            let extent = Extent {
                position: lane.position,
                start: stamp,
                ended: true,
                lost: std::mem::take(&mut lane.lost),
            };
            self.deliver(direction, *message, &extent, shared);
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, ending: Ending, stamp: Stamp, shared: &mut Shared) {
        if ending == Ending::Closed {
            self.end_of(Direction::ToServer, stamp, shared);
            self.end_of(Direction::ToClient, stamp, shared);
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

    /// A message without bytes is taken once at one place.
    fn may_take(&mut self, direction: Direction, len: u64) -> bool {
        let lane = self.lane(direction);
        let place = Some(lane.position);
        len > 0 || std::mem::replace(&mut lane.empty_at, place) != place
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
        if bytes > 0 {
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
        let step = self.parser.cut(direction, &buffer);
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
        lane.place = Place::Lost;
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

    fn gap(&mut self, direction: Direction, missing: Missing, shared: &mut Shared) {
        let half = match direction {
            Direction::ToServer => Half::Request,
            Direction::ToClient => Half::Response,
        };
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
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        self.pairs.end(Ending::Released, now, false, &mut book);
        self.definition = definition;
        self.parser = (definition.parser)();
        self.pairs = Pairs::new(definition.pairing, true, shared.options.max_in_flight);
        Flow::On
    }

    /// Takes a message; answers how many of its bytes are here.
    fn message(
        &mut self,
        direction: Direction,
        len: u64,
        message: Message,
        available: usize,
        shared: &mut Shared,
    ) -> usize {
        self.errors = 0;
        let lane = self.lane(direction);
        let start = if len == 0 { lane.last } else { lane.front_stamp() };
        let position = lane.position;
        let here = usize::try_from(len).unwrap_or(usize::MAX).min(available);
        lane.pass(here as u64);
        lane.skip = len - here as u64;
        let ends = matches!(message.phase, Phase::Whole | Phase::End);
        if ends && lane.skip > 0 {
            lane.tail = Some(Tail {
                side: message.side,
                id: message.id,
            });
        }
        let extent = Extent {
            position,
            start,
            ended: ends && lane.skip == 0,
            lost: std::mem::take(&mut lane.lost),
        };
        self.deliver(direction, message, &extent, shared);
        here
    }

    /// The last byte of a message was passed over.
    fn finish_tail(&mut self, direction: Direction, shared: &mut Shared) {
        let lane = self.lane(direction);
        let Some(Tail { side, id }) = lane.tail.take() else {
            return;
        };
        let extent = Extent {
            position: lane.position,
            start: lane.last,
            ended: true,
            lost: std::mem::take(&mut lane.lost),
        };
        let mut end = Message::new(side, Phase::End, Facts::default());
        end.id = id;
        self.deliver(direction, end, &extent, shared);
    }

    fn deliver(&mut self, direction: Direction, message: Message, extent: &Extent, shared: &mut Shared) {
        let time_ns = self.lane(direction).last.time_ns;
        let Message {
            side,
            phase,
            id,
            reply,
            facts,
        } = message;
        let begins = matches!(phase, Phase::Whole | Phase::Begin);
        let end_ns = extent.ended.then_some(time_ns);
        let Extent {
            position,
            start,
            ended,
            lost,
        } = *extent;
        if side == Side::Request && begins {
            let ordinal = match self.last_request {
                (last, ordinal) if last == position => ordinal.wrapping_add(1),
                _ => 0,
            };
            self.last_request = (position, ordinal);
            let identity = Identity::new(&self.peers, position, ordinal);
            self.begin(&identity, &facts, start, position, shared);
            let quiet = !self.holds && self.to_client.is_quiet();
            let capture = CaptureFacts {
                gap_bytes: lost,
                ..CaptureFacts::default()
            };
            let pending = Pending {
                identity,
                id,
                reply,
                facts,
                position,
                ordinal,
                tgid: start.tgid,
                tid: start.tid,
                request_start_ns: start.time_ns,
                request_end_ns: end_ns,
                response_start_ns: None,
                response_end_ns: None,
                capture,
                doubtful: false,
            };
            let mut book = Book {
                shared,
                definition: self.definition,
                peers: &self.peers,
            };
            self.pairs.request(pending, quiet, &mut book);
            return;
        }
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        let part = |facts| Part {
            facts,
            time_ns,
            last: ended,
            lost,
        };
        match side {
            Side::Notice => book.shared.loss.notices += u64::from(begins),
            Side::Request => self.pairs.request_part(id, part(facts), &mut book),
            Side::Response if begins => {
                let response = Response {
                    facts,
                    start_ns: start.time_ns,
                    end_ns,
                    lost,
                };
                self.pairs.response(id, response, &mut book);
            }
            Side::Response => self.pairs.response_part(id, part(facts), &mut book),
        }
    }

    /// Makes a new request known to those who look for parents.
    fn begin(&self, identity: &Identity, facts: &Facts, stamp: Stamp, position: u64, shared: &mut Shared) {
        if self.peers.vantage == Vantage::Network {
            return;
        }
        let sequence = low_half(position);
        let begun = Begun {
            identity: *identity,
            peers: &self.peers,
            stamp,
            wire: facts.context.as_ref(),
            link: self
                .pair
                .filter(|_| self.is_first_here())
                .map(|pair| link_key(pair, sequence)),
            certain: self.pairs.is_certain(),
        };
        if !shared.parents.begin(&begun, shared.now) {
            shared.loss.exchanges_unlinked += 1;
        }
    }

    /// Of several requests at one position only the first is linked by position.
    fn is_first_here(&self) -> bool {
        self.last_request.1 == 0
    }

    /// The traced process's side.
    pub fn perspective(&self) -> Perspective {
        self.peers.perspective
    }
}

/// Where a message stands.
struct Extent {
    position: u64,
    start: Stamp,
    /// Its side ends with it, and its last byte was passed.
    ended: bool,
    lost: u64,
}

/// The ledger of one conversation.
struct Book<'a> {
    shared: &'a mut Shared,
    definition: &'static Definition,
    peers: &'a Arc<Peers>,
}

impl Ledger for Book<'_> {
    fn responded(&mut self, pending: &Pending) {
        if self.peers.perspective == Perspective::Server {
            self.shared.parents.responded(pending.identity.span());
        }
    }

    fn complete(&mut self, pending: Pending) {
        let identity = pending.identity;
        let exchange = pending.into_exchange(self.definition, Arc::clone(self.peers));
        self.shared.finish(&identity, exchange);
    }

    fn dropped(&mut self, pending: &Pending, cause: Cause) {
        let loss = &mut self.shared.loss;
        match cause {
            Cause::Gap => loss.exchanges_lost_in_gap += 1,
            Cause::Uncertain => loss.exchanges_uncertain += 1,
            Cause::Overflow => loss.exchanges_overflowed += 1,
            Cause::CutShort => loss.exchanges_cut_short += 1,
        }
        self.shared.parents.dropped(pending.identity.span());
    }

    fn loss(&mut self) -> &mut Loss {
        &mut self.shared.loss
    }
}
