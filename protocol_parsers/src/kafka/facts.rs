//! Puts into words what a message was found to say, under the keys of the messaging conventions where they have one.

use compact_str::format_compact;

use super::errors;
use super::frame::Head;
use super::gathered::{Gathered, Part, MAX_LISTED};
use super::layout::Api;
use super::topics::{Names, Session, Topic};
use crate::message::{Attribute, Facts, Failure, FailureSide, Target, Text, Value};

/// More topics than one. With one, the convention's `messaging.destination.name` says it.
const TOPICS: &str = "ebpf_otlp_tracer.kafka.topics";
/// Topics that the message names by id.
const TOPIC_IDS: &str = "ebpf_otlp_tracer.kafka.topic_ids";
/// How many partitions, if there are more than one.
const PARTITION_COUNT: &str = "ebpf_otlp_tracer.kafka.partition_count";
/// Offsets of the records that were written or read: `topic-partition@first-last`. The same at both ends of a record's
/// way, so a producer's span and a consumer's can be joined by them.
const OFFSETS: &str = "ebpf_otlp_tracer.kafka.offsets";
/// Offsets that were committed, asked for or found: `topic-partition@offset`.
const POSITIONS: &str = "ebpf_otlp_tracer.kafka.positions";
/// Bytes of the batches, as they are on the wire.
const RECORD_BYTES: &str = "ebpf_otlp_tracer.kafka.record_bytes";
const API_VERSION: &str = "ebpf_otlp_tracer.kafka.api_version";
const CORRELATION_ID: &str = "ebpf_otlp_tracer.kafka.correlation_id";
const ACKS: &str = "ebpf_otlp_tracer.kafka.acks";
const THROTTLE: &str = "ebpf_otlp_tracer.kafka.throttle_time_ms";
const TRANSACTIONAL_ID: &str = "ebpf_otlp_tracer.kafka.transactional_id";
const COMMITTED: &str = "ebpf_otlp_tracer.kafka.transaction_committed";
/// Something that should have been read was not captured.
const TRUNCATED: &str = "ebpf_otlp_tracer.capture.truncated";

/// Keys of requests by their meaning here.
pub(super) mod key {
    pub const PRODUCE: i16 = 0;
    pub const FETCH: i16 = 1;
    pub const LIST_OFFSETS: i16 = 2;
    pub const OFFSET_COMMIT: i16 = 8;
    pub const OFFSET_FETCH: i16 = 9;
    pub const SASL_HANDSHAKE: i16 = 17;
    pub const API_VERSIONS: i16 = 18;
    pub const TXN_OFFSET_COMMIT: i16 = 28;
    pub const SHARE_FETCH: i16 = 78;
    pub const SHARE_ACKNOWLEDGE: i16 = 79;
}

/// What the head of a request says.
pub(super) fn of_head(head: &Head<'_>) -> Facts {
    let mut facts = Facts::default();
    facts.attributes.reserve(12);
    let name = Text::const_new(head.api.name);
    facts.operation = Some(name.clone());
    facts.text("messaging.system", Text::const_new("kafka"));
    facts.text("messaging.operation.name", name);
    let kind = match head.api.key {
        key::PRODUCE => Some("send"),
        key::FETCH | key::SHARE_FETCH => Some("receive"),
        key::OFFSET_COMMIT | key::TXN_OFFSET_COMMIT | key::SHARE_ACKNOWLEDGE => Some("settle"),
        _ => None,
    };
    if let Some(kind) = kind {
        facts.text("messaging.operation.type", Text::const_new(kind));
    }
    if !head.client.is_empty() {
        facts.text("messaging.client.id", Text::from_utf8_lossy(head.client));
    }
    facts.int(API_VERSION, i64::from(head.version));
    facts.int(CORRELATION_ID, i64::from(head.id));
    facts
}

