//! HTTP/1.0 and HTTP/1.1: requests and responses in order, and what an Upgrade or a CONNECT makes of the connection.
//!
//! Heads are read once they are whole; bodies are passed over by length and never looked at. A message with a known
//! length is one [`Phase::Whole`]; one in chunks or until the close has a begin and an end. Interim responses (1xx) are
//! no part of an exchange. State: what each direction is inside of, and what the requests in flight asked.

mod body;
pub(crate) mod facts;
mod fields;
mod resync;
mod start_line;
mod websocket;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::body::{widen, Asked, Chunk, Framing, UNTIL_CLOSE};
use self::fields::{Fields, Length, Upgrade, MAX_HEAD};
use self::start_line::{RequestLine, StatusLine};
use self::websocket::Session;
use crate::message::{Facts, Message, Phase, Side};
use crate::parser::{Definition, Detection, Direction, Pairing, ParseError, Parser, Step};
use crate::registry;

pub(crate) static DEFINITION: Definition = Definition {
    name: "http1",
    title: "HTTP/1",
    covers: "HTTP/1.0 and 1.1 with pipelining, chunked bodies, CONNECT, Upgrade and WebSocket (frames counted); no bodies, no HTTP/0.9",
    ports: &[80, 8080, 8000, 3000],
    pairing: Pairing::InOrder,
    // Allowed since 1997, and switched off in every browser and client library: servers got it wrong.
    pipelined: false,
    detect: start_line::detect,
    parser: || Box::<Http1>::default(),
};

/// Requests in flight on one connection that are remembered; the oldest is forgotten first. Browsers and proxies
/// pipeline a handful; only a capture of one direction gets here.
const MAX_IN_FLIGHT: usize = 1024;
/// What a client may send after a request that may change the protocol, before the answer to it.
const MAX_EARLY_BYTES: usize = 16 * 1024;

/// One connection.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Http1 {
    speaks: Speaks,
    request: Way,
    response: Way,
    in_flight: VecDeque<Asked>,
}

/// What the connection carries.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
enum Speaks {
    #[default]
    Http,
    WebSocket(Session),
    /// Another registered protocol, by name.
    Other(&'static str),
    /// A tunnel, or a protocol nobody registered.
    Unknown,
}

/// One direction.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Way {
    inside: Inside,
    /// Bytes in which the end of a head was looked for in vain.
    seen: usize,
}

/// What the next byte of a direction belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    /// A head.
    #[default]
    Head,
    /// The body of a request that asked first whether to send it.
    Awaited(Framing, Permission),
    /// A chunked body, this many bytes of data into it; `None` before the first chunk.
    Chunks(Option<u64>),
    /// A body that the end of the connection delimits.
    UntilClose,
}

/// What the server said to `Expect: 100-continue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    Asked,
    Granted,
    /// It answered at once: the body may come nevertheless, or the next request.
    Refused,
}

impl Parser for Http1 {
    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        match &mut self.speaks {
            Speaks::Http => {}
            Speaks::WebSocket(session) => return session.next(direction, bytes),
            Speaks::Other(name) => return Ok(Step::Become(name)),
            Speaks::Unknown => return Ok(Step::Opaque),
        }
        match (direction, self.way(direction).inside) {
            (Direction::ToServer, Inside::Awaited(framing, permission)) => {
                self.awaited_body(bytes, framing, permission)
            }
            (_, Inside::Chunks(counted)) => self.chunk(direction, bytes, counted),
            (_, Inside::UntilClose) => Ok(Step::Skip(UNTIL_CLOSE)),
            (_, Inside::Head | Inside::Awaited(..)) => self.head(direction, bytes),
        }
    }

    fn gap(&mut self, direction: Direction) {
        match &mut self.speaks {
            Speaks::Http => {
                // Which responses answer which requests is no longer known, whichever side was lost.
                self.in_flight.clear();
                *self.way(direction) = Way::default();
            }
            Speaks::WebSocket(session) => session.gap(direction),
            Speaks::Other(_) | Speaks::Unknown => {}
        }
    }

    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize> {
        match self.speaks {
            Speaks::Http => resync::find(direction, bytes),
            Speaks::WebSocket(_) | Speaks::Other(_) | Speaks::Unknown => Some(0),
        }
    }

    fn cut(&mut self, direction: Direction, bytes: &[u8]) -> Option<Box<Message>> {
        let at_head = matches!(self.speaks, Speaks::Http) && self.way(direction).inside == Inside::Head;
        if !at_head {
            return None;
        }
        *self.way(direction) = Way::default();
        match direction {
            Direction::ToServer => self.cut_request(bytes),
            Direction::ToClient => self.cut_response(bytes),
        }
    }

    fn end(&mut self, direction: Direction) -> Option<Box<Message>> {
        if direction == Direction::ToServer {
            return None;
        }
        if let Speaks::WebSocket(session) = &mut self.speaks {
            return session.end().map(Box::new);
        }
        let ended = std::mem::take(&mut self.response).inside == Inside::UntilClose;
        ended.then(|| Box::new(Message::new(Side::Response, Phase::End, Facts::default())))
    }
}

