//! From a finished exchange to its span.
//!
//! Contract: redaction happens here, before the span exists, so nothing downstream can forget it. Facts of the protocol
//! win over what the socket says, except about the socket itself.

use std::net::IpAddr;
use std::sync::Arc;

use compact_str::format_compact;
use protocol_parsers::{Attribute, Facts, Failure, FailureSide, Text, Value};

use super::{clock::ClockMap, Kind, Link, Resource, Span, SpanEvent, Status};
use super::{FLAG_PARENT_KNOWN, FLAG_PARENT_REMOTE};
use crate::context::{Evidence, Lineage};
use crate::event::{Endpoint, Vantage};
use crate::exchange::{CaptureFacts, Exchange, Perspective};
use crate::naming::{self, Names};
use crate::redact::Redaction;
use crate::semconv;

/// OTLP's flags: a wire or sequence parent is in another process, a thread's parent in the same.
fn otlp_flags(lineage: &Lineage) -> u32 {
    let remote = match lineage.evidence {
        Evidence::Wire | Evidence::Sequence if lineage.parent.is_some() => FLAG_PARENT_REMOTE,
        _ => 0,
    };
    u32::from(lineage.flags) | FLAG_PARENT_KNOWN | remote
}

/// Attributes [`build`] usually adds to those of the protocol; room for them is reserved at once.
const ADDED: usize = 10;

/// Makes the span. Takes the exchange apart: what it says is moved, not copied.
pub fn build(
    mut exchange: Exchange,
    lineage: Lineage,
    clock: &ClockMap,
    names: &mut Names,
    redaction: &Redaction,
    resource: Arc<Resource>,
) -> Span {
    let said = std::mem::take(&mut exchange.facts.attributes);
    let mut attributes = Attributes::with_capacity(said.len() + ADDED);
    for Attribute { key, value } in said {
        if let Some(value) = redaction.clean(key, value) {
            attributes.set(key, value);
        }
    }
    let facts = &exchange.facts;
    let kind = kind(exchange.peers.perspective, &attributes);
    let called = naming::span_name(names, resource.service_name(), facts, &attributes.list);
    if let (Some(template), Perspective::Client) = (called.template, exchange.peers.perspective) {
        attributes.set(semconv::URL_TEMPLATE, Value::Text(template));
    }
    add_socket(&mut attributes, &exchange);
    if exchange.peers.perspective == Perspective::Client {
        add_full_url(&mut attributes);
    }
    let links = links(facts);
    let status = add_failure(
        &mut attributes,
        exchange.facts.failure.take(),
        exchange.peers.perspective,
    );
    add_capture(&mut attributes, exchange.capture);
    if exchange.tid != 0 {
        attributes.set(semconv::THREAD_ID, Value::Int(i64::from(exchange.tid)));
    }
    if let (Some(evidence), Some(_)) = (lineage.evidence.name(), lineage.parent) {
        attributes.set(semconv::PARENT_EVIDENCE, text(evidence));
    }

    let anchor = clock.anchor(exchange.request_start_ns);
    let end_ns = exchange.end_ns.max(exchange.request_start_ns);
    Span {
        trace_id: lineage.trace_id,
        span_id: lineage.span_id,
        parent_span_id: lineage.parent,
        flags: otlp_flags(&lineage),
        trace_state: lineage.trace_state,
        name: called.name.unwrap_or_else(|| Text::const_new(exchange.protocol.name)),
        kind,
        start_unix_nano: anchor.unix_ns(exchange.request_start_ns),
        end_unix_nano: anchor.unix_ns(end_ns),
        attributes: attributes.list,
        events: first_byte(&exchange)
            .map(|at| anchor.unix_ns(at))
            .map_or_else(Vec::new, first_byte_event),
        links,
        status,
        resource,
    }
}

