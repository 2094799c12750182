//! What a connection remembers for both directions: what the server has yet to answer, and what the login said.

use std::collections::VecDeque;

use crate::message::{Attribute, Facts, Text, Value};
use crate::parser::ParseError;
use crate::sql::Dialect;

/// Messages of the client that wait for their answer. A pipeline of 10,000 statements has 40,000 of them; more than this
/// were sent by no client that still expects answers.
const MAX_OWED: usize = 1 << 18;

/// How far beyond an Execute the next one is looked for: between two stand a Close, a Parse, a Bind and a Describe.
const LOOK_AHEAD: usize = 64;

/// What the server has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// One letter: whether it encrypts.
    Encryption,
    /// The login.
    Startup,
    /// A simple query.
    Query,
    /// A function call.
    Function,
    Parse,
    Bind,
    Describe,
    Close,
    /// An exchange of its own. `known`: its text is.
    Execute {
        known: bool,
    },
    Sync,
    /// A Sync that is an exchange: before it there was no Execute, but something that can fail.
    RoutineSync,
}

impl Owed {
    /// ReadyForQuery answers it.
    pub(super) fn ends_batch(self) -> bool {
        matches!(
            self,
            Self::Startup | Self::Query | Self::Function | Self::Sync | Self::RoutineSync
        )
    }
}

/// What follows an Execute in its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    Execute,
    Sync,
    Unknown,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    owed: VecDeque<Owed>,
    /// The first entry of the queue is what the server answers next.
    pub(super) aligned: bool,
    /// The client's last message was a Flush: it waits for answers.
    pub(super) flushed: bool,
    pub(super) dialect: Dialect,
    pub(super) database: Option<Text>,
    pub(super) user: Option<Text>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            owed: VecDeque::new(),
            aligned: true,
            flushed: false,
            dialect: Dialect::POSTGRESQL,
            database: None,
            user: None,
        }
    }
}

impl Session {
    /// Bytes were lost: what is owed is not known any more.
    pub(super) fn forget(&mut self) {
        self.owed.clear();
        self.aligned = false;
        self.flushed = false;
    }

    /// The client sent something.
    pub(super) fn owe(&mut self, owed: Owed) -> Result<(), ParseError> {
        if self.owed.len() >= MAX_OWED {
            return Err(ParseError::TooLong("postgres: pipeline"));
        }
        self.owed.push_back(owed);
        Ok(())
    }

    pub(super) fn front(&self) -> Option<Owed> {
        self.owed.front().copied()
    }

    pub(super) fn pop(&mut self) {
        self.owed.pop_front();
    }

    pub(super) fn is_idle(&self) -> bool {
        self.owed.is_empty()
    }

    /// A COPY of the extended protocol ends, so the Sync that was sent with its Execute was passed over by the server. Says
    /// whether there was one.
    pub(super) fn retract_sync(&mut self) -> bool {
        let mut last = self.owed.iter().rev();
        let copies = matches!(
            (last.next(), last.next()),
            (Some(Owed::Sync), Some(Owed::Execute { .. }))
        );
        if copies {
            self.owed.pop_back();
        }
        copies
    }

    /// What follows the Execute at the front.
    pub(super) fn follows(&self) -> Follows {
        let next = self.owed.iter().skip(1).take(LOOK_AHEAD).find_map(|owed| match owed {
            Owed::Execute { .. } => Some(Follows::Execute),
            _ if owed.ends_batch() => Some(Follows::Sync),
            _ => None,
        });
        next.unwrap_or(if self.flushed {
            Follows::Execute
        } else {
            Follows::Unknown
        })
    }

    /// Drops what is owed before the next Execute of the batch. Says whether there is one.
    pub(super) fn skip_to_execute(&mut self) -> bool {
        while let Some(owed) = self.front() {
            if matches!(owed, Owed::Execute { .. }) {
                return true;
            }
            if owed.ends_batch() {
                return false;
            }
            self.pop();
        }
        false
    }

    /// Executes in the first batch of the queue.
    pub(super) fn executes(&self) -> u32 {
        let batch = self.owed.iter().take_while(|owed| !owed.ends_batch());
        let executes = batch.filter(|owed| matches!(owed, Owed::Execute { .. })).count();
        u32::try_from(executes).unwrap_or(u32::MAX)
    }

    /// ReadyForQuery, with a queue whose front is not known: drops one batch, if there is a whole one.
    pub(super) fn drop_batch(&mut self) {
        if let Some(at) = self.owed.iter().position(|owed| owed.ends_batch()) {
            self.owed.drain(..=at);
        }
    }

    /// What every exchange says.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts {
            attributes: Vec::with_capacity(10),
            ..Facts::default()
        };
        let system = Value::Text(const { Text::const_new("postgresql") });
        facts.attributes.push(Attribute {
            key: "db.system.name",
            value: system,
        });
        if let Some(database) = &self.database {
            facts.text("db.namespace", database.clone());
        }
        if let Some(user) = &self.user {
            facts.text("user.name", user.clone());
        }
        facts
    }
}
