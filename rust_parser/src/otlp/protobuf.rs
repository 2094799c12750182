//! The protobuf encoding, by hand: one pass, one buffer, no tree of messages in between.
//!
//! Attributes have their lengths computed before they are written. Bigger messages leave room for the length they will
//! most likely have and move their bytes only if that was wrong, so every length is written in its shortest form and the
//! bytes are those that any other encoder gives for the same order of fields.

use protocol_parsers::{Attribute, Text, Value};

use super::{group, kind_number, Group, STATUS_ERROR};
use crate::semconv::SCHEMA_URL;
use crate::span::{Link, Resource, Span, SpanEvent, Status, SCOPE_NAME, SCOPE_VERSION};

/// What a usual span takes; only a hint for the first allocation.
const USUAL_SPAN: usize = 768;
/// Never reserve more than this at once.
const MAX_RESERVE: usize = 16 << 20;

/// Wire types.
const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;

/// One `ExportTraceServiceRequest`.
#[must_use]
pub fn protobuf(spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::new();
    append_protobuf(spans, &mut out);
    out
}

/// Appends one `ExportTraceServiceRequest`.
pub fn append_protobuf(spans: &[Span], out: &mut Vec<u8>) {
    out.reserve(spans.len().saturating_mul(USUAL_SPAN).min(MAX_RESERVE));
    for group in &group(spans) {
        nested(out, 1, 3, |out| resource_spans(out, group));
    }
}

fn resource_spans(out: &mut Vec<u8>, group: &Group<'_>) {
    nested(out, 1, 2, |out| resource(out, group.resource));
    nested(out, 2, 3, |out| {
        nested(out, 1, 1, |out| {
            string(out, 1, SCOPE_NAME);
            string(out, 2, SCOPE_VERSION);
        });
        for one in &group.spans {
            nested(out, 2, 2, |out| span(out, one));
        }
        string(out, 3, SCHEMA_URL);
    });
    string(out, 3, SCHEMA_URL);
}

fn resource(out: &mut Vec<u8>, resource: &Resource) {
    for (key, value) in &resource.attributes {
        key_value(out, 1, key, value);
    }
}

fn span(out: &mut Vec<u8>, span: &Span) {
    bytes(out, 1, &span.trace_id);
    bytes(out, 2, &span.span_id);
    if let Some(state) = &span.trace_state {
        string(out, 3, state);
    }
    if let Some(parent) = &span.parent_span_id {
        bytes(out, 4, parent);
    }
    string(out, 5, &span.name);
    tag(out, 6, VARINT);
    out.push(kind_number(span.kind));
    fixed64(out, 7, span.start_unix_nano);
    fixed64(out, 8, span.end_unix_nano);
    attributes(out, 9, &span.attributes);
    for one in &span.events {
        nested(out, 11, 1, |out| event(out, one));
    }
    for one in &span.links {
        nested(out, 13, 1, |out| link(out, one));
    }
    if let Status::Error(message) = &span.status {
        nested(out, 15, 1, |out| {
            string(out, 2, message);
            tag(out, 3, VARINT);
            out.push(STATUS_ERROR);
        });
    }
    if span.flags != 0 {
        tag(out, 16, FIXED32);
        out.extend_from_slice(&span.flags.to_le_bytes());
    }
}

fn event(out: &mut Vec<u8>, event: &SpanEvent) {
    fixed64(out, 1, event.time_unix_nano);
    string(out, 2, event.name);
    attributes(out, 3, &event.attributes);
}

fn link(out: &mut Vec<u8>, link: &Link) {
    bytes(out, 1, &link.trace_id);
    bytes(out, 2, &link.span_id);
}

fn attributes(out: &mut Vec<u8>, field: u32, attributes: &[Attribute]) {
    for Attribute { key, value } in attributes {
        key_value(out, field, key, value);
    }
}

fn key_value(out: &mut Vec<u8>, field: u32, key: &str, value: &Value) {
    let value_length = any_value_length(value);
    let key_length = if key.is_empty() { 0 } else { field_length(key.len()) };
    length(out, field, key_length + field_length(value_length));
    string(out, 1, key);
    length(out, 2, value_length);
    any_value(out, value);
}

/// A value that is set is written even if it is the default of its type: the field is one of several.
fn any_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => bytes(out, 1, text.as_bytes()),
        Value::Bool(bit) => {
            tag(out, 2, VARINT);
            out.push(u8::from(*bit));
        }
        Value::Int(number) => {
            tag(out, 3, VARINT);
            varint(out, number.cast_unsigned());
        }
        Value::List(texts) => {
            length(out, 5, array_length(texts));
            for text in texts {
                length(out, 1, field_length(text.len()));
                bytes(out, 1, text.as_bytes());
            }
        }
    }
}

fn any_value_length(value: &Value) -> usize {
    match value {
        Value::Text(text) => field_length(text.len()),
        Value::Bool(_) => 2,
        Value::Int(number) => 1 + varint_length(number.cast_unsigned()),
        Value::List(texts) => field_length(array_length(texts)),
    }
}

fn array_length(texts: &[Text]) -> usize {
    texts.iter().map(|text| field_length(field_length(text.len()))).sum()
}

/// Tag (of a field below 16), length and content.
fn field_length(content: usize) -> usize {
    1 + varint_length(content as u64) + content
}

fn varint_length(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn tag(out: &mut Vec<u8>, field: u32, wire_type: u8) {
    varint(out, u64::from(field << 3 | u32::from(wire_type)));
}

fn length(out: &mut Vec<u8>, field: u32, length: usize) {
    tag(out, field, BYTES);
    varint(out, length as u64);
}

fn bytes(out: &mut Vec<u8>, field: u32, content: &[u8]) {
    length(out, field, content.len());
    out.extend_from_slice(content);
}

/// A string outside of a choice: the empty one is the default and not written.
fn string(out: &mut Vec<u8>, field: u32, content: &str) {
    if !content.is_empty() {
        bytes(out, field, content.as_bytes());
    }
}

fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        tag(out, field, FIXED64);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A message whose length is known only after it is written. `guess` is how many bytes the length will most likely take.
fn nested(out: &mut Vec<u8>, field: u32, guess: usize, content: impl FnOnce(&mut Vec<u8>)) {
    tag(out, field, BYTES);
    let room = out.len();
    out.resize(room + guess, 0);
    content(out);
    let length = out.len() - room - guess;
    let mut digits = [0; 10];
    let taken = varint_length(length as u64);
    let mut rest = length as u64;
    for (at, digit) in digits.iter_mut().enumerate().take(taken) {
        *digit = (rest & 0x7f).to_le_bytes()[0] | if at + 1 < taken { 0x80 } else { 0 };
        rest >>= 7;
    }
    let digits = digits.get(..taken).unwrap_or_default();
    if let (true, Some(place)) = (taken == guess, out.get_mut(room..room + guess)) {
        place.copy_from_slice(digits);
    } else {
        out.splice(room..room + guess, digits.iter().copied());
    }
}
