//! Finds the parents of exchanges that were seen in processes.
//!
//! Every request that begins gets a node; a finished exchange leaves only when its place in its trace is settled:
//! * a client's parent is the trace context it sends, else the one request its thread is answering at that moment;
//! * a server's parent is our span of the very same request at the other end, else the trace context it received.
//!
//! When both ends are traced the chain is: application's span (named on the wire) -> our client -> our server. A proxy
//! that hands a trace context on unchanged gets its client below its server for the same reason.
//!
//! The ring buffer may bring the server's read before the client's write, so a server waits [`LINK_WINDOW_NS`] of
//! event time for the other end. Everything upstream of an exchange began before it did, so all of it is settled when
//! its own window has passed: nothing waits longer. Links are never made for packet captures (no threads, one end).

use std::collections::{HashMap, VecDeque};

use protocol_parsers::TraceContext;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{Evidence, Identity, Lineage};
use crate::connection::ids::IdHash;
use crate::connection::stream::Stamp;
use crate::engine::Traced;
use crate::event::{Endpoint, Open, Role, Vantage};
use crate::exchange::{Exchange, Peers, Perspective};

/// How long a server's exchange waits for its other end. Two hooks on two processors are at most a preemption apart;
/// 50 ms is many scheduling periods and still no visible delay of a span.
pub const LINK_WINDOW_NS: u64 = 50_000_000;

/// Open and recently finished exchanges that parents are known for. At 200,000 exchanges/s and a window of 50 ms about
/// 10,000 are kept after their end; the rest is room for requests in flight. About 250 bytes each.
pub const MAX_NODES: usize = 262_144;

/// Threads that are remembered as having answered requests. Beyond it, those that answer none now are forgotten.
pub const MAX_THREADS: usize = 65_536;

/// Longest chain of ancestors that is followed. Chains on one machine are a few services deep; the limit ends a cycle
/// that damaged input might draw.
const MAX_DEPTH: u32 = 64;

/// A request that begins.
pub struct Begun<'a> {
    /// Its identity.
    pub identity: Identity,
    /// Its connection.
    pub peers: &'a Peers,
    /// Who moved its first byte.
    pub stamp: Stamp,
    /// The trace context it carries.
    pub wire: Option<&'a TraceContext>,
    /// When its connection was met.
    pub opened_ns: u64,
    /// What both ends of its connection have in common; see [`pair_of`].
    pub pair: Option<u64>,
    /// The same number at both ends of a TCP connection; see [`link_key`].
    pub link: Option<u64>,
    /// Which response ends it is known. An uncertain one keeps its thread busy and is nobody's parent.
    pub certain: bool,
}

/// Names a request in the same way at both ends, from the endpoints of its connection and the sequence number of its
/// first byte.
pub fn link_key(pair: u64, sequence: u32) -> u64 {
    xxh3_64_with_seed(&sequence.to_le_bytes(), pair)
}

/// What both ends of a TCP connection have in common. `None` for UNIX sockets and packet captures.
pub fn pair_of(peers: &Peers) -> Option<u64> {
    pair_between(&peers.client, &peers.server, peers.vantage)
}

fn pair_between(client: &Endpoint, server: &Endpoint, vantage: Vantage) -> Option<u64> {
    match (client, server, vantage) {
        (Endpoint::Inet(client), Endpoint::Inet(server), Vantage::Process) => {
            let mut bytes = [0u8; 36];
            for (slot, address) in bytes.chunks_exact_mut(18).zip([client, server]) {
                let ip = match address.ip() {
                    std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    std::net::IpAddr::V6(ip) => ip,
                };
                let (front, port) = slot.split_at_mut(16);
                front.copy_from_slice(&ip.octets());
                port.copy_from_slice(&address.port().to_be_bytes());
            }
            Some(xxh3_64(&bytes))
        }
        _ => None,
    }
}

/// What names the connection at both ends, if this end is or may be the client's.
fn client_pair(open: &Open) -> Option<u64> {
    (open.role != Role::Server)
        .then(|| pair_between(&open.local, &open.remote, open.vantage))
        .flatten()
}

