//! Protocol parsers: bytes in, messages out.
//!
//! This crate knows no kernel, no socket, no clock, no log and no Python. A parser is shown the bytes of one
//! connection, both directions, and takes messages off them; what a message means for a span is said in
//! [`message::Facts`]. Adding a protocol is one file here and one line in [`registry`].
#![forbid(unsafe_code)]

// Lets the driver of the fuzz crate be included by tests.
#[cfg(test)]
extern crate self as protocol_parsers;

pub mod glossary;
pub mod message;
pub mod parser;
pub mod registry;
pub mod trace_context;

mod http1;
mod http2;
mod kafka;
mod postgres;
mod redis;
mod sql;

pub use glossary::Glossary;
pub use message::{Attribute, Facts, Failure, FailureSide, Message, Phase, Reply, Side, Target, Text, Value};
pub use parser::{Definition, Detection, Direction, Pairing, ParseError, Parser, Step};
pub use trace_context::TraceContext;
