//! What a parser says about a message: enough to pair it and to describe it in a span, nothing more.
//!
//! Values that may be secret (SQL literals, Redis values, passwords) never enter a message: parsers leave them out.
//! URL queries and header values do, and the engine's `redact` module cleans them before anything is written.

use compact_str::CompactString;

use crate::trace_context::TraceContext;

/// Short text, inline up to 24 bytes: most methods, keys and paths cost no allocation.
pub type Text = CompactString;

/// Which part of an exchange a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Asks. Usually travels to the server.
    Request,
    /// Answers the request that [`crate::Pairing`] finds.
    Response,
    /// Belongs to no exchange (Redis push and pub/sub messages, PostgreSQL notices): counted, never paired.
    Notice,
}

/// Which stretch of its side a message covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// All of it.
    Whole,
    /// The first part; others follow (chunked body, stream).
    Begin,
    /// A part in the middle.
    Part,
    /// The last part. A side that began must end, by this or by the end of the connection.
    End,
}

/// Whether a request is answered. On anything but a request: `One`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// One response follows.
    #[default]
    One,
    /// None ever comes (Kafka acks=0, Redis CLIENT REPLY OFF): the exchange ends with its request.
    None,
    /// One response follows, and the exchange is worth a span only if it failed: a login, the preparation of a statement.
    Routine,
}

impl Reply {
    /// Whether a response follows.
    #[must_use]
    pub fn follows(self) -> bool {
        self != Self::None
    }
}

/// What the exchange is about, for the span's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Nothing to name.
    #[default]
    None,
    /// A URL path: the engine makes a low-cardinality route template of it.
    Path(Text),
    /// A name of low cardinality as it is (a table, a topic, an RPC method).
    Name(Text),
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(Text),
    /// Integer.
    Int(i64),
    /// Boolean.
    Bool(bool),
    /// List of texts.
    List(Vec<Text>),
}

/// One attribute, under its OpenTelemetry semantic-convention key.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The key, as the OpenTelemetry registry spells it.
    pub key: &'static str,
    /// The value.
    pub value: Value,
}

/// On whose span a failure counts as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureSide {
    /// On both.
    Both,
    /// On the client's only (HTTP 4xx).
    Client,
}

/// The exchange failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `error.type`: low cardinality (an HTTP status, an SQLSTATE, a Redis error prefix).
    pub kind: Text,
    /// The peer's own words, if they hold no user data.
    pub message: Option<Text>,
    /// On which side's span it is an error.
    pub side: FailureSide,
}

/// What a message tells about its exchange. The facts of all parts of an exchange add up; later attributes of the
/// same key replace earlier ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The verb of the span's name: `GET`, `SELECT`, `HSET`.
    pub operation: Option<Text>,
    /// The object of the span's name.
    pub target: Target,
    /// Attributes under semantic-convention keys.
    pub attributes: Vec<Attribute>,
    /// Whether it failed.
    pub failure: Option<Failure>,
    /// Trace context found on the wire (traceparent): the parent of the exchange.
    pub context: Option<TraceContext>,
    /// Other trace contexts it refers to (Kafka record headers): span links. At most [`MAX_LINKS`].
    pub links: Vec<TraceContext>,
}

/// A message can carry many contexts (a Kafka batch); a span keeps this many, as SDKs do (default limit 128).
pub const MAX_LINKS: usize = 128;

impl Facts {
    /// Adds a text attribute.
    pub fn text(&mut self, key: &'static str, value: impl Into<Text>) {
        self.attributes.push(Attribute {
            key,
            value: Value::Text(value.into()),
        });
    }

    /// Adds an integer attribute.
    pub fn int(&mut self, key: &'static str, value: i64) {
        self.attributes.push(Attribute {
            key,
            value: Value::Int(value),
        });
    }
}

/// A message, or a part of one, taken off a direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Request, response or neither.
    pub side: Side,
    /// Which stretch of it.
    pub phase: Phase,
    /// What pairs it when the protocol pairs by id; 0 otherwise.
    pub id: u64,
    /// For requests: whether a response follows.
    pub reply: Reply,
    /// What it says.
    pub facts: Facts,
}

impl Message {
    /// A whole message of this side, in order, answered by one response.
    #[must_use]
    pub fn new(side: Side, phase: Phase, facts: Facts) -> Self {
        Self {
            side,
            phase,
            id: 0,
            reply: Reply::One,
            facts,
        }
    }
}
