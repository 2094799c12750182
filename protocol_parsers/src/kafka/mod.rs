//! Apache Kafka: requests and responses of every kind, paired by correlation id.
//!
//! The head of each request is read, and its body as far as its layout is of use: a table ([`layouts`]) says where topics,
//! groups, offsets, records and errors stand in every version, and a walk ([`walk`]) follows it. A message of up to
//! [`walk::WINDOW`] bytes is read whole; of a larger one a window at a time is looked at, and what records hold is passed
//! over by its length, so a message is never needed at once, however large it is. What stands in keys and values of
//! records, in SASL's messages and in anything else that has no meaning in the table never enters a message.
//!
//! Contract: a response is understood by the request of its correlation id, which one parser for both directions sees.
//! After lost bytes that are not inside of records nothing is said about the message that they were lost from.
//!
//! Known limits: topics that a request names by id (from Produce 13 and Fetch 13 on) have names only when an answer told
//! them since the engine began, on this connection or another; trace contexts are looked for in the first 16 KiB of each batch, in compressed ones as far as 64 KiB come
//! out of them, and in one of sixteen of those while a connection shows none.

mod compression;
mod detect;
mod errors;
mod facts;
mod frame;
mod gathered;
mod layout;
mod layouts;
mod reading;
mod records;
#[cfg(test)]
mod tests;
mod topics;
mod walk;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::glossary::Glossary;
use crate::message::{Facts, Message, Phase, Reply, Side, Text};
use crate::parser::{Definition, Direction, Pairing, ParseError, Parser, Step};
use compression::Curiosity;
use facts::key;
use frame::Head;
use gathered::Part;
use layout::Api;
use reading::{Knowledge, Reading, Stand};
use topics::{Names, Session};
use walk::Supply;

pub(crate) static DEFINITION: Definition = Definition {
    name: "kafka",
    title: "Apache Kafka",
    covers:
        "all requests up to Kafka 4.2 by name, version and error; topics, partitions, offsets, record counts, groups, \
             transactions; all three record formats; trace contexts in record headers. Keys and values are never shown",
    ports: &[9092, 9093, 9094],
    pairing: Pairing::ById,
    pipelined: true,
    detect: detect::detect,
    parser: || Box::new(Kafka::default()),
};

/// Requests that wait for a response. Clients have up to some hundreds in flight; what was lost on the way stays here
/// until that many came after it.
const MAX_IN_FLIGHT: usize = 1024;

/// One connection.
#[derive(Debug, Default)]
struct Kafka {
    to_server: Reading,
    to_client: Reading,
    in_flight: VecDeque<InFlight>,
    names: Names,
    session: Session,
    curiosity: Curiosity,
    /// The client that speaks, to know its requests again.
    client: Text,
    /// SASL's own messages follow, without a head (SaslHandshake 0).
    raw_sasl: bool,
}

/// A request whose response is to come.
#[derive(Debug)]
enum InFlight {
    /// A response.
    Response {
        id: i32,
        api: &'static Api,
        version: i16,
        /// Of a produce request: what was sent where.
        sent: Vec<Part>,
    },
    /// An answer of SASL's, without a head.
    Sasl,
}

impl InFlight {
    fn id(&self) -> Option<i32> {
        match self {
            Self::Response { id, .. } => Some(*id),
            Self::Sasl => None,
        }
    }
}

impl Parser for Kafka {
    fn share(&mut self, glossary: &Arc<Glossary>) {
        self.names = Names::shared(glossary);
    }

    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        Ok(self
            .step(direction, bytes, Supply::Continues)?
            .unwrap_or(Step::NeedMore))
    }

    fn step_over(&mut self, direction: Direction, bytes: &[u8]) -> Option<Step> {
        self.step(direction, bytes, Supply::Ends).ok().flatten()
    }

    fn gap(&mut self, direction: Direction) {
        match direction {
            Direction::ToServer => {
                self.to_server.begun = false;
                self.raw_sasl = false;
                self.session.forget();
            }
            Direction::ToClient => self.to_client.begun = false,
        }
    }

    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize> {
        match direction {
            Direction::ToServer => detect::find_request(bytes, self.client.as_bytes()),
            Direction::ToClient => {
                let mut ids: Vec<i32> = self.in_flight.iter().filter_map(InFlight::id).collect();
                ids.sort_unstable();
                let awaited = |id| ids.binary_search(&id).ok().and_then(|_| self.awaits(id));
                detect::find_response(bytes, ids.is_empty(), awaited)
            }
        }
    }
}

