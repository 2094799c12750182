//! Both encodings of random spans, read back by decoders that know nothing of the encoders: a small protobuf reader and
//! serde_json here, the OpenTelemetry project's own Python packages where they are installed.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic and speak"
)]

mod random_spans;
mod wire;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use protocol_parsers::Value;
use random_spans::Random;
use rust_parser::otlp::{append_json, append_protobuf, json, protobuf};
use rust_parser::semconv::SCHEMA_URL;
use rust_parser::span::{Kind, Span, Status, SCOPE_NAME};
use serde_json::Value as Json;
use wire::Message;

#[test]
fn the_reference_packages_read_the_same_from_both_encodings() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("otlp-oracle-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for seed in 0..200 {
        let spans = Random::new(seed).spans();
        std::fs::write(folder.join(format!("{seed}.pb")), protobuf(&spans)).expect("written");
        std::fs::write(folder.join(format!("{seed}.json")), json(&spans)).expect("written");
    }
    let python = std::env::var("EBPF_OTLP_TRACER_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otlp_oracle.py");
    let result = Command::new(&python).arg(script).arg(&folder).output();
    std::fs::remove_dir_all(&folder).expect("removed");
    match result {
        Ok(output) if output.status.code() == Some(3) => {
            eprintln!("skipped: {python} lacks opentelemetry-proto; set EBPF_OTLP_TRACER_PYTHON");
        }
        Ok(output) => {
            eprintln!("{}", String::from_utf8_lossy(&output.stdout));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => eprintln!("skipped: no {python}: {error}"),
    }
}

#[test]
fn protobuf_gives_back_every_field_of_every_span() {
    for seed in 0..300 {
        let spans = Random::new(seed).spans();
        let bytes = protobuf(&spans);
        let mut decoded = Vec::new();
        for group in Message::read(&bytes).messages(1) {
            assert_eq!(group.text(3), SCHEMA_URL);
            let scope_spans = group.message(2);
            assert_eq!(scope_spans.text(3), SCHEMA_URL);
            assert_eq!(scope_spans.message(1).text(1), SCOPE_NAME);
            let resource = attributes(&group.message(1), 1);
            decoded.extend(scope_spans.messages(2).into_iter().map(|span| (resource.clone(), span)));
        }
        assert_eq!(decoded.len(), spans.len());
        for (expected, (resource, span)) in in_group_order(&spans).into_iter().zip(decoded) {
            assert_eq!(resource, expected.resource.attributes);
            assert_span(expected, &span);
        }
    }
}

/// Spans as they are grouped: resources in the order in which they were first seen.
fn in_group_order(spans: &[Span]) -> Vec<&Span> {
    let mut order: Vec<_> = Vec::new();
    for span in spans {
        if !order.iter().any(|seen| Arc::ptr_eq(seen, &span.resource)) {
            order.push(span.resource.clone());
        }
    }
    let mut sorted: Vec<_> = spans.iter().collect();
    sorted.sort_by_key(|span| order.iter().position(|seen| Arc::ptr_eq(seen, &span.resource)));
    sorted
}

