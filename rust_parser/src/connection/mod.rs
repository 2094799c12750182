//! One connection: its bytes put in order, its protocol found out, its messages understood.
//!
//! ```text
//! event -> stream (order, holes) -> undecided (detection) -> conversation (parser, pairing) -> exchange
//! ```
//! A connection does not know other connections; what all share is [`crate::engine::Shared`].

pub mod conversation;
pub mod detection;
pub mod ids;
pub mod lane;
pub mod queue;
pub mod stream;
pub mod table;
pub mod undecided;

use std::sync::Arc;

use protocol_parsers::{Definition, Direction};
use xxhash_rust::xxh3::Xxh3;

use crate::engine::Shared;
use crate::event::{ConnectionId, Data, Endpoint, Header, Open, Vantage, Way};
use crate::exchange::{Ending, Met, Peers, Perspective};
use conversation::{Conversation, Flow, Start};
use detection::{direction, Choice};
use lane::Place;
use queue::{Held, Queue};
use stream::{Arrival, Segment, Stamp, Stream};
use undecided::{Decision, Undecided};

/// Events after the verdict [`Verdict::NoBytes`] on an unknown protocol, before the kernel is asked not to send even their
/// lengths. Some come anyway, because the verdict takes a moment to arrive.
pub const EVENTS_UNTIL_SILENT: u32 = 64;

/// What the kernel should do with the rest of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Copy nothing: the protocol is unknown, unreadable or not asked for.
    NoBytes,
    /// Not even lengths.
    Silent,
    /// Copy nothing up to these positions: bodies that are passed over by length. `None`: everything is read there.
    Skip {
        /// Of the bytes sent; the low 32 bits are a TCP sequence number where positions are.
        sent: Option<u64>,
        /// Of the bytes received.
        received: Option<u64>,
    },
}

/// A body with so much left is worth telling the kernel: copying it would take the place of other connections' bytes in
/// the ring, and telling costs two system calls.
const WORTH_SKIPPING: u64 = 128 * 1024;

/// No farther ahead: TCP sequence numbers are compared within half of their range.
const SKIPPED_AT_ONCE: u64 = 1 << 30;

/// What is understood of a connection.
enum State {
    /// Nothing yet.
    Undecided(Box<Undecided>),
    /// Its protocol.
    Speaking(Box<Conversation>, bool),
    /// Nothing ever: events met since, while they are worth counting.
    Deaf(Option<u32>),
}

/// One connection.
pub struct Connection {
    id: ConnectionId,
    open: Open,
    opened_ns: u64,
    /// Met in its middle, after a silence that says that no request is in flight.
    was_idle: bool,
    sent: Stream,
    received: Stream,
    queue: Queue,
    state: State,
    /// What the kernel was told to skip: up to where, sent and received.
    skips: [Option<u64>; 2],
    /// The time for which a timer is set.
    pub timer: Option<u64>,
}

impl Connection {
    /// Met.
    pub fn new(header: &Header, open: Open, was_idle: bool) -> Self {
        let floating = !open.fresh;
        Self {
            id: header.connection,
            opened_ns: header.time_ns,
            was_idle,
            sent: Stream::new(starting(open.sent, open.sequence), floating),
            received: Stream::new(starting(open.received, open.sequence), floating),
            queue: Queue::default(),
            state: State::Undecided(Box::new(Undecided::new(open.fresh))),
            open,
            skips: [None; 2],
            timer: None,
        }
    }

    /// How it was met.
    pub fn open(&self) -> &Open {
        &self.open
    }

    /// Bytes moved.
    pub fn data(&mut self, header: &Header, data: &Data, shared: &mut Shared) {
        if let State::Deaf(events) = &mut self.state {
            if let Some(count) = events {
                *count += 1;
                if *count >= EVENTS_UNTIL_SILENT {
                    *events = None;
                    shared.verdicts.push((self.id, Verdict::Silent));
                }
            }
            return;
        }
        shared.statistics.bytes += u64::from(data.length);
        let stamp = stamp_of(header);
        let (way, length) = (data.way, u64::from(data.length));
        let position = self.stream(way).locate(data);
        let fills = self.queue.blocked().is_none_or(|blocked| blocked == way);
        if fills && position <= self.stream(way).position() {
            self.arrive(way, position, length, data.bytes, stamp, 0, shared);
            self.drain(shared);
        } else {
            let since = shared.now;
            self.queue.push(Held {
                way,
                position,
                length,
                bytes: data.bytes.to_vec(),
                stamp,
                since,
            });
            while self.queue.is_overfull() {
                self.give_up(shared);
            }
        }
        self.note_holds();
    }

