//! A request and its response, as one thing: what the connection stage hands on and what a span is built from.
//!
//! [`in_order`] and [`by_id`] find the response of a request. Contract of both: an exchange that leaves is paired rightly
//! or not at all; what cannot be paired is dropped and counted.

pub mod by_id;
pub mod in_order;

use std::sync::Arc;

use protocol_parsers::message::MAX_LINKS;
use protocol_parsers::{Definition, Facts, Pairing, Reply, Target};

use crate::context::Identity;
use crate::event::{ConnectionId, Endpoint, Vantage};
use crate::loss::Loss;
use by_id::ById;
use in_order::InOrder;

/// Which end of the connection the traced process is, once known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Perspective {
    /// It asked.
    Client,
    /// It answered.
    Server,
}

/// What all exchanges of a connection share.
#[derive(Clone, Debug, PartialEq)]
pub struct Peers {
    /// Within the stream of events.
    pub connection: ConnectionId,
    /// Stable over tracers and replays: hash of boot id, socket inode, endpoints (and open time for UNIX sockets).
    pub identity: u64,
    /// The traced process's view. `Client` for packet captures.
    pub perspective: Perspective,
    /// In a process or on the network.
    pub vantage: Vantage,
    /// The side that connected.
    pub client: Endpoint,
    /// The side that listened.
    pub server: Endpoint,
}

/// A finished exchange. Times are CLOCK_MONOTONIC nanoseconds of the capturing machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The protocol both messages were read by.
    pub protocol: &'static Definition,
    /// The connection's ends.
    pub peers: Arc<Peers>,
    /// Process and thread that moved the first byte of the request (0: unknown).
    pub tgid: u32,
    /// See `tgid`.
    pub tid: u32,
    /// Facts of all parts of both messages, later ones replacing earlier ones of the same key.
    pub facts: Facts,
    /// Stream position of the request's first byte (64 bits, does not wrap).
    pub position: u64,
    /// Tells apart exchanges that start at the same position (HTTP/2 streams opened in one place); usually 0.
    pub ordinal: u32,
    /// First byte of the request.
    pub request_start_ns: u64,
    /// Last byte of the request.
    pub request_end_ns: u64,
    /// First byte of the response, if there was one.
    pub response_start_ns: Option<u64>,
    /// End of the exchange: last byte of the response, or of the request when no response comes.
    pub end_ns: u64,
    /// What the capture did to it.
    pub capture: CaptureFacts,
}

/// What was not seen of an exchange. All zero for a perfect one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureFacts {
    /// A parser met a copy limit inside a part it wanted to read.
    pub truncated: bool,
    /// Bytes lost inside the exchange (not the ones skipped on purpose).
    pub gap_bytes: u64,
    /// The connection was met in its middle, and this exchange may lack what came before.
    pub attached_mid_stream: bool,
    /// The connection or the capture ended before the response did.
    pub incomplete: bool,
}

/// A request that began and whose exchange is not finished.
#[derive(Debug)]
pub struct Pending {
    /// What names it among all exchanges.
    pub identity: Identity,
    /// What pairs it, when ids do.
    pub id: u64,
    /// Whether a response follows.
    pub reply: Reply,
    /// What is known of it so far.
    pub facts: Facts,
    /// See [`Exchange::position`].
    pub position: u64,
    /// See [`Exchange::ordinal`].
    pub ordinal: u32,
    /// See [`Exchange::tgid`].
    pub tgid: u32,
    /// See [`Exchange::tid`].
    pub tid: u32,
    /// First byte of the request.
    pub request_start_ns: u64,
    /// Last byte of the request, once it was seen.
    pub request_end_ns: Option<u64>,
    /// First byte of the response.
    pub response_start_ns: Option<u64>,
    /// Last byte of the response.
    pub response_end_ns: Option<u64>,
    /// What the capture did to it so far.
    pub capture: CaptureFacts,
    /// Its response may have been lost: a missing one means nothing.
    pub doubtful: bool,
}

/// A response, or the front of one, that has not found its request yet.
#[derive(Debug, Default)]
pub struct Response {
    /// What it says.
    pub facts: Facts,
    /// First byte.
    pub start_ns: u64,
    /// Last byte, once it was seen.
    pub end_ns: Option<u64>,
    /// Bytes lost inside it.
    pub lost: u64,
    /// The copy limit cut it where its parser still read.
    pub cut: bool,
}

/// A further stretch of a request or a response.
#[derive(Debug, Default)]
pub struct Part {
    /// What it says.
    pub facts: Facts,
    /// Time of its last byte.
    pub time_ns: u64,
    /// Nothing of this side follows.
    pub last: bool,
    /// Bytes lost inside it.
    pub lost: u64,
}

