#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
//! Conversations, read through the driver that behaves as the engine does.

use super::DEFINITION;
use crate::message::{Facts, Phase, Reply, Side, Target, Value};
use crate::parser::{Detection, Direction};
use Direction::{ToClient, ToServer};

#[path = "../../fuzz/src/driver.rs"]
#[allow(dead_code, missing_docs, clippy::duplicate_mod)]
mod driver;
use driver::{Connection, Said};

mod conversations;
mod detection;
mod holes;
mod recorded;
mod speed;

/// What is sent, in turns.
type Parts = Vec<(Direction, Vec<u8>)>;

/// A message with a letter.
fn typed(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag][..], &length, body].concat()
}

/// One message of a client in shorthand: `Q select 1`, `P name select 1`, `B portal name`, `D`, `E portal`, `C name`, `S`,
/// `H`; `-` is an empty name.
fn client(line: &str) -> Vec<u8> {
    let (tag, rest) = line.split_at(1);
    let rest = rest.trim_start();
    let name = |name: &str| [name.trim_matches('-').as_bytes(), b"\0"].concat();
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    match tag {
        "Q" => typed(b'Q', &[rest.as_bytes(), b"\0"].concat()),
        "P" => typed(b'P', &[&name(first)[..], second.as_bytes(), b"\0\0\0"].concat()),
        "B" => typed(b'B', &[&name(first)[..], &name(second), &[0; 6]].concat()),
        "D" => typed(b'D', b"P\0"),
        "E" => typed(b'E', &[&name(first)[..], &[0; 4]].concat()),
        "C" => typed(b'C', &[b"S", &name(first)[..]].concat()),
        "F" => typed(b'F', &[0; 10]),
        "d" => typed(b'd', rest.as_bytes()),
        "S" | "H" | "X" | "c" => typed(tag.as_bytes()[0], b""),
        _ => panic!("{line}"),
    }
}

/// One message of a server: `1`, `2`, `n`, `T`, `D`, `C INSERT 0 1`, `E 22012 division by zero`, `Z`.
fn server(line: &str) -> Vec<u8> {
    let (tag, rest) = line.split_at(1);
    let rest = rest.trim_start();
    let report = |severity: &str, rest: &str| {
        let (code, text) = rest.split_once(' ').unwrap_or((rest, "what"));
        format!("S{severity}\0V{severity}\0C{code}\0M{text}\0Fx.c\0L1\0\0").into_bytes()
    };
    match tag {
        "T" => typed(b'T', &[b"\0\x01a\0", &[0; 18][..]].concat()),
        "D" => typed(b'D', b"\0\x01\0\0\0\x02zq"),
        "t" => typed(b't', b"\0\0"),
        "C" => typed(b'C', &[rest.as_bytes(), b"\0"].concat()),
        "E" => typed(b'E', &report("ERROR", rest)),
        "X" => typed(b'E', &report("FATAL", rest)),
        "N" => typed(b'N', &report("WARNING", rest)),
        "Z" => typed(b'Z', if rest.is_empty() { b"I" } else { rest.as_bytes() }),
        "G" | "H" | "W" => typed(tag.as_bytes()[0], &[0; 3]),
        "d" => typed(b'd', b"zq zq"),
        "V" => typed(b'V', b"\0\0\0\x02zq"),
        "A" => typed(b'A', b"\0\0\0\x01zq\0zq\0"),
        "1" | "2" | "3" | "n" | "s" | "I" | "c" => typed(tag.as_bytes()[0], b""),
        _ => panic!("{line}"),
    }
}

/// `> P - select 1 | B | E | S` and `< 1 | 2 | C SELECT 1 | Z`, line by line.
fn script(lines: &str) -> Parts {
    let mut parts = Parts::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (side, messages) = line.split_at(1);
        let messages = messages.split('|').map(str::trim);
        parts.push(match side {
            ">" => (ToServer, messages.flat_map(client).collect()),
            _ => (ToClient, messages.flat_map(server).collect()),
        });
    }
    parts
}

fn value(facts: &Facts, key: &str) -> Option<String> {
    let attribute = facts.attributes.iter().rev().find(|attribute| attribute.key == key)?;
    Some(match &attribute.value {
        Value::Text(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        other => panic!("{other:?}"),
    })
}

/// One short line for each message: `>` request, `<` response, `!` notice.
fn line(said: &Said) -> String {
    let Said::Message(_, _, len, message) = said else {
        return format!("{said:?}");
    };
    let facts = &message.facts;
    let mut words = vec![match message.side {
        Side::Request => {
            assert_eq!(facts.target, Target::None);
            let text = value(facts, "db.query.text").or(facts.operation.as_deref().map(str::to_owned));
            let text = text.or(value(facts, "ebpf_otlp_tracer.db.statement_name"));
            format!("> {}", text.unwrap_or_default())
        }
        Side::Response => "<".to_owned(),
        Side::Notice => return "!".to_owned(),
    }];
    if message.phase != Phase::Whole {
        words.push(format!("{:?}", message.phase));
    }
    if message.reply != Reply::One {
        words.push(format!("({:?})", message.reply));
    }
    if *len == 0 {
        words.push("(empty)".to_owned());
    }
    for (key, short) in [
        ("db.response.returned_rows", "rows"),
        ("ebpf_otlp_tracer.db.affected_rows", "affected"),
    ] {
        words.extend(value(facts, key).map(|count| format!("{short}={count}")));
    }
    match &facts.failure {
        Some(failure) => words.push(format!(
            "{}: {}",
            failure.kind,
            failure.message.as_deref().unwrap_or("-")
        )),
        None => words.extend(value(facts, "db.response.status_code")),
    }
    words.join(" ")
}

fn lines(connection: &Connection) -> Vec<String> {
    connection.said.iter().map(line).collect()
}

/// Reads a conversation whole and byte by byte, and says what both ways agree on.
fn talk(parts: &Parts) -> Vec<String> {
    let mut whole = Connection::new(&DEFINITION);
    let mut bytewise = Connection::new(&DEFINITION);
    for (direction, bytes) in parts {
        whole.feed(*direction, bytes);
        for byte in bytes {
            bytewise.feed(*direction, &[*byte]);
        }
    }
    assert_eq!(whole.said, bytewise.said, "byte by byte differs from whole");
    lines(&whole)
}

#[track_caller]
fn expect(conversation: &str, said: &[&str]) {
    assert_eq!(talk(&script(conversation)), said);
}

/// The whole of what messages say: nothing of it may be secret.
fn shown(connection: &Connection) -> String {
    format!("{:?}", connection.said)
}
