//! What one message was found to say, before it is put into words.

use super::compression::Curiosity;
use super::layout::Meaning;
use super::records::{self, Head};
use super::topics::{Names, Session, Topic};
use super::walk::{Item, Sink, Walk};
use crate::message::Text;
use crate::trace_context::TraceContext;

/// Topics, partitions and names that one message's facts list; the rest is counted.
pub(super) const MAX_LISTED: usize = 32;

/// Higher errors will come with time, and not by the hundred.
const MAX_ERROR: i16 = 255;

/// Brokers delay clients for a second or so; an hour is more than any of them waits.
const MAX_THROTTLE_MS: i64 = 3_600_000;

/// A partition that a message is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub topic: Topic,
    pub partition: i32,
    pub error: i16,
    /// Records in it, if they can be counted.
    pub count: Option<u64>,
    /// Of its records, or what the message asks for.
    pub first: Option<i64>,
    pub last: Option<i64>,
}

/// What there may be more of than is known.
#[allow(clippy::struct_excessive_bools)] // Each stands for itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unread {
    pub topics: bool,
    pub parts: bool,
    pub offsets: bool,
    pub records: bool,
}

/// The facts of a message.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    topic: Option<Topic>,
    /// Distinct topics, at most [`MAX_LISTED`].
    pub topics: Vec<Topic>,
    /// All there are.
    pub topic_count: u64,
    /// At most [`MAX_LISTED`].
    pub parts: Vec<Part>,
    /// The part that is being read is beyond the list.
    unlisted: bool,
    pub part_count: u64,
    /// Records, as far as they can be counted.
    pub messages: u64,
    pub uncounted: bool,
    pub record_bytes: u64,
    /// Bytes of the value of the last batch's first record.
    pub value_size: Option<u64>,
    pub links: Vec<TraceContext>,
    /// The first error of the message.
    pub error: i16,
    pub throttle_ms: i64,
    pub group: Option<Text>,
    pub transaction: Option<Text>,
    pub acks: Option<i64>,
    pub committed: Option<bool>,
    pub session_epoch: Option<i64>,
    keys: Vec<Text>,
    key_type: i64,
    /// Something that should have been read was not captured.
    pub truncated: bool,
    pub unread: Unread,
}

impl Gathered {
    /// Ready for the next message.
    pub(super) fn clear(&mut self) {
        let (mut topics, mut parts) = (std::mem::take(&mut self.topics), std::mem::take(&mut self.parts));
        topics.clear();
        parts.clear();
        *self = Self {
            topics,
            parts,
            ..Self::default()
        };
    }

    /// Whose coordinator was looked for.
    pub(super) fn coordinated(&self) -> (Option<&Text>, Option<&Text>) {
        let key = match self.keys.as_slice() {
            [key] => Some(key),
            _ => None,
        };
        match self.key_type {
            0 => (key, None),
            1 => (None, key),
            _ => (None, None),
        }
    }

    /// Nothing of the message is known.
    pub(super) fn doubt(&mut self) {
        self.unread = Unread {
            topics: true,
            parts: true,
            offsets: true,
            records: true,
        };
        self.uncounted = true;
    }

    /// The rest of the message was not read.
    pub(super) fn lose_rest(&mut self, walk: &Walk) {
        self.unread = Unread {
            topics: walk.may_tell(|meaning| matches!(meaning, Meaning::Topic | Meaning::TopicId)),
            parts: walk.may_tell(|meaning| meaning == Meaning::Partition),
            offsets: walk.may_tell(|meaning| matches!(meaning, Meaning::Partition | Meaning::Offset)),
            records: walk.may_tell(|meaning| meaning == Meaning::Records),
        };
        self.uncounted |= self.unread.records;
    }

    /// Records were passed over.
    pub(super) fn lose_records(&mut self, bytes: u64) {
        self.record_bytes += bytes;
        self.uncounted = true;
        if let Some(part) = self.part() {
            part.count = None;
        }
    }

    /// Whether a client or a broker would say this: for bytes of which it is not sure where they begin.
    pub(super) fn is_plausible(&self) -> bool {
        let legal = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        let is_topic = |topic: &Topic| match topic {
            Topic::Name(name) => name.chars().all(legal),
            Topic::Id(_) => true,
        };
        self.acks.is_none_or(|acks| (-1..=1).contains(&acks))
            && (-1..=MAX_ERROR).contains(&self.error)
            && (0..=MAX_THROTTLE_MS).contains(&self.throttle_ms)
            && self.parts.iter().all(|part| part.partition >= 0)
            && self.topics.iter().all(is_topic)
    }

    fn part(&mut self) -> Option<&mut Part> {
        self.parts.last_mut().filter(|_| !self.unlisted)
    }

    /// A topic that the message is about.
    fn name(&mut self, topic: Topic) {
        if !self.topics.contains(&topic) {
            self.topic_count += 1;
            if self.topics.len() < MAX_LISTED {
                self.topics.push(topic.clone());
            }
        }
        self.topic = Some(topic);
    }

