//! Whatever is missing, no span is invented and none is wrong: each one is a span of the whole recording, or a part of
//! one that says so.

use std::collections::{BTreeMap, HashMap};

use protocol_parsers::{Text, Value};
use rust_parser::event::{ConnectionId, Data, Event, Header, Open, Way};
use rust_parser::span::{Kind, Span};

use crate::random::Random;
use crate::recordings::{all, run, Recording};

/// Random losses of each recording and rate.
const ROUNDS: u64 = 12;
/// One event in so many is lost.
const RATES: [usize; 4] = [2, 5, 20, 100];

/// What a span says about its capture.
const CAPTURE: &str = "ebpf_otlp_tracer.capture.";
/// What we count ourselves may be less. Not all such spans say so: when the last bytes before a close are lost, no later
/// position tells.
const OWN: &str = "ebpf_otlp_tracer.";
/// HTTP/2 compresses a connection's headers against all earlier ones, so one loss hides fields of many later requests, whose
/// own bytes were all captured. Such a span says so with this.
const FIELDS_UNKNOWN: &str = "ebpf_otlp_tracer.http2.headers_incomplete";
/// Who is whose parent may be unknown when something is missing.
const PARENT: &str = "ebpf_otlp_tracer.parent";
/// What an earlier message said: unknown when that was missed. An unknown value is left out, never wrong.
const FROM_EARLIER: [&str; 3] = ["db.namespace", "messaging.destination.name", "user.name"];
/// Kafka names topics by ids, whose names other messages tell.
const DESTINATION: &str = "messaging.destination.name";

/// Complaints that are shown of a test.
const SHOWN: usize = 12;

/// Ids are made of what moved and of where, so a span has the same one whatever else was missed.
struct Whole {
    spans: HashMap<[u8; 8], Span>,
    /// The id of what starts at a time: UNIX sockets have no address, and the time when they were met names them.
    starts: HashMap<(u64, bool, Text), [u8; 8]>,
    complaints: Vec<String>,
    /// A parent by thread cannot be checked.
    threads_unknown: bool,
}

impl Whole {
    fn of(recording: &Recording) -> Self {
        let spans = run(&recording.events()).spans;
        Self {
            starts: spans.iter().map(|span| (start(span), span.span_id)).collect(),
            spans: spans.into_iter().map(|span| (span.span_id, span)).collect(),
            complaints: Vec::new(),
            threads_unknown: false,
        }
    }

    /// Complains about any span that the whole recording does not have.
    fn check(&mut self, spans: &[Span], what: &str) {
        for span in spans {
            let id = if is_unix(span) {
                self.starts.get(&start(span))
            } else {
                Some(&span.span_id)
            };
            let wrong = match id.and_then(|id| self.spans.get(id)) {
                Some(whole) => self.compare(span, whole),
                None => vec![format!("is not in the whole: {:?}", facts(span))],
            };
            if !wrong.is_empty() {
                self.complaints
                    .push(format!("{what}: {:?} {}: {wrong:?}", span.kind, span.name));
            }
        }
    }

    /// What is wrong with a span, given what it is when nothing is missing.
    fn compare(&self, span: &Span, whole: &Span) -> Vec<String> {
        let (facts, mut truth) = (facts(span), facts(whole));
        let has = |is: &dyn Fn(&str) -> bool| span.attributes.iter().any(|attribute| is(attribute.key));
        let fields_unknown = has(&|key| key == FIELDS_UNKNOWN);
        let admits = fields_unknown || has(&|key| key.starts_with(CAPTURE));
        if fields_unknown {
            add_implied(&mut truth, &facts);
        }
        let mut wrong = Vec::new();
        for (key, value) in &facts {
            let counted = key.starts_with(OWN) && value.bytes().all(|byte| byte.is_ascii_digit());
            let less = |truth: &String| (truth.len(), truth) > (value.len(), value);
            if truth.get(key) != Some(value) && !(counted && truth.get(key).is_some_and(less)) {
                wrong.push(format!("{key} is {value}, not {:?}", truth.get(key)));
            }
        }
        for key in truth.keys().filter(|key| !facts.contains_key(*key)) {
            if !admits && !FROM_EARLIER.contains(key) && !key.starts_with(OWN) {
                wrong.push(format!("{key} is missing"));
            }
        }
        // The name of a destination that is not known is not in the span's name either.
        let unnamed = truth.contains_key(DESTINATION) && !facts.contains_key(DESTINATION);
        let same_name = span.name == whole.name || (unnamed && whole.name.starts_with(span.name.as_str()));
        if !same_name && !admits {
            wrong.push(format!("name is {}", span.name));
        }
        if !admits && span.status != whole.status {
            wrong.push("status".to_owned());
        }
        let by_thread = Value::Text("thread".into());
        let by_thread = span.attributes.iter().any(|attribute| attribute.value == by_thread);
        let checked = span.parent_span_id.filter(|_| !(by_thread && self.threads_unknown));
        if checked.is_some_and(|parent| !self.descends(whole, parent)) {
            wrong.push("parent".to_owned());
        }
        if span.start_unix_nano != whole.start_unix_nano && !admits {
            wrong.push("start".to_owned());
        }
        wrong
    }

