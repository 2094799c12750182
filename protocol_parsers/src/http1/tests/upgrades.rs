//! What becomes of a connection: tunnels, other protocols, WebSocket.

use super::*;

#[test]
fn a_connect_that_succeeds_opens_a_tunnel_and_one_that_fails_does_not() {
    let connect = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    let hello = b"\x16\x03\x01\x02\x00";
    let yes = b"HTTP/1.1 200 Connection established\r\nTransfer-Encoding: chunked\r\n\r\n";
    for turns in [
        vec![(ToServer, &connect[..]), (ToClient, yes), (ToServer, hello)],
        vec![
            (ToServer, connect),
            (ToServer, hello),
            (ToClient, yes),
            (ToServer, hello),
        ],
        vec![
            (ToServer, connect),
            (ToClient, b"HTTP/1.0 299 Fine\r\n\r\n"),
            (ToClient, hello),
        ],
    ] {
        let driver = talk(&turns, 1);
        assert_eq!(driver.seen.len(), 3, "{:?}", driver.seen);
        assert!(matches!(&driver.seen[1], Seen::Message(ToClient, _, _, message) if message.phase == Phase::Whole));
        assert_eq!(driver.seen[2], Seen::Opaque);
    }
    let no = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno";
    let driver = talk(&[(ToServer, connect), (ToClient, no), (ToServer, connect)], usize::MAX);
    assert_eq!(phases(&driver), [REQUEST, RESPONSE, REQUEST]);
}

#[test]
fn an_upgrade_leads_to_the_registered_protocol_which_answers_or_to_silence() {
    let ask = b"GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n";
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let driver = talk(
        &[
            (ToServer, ask),
            (ToClient, answer),
            (ToServer, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ],
        usize::MAX,
    );
    assert!(matches!(&driver.seen[0], Seen::Message(ToServer, ..)));
    assert_eq!(driver.seen[1..], [Seen::Become("http2")]);
    let other = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0\r\n\r\n";
    assert_eq!(
        talk(&[(ToServer, ask), (ToClient, other), (ToClient, b"\x16")], usize::MAX).seen[2],
        Seen::Opaque
    );
    let ignored = b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n";
    let driver = talk(&[(ToServer, ask), (ToClient, ignored), (ToServer, GET)], usize::MAX);
    assert_eq!(phases(&driver), [REQUEST, RESPONSE, REQUEST]);
}

const WEBSOCKET: &[u8] = b"GET /chat HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";

const ACCEPT: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

fn websocket_counts(message: &Message) -> [Option<i64>; 5] {
    [
        "frames_to_server",
        "frames_to_client",
        "bytes_to_server",
        "bytes_to_client",
        "close_code",
    ]
    .map(|key| int_of(message, &format!("ebpf_otlp_tracer.websocket.{key}")))
}

#[test]
fn a_websocket_session_is_one_exchange_with_its_frames_counted() {
    let long = [&b"\x82\x7e\x01\x00"[..], &[7; 256]].concat();
    let longer = [&b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"[..], &vec![7; 65536][..]].concat();
    let turns = [
        (ToServer, WEBSOCKET),
        (ToClient, ACCEPT),
        (ToServer, b"\x81\x85\x01\x02\x03\x04hello\x89\x80\x01\x02\x03\x04"),
        (ToClient, b"\x01\x02hi\x8a\x00\x80\x01!"),
        (ToClient, &long),
        (ToClient, &longer),
        (ToServer, b"\x88\x82\xff\xff\x00\x00\xfc\x17"),
        (ToClient, b"\x88\x04\x03\xe8ok"),
    ];
    for piece in [usize::MAX, 1, 3] {
        let driver = talk(&turns, piece);
        let parts = [
            Phase::Begin,
            Phase::Part,
            Phase::Part,
            Phase::Part,
            Phase::Part,
            Phase::Part,
            Phase::End,
        ];
        let expected: Vec<_> = [REQUEST]
            .into_iter()
            .chain(parts.map(|phase| (Side::Response, phase)))
            .collect();
        assert_eq!(phases(&driver), expected);
        let last = driver.messages().pop().unwrap();
        assert_eq!(
            websocket_counts(last),
            [Some(3), Some(6), Some(7), Some(3 + 256 + 65536 + 4), Some(1000)]
        );
    }
}

#[test]
fn a_websocket_session_without_a_close_frame_ends_with_the_connection() {
    let mut driver = talk(
        &[
            (ToServer, WEBSOCKET),
            (ToClient, ACCEPT),
            (ToServer, b"\x81\x80\x01\x02\x03\x04"),
        ],
        usize::MAX,
    );
    let last = driver.messages().pop().unwrap();
    assert_eq!(last.phase, Phase::End);
    assert_eq!(websocket_counts(last), [Some(1), Some(0), Some(0), Some(0), None]);
    let count = driver.messages().len();
    driver.end(ToClient);
    assert_eq!(driver.messages().len(), count, "one end is enough");
}

#[test]
fn the_status_of_the_clients_close_frame_counts_when_the_server_sends_none() {
    let close = b"\x88\x82\xff\xff\xff\xff\xfc\x16";
    let driver = talk(&[(ToServer, WEBSOCKET), (ToClient, ACCEPT), (ToServer, close)], 1);
    assert_eq!(websocket_counts(driver.messages().pop().unwrap())[4], Some(1001));
}

#[test]
fn frames_sent_before_the_answer_is_seen_wait_for_it() {
    let frame = b"\x81\x80\x01\x02\x03\x04";
    let driver = talk(
        &[
            (ToServer, WEBSOCKET),
            (ToServer, frame),
            (ToClient, ACCEPT),
            (ToServer, frame),
        ],
        usize::MAX,
    );
    assert_eq!(websocket_counts(driver.messages().pop().unwrap())[0], Some(2));
}

#[test]
fn lost_frames_end_the_counting_of_their_direction_only() {
    let mut driver = Driver::new();
    driver.feed(ToServer, WEBSOCKET);
    driver.feed(ToClient, ACCEPT);
    driver.lose(ToServer);
    driver.feed(ToServer, b"GET /not-a-request HTTP/1.1\r\n\r\n");
    driver.feed(ToClient, b"\x81\x00");
    driver.end(ToClient);
    assert_eq!(
        websocket_counts(driver.messages().pop().unwrap())[..2],
        [Some(0), Some(1)]
    );
}

#[test]
fn frames_that_break_the_rules_are_errors() {
    for (direction, frame) in [
        (ToClient, &b"\x81\x81\x00\x00\x00\x00a"[..]), // masked by the server
        (ToServer, b"\x81\x01a"),                      // not masked by the client
        (ToClient, b"\x83"),                           // reserved opcode
        (ToClient, b"\x09\x00"),                       // fragmented ping
        (ToClient, b"\x89\x7e\x00\x80"),               // long ping
        (ToClient, b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
    ] {
        let driver = talk(
            &[(ToServer, WEBSOCKET), (ToClient, ACCEPT), (direction, frame)],
            usize::MAX,
        );
        assert!(matches!(driver.seen[2], Seen::Error(_)), "{}", frame.escape_ascii());
    }
}
