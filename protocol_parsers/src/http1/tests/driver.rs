//! A small stand-in for the engine: feeds a parser the bytes of both directions in turn and consumes what its steps say,
#![allow(clippy::indexing_slicing)]
//! across chunks.

use super::super::DEFINITION;
use crate::message::{Attribute, Message, Value};
use crate::parser::{Direction, ParseError, Parser, Step, RESYNC_OVERLAP};

/// What a conversation gave, in order of steps.
#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    /// With the position of its first byte and its length.
    Message(Direction, u64, u64, Box<Message>),
    Become(&'static str),
    Opaque,
    Error(ParseError),
}

#[derive(Default)]
struct Stream {
    held: Vec<u8>,
    /// Of the first byte held.
    position: u64,
    /// Bytes still to be passed over.
    skip: u64,
    lost: bool,
}

pub(super) struct Driver {
    parser: Box<dyn Parser>,
    streams: [Stream; 2],
    pub(super) seen: Vec<Seen>,
    released: bool,
}

impl Driver {
    pub(super) fn new() -> Self {
        Self {
            parser: (DEFINITION.parser)(),
            streams: Default::default(),
            seen: Vec::new(),
            released: false,
        }
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream {
        &mut self.streams[usize::from(direction == Direction::ToClient)]
    }

    pub(super) fn feed(&mut self, direction: Direction, bytes: &[u8]) {
        let stream = self.stream(direction);
        stream.held.extend_from_slice(bytes);
        // A loop in the parser shows as more steps than bytes and ends of messages without bytes can make.
        for _ in 0..=2 * stream.held.len() + 8 {
            if !self.step(direction) {
                return;
            }
        }
        panic!("the parser does not advance");
    }

    /// Whether to go on.
    fn step(&mut self, direction: Direction) -> bool {
        let stream = self.stream(direction);
        let passed = stream
            .held
            .len()
            .min(usize::try_from(stream.skip).unwrap_or(usize::MAX));
        stream.held.drain(..passed);
        stream.position += passed as u64;
        stream.skip -= passed as u64;
        if self.released || self.stream(direction).held.is_empty() || !self.synchronise(direction) {
            return false;
        }
        let bytes = self.stream(direction).held.clone();
        let position = self.stream(direction).position;
        match self.parser.next(direction, &bytes) {
            Ok(Step::NeedMore) => return false,
            Ok(Step::Skip(len)) => {
                assert_ne!(len, 0, "an empty skip");
                self.stream(direction).skip = len;
            }
            Ok(Step::Message { len, message }) => {
                self.stream(direction).skip = len;
                self.seen.push(Seen::Message(direction, position, len, message));
            }
            Ok(Step::Become(name)) => {
                self.seen.push(Seen::Become(name));
                self.released = true;
            }
            Ok(Step::Opaque) => {
                self.seen.push(Seen::Opaque);
                self.released = true;
            }
            Err(error) => {
                self.seen.push(Seen::Error(error));
                self.parser.gap(direction);
                let stream = self.stream(direction);
                stream.skip = 1;
                stream.lost = true;
            }
        }
        true
    }

    fn synchronise(&mut self, direction: Direction) -> bool {
        if !self.stream(direction).lost {
            return true;
        }
        let bytes = self.stream(direction).held.clone();
        let found = self.parser.resync(direction, &bytes);
        let dropped = found.unwrap_or(bytes.len().saturating_sub(RESYNC_OVERLAP));
        let stream = self.stream(direction);
        stream.held.drain(..dropped);
        stream.position += dropped as u64;
        stream.lost = found.is_none();
        found.is_some()
    }

    /// Bytes are lost here.
    pub(super) fn lose(&mut self, direction: Direction) {
        self.parser.gap(direction);
        let stream = self.stream(direction);
        stream.held.clear();
        stream.lost = true;
    }

    pub(super) fn end(&mut self, direction: Direction) {
        if let Some(message) = self.parser.end(direction) {
            let position = self.stream(direction).position;
            self.seen.push(Seen::Message(direction, position, 0, message));
        }
    }

    /// The messages alone; anything else in between fails the test.
    pub(super) fn messages(&self) -> Vec<&Message> {
        fn message(seen: &Seen) -> &Message {
            match seen {
                Seen::Message(_, _, _, message) => message,
                other => panic!("{other:?}"),
            }
        }
        self.seen.iter().map(message).collect()
    }
}

/// The conversation in pieces of this size, ends included.
pub(super) fn talk(turns: &[(Direction, &[u8])], piece: usize) -> Driver {
    let mut driver = Driver::new();
    for (direction, bytes) in turns {
        for part in bytes.chunks(piece) {
            driver.feed(*direction, part);
        }
    }
    driver.end(Direction::ToServer);
    driver.end(Direction::ToClient);
    driver
}

/// The last value under this key.
pub(super) fn attribute<'a>(message: &'a Message, key: &str) -> Option<&'a Value> {
    let mut attributes = message.facts.attributes.iter().rev();
    attributes
        .find(|attribute: &&Attribute| attribute.key == key)
        .map(|attribute| &attribute.value)
}

pub(super) fn text_of(message: &Message, key: &str) -> String {
    match attribute(message, key) {
        Some(Value::Text(text)) => text.to_string(),
        other => format!("{other:?}"),
    }
}

pub(super) fn int_of(message: &Message, key: &str) -> Option<i64> {
    match attribute(message, key) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    }
}