fn assert_span(expected: &Span, span: &Message<'_>) {
    assert_eq!(span.bytes(1), expected.trace_id);
    assert_eq!(span.bytes(2), expected.span_id);
    assert_eq!(span.text(3), expected.trace_state.as_deref().unwrap_or_default());
    assert_eq!(span.bytes(4), expected.parent_span_id.as_ref().map_or(&[][..], |id| id));
    assert_eq!(span.text(5), expected.name);
    let kinds = [Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer];
    assert_eq!(kinds[usize::try_from(span.number(6)).unwrap() - 2], expected.kind);
    assert_eq!(
        (span.number(7), span.number(8)),
        (expected.start_unix_nano, expected.end_unix_nano)
    );
    assert_eq!(attributes(span, 9), owned(&expected.attributes));
    let events = span.messages(11);
    assert_eq!(events.len(), expected.events.len());
    for (event, decoded) in expected.events.iter().zip(&events) {
        assert_eq!((decoded.number(1), decoded.text(2)), (event.time_unix_nano, event.name));
        assert_eq!(attributes(decoded, 3), owned(&event.attributes));
    }
    let links: Vec<_> = span
        .messages(13)
        .iter()
        .map(|link| [link.bytes(1), link.bytes(2)].concat())
        .collect();
    let expected_links: Vec<_> = expected
        .links
        .iter()
        .map(|link| [&link.trace_id[..], &link.span_id].concat())
        .collect();
    assert_eq!(links, expected_links);
    match (&expected.status, span.messages(15).first()) {
        (Status::Unset, None) => {}
        (Status::Error(message), Some(status)) => assert_eq!((status.text(2), status.number(3)), (message.as_str(), 2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(span.number(16), u64::from(expected.flags));
}

fn owned(attributes: &[protocol_parsers::Attribute]) -> Vec<(String, Value)> {
    attributes
        .iter()
        .map(|attribute| (attribute.key.to_owned(), attribute.value.clone()))
        .collect()
}

fn attributes(message: &Message<'_>, field: u64) -> Vec<(String, Value)> {
    let pair = |pair: &Message<'_>| (pair.text(1).to_owned(), value(&pair.message(2)));
    message.messages(field).iter().map(pair).collect()
}

fn value(any: &Message<'_>) -> Value {
    match any.only_field() {
        1 => Value::Text(any.text(1).into()),
        2 => Value::Bool(any.number(2) == 1),
        3 => Value::Int(any.number(3).cast_signed()),
        5 => Value::List(
            any.message(5)
                .messages(1)
                .iter()
                .map(|item| item.text(1).into())
                .collect(),
        ),
        field => panic!("AnyValue has no field {field} here"),
    }
}

#[test]
fn json_is_one_line_in_the_form_of_the_collector() {
    for seed in 0..300 {
        let spans = Random::new(seed).spans();
        let line = json(&spans);
        assert!(line.iter().all(|byte| *byte >= 0x20), "control characters are escaped");
        let parsed: Json = serde_json::from_slice(&line).expect("valid JSON in UTF-8");
        let groups = parsed["resourceSpans"].as_array().unwrap();
        let decoded: Vec<_> = groups
            .iter()
            .flat_map(|group| group["scopeSpans"][0]["spans"].as_array().unwrap())
            .collect();
        assert_eq!(decoded.len(), spans.len());
        for (expected, span) in in_group_order(&spans).into_iter().zip(decoded) {
            assert_eq!(span["traceId"], hex(&expected.trace_id));
            assert_eq!(
                span.get("parentSpanId").and_then(Json::as_str).map(str::to_owned),
                expected.parent_span_id.map(|id| hex(&id))
            );
            assert_eq!(span["name"], expected.name.as_str());
            assert_eq!(span["startTimeUnixNano"], expected.start_unix_nano.to_string());
            assert!((2..=5).contains(&span["kind"].as_u64().unwrap()));
            let attributes = span
                .get("attributes")
                .and_then(Json::as_array)
                .cloned()
                .unwrap_or_default();
            assert_eq!(attributes.len(), expected.attributes.len());
            for (attribute, json) in expected.attributes.iter().zip(&attributes) {
                assert_eq!(json["key"], attribute.key);
                match &attribute.value {
                    Value::Text(text) => assert_eq!(json["value"]["stringValue"], text.as_str()),
                    Value::Int(number) => assert_eq!(json["value"]["intValue"], number.to_string()),
                    Value::Bool(bit) => assert_eq!(json["value"]["boolValue"], *bit),
                    Value::List(texts) => {
                        let values = json["value"]["arrayValue"]["values"].as_array().unwrap();
                        assert!(texts
                            .iter()
                            .zip(values)
                            .all(|(text, json)| json["stringValue"] == text.as_str()));
                        assert_eq!(values.len(), texts.len());
                    }
                }
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn appended_requests_are_the_same_bytes_as_requests_of_their_own() {
    let (first, second) = (Random::new(1).spans(), Random::new(2).spans());
    let (mut binary, mut lines) = (protobuf(&first), json(&first));
    append_protobuf(&second, &mut binary);
    append_json(&second, &mut lines);
    assert_eq!(binary, [protobuf(&first), protobuf(&second)].concat());
    assert_eq!(lines, [json(&first), json(&second)].concat());
}

#[test]
fn no_spans_are_an_empty_request() {
    assert_eq!(protobuf(&[]), b"");
    assert_eq!(json(&[]), br#"{"resourceSpans":[]}"#);
}

#[test]
fn lengths_are_right_on_both_sides_of_every_border_of_their_size() {
    for size in [
        0, 1, 10, 60, 90, 110, 127, 128, 129, 16_000, 16_300, 16_383, 16_384, 2_097_100, 2_097_152,
    ] {
        let mut span = Random::new(3).span();
        span.attributes = vec![protocol_parsers::Attribute {
            key: "k",
            value: Value::Text("x".repeat(size).into()),
        }];
        let spans = [span];
        let bytes = protobuf(&spans);
        let request = Message::read(&bytes);
        assert_span(&spans[0], &request.message(1).message(2).message(2));
    }
}