impl Kafka {
    /// `None`: more bytes are needed.
    fn step(&mut self, direction: Direction, bytes: &[u8], supply: Supply) -> Result<Option<Step>, ParseError> {
        match direction {
            Direction::ToServer if self.to_server.begun => Ok(self.rest_of_request(bytes, supply)),
            Direction::ToServer => self.request(bytes, supply),
            Direction::ToClient if self.to_client.begun => Ok(self.rest_of_response(bytes, supply)),
            Direction::ToClient => self.response(bytes, supply),
        }
    }

    fn request(&mut self, bytes: &[u8], supply: Supply) -> Result<Option<Step>, ParseError> {
        let front = match frame::request(bytes) {
            Ok(Some(front)) => front,
            Ok(None) => return Ok(None),
            Err(_) if self.raw_sasl => return self.sasl(bytes),
            Err(error) => return Err(error),
        };
        let Head { api, version, id, .. } = front.head;
        let known = version <= api.newest;
        let layout = if known { api.request } else { layout::NOTHING };
        let Some(body) = front.body(bytes, layout, supply) else {
            return Ok(None);
        };
        if self.client.as_bytes() != front.head.client {
            self.client = Text::from_utf8_lossy(front.head.client);
        }
        self.raw_sasl = api.key == key::SASL_HANDSHAKE && version == 0;
        let flexible = api.is_flexible(version);
        let left = front.total - front.body_at;
        self.to_server.walk.start(layout, version, flexible, flexible, left);
        let (used, stand) = self.walk_request(api, body, supply);
        if !known {
            self.to_server.gathered.doubt();
        }
        let mut facts = facts::of_head(&front.head);
        let reply = if self.to_server.gathered.acks == Some(0) {
            Reply::None
        } else {
            Reply::One
        };
        if reply == Reply::One {
            self.await_response(id, api, version);
        }
        if stand == Stand::Over {
            self.finish_request(id, api, &mut facts);
        } else {
            (self.to_server.begun, self.to_server.id, self.to_server.api) = (true, id, Some(api));
        }
        let mut message = message(Side::Request, stand.of_first(), id, facts);
        message.reply = reply;
        let len = front.body_at + used;
        Ok(Some(Step::Message { len, message }))
    }

    fn rest_of_request(&mut self, bytes: &[u8], supply: Supply) -> Option<Step> {
        let api = self.to_server.api?;
        let window = self.to_server.window(bytes, supply)?;
        let (used, stand) = self.walk_request(api, window, supply);
        if stand == Stand::Midway {
            return Some(Step::Skip(used));
        }
        let id = self.to_server.id;
        let mut facts = Facts::default();
        self.finish_request(id, api, &mut facts);
        self.to_server.begun = false;
        let message = message(Side::Request, Phase::End, id, facts);
        Some(Step::Message { len: used, message })
    }

    fn walk_request(&mut self, api: &Api, bytes: &[u8], supply: Supply) -> (u64, Stand) {
        let knowledge = Knowledge {
            names: &self.names,
            curiosity: &mut self.curiosity,
            session: (api.key == key::FETCH).then_some(&mut self.session),
        };
        self.to_server.walk(bytes, supply, knowledge)
    }

    /// All of a request was walked.
    fn finish_request(&mut self, id: i32, api: &Api, facts: &mut Facts) {
        let gathered = &mut self.to_server.gathered;
        if api.key == key::FETCH && gathered.unread.parts {
            self.session.forget();
        }
        facts::of_request(facts, api, gathered, &self.names, &self.session);
        if api.key == key::PRODUCE {
            let same = |waiting: &&mut InFlight| matches!(waiting, InFlight::Response { id: its, .. } if *its == id);
            if let Some(InFlight::Response { sent, .. }) = self.in_flight.iter_mut().rev().find(same) {
                *sent = std::mem::take(&mut gathered.parts);
            }
        }
        gathered.clear();
    }

