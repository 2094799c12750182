//! A span and the resource it belongs to, as the exporters see them; and how both are made.
//!
//! Contract: [`build`] is a pure function of the exchange, its lineage and the anchors of the clock. The only state is
//! [`crate::naming::Names`], which changes in the order of the events and in no other way, so a replay gives the same
//! spans.

mod build;
mod clock;
mod resource;
mod uuid;

use std::sync::Arc;

use protocol_parsers::{Attribute, Text};

pub use build::build;
pub use clock::{Anchor, ClockMap};

/// Whose view of the exchange a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The side that answers.
    Server,
    /// The side that asks.
    Client,
    /// Sends a message to a broker.
    Producer,
    /// Receives messages from a broker.
    Consumer,
}

/// The status of a span. Success is left unset, as OpenTelemetry asks of instrumentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing to say.
    #[default]
    Unset,
    /// Failed, with a short description (may be empty).
    Error(Text),
}

/// A point in time within a span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEvent {
    /// UNIX nanoseconds.
    pub time_unix_nano: u64,
    /// What happened.
    pub name: &'static str,
    /// More about it.
    pub attributes: Vec<Attribute>,
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its trace.
    pub trace_id: [u8; 16],
    /// Its id.
    pub span_id: [u8; 8],
}

/// One finished exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Derived from what was captured; the parent's if there is one.
    pub trace_id: [u8; 16],
    /// Derived from boot, connection and position in the stream.
    pub span_id: [u8; 8],
    /// None for a root.
    pub parent_span_id: Option<[u8; 8]>,
    /// `tracestate` of the wire, verbatim.
    pub trace_state: Option<Text>,
    /// As OTLP has them: W3C trace flags in the low byte, then [`FLAG_PARENT_KNOWN`] and [`FLAG_PARENT_REMOTE`].
    pub flags: u32,
    /// Low cardinality.
    pub name: Text,
    /// Client, server, producer, consumer.
    pub kind: Kind,
    /// First byte of the request, UNIX nanoseconds.
    pub start_unix_nano: u64,
    /// Last byte of the response, UNIX nanoseconds.
    pub end_unix_nano: u64,
    /// Unique keys.
    pub attributes: Vec<Attribute>,
    /// Things that happened meanwhile.
    pub events: Vec<SpanEvent>,
    /// Other spans it refers to.
    pub links: Vec<Link>,
    /// Success or failure.
    pub status: Status,
    /// The process (or capture) it belongs to. Shared by all spans of the process.
    pub resource: Arc<Resource>,
}

/// What sends a span: one process, or one packet capture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// Attributes, sorted by key; keys are owned because OTEL_RESOURCE_ATTRIBUTES brings its own.
    pub attributes: Vec<(String, protocol_parsers::Value)>,
}

/// It is known whether the parent is in another process.
pub const FLAG_PARENT_KNOWN: u32 = 0x100;
/// The parent is in another process.
pub const FLAG_PARENT_REMOTE: u32 = 0x200;

/// Name of the instrumentation scope of every span.
pub const SCOPE_NAME: &str = "ebpf-otlp-tracer";
/// Version of the instrumentation scope.
pub const SCOPE_VERSION: &str = env!("CARGO_PKG_VERSION");
