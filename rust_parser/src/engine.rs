//! All stages together: events in, finished exchanges with their place in a trace out.
//!
//! Contract: what comes out depends on the events alone - their order and their times - and on nothing else: no clock, no
//! random number, no batch border. So a recording gives the same result as the live run. Time is the latest event time
//! seen, and never goes back; silence is seen when some other event (or a tick) brings a later time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use protocol_parsers::{registry, Definition, Glossary};

use crate::connection::ids::IdHash;
use crate::connection::stream::Stamp;
use crate::connection::table::Table;
use crate::connection::{stamp_of, Connection};
use crate::context::parents::Parents;
use crate::context::{Identity, Lineage};
use crate::event::{ConnectionId, Event, Header, Open, Vantage};
use crate::exchange::{Ending, Exchange};
use crate::loss::Loss;

pub use crate::connection::Verdict;

/// Connections remembered at once. A busy proxy holds some ten thousand; an idle connection takes about 1 KiB, so the
/// table stays below 100 MiB.
pub const MAX_CONNECTIONS: usize = 65_536;

/// Requests in flight on one connection. Redis clients pipeline thousands of commands in one write; HTTP/2 and Kafka
/// keep a few hundred. About 400 bytes each.
pub const MAX_IN_FLIGHT: usize = 16_384;

/// What the engine is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The protocols to look for, in the order in which they are asked.
    pub protocols: Vec<&'static Definition>,
    /// See [`MAX_CONNECTIONS`].
    pub max_connections: usize,
    /// See [`MAX_IN_FLIGHT`].
    pub max_in_flight: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            protocols: registry::PROTOCOLS.to_vec(),
            max_connections: MAX_CONNECTIONS,
            max_in_flight: MAX_IN_FLIGHT,
        }
    }
}

/// A finished exchange, and its place in a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// What happened.
    pub exchange: Exchange,
    /// Where it belongs.
    pub lineage: Lineage,
}

/// What the engine did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Finished exchanges by protocol.
    pub exchanges: BTreeMap<&'static str, u64>,
    /// Connections met.
    pub connections_seen: u64,
    /// Connections not closed yet.
    pub connections_open: u64,
    /// Bytes moved on connections that were not given up, captured or not.
    pub bytes: u64,
}

/// What all connections share.
pub struct Shared {
    /// What to do.
    pub options: Options,
    /// What was lost.
    pub loss: Loss,
    /// What was done.
    pub statistics: Statistics,
    /// Who is whose parent.
    pub parents: Parents,
    /// What connections tell each other.
    pub glossary: Arc<Glossary>,
    /// For the kernel.
    pub verdicts: Vec<(ConnectionId, Verdict)>,
    /// The boot that the events are from.
    pub boot_id: String,
    /// The latest event time.
    pub now: u64,
    /// The first event time.
    begun_ns: Option<u64>,
    /// Since when processes are traced.
    watched_ns: HashMap<u32, u64, IdHash>,
    out: Vec<Traced>,
}

/// A connection that was met in its middle and on which nothing moved for so long while it would have been seen has no
/// request in flight. Longer than nearly every answer takes; one that takes longer makes its own exchange wrong only if
/// its client pipelines.
const IDLE_NS: u64 = 200_000_000;

impl Shared {
    /// Whether a connection met now in its middle was idle since its process is watched (or the capture began).
    fn was_idle(&self, header: &Header, open: &Open) -> bool {
        let begun_ns = self.begun_ns.unwrap_or(header.time_ns);
        let since_ns = match open.vantage {
            Vantage::Network => Some(begun_ns),
            Vantage::Process => self.watched_ns.get(&header.tgid).map(|watched| begun_ns.max(*watched)),
        };
        since_ns.is_some_and(|since| header.time_ns.saturating_sub(since) >= IDLE_NS)
    }

    /// An exchange is finished.
    pub fn finish(&mut self, identity: &Identity, exchange: Exchange) {
        *self.statistics.exchanges.entry(exchange.protocol.name).or_default() += 1;
        match exchange.peers.vantage {
            Vantage::Process => self.parents.finish(identity, exchange, self.now, &mut self.out),
            Vantage::Network => {
                let lineage = identity.alone(exchange.facts.context.as_ref());
                self.out.push(Traced { exchange, lineage });
            }
        }
    }
}

/// See the module.
pub struct Engine {
    shared: Shared,
    table: Table,
    /// Deadlines of connections; those that no longer hold are passed over.
    timers: BinaryHeap<Reverse<(u64, ConnectionId)>>,
}

impl Engine {
    /// Nothing seen.
    pub fn new(options: Options) -> Self {
        let shared = Shared {
            options,
            loss: Loss::default(),
            statistics: Statistics::default(),
            parents: Parents::default(),
            glossary: Arc::default(),
            verdicts: Vec::new(),
            boot_id: String::new(),
            now: 0,
            begun_ns: None,
            watched_ns: HashMap::default(),
            out: Vec::new(),
        };
        Self {
            shared,
            table: Table::default(),
            timers: BinaryHeap::new(),
        }
    }

