//! THE interface: what the engine asks of a protocol.
//!
//! Contract of every implementation:
//! * sans-IO: no clock, no log, no global, no allocation that a peer's length field can size;
//! * never panics, never loops, whatever the bytes are;
//! * `next` on a prefix of a message answers [`Step::NeedMore`] or the very step it gives on the whole message;
//! * every length, count and depth read from the wire meets a named limit before it is used.

use std::sync::Arc;

use crate::glossary::Glossary;
use crate::message::Message;

/// Which way bytes travel. The roles are those of the connection, not of the traced process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the side that connected to the side that listened.
    ToServer,
    /// From the side that listened to the side that connected.
    ToClient,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// What a protocol says to the first bytes seen in one direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detection {
    /// These bytes are not mine, whatever follows.
    No,
    /// Too few bytes to tell.
    NeedMore,
    /// They could be mine; a port hint or the other direction may decide.
    Maybe,
    /// They are mine: no other protocol looks like this.
    Yes,
}

/// How the responses of a protocol find their requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// The nth response answers the nth request (HTTP/1, Redis, PostgreSQL, MySQL).
    InOrder,
    /// Both carry an id ([`Message::id`]): HTTP/2 stream, Kafka correlation id.
    ById,
}

/// One protocol, as the registry lists it.
pub struct Definition {
    /// The name users type (`--protocol`) and tests use as a folder: lower case, no punctuation.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What is understood and what is not: one line for the generated table in the README.
    pub covers: &'static str,
    /// Ports that decide between two protocols that both say [`Detection::Maybe`]. A hint, never a proof.
    pub ports: &'static [u16],
    /// How responses find requests.
    pub pairing: Pairing,
    /// Clients in use ask again before they have their answer. If not, a request that is the first thing seen of a
    /// connection met in its middle is the only one in flight, and is paired at once.
    pub pipelined: bool,
    /// Are these the first bytes of my messages, seen in this direction? The bytes may start in the middle of a
    /// connection (late attach) but a `Yes` is only given at a place where a message starts.
    pub detect: fn(Direction, &[u8]) -> Detection,
    /// A fresh parser for one connection.
    pub parser: fn() -> Box<dyn Parser>,
}

/// What the front of a direction's bytes holds.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// The message is not all there; ask again when there are more bytes.
    NeedMore,
    /// This many bytes carry nothing that an exchange needs (padding, one chunk of a body). May be more than are at hand:
    /// the engine then passes over the rest as it comes, captured or not. Never 0.
    Skip(u64),
    /// A message, and the bytes it takes. `len` may be larger than the bytes at hand (a body that nobody reads): the
    /// engine passes over the rest and takes the time of the last byte as the end of the message. `len` is 0 only for
    /// a message that ends another one without bytes of its own, and no more than [`MAX_EMPTY_MESSAGES`] times at
    /// one place.
    Message {
        /// Bytes on the wire, from the front.
        len: u64,
        /// What they say.
        message: Box<Message>,
    },
    /// From here on both directions speak another registered protocol (HTTP Upgrade). The bytes are not consumed. If that
    /// protocol pairs by id, the newest request, when it is still unanswered, is answered there under id 1 (the request of
    /// an Upgrade is the first stream of HTTP/2).
    Become(&'static str),
    /// From here on nothing can be read in either direction (TLS after STARTTLS, a CONNECT tunnel).
    Opaque,
}

/// Why bytes could not be parsed. `Copy`, no allocation: it stands on the hot path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The bytes break the protocol's grammar; the text says which rule.
    Malformed(&'static str),
    /// A length, count or depth is over a named limit; the text names it.
    TooLong(&'static str),
}

/// The state of one connection in one protocol. It sees both directions, so what a response needs from its request
/// (HTTP HEAD, a MySQL command, a Kafka version) is a field.
pub trait Parser: Send {
    /// Before anything else: what other connections tell, and are to be told.
    fn share(&mut self, glossary: &Arc<Glossary>) {
        let _ = glossary;
    }

    /// Look at the front of one direction's bytes (never empty) and take at most one message off it.
    ///
    /// The engine consumes what the step says before it asks again. After an error it treats the place as a hole:
    /// [`Parser::gap`], then [`Parser::resync`].
    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError>;

    /// Bytes of this direction were lost outside a skipped body, so the state of the direction is unknown: forget
    /// everything that depended on it. Also called once for each direction when a connection was met in its middle.
    fn gap(&mut self, direction: Direction);

    /// Where in these bytes could the next message start (after lost bytes)? An offset at which `next` is worth
    /// calling, or `None` when there is none: the engine then drops the bytes but the last [`RESYNC_OVERLAP`].
    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize>;

    /// The message at the front goes on, but no more of it was captured (copy limit, snap length). If these bytes tell
    /// enough for a span that says it was cut, the message, as a whole one; the state is then as after that message, as
    /// far as it can be known, and the engine looks for the next one without [`Parser::gap`].
    fn cut(&mut self, direction: Direction, bytes: &[u8]) -> Option<Box<Message>> {
        let _ = (direction, bytes);
        None
    }

    /// What follows these bytes (none, or those that `next` asked more to) is missing, and it is known how much. A parser
    /// that knows by a length that it read where the thing in front ends takes the step that goes over what is missing,
    /// with what can be known; its `len` is larger than the bytes at hand. `None`: [`Parser::cut`] or [`Parser::gap`]
    /// follows.
    fn step_over(&mut self, direction: Direction, bytes: &[u8]) -> Option<Step> {
        let _ = (direction, bytes);
        None
    }

    /// This direction ended (FIN, close). A message that only the end delimits (HTTP close-delimited body) is
    /// returned now.
    fn end(&mut self, direction: Direction) -> Option<Box<Message>> {
        let _ = direction;
        None
    }
}

/// Messages without bytes at one place. A server that gives up on a pipeline answers all the rest of it at once; a pipeline
/// is not deeper than this.
pub const MAX_EMPTY_MESSAGES: u32 = 65_536;

/// Bytes the engine keeps while it searches for the next message after a hole, because a start may straddle two events.
pub const RESYNC_OVERLAP: usize = 32;

/// The most bytes a parser is ever shown at once; a parser that still answers [`Step::NeedMore`] then has lost its place.
/// 256 KiB holds the largest heads met in practice (HTTP header blocks are capped at 8 to 64 KiB by servers).
pub const MAX_BYTES_SHOWN: usize = 256 * 1024;

impl std::fmt::Debug for Definition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Definition {
    /// Names are unique in the registry (a test says so).
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