/// What the body of a request says.
pub(super) fn of_request(facts: &mut Facts, api: &Api, gathered: &mut Gathered, names: &Names, session: &Session) {
    if api.key == key::FETCH && gathered.session_epoch.is_some() && !gathered.unread.parts {
        topics(facts, session.topics(), session.topics().len() as u64, names);
        partition(facts, session.a_partition(), session.partitions() as u64);
    } else {
        if !gathered.unread.topics {
            topics(facts, gathered.topics.iter(), gathered.topic_count, names);
        }
        let only = gathered.parts.first().map(|part| part.partition);
        if !gathered.unread.parts {
            partition(facts, only, gathered.part_count);
        }
    }
    match api.key {
        key::PRODUCE => {
            records(facts, gathered);
            if let Some(acks) = gathered.acks {
                facts.int(ACKS, acks);
            }
        }
        key::FETCH | key::OFFSET_COMMIT | key::TXN_OFFSET_COMMIT => positions(facts, gathered, names),
        _ => {}
    }
    let (group, transaction) = gathered.coordinated();
    if let Some(group) = gathered.group.as_ref().or(group) {
        facts.text("messaging.consumer.group.name", group.clone());
    }
    if let Some(transaction) = gathered.transaction.as_ref().or(transaction) {
        facts.text(TRANSACTIONAL_ID, transaction.clone());
    }
    if let Some(committed) = gathered.committed {
        let value = Value::Bool(committed);
        facts.attributes.push(Attribute { key: COMMITTED, value });
    }
    truncated(facts, gathered);
}

/// What a response says. `sent`: the parts of a produce request, with their counts.
pub(super) fn of_response(api: &Api, gathered: &mut Gathered, names: &Names, sent: &[Part]) -> Facts {
    let mut facts = Facts::default();
    match api.key {
        key::PRODUCE => {
            written(gathered, sent);
            offsets(&mut facts, gathered, names);
        }
        key::FETCH | key::SHARE_FETCH => received(&mut facts, gathered, names),
        key::LIST_OFFSETS | key::OFFSET_FETCH => positions(&mut facts, gathered, names),
        _ => {}
    }
    if gathered.error != 0 {
        facts.failure = Some(Failure {
            kind: errors::name(gathered.error),
            message: None,
            side: FailureSide::Both,
        });
    }
    if gathered.throttle_ms > 0 {
        facts.int(THROTTLE, gathered.throttle_ms);
    }
    truncated(&mut facts, gathered);
    facts
}

fn truncated(facts: &mut Facts, gathered: &Gathered) {
    if gathered.truncated {
        let value = Value::Bool(true);
        facts.attributes.push(Attribute { key: TRUNCATED, value });
    }
}

/// One topic is the destination; several are listed. Ids are shown as the message has them.
fn topics<'a>(facts: &mut Facts, topics: impl Iterator<Item = &'a Topic>, count: u64, names: &Names) {
    let (mut known, mut ids, mut unknown) = (Vec::new(), Vec::new(), false);
    for topic in topics.take(MAX_LISTED) {
        if let Topic::Id(id) = topic {
            ids.push(Topic::id_text(id));
        }
        match names.of(topic) {
            Some(name) => known.push(name),
            None => unknown = true,
        }
    }
    list(facts, TOPIC_IDS, ids);
    // A list without some of its names would be wrong.
    match (unknown, known.as_slice()) {
        (false, [name]) if count == 1 => {
            facts.text("messaging.destination.name", name.clone());
            facts.target = Target::Name(name.clone());
        }
        (false, _) => list(facts, TOPICS, known),
        (true, _) => {}
    }
}

fn list(facts: &mut Facts, key: &'static str, texts: Vec<Text>) {
    if !texts.is_empty() {
        let value = Value::List(texts);
        facts.attributes.push(Attribute { key, value });
    }
}

fn partition(facts: &mut Facts, partition: Option<i32>, count: u64) {
    match partition {
        Some(partition) if count == 1 => {
            facts.text("messaging.destination.partition.id", format_compact!("{partition}"));
        }
        _ if count > 1 => facts.int(PARTITION_COUNT, i64::try_from(count).unwrap_or(i64::MAX)),
        _ => {}
    }
}

