//! PostgreSQL: the frontend/backend protocol, version 3, and what speaks it (poolers, compatible servers).
//!
//! A simple query is an exchange, and so is each Execute of the extended protocol, however many of them stand before one
//! Sync. What only prepares (Parse, Describe, Close on their own) and the login are exchanges that nobody wants to see
//! unless they fail: [`crate::Reply::Routine`]. Statements are remembered under their names, so an Execute has its text.
//!
//! It must never show what a statement is about: parameters and rows are not read, literals are left out by
//! [`crate::sql`], and of the server's error messages those that quote data are cleaned ([`errors`]).
//!
//! Contract: one parser for both directions of one connection. What the server has to answer is a queue ([`session`]); an
//! answer that does not fit it is an error, and after lost bytes answers are told apart by themselves until the queue is
//! known again ([`backend`]).
//!
//! `db.namespace` is the database of the login, without a schema: `search_path` is not followed.

mod backend;
mod detect;
mod errors;
mod frame;
mod frontend;
mod session;
mod statements;
#[cfg(test)]
mod tests;

use crate::parser::{Definition, Detection, Direction, Pairing, ParseError, Parser, Step};

pub(crate) static DEFINITION: Definition = Definition {
    name: "postgres",
    title: "PostgreSQL",
    covers: "Protocol 3: simple and extended queries, pipelines, COPY, function calls, errors, cancellation; literals are never \
             shown. Replication is one long exchange",
    ports: &[5432, 6432],
    pairing: Pairing::InOrder,
    pipelined: true,
    detect,
    parser: || Box::new(Postgres::default()),
};

fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    detect::detect(direction, bytes)
}

/// One connection.
#[derive(Debug, Default)]
struct Postgres {
    requests: frontend::Requests,
    responses: backend::Responses,
    session: session::Session,
}

impl Parser for Postgres {
    fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        match direction {
            Direction::ToServer => self.requests.next(bytes, &mut self.session),
            Direction::ToClient => self.responses.next(bytes, &mut self.session),
        }
    }

    fn gap(&mut self, direction: Direction) {
        if direction == Direction::ToServer {
            self.requests.forget();
        }
        self.responses.forget();
        self.session.forget();
    }

    fn resync(&self, direction: Direction, bytes: &[u8]) -> Option<usize> {
        detect::resync(direction, bytes)
    }
}