impl Http1 {
    fn way(&mut self, direction: Direction) -> &mut Way {
        match direction {
            Direction::ToServer => &mut self.request,
            Direction::ToClient => &mut self.response,
        }
    }

    /// The front of a direction between two messages.
    fn head(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        match bytes {
            [b'\n', ..] => return Ok(Step::Skip(1)),
            [b'\r', b'\n', ..] => return Ok(Step::Skip(2)),
            [b'\r'] => return Ok(Step::NeedMore),
            _ => {}
        }
        let seen = self.way(direction).seen;
        if seen > 0 && seen < bytes.len() && bytes.len() < MAX_HEAD && !fields::may_end(bytes, seen) {
            self.way(direction).seen = bytes.len();
            return Ok(Step::NeedMore);
        }
        self.way(direction).seen = 0;
        match direction {
            Direction::ToServer => self.request_head(bytes),
            Direction::ToClient => self.response_head(bytes),
        }
    }

    fn request_head(&mut self, bytes: &[u8]) -> Result<Step, ParseError> {
        let (line, from) = match start_line::request_line(bytes) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Step::NeedMore),
            Err(_) if self.may_change_protocol() && bytes.len() <= MAX_EARLY_BYTES => return Ok(Step::NeedMore),
            Err(error) => return Err(error),
        };
        let Some((fields, len)) = fields::read(bytes, from)? else {
            self.request.seen = bytes.len();
            return Ok(Step::NeedMore);
        };
        let framing = body::of_request(&fields)?;
        self.remember(&line, &fields);
        let awaited = fields.expects_continue && !matches!(framing, Framing::Empty | Framing::Length(0));
        let mut facts = facts::of_request(&line, &fields);
        if let (Framing::Length(size), false) = (framing, awaited) {
            facts::add_size(&mut facts, facts::REQUEST_BODY_SIZE, size);
        }
        let (phase, inside, length) = match framing {
            _ if awaited => (Phase::Begin, Inside::Awaited(framing, Permission::Asked), 0),
            Framing::Length(length) => (Phase::Whole, Inside::Head, length),
            Framing::Chunked => (Phase::Begin, Inside::Chunks(None), 0),
            Framing::Empty | Framing::UntilClose => (Phase::Whole, Inside::Head, 0),
        };
        self.request.inside = inside;
        Ok(message(Side::Request, phase, widen(len) + length, facts))
    }

    /// A request of which the front of the head is known: its start line, and the fields that are whole.
    fn cut_request(&mut self, bytes: &[u8]) -> Option<Box<Message>> {
        let (line, from) = start_line::request_line(bytes).ok()??;
        let fields = fields::read_whole_lines(bytes, from);
        self.remember(&line, &fields);
        let mut facts = facts::of_request(&line, &fields);
        if let Length::Known(size) = fields.length {
            facts::add_size(&mut facts, facts::REQUEST_BODY_SIZE, size);
        }
        Some(Box::new(Message::new(Side::Request, Phase::Whole, facts)))
    }

    /// The same of a final response that changes no protocol.
    fn cut_response(&mut self, bytes: &[u8]) -> Option<Box<Message>> {
        let (line, from) = start_line::status_line(bytes).ok()??;
        let tunnels = self.in_flight.front() == Some(&Asked::Connect) && line.code < 300;
        if line.code < 200 || tunnels {
            return None;
        }
        let asked = self.in_flight.pop_front();
        let mut facts = facts::of_response(line);
        let framing = body::of_response(line, &fields::read_whole_lines(bytes, from), asked);
        if let Ok(Framing::Length(size)) = framing {
            facts::add_size(&mut facts, facts::RESPONSE_BODY_SIZE, size);
        }
        Some(Box::new(Message::new(Side::Response, Phase::Whole, facts)))
    }

    /// Remembers what the response will need.
    fn remember(&mut self, line: &RequestLine, fields: &Fields) {
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            self.in_flight.pop_front();
        }
        self.in_flight.push_back(match line.method {
            b"HEAD" => Asked::Head,
            b"CONNECT" => Asked::Connect,
            _ if fields.upgrade.is_some() => Asked::Upgrade,
            _ => Asked::Plain,
        });
    }

    /// Whether the last request, still unanswered, allows the client to speak another protocol soon.
    fn may_change_protocol(&self) -> bool {
        matches!(self.in_flight.back(), Some(Asked::Connect | Asked::Upgrade))
    }

    fn response_head(&mut self, bytes: &[u8]) -> Result<Step, ParseError> {
        let Some((line, from)) = start_line::status_line(bytes)? else {
            return Ok(Step::NeedMore);
        };
        let Some((fields, len)) = fields::read(bytes, from)? else {
            self.response.seen = bytes.len();
            return Ok(Step::NeedMore);
        };
        let len = widen(len);
        if line.code < 200 && line.code != 101 {
            self.permit(line.code == 100);
            return Ok(Step::Skip(len));
        }
        let asked = self.in_flight.front().copied();
        let changes = line.code == 101 || (asked == Some(Asked::Connect) && (200..300).contains(&line.code));
        let framing = if changes {
            Framing::Empty
        } else {
            body::of_response(line, &fields, asked)?
        };
        self.in_flight.pop_front();
        if self.in_flight.is_empty() {
            self.refuse();
        }
        if changes {
            return Ok(self.change_protocol(line, &fields, len));
        }
        let mut facts = facts::of_response(line);
        let (phase, inside, length) = match framing {
            Framing::Empty => (Phase::Whole, Inside::Head, 0),
            Framing::Length(length) => (Phase::Whole, Inside::Head, length),
            Framing::Chunked => (Phase::Begin, Inside::Chunks(None), 0),
            Framing::UntilClose => (Phase::Begin, Inside::UntilClose, 0),
        };
        if let Framing::Length(size) = framing {
            facts::add_size(&mut facts, facts::RESPONSE_BODY_SIZE, size);
        }
        self.response.inside = inside;
        Ok(message(Side::Response, phase, len + length, facts))
    }

    /// The last HTTP message of the connection.
    fn change_protocol(&mut self, line: StatusLine, fields: &Fields, len: u64) -> Step {
        let upgrade = fields.upgrade.filter(|_| line.code == 101);
        self.speaks = match upgrade {
            Some(Upgrade::WebSocket) => Speaks::WebSocket(Session::default()),
            Some(Upgrade::H2c) => registry::find("http2").map_or(Speaks::Unknown, |other| Speaks::Other(other.name)),
            Some(Upgrade::Unknown) | None => Speaks::Unknown,
        };
        if let Speaks::Other(_) = self.speaks {
            // The request is answered in the other protocol, so this is no more than an interim response.
            return Step::Skip(len);
        }
        let phase = if upgrade == Some(Upgrade::WebSocket) {
            Phase::Begin
        } else {
            Phase::Whole
        };
        message(Side::Response, phase, len, facts::of_response(line))
    }

    /// An interim response to the only request in flight, whose body was asked for.
    fn permit(&mut self, granted: bool) {
        if let (true, Inside::Awaited(_, permission)) = (granted && self.in_flight.len() <= 1, &mut self.request.inside)
        {
            *permission = Permission::Granted;
        }
    }

    /// The final response to a request whose body was not asked for.
    fn refuse(&mut self) {
        if let Inside::Awaited(_, permission @ Permission::Asked) = &mut self.request.inside {
            *permission = Permission::Refused;
        }
    }

    /// After a request that waits for 100 Continue: its body, or the next request if the server did not want it.
    fn awaited_body(&mut self, bytes: &[u8], framing: Framing, permission: Permission) -> Result<Step, ParseError> {
        if permission == Permission::Refused {
            match start_line::starts_with_known_method(bytes) {
                Detection::Yes => {
                    self.request = Way::default();
                    return Ok(message(Side::Request, Phase::End, 0, Facts::default()));
                }
                Detection::NeedMore => return Ok(Step::NeedMore),
                Detection::No | Detection::Maybe => {}
            }
        }
        if let Framing::Length(length) = framing {
            self.request = Way::default();
            let facts = facts::of_body(facts::REQUEST_BODY_SIZE, length);
            return Ok(message(Side::Request, Phase::End, length, facts));
        }
        self.request.inside = Inside::Chunks(None);
        self.chunk(Direction::ToServer, bytes, None)
    }

    /// One chunk of a body, or its end.
    fn chunk(&mut self, direction: Direction, bytes: &[u8], counted: Option<u64>) -> Result<Step, ParseError> {
        let before = counted.unwrap_or(0);
        match body::chunk(bytes, counted.is_none())? {
            Chunk::NeedMore => Ok(Step::NeedMore),
            Chunk::Data { skip, size } => {
                self.way(direction).inside = Inside::Chunks(Some(before.saturating_add(size)));
                Ok(Step::Skip(skip))
            }
            Chunk::Last(len) => {
                *self.way(direction) = Way::default();
                let (side, key) = match direction {
                    Direction::ToServer => (Side::Request, facts::REQUEST_BODY_SIZE),
                    Direction::ToClient => (Side::Response, facts::RESPONSE_BODY_SIZE),
                };
                Ok(message(side, Phase::End, len, facts::of_body(key, before)))
            }
        }
    }
}

fn message(side: Side, phase: Phase, len: u64, facts: Facts) -> Step {
    Step::Message {
        len,
        message: Box::new(Message::new(side, phase, facts)),
    }
}
