//! HTTP/2 and gRPC: each stream is an exchange.
//!
//! Header blocks are read once they are whole; bodies are passed over by length, and of gRPC's only the prefixes of its
//! messages are looked at. A side that its header ends is one [`Phase::Whole`], any other has a begin and an end. Interim
//! responses are no part of an exchange; a pushed response is an exchange with the request that its promise brings.
//!
//! Contract: met in its middle or after lost bytes, a connection's fields are shown as far as they can be known for sure
//! (see [`hpack`]), and the exchange says when one could be missing.

mod detect;
mod facts;
mod frame;
mod grpc;
mod head;
mod hpack;
mod stream;

#[cfg(test)]
mod tests;

use self::frame::{Kind, PREFACE};
use self::grpc::{Content, Messages};
use self::head::Head;
use self::hpack::Decoder;
use self::stream::{Body, Side as Half, Streams};
use crate::message::{Facts, Message, Phase, Side};
use crate::parser::{Definition, Direction, Pairing, ParseError, Parser, Step};

pub(crate) static DEFINITION: Definition = Definition {
    name: "http2",
    title: "HTTP/2 and gRPC",
    covers:
        "HTTP/2 by prior knowledge or Upgrade, and met in its middle; gRPC of all kinds and gRPC-Web with status and \
             message counts; no bodies, no HTTP/3",
    ports: &[443, 8443, 50051],
    pairing: Pairing::ById,
    pipelined: true,
    detect: detect::detect,
    parser: || Box::<Http2>::default(),
};

/// The stream that a request of HTTP/1 becomes by an Upgrade.
const UPGRADED: u32 = 1;

/// One connection.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Http2 {
    to_server: Lane,
    to_client: Lane,
    streams: Streams,
}

/// One direction.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Lane {
    inside: Option<Inside>,
    /// A message without bytes was said at this place: there is never a second one.
    said_empty: bool,
    table: Decoder,
}

/// The next byte belongs to the data of a frame whose head was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inside {
    stream: u32,
    /// Bytes of data left.
    data: u64,
    padding: u64,
    ends_stream: bool,
}

impl Parser for Http2 {
    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        let step = self.step(direction, bytes)?;
        self.lane(direction).said_empty = match step {
            Step::Message { len, .. } => len == 0,
            Step::NeedMore => self.lane(direction).said_empty,
            Step::Skip(_) | Step::Become(_) | Step::Opaque => false,
        };
        Ok(step)
    }

    fn gap(&mut self, direction: Direction) {
        let lane = self.lane(direction);
        lane.inside = None;
        lane.said_empty = false;
        lane.table.forget();
        self.streams.gap(direction);
    }

    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize> {
        detect::find(direction, bytes, |stream| self.streams.contains(stream))
    }
}

impl Http2 {
    fn step(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        if let Some(inside) = self.lane(direction).inside {
            return Ok(self.data_on(direction, inside, 0, bytes));
        }
        if direction == Direction::ToServer && starts_alike(bytes, PREFACE) {
            if bytes.len() < PREFACE.len() {
                return Ok(Step::NeedMore);
            }
            self.to_server.table = Decoder::default();
            return Ok(Step::Skip(PREFACE.len() as u64));
        }
        let Some(head) = frame::Head::read(bytes)? else {
            return Ok(Step::NeedMore);
        };
        if let Some(step) = self.request_surely_over(direction, &head) {
            return Ok(step);
        }
        match head.kind {
            Kind::Data => self.data(direction, &head, bytes),
            Kind::Headers => self.headers(direction, &head, bytes),
            Kind::PushPromise => self.promise(direction, &head, bytes),
            Kind::RstStream => Ok(self.reset(direction, &head, bytes)),
            Kind::Continuation => Err(ParseError::Malformed("CONTINUATION of nothing")),
            Kind::Priority | Kind::Settings | Kind::Ping | Kind::GoAway | Kind::WindowUpdate | Kind::Other => {
                Ok(Step::Skip(head.total()))
            }
        }
    }

    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// A response ends, but the end of its request may have been lost: then that has passed, too.
    fn request_surely_over(&mut self, direction: Direction, head: &frame::Head) -> Option<Step> {
        if direction == Direction::ToServer || !head.ends_stream() || self.to_client.said_empty {
            return None;
        }
        let stream = self.streams.get(head.stream)?;
        if !matches!(&stream.request, Half::Open(Body { broken: true, .. })) {
            return None;
        }
        stream.request = Half::Ended;
        Some(message(Side::Request, Phase::End, head.stream, 0, Facts::default()))
    }