struct Node {
    identity: Identity,
    perspective: Perspective,
    /// When it stops waiting for its other end.
    deadline: u64,
    wire: Option<Box<TraceContext>>,
    /// Of a client: the server exchange its thread was answering. Of a server: the client at the other end.
    upstream: Option<u64>,
    lineage: Option<Box<Lineage>>,
    link: Option<u64>,
    /// Of a server whose response has not begun: the thread that answers it.
    thread: Option<(u32, u32)>,
    /// See [`Begun::certain`].
    certain: bool,
    /// It ended, and waits for its place in the trace.
    finished: Option<Box<Exchange>>,
}

/// Both ends of one request.
#[derive(Default)]
struct Ends {
    client: Option<u64>,
    server: Option<u64>,
}

/// Requests that a thread has read and not begun to answer. Only a single one can be a parent, so they are not listed: a
/// Redis server's one thread has hundreds of pipelined commands open, and a search for each would cost more than all else.
#[derive(Default)]
struct Answering {
    open: u32,
    uncertain: u32,
    /// Of all open ones, exclusive or: of the one, if there is one.
    spans: u64,
}

impl Answering {
    fn open(&mut self, answered: Answered) {
        self.open += 1;
        self.uncertain += u32::from(!answered.certain);
        self.spans ^= answered.span;
    }

    /// Takes back what [`Answering::open`] did with the same value.
    fn close(&mut self, answered: Answered) {
        self.open = self.open.saturating_sub(1);
        self.uncertain = self.uncertain.saturating_sub(u32::from(!answered.certain));
        self.spans ^= answered.span;
    }

    fn only(&self) -> Option<u64> {
        (self.open == 1 && self.uncertain == 0).then_some(self.spans)
    }
}

#[derive(Clone, Copy)]
struct Answered {
    span: u64,
    certain: bool,
}

/// The exchanges whose place in a trace is still open, and those that may be the parent of others.
#[derive(Default)]
pub struct Parents {
    nodes: HashMap<u64, Node, IdHash>,
    ends: HashMap<u64, Ends, IdHash>,
    threads: HashMap<(u32, u32), Answering, IdHash>,
    /// Open connections whose traced end may be the client's, by what both ends have in common.
    clients: HashMap<u64, u32, IdHash>,
    /// Deadlines of unsettled nodes, in order: engine time never goes back.
    waiting: VecDeque<(u64, u64)>,
    /// When finished nodes are forgotten, in order.
    retiring: VecDeque<(u64, u64)>,
}

impl Parents {
    /// A connection was met.
    pub fn met(&mut self, open: &Open) {
        if let Some(pair) = client_pair(open) {
            *self.clients.entry(pair).or_default() += 1;
        }
    }

    /// A connection is gone.
    pub fn left(&mut self, open: &Open) {
        let Some(pair) = client_pair(open) else { return };
        if let Some(count) = self.clients.get_mut(&pair) {
            *count -= 1;
            if *count == 0 {
                self.clients.remove(&pair);
            }
        }
    }

    /// Whether a server's request may have a client that is traced. The client's end is met when it first sends, which
    /// is before its server reads: a connection older than the window without a known client has none.
    fn may_have_client(&self, begun: &Begun, now: u64) -> bool {
        let young = begun.opened_ns.saturating_add(LINK_WINDOW_NS) > now;
        begun.pair.is_some_and(|pair| young || self.clients.contains_key(&pair))
    }