/// The conventions require the whole URL of an HTTP client. Its parts are redacted already. Left out where a part is not
/// known: a message that was cut, a CONNECT, HTTP/2 whose headers are not all known (it may be a gRPC call).
fn add_full_url(attributes: &mut Attributes) {
    if attributes.has(semconv::HTTP2_HEADERS_INCOMPLETE) {
        return;
    }
    let parts = (
        attributes.text(semconv::HTTP_REQUEST_METHOD),
        attributes.text(semconv::URL_SCHEME),
        attributes.text(semconv::SERVER_ADDRESS),
        attributes.text(semconv::URL_PATH),
    );
    let (Some(_), Some(scheme), Some(host), Some(path)) = parts else {
        return;
    };
    let bracketed = host.contains(':') && !host.starts_with('[');
    let mut url = if bracketed {
        format_compact!("{scheme}://[{host}]")
    } else {
        format_compact!("{scheme}://{host}")
    };
    let default_port = if scheme == "https" { 443 } else { 80 };
    if let Some(port) = attributes
        .int(semconv::SERVER_PORT)
        .filter(|port| *port != default_port)
    {
        url.push_str(&format_compact!(":{port}"));
    }
    url.push_str(path);
    if let Some(query) = attributes.text(semconv::URL_QUERY) {
        url.push('?');
        url.push_str(query);
    }
    attributes.set(semconv::URL_FULL, Value::Text(url));
}

/// Messaging clients are producers and consumers; every other exchange has a client and a server.
fn kind(perspective: Perspective, attributes: &Attributes) -> Kind {
    match (perspective, attributes.text(semconv::MESSAGING_OPERATION_TYPE)) {
        (Perspective::Server, _) => Kind::Server,
        (Perspective::Client, Some("send")) => Kind::Producer,
        (Perspective::Client, Some("receive")) => Kind::Consumer,
        (Perspective::Client, _) => Kind::Client,
    }
}

/// What the socket knows. The names of the protocol (a Host header, a forwarded address) stay: addresses only fill.
fn add_socket(attributes: &mut Attributes, exchange: &Exchange) {
    let peers = &exchange.peers;
    let (local, peer) = match peers.perspective {
        Perspective::Client => (&peers.client, &peers.server),
        Perspective::Server => (&peers.server, &peers.client),
    };
    match peer {
        Endpoint::Inet(address) => {
            attributes.set(semconv::NETWORK_TRANSPORT, text("tcp"));
            attributes.set(
                semconv::NETWORK_TYPE,
                text(if address.is_ipv4() { "ipv4" } else { "ipv6" }),
            );
        }
        Endpoint::Unix(_) => attributes.set(semconv::NETWORK_TRANSPORT, text("unix")),
    }
    let peer = End::of(peer);
    // A cut message may have named its server in the part that is missing: the socket does not speak for it.
    let server_named = attributes.has(semconv::SERVER_ADDRESS) || exchange.capture.truncated;
    if peers.perspective == Perspective::Server {
        // A port belongs to its address: the socket's port says nothing about a name that the protocol gave.
        if !server_named {
            End::of(&peers.server).add(attributes, semconv::SERVER_ADDRESS, semconv::SERVER_PORT);
        }
        if !attributes.has(semconv::CLIENT_ADDRESS) {
            peer.clone()
                .add(attributes, semconv::CLIENT_ADDRESS, semconv::CLIENT_PORT);
        }
    } else if !server_named {
        peer.clone()
            .add(attributes, semconv::SERVER_ADDRESS, semconv::SERVER_PORT);
    } else if let (true, false, Some(port)) = (
        attributes.has(semconv::SERVER_ADDRESS),
        attributes.has(semconv::SERVER_PORT),
        peer.port,
    ) {
        // The conventions require it of HTTP clients, and the port a client dials is the logical one.
        attributes.set(semconv::SERVER_PORT, Value::Int(port));
    }
    peer.add(attributes, semconv::NETWORK_PEER_ADDRESS, semconv::NETWORK_PEER_PORT);
    if peers.vantage == Vantage::Network {
        // No process stands behind such a span: without this, nobody could tell who asked.
        End::of(local).add(attributes, semconv::NETWORK_LOCAL_ADDRESS, semconv::NETWORK_LOCAL_PORT);
    }
}

/// An end of a connection, as attributes have it.
#[derive(Clone)]
struct End {
    /// Empty for an unnamed UNIX socket.
    address: Text,
    port: Option<i64>,
}

impl End {
    fn of(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Inet(address) => Self {
                address: address_text(address.ip()),
                port: Some(i64::from(address.port())),
            },
            Endpoint::Unix(path) => Self {
                address: Text::from(path.as_str()),
                port: None,
            },
        }
    }

    fn add(self, attributes: &mut Attributes, address: &'static str, port: &'static str) {
        if !self.address.is_empty() {
            attributes.set(address, Value::Text(self.address));
        }
        if let Some(number) = self.port {
            attributes.set(port, Value::Int(number));
        }
    }
}

