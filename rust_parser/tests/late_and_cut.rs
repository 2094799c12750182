//! What is met in its middle or cut by a copy limit, with the real HTTP/1 parser: shown as far as it is known, and said.

use protocol_parsers::Value;
use rust_parser::event::{Data, Endpoint, Event, Header, Machine, Open, Process, Role, Vantage, Way};
use rust_parser::pipeline::{Options, Pipeline};
use rust_parser::span::Span;

const REQUEST: &[u8] = b"GET /orders/7 HTTP/1.1\r\nHost: shop\r\nCookie: aaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const MS: u64 = 1_000_000;

fn header(ms: u64) -> Header {
    Header {
        time_ns: ms * MS,
        connection: 1,
        tgid: 5,
        tid: 5,
    }
}

fn start(open_ms: u64, fresh: bool) -> Pipeline {
    let mut pipeline = Pipeline::new(&Options::default());
    let inet = |text: &str| Endpoint::Inet(text.parse().expect("address"));
    let open = Open {
        socket: 9,
        netns: 1,
        role: Role::Server,
        vantage: Vantage::Process,
        fresh,
        local: inet("10.0.0.1:80"),
        remote: inet("10.0.0.2:4000"),
        sent: 0,
        received: 0,
        sequence: false,
    };
    pipeline.event(&Event::Machine(header(0), Machine::default()));
    pipeline.event(&Event::Process(
        header(0),
        Process {
            pid: 5,
            ..Process::default()
        },
    ));
    pipeline.event(&Event::Open(header(open_ms), open));
    pipeline
}

fn moved(pipeline: &mut Pipeline, ms: u64, way: Way, position: usize, bytes: &[u8], length: usize) {
    let position = u64::try_from(position).expect("small");
    let length = u32::try_from(length).expect("small");
    pipeline.event(&Event::Data(
        header(ms),
        Data {
            way,
            position,
            sequence: false,
            length,
            bytes,
        },
    ));
}

fn finished(mut pipeline: Pipeline) -> Vec<Span> {
    pipeline.finish();
    pipeline.take()
}

fn value<'a>(span: &'a Span, key: &str) -> Option<&'a Value> {
    span.attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| &attribute.value)
}

#[test]
fn a_request_head_cut_by_the_copy_limit_is_a_span_that_says_so() {
    let mut pipeline = start(0, true);
    let captured = &REQUEST[..50];
    moved(&mut pipeline, 1, Way::Received, 0, captured, 900);
    moved(&mut pipeline, 2, Way::Sent, 0, RESPONSE, RESPONSE.len());
    // The next one is whole: nothing of the cut one sticks to it.
    moved(&mut pipeline, 3, Way::Received, 900, REQUEST, REQUEST.len());
    moved(&mut pipeline, 4, Way::Sent, RESPONSE.len(), RESPONSE, RESPONSE.len());
    let spans = finished(pipeline);
    let seen: Vec<_> = spans
        .iter()
        .map(|span| {
            (
                span.name.as_str(),
                value(span, "ebpf_otlp_tracer.capture.truncated").is_some(),
            )
        })
        .collect();
    assert_eq!(seen, [("GET /orders/{id}", true), ("GET /orders/{id}", false)]);
    assert_eq!(value(&spans[0], "http.response.status_code"), Some(&Value::Int(204)));
    assert_eq!(value(&spans[0], "server.address"), Some(&Value::Text("shop".into())));
}

#[test]
fn a_response_head_cut_by_the_copy_limit_keeps_its_status() {
    let mut pipeline = start(0, true);
    moved(&mut pipeline, 1, Way::Received, 0, REQUEST, REQUEST.len());
    moved(
        &mut pipeline,
        2,
        Way::Sent,
        0,
        b"HTTP/1.1 503 Oh\r\nServer: x\r\nSet-Coo",
        3000,
    );
    let spans = finished(pipeline);
    assert_eq!(spans.len(), 1);
    assert_eq!(value(&spans[0], "http.response.status_code"), Some(&Value::Int(503)));
    assert_eq!(
        value(&spans[0], "ebpf_otlp_tracer.capture.truncated"),
        Some(&Value::Bool(true))
    );
}

#[test]
fn a_capture_that_ends_inside_a_response_head_keeps_its_status() {
    let mut pipeline = start(0, true);
    moved(&mut pipeline, 1, Way::Received, 0, REQUEST, REQUEST.len());
    moved(&mut pipeline, 2, Way::Sent, 0, &RESPONSE[..25], 25);
    let spans = finished(pipeline);
    assert_eq!(value(&spans[0], "http.response.status_code"), Some(&Value::Int(204)));
    assert_eq!(
        value(&spans[0], "ebpf_otlp_tracer.capture.truncated"),
        Some(&Value::Bool(true))
    );
}

#[test]
fn a_cut_inside_the_start_line_tells_nothing_and_shows_nothing() {
    let mut pipeline = start(0, true);
    moved(&mut pipeline, 1, Way::Received, 0, &REQUEST[..12], 900);
    moved(&mut pipeline, 2, Way::Sent, 0, RESPONSE, RESPONSE.len());
    assert_eq!(finished(pipeline), []);
}

const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
const NIL: &[u8] = b"$-1\r\n";

#[test]
fn one_exchange_on_a_connection_that_was_idle_when_we_came_is_shown_and_marked() {
    let mut pipeline = start(300, false);
    moved(&mut pipeline, 300, Way::Received, 0, GET, GET.len());
    moved(&mut pipeline, 301, Way::Sent, 0, NIL, NIL.len());
    let spans = finished(pipeline);
    assert_eq!(spans.len(), 1);
    assert_eq!(
        value(&spans[0], "ebpf_otlp_tracer.capture.attached_mid_stream"),
        Some(&Value::Bool(true))
    );
}

#[test]
fn one_exchange_of_a_client_that_may_pipeline_is_not_guessed_if_the_connection_may_have_been_busy() {
    let mut pipeline = start(10, false);
    moved(&mut pipeline, 10, Way::Received, 0, GET, GET.len());
    moved(&mut pipeline, 11, Way::Sent, 0, NIL, NIL.len());
    assert_eq!(finished(pipeline), []);
}

#[test]
fn a_protocol_whose_clients_wait_is_paired_from_its_first_request_on() {
    let mut pipeline = start(10, false);
    moved(&mut pipeline, 10, Way::Received, 0, REQUEST, REQUEST.len());
    moved(&mut pipeline, 11, Way::Sent, 0, RESPONSE, RESPONSE.len());
    let spans = finished(pipeline);
    assert_eq!(spans.len(), 1);
    assert_eq!(
        value(&spans[0], "ebpf_otlp_tracer.capture.attached_mid_stream"),
        Some(&Value::Bool(true))
    );
}

#[test]
fn an_idle_connection_that_begins_with_a_response_pairs_nothing_with_it() {
    let mut pipeline = start(300, false);
    moved(&mut pipeline, 300, Way::Sent, 0, RESPONSE, RESPONSE.len());
    moved(&mut pipeline, 301, Way::Received, 0, REQUEST, REQUEST.len());
    assert_eq!(finished(pipeline), []);
}