    /// A request begins. Answers whether it is followed; if not, its exchange will have no parent but the wire's.
    pub fn begin(&mut self, begun: &Begun, now: u64) -> bool {
        let span = begun.identity.span();
        if self.nodes.len() >= MAX_NODES || self.nodes.contains_key(&span) {
            return false;
        }
        let thread = (begun.stamp.tgid != 0 && begun.stamp.tid != 0).then_some((begun.stamp.tgid, begun.stamp.tid));
        let perspective = begun.peers.perspective;
        let (upstream, thread) = match perspective {
            Perspective::Client => (thread.and_then(|thread| self.answered_by(thread)), None),
            Perspective::Server => (None, thread),
        };
        let awaited = perspective == Perspective::Client || self.may_have_client(begun, now);
        let mut node = Node {
            identity: begun.identity,
            perspective,
            deadline: if awaited {
                now.saturating_add(LINK_WINDOW_NS)
            } else {
                now
            },
            wire: begun.wire.cloned().map(Box::new),
            upstream,
            lineage: None,
            link: begun.link,
            thread,
            certain: begun.certain,
            finished: None,
        };
        match perspective {
            Perspective::Client => self.join_client(span, begun.link),
            Perspective::Server => {
                node.upstream = self.join_server(span, begun.link);
                if let Some(thread) = thread {
                    self.occupy(
                        thread,
                        Answered {
                            span,
                            certain: begun.certain,
                        },
                    );
                }
            }
        }
        let waits = perspective == Perspective::Server || node.upstream.is_some();
        if waits && awaited {
            self.waiting.push_back((node.deadline, span));
        }
        self.nodes.insert(span, node);
        true
    }

    /// The first byte of the response: its thread is no longer busy with it.
    pub fn responded(&mut self, span: u64) {
        let Some(node) = self.nodes.get_mut(&span) else { return };
        let certain = node.certain;
        if let Some(answering) = node.thread.take().and_then(|thread| self.threads.get_mut(&thread)) {
            answering.close(Answered { span, certain });
        }
    }

    /// The exchange will never be finished: nothing may hang below it.
    pub fn dropped(&mut self, span: u64) {
        self.responded(span);
        self.forget(span);
    }

    /// The exchange is finished: it leaves at once or when its place is settled.
    pub fn finish(&mut self, identity: &Identity, exchange: Exchange, now: u64, out: &mut Vec<Traced>) {
        let span = identity.span();
        self.responded(span);
        if !self.nodes.contains_key(&span) {
            let lineage = identity.alone(exchange.facts.context.as_ref());
            out.push(Traced { exchange, lineage });
            return;
        }
        self.retiring.push_back((now.saturating_add(LINK_WINDOW_NS), span));
        if let Some(lineage) = self.settle(span, now, MAX_DEPTH) {
            out.push(Traced { exchange, lineage });
        } else if let Some(node) = self.nodes.get_mut(&span) {
            node.finished = Some(Box::new(exchange));
        }
    }

    /// Event time has come to `now`: windows end, finished exchanges leave, old nodes go.
    pub fn advance(&mut self, now: u64, out: &mut Vec<Traced>) {
        while let Some((_, span)) = pop_due(&mut self.waiting, now) {
            self.release(span, now, out);
        }
        while let Some((_, span)) = pop_due(&mut self.retiring, now) {
            // A node that is still waiting here would have a later window than its own end: it cannot be, but an
            // exchange must never vanish.
            self.release(span, u64::MAX, out);
            self.forget(span);
        }
    }

    /// No event follows: nobody waits any longer.
    pub fn end(&mut self, out: &mut Vec<Traced>) {
        while let Some((_, span)) = self.waiting.pop_front() {
            self.release(span, u64::MAX, out);
        }
        self.advance(u64::MAX, out);
    }

