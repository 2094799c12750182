//! Who is whose parent: the identity of a span and its place in a trace.
//!
//! Ids are derived from what was captured and never drawn, so that a replay gives the same spans as the live run. A
//! wrong parent is worse than none: a link is made only on evidence, and the evidence is kept ([`Evidence`]).

pub mod parents;

use protocol_parsers::Text;
use protocol_parsers::TraceContext;
use xxhash_rust::xxh3::{xxh3_128, xxh3_64};

use crate::exchange::{Peers, Perspective};

/// What a parent was found by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// No parent.
    #[default]
    None,
    /// The request carried a trace context.
    Wire,
    /// The thread that sent the request was answering exactly one other request.
    Thread,
    /// Both ends of the connection are traced, and this request starts at the same TCP sequence number at both.
    Sequence,
}

impl Evidence {
    /// The value of the span's attribute; none without a parent.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Wire => Some("traceparent"),
            Self::Thread => Some("thread"),
            Self::Sequence => Some("tcp-sequence"),
        }
    }
}

/// The place of a span in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The root's.
    pub trace_id: [u8; 16],
    /// Its own.
    pub span_id: [u8; 8],
    /// None for a root.
    pub parent: Option<[u8; 8]>,
    /// `tracestate` of the wire, of this request or of the ancestor that brought the trace in.
    pub trace_state: Option<Text>,
    /// W3C trace flags of the wire, or 1 (sampled).
    pub flags: u8,
    /// Why `parent` is the parent.
    pub evidence: Evidence,
}

/// Flags of a trace that starts here: sampled, for it was recorded.
const SAMPLED: u8 = 1;

/// What makes an exchange unique in one boot of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    words: [u64; 4],
}

impl Identity {
    /// Of the exchange whose request starts at this position of this connection.
    pub fn new(peers: &Peers, position: u64, ordinal: u32) -> Self {
        let perspective = match peers.perspective {
            Perspective::Client => 1,
            Perspective::Server => 2,
        };
        Self {
            words: [peers.identity, perspective, position, u64::from(ordinal)],
        }
    }

    /// The span id as a number: never 0, which W3C trace context forbids.
    pub fn span(&self) -> u64 {
        xxh3_64(&self.bytes()).max(1)
    }

    /// The trace id if the exchange is a root: never 0.
    pub fn root_trace(&self) -> [u8; 16] {
        xxh3_128(&self.bytes()).max(1).to_be_bytes()
    }

    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (slot, word) in bytes.chunks_exact_mut(8).zip(self.words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// A root.
    fn root(&self) -> Lineage {
        Lineage {
            trace_id: self.root_trace(),
            span_id: self.span().to_be_bytes(),
            parent: None,
            trace_state: None,
            flags: SAMPLED,
            evidence: Evidence::None,
        }
    }

    /// The child of a span that the wire names.
    fn below_wire(&self, context: &TraceContext) -> Lineage {
        Lineage {
            trace_id: context.trace_id,
            span_id: self.span().to_be_bytes(),
            parent: Some(context.span_id),
            trace_state: context.state.clone(),
            flags: context.flags,
            evidence: Evidence::Wire,
        }
    }

    /// The child of another span of ours.
    fn below(&self, parent: &Lineage, evidence: Evidence) -> Lineage {
        Lineage {
            trace_id: parent.trace_id,
            span_id: self.span().to_be_bytes(),
            parent: Some(parent.span_id),
            trace_state: parent.trace_state.clone(),
            flags: parent.flags,
            evidence,
        }
    }

    /// With nothing but its own request to go by.
    pub fn alone(&self, wire: Option<&TraceContext>) -> Lineage {
        wire.map_or_else(|| self.root(), |context| self.below_wire(context))
    }
}