/// Which side of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What asks.
    Request,
    /// What answers.
    Response,
}

/// What is missing at a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// So many bytes were lost.
    Lost(u64),
    /// A copy limit left bytes out that a parser wanted.
    Cut,
    /// The bytes are there, but they could not be understood.
    Sense,
}

/// Why a request leaves without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Bytes of it or of its response were lost.
    Gap,
    /// It is not certain which response is its own.
    Uncertain,
    /// Too many were in flight.
    Overflow,
    /// The end came before the request was whole.
    CutShort,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was closed.
    Closed,
    /// The capture ended, which says nothing about the connection.
    CaptureEnded,
    /// The engine stops looking at it.
    Released,
}

/// Where pairing puts its results.
pub trait Ledger {
    /// The response of this request begins.
    fn responded(&mut self, pending: &Pending);
    /// The exchange is finished.
    fn complete(&mut self, pending: Pending);
    /// The exchange will never be finished.
    fn dropped(&mut self, pending: &Pending, cause: Cause);
    /// The counters.
    fn loss(&mut self) -> &mut Loss;
}

impl Pending {
    /// Both sides are all there.
    pub fn is_complete(&self) -> bool {
        self.request_end_ns.is_some() && (!self.reply.follows() || self.response_end_ns.is_some())
    }

    /// Still owed a response, or the rest of one.
    pub fn is_owed(&self) -> bool {
        self.reply.follows() && self.response_end_ns.is_none()
    }

    /// A further stretch of the request.
    pub fn extend_request(&mut self, part: Part) {
        merge(&mut self.facts, part.facts);
        self.capture.gap_bytes += part.lost;
        if part.last {
            self.request_end_ns = Some(part.time_ns);
        }
    }

    /// The response begins. It may have been seen before the request, when two threads share a connection; the request
    /// was certainly sent by then.
    pub fn answer(&mut self, response: Response) {
        merge(&mut self.facts, response.facts);
        self.capture.gap_bytes += response.lost;
        self.capture.truncated |= response.cut;
        self.request_start_ns = self.request_start_ns.min(response.start_ns);
        self.response_start_ns = Some(response.start_ns);
        self.response_end_ns = response.end_ns;
    }

    /// A further stretch of the response.
    pub fn extend_response(&mut self, part: Part) {
        merge(&mut self.facts, part.facts);
        self.capture.gap_bytes += part.lost;
        if part.last {
            self.response_end_ns = Some(part.time_ns);
        }
    }

    /// Worth keeping if nothing follows: the request was whole, or the response was.
    pub fn is_telling(&self) -> bool {
        !self.doubtful && (self.request_end_ns.is_some() || self.response_end_ns.is_some())
    }

    /// Nothing follows.
    pub fn end(&mut self, time_ns: u64) {
        self.capture.incomplete |= !self.is_complete();
        self.request_end_ns.get_or_insert(time_ns);
        if self.is_owed() {
            self.response_end_ns = Some(time_ns);
        }
    }

    /// As the next stage takes it.
    pub fn into_exchange(self, protocol: &'static Definition, peers: Arc<Peers>) -> Exchange {
        let request_end_ns = self.request_end_ns.unwrap_or(self.request_start_ns);
        let end_ns = self.response_end_ns.unwrap_or(request_end_ns);
        Exchange {
            protocol,
            peers,
            tgid: self.tgid,
            tid: self.tid,
            facts: self.facts,
            position: self.position,
            ordinal: self.ordinal,
            request_start_ns: self.request_start_ns,
            request_end_ns,
            response_start_ns: self.response_start_ns,
            end_ns,
            capture: self.capture,
        }
    }
}

/// Adds facts to facts: later ones replace earlier ones.
pub fn merge(facts: &mut Facts, more: Facts) {
    if more.operation.is_some() {
        facts.operation = more.operation;
    }
    if more.target != Target::None {
        facts.target = more.target;
    }
    if more.failure.is_some() {
        facts.failure = more.failure;
    }
    if more.context.is_some() {
        facts.context = more.context;
    }
    for attribute in more.attributes {
        match facts.attributes.iter_mut().find(|known| known.key == attribute.key) {
            Some(known) => known.value = attribute.value,
            None => facts.attributes.push(attribute),
        }
    }
    let room = MAX_LINKS.saturating_sub(facts.links.len());
    facts.links.extend(more.links.into_iter().take(room));
}

/// In what state a connection was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// At its first byte.
    Fresh,
    /// In its middle, but idle for so long that no request was in flight.
    Idle,
    /// In its middle; requests may be in flight that were never seen.
    Busy,
}

