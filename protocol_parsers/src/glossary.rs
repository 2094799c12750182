//! What connections tell each other: the names of things that other messages only number.
//!
//! A Kafka client learns on one connection that topic `c8c4...` is called "orders", and fetches it by that number on
//! another. One glossary belongs to an engine, and parsers are given it ([`crate::Parser::share`]); a parser that is not
//! has one of its own. It is the only thing that parsers have in common, and it holds only what identifies itself: an id
//! that means the same everywhere.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::message::Text;

/// Names that are kept; later ones are not learned. Large Kafka clusters have tens of thousands of topics.
pub const MAX_NAMES: usize = 65_536;

/// See the module.
#[derive(Debug, Default)]
pub struct Glossary {
    names: Mutex<HashMap<[u8; 16], Text>>,
}

impl Glossary {
    /// Something is called this. A new name replaces the old one.
    pub fn learn(&self, id: [u8; 16], name: &Text) {
        let mut names = self.names();
        let is_room = names.len() < MAX_NAMES;
        match names.get_mut(&id) {
            Some(known) if known == name => {}
            Some(known) => known.clone_from(name),
            None if is_room => {
                names.insert(id, name.clone());
            }
            None => {}
        }
    }

    /// What it is called, if anybody said so.
    pub fn name(&self, id: &[u8; 16]) -> Option<Text> {
        self.names().get(id).cloned()
    }

    fn names(&self) -> MutexGuard<'_, HashMap<[u8; 16], Text>> {
        // A map is good after whatever panicked elsewhere.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_told_counts_and_a_full_glossary_learns_no_more() {
        let glossary = Glossary::default();
        let id = |number: usize| (number as u128).to_be_bytes();
        assert_eq!(glossary.name(&id(1)), None);
        for name in ["old", "new"] {
            glossary.learn(id(1), &Text::from(name));
        }
        assert_eq!(glossary.name(&id(1)), Some("new".into()));
        for number in 2..=MAX_NAMES + 5 {
            glossary.learn(id(number), &Text::const_new("x"));
        }
        assert_eq!(glossary.name(&id(MAX_NAMES)), Some("x".into()));
        assert_eq!(glossary.name(&id(MAX_NAMES + 1)), None);
        glossary.learn(id(1), &Text::const_new("newest"));
        assert_eq!(glossary.name(&id(1)), Some("newest".into()));
    }
}
