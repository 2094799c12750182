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
pub mod stream;
pub mod table;
pub mod undecided;

use std::sync::Arc;

use protocol_parsers::Direction;
use xxhash_rust::xxh3::Xxh3;

use crate::engine::Shared;
use crate::event::{ConnectionId, Data, Endpoint, Header, Open, Vantage, Way};
use crate::exchange::{Ending, Peers, Perspective};
use conversation::{Conversation, Flow, Start};
use detection::{direction, Choice};
use lane::Place;
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
}

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
    sent: Stream,
    received: Stream,
    state: State,
    /// The time for which a timer is set.
    pub timer: Option<u64>,
}

impl Connection {
    /// Met.
    pub fn new(header: &Header, open: Open) -> Self {
        let floating = !open.fresh;
        Self {
            id: header.connection,
            opened_ns: header.time_ns,
            sent: Stream::new(starting(open.sent, open.sequence), floating),
            received: Stream::new(starting(open.received, open.sequence), floating),
            state: State::Undecided(Box::new(Undecided::new(open.fresh))),
            open,
            timer: None,
        }
    }

    /// Bytes moved.
    pub fn data(&mut self, header: &Header, data: &Data, shared: &mut Shared) {
        shared.statistics.bytes += data.bytes.len() as u64;
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
        let stamp = stamp_of(header);
        let now = shared.now;
        match self.stream(data.way).arrive(data, stamp, now) {
            Arrival::Duplicate => {
                shared.loss.bytes_duplicate += u64::from(data.length);
                return;
            }
            Arrival::Next(segment) => {
                let fresh = segment.bytes.len() as u64 + segment.cut;
                shared.loss.bytes_duplicate += u64::from(data.length).saturating_sub(fresh);
                self.segment(data.way, &segment, shared);
            }
            Arrival::Held => {}
        }
        if self.stream(data.way).holds() {
            self.drain(data.way, shared);
            while self.stream(data.way).is_overfull() {
                self.give_up(data.way, shared);
            }
        }
        self.note_holds();
    }

    /// One way ended.
    pub fn eof(&mut self, header: &Header, way: Way, shared: &mut Shared) {
        self.flush(way, shared);
        if let State::Speaking(conversation, local_is_client) = &mut self.state {
            conversation.end_of(direction(way, *local_is_client), stamp_of(header), shared);
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, ending: Ending, stamp: Stamp, shared: &mut Shared) {
        if ending != Ending::Released {
            self.flush(Way::Received, shared);
            self.flush(Way::Sent, shared);
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
        [self.sent.deadline(), self.received.deadline(), conversation]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time passed.
    pub fn on_time(&mut self, now: u64, shared: &mut Shared) {
        for way in [Way::Sent, Way::Received] {
            while self.stream(way).deadline().is_some_and(|deadline| deadline <= now) {
                self.give_up(way, shared);
            }
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
        let holds = self.sent.holds() || self.received.holds();
        if let State::Speaking(conversation, _) = &mut self.state {
            conversation.holds = holds;
        }
    }

    fn drain(&mut self, way: Way, shared: &mut Shared) {
        while let Some(owned) = self.stream(way).ready() {
            self.segment(way, &owned.segment(), shared);
        }
    }

    fn give_up(&mut self, way: Way, shared: &mut Shared) {
        if let Some(owned) = self.stream(way).give_up() {
            let segment = owned.segment();
            shared.loss.holes += u64::from(segment.lost > 0);
            shared.loss.bytes_lost += segment.lost;
            self.segment(way, &segment, shared);
        }
        self.drain(way, shared);
    }

    fn flush(&mut self, way: Way, shared: &mut Shared) {
        while self.stream(way).holds() {
            self.give_up(way, shared);
        }
        self.note_holds();
    }

    fn segment(&mut self, way: Way, segment: &Segment, shared: &mut Shared) {
        match &mut self.state {
            State::Speaking(conversation, local_is_client) => {
                if conversation.take(direction(way, *local_is_client), segment, shared) == Flow::Over {
                    self.release(segment.stamp, shared);
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
            let known = undecided.is_fresh() || undecided.starts_message(each, choice);
            (first, if known { Place::Known } else { Place::Unknown })
        };
        let sent = place(Way::Sent, self.sent.position());
        let received = place(Way::Received, self.received.position());
        let (to_server, to_client) = match direction(Way::Sent, local_is_client) {
            Direction::ToServer => (sent, received),
            Direction::ToClient => (received, sent),
        };
        let start = Start {
            definition,
            peers: Arc::new(self.peers(local_is_client, shared)),
            fresh: undecided.is_fresh(),
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
