#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use std::net::SocketAddr;

use protocol_parsers::{Target, TraceContext};

use super::*;
use crate::context::{Evidence, Identity};
use crate::exchange::Peers;
use crate::redact::RedactionOptions;

fn inet(address: &str) -> Endpoint {
    Endpoint::Inet(address.parse::<SocketAddr>().expect("an address"))
}

fn exchange(perspective: Perspective) -> Exchange {
    let mut facts = Facts {
        operation: Some("GET".into()),
        target: Target::Path("/users/42".into()),
        ..Facts::default()
    };
    facts.text("http.request.method", "GET");
    facts.text("url.path", "/users/42");
    facts.text("url.query", "page=1&token=secret");
    facts.int("http.response.status_code", 404);
    facts.failure = Some(Failure {
        kind: "404".into(),
        message: None,
        side: FailureSide::Client,
    });
    let peers = Peers {
        connection: 1,
        identity: 77,
        perspective,
        vantage: Vantage::Process,
        client: inet("10.0.0.1:50000"),
        server: inet("[2001:db8::2]:8080"),
    };
    Exchange {
        protocol: protocol_parsers::registry::PROTOCOLS.first().expect("a protocol"),
        peers: Arc::new(peers),
        tgid: 10,
        tid: 11,
        facts,
        position: 5,
        ordinal: 0,
        request_start_ns: 1_000,
        request_end_ns: 1_100,
        response_start_ns: Some(2_000),
        end_ns: 3_000,
        capture: CaptureFacts::default(),
    }
}

fn built(exchange: &Exchange, lineage: &Lineage) -> Span {
    let mut clock = ClockMap::new();
    clock.add(500, 1_000_500);
    clock.add(2_500, 9_000_000); // The wall clock steps in the middle of the exchange.
    let redaction = Redaction::new(&RedactionOptions::default());
    build(
        exchange.clone(),
        lineage.clone(),
        &clock,
        &mut Names::default(),
        &redaction,
        Arc::default(),
    )
}

fn span_of(exchange: &Exchange) -> Span {
    built(exchange, &root(exchange))
}

fn shown(span: &Span, key: &str) -> String {
    let value = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| &attribute.value);
    match value {
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Bool(bit)) => bit.to_string(),
        Some(Value::List(texts)) => texts.join("|"),
        None => "-".into(),
    }
}

#[test]
fn a_server_span_tells_both_ends_and_is_not_blamed_for_the_clients_mistake() {
    let span = span_of(&exchange(Perspective::Server));
    assert_eq!((span.name.as_str(), span.kind), ("GET /users/{id}", Kind::Server));
    for (key, value) in [
        ("network.peer.address", "10.0.0.1"),
        ("network.peer.port", "50000"),
        ("client.address", "10.0.0.1"),
        ("client.port", "50000"),
        ("server.address", "2001:db8::2"),
        ("server.port", "8080"),
        ("network.transport", "tcp"),
        ("network.type", "ipv4"),
        ("thread.id", "11"),
        ("url.query", "page=1&token=REDACTED"),
        ("url.template", "-"),
        ("http.route", "-"),
        ("error.type", "-"),
        ("ebpf_otlp_tracer.parent.evidence", "-"),
        ("ebpf_otlp_tracer.capture.truncated", "-"),
    ] {
        assert_eq!(shown(&span, key), value, "{key}");
    }
    assert_eq!(span.status, Status::Unset);
}

#[test]
fn a_client_span_has_the_template_and_the_error() {
    let span = span_of(&exchange(Perspective::Client));
    assert_eq!(span.kind, Kind::Client);
    for (key, value) in [
        ("network.peer.address", "2001:db8::2"),
        ("network.type", "ipv6"),
        ("server.address", "2001:db8::2"),
        ("server.port", "8080"),
        ("client.address", "-"),
        ("url.template", "/users/{id}"),
        ("error.type", "404"),
    ] {
        assert_eq!(shown(&span, key), value, "{key}");
    }
    assert_eq!(span.status, Status::Error("".into()));
}

