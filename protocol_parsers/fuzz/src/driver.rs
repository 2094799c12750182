//! Drives any registered parser as the engine does: bytes come in pieces, steps consume them, lost places are
//! resynchronised. Used by the fuzz target and, included by path, by ordinary tests.
//!
//! It checks the contract on the way: no step without progress, no empty message twice at one place, every hole left
//! behind. What a parser said is returned with the positions, so that two ways of cutting can be compared.

use protocol_parsers::parser::{MAX_BYTES_SHOWN, MAX_EMPTY_MESSAGES, RESYNC_OVERLAP};
use protocol_parsers::{Definition, Direction, Message, Parser, Step};

/// Something a parser said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A message at this position of its direction, of this length.
    Message(Direction, u64, u64, Box<Message>),
    /// The bytes at this position could not be read.
    Lost(Direction, u64),
    /// Nothing more is read.
    Opaque,
    /// Another protocol follows.
    Become(&'static str),
}

#[derive(Default)]
struct Way {
    bytes: Vec<u8>,
    position: u64,
    /// Bytes to pass over as they come.
    skip: u64,
    /// The place is lost: look for the next start.
    lost: bool,
    /// Empty messages taken at this place.
    empty: u32,
}

/// One connection.
pub struct Connection {
    parser: Box<dyn Parser>,
    ways: [Way; 2],
    /// What was said so far.
    pub said: Vec<Said>,
    over: bool,
}

impl Connection {
    /// A connection of this protocol, from its beginning.
    pub fn new(definition: &Definition) -> Self {
        Self {
            parser: (definition.parser)(),
            ways: Default::default(),
            said: Vec::new(),
            over: false,
        }
    }

    /// A connection that is met in its middle.
    pub fn late(definition: &Definition) -> Self {
        let mut connection = Self::new(definition);
        for direction in [Direction::ToServer, Direction::ToClient] {
            connection.gap(direction);
        }
        connection
    }

    /// Bytes of a direction are lost.
    pub fn gap(&mut self, direction: Direction) {
        self.parser.gap(direction);
        let way = &mut self.ways[usize::from(direction == Direction::ToClient)];
        *way = Way {
            position: way.position + way.bytes.len() as u64,
            lost: true,
            ..Way::default()
        };
    }

    /// So many bytes of a direction are lost: what the parser can pass over it does.
    pub fn hole(&mut self, direction: Direction, mut bytes: u64) {
        loop {
            let way = &mut self.ways[usize::from(direction == Direction::ToClient)];
            let passed = way.skip.min(bytes);
            way.skip -= passed;
            way.position += passed;
            bytes -= passed;
            if bytes == 0 {
                return;
            }
            let here = way.bytes.len() as u64;
            let step = if way.lost {
                None
            } else {
                self.parser.step_over(direction, &way.bytes)
            };
            match step {
                Some(Step::Skip(len)) if len > here => way.take(len),
                Some(Step::Message { len, message }) if len > here => {
                    self.said.push(Said::Message(direction, way.position, len, message));
                    way.take(len);
                }
                _ => break,
            }
        }
        self.gap(direction);
        self.ways[usize::from(direction == Direction::ToClient)].position += bytes;
    }

    /// Bytes come; they are read as far as that is possible.
    pub fn feed(&mut self, direction: Direction, bytes: &[u8]) {
        let Self {
            parser,
            ways,
            said,
            over,
        } = self;
        let way = &mut ways[usize::from(direction == Direction::ToClient)];
        way.bytes.extend_from_slice(bytes);
        while !*over && !way.bytes.is_empty() {
            if way.skip > 0 {
                way.pass();
                continue;
            }
            if way.lost && !way.find(parser.as_ref(), direction) {
                return;
            }
            let shown = way.bytes.len().min(MAX_BYTES_SHOWN);
            match parser.next(direction, &way.bytes[..shown]) {
                Ok(Step::NeedMore) if shown < MAX_BYTES_SHOWN => return,
                Ok(Step::NeedMore) | Err(_) => {
                    said.push(Said::Lost(direction, way.position));
                    parser.gap(direction);
                    way.lose();
                }
                Ok(Step::Skip(len)) => {
                    assert!(len > 0, "a skip of nothing at {}", way.position);
                    way.take(len);
                }
                Ok(Step::Message { len, message }) => {
                    assert!(
                        len > 0 || way.empty < MAX_EMPTY_MESSAGES,
                        "too many empty messages at {}",
                        way.position
                    );
                    said.push(Said::Message(direction, way.position, len, message));
                    way.take(len);
                }
                Ok(Step::Become(name)) => {
                    said.push(Said::Become(name));
                    *over = true;
                }
                Ok(Step::Opaque) => {
                    said.push(Said::Opaque);
                    *over = true;
                }
            }
        }
    }

    /// A direction ends.
    pub fn end(&mut self, direction: Direction) {
        if let Some(message) = self.parser.end(direction) {
            let position = self.ways[usize::from(direction == Direction::ToClient)].position;
            self.said.push(Said::Message(direction, position, 0, message));
        }
    }
}

impl Way {
    fn take(&mut self, len: u64) {
        self.skip = len;
        self.empty = if len == 0 { self.empty + 1 } else { 0 };
        self.pass();
    }

    fn pass(&mut self) {
        let now = usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..now);
        self.skip -= now as u64;
        self.position += now as u64;
    }

    /// The byte in front cannot be where a message starts.
    fn lose(&mut self) {
        self.take(1);
        self.lost = true;
    }

    /// Goes to where the next message could start; false: there is no such place yet.
    fn find(&mut self, parser: &dyn Parser, direction: Direction) -> bool {
        if let Some(at) = parser.resync(direction, &self.bytes) {
            assert!(at <= self.bytes.len(), "resynchronised beyond the bytes");
            self.take(at as u64);
            self.empty = 0;
            self.lost = false;
            return !self.bytes.is_empty();
        }
        self.take(self.bytes.len().saturating_sub(RESYNC_OVERLAP) as u64);
        false
    }
}

/// Reads arbitrary bytes as a conversation: each piece has two bytes in front, one that gives its direction and whether
/// bytes are lost before it, and its length less one. The same bytes one by one must say the same, up to the first place that is lost:
/// where it goes on from there depends on what was at hand.
pub fn fuzz(definition: &Definition, data: &[u8]) {
    let _ = (definition.detect)(Direction::ToServer, data);
    let _ = (definition.detect)(Direction::ToClient, data);
    let mut whole = Connection::new(definition);
    let mut bytewise = Connection::new(definition);
    let mut comparable = true;
    let mut rest = data;
    while let [control, length, tail @ ..] = rest {
        let direction = if control & 1 == 0 {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        if control & 2 != 0 && control & 4 != 0 {
            comparable = false;
            whole.gap(direction);
            bytewise.gap(direction);
        }
        let length = (usize::from(*length) + 1).min(tail.len());
        let (piece, next) = tail.split_at(length);
        whole.feed(direction, piece);
        for byte in piece {
            bytewise.feed(direction, std::slice::from_ref(byte));
        }
        rest = next;
    }
    if comparable {
        let clean = |said: &[Said]| {
            said.iter()
                .take_while(|said| !matches!(said, Said::Lost(..)))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            clean(&whole.said),
            clean(&bytewise.said),
            "{}: byte by byte differs from whole",
            definition.name
        );
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        whole.end(direction);
    }
}
