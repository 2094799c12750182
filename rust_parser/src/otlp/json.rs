//! The JSON encoding of OTLP, as the OpenTelemetry Collector's file exporter writes it: one line, lower-camel-case keys,
//! ids in hexadecimal (where protobuf's own JSON has base64), 64-bit integers as strings, enumerations as numbers.
//!
//! The line has no line feed at its end: what separates requests is the writer's business.

use protocol_parsers::{Attribute, Value};

use super::{group, kind_number, Group, STATUS_ERROR};
use crate::semconv::SCHEMA_URL;
use crate::span::{Link, Span, SpanEvent, Status, SCOPE_NAME, SCOPE_VERSION};

/// What a usual span takes; only a hint for the first allocation.
const USUAL_SPAN: usize = 1536;
/// Never reserve more than this at once.
const MAX_RESERVE: usize = 16 << 20;

/// One `ExportTraceServiceRequest` as one line of UTF-8.
#[must_use]
pub fn json(spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::new();
    append_json(spans, &mut out);
    out
}

/// Appends one `ExportTraceServiceRequest`.
pub fn append_json(spans: &[Span], out: &mut Vec<u8>) {
    out.reserve(spans.len().saturating_mul(USUAL_SPAN).min(MAX_RESERVE));
    let groups = group(spans);
    raw(out, "{\"resourceSpans\":[");
    separated(out, &groups, resource_spans);
    raw(out, "]}");
}

fn resource_spans(out: &mut Vec<u8>, group: &Group<'_>) {
    raw(out, "{\"resource\":{\"attributes\":[");
    separated(out, &group.resource.attributes, |out, (key, value)| {
        key_value(out, key, value);
    });
    raw(out, "]},\"scopeSpans\":[{\"scope\":{\"name\":");
    string(out, SCOPE_NAME);
    raw(out, ",\"version\":");
    string(out, SCOPE_VERSION);
    raw(out, "},\"spans\":[");
    separated(out, &group.spans, |out, one| span(out, one));
    raw(out, "],\"schemaUrl\":");
    string(out, SCHEMA_URL);
    raw(out, "}],\"schemaUrl\":");
    string(out, SCHEMA_URL);
    raw(out, "}");
}

fn span(out: &mut Vec<u8>, span: &Span) {
    raw(out, "{\"traceId\":");
    hex(out, &span.trace_id);
    raw(out, ",\"spanId\":");
    hex(out, &span.span_id);
    if let Some(state) = span.trace_state.as_ref().filter(|state| !state.is_empty()) {
        raw(out, ",\"traceState\":");
        string(out, state);
    }
    if let Some(parent) = &span.parent_span_id {
        raw(out, ",\"parentSpanId\":");
        hex(out, parent);
    }
    if span.flags != 0 {
        raw(out, ",\"flags\":");
        decimal(out, u64::from(span.flags));
    }
    raw(out, ",\"name\":");
    string(out, &span.name);
    raw(out, ",\"kind\":");
    decimal(out, u64::from(kind_number(span.kind)));
    raw(out, ",\"startTimeUnixNano\":\"");
    decimal(out, span.start_unix_nano);
    raw(out, "\",\"endTimeUnixNano\":\"");
    decimal(out, span.end_unix_nano);
    raw(out, "\"");
    attributes(out, &span.attributes);
    if !span.events.is_empty() {
        raw(out, ",\"events\":[");
        separated(out, &span.events, event);
        raw(out, "]");
    }
    if !span.links.is_empty() {
        raw(out, ",\"links\":[");
        separated(out, &span.links, link);
        raw(out, "]");
    }
    if let Status::Error(message) = &span.status {
        raw(out, ",\"status\":{");
        if !message.is_empty() {
            raw(out, "\"message\":");
            string(out, message);
            raw(out, ",");
        }
        raw(out, "\"code\":");
        decimal(out, u64::from(STATUS_ERROR));
        raw(out, "}");
    }
    raw(out, "}");
}

fn event(out: &mut Vec<u8>, event: &SpanEvent) {
    raw(out, "{\"timeUnixNano\":\"");
    decimal(out, event.time_unix_nano);
    raw(out, "\",\"name\":");
    string(out, event.name);
    attributes(out, &event.attributes);
    raw(out, "}");
}

fn link(out: &mut Vec<u8>, link: &Link) {
    raw(out, "{\"traceId\":");
    hex(out, &link.trace_id);
    raw(out, ",\"spanId\":");
    hex(out, &link.span_id);
    raw(out, "}");
}

fn attributes(out: &mut Vec<u8>, attributes: &[Attribute]) {
    if !attributes.is_empty() {
        raw(out, ",\"attributes\":[");
        separated(out, attributes, |out, attribute| {
            key_value(out, attribute.key, &attribute.value);
        });
        raw(out, "]");
    }
}

fn key_value(out: &mut Vec<u8>, key: &str, value: &Value) {
    raw(out, "{\"key\":");
    string(out, key);
    raw(out, ",\"value\":");
    any_value(out, value);
    raw(out, "}");
}

fn any_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => string_value(out, text),
        Value::Bool(true) => raw(out, "{\"boolValue\":true}"),
        Value::Bool(false) => raw(out, "{\"boolValue\":false}"),
        Value::Int(number) => {
            raw(
                out,
                if *number < 0 {
                    "{\"intValue\":\"-"
                } else {
                    "{\"intValue\":\""
                },
            );
            decimal(out, number.unsigned_abs());
            raw(out, "\"}");
        }
        Value::List(texts) => {
            raw(out, "{\"arrayValue\":{\"values\":[");
            separated(out, texts, |out, text| string_value(out, text));
            raw(out, "]}}");
        }
    }
}

fn string_value(out: &mut Vec<u8>, text: &str) {
    raw(out, "{\"stringValue\":");
    string(out, text);
    raw(out, "}");
}

fn separated<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// A string in quotes. Stretches that need no escape, which is nearly all, are copied whole.
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f))
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = special.split_first() {
            escape(out, *byte);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => raw(out, "\\\""),
        b'\\' => raw(out, "\\\\"),
        b'\n' => raw(out, "\\n"),
        b'\r' => raw(out, "\\r"),
        b'\t' => raw(out, "\\t"),
        _ => {
            raw(out, "\\u00");
            out.extend_from_slice(&hex_digits(byte));
        }
    }
}

fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for byte in bytes {
        out.extend_from_slice(&hex_digits(*byte));
    }
    out.push(b'"');
}

fn hex_digits(byte: u8) -> [u8; 2] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

fn decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20]; // u64::MAX has 20 digits.
    let mut taken = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10).to_le_bytes()[0];
        value /= 10;
        taken += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - taken..).unwrap_or_default());
}
