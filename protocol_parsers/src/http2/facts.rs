//! What a header block, a body or a reset says about its exchange: the stable HTTP conventions, or those of RPC for
//! gRPC. Never keeps a field that is not named here.

use super::grpc::{self, Content, Status};
use super::head::Head;
use super::stream::{Body, Side, Stream};
use crate::http1::facts as http;
use crate::message::{Attribute, Facts, Failure, FailureSide, Target, Text, Value};
use crate::parser::Direction;

/// Fields could not be known: the connection was met in its middle, or bytes were lost.
const HEADERS_INCOMPLETE: &str = "ebpf_otlp_tracer.http2.headers_incomplete";
/// The server sent the response unasked.
const PUSHED: &str = "ebpf_otlp_tracer.http2.pushed";
/// The reason in a RST_STREAM frame.
const RESET: &str = "ebpf_otlp_tracer.http2.reset";
/// What an extended CONNECT asks for.
const CONNECT_PROTOCOL: &str = "ebpf_otlp_tracer.http2.connect_protocol";
/// gRPC messages of the client.
const REQUEST_MESSAGES: &str = "ebpf_otlp_tracer.grpc.request_messages";
/// gRPC messages of the server.
const RESPONSE_MESSAGES: &str = "ebpf_otlp_tracer.grpc.response_messages";
/// The deadline that the client gave.
const TIMEOUT: &str = "ebpf_otlp_tracer.grpc.timeout_ms";

/// Attributes of a usual request: one allocation.
const REQUEST_ATTRIBUTES: usize = 12;

/// The facts of a request's header.
pub(super) fn of_request(head: &mut Head, stream: &Stream) -> Facts {
    let mut facts = Facts {
        attributes: Vec::with_capacity(REQUEST_ATTRIBUTES),
        ..Facts::default()
    };
    if stream.content.is_grpc() {
        add_call(&mut facts, head.path.as_deref());
        if let Some(timeout) = head.grpc_timeout_ms {
            facts.int(TIMEOUT, timeout);
        }
    } else {
        add_http_request(&mut facts, head);
    }
    if let Some(authority) = head.authority.as_ref().or(head.host.as_ref()) {
        http::add_server(&mut facts, authority.as_bytes());
    }
    facts.text("network.protocol.name", Text::const_new("http"));
    facts.text("network.protocol.version", Text::const_new("2"));
    if let Some(agent) = head.user_agent.take().filter(|agent| !agent.is_empty()) {
        facts.text("user_agent.original", agent);
    }
    facts.context = head.trace_context();
    if head.has_unknown {
        flag(&mut facts, HEADERS_INCOMPLETE);
    }
    facts
}

fn add_http_request(facts: &mut Facts, head: &mut Head) {
    if let Some(method) = &head.method {
        http::add_method(facts, method.as_bytes());
    }
    if let Some(path) = head.path.as_ref().filter(|path| !path.is_empty()) {
        http::add_path(facts, path.as_bytes());
    }
    if let Some(scheme) = head.scheme.take() {
        facts.text("url.scheme", scheme);
    }
    if let Some(protocol) = head.protocol.take() {
        facts.text(CONNECT_PROTOCOL, protocol);
    }
}

/// Names the exchange as a gRPC call.
fn add_call(facts: &mut Facts, path: Option<&str>) {
    // An empty operation takes back what a request said that did not look like a call.
    facts.operation = Some(Text::default());
    facts.text("rpc.system.name", Text::const_new("grpc"));
    let Some(path) = path else {
        // The conventions name a call by its system when its method is not known.
        facts.target = Target::Name(Text::const_new("grpc"));
        return;
    };
    if let Some((service, full)) = grpc::method(path.as_bytes()) {
        let full = http::text(full);
        facts.text("rpc.service", http::text(service));
        facts.text("rpc.method", full.clone());
        facts.target = Target::Name(full);
    } else {
        // Methods are the peer's to invent; the conventions have a word for those that nobody offers.
        facts.text("rpc.method", Text::const_new("_OTHER"));
        facts.text("rpc.method_original", http::text(path.as_bytes()));
        facts.target = Target::Name(Text::const_new("_OTHER"));
    }
}

/// The promise of a response to a request that the client never sent.
pub(super) fn of_promise(head: &mut Head, stream: &Stream) -> Facts {
    let mut facts = of_request(head, stream);
    flag(&mut facts, PUSHED);
    facts
}

