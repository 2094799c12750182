#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
//! Conversations, read through the driver that behaves as the engine does.

use super::DEFINITION;
use crate::message::{Facts, Message, Phase, Reply, Side, Target, Value};
use crate::parser::{Detection, Direction};
use Direction::{ToClient, ToServer};

#[path = "../../fuzz/src/driver.rs"]
#[allow(dead_code, missing_docs, clippy::duplicate_mod)]
mod driver;
use driver::{Connection, Said};

mod bodies;
mod compression;
mod large;
mod meanings;
mod properties;
mod recordings;

fn hex(digits: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}

/// A recording: a line for each piece, with its direction and its bytes in hexadecimal.
fn pieces(recording: &str) -> Vec<(Direction, Vec<u8>)> {
    let piece = |line: &str| {
        let direction = if line.starts_with('>') { ToServer } else { ToClient };
        (direction, hex(&line[2..]))
    };
    recording.lines().map(piece).collect()
}

/// Reads a conversation whole and byte by byte, and says what both ways agree on.
fn talk(pieces: &[(Direction, Vec<u8>)]) -> Connection {
    let mut whole = Connection::new(&DEFINITION);
    let mut bytewise = Connection::new(&DEFINITION);
    for (direction, bytes) in pieces {
        whole.feed(*direction, bytes);
        for byte in bytes {
            bytewise.feed(*direction, &[*byte]);
        }
    }
    assert_eq!(whole.said, bytewise.said, "byte by byte differs from whole");
    whole
}

/// One short line for each message: `>` request, `<` response.
fn lines(connection: &Connection) -> Vec<String> {
    connection.said.iter().map(line).collect()
}

fn line(said: &Said) -> String {
    let Said::Message(_, _, _, message) = said else {
        return format!("{said:?}");
    };
    let Message {
        side,
        phase,
        reply,
        facts,
        ..
    } = &**message;
    let start = match side {
        Side::Request => format!("> {}", facts.operation.as_deref().unwrap_or("")),
        _ => "<".to_owned(),
    };
    let phase = if *phase == Phase::Whole {
        String::new()
    } else {
        format!(" {phase:?}")
    };
    let target = match &facts.target {
        Target::Name(name) => format!(" {name}"),
        _ => String::new(),
    };
    let reply = if *reply == Reply::None { " (no reply)" } else { "" };
    let failure = facts
        .failure
        .as_ref()
        .map_or_else(String::new, |failure| format!(" {}!", failure.kind));
    format!("{start}{phase}{target}{reply}{failure}{}", attributes(facts))
}

/// The attributes that say more than the head does.
fn attributes(facts: &Facts) -> String {
    let known = |key: &str| {
        let hidden = [
            "messaging.system",
            "messaging.operation.name",
            "messaging.operation.type",
            "messaging.client.id",
        ];
        hidden.contains(&key) || key == "messaging.destination.name" || key.ends_with("correlation_id")
    };
    let shown = facts.attributes.iter().filter(|attribute| !known(attribute.key));
    let texts = shown.map(|attribute| {
        let value = match &attribute.value {
            Value::Text(text) => text.to_string(),
            Value::Int(int) => int.to_string(),
            Value::Bool(bool) => bool.to_string(),
            Value::List(texts) => texts.join(","),
        };
        let key = attribute.key.rsplit('.').next().unwrap_or_default();
        format!(" {key}={value}")
    });
    let links = if facts.links.is_empty() {
        String::new()
    } else {
        format!(" links={}", facts.links.len())
    };
    texts.collect::<String>() + &links
}

/// A length in front.
fn framed(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A request of a client called "test".
fn request(key: i16, version: i16, id: i32, body: &[u8]) -> Vec<u8> {
    let head = [
        &key.to_be_bytes()[..],
        &version.to_be_bytes(),
        &id.to_be_bytes(),
        b"\0\x04test",
    ]
    .concat();
    let flexible = super::layouts::APIS[usize::try_from(key).unwrap()].is_flexible(version);
    let tags: &[u8] = if flexible { &[0] } else { &[] };
    framed(&[&head[..], tags, body].concat())
}

fn response(id: i32, body: &[u8]) -> Vec<u8> {
    framed(&[&id.to_be_bytes(), body].concat())
}

/// A batch of records without keys, format 2.
fn batch(first: i64, attributes: u16, values: &[&[u8]], headers: &[(&str, &str)]) -> Vec<u8> {
    let mut records = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let mut record = vec![0, 0, zigzag(at), 1];
        field(&mut record, value);
        record.push(zigzag(headers.len()));
        for (name, value) in headers {
            field(&mut record, name.as_bytes());
            field(&mut record, value.as_bytes());
        }
        field(&mut records, &record);
    }
    batch_of(first, attributes, values.len(), &records)
}

/// A batch around records that are packed already.
fn batch_of(first: i64, attributes: u16, count: usize, records: &[u8]) -> Vec<u8> {
    let count = i32::try_from(count).unwrap();
    let mut bytes = first.to_be_bytes().to_vec();
    bytes.extend(u32::try_from(records.len() + 49).unwrap().to_be_bytes());
    bytes.extend([0, 0, 0, 0, 2, 0, 0, 0, 0]);
    bytes.extend(attributes.to_be_bytes());
    bytes.extend((count - 1).to_be_bytes());
    bytes.extend([0; 30]);
    bytes.extend(count.to_be_bytes());
    bytes.extend(records);
    bytes
}

fn zigzag(number: usize) -> u8 {
    u8::try_from(number * 2).unwrap()
}

/// A length as records have it, and bytes.
fn field(to: &mut Vec<u8>, bytes: &[u8]) {
    varint(to, bytes.len() * 2);
    to.extend(bytes);
}

fn varint(to: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        to.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    to.push(u8::try_from(number).unwrap());
}

/// A partition and its records.
type Sent = (i32, Vec<u8>);

/// A partition, its error, its first offset.
type Written = (i32, i16, i64);

/// A produce request of version 7: records of the partitions of one topic after the other.
fn produce(id: i32, acks: i16, topics: &[(&str, &[Sent])]) -> Vec<u8> {
    let mut body = [&[0xff, 0xff][..], &acks.to_be_bytes(), &[0, 0, 0x75, 0x30]].concat();
    body.extend(u32::try_from(topics.len()).unwrap().to_be_bytes());
    for (topic, partitions) in topics {
        body.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
        body.extend(topic.as_bytes());
        body.extend(u32::try_from(partitions.len()).unwrap().to_be_bytes());
        for (partition, records) in *partitions {
            body.extend(partition.to_be_bytes());
            body.extend(framed(records));
        }
    }
    request(0, 7, id, &body)
}

/// Its response.
fn produced(id: i32, topics: &[(&str, &[Written])], throttle_ms: i32) -> Vec<u8> {
    let mut body = u32::try_from(topics.len()).unwrap().to_be_bytes().to_vec();
    for (topic, partitions) in topics {
        body.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
        body.extend(topic.as_bytes());
        body.extend(u32::try_from(partitions.len()).unwrap().to_be_bytes());
        for (partition, error, offset) in *partitions {
            body.extend(partition.to_be_bytes());
            body.extend(error.to_be_bytes());
            body.extend(offset.to_be_bytes());
            body.extend([0xff; 8]);
            body.extend([0; 8]);
        }
    }
    body.extend(throttle_ms.to_be_bytes());
    response(id, &body)
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    (DEFINITION.detect)(direction, bytes)
}