/// The pairing of one connection.
#[derive(Debug)]
pub enum Pairs {
    /// The nth response answers the nth request.
    InOrder(InOrder),
    /// Both carry an id.
    ById(ById),
}

macro_rules! either {
    ($pairs:expr, $name:ident => $call:expr) => {
        match $pairs {
            Pairs::InOrder($name) => $call,
            Pairs::ById($name) => $call,
        }
    };
}

impl Pairs {
    /// For a connection as it was met.
    pub fn new(pairing: Pairing, met: Met, max_in_flight: usize) -> Self {
        match pairing {
            Pairing::InOrder => Self::InOrder(InOrder::new(met, max_in_flight)),
            Pairing::ById => Self::ById(ById::new(met == Met::Fresh, max_in_flight)),
        }
    }

    /// Whether responses find their requests for sure now.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::InOrder(pairs) => pairs.is_certain(),
            Self::ById(_) => true,
        }
    }

    /// Whether a message of this half can be the only one that is missing: its client is seen to wait for its answers.
    pub fn is_alone(&self, half: Half) -> bool {
        match self {
            Self::InOrder(pairs) => pairs.is_alone(half),
            Self::ById(_) => false,
        }
    }

    /// A request begins. `quiet`: no byte of a response waits to be understood.
    pub fn request(&mut self, pending: Pending, quiet: bool, ledger: &mut impl Ledger) {
        match self {
            Self::InOrder(pairs) => pairs.request(pending, quiet, ledger),
            Self::ById(pairs) => pairs.request(pending, ledger),
        }
    }

    /// Takes the newest request out, if it is certain that no response to it has begun: it is to be answered in another
    /// protocol.
    pub fn take_unanswered(&mut self) -> Option<Pending> {
        match self {
            Self::InOrder(pairs) => pairs.take_unanswered(),
            Self::ById(_) => None,
        }
    }

    /// A request goes on.
    pub fn request_part(&mut self, id: u64, part: Part, ledger: &mut impl Ledger) {
        match self {
            Self::InOrder(pairs) => pairs.request_part(part, ledger),
            Self::ById(pairs) => pairs.request_part(id, part, ledger),
        }
    }

    /// A response begins.
    pub fn response(&mut self, id: u64, response: Response, ledger: &mut impl Ledger) {
        match self {
            Self::InOrder(pairs) => pairs.response(response, ledger),
            Self::ById(pairs) => pairs.response(id, response, ledger),
        }
    }

    /// A response goes on.
    pub fn response_part(&mut self, id: u64, part: Part, ledger: &mut impl Ledger) {
        match self {
            Self::InOrder(pairs) => pairs.response_part(part, ledger),
            Self::ById(pairs) => pairs.response_part(id, part, ledger),
        }
    }

    /// Bytes of one half's direction are missing outside a skipped part, or messages may have been passed over there.
    pub fn gap(&mut self, half: Half, missing: Missing, now: u64, ledger: &mut impl Ledger) {
        match self {
            Self::InOrder(pairs) => pairs.gap(half, missing, now, ledger),
            Self::ById(pairs) => pairs.gap(half, missing),
        }
    }

    /// When [`Pairs::on_time`] wants to be called.
    pub fn deadline(&self) -> Option<u64> {
        either!(self, pairs => pairs.deadline())
    }

    /// Time passed. `quiet` as for a request, for both directions.
    pub fn on_time(&mut self, now: u64, quiet: bool, ledger: &mut impl Ledger) {
        either!(self, pairs => pairs.on_time(now, quiet, ledger));
    }

    /// Nothing follows.
    pub fn end(&mut self, ending: Ending, now: u64, quiet: bool, ledger: &mut impl Ledger) {
        either!(self, pairs => pairs.end(ending, now, quiet, ledger));
    }
}

/// How long a response may be seen before its request. The hooks of the two threads that share a connection are at
/// most a preemption apart (see `LINK_WINDOW_NS`), and a wrong guess costs exchanges, so less than that.
pub const EARLY_RESPONSE_NS: u64 = 20_000_000;

/// Responses that wait for a request that should have been seen before them: one for each thread of a connection.
pub const MAX_EARLY_RESPONSES: usize = 64;

/// Ends one exchange at the end of its connection.
pub(crate) fn end_one(mut pending: Pending, ending: Ending, now: u64, ledger: &mut impl Ledger) {
    if ending != Ending::Released && pending.is_telling() {
        pending.end(now);
        ledger.complete(pending);
    } else {
        let cause = if pending.doubtful { Cause::Gap } else { Cause::CutShort };
        ledger.dropped(&pending, cause);
    }
}