    fn await_response(&mut self, id: i32, api: &'static Api, version: i16) {
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            self.in_flight.pop_front();
        }
        let sent = Vec::new();
        self.in_flight.push_back(InFlight::Response { id, api, version, sent });
    }

    /// One of SASL's own messages: nothing of it is read.
    fn sasl(&mut self, bytes: &[u8]) -> Result<Option<Step>, ParseError> {
        let Some(total) = frame::token(bytes)? else {
            return Ok(None);
        };
        // A head's worth of bytes must be there to say that they are none.
        if (bytes.len() as u64) < total.min(frame::LONGEST_HEAD) {
            return Ok(None);
        }
        if self.in_flight.len() < MAX_IN_FLIGHT {
            self.in_flight.push_back(InFlight::Sasl);
        }
        Ok(Some(Step::Skip(total)))
    }

    fn awaits(&self, id: i32) -> Option<(&'static Api, i16)> {
        self.in_flight.iter().find_map(|waiting| match waiting {
            InFlight::Response {
                id: its, api, version, ..
            } if *its == id => Some((*api, *version)),
            _ => None,
        })
    }

    fn response(&mut self, bytes: &[u8], supply: Supply) -> Result<Option<Step>, ParseError> {
        let front = match frame::response(bytes) {
            Ok(Some(front)) => front,
            _ if matches!(self.in_flight.front(), Some(InFlight::Sasl)) => return self.sasl_answer(bytes),
            Ok(None) => return Ok(None),
            Err(error) => return Err(error),
        };
        let same = |waiting: &InFlight| matches!(waiting, InFlight::Response { id, .. } if *id == front.id);
        let Some(place) = self.in_flight.iter().position(same) else {
            if let Some(InFlight::Sasl) = self.in_flight.front() {
                return self.sasl_answer(bytes);
            }
            // Its request was not seen.
            let message = message(Side::Response, Phase::Whole, front.id, Facts::default());
            return Ok(Some(Step::Message {
                len: front.total,
                message,
            }));
        };
        let Some((api, version)) = self.awaits(front.id) else {
            return Ok(None);
        };
        let known = version <= api.newest;
        let layout = if known { api.response } else { layout::NOTHING };
        let Some(body) = front.body(bytes, layout, supply) else {
            return Ok(None);
        };
        let Some(InFlight::Response { sent, .. }) = self.in_flight.remove(place) else {
            return Ok(None);
        };
        // A broker that does not know the version answers in the oldest one, and never with a flexible head.
        let is_versions = api.key == key::API_VERSIONS;
        let version = if is_versions && body.starts_with(&errors::UNSUPPORTED_VERSION) {
            0
        } else {
            version
        };
        let flexible = api.is_flexible(version);
        let reading = &mut self.to_client;
        (reading.id, reading.api, reading.sent) = (front.id, Some(api), sent);
        reading.walk.start(
            layout,
            version,
            flexible,
            flexible && !is_versions,
            front.total - front.body_at,
        );
        let (used, stand) = self.walk_response(body, supply);
        if !known {
            self.to_client.gathered.doubt();
        }
        let facts = if stand == Stand::Over {
            self.finish_response(api)
        } else {
            Facts::default()
        };
        self.to_client.begun = stand == Stand::Midway;
        let message = message(Side::Response, stand.of_first(), front.id, facts);
        let len = front.body_at + used;
        Ok(Some(Step::Message { len, message }))
    }

    /// An answer to one of SASL's own messages.
    fn sasl_answer(&mut self, bytes: &[u8]) -> Result<Option<Step>, ParseError> {
        let Some(total) = frame::token(bytes)? else {
            return Ok(None);
        };
        // What could be a response's number must be there to say that it is none.
        if (bytes.len() as u64) < total.min(8) {
            return Ok(None);
        }
        self.in_flight.pop_front();
        Ok(Some(Step::Skip(total)))
    }

    fn rest_of_response(&mut self, bytes: &[u8], supply: Supply) -> Option<Step> {
        let api = self.to_client.api?;
        let window = self.to_client.window(bytes, supply)?;
        let (used, stand) = self.walk_response(window, supply);
        if stand == Stand::Midway {
            return Some(Step::Skip(used));
        }
        self.to_client.begun = false;
        let facts = self.finish_response(api);
        let message = message(Side::Response, Phase::End, self.to_client.id, facts);
        Some(Step::Message { len: used, message })
    }

    fn walk_response(&mut self, bytes: &[u8], supply: Supply) -> (u64, Stand) {
        let knowledge = Knowledge {
            names: &self.names,
            curiosity: &mut self.curiosity,
            session: None,
        };
        self.to_client.walk(bytes, supply, knowledge)
    }

    fn finish_response(&mut self, api: &Api) -> Facts {
        let Reading { gathered, sent, .. } = &mut self.to_client;
        let facts = facts::of_response(api, gathered, &self.names, sent);
        gathered.clear();
        sent.clear();
        facts
    }
}

fn message(side: Side, phase: Phase, id: i32, facts: Facts) -> Box<Message> {
    let mut message = Message::new(side, phase, facts);
    message.id = u64::from(id.cast_unsigned());
    Box::new(message)
}