/// How many records, and how large they are.
fn records(facts: &mut Facts, gathered: &mut Gathered) {
    let int = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    if !gathered.uncounted {
        facts.int("messaging.batch.message_count", int(gathered.messages));
        if let (1, Some(size)) = (gathered.messages, gathered.value_size) {
            facts.int("messaging.message.body.size", int(size));
        }
    }
    if !gathered.unread.records {
        facts.int(RECORD_BYTES, int(gathered.record_bytes));
    }
    facts.links = std::mem::take(&mut gathered.links);
}

/// A consumer's records: what they came from replaces what was asked for.
fn received(facts: &mut Facts, gathered: &mut Gathered, names: &Names) {
    records(facts, gathered);
    gathered.parts.retain(|part| part.last.is_some());
    let Some(first) = gathered.parts.first() else { return };
    // Parts beyond the list may be of other topics.
    let all = gathered.part_count <= MAX_LISTED as u64 && !gathered.unread.topics && !gathered.unread.parts;
    if all && gathered.parts.iter().all(|part| part.topic == first.topic) {
        topics(facts, std::iter::once(&first.topic), 1, names);
        let count = gathered.parts.len() as u64;
        partition(facts, Some(first.partition), count);
    }
    if !gathered.uncounted {
        offsets(facts, gathered, names);
    }
}

/// The offsets that the records of a request got.
fn written(gathered: &mut Gathered, sent: &[Part]) {
    for part in &mut gathered.parts {
        let same = |sent: &&Part| sent.partition == part.partition && sent.topic == part.topic;
        let count = sent.iter().find(same).and_then(|sent| sent.count);
        let first = part.first.filter(|first| *first >= 0 && part.error == 0);
        part.last = first
            .zip(count.and_then(|count| count.checked_sub(1)))
            .and_then(|(first, more)| first.checked_add_unsigned(more));
        part.first = first;
    }
    gathered.messages = sent.iter().filter_map(|part| part.count).sum();
}

fn offsets(facts: &mut Facts, gathered: &Gathered, names: &Names) {
    let some = gathered
        .parts
        .iter()
        .filter(|part| part.first.is_some() || part.last.is_some());
    let texts = some.map(|part| {
        let (first, last) = part.first.zip(part.last)?;
        let mut text = place(part, names, first)?;
        if last > first {
            text.push('-');
            text.push_str(itoa(last).as_str());
        }
        Some(text)
    });
    list_if_whole(facts, OFFSETS, gathered, texts.collect());
    let only = match gathered.parts.as_slice() {
        [part] if gathered.messages == 1 && part.first == part.last => part.first,
        _ => None,
    };
    if let Some(offset) = only {
        facts.int("messaging.kafka.offset", offset);
    }
}

fn positions(facts: &mut Facts, gathered: &Gathered, names: &Names) {
    let known = gathered.parts.iter().filter_map(|part| {
        let offset = part.first.filter(|offset| *offset >= 0)?;
        Some(place(part, names, offset))
    });
    list_if_whole(facts, POSITIONS, gathered, known.collect());
}

/// A list in which something is missing would be wrong.
fn list_if_whole(facts: &mut Facts, key: &'static str, gathered: &Gathered, texts: Option<Vec<Text>>) {
    if let Some(texts) = texts.filter(|_| !gathered.unread.offsets) {
        list(facts, key, texts);
    }
}

/// `topic-partition@offset`; `None`: the topic's name is not known.
fn place(part: &Part, names: &Names, offset: i64) -> Option<Text> {
    let mut text = names.of(&part.topic)?;
    text.push('-');
    text.push_str(itoa(i64::from(part.partition)).as_str());
    text.push('@');
    text.push_str(itoa(offset).as_str());
    Some(text)
}

fn itoa(number: i64) -> Text {
    compact_str::ToCompactString::to_compact_string(&number)
}