    /// A DATA frame.
    fn data(&mut self, direction: Direction, head: &frame::Head, bytes: &[u8]) -> Result<Step, ParseError> {
        let Some(data) = frame::data(head, bytes)? else {
            return Ok(Step::NeedMore);
        };
        let stream = self.streams.get(head.stream);
        if !stream.is_some_and(|stream| matches!(stream.side(direction), Half::Open(_))) {
            return Ok(Step::Skip(head.total()));
        }
        let inside = Inside {
            stream: head.stream,
            data: u64::from(data.length),
            padding: head.total() - data.before as u64 - u64::from(data.length),
            ends_stream: head.ends_stream(),
        };
        Ok(self.data_on(direction, inside, data.before, bytes))
    }

    /// Goes on in the data of a frame, of which `before` bytes are still to be taken before them: to its end, or to the
    /// next gRPC message.
    fn data_on(&mut self, direction: Direction, inside: Inside, before: usize, bytes: &[u8]) -> Step {
        let Some(stream) = self.streams.get(inside.stream) else {
            return self.data_taken(direction, inside, inside.data, before);
        };
        let Half::Open(body) = stream.side(direction) else {
            return self.data_taken(direction, inside, inside.data, before);
        };
        let mut taken = inside.data;
        if let Some(messages) = body.messages {
            match messages.advance(bytes.get(before..).unwrap_or_default(), inside.data) {
                Ok(None) => return Step::NeedMore,
                Ok(Some((here, next))) => {
                    taken = here;
                    body.messages = Some(next);
                }
                Err(_) => body.messages = None,
            }
        }
        body.size = body.size.saturating_add(taken);
        self.data_taken(direction, inside, taken, before)
    }

    fn data_taken(&mut self, direction: Direction, inside: Inside, taken: u64, before: usize) -> Step {
        let len = before as u64 + taken;
        if taken < inside.data {
            self.lane(direction).inside = Some(Inside {
                data: inside.data - taken,
                ..inside
            });
            return Step::Skip(len);
        }
        self.lane(direction).inside = None;
        let len = len + inside.padding;
        match inside
            .ends_stream
            .then(|| self.end_body(direction, inside.stream))
            .flatten()
        {
            Some(facts) => message(side_of(direction), Phase::End, inside.stream, len, facts),
            None => Step::Skip(len),
        }
    }

    /// The side that goes this way ends with its body.
    fn end_body(&mut self, direction: Direction, id: u32) -> Option<Facts> {
        let stream = self.streams.get(id)?;
        let Half::Open(body) = std::mem::replace(stream.side(direction), Half::Ended) else {
            return None;
        };
        let facts = facts::of_body(direction, &body, stream);
        self.streams.settle(id);
        Some(facts)
    }

    /// A header block: the beginning of a side, or its trailers.
    fn headers(&mut self, direction: Direction, head: &frame::Head, bytes: &[u8]) -> Result<Step, ParseError> {
        let Some(block) = frame::block(head, bytes)? else {
            return Ok(Step::NeedMore);
        };
        let fields = Head::read(&mut self.lane(direction).table, &block.fields)?;
        let ends = head.ends_stream();
        let said = match direction {
            Direction::ToServer => self.request_headers(head.stream, fields, ends),
            Direction::ToClient => self.response_headers(head.stream, &fields, ends),
        };
        self.streams.settle(head.stream);
        let len = block.len as u64;
        Ok(match said {
            Some((phase, facts)) => message(side_of(direction), phase, head.stream, len, facts),
            None => Step::Skip(len),
        })
    }

    fn request_headers(&mut self, id: u32, mut head: Head, ends: bool) -> Option<(Phase, Facts)> {
        if let Some(stream) = self.streams.get(id).filter(|stream| stream.request != Half::Idle) {
            if !ends {
                return None;
            }
            let Half::Open(body) = std::mem::replace(&mut stream.request, Half::Ended) else {
                return None;
            };
            return Some((
                Phase::End,
                facts::of_trailers(&head, stream, Direction::ToServer, &body),
            ));
        }
        // Servers open even streams, by promises. And a stream that passed unseen is not opened by its trailers.
        let opens = head.has_pseudo || (head.has_unknown && !(ends && self.streams.is_past(id)));
        if id.is_multiple_of(2) || !opens {
            return None;
        }
        self.streams.opened(id);
        let stream = self.streams.enter(id);
        if stream.content == Content::Unknown {
            stream.content = head.content();
        }
        let facts = facts::of_request(&mut head, stream);
        if stream.content == Content::Unknown {
            stream.path = head.path;
        }
        stream.request = if ends {
            Half::Ended
        } else {
            Half::Open(body_of(stream.content))
        };
        Some((if ends { Phase::Whole } else { Phase::Begin }, facts))
    }

