//! Spans that no tracer would make, and a few that it would: all kinds of values, empty and long, with every kind of
//! character that JSON escapes.

use std::sync::Arc;

use protocol_parsers::{Attribute, Text, Value};
use rust_parser::span::{Kind, Link, Resource, Span, SpanEvent, Status};

const KEYS: &[&str] = &[
    "http.request.method",
    "k",
    "",
    "url.full",
    "a.rather.long.key.that.is.longer.than.most.keys.are",
];
const TEXTS: &[&str] = &[
    "",
    "x",
    "GET /users/{id}",
    "quote\" back\\slash /",
    "\n\r\t\u{0}\u{1f}\u{7f}",
    "é 你好 \u{1f980} \u{2028}",
];

/// A generator with a seed (splitmix64): a failure is repeated by its number.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn text(&mut self) -> Text {
        let length = self.pick(&[1, 1, 1, 2, 30, 200]);
        (0..length).map(|_| self.pick(TEXTS)).collect()
    }

    /// Small, large and at the borders of the encoded size.
    fn number(&mut self) -> u64 {
        let shift = self.below(64);
        self.pick(&[0, 1, u64::MAX, 1 << shift, (1 << shift) - 1, self.0 >> shift])
    }

    fn value(&mut self) -> Value {
        match self.below(5) {
            0 => Value::Bool(self.below(2) == 0),
            1 => Value::Int(self.number().cast_signed()),
            2 => Value::List((0..self.below(4)).map(|_| self.text()).collect()),
            _ => Value::Text(self.text()),
        }
    }

    fn attributes(&mut self) -> Vec<Attribute> {
        (0..self.below(16))
            .map(|_| Attribute {
                key: self.pick(KEYS),
                value: self.value(),
            })
            .collect()
    }

    fn id<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }

    fn resource(&mut self) -> Resource {
        Resource {
            attributes: (0..self.below(20))
                .map(|_| (self.text().to_string(), self.value()))
                .collect(),
        }
    }

    pub fn span(&mut self) -> Span {
        Span {
            trace_id: self.id(),
            span_id: self.id(),
            parent_span_id: (self.below(2) == 0).then(|| self.id()),
            trace_state: (self.below(3) == 0).then(|| self.text()),
            flags: u32::try_from(self.below(0x400)).unwrap() * u32::from(self.below(4) > 0),
            name: self.text(),
            kind: self.pick(&[Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer]),
            start_unix_nano: self.number(),
            end_unix_nano: self.number(),
            attributes: self.attributes(),
            events: (0..self.below(3)).map(|_| self.event()).collect(),
            links: (0..self.below(3))
                .map(|_| Link {
                    trace_id: self.id(),
                    span_id: self.id(),
                })
                .collect(),
            status: if self.below(2) == 0 {
                Status::Unset
            } else {
                Status::Error(self.text())
            },
            resource: Arc::default(),
        }
    }

    fn event(&mut self) -> SpanEvent {
        SpanEvent {
            time_unix_nano: self.number(),
            name: self.pick(TEXTS),
            attributes: self.attributes(),
        }
    }

    /// Up to 40 spans of up to 5 resources, mixed.
    pub fn spans(&mut self) -> Vec<Span> {
        let resources: Vec<_> = (0..=self.below(5)).map(|_| Arc::new(self.resource())).collect();
        let with_resource = |random: &mut Self| {
            let resource = resources[random.below(resources.len())].clone();
            Span {
                resource,
                ..random.span()
            }
        };
        (0..self.below(40)).map(|_| with_resource(self)).collect()
    }
}
