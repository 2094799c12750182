//! Redis and Valkey: RESP2 and RESP3.
//!
//! A command is a request and what it is answered with is a response; what the server sends unasked (pub/sub messages,
//! invalidations, MONITOR) is a notice. The parser shows keys and names and never a value: see [`query`] for commands
//! and [`errors`] for errors. It reads the heads of values only, so the work for a reply grows with its elements and the
//! memory for it does not grow at all ([`resp`]).
//!
//! Contract: one parser for both directions of one connection. What a reply means (SELECT succeeded, the last of three
//! confirmations) is known from the requests before it ([`session`]); when bytes are lost that knowledge is dropped, and
//! what depended on it is left out of the messages and never guessed.
//!
//! Known limits: subscribing to several channels inside of a transaction in RESP2 breaks the framing of the server's own
//! reply; CLIENT REPLY inside of a transaction is taken for a plain command.

mod commands;
mod detect;
mod errors;
mod query;
mod reply;
mod request;
mod resp;
mod session;
#[cfg(test)]
mod tests;

use crate::parser::{Definition, Detection, Direction, Pairing, ParseError, Parser, Step};

pub(crate) static DEFINITION: Definition = Definition {
    name: "redis",
    title: "Redis",
    covers: "RESP2 and RESP3 (Redis, Valkey): pipelines, transactions, pub/sub, scripts, cluster redirections; values are never shown. \
             Replication streams are not read",
    ports: &[6379, 26379],
    pairing: Pairing::InOrder,
    pipelined: true,
    detect,
    parser: || Box::new(Redis::new()),
};

fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    detect::detect(direction, bytes)
}

/// One connection.
#[derive(Debug)]
struct Redis {
    requests: request::Requests,
    replies: reply::Replies,
    session: session::Session,
}

impl Redis {
    fn new() -> Self {
        Self {
            requests: request::Requests::default(),
            replies: reply::Replies::default(),
            session: session::Session::new(),
        }
    }
}

impl Parser for Redis {
    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        if self.requests.replicates || self.replies.replicates {
            return Ok(Step::Opaque);
        }
        match direction {
            Direction::ToServer => self.requests.next(bytes, &mut self.session),
            Direction::ToClient => self.replies.next(bytes, &mut self.session),
        }
    }

    fn gap(&mut self, direction: Direction) {
        match direction {
            Direction::ToServer => self.requests.forget(),
            Direction::ToClient => self.replies.forget(),
        }
        self.session.forget(direction == Direction::ToServer);
    }

    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize> {
        detect::resync(direction, bytes)
    }
}