    /// Whether one span is above another. A parent that was missed leaves its own parent on the wire.
    fn descends(&self, whole: &Span, ancestor: [u8; 8]) -> bool {
        let mut at = Some(whole);
        for _ in 0..self.spans.len() {
            let Some(parent) = at.and_then(|span| span.parent_span_id) else {
                return false;
            };
            if parent == ancestor {
                return true;
            }
            at = self.spans.get(&parent);
        }
        false
    }
}

fn show(complaints: &[String]) {
    let shown = complaints.get(..SHOWN).unwrap_or(complaints).join("\n");
    assert!(complaints.is_empty(), "{} complaints:\n{shown}", complaints.len());
}

fn plain(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        other => format!("{other:?}"),
    }
}

fn start(span: &Span) -> (u64, bool, Text) {
    (span.start_unix_nano, span.kind == Kind::Client, span.name.clone())
}

fn is_unix(span: &Span) -> bool {
    let unix = Value::Text("unix".into());
    span.attributes
        .iter()
        .any(|attribute| attribute.key == "network.transport" && attribute.value == unix)
}

fn facts(span: &Span) -> BTreeMap<&'static str, String> {
    let own = |key: &str| !key.starts_with(CAPTURE) && !key.starts_with(PARENT) && key != FIELDS_UNKNOWN;
    let list = span.attributes.iter().filter(|attribute| own(attribute.key));
    list.map(|attribute| (attribute.key, plain(&attribute.value))).collect()
}

/// Without its content type a gRPC call is shown as the HTTP request that it is too: adds what is true of every such one.
/// How long its body is stands in no span of a call, so that is taken as said.
fn add_implied(truth: &mut BTreeMap<&'static str, String>, said: &BTreeMap<&'static str, String>) {
    let Some(method) = truth.get("rpc.method") else {
        return;
    };
    let path = format!("\"/{}", method.trim_start_matches('"'));
    let implied = [
        ("http.request.method", "\"POST\"".to_owned()),
        ("http.response.status_code", "200".to_owned()),
        ("url.path", path.clone()),
        ("url.template", path),
        ("url.scheme", "\"http\"".to_owned()),
    ];
    let sizes = ["http.request.body.size", "http.response.body.size"]
        .into_iter()
        .filter_map(|key| Some((key, said.get(key)?.clone())));
    // HTTP names a failure by the reset alone, gRPC by its own status.
    if let (false, Some(reset)) = (
        said.contains_key("rpc.method"),
        truth.get("ebpf_otlp_tracer.http2.reset"),
    ) {
        truth.insert("error.type", reset.clone());
    }
    for (key, value) in implied.into_iter().chain(sizes) {
        truth.entry(key).or_insert(value);
    }
}

/// The recording as a tracer sees it that comes before the event `first`: connections that are open then are met in
/// their middle, and what was said of processes and the machine is known. Processes are watched since then only: that
/// nothing moved while they were would be a lie.
fn late<'a>(events: &[Event<'a>], first: usize) -> Vec<Event<'a>> {
    let mut met: BTreeMap<ConnectionId, (Header, Open)> = BTreeMap::new();
    let (mut seen, mut processes) = (Vec::new(), Vec::new());
    let (before, after) = events.split_at(first);
    let now = after.first().map_or(0, |event| event.header().time_ns);
    let met_now = |header: &Header| Header {
        time_ns: now,
        ..*header
    };
    for event in before {
        match event {
            Event::Open(header, open) => drop(met.insert(header.connection, (*header, open.clone()))),
            Event::Data(header, data) => {
                if let Some((_, open)) = met.get_mut(&header.connection) {
                    advance(open, data);
                }
            }
            Event::Close(header) => drop(met.remove(&header.connection)),
            Event::Eof(..) | Event::Loss(..) => {}
            Event::Process(header, process) => processes.push(Event::Process(met_now(header), process.clone())),
            Event::Fork(header, parent) => processes.push(Event::Fork(met_now(header), *parent)),
            Event::Exec(header) => processes.push(Event::Exec(met_now(header))),
            Event::Exit(header) => processes.push(Event::Exit(met_now(header))),
            Event::Listen(header, port) => processes.push(Event::Listen(met_now(header), *port)),
            other => seen.push(other.clone()),
        }
    }
    seen.append(&mut processes);
    seen.extend(met.into_values().map(|(header, open)| {
        let fresh = false;
        Event::Open(Header { time_ns: now, ..header }, Open { fresh, ..open })
    }));
    seen.extend(after.iter().cloned());
    seen
}

