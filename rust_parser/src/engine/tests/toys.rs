//! Toy protocols. Every message carries a number, so that a wrong pair shows: a response repeats its request's.
//!
//! `A5 kind flags phase number(4) body(4)`, then the body. `A6` instead of `A5`: the messages are paired by number.

use protocol_parsers::{
    Definition, Detection, Direction, Facts, Message, Pairing, ParseError, Parser, Phase, Reply, Side, Step,
    TraceContext,
};

pub const HEAD: usize = 12;
/// The body begins with 24 bytes of trace context.
pub const WITH_CONTEXT: u8 = 1;
/// No response follows.
pub const ONE_WAY: u8 = 2;
/// Both directions speak `toyid` after this message.
pub const UPGRADE: u8 = 4;

pub static IN_ORDER: Definition = Definition {
    name: "toy",
    title: "Toy",
    covers: "",
    ports: &[7000],
    pairing: Pairing::InOrder,
    pipelined: true,
    detect: |direction, bytes| detect(0xA5, direction, bytes),
    parser: || {
        Box::new(Toy {
            magic: 0xA5,
            upgraded: 0,
        })
    },
};

pub static BY_ID: Definition = Definition {
    name: "toyid",
    title: "Toy with ids",
    covers: "",
    ports: &[7001],
    pairing: Pairing::ById,
    pipelined: true,
    detect: |direction, bytes| detect(0xA6, direction, bytes),
    parser: || {
        Box::new(Toy {
            magic: 0xA6,
            upgraded: 0,
        })
    },
};

/// Says `Maybe` to everything that starts with a letter.
pub static VAGUE: Definition = Definition {
    name: "vague",
    title: "Vague",
    covers: "",
    ports: &[7002],
    pairing: Pairing::InOrder,
    pipelined: true,
    detect: |_, bytes| {
        if bytes[0].is_ascii_alphabetic() {
            Detection::Maybe
        } else {
            Detection::No
        }
    },
    parser: || Box::new(Letters),
};

fn detect(magic: u8, direction: Direction, bytes: &[u8]) -> Detection {
    let kind = if direction == Direction::ToServer { b'Q' } else { b'A' };
    match bytes {
        [first, second, ..] if *first == magic && *second == kind => Detection::Yes,
        [first] if *first == magic => Detection::NeedMore,
        _ => Detection::No,
    }
}

struct Toy {
    magic: u8,
    upgraded: u8,
}

/// Builds a message.
pub fn message(magic: u8, kind: u8, flags: u8, phase: u8, number: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![magic, kind, flags, phase];
    bytes.extend(number.to_be_bytes());
    bytes.extend(u32::try_from(body.len()).expect("small").to_be_bytes());
    bytes.extend(body);
    bytes
}

impl Parser for Toy {
    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        if self.upgraded == 2 {
            return Ok(Step::Become("toyid"));
        }
        if bytes[0] != self.magic {
            return Err(ParseError::Malformed("magic"));
        }
        if bytes.len() < HEAD {
            return Ok(Step::NeedMore);
        }
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
        let (number, body) = (word(4), word(8));
        let (side, key, expected) = match bytes[1] {
            b'Q' => (Side::Request, "toy.request", Direction::ToServer),
            b'A' => (Side::Response, "toy.response", Direction::ToClient),
            _ => return Err(ParseError::Malformed("kind")),
        };
        if direction != expected {
            return Err(ParseError::Malformed("direction"));
        }
        let mut facts = Facts::default();
        let phase = match bytes[3] {
            0 => Phase::Whole,
            1 => Phase::Begin,
            2 => Phase::Part,
            _ => Phase::End,
        };
        if matches!(phase, Phase::Whole | Phase::Begin) {
            facts.int(key, i64::from(number));
        }
        if bytes[2] & WITH_CONTEXT != 0 {
            let Some(context) = bytes.get(HEAD..HEAD + 24) else {
                return Ok(Step::NeedMore);
            };
            let (trace_id, span_id) = context.split_at(16);
            facts.context = Some(TraceContext {
                trace_id: trace_id.try_into().expect("16"),
                span_id: span_id.try_into().expect("8"),
                flags: 1,
                state: None,
            });
        }
        if bytes[2] & UPGRADE != 0 {
            self.upgraded += 1;
        }
        let mut message = Message::new(side, phase, facts);
        message.id = if self.magic == 0xA6 { u64::from(number) } else { 0 };
        if bytes[2] & ONE_WAY != 0 {
            message.reply = Reply::None;
        }
        Ok(Step::Message {
            len: HEAD as u64 + u64::from(body),
            message: Box::new(message),
        })
    }

    fn gap(&mut self, _: Direction) {}

    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize> {
        let kind = if direction == Direction::ToServer { b'Q' } else { b'A' };
        bytes.windows(2).position(|pair| pair == [self.magic, kind])
    }
}

/// Each byte is a message: a request or a response by its direction.
struct Letters;

impl Parser for Letters {
    fn next(&mut self, direction: Direction, _: &[u8]) -> Result<Step, ParseError> {
        let side = if direction == Direction::ToServer {
            Side::Request
        } else {
            Side::Response
        };
        Ok(Step::Message {
            len: 1,
            message: Box::new(Message::new(side, Phase::Whole, Facts::default())),
        })
    }
    fn gap(&mut self, _: Direction) {}
    fn resync(&self, _: Direction, _: &[u8]) -> Option<usize> {
        Some(0)
    }
}