    /// Nodes held now, for tests of memory.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing is followed.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn release(&mut self, span: u64, now: u64, out: &mut Vec<Traced>) {
        let lineage = self.settle(span, now, MAX_DEPTH);
        let finished = self.nodes.get_mut(&span).and_then(|node| node.finished.take());
        if let (Some(exchange), Some(lineage)) = (finished, lineage) {
            out.push(Traced {
                exchange: *exchange,
                lineage,
            });
        }
    }

    /// The place of a node, if it can be told by now. Kept once told: children may already have used it.
    fn settle(&mut self, span: u64, now: u64, depth: u32) -> Option<Lineage> {
        let node = self.nodes.get(&span)?;
        if let Some(lineage) = &node.lineage {
            return Some(Lineage::clone(lineage));
        }
        let expired = now >= node.deadline || depth == 0;
        let (identity, upstream) = (node.identity, node.upstream);
        let lineage = match (node.perspective, upstream.filter(|_| depth > 0)) {
            (Perspective::Client, Some(server)) => self.below_thread(span, server, now, depth),
            // Told by its own request: as cheap as remembering it.
            (Perspective::Client, None) => return Some(identity.alone(node.wire.as_deref())),
            (Perspective::Server, Some(client)) => self.below_client(span, client, now, depth),
            (Perspective::Server, None) => None,
        };
        let node = self.nodes.get_mut(&span)?;
        let lineage = match lineage {
            Some(lineage) => lineage,
            None if expired => identity.alone(node.wire.as_deref()),
            None => return None,
        };
        node.lineage = Some(Box::new(lineage.clone()));
        Some(lineage)
    }

    /// A client that was sent while its thread answered `server`.
    fn below_thread(&mut self, span: u64, server: u64, now: u64, depth: u32) -> Option<Lineage> {
        let node = self.nodes.get(&span)?;
        let identity = node.identity;
        let Some(parent) = self.nodes.get(&server) else {
            return Some(identity.alone(node.wire.as_deref()));
        };
        match (&node.wire, &parent.wire) {
            // The process makes spans of its own and names the one that sends.
            (Some(own), received) if received.as_deref() != Some(own) => return Some(identity.below_wire(own)),
            // The server's trace is on its wire, whoever its parent turns out to be.
            (_, Some(received)) => {
                let trace = parent.identity.below_wire(received);
                return Some(identity.below(&trace, Evidence::Thread));
            }
            _ => {}
        }
        self.settle(server, now, depth - 1)
            .map(|parent| identity.below(&parent, Evidence::Thread))
    }

    /// A server whose request was sent by `client`, at the other end of the same connection.
    fn below_client(&mut self, span: u64, client: u64, now: u64, depth: u32) -> Option<Lineage> {
        let node = self.nodes.get(&span)?;
        let identity = node.identity;
        let other = self.nodes.get(&client).filter(|other| other.wire == node.wire);
        if other.is_none() {
            return Some(identity.alone(node.wire.as_deref()));
        }
        self.settle(client, now, depth - 1)
            .map(|parent| identity.below(&parent, Evidence::Sequence))
    }

    fn answered_by(&self, thread: (u32, u32)) -> Option<u64> {
        self.threads.get(&thread)?.only()
    }

    fn occupy(&mut self, thread: (u32, u32), answered: Answered) {
        if self.threads.len() >= MAX_THREADS {
            self.threads.retain(|_, answering| answering.open > 0);
        }
        self.threads.entry(thread).or_default().open(answered);
    }

    fn join_client(&mut self, span: u64, link: Option<u64>) {
        let Some(key) = link else { return };
        let ends = self.ends.entry(key).or_default();
        ends.client = Some(span);
        let server = ends.server.and_then(|server| self.nodes.get_mut(&server));
        if let Some(server) = server.filter(|server| server.lineage.is_none()) {
            server.upstream = Some(span);
        }
    }

    fn join_server(&mut self, span: u64, link: Option<u64>) -> Option<u64> {
        let ends = self.ends.entry(link?).or_default();
        ends.server = Some(span);
        ends.client
    }

    fn forget(&mut self, span: u64) {
        let Some(node) = self.nodes.remove(&span) else { return };
        let Some(key) = node.link else { return };
        if let Some(ends) = self.ends.get_mut(&key) {
            let mine = match node.perspective {
                Perspective::Client => &mut ends.client,
                Perspective::Server => &mut ends.server,
            };
            if *mine == Some(span) {
                *mine = None;
            }
            if ends.client.is_none() && ends.server.is_none() {
                self.ends.remove(&key);
            }
        }
    }
}

/// The front of a queue in order of time, if its time has come.
fn pop_due(queue: &mut VecDeque<(u64, u64)>, now: u64) -> Option<(u64, u64)> {
    queue.front().filter(|(at, _)| *at <= now)?;
    queue.pop_front()
}