#[test]
fn a_failure_of_both_sides_counts_on_the_server_too() {
    let mut exchange = exchange(Perspective::Server);
    exchange.facts.failure = Some(Failure {
        kind: "23505".into(),
        message: Some("duplicate key".into()),
        side: FailureSide::Both,
    });
    let span = span_of(&exchange);
    assert_eq!(shown(&span, "error.type"), "23505");
    assert_eq!(span.status, Status::Error("duplicate key".into()));
}

#[test]
fn names_that_the_protocol_gave_stay_and_get_no_port_of_the_socket_on_servers() {
    for (perspective, port) in [(Perspective::Server, "-"), (Perspective::Client, "8080")] {
        let mut exchange = exchange(perspective);
        exchange.facts.text("server.address", "shop.example");
        exchange.facts.text("client.address", "203.0.113.9");
        let span = span_of(&exchange);
        assert_eq!(shown(&span, "server.address"), "shop.example");
        assert_eq!(shown(&span, "server.port"), port);
        assert_eq!(
            (shown(&span, "client.address"), shown(&span, "client.port")),
            ("203.0.113.9".into(), "-".into())
        );
    }
}

#[test]
fn unix_sockets_have_a_path_and_no_port() {
    let mut exchange = exchange(Perspective::Client);
    let peers = Arc::make_mut(&mut exchange.peers);
    (peers.client, peers.server) = (Endpoint::Unix(String::new()), Endpoint::Unix("/run/db.sock".into()));
    let span = span_of(&exchange);
    for (key, value) in [
        ("network.transport", "unix"),
        ("network.type", "-"),
        ("network.peer.address", "/run/db.sock"),
        ("network.peer.port", "-"),
        ("server.address", "/run/db.sock"),
        ("server.port", "-"),
    ] {
        assert_eq!(shown(&span, key), value, "{key}");
    }
    Arc::make_mut(&mut exchange.peers).perspective = Perspective::Server;
    let span = span_of(&exchange);
    assert_eq!(shown(&span, "client.address"), "-");
    assert_eq!(shown(&span, "server.address"), "/run/db.sock");
}

#[test]
fn a_span_of_a_packet_capture_says_who_asked() {
    let mut exchange = exchange(Perspective::Client);
    exchange.tid = 0;
    assert_eq!(shown(&span_of(&exchange), "network.local.address"), "-");
    Arc::make_mut(&mut exchange.peers).vantage = Vantage::Network;
    let span = span_of(&exchange);
    assert_eq!(shown(&span, "network.local.address"), "10.0.0.1");
    assert_eq!(shown(&span, "network.local.port"), "50000");
    assert_eq!(shown(&span, "thread.id"), "-");
}

#[test]
fn what_the_capture_missed_is_said_and_nothing_else() {
    let mut exchange = exchange(Perspective::Server);
    exchange.capture = CaptureFacts {
        truncated: true,
        gap_bytes: 1500,
        attached_mid_stream: true,
        incomplete: true,
    };
    let span = span_of(&exchange);
    for (key, value) in [
        ("truncated", "true"),
        ("gap_bytes", "1500"),
        ("attached_mid_stream", "true"),
        ("incomplete", "true"),
    ] {
        assert_eq!(shown(&span, &format!("ebpf_otlp_tracer.capture.{key}")), value, "{key}");
    }
}

#[test]
fn a_step_of_the_wall_clock_does_not_change_a_duration() {
    let span = span_of(&exchange(Perspective::Server));
    assert_eq!((span.start_unix_nano, span.end_unix_nano), (1_001_000, 1_003_000));
    assert_eq!(span.events.len(), 1);
    assert_eq!(
        (span.events[0].name, span.events[0].time_unix_nano),
        ("response.first_byte", 1_002_000)
    );
}

#[test]
fn a_response_of_one_event_has_no_first_byte_event_and_time_never_runs_back() {
    let mut exchange = exchange(Perspective::Server);
    exchange.response_start_ns = Some(exchange.end_ns);
    assert_eq!(span_of(&exchange).events, []);
    exchange.end_ns = 10;
    let span = span_of(&exchange);
    assert_eq!(span.start_unix_nano, span.end_unix_nano);
    assert_eq!(span.events, []);
}