    fn response_headers(&mut self, id: u32, head: &Head, ends: bool) -> Option<(Phase, Facts)> {
        if head.is_interim() && !ends {
            return None;
        }
        let known = self.streams.contains(id);
        if !known && (self.streams.is_past(id) || id.is_multiple_of(2) || !(head.has_pseudo || head.has_unknown)) {
            // The request was not seen, and will not be.
            return None;
        }
        let nobody_asked = !known && id == UPGRADED;
        let stream = self.streams.enter(id);
        match std::mem::take(&mut stream.response) {
            Half::Idle => {
                let mut facts = facts::of_response(head, stream, ends);
                if nobody_asked {
                    facts.text("network.protocol.version", crate::Text::const_new("2"));
                }
                stream.response = if ends {
                    Half::Ended
                } else {
                    Half::Open(body_of(stream.content))
                };
                Some((if ends { Phase::Whole } else { Phase::Begin }, facts))
            }
            Half::Open(body) if ends => {
                stream.response = Half::Ended;
                Some((Phase::End, facts::of_trailers(head, stream, Direction::ToClient, &body)))
            }
            // What began before was an interim response whose status was not known.
            Half::Open(body) if head.status.is_some() => {
                stream.response = Half::Open(body);
                Some((Phase::Part, facts::of_response(head, stream, false)))
            }
            other => {
                stream.response = other;
                None
            }
        }
    }

    /// A server announces a response, and the request it would answer.
    fn promise(&mut self, direction: Direction, head: &frame::Head, bytes: &[u8]) -> Result<Step, ParseError> {
        let Some(block) = frame::block(head, bytes)? else {
            return Ok(Step::NeedMore);
        };
        let mut fields = Head::read(&mut self.lane(direction).table, &block.fields)?;
        let len = block.len as u64;
        let promised = block
            .promised
            .filter(|id| id.is_multiple_of(2) && *id != 0 && direction == Direction::ToClient);
        let Some(id) = promised else {
            return Err(ParseError::Malformed("PUSH_PROMISE"));
        };
        let stream = self.streams.enter(id);
        stream.content = fields.content();
        stream.request = Half::Ended;
        let facts = facts::of_promise(&mut fields, stream);
        Ok(message(Side::Request, Phase::Whole, id, len, facts))
    }

    /// The stream is over. What both sides still owe is said one after the other.
    fn reset(&mut self, direction: Direction, head: &frame::Head, bytes: &[u8]) -> Step {
        let Some(code) = frame::reset_code(bytes) else {
            return Step::NeedMore;
        };
        let (id, len) = (head.stream, head.total());
        let said_empty = self.lane(direction).said_empty;
        let Some(stream) = self.streams.get(id) else {
            return Step::Skip(len);
        };
        if let Half::Open(mut body) = std::mem::take(&mut stream.request) {
            body.broken = true;
            let facts = facts::of_body(Direction::ToServer, &body, stream);
            stream.request = Half::Ended;
            if stream.response == Half::Ended {
                self.streams.remove(id);
                return message(Side::Request, Phase::End, id, len, facts);
            }
            if !said_empty {
                return message(Side::Request, Phase::End, id, 0, facts);
            }
        }
        let (phase, mut facts) = match std::mem::take(&mut stream.response) {
            Half::Idle => (Phase::Whole, Facts::default()),
            Half::Open(mut body) => {
                body.broken = true;
                (Phase::End, facts::of_body(Direction::ToClient, &body, stream))
            }
            Half::Ended => {
                self.streams.remove(id);
                return Step::Skip(len);
            }
        };
        facts::add_reset(&mut facts, code, direction, stream);
        self.streams.remove(id);
        message(Side::Response, phase, id, len, facts)
    }
}

/// Whether the shorter one begins the longer one.
fn starts_alike(one: &[u8], other: &[u8]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

fn side_of(direction: Direction) -> Side {
    match direction {
        Direction::ToServer => Side::Request,
        Direction::ToClient => Side::Response,
    }
}

/// An empty body of this content.
fn body_of(content: Content) -> Body {
    let counts = matches!(content, Content::Grpc | Content::Web);
    Body {
        messages: counts.then(Messages::default),
        ..Body::default()
    }
}

fn message(side: Side, phase: Phase, stream: u32, len: u64, facts: Facts) -> Step {
    let message = Message {
        id: u64::from(stream),
        ..Message::new(side, phase, facts)
    };
    Step::Message {
        len,
        message: Box::new(message),
    }
}
