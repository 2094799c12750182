//! What a span costs, from the exchange to the bytes. A measurement, not a test of speed: it fails on wrong results only.
//!
//! `cargo test --release -p rust_parser --no-default-features --test span_speed -- --ignored --nocapture`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement is printed"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use protocol_parsers::{Facts, Target};
use rust_parser::context::Identity;
use rust_parser::event::{Endpoint, Machine, Process, Vantage};
use rust_parser::exchange::{CaptureFacts, Exchange, Peers, Perspective};
use rust_parser::naming::Names;
use rust_parser::otlp::{append_json, append_protobuf};
use rust_parser::redact::Redaction;
use rust_parser::span::{build, ClockMap, Resource};

const BATCH: usize = 512;
const ROUNDS: usize = 400;

/// A usual request as a server sees it: 10 facts of the protocol, 8 attributes of the socket.
fn exchange(number: usize, perspective: Perspective, redis: bool) -> Exchange {
    let mut facts = Facts::default();
    if redis {
        facts.operation = Some("HSET".into());
        facts.text("db.system.name", "redis");
        facts.text("db.operation.name", "HSET");
        facts.text("db.query.text", "HSET user:1234:profile ? ?");
    } else {
        facts.operation = Some("GET".into());
        let path = format!("/api/v1/customers/{number}/orders");
        facts.target = Target::Path(path.as_str().into());
        facts.text("http.request.method", "GET");
        facts.text("url.path", path.as_str());
        facts.text("url.query", "page=2&size=50&sort=created");
        facts.text("url.scheme", "http");
        facts.text("network.protocol.version", "1.1");
        facts.text(
            "user_agent.original",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        );
        facts.text("server.address", "shop.example.com");
        facts.int("server.port", 8080);
        facts.int("http.response.status_code", 200);
        facts.int("http.response.body.size", 5123);
    }
    let peers = Peers {
        connection: 1,
        identity: 0x1234_5678_9abc_def0,
        perspective,
        vantage: Vantage::Process,
        client: Endpoint::Inet("10.24.1.17:51234".parse().unwrap()),
        server: Endpoint::Inet("10.24.3.200:8080".parse().unwrap()),
    };
    let start = 1_000_000 + number as u64 * 10_000;
    Exchange {
        protocol: protocol_parsers::registry::PROTOCOLS.first().unwrap(),
        peers: Arc::new(peers),
        tgid: 4242,
        tid: 4243,
        facts,
        position: number as u64 * 700,
        ordinal: 0,
        request_start_ns: start,
        request_end_ns: start + 10,
        response_start_ns: Some(start + 5_000),
        end_ns: start + 5_000 + (number as u64 % 2) * 100,
        capture: CaptureFacts::default(),
    }
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_span() {
    for (title, perspective, redis) in [
        ("http server", Perspective::Server, false),
        ("http client", Perspective::Client, false),
        ("redis client", Perspective::Client, true),
    ] {
        measure(
            title,
            &(0..BATCH)
                .map(|number| exchange(number, perspective, redis))
                .collect::<Vec<_>>(),
        );
    }
}

fn measure(title: &str, exchanges: &[Exchange]) {
    let process = Process {
        pid: 1,
        service: "shop".into(),
        executable: "/usr/bin/shop".into(),
        ..Process::default()
    };
    let resource = Arc::new(Resource::of_process(&process, &Machine::default(), None));
    let (mut names, redaction, mut clock) = (Names::default(), Redaction::default(), ClockMap::new());
    clock.add(0, 1_700_000_000_000_000_000);
    let (mut binary, mut lines) = (Vec::new(), Vec::new());
    let mut best = [f64::MAX; 4];
    let mut attributes = 0;
    for _ in 0..ROUNDS {
        binary.clear();
        lines.clear();
        // Building takes the exchanges apart: their copies are made outside of the time.
        let mut copies = Vec::with_capacity(exchanges.len());
        copies.extend_from_slice(exchanges);
        let mut mark = Instant::now();
        let mut lap = |slot: usize| {
            let each = mark.elapsed().as_nanos() as f64 / exchanges.len() as f64;
            if let Some(best) = best.get_mut(slot) {
                *best = best.min(each);
            }
            mark = Instant::now();
        };
        let spans: Vec<_> = copies
            .into_iter()
            .map(|one| {
                let lineage = Identity::new(&one.peers, one.position, one.ordinal).alone(None);
                build(one, lineage, &clock, &mut names, &redaction, resource.clone())
            })
            .collect();
        lap(0);
        append_protobuf(black_box(&spans), &mut binary);
        lap(1);
        append_json(black_box(&spans), &mut lines);
        lap(2);
        attributes = spans.iter().map(|span| span.attributes.len()).max().unwrap_or_default();
        assert!(spans.iter().all(|span| span.name.len() < 64));
        drop(spans);
        lap(3);
    }
    let [build, protobuf, json, free] = best;
    let (binary, lines) = (binary.len() / exchanges.len(), lines.len() / exchanges.len());
    println!("{title}: {attributes} attributes, build {build:.0} ns, protobuf {protobuf:.0} ns ({binary} B), json {json:.0} ns ({lines} B), free {free:.0} ns");
}
