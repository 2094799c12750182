//! A request and its response, as one thing: what the connection stage hands on and what a span is built from.

use std::sync::Arc;

use protocol_parsers::{Definition, Facts};

use crate::event::{ConnectionId, Endpoint, Vantage};

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