/// `fmt` takes most of 100 ns for an address, three times a span; IPv4 is the common case and simple.
fn address_text(address: IpAddr) -> Text {
    let IpAddr::V4(address) = address else {
        return format_compact!("{address}");
    };
    let mut digits = [0; 15]; // 255.255.255.255
    let mut length = 0;
    let mut put = |byte: u8| {
        if let Some(slot) = digits.get_mut(length) {
            *slot = byte;
            length += 1;
        }
    };
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            put(b'.');
        }
        if octet >= 100 {
            put(b'0' + octet / 100);
        }
        if octet >= 10 {
            put(b'0' + octet / 10 % 10);
        }
        put(b'0' + octet % 10);
    }
    Text::from(std::str::from_utf8(digits.get(..length).unwrap_or_default()).unwrap_or_default())
}

/// `error.type` and the status, if the failure counts on this side.
fn add_failure(attributes: &mut Attributes, failure: Option<Failure>, perspective: Perspective) -> Status {
    match failure {
        Some(failure) if failure.side == FailureSide::Both || perspective == Perspective::Client => {
            attributes.set(semconv::ERROR_TYPE, Value::Text(failure.kind));
            Status::Error(failure.message.unwrap_or_default())
        }
        _ => Status::Unset,
    }
}

fn add_capture(attributes: &mut Attributes, capture: CaptureFacts) {
    let flags = [
        (semconv::CAPTURE_TRUNCATED, capture.truncated),
        (semconv::CAPTURE_ATTACHED_MID_STREAM, capture.attached_mid_stream),
        (semconv::CAPTURE_INCOMPLETE, capture.incomplete),
    ];
    for (key, _) in flags.into_iter().filter(|(_, set)| *set) {
        attributes.set(key, Value::Bool(true));
    }
    if capture.gap_bytes > 0 {
        attributes.set(
            semconv::CAPTURE_GAP_BYTES,
            Value::Int(i64::try_from(capture.gap_bytes).unwrap_or(i64::MAX)),
        );
    }
}

/// When the response began, if that says more than its end does.
fn first_byte(exchange: &Exchange) -> Option<u64> {
    exchange
        .response_start_ns
        .filter(|start| (exchange.request_start_ns..exchange.end_ns).contains(start))
}

fn first_byte_event(time_unix_nano: u64) -> Vec<SpanEvent> {
    vec![SpanEvent {
        time_unix_nano,
        name: semconv::EVENT_RESPONSE_FIRST_BYTE,
        attributes: Vec::new(),
    }]
}

fn links(facts: &Facts) -> Vec<Link> {
    facts
        .links
        .iter()
        .map(|context| Link {
            trace_id: context.trace_id,
            span_id: context.span_id,
        })
        .collect()
}

fn text(value: &'static str) -> Value {
    Value::Text(Text::const_new(value))
}

/// Attributes with unique keys: a later value replaces an earlier one in its place.
struct Attributes {
    list: Vec<Attribute>,
    /// One bit for each mark of the keys in the list: a key whose bit is not set is new, without a search.
    marks: u128,
}

impl Attributes {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            list: Vec::with_capacity(capacity),
            marks: 0,
        }
    }

    /// Length and two letters tell nearly all keys of one span apart.
    fn mark(key: &str) -> u128 {
        let bytes = key.as_bytes();
        let letter = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
        let mix = bytes.len() * 37 + letter(bytes.len().wrapping_sub(1)) * 5 + letter(bytes.len() / 2) * 11;
        1 << (mix % 128)
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.marks & Self::mark(key) == 0 {
            return None;
        }
        self.list.iter().position(|attribute| attribute.key == key)
    }

    fn has(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    fn text(&self, key: &str) -> Option<&str> {
        match &self.list.get(self.position(key)?)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn int(&self, key: &str) -> Option<i64> {
        match self.list.get(self.position(key)?)?.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    fn set(&mut self, key: &'static str, value: Value) {
        if let Some(attribute) = self.position(key).and_then(|at| self.list.get_mut(at)) {
            attribute.value = value;
        } else {
            self.marks |= Self::mark(key);
            self.list.push(Attribute { key, value });
        }
    }
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