/// The facts of a response's header. `whole`: nothing follows it.
pub(super) fn of_response(head: &Head, stream: &mut Stream, whole: bool) -> Facts {
    let mut facts = recognised(head, stream);
    let is_grpc = stream.content.is_grpc();
    if let Some(code) = head.status.filter(|code| !is_grpc || *code != 200) {
        let told = http::of_status(code);
        facts.attributes.extend(told.attributes);
        facts.failure = told.failure;
        if is_grpc {
            add_outcome(&mut facts, Status::of_http(code));
        }
    }
    if let Some(status) = head.grpc_status.filter(|_| is_grpc) {
        add_outcome(&mut facts, status);
    }
    let misses_status = whole && is_grpc && head.grpc_status.is_none();
    // No response is without a status: these are the trailers of one that was lost.
    if head.status.is_none() || (head.has_unknown && misses_status) {
        flag(&mut facts, HEADERS_INCOMPLETE);
    }
    facts
}

/// The facts of the fields after a body.
pub(super) fn of_trailers(head: &Head, stream: &mut Stream, direction: Direction, body: &Body) -> Facts {
    let mut facts = recognised(head, stream);
    add_body(&mut facts, direction, body, stream);
    if direction == Direction::ToClient && stream.content.is_grpc() {
        match head.grpc_status {
            Some(status) => add_outcome(&mut facts, status),
            None if head.has_unknown => flag(&mut facts, HEADERS_INCOMPLETE),
            None => {}
        }
    }
    facts
}

/// A stream of unknown content may show what it carries later on.
fn recognised(head: &Head, stream: &mut Stream) -> Facts {
    let mut facts = Facts::default();
    let content = head.content();
    if stream.content == Content::Unknown && content.is_grpc() {
        stream.content = content;
        // A response seen before its request leaves the name to it.
        if stream.request != Side::Idle {
            add_call(&mut facts, stream.path.take().as_deref());
        }
    }
    facts
}

/// The facts of a body's end.
pub(super) fn of_body(direction: Direction, body: &Body, stream: &Stream) -> Facts {
    let mut facts = Facts::default();
    add_body(&mut facts, direction, body, stream);
    facts
}

fn add_body(facts: &mut Facts, direction: Direction, body: &Body, stream: &Stream) {
    if !stream.content.is_grpc() {
        if !body.broken {
            let key = match direction {
                Direction::ToServer => http::REQUEST_BODY_SIZE,
                Direction::ToClient => http::RESPONSE_BODY_SIZE,
            };
            http::add_size(facts, key, body.size);
        }
        return;
    }
    let Some(messages) = body.messages else { return };
    let key = match direction {
        Direction::ToServer => REQUEST_MESSAGES,
        Direction::ToClient => RESPONSE_MESSAGES,
    };
    facts.int(key, i64::try_from(messages.count).unwrap_or(i64::MAX));
    if let (Direction::ToClient, Some(status)) = (direction, messages.web_status) {
        add_outcome(facts, status);
    }
}

/// Adds that the stream was reset before the response was whole.
pub(super) fn add_reset(facts: &mut Facts, code: u32, by: Direction, stream: &Stream) {
    // A server that has said everything may stop a long request with NO_ERROR (RFC 9113, 8.1): what it said was lost.
    if code == 0 && by == Direction::ToClient && stream.lost {
        flag(facts, HEADERS_INCOMPLETE);
        return;
    }
    let name = reset_name(code);
    facts.text(RESET, name.clone());
    if stream.content.is_grpc() {
        add_outcome(facts, Status::of_reset(code));
    } else if code != 0 {
        let side = match by {
            Direction::ToServer => FailureSide::Client,
            Direction::ToClient => FailureSide::Both,
        };
        facts.failure = Some(Failure {
            kind: name,
            message: None,
            side,
        });
    }
}

/// RFC 9113, section 7.
fn reset_name(code: u32) -> Text {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    let name = usize::try_from(code).ok().and_then(|code| NAMES.get(code));
    Text::const_new(name.copied().unwrap_or("UNKNOWN_ERROR"))
}

fn add_outcome(facts: &mut Facts, status: Status) {
    let name = match status.name() {
        Some(name) => Text::const_new(name),
        None => compact_str::format_compact!("{}", status.0),
    };
    facts.text("rpc.response.status_code", name.clone());
    facts.failure = (!status.is_ok()).then(|| Failure {
        kind: name,
        message: None,
        side: if status.is_servers_failure() {
            FailureSide::Both
        } else {
            FailureSide::Client
        },
    });
}

fn flag(facts: &mut Facts, key: &'static str) {
    facts.attributes.push(Attribute {
        key,
        value: Value::Bool(true),
    });
}
