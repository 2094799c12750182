//! What a connection remembers between its messages: which replies are owed, the database, the subscriptions.

use std::collections::VecDeque;

use super::resp::{Confirm, Family};
use crate::parser::ParseError;

/// Runs of equal entries in the queue of replies owed; plain commands are one run however many they are, so only a
/// pipeline of this many changes between plain and other commands meets it (about 200 KiB).
const MAX_RUNS: usize = 8192;

/// What is known about the reply to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// One, which changes nothing.
    Plain,
    /// The same; which database the command meets is known when its reply comes.
    Late,
    /// To SELECT of this database (`None`: of none that can be).
    Select(Option<u32>),
    /// To EXEC; `true`: a SELECT is queued in its transaction.
    Exec(bool),
    /// To DISCARD; as above.
    Discard(bool),
    /// To RESET.
    Reset,
    /// To PSYNC.
    Psync,
    /// To SYNC.
    Sync,
    /// Confirmations.
    Confirm {
        /// What they confirm.
        what: Confirm,
        /// How many follow; 0: as many as there are subscriptions.
        left: u32,
        /// The first was there.
        begun: bool,
    },
}

impl Owed {
    /// While it is owed, the database of later commands is not known.
    fn unsettles(self) -> bool {
        matches!(
            self,
            Self::Select(_) | Self::Exec(true) | Self::Discard(true) | Self::Reset
        )
    }
}

/// What a transaction will do to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queued {
    Nothing,
    Select(Option<u32>),
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    owed: VecDeque<(Owed, u32)>,
    unsettled: u32,
    /// The database; `None`: not known.
    pub database: Option<u32>,
    /// SELECT answered QUEUED: takes effect with EXEC.
    queued: Queued,
    /// Subscribed channels, patterns, shard channels; `None`: not known.
    channels: Option<u32>,
    patterns: Option<u32>,
    shards: Option<u32>,
    /// A message of pub/sub was seen since the counts are not known.
    listens: bool,
}

impl Session {
    /// A connection from its beginning.
    pub(super) fn new() -> Self {
        Self {
            owed: VecDeque::new(),
            unsettled: 0,
            database: Some(0),
            queued: Queued::Nothing,
            channels: Some(0),
            patterns: Some(0),
            shards: Some(0),
            listens: false,
        }
    }

    /// Which replies are owed is not known; with `requests` lost, neither is what they changed.
    pub(super) fn forget(&mut self, requests: bool) {
        if requests || self.unsettled > 0 || self.queued != Queued::Nothing {
            self.database = None;
        }
        self.owed.clear();
        self.unsettled = 0;
        self.queued = Queued::Nothing;
        (self.channels, self.patterns, self.shards) = (None, None, None);
    }

    /// The database that a command sent now meets, when that is known.
    pub(super) fn settled_database(&self) -> Option<u32> {
        self.database.filter(|_| self.unsettled == 0)
    }

    /// Whether the database of a command sent now is known only when its reply comes.
    pub(super) fn is_unsettled(&self) -> bool {
        self.unsettled > 0
    }

    /// A request was sent.
    pub(super) fn owe(&mut self, owed: Owed) -> Result<(), ParseError> {
        if let Some((last, count)) = self.owed.back_mut() {
            if *last == owed && matches!(owed, Owed::Plain | Owed::Late) && *count < u32::MAX {
                *count += 1;
                return Ok(());
            }
        }
        if self.owed.len() >= MAX_RUNS {
            return Err(ParseError::TooLong(
                "redis: pipeline of commands that change the connection",
            ));
        }
        self.unsettled += u32::from(owed.unsettles());
        self.owed.push_back((owed, 1));
        Ok(())
    }

    /// The reply that comes next.
    pub(super) fn next(&self) -> Option<Owed> {
        self.owed.front().map(|(owed, _)| *owed)
    }

    /// It came.
    pub(super) fn paid(&mut self) {
        let Some((owed, count)) = self.owed.front_mut() else {
            return;
        };
        if *count > 1 {
            *count -= 1;
            return;
        }
        self.unsettled -= u32::from(owed.unsettles());
        self.owed.pop_front();
    }

    /// SELECT was answered QUEUED.
    pub(super) fn queue(&mut self, database: Option<u32>) {
        self.queued = Queued::Select(database);
    }

    /// A transaction ended; `run`: with effect.
    pub(super) fn end_transaction(&mut self, run: bool) {
        if let (Queued::Select(database), true) = (std::mem::replace(&mut self.queued, Queued::Nothing), run) {
            self.database = database;
        }
    }

    /// RESET was answered.
    pub(super) fn start_again(&mut self) {
        self.database = Some(0);
        self.queued = Queued::Nothing;
        (self.channels, self.patterns, self.shards) = (Some(0), Some(0), Some(0));
        self.listens = false;
    }

    /// Whether the next reply owed is a confirmation of this.
    pub(super) fn expects(&self, confirm: Confirm) -> bool {
        matches!(self.next(), Some(Owed::Confirm { what, .. }) if what == confirm)
    }

    /// Whether an array that looks like a message of pub/sub is one. Only in RESP2 is there a doubt.
    pub(super) fn listens(&self) -> bool {
        let counts = [self.channels, self.patterns, self.shards];
        let known = counts.iter().any(|count| count.is_some_and(|count| count > 0));
        known || self.listens || matches!(self.next(), None | Some(Owed::Confirm { .. }))
    }

    /// A message of pub/sub was seen.
    pub(super) fn heard(&mut self) {
        self.listens = true;
    }

    /// A confirmation came for the request that waits for it. Says where it stands among those of its request.
    pub(super) fn confirm(&mut self, confirm: Confirm, count: i64, of_nothing: bool) -> Standing {
        let subscribed = match confirm.family {
            Family::Channel => self.channels,
            Family::Pattern => self.patterns,
            Family::Shard => self.shards,
        };
        self.count(confirm, count);
        let Some((Owed::Confirm { left, begun, .. }, _)) = self.owed.front_mut() else {
            return Standing::Only;
        };
        let first = !std::mem::replace(begun, true);
        if *left == 0 && first {
            *left = subscribed.map_or(0, |subscribed| subscribed.max(1));
        }
        let last = *left == 1 || (count == 0 && *left == 0) || of_nothing;
        *left = left.saturating_sub(1);
        if last {
            self.paid();
        }
        match (first, last) {
            (true, true) => Standing::Only,
            (true, false) => Standing::First,
            (false, false) => Standing::Middle,
            (false, true) => Standing::Last,
        }
    }

    /// A confirmation says how many subscriptions there are: channels and patterns together, shard channels apart.
    pub(super) fn count(&mut self, confirm: Confirm, count: i64) {
        let count = u32::try_from(count).ok();
        match confirm.family {
            Family::Shard => self.shards = count,
            _ if count == Some(0) => (self.channels, self.patterns) = (Some(0), Some(0)),
            Family::Channel => {
                self.channels = count
                    .zip(self.patterns)
                    .and_then(|(all, patterns)| all.checked_sub(patterns));
            }
            Family::Pattern => {
                self.patterns = count
                    .zip(self.channels)
                    .and_then(|(all, channels)| all.checked_sub(channels));
            }
        }
        self.listens = if confirm.on {
            true
        } else {
            self.listens && count != Some(0)
        };
    }
}

/// Where a confirmation stands among those of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the only one.
    Only,
    /// More follow.
    First,
    /// More follow, and there were some.
    Middle,
    /// None follows.
    Last,
}