#[test]
fn a_parent_brings_its_evidence_and_says_whether_it_is_remote() {
    let exchange = exchange(Perspective::Server);
    for (evidence, name, flags) in [
        (Evidence::Wire, "traceparent", 0x301),
        (Evidence::Thread, "thread", 0x101),
        (Evidence::Sequence, "tcp-sequence", 0x301),
        (Evidence::None, "-", 0x101),
    ] {
        let lineage = Lineage {
            parent: Some([9; 8]),
            evidence,
            ..root(&exchange)
        };
        let span = built(&exchange, &lineage);
        assert_eq!(shown(&span, "ebpf_otlp_tracer.parent.evidence"), name);
        assert_eq!((span.flags, span.parent_span_id), (flags, Some([9; 8])));
    }
    let orphan = Lineage {
        evidence: Evidence::Wire,
        ..root(&exchange)
    };
    let span = built(&exchange, &orphan);
    assert_eq!(
        (shown(&span, "ebpf_otlp_tracer.parent.evidence").as_str(), span.flags),
        ("-", 0x101)
    );
}

#[test]
fn client_and_server_spans_of_one_exchange_have_ids_of_their_own() {
    let (client, server) = (
        span_of(&exchange(Perspective::Client)),
        span_of(&exchange(Perspective::Server)),
    );
    assert_ne!(client.span_id, server.span_id);
}

#[test]
fn keys_are_unique_and_the_later_value_wins_in_the_place_of_the_first() {
    let mut exchange = exchange(Perspective::Client);
    for number in 0..200 {
        exchange.facts.int("http.response.status_code", number);
        exchange.facts.text("network.transport", "quic");
    }
    let span = span_of(&exchange);
    let mut keys: Vec<_> = span.attributes.iter().map(|attribute| attribute.key).collect();
    assert_eq!(keys[3], "http.response.status_code");
    assert_eq!(shown(&span, "http.response.status_code"), "199");
    assert_eq!(shown(&span, "network.transport"), "tcp", "the socket knows better");
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn messaging_clients_are_producers_and_consumers_and_links_are_kept() {
    for (operation, client) in [
        ("send", Kind::Producer),
        ("receive", Kind::Consumer),
        ("settle", Kind::Client),
    ] {
        for (perspective, kind) in [(Perspective::Client, client), (Perspective::Server, Kind::Server)] {
            let mut exchange = exchange(perspective);
            exchange.facts.text("messaging.operation.type", operation);
            exchange.facts.links = vec![TraceContext {
                trace_id: [1; 16],
                span_id: [2; 8],
                flags: 0,
                state: None,
            }];
            let span = span_of(&exchange);
            assert_eq!(span.kind, kind);
            assert_eq!(
                span.links,
                [Link {
                    trace_id: [1; 16],
                    span_id: [2; 8]
                }]
            );
        }
    }
}

#[test]
fn a_nameless_exchange_is_called_after_its_protocol() {
    let mut exchange = exchange(Perspective::Client);
    exchange.facts = Facts::default();
    assert_eq!(span_of(&exchange).name, exchange.protocol.name);
}

#[test]
fn every_ipv4_address_is_written_as_the_standard_library_does() {
    for octets in [
        [0, 0, 0, 0],
        [1, 10, 100, 255],
        [9, 99, 199, 200],
        [127, 0, 0, 1],
        [101, 110, 11, 205],
    ] {
        let address = IpAddr::from(octets);
        assert_eq!(address_text(address), address.to_string());
    }
}

fn root(exchange: &Exchange) -> Lineage {
    Identity::new(&exchange.peers, exchange.position, exchange.ordinal).alone(None)
}

#[test]
fn an_http_client_has_the_whole_url_without_its_secrets_and_a_server_has_not() {
    let mut exchange = exchange(Perspective::Client);
    exchange.facts.text("url.scheme", "http");
    let url = "http://[2001:db8::2]:8080/users/42?page=1&token=REDACTED";
    assert_eq!(shown(&span_of(&exchange), "url.full"), url);
    exchange.facts.text("server.address", "shop");
    exchange.facts.int("server.port", 80);
    let url = "http://shop/users/42?page=1&token=REDACTED";
    assert_eq!(shown(&span_of(&exchange), "url.full"), url);
    exchange.peers = Arc::new(Peers {
        perspective: Perspective::Server,
        ..Peers::clone(&exchange.peers)
    });
    assert_eq!(shown(&span_of(&exchange), "url.full"), "-");
}
