#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
//! Conversations, read through the driver that behaves as the engine does.

use std::fmt::Write as _;

use super::DEFINITION;
use crate::message::{Facts, FailureSide, Message, Phase, Side, Target, Value};
use crate::parser::{Detection, Direction, ParseError, Step};
use Direction::{ToClient, ToServer};

#[path = "../../../fuzz/src/driver.rs"]
#[allow(dead_code, missing_docs, clippy::duplicate_mod)]
mod driver;
use driver::{Connection, Said};

mod calls;
mod detection;
mod exchanges;
mod places;
mod properties;
mod real;
mod speed;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;

const NONE: u8 = 0;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block of plain literals. A `+` before a name lets it enter the table, `@n` is the field with that index.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        if let Some(index) = name.strip_prefix('@') {
            bytes.push(0x80 | index.parse::<u8>().unwrap());
            continue;
        }
        let (first, name) = name.strip_prefix('+').map_or((0, *name), |name| (0x40, name));
        bytes.push(first);
        for text in [name, *value] {
            bytes.push(u8::try_from(text.len()).unwrap());
            bytes.extend(text.bytes());
        }
    }
    bytes
}

/// A HEADERS frame that holds all its fields.
fn headers(flags: u8, stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, flags | END_HEADERS, stream, &block(fields))
}

fn data(flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, payload)
}

fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, NONE, stream, &code.to_be_bytes())
}

const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/a?b=c"),
    (":authority", "shop:8080"),
];
const POST: &[(&str, &str)] = &[(":method", "POST"), (":scheme", "http"), (":path", "/up")];
const OK: &[(&str, &str)] = &[(":status", "200")];
const CALL: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/shop.v1.Cart/Add"),
    ("content-type", "application/grpc"),
];
const CALL_OK: &[(&str, &str)] = &[(":status", "200"), ("content-type", "application/grpc")];
const DONE: &[(&str, &str)] = &[("grpc-status", "0")];

/// A gRPC message of so many bytes.
fn grpc_message(size: u32) -> Vec<u8> {
    [&[0], &size.to_be_bytes()[..], &vec![b'm'; size as usize]].concat()
}

fn value<'a>(facts: &'a Facts, key: &str) -> Option<&'a Value> {
    let mut found = facts.attributes.iter().rev().filter(|attribute| attribute.key == key);
    found.next().map(|attribute| &attribute.value)
}

fn shown(facts: &Facts, key: &str) -> Option<String> {
    value(facts, key).map(|value| match value {
        Value::Text(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::List(_) => panic!("{key} is a list"),
    })
}

/// What a message says in one short line: `>` request, `<` response, with its stream, phase and what tells it apart.
fn line(said: &Said) -> String {
    let Said::Message(_, _, _, message) = said else {
        return format!("{said:?}");
    };
    let arrow = if message.side == Side::Request { '>' } else { '<' };
    let mut line = format!("{arrow}{}", message.id);
    if message.phase != Phase::Whole {
        let _ = write!(line, " {:?}", message.phase);
    }
    let facts = &message.facts;
    if let Some(operation) = facts.operation.as_deref().filter(|operation| !operation.is_empty()) {
        let _ = write!(line, " {operation}");
    }
    match &facts.target {
        Target::None => {}
        Target::Path(name) | Target::Name(name) => {
            let _ = write!(line, " {name}");
        }
    }
    for (key, short) in [
        ("http.response.status_code", ""),
        ("rpc.response.status_code", ""),
        ("http.request.body.size", "size="),
        ("http.response.body.size", "size="),
        ("ebpf_otlp_tracer.grpc.request_messages", "messages="),
        ("ebpf_otlp_tracer.grpc.response_messages", "messages="),
        ("ebpf_otlp_tracer.http2.reset", "reset="),
        ("ebpf_otlp_tracer.http2.headers_incomplete", "incomplete="),
    ] {
        if let Some(value) = shown(facts, key) {
            let _ = write!(line, " {short}{value}");
        }
    }
    if let Some(failure) = &facts.failure {
        let side = if failure.side == FailureSide::Both {
            "both"
        } else {
            "client"
        };
        let _ = write!(line, " !{} ({side})", failure.kind);
    }
    line
}

fn lines(connection: &Connection) -> Vec<String> {
    connection.said.iter().map(line).collect()
}

/// Reads a conversation whole and byte by byte, and says what both ways agree on.
fn talk(parts: &[(Direction, Vec<u8>)]) -> Vec<String> {
    let (mut whole, mut bytewise) = (Connection::new(&DEFINITION), Connection::new(&DEFINITION));
    for (direction, bytes) in parts {
        whole.feed(*direction, bytes);
        for byte in bytes {
            bytewise.feed(*direction, &[*byte]);
        }
    }
    assert_eq!(whole.said, bytewise.said, "byte by byte differs from whole");
    lines(&whole)
}

/// The messages of frames that go one way on a fresh connection.
fn messages(direction: Direction, bytes: &[u8]) -> Vec<Message> {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(direction, bytes);
    let messages = connection.said.into_iter().map(|said| match said {
        Said::Message(_, _, _, message) => *message,
        other => panic!("{other:?}"),
    });
    messages.collect()
}

fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    (DEFINITION.detect)(direction, bytes)
}

/// A small generator of numbers: the tests must be the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}