    fn int(&mut self, meaning: Meaning, value: i64) {
        match meaning {
            Meaning::Offset => {
                if let Some(part) = self.part() {
                    part.first = Some(value);
                }
            }
            Meaning::Error => {
                let error = i16::try_from(value).unwrap_or(-1);
                if self.error == 0 {
                    self.error = error;
                }
                if let Some(part) = self.part() {
                    part.error = error;
                }
            }
            Meaning::Throttle => self.throttle_ms = value,
            Meaning::Acks => self.acks = Some(value),
            Meaning::SessionEpoch => self.session_epoch = Some(value),
            Meaning::KeyType => self.key_type = value,
            Meaning::Committed => self.committed = Some(value != 0),
            _ => {}
        }
    }
}

/// Writes into what is gathered, with what the connection knows.
pub(super) struct Gatherer<'a> {
    pub gathered: &'a mut Gathered,
    pub names: &'a Names,
    /// `None`: nobody wants to know what is in the records.
    pub curiosity: Option<&'a mut Curiosity>,
    /// Of a fetch request.
    pub session: Option<&'a mut Session>,
}

impl Gatherer<'_> {
    fn partition(&mut self, partition: i32) {
        let Some(topic) = &self.gathered.topic else { return };
        if let Some(session) = &mut self.session {
            session.add(topic, partition);
        }
        self.gathered.part_count += 1;
        self.gathered.unlisted = self.gathered.parts.len() >= MAX_LISTED;
        if !self.gathered.unlisted {
            self.gathered.parts.push(Part {
                topic: topic.clone(),
                partition,
                error: 0,
                count: Some(0),
                first: None,
                last: None,
            });
        }
    }

    fn text(&mut self, meaning: Meaning, bytes: &[u8]) {
        let text = || Text::from_utf8_lossy(bytes);
        let gathered = &mut *self.gathered;
        match meaning {
            // A name may follow its id; or the other way round, below.
            Meaning::Topic if !bytes.is_empty() => match gathered.topic {
                Some(Topic::Id(id)) => self.names.learn(id, &text()),
                _ => gathered.name(Topic::Name(text())),
            },
            Meaning::ListedTopic => gathered.topic = Some(Topic::Name(text())),
            Meaning::Group => gathered.group = Some(text()).filter(|group| !group.is_empty()),
            Meaning::Transaction => gathered.transaction = Some(text()).filter(|name| !name.is_empty()),
            Meaning::Key if gathered.keys.len() < 2 => gathered.keys.push(text()),
            _ => {}
        }
    }

    fn id(&mut self, id: [u8; 16]) {
        if id == [0; 16] {
            return;
        }
        if let Some(Topic::Name(name)) = &self.gathered.topic {
            self.names.learn(id, name);
        } else {
            self.gathered.name(Topic::Id(id));
        }
    }
}

impl Sink for Gatherer<'_> {
    fn item(&mut self, meaning: Meaning, item: Item<'_>) {
        let partition = |value| i32::try_from(value).unwrap_or(-1);
        match (meaning, item) {
            (Meaning::Topics | Meaning::ListedTopics, Item::Begin) => self.gathered.topic = None,
            (Meaning::ForgottenTopic, Item::Text(name)) => {
                self.gathered.topic = Some(Topic::Name(Text::from_utf8_lossy(name)));
            }
            (Meaning::ForgottenTopic, Item::Uuid(id)) => self.gathered.topic = Some(Topic::Id(id)),
            (Meaning::Partition, Item::Int(value)) => self.partition(partition(value)),
            (Meaning::ForgottenPartition, Item::Int(value)) => {
                if let (Some(session), Some(topic)) = (&mut self.session, &self.gathered.topic) {
                    session.remove(topic, partition(value));
                }
            }
            (Meaning::SessionEpoch, Item::Int(value)) => {
                self.gathered.session_epoch = Some(value);
                if let Some(session) = self.session.as_mut().filter(|_| value <= 0) {
                    session.begin();
                }
            }
            (Meaning::ListedTopicId, Item::Uuid(id)) => {
                if let Some(Topic::Name(name)) = &self.gathered.topic {
                    self.names.learn(id, name);
                }
            }
            (_, Item::Int(value)) => self.gathered.int(meaning, value),
            (_, Item::Text(bytes)) => self.text(meaning, bytes),
            (_, Item::Uuid(id)) => self.id(id),
            (_, Item::Begin) => {}
        }
    }

    fn batch(&mut self, head: &Head, size: u64, bytes: &[u8]) {
        let gathered = &mut *self.gathered;
        gathered.record_bytes += size;
        if head.control {
            return;
        }
        let Some(curiosity) = &mut self.curiosity else { return };
        let inside = records::look_inside(head, bytes, curiosity, &mut gathered.links);
        let count = head.count.or(inside.count).map(u64::from);
        gathered.value_size = inside.value_size;
        gathered.messages += count.unwrap_or(0);
        gathered.uncounted |= count.is_none();
        if let Some(part) = gathered.part() {
            part.count = part.count.zip(count).map(|(sum, count)| sum + count);
            // What a message of the old formats packs has offsets up to its own.
            let first = if head.magic < 2 && head.compression != 0 {
                count.and_then(|count| head.last.checked_sub_unsigned(count.saturating_sub(1)))
            } else {
                Some(head.first)
            };
            part.first = part.first.or(first);
            part.last = Some(head.last);
        }
    }

    fn uncounted(&mut self) {
        self.gathered.lose_records(0);
    }

    fn cut(&mut self) {
        self.gathered.truncated = true;
    }
}
