//! Spans as OTLP: one `ExportTraceServiceRequest`, in protobuf or in JSON.
//!
//! Contract: both encodings say the same of the same spans; spans keep their order within a resource, resources come in
//! the order in which they were first seen. A resource is one `Arc`: its attributes are written once, however many spans
//! share it. No I/O, no clock.

mod json;
mod protobuf;

use std::collections::HashMap;
use std::sync::Arc;

use crate::span::{Kind, Resource, Span};

pub use json::{append_json, json};
pub use protobuf::{append_protobuf, protobuf};

/// OTLP's numbers for the kinds.
const fn kind_number(kind: Kind) -> u8 {
    match kind {
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Producer => 4,
        Kind::Consumer => 5,
    }
}

/// `STATUS_CODE_ERROR`; unset is 0 and not written.
const STATUS_ERROR: u8 = 2;

/// The spans of one resource.
struct Group<'a> {
    resource: &'a Resource,
    spans: Vec<&'a Span>,
}

fn group(spans: &[Span]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut index: HashMap<*const Resource, usize> = HashMap::new();
    let mut last = (std::ptr::null(), 0);
    for span in spans {
        let resource = Arc::as_ptr(&span.resource);
        if resource != last.0 {
            let at = *index.entry(resource).or_insert_with(|| {
                groups.push(Group {
                    resource: &span.resource,
                    spans: Vec::new(),
                });
                groups.len() - 1
            });
            last = (resource, at);
        }
        if let Some(group) = groups.get_mut(last.1) {
            group.spans.push(span);
        }
    }
    groups
}
