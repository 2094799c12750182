//! The spans of every recording are those of the JSON file beside it. `scripts/update_goldens` writes those files.

use std::collections::BTreeMap;
use std::fs;

use protocol_parsers::{Attribute, Value};
use rust_parser::event::Event;
use rust_parser::span::{Span, Status};
use serde::Serialize;

use crate::recordings::{all, run, Recording};

/// Set by `scripts/update_goldens`.
const UPDATE: &str = "UPDATE_GOLDENS";

#[derive(Serialize)]
struct Golden {
    /// What the engine says it lost.
    lost: BTreeMap<String, u64>,
    spans: Vec<GoldenSpan>,
}

/// Times are nanoseconds since the recording's first clock.
#[derive(Serialize)]
struct GoldenSpan {
    name: String,
    kind: String,
    service: String,
    start_ns: u64,
    end_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_state: Option<String>,
    flags: u32,
    attributes: BTreeMap<&'static str, serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<GoldenEvent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
}

#[derive(Serialize)]
struct GoldenEvent {
    time_ns: u64,
    name: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, serde_json::Value>,
}

#[test]
fn the_spans_of_every_recording_are_the_golden_ones() {
    let update = std::env::var_os(UPDATE).is_some();
    let mut differing = Vec::new();
    for recording in all() {
        let path = recording.path.with_extension("json");
        let now = golden(&recording);
        if update {
            fs::write(&path, &now).expect("it can be written");
        } else if fs::read_to_string(&path).unwrap_or_default() != now {
            differing.push(difference(
                &recording,
                &fs::read_to_string(&path).unwrap_or_default(),
                &now,
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "scripts/update_goldens, and look at the diff:\n{}",
        differing.join("\n")
    );
}

#[test]
fn every_golden_belongs_to_a_recording() {
    for recording in all() {
        let folder = recording.path.parent().expect("a folder");
        for entry in fs::read_dir(folder).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.extension().is_some_and(|extension| extension == "json") {
                assert!(
                    path.with_extension("recording").exists(),
                    "{}: no recording",
                    path.display()
                );
            }
        }
    }
}

fn difference(recording: &Recording, golden: &str, now: &str) -> String {
    let at = golden
        .lines()
        .zip(now.lines())
        .take_while(|(old, new)| old == new)
        .count();
    let line = |text: &str| text.lines().nth(at).unwrap_or("(ends)").trim().to_owned();
    format!(
        "{recording}, line {}: golden {} now {}",
        at + 1,
        line(golden),
        line(now)
    )
}

fn golden(recording: &Recording) -> String {
    let events = recording.events();
    let origin = events.iter().find_map(|event| match event {
        Event::Clock(_, unix_ns) => Some(*unix_ns),
        _ => None,
    });
    let outcome = run(&events);
    let spans = outcome
        .spans
        .iter()
        .map(|span| readable(span, origin.unwrap_or_default()))
        .collect();
    let golden = Golden {
        lost: outcome.lost.into_iter().collect(),
        spans,
    };
    serde_json::to_string_pretty(&golden).expect("plain data") + "\n"
}

fn readable(span: &Span, origin: u64) -> GoldenSpan {
    let service = span.resource.attributes.iter().find(|(key, _)| key == "service.name");
    let event = |event: &rust_parser::span::SpanEvent| GoldenEvent {
        time_ns: event.time_unix_nano - origin,
        name: event.name,
        attributes: attributes(&event.attributes),
    };
    GoldenSpan {
        name: span.name.to_string(),
        kind: format!("{:?}", span.kind).to_lowercase(),
        service: service.map_or(String::new(), |(_, value)| {
            json(value).as_str().unwrap_or_default().to_owned()
        }),
        start_ns: span.start_unix_nano - origin,
        end_ns: span.end_unix_nano - origin,
        error: match &span.status {
            Status::Unset => None,
            Status::Error(message) => Some(message.to_string()),
        },
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_span_id: span.parent_span_id.map(|id| hex(&id)),
        trace_state: span.trace_state.as_ref().map(ToString::to_string),
        flags: span.flags,
        attributes: attributes(&span.attributes),
        events: span.events.iter().map(event).collect(),
        links: span
            .links
            .iter()
            .map(|link| hex(&link.trace_id) + " " + &hex(&link.span_id))
            .collect(),
    }
}

fn attributes(list: &[Attribute]) -> BTreeMap<&'static str, serde_json::Value> {
    let map: BTreeMap<_, _> = list
        .iter()
        .map(|attribute| (attribute.key, json(&attribute.value)))
        .collect();
    assert_eq!(map.len(), list.len(), "a key twice: {list:?}");
    map
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Int(number) => (*number).into(),
        Value::Bool(truth) => (*truth).into(),
        Value::List(texts) => texts
            .iter()
            .map(|text| serde_json::Value::from(text.as_str()))
            .collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