fn advance(open: &mut Open, data: &Data) {
    let end = data.position + u64::from(data.length);
    let end = if data.sequence { end & u64::from(u32::MAX) } else { end };
    match data.way {
        Way::Sent => open.sent = end,
        Way::Received => open.received = end,
    }
}

#[test]
fn a_tracer_that_comes_late_says_nothing_wrong() {
    let (mut found, mut complaints) = (BTreeMap::new(), Vec::new());
    for recording in all() {
        let (events, mut whole) = (recording.events(), Whole::of(&recording));
        let mut spans = 0;
        for first in 0..=events.len() {
            let outcome = run(&late(&events, first));
            spans += outcome.spans.len();
            whole.check(&outcome.spans, &format!("{recording}, attached at event {first}"));
        }
        complaints.append(&mut whole.complaints);
        found.insert(
            recording.to_string(),
            spans * 100 / (whole.spans.len() * (events.len() + 1)).max(1),
        );
    }
    eprintln!("spans found of all, percent: {found:?}");
    show(&complaints);
}

#[test]
fn lost_data_makes_no_span_wrong() {
    each_loss(false, |event, random, rate| {
        matches!(event, Event::Data(..)) && random.once_in(rate)
    });
}

#[test]
fn lost_events_of_any_kind_make_no_span_wrong() {
    each_loss(true, |event, random, rate| {
        event.header().connection != 0 && random.once_in(rate)
    });
}

#[test]
fn a_burst_of_lost_events_makes_no_span_wrong() {
    let mut burst = 0_usize;
    each_loss(true, |event, random, rate| {
        if event.header().connection == 0 {
            return false;
        }
        if burst == 0 && random.once_in(rate * 10) {
            burst = 1 + random.below(20);
        }
        burst = burst.saturating_sub(1);
        burst > 0
    });
}

/// `whole_exchanges`: the end of one exchange and the beginning of the next can be lost together. The thread then seems to be
/// in the first one still, and nothing says that it is not: the known limit of parents by thread.
fn each_loss(whole_exchanges: bool, mut is_lost: impl FnMut(&Event, &mut Random, usize) -> bool) {
    let mut complaints = Vec::new();
    for recording in all() {
        let (events, mut whole) = (recording.events(), Whole::of(&recording));
        whole.threads_unknown = whole_exchanges;
        for (rate, seed) in RATES
            .into_iter()
            .flat_map(|rate| (1..=ROUNDS).map(move |seed| (rate, seed)))
        {
            let mut random = Random::new(seed);
            let mut kept = Vec::new();
            for event in &events {
                if !is_lost(event, &mut random, rate) {
                    kept.push(event.clone());
                }
            }
            let outcome = run(&kept);
            whole.check(&outcome.spans, &format!("{recording}, one in {rate} lost, seed {seed}"));
        }
        complaints.append(&mut whole.complaints);
    }
    show(&complaints);
}

#[test]
fn a_copy_limit_makes_no_span_wrong() {
    let mut complaints = Vec::new();
    for recording in all() {
        let (events, mut whole) = (recording.events(), Whole::of(&recording));
        for limit in [0, 1, 7, 16, 33, 64, 100, 128, 250, 512, 1024, 4096, 16_384] {
            let limited: Vec<Event> = events
                .iter()
                .map(|event| match event {
                    Event::Data(header, data) => {
                        let bytes = data.bytes.get(..limit).unwrap_or(data.bytes);
                        Event::Data(*header, Data { bytes, ..*data })
                    }
                    other => other.clone(),
                })
                .collect();
            whole.check(
                &run(&limited).spans,
                &format!("{recording}, {limit} bytes of each event"),
            );
        }
        complaints.append(&mut whole.complaints);
    }
    show(&complaints);
}
