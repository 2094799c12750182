//! Topics: their ids and names, and which of them a fetch session is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::glossary::Glossary;
use crate::message::Text;

/// Partitions of one fetch session: a broker that follows more than this from one other is out of the ordinary.
pub(super) const MAX_SESSION: usize = 8192;

/// A topic as a message names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    Name(Text),
    Id([u8; 16]),
}

impl Topic {
    /// An id as Kafka's own tools print it.
    pub(super) fn id_text(id: &[u8; 16]) -> Text {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = Text::default();
        for three in id.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for digit in 0..=three.len() {
                let digit = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap_or_default();
                text.push(DIGITS.get(digit).copied().map_or('?', char::from));
            }
        }
        text
    }
}

/// Which name belongs to which id, as answers told on this connection or another.
#[derive(Debug, Default)]
pub(super) struct Names {
    glossary: Arc<Glossary>,
}

impl Names {
    /// Together with other connections.
    pub(super) fn shared(glossary: &Arc<Glossary>) -> Self {
        let glossary = Arc::clone(glossary);
        Self { glossary }
    }

    /// An answer told.
    pub(super) fn learn(&self, id: [u8; 16], name: &Text) {
        if id != [0; 16] {
            self.glossary.learn(id, name);
        }
    }

    /// The name, if it is known.
    pub(super) fn of(&self, topic: &Topic) -> Option<Text> {
        match topic {
            Topic::Name(name) => Some(name.clone()),
            Topic::Id(id) => self.glossary.name(id),
        }
    }
}

/// What a consumer fetches from this broker: later requests only say what changed.
#[derive(Debug)]
pub(super) struct Session {
    topics: BTreeMap<Topic, BTreeSet<i32>>,
    partitions: usize,
    /// All of it was seen.
    known: bool,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            topics: BTreeMap::new(),
            partitions: 0,
            known: true,
        }
    }
}

impl Session {
    /// A request that names all there is.
    pub(super) fn begin(&mut self) {
        self.topics.clear();
        self.partitions = 0;
        self.known = true;
    }

    /// Requests were lost.
    pub(super) fn forget(&mut self) {
        self.begin();
        self.known = false;
    }

    pub(super) fn add(&mut self, topic: &Topic, partition: i32) {
        if !self.known {
            return;
        }
        if self.partitions >= MAX_SESSION {
            self.forget();
            return;
        }
        let partitions = match self.topics.get_mut(topic) {
            Some(partitions) => partitions,
            None => self.topics.entry(topic.clone()).or_default(),
        };
        self.partitions += usize::from(partitions.insert(partition));
    }

    pub(super) fn remove(&mut self, topic: &Topic, partition: i32) {
        let Some(partitions) = self.topics.get_mut(topic) else {
            return;
        };
        self.partitions -= usize::from(partitions.remove(&partition));
        if partitions.is_empty() {
            self.topics.remove(topic);
        }
    }

    /// All topics, if they are known.
    pub(super) fn topics(&self) -> impl ExactSizeIterator<Item = &Topic> {
        self.topics.keys()
    }

    /// All partitions, if they are known.
    pub(super) fn partitions(&self) -> usize {
        self.partitions
    }

    /// One of the partitions.
    pub(super) fn a_partition(&self) -> Option<i32> {
        self.topics.values().next()?.first().copied()
    }
}
