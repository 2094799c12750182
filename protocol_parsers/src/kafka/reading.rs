//! The message that is being read in one direction.

use super::compression::Curiosity;
use super::gathered::{Gathered, Gatherer, Part};
use super::layout::Api;
use super::topics::{Names, Session};
use super::walk::{Halt, Supply, Walk, WINDOW};
use crate::message::Phase;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// A first part of it was handed out.
    pub begun: bool,
    pub id: i32,
    pub api: Option<&'static Api>,
    pub walk: Walk,
    pub gathered: Gathered,
    /// Of a produce request that is answered: what was sent where.
    pub sent: Vec<Part>,
}

/// Whether there is more of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Midway,
    Over,
}

impl Stand {
    /// What the first part of a message is.
    pub(super) fn of_first(self) -> Phase {
        match self {
            Self::Midway => Phase::Begin,
            Self::Over => Phase::Whole,
        }
    }
}

/// What the connection knows and learns.
pub(super) struct Knowledge<'a> {
    pub names: &'a Names,
    pub curiosity: &'a mut Curiosity,
    /// Of a fetch request.
    pub session: Option<&'a mut Session>,
}

impl Reading {
    /// The bytes of the message that are looked at next; `None`: they are not all there. What a step says must not
    /// depend on how many more there are.
    pub(super) fn window<'a>(&self, bytes: &'a [u8], supply: Supply) -> Option<&'a [u8]> {
        window(bytes, self.walk.left(), supply)
    }

    /// Walks on in these bytes, which begin where the last walk ended. Says how many were used.
    pub(super) fn walk(&mut self, bytes: &[u8], supply: Supply, knowledge: Knowledge<'_>) -> (u64, Stand) {
        let mut sink = Gatherer {
            gathered: &mut self.gathered,
            names: knowledge.names,
            curiosity: Some(knowledge.curiosity),
            session: knowledge.session,
        };
        let here = bytes.len() as u64;
        match self.walk.run(bytes, supply, &mut sink) {
            Ok((used, Halt::Exact | Halt::Loose)) => (used + self.walk.abandon(), Stand::Over),
            Ok((used, Halt::Short)) if self.walk.is_tail() => (used + self.walk.abandon(), Stand::Over),
            Ok((used, Halt::Short)) if used > here || (supply == Supply::Continues && used > 0) => {
                (used, Stand::Midway)
            }
            Ok((used, Halt::Short)) => self.give_up(used),
            Err(_) => {
                // The head was good and says how long the message is; of its body nothing is believed.
                self.gathered.clear();
                self.gathered.doubt();
                (self.walk.abandon(), Stand::Over)
            }
        }
    }

    /// What is needed is missing: goes on after the records, if it is in records, or after the message.
    fn give_up(&mut self, used: u64) -> (u64, Stand) {
        self.gathered.truncated = true;
        match self.walk.pass_records() {
            0 => {
                self.gathered.lose_rest(&self.walk);
                (used + self.walk.abandon(), Stand::Over)
            }
            records => {
                self.gathered.lose_records(records);
                if self.walk.is_tail() {
                    (used + records + self.walk.abandon(), Stand::Over)
                } else {
                    (used + records, Stand::Midway)
                }
            }
        }
    }
}

/// See [`Reading::window`].
pub(super) fn window(bytes: &[u8], left: u64, supply: Supply) -> Option<&[u8]> {
    let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(WINDOW);
    match bytes.get(..wanted) {
        None if supply == Supply::Ends => Some(bytes),
        window => window,
    }
}