    /// Takes one event.
    pub fn event(&mut self, event: &Event) {
        let time_ns = event.header().time_ns;
        self.shared.begun_ns.get_or_insert(time_ns);
        self.advance(time_ns);
        match event {
            Event::Open(header, open) => {
                if !self.table.contains(header.connection) {
                    self.make_room();
                    self.shared.statistics.connections_seen += 1;
                    let was_idle = self.shared.was_idle(header, open);
                    self.shared.parents.met(open);
                    self.table
                        .insert(header.connection, Connection::new(header, open.clone(), was_idle));
                }
            }
            Event::Data(header, data) => {
                self.with(header, |connection, shared| connection.data(header, data, shared));
            }
            Event::Eof(header, way) => self.with(header, |connection, shared| connection.eof(header, *way, shared)),
            Event::Close(header) => match self.remove(header.connection) {
                Some(mut connection) => connection.end(Ending::Closed, stamp_of(header), &mut self.shared),
                None => self.shared.loss.data_without_open += 1,
            },
            Event::Machine(_, machine) => self.shared.boot_id.clone_from(&machine.boot_id),
            Event::Loss(_, totals) => self.shared.loss.source.extend(totals.iter().cloned()),
            Event::Fork(header, _) | Event::Process(header, _) => {
                self.shared.watched_ns.entry(header.tgid).or_insert(header.time_ns);
            }
            Event::Exit(header) => {
                self.shared.watched_ns.remove(&header.tgid);
            }
            Event::Exec(_) | Event::Listen(..) | Event::Clock(..) | Event::Tick(_) => {}
        }
    }

    /// The end of the events: what is still open is finished or dropped.
    pub fn finish(&mut self) {
        let stamp = Stamp {
            time_ns: self.shared.now,
            ..Stamp::default()
        };
        for id in self.table.ids() {
            if let Some(mut connection) = self.remove(id) {
                connection.end(Ending::CaptureEnded, stamp, &mut self.shared);
            }
        }
        self.timers.clear();
        self.shared.parents.end(&mut self.shared.out);
    }

    /// What is finished since the last call.
    pub fn take(&mut self) -> Vec<Traced> {
        std::mem::take(&mut self.shared.out)
    }

    /// Verdicts since the last call.
    pub fn take_verdicts(&mut self) -> Vec<(ConnectionId, Verdict)> {
        std::mem::take(&mut self.shared.verdicts)
    }

    /// What was lost.
    pub fn loss(&self) -> &Loss {
        &self.shared.loss
    }

    /// What was done.
    pub fn statistics(&self) -> Statistics {
        let connections_open = self.table.len() as u64;
        Statistics {
            connections_open,
            ..self.shared.statistics.clone()
        }
    }

    /// Exchanges whose place in a trace, or whose children's, may still be asked for.
    pub fn followed(&self) -> usize {
        self.shared.parents.len()
    }

    /// Lets the time of the events pass.
    fn advance(&mut self, time_ns: u64) {
        self.shared.now = self.shared.now.max(time_ns);
        let now = self.shared.now;
        while let Some(Reverse((at, id))) = self.timers.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.timers.pop();
            let Some(connection) = self.table.get(id).filter(|connection| connection.timer == Some(at)) else {
                continue;
            };
            connection.timer = None;
            connection.on_time(now, &mut self.shared);
            set_timer(connection, id, now, &mut self.timers);
        }
        self.shared.parents.advance(now, &mut self.shared.out);
    }

    fn with(&mut self, header: &Header, act: impl FnOnce(&mut Connection, &mut Shared)) {
        let Some(connection) = self.table.touch(header.connection) else {
            self.shared.loss.data_without_open += 1;
            return;
        };
        act(connection, &mut self.shared);
        set_timer(connection, header.connection, 0, &mut self.timers);
    }

    fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.table.remove(id)?;
        self.shared.parents.left(connection.open());
        Some(connection)
    }

    fn make_room(&mut self) {
        while self.table.len() >= self.shared.options.max_connections.max(1) {
            let Some(mut connection) = self.table.oldest().and_then(|id| self.remove(id)) else {
                return;
            };
            self.shared.loss.connections_evicted += 1;
            let stamp = Stamp {
                time_ns: self.shared.now,
                ..Stamp::default()
            };
            connection.end(Ending::Released, stamp, &mut self.shared);
        }
    }
}

/// Sets a connection's timer if it has none, or a later one. A timer that has become too early is set anew when it rings:
/// most deadlines move on with every event, and this costs nothing then.
fn set_timer(
    connection: &mut Connection,
    id: ConnectionId,
    after: u64,
    timers: &mut BinaryHeap<Reverse<(u64, ConnectionId)>>,
) {
    // A connection that was just asked is asked again only later: time must move on.
    let Some(deadline) = connection
        .deadline()
        .map(|deadline| deadline.max(after.saturating_add(1)))
    else {
        return;
    };
    if connection.timer.is_none_or(|timer| deadline < timer) {
        connection.timer = Some(deadline);
        timers.push(Reverse((deadline, id)));
    }
}

#[cfg(test)]
mod tests;