    /// One way ended.
    pub fn eof(&mut self, header: &Header, way: Way, shared: &mut Shared) {
        self.flush(shared);
        if let State::Speaking(conversation, local_is_client) = &mut self.state {
            conversation.end_of(direction(way, *local_is_client), stamp_of(header), shared);
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, ending: Ending, stamp: Stamp, shared: &mut Shared) {
        if ending != Ending::Released {
            self.flush(shared);
        }
        if let State::Speaking(conversation, _) = &mut self.state {
            conversation.end(ending, stamp, shared);
        }
        self.state = State::Deaf(None);
    }

    /// When [`Connection::on_time`] wants to be called.
    pub fn deadline(&self) -> Option<u64> {
        let conversation = match &self.state {
            State::Speaking(conversation, _) => conversation.deadline(),
            State::Undecided(_) => None,
            State::Deaf(_) => return None,
        };
        [self.queue.deadline(), conversation].into_iter().flatten().min()
    }

    /// Time passed.
    pub fn on_time(&mut self, now: u64, shared: &mut Shared) {
        while self.queue.deadline().is_some_and(|deadline| deadline <= now) {
            self.give_up(shared);
        }
        self.note_holds();
        if let State::Speaking(conversation, _) = &mut self.state {
            if conversation.deadline().is_some_and(|deadline| deadline <= now) {
                conversation.on_time(now, shared);
            }
        }
    }

    fn stream(&mut self, way: Way) -> &mut Stream {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }

    fn note_holds(&mut self) {
        let holds = !self.queue.is_empty();
        if let State::Speaking(conversation, _) = &mut self.state {
            conversation.holds = holds;
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn arrive(
        &mut self,
        way: Way,
        position: u64,
        length: u64,
        bytes: &[u8],
        stamp: Stamp,
        lost: u64,
        shared: &mut Shared,
    ) {
        match self.stream(way).arrive(position, length, bytes, stamp) {
            Arrival::Next(segment) => {
                shared.loss.bytes_duplicate += length.saturating_sub(segment.bytes.len() as u64 + segment.cut);
                self.segment(way, &Segment { lost, ..segment }, shared);
            }
            Arrival::Duplicate | Arrival::Early => shared.loss.bytes_duplicate += length,
        }
    }

    /// Lets go what need not wait any longer.
    fn drain(&mut self, shared: &mut Shared) {
        while !self.queue.is_empty() {
            let [sent, received] = [self.sent.position(), self.received.position()];
            let next = |way| if way == Way::Sent { sent } else { received };
            let Some(held) = self.queue.pop_ready(next) else { return };
            self.arrive(held.way, held.position, held.length, &held.bytes, held.stamp, 0, shared);
        }
    }

    /// Gives up the bytes that all wait for.
    fn give_up(&mut self, shared: &mut Shared) {
        let Some(held) = self.queue.pop_blocked() else { return };
        let lost = self.stream(held.way).give_up(held.position);
        shared.loss.holes += u64::from(lost > 0);
        shared.loss.bytes_lost += lost;
        self.arrive(
            held.way,
            held.position,
            held.length,
            &held.bytes,
            held.stamp,
            lost,
            shared,
        );
        self.drain(shared);
    }

    fn flush(&mut self, shared: &mut Shared) {
        while !self.queue.is_empty() {
            self.give_up(shared);
        }
        self.note_holds();
    }

    fn segment(&mut self, way: Way, segment: &Segment, shared: &mut Shared) {
        match &mut self.state {
            State::Speaking(conversation, local_is_client) => {
                let direction = direction(way, *local_is_client);
                if conversation.take(direction, segment, shared) == Flow::Over {
                    self.release(segment.stamp, shared);
                } else {
                    let body = conversation.body(direction);
                    self.tell_body(way, body, shared);
                }
            }
            State::Undecided(undecided) => {
                let ports = [port_of(&self.open.local), port_of(&self.open.remote)];
                match undecided.take(way, segment, self.open.role, ports, &shared.options.protocols) {
                    Decision::Wait => {}
                    Decision::Never => self.deafen(Some(0), shared),
                    Decision::Unreadable => self.deafen(None, shared),
                    Decision::Speaks(choice) => self.speak(&choice, way, segment, shared),
                }
            }
            State::Deaf(_) => {}
        }
    }

    /// Tells the kernel about a large body that begins or ends. `body`: where it stands, and what is left of it.
    fn tell_body(&mut self, way: Way, body: (u64, u64), shared: &mut Shared) {
        let (position, left) = body;
        let [sent, received] = &mut self.skips;
        let told = if way == Way::Sent { sent } else { received };
        let far_enough = |until: u64| until.saturating_sub(position) > SKIPPED_AT_ONCE / 2;
        let wanted = match *told {
            None if left < WORTH_SKIPPING => None,
            Some(until) if left > 0 && (until == position.saturating_add(left) || far_enough(until)) => Some(until),
            Some(_) if left == 0 => None,
            _ => Some(position.saturating_add(left.min(SKIPPED_AT_ONCE))),
        };
        if wanted != *told {
            *told = wanted;
            let [sent, received] = self.skips;
            shared.verdicts.push((self.id, Verdict::Skip { sent, received }));
        }
    }

    /// The protocol is known: everything seen so far goes through it, then the segment that told.
    fn speak(&mut self, choice: &Choice, way: Way, segment: &Segment, shared: &mut Shared) {
        let State::Undecided(undecided) = std::mem::replace(&mut self.state, State::Deaf(None)) else {
            return;
        };
        let Choice {
            definition,
            local_is_client,
        } = *choice;
        let place = |each: Way, next: u64| {
            let here = segment.position.saturating_sub(segment.lost);
            let first = undecided
                .first_position(each)
                .unwrap_or(if each == way { here } else { next });
            // Detection believes what any client may send; met in its middle, a parser believes less ("ET / HTTP/1.1").
            let known = undecided.is_fresh();
            (first, if known { Place::Known } else { Place::Unknown })
        };
        let sent = place(Way::Sent, self.sent.position());
        let received = place(Way::Received, self.received.position());
        let (to_server, to_client) = match direction(Way::Sent, local_is_client) {
            Direction::ToServer => (sent, received),
            Direction::ToClient => (received, sent),
        };
        let met = match undecided.first_way() {
            _ if undecided.is_fresh() => Met::Fresh,
            Some(first) if direction(first, local_is_client) == Direction::ToServer => {
                let waits = self.was_idle || !definition.pipelined;
                if waits && starts_request(definition, undecided.shown(first)) {
                    Met::Idle
                } else {
                    Met::Busy
                }
            }
            _ => Met::Busy,
        };
        let start = Start {
            definition,
            peers: Arc::new(self.peers(local_is_client, shared)),
            met,
            opened_ns: self.opened_ns,
            sequence: self.open.sequence,
            to_server,
            to_client,
        };
        let conversation = Conversation::new(start, shared);
        self.state = State::Speaking(Box::new(conversation), local_is_client);
        for kept in undecided.into_kept() {
            self.segment(kept.way, &kept.segment(), shared);
        }
        self.segment(way, segment, shared);
    }

    fn deafen(&mut self, count: Option<u32>, shared: &mut Shared) {
        self.state = State::Deaf(count);
        shared.verdicts.push((self.id, Verdict::NoBytes));
    }

    /// Nothing more can be read.
    fn release(&mut self, stamp: Stamp, shared: &mut Shared) {
        if let State::Speaking(conversation, _) = &mut self.state {
            conversation.end(Ending::Released, stamp, shared);
        }
        self.deafen(None, shared);
    }

    fn peers(&self, local_is_client: bool, shared: &Shared) -> Peers {
        let Open {
            local, remote, vantage, ..
        } = &self.open;
        let (client, server) = if local_is_client {
            (local, remote)
        } else {
            (remote, local)
        };
        let perspective = match (vantage, local_is_client) {
            (Vantage::Network, _) | (Vantage::Process, true) => Perspective::Client,
            (Vantage::Process, false) => Perspective::Server,
        };
        Peers {
            connection: self.id,
            identity: self.identity(shared),
            perspective,
            vantage: *vantage,
            client: client.clone(),
            server: server.clone(),
        }
    }

    /// The same in every tracer that sees this connection, and in a replay.
    fn identity(&self, shared: &Shared) -> u64 {
        let open = &self.open;
        let mut hash = Xxh3::new();
        hash.update(shared.boot_id.as_bytes());
        hash.update(&[0]);
        hash.update(&open.netns.to_le_bytes());
        hash.update(&open.socket.to_le_bytes());
        for endpoint in [&open.local, &open.remote] {
            match endpoint {
                Endpoint::Inet(address) => {
                    match address.ip() {
                        std::net::IpAddr::V4(ip) => hash.update(&ip.to_ipv6_mapped().octets()),
                        std::net::IpAddr::V6(ip) => hash.update(&ip.octets()),
                    }
                    hash.update(&address.port().to_le_bytes());
                }
                Endpoint::Unix(path) => {
                    hash.update(path.as_bytes());
                    hash.update(&[0]);
                }
            }
        }
        match (open.vantage, &open.local) {
            // A capture may hold the same endpoints twice.
            (Vantage::Network, _) => hash.update(&self.id.to_le_bytes()),
            // Positions count from 0 on each new UNIX connection.
            (Vantage::Process, Endpoint::Unix(_)) => hash.update(&self.opened_ns.to_le_bytes()),
            (Vantage::Process, Endpoint::Inet(_)) => {}
        }
        hash.digest()
    }
}

/// Whether a parser that knows nothing of what came before believes that a request starts here.
fn starts_request(definition: &Definition, bytes: &[u8]) -> bool {
    let mut parser = (definition.parser)();
    parser.gap(Direction::ToServer);
    parser.gap(Direction::ToClient);
    parser.resync(Direction::ToServer, bytes) == Some(0)
}

/// Who moved the bytes of an event, and when.
pub fn stamp_of(header: &Header) -> Stamp {
    Stamp {
        time_ns: header.time_ns,
        tgid: header.tgid,
        tid: header.tid,
    }
}

/// Room below the first sequence number, for events that turn out to lie before it.
const SEQUENCE_BASE: u64 = 1 << 32;

fn starting(position: u64, sequence: bool) -> u64 {
    if sequence {
        SEQUENCE_BASE + (position & u64::from(u32::MAX))
    } else {
        position
    }
}

fn port_of(endpoint: &Endpoint) -> u16 {
    match endpoint {
        Endpoint::Inet(address) => address.port(),
        Endpoint::Unix(_) => 0,
    }
}
