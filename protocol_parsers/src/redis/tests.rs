#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
//! Conversations, read through the driver that behaves as the engine does.

use super::DEFINITION;
use crate::message::{Facts, Message, Phase, Reply, Side, Value};
use crate::parser::{Detection, Direction, ParseError, Step};
use Direction::{ToClient, ToServer};

#[path = "../../fuzz/src/driver.rs"]
#[allow(dead_code, missing_docs)]
mod driver;
use driver::{Connection, Said};

/// A command as clients send it.
fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    bytes
}

/// A line of words as a command.
fn typed(line: &str) -> Vec<u8> {
    command(&line.split(' ').collect::<Vec<_>>())
}

fn text<'a>(facts: &'a Facts, key: &str) -> Option<&'a str> {
    facts
        .attributes
        .iter()
        .rev()
        .find(|attribute| attribute.key == key)
        .map(|attribute| match &attribute.value {
            Value::Text(text) => text.as_str(),
            _ => panic!("{key} is no text"),
        })
}

/// What a conversation says, one short line for each message: `>` request, `<` response, `!` notice.
fn said(connection: &Connection) -> Vec<String> {
    connection.said.iter().map(line).collect()
}

fn line(said: &Said) -> String {
    let Said::Message(_, _, _, message) = said else {
        return format!("{said:?}");
    };
    let phase = if message.phase == Phase::Whole {
        String::new()
    } else {
        format!("{:?} ", message.phase)
    };
    let database = text(&message.facts, "db.namespace")
        .map(|name| format!(" @{name}"))
        .unwrap_or_default();
    match message.side {
        Side::Request => {
            let unanswered = if message.reply == Reply::None {
                " (no reply)"
            } else {
                ""
            };
            format!(
                "> {phase}{}{database}{unanswered}",
                text(&message.facts, "db.query.text").unwrap_or_default()
            )
        }
        Side::Response => {
            let failure = message.facts.failure.as_ref();
            let failure =
                failure.map(|failure| format!("{} {:?}", failure.kind, failure.message.as_deref().unwrap_or("")));
            format!("< {phase}{}", failure.unwrap_or_default())
                .trim_end()
                .to_owned()
                + &database
        }
        Side::Notice => "!".to_owned(),
    }
}

/// Reads a conversation whole and byte by byte, and says what both ways agree on.
fn talk(parts: &[(Direction, &[u8])]) -> Vec<String> {
    let mut whole = Connection::new(&DEFINITION);
    let mut bytewise = Connection::new(&DEFINITION);
    for (direction, bytes) in parts {
        whole.feed(*direction, bytes);
        for byte in *bytes {
            bytewise.feed(*direction, &[*byte]);
        }
    }
    assert_eq!(whole.said, bytewise.said, "byte by byte differs from whole");
    said(&whole)
}

/// Lines to the server and replies to it, in turns.
fn turns(parts: &[(&str, &str)]) -> Vec<String> {
    let bytes: Vec<_> = parts
        .iter()
        .map(|(sent, got)| (if sent.is_empty() { Vec::new() } else { typed(sent) }, got.as_bytes()))
        .collect();
    let both = bytes
        .iter()
        .flat_map(|(sent, got)| [(ToServer, &sent[..]), (ToClient, *got)]);
    talk(&both.filter(|(_, bytes)| !bytes.is_empty()).collect::<Vec<_>>())
}

fn query(line: &str) -> String {
    turns(&[(line, "")])[0]
        .trim_start_matches("> ")
        .trim_end_matches(" @0")
        .to_owned()
}

fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    (DEFINITION.detect)(direction, bytes)
}

fn message(step: Result<Step, ParseError>) -> (u64, Message) {
    match step {
        Ok(Step::Message { len, message }) => (len, *message),
        other => panic!("no message: {other:?}"),
    }
}

mod commands_and_replies;
mod properties;
mod real_servers;
