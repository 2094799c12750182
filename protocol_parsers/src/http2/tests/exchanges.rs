//! Streams of plain HTTP.

use super::*;

#[test]
fn a_get_is_described_as_http_1_describes_it() {
    let fields = [
        GET,
        &[
            ("user-agent", "curl/8"),
            ("traceparent", TRACE),
            ("tracestate", "a=b"),
            ("tracestate", "c=d"),
        ],
    ];
    let request = messages(ToServer, &headers(END_STREAM, 1, &fields.concat())).remove(0);
    assert_eq!(
        (request.side, request.phase, request.id),
        (Side::Request, Phase::Whole, 1)
    );
    let facts = &request.facts;
    assert_eq!(facts.operation.as_deref(), Some("GET"));
    assert_eq!(facts.target, Target::Path("/a".into()));
    for (key, expected) in [
        ("http.request.method", "GET"),
        ("url.path", "/a"),
        ("url.query", "b=c"),
        ("url.scheme", "http"),
        ("server.address", "shop"),
        ("server.port", "8080"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "2"),
        ("user_agent.original", "curl/8"),
    ] {
        assert_eq!(shown(facts, key).as_deref(), Some(expected), "{key}");
    }
    assert_eq!(facts.attributes.len(), 9);
    let context = facts.context.as_ref().unwrap();
    assert_eq!((context.span_id[7], context.state.as_deref()), (0xb7, Some("a=b,c=d")));
}

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn two_parents_are_none() {
    let fields = [GET, &[("traceparent", TRACE), ("traceparent", TRACE)]].concat();
    assert_eq!(
        messages(ToServer, &headers(END_STREAM, 1, &fields))[0].facts.context,
        None
    );
}

#[test]
fn a_method_that_nobody_knows_is_other() {
    let facts = &messages(
        ToServer,
        &headers(END_STREAM, 1, &[(":method", "FROB"), (":path", "/")]),
    )[0]
    .facts;
    assert_eq!(shown(facts, "http.request.method").as_deref(), Some("_OTHER"));
    assert_eq!(shown(facts, "http.request.method_original").as_deref(), Some("FROB"));
}

#[test]
fn streams_overlap_and_overtake_each_other() {
    let said = talk(&[
        (
            ToServer,
            [PREFACE, SETTINGS, &headers(END_STREAM, 1, GET), &headers(NONE, 3, POST)].concat(),
        ),
        (
            ToClient,
            [SETTINGS, &headers(NONE, 1, OK), &data(NONE, 1, b"12345")].concat(),
        ),
        (
            ToServer,
            [
                data(NONE, 3, b"abc"),
                data(END_STREAM, 3, b"defg"),
                headers(END_STREAM, 5, GET),
            ]
            .concat(),
        ),
        (ToClient, headers(END_STREAM, 5, &[(":status", "503")])),
        (
            ToClient,
            [headers(END_STREAM, 3, &[(":status", "404")]), data(END_STREAM, 1, b"")].concat(),
        ),
    ]);
    let expected = [
        ">1 GET /a",
        ">3 Begin POST /up",
        "<1 Begin 200",
        ">3 End size=7",
        ">5 GET /a",
        "<5 503 !503 (both)",
        "<3 404 !404 (client)",
        "<1 End size=5",
    ];
    assert_eq!(said, expected);
}

#[test]
fn interim_responses_are_passed_over_and_trailers_end_a_response() {
    let said = talk(&[
        (ToServer, headers(END_STREAM, 1, GET)),
        (ToClient, headers(NONE, 1, &[(":status", "103"), ("link", "</x>")])),
        (ToClient, [headers(NONE, 1, OK), data(NONE, 1, b"12")].concat()),
        (ToClient, headers(END_STREAM, 1, &[("checksum", "x")])),
    ]);
    assert_eq!(said, [">1 GET /a", "<1 Begin 200", "<1 End size=2"]);
}

#[test]
fn request_trailers_end_a_request() {
    let said = talk(&[(
        ToServer,
        [
            headers(NONE, 1, POST),
            data(NONE, 1, b"12"),
            headers(END_STREAM, 1, &[("checksum", "x")]),
        ]
        .concat(),
    )]);
    assert_eq!(said, [">1 Begin POST /up", ">1 End size=2"]);
}

#[test]
fn padding_and_priority_are_no_part_of_what_they_come_with() {
    let padded_fields = [&[3][..], &[0x80, 0, 0, 0, 15], &block(POST), &[0; 3]].concat();
    let padded_data = [&[200][..], b"12345", &[0; 200]].concat();
    let said = talk(&[
        (
            ToServer,
            frame(HEADERS, PADDED | PRIORITY | END_HEADERS, 1, &padded_fields),
        ),
        (ToServer, frame(DATA, PADDED, 1, &padded_data)),
        (ToServer, frame(DATA, PADDED | END_STREAM, 1, &[2, 0, 0])),
    ]);
    assert_eq!(said, [">1 Begin POST /up", ">1 End size=5"]);
}

#[test]
fn padding_longer_than_its_frame_is_an_error() {
    for (kind, payload) in [(DATA, &[9_u8, 0][..]), (HEADERS, &[9, 0x82])] {
        let mut connection = Connection::new(&DEFINITION);
        connection.feed(ToServer, &headers(NONE, 1, POST));
        connection.feed(ToServer, &frame(kind, PADDED | END_HEADERS, 1, payload));
        assert_eq!(lines(&connection)[1], "Lost(ToServer, 48)");
    }
}

#[test]
fn a_block_may_come_in_any_number_of_frames() {
    let fields = block(GET);
    for cut in 1..fields.len() {
        let mut bytes = frame(HEADERS, END_STREAM, 1, &fields[..cut]);
        bytes.extend(frame(CONTINUATION, NONE, 1, &[]));
        bytes.extend(frame(CONTINUATION, END_HEADERS, 1, &fields[cut..]));
        assert_eq!(talk(&[(ToServer, bytes)]), [">1 GET /a"]);
    }
}

#[test]
fn nothing_may_stand_between_the_frames_of_a_block() {
    for between in [
        frame(CONTINUATION, END_HEADERS, 3, b""),
        data(NONE, 1, b""),
        SETTINGS.to_vec(),
    ] {
        let mut connection = Connection::new(&DEFINITION);
        connection.feed(ToServer, &[frame(HEADERS, NONE, 1, &block(GET)), between].concat());
        assert_eq!(lines(&connection)[0], "Lost(ToServer, 0)");
    }
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &frame(CONTINUATION, END_HEADERS, 1, b"\x82"));
    assert_eq!(lines(&connection)[0], "Lost(ToServer, 0)");
}

#[test]
fn a_block_without_end_is_given_up() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &frame(HEADERS, NONE, 1, &block(GET)));
    let more = frame(CONTINUATION, NONE, 1, &[0x82; 16_000]);
    for _ in 0..9 {
        connection.feed(ToServer, &more);
    }
    assert_eq!(lines(&connection)[0], "Lost(ToServer, 0)");
}

#[test]
fn a_reset_ends_both_sides_one_after_the_other() {
    let said = talk(&[
        (
            ToServer,
            [headers(NONE, 1, POST), data(NONE, 1, b"12"), reset(1, 8)].concat(),
        ),
        (ToServer, headers(END_STREAM, 3, GET)),
        (
            ToClient,
            [headers(NONE, 3, OK), data(NONE, 3, b"123"), reset(3, 2)].concat(),
        ),
        (ToServer, headers(END_STREAM, 5, GET)),
        (ToClient, reset(5, 7)),
    ]);
    let expected = [
        ">1 Begin POST /up",
        ">1 End",
        "<1 reset=CANCEL !CANCEL (client)",
        ">3 GET /a",
        "<3 Begin 200",
        "<3 End reset=INTERNAL_ERROR !INTERNAL_ERROR (both)",
        ">5 GET /a",
        "<5 reset=REFUSED_STREAM !REFUSED_STREAM (both)",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_reset_after_the_response_only_ends_the_request() {
    let said = talk(&[
        (ToServer, headers(NONE, 1, POST)),
        (
            ToClient,
            [headers(END_STREAM, 1, &[(":status", "413")]), reset(1, 0)].concat(),
        ),
        (ToServer, [headers(END_STREAM, 3, GET)].concat()),
        (ToClient, headers(END_STREAM, 3, OK)),
        (ToServer, reset(3, 8)),
    ]);
    let expected = [
        ">1 Begin POST /up",
        "<1 413 !413 (client)",
        ">1 End",
        ">3 GET /a",
        "<3 200",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_promise_is_the_request_of_what_is_pushed() {
    let promise = [&2_u32.to_be_bytes()[..], &block(GET)].concat();
    let pushed = [
        frame(PUSH_PROMISE, END_HEADERS, 1, &promise),
        headers(NONE, 1, OK),
        headers(NONE, 2, OK),
    ];
    let said = talk(&[
        (ToServer, headers(END_STREAM, 1, GET)),
        (
            ToClient,
            [
                &pushed.concat()[..],
                &data(END_STREAM, 2, b"123"),
                &data(END_STREAM, 1, b"1"),
            ]
            .concat(),
        ),
    ]);
    let expected = [
        ">1 GET /a",
        ">2 GET /a",
        "<1 Begin 200",
        "<2 Begin 200",
        "<2 End size=3",
        "<1 End size=1",
    ];
    assert_eq!(said, expected);
    let facts = &messages(ToClient, &pushed[0])[0].facts;
    assert_eq!(shown(facts, "ebpf_otlp_tracer.http2.pushed").as_deref(), Some("true"));
}

#[test]
fn a_pushed_stream_that_the_client_refuses_ends_with_its_reset() {
    let promise = [&2_u32.to_be_bytes()[..], &block(GET)].concat();
    let said = talk(&[
        (ToServer, headers(END_STREAM, 1, GET)),
        (ToClient, frame(PUSH_PROMISE, END_HEADERS, 1, &promise)),
        (ToServer, reset(2, 8)),
    ]);
    assert_eq!(said[1..], [">2 GET /a", "<2 reset=CANCEL !CANCEL (client)"]);
}

#[test]
fn connect_and_its_extension_are_exchanges_as_long_as_their_tunnel() {
    let plain = [(":method", "CONNECT"), (":authority", "db:5432")];
    let extended = [GET, &[(":protocol", "websocket")]].concat();
    let said = talk(&[
        (
            ToServer,
            [headers(NONE, 1, &plain), data(NONE, 1, b"\x16\x03\x01")].concat(),
        ),
        (
            ToClient,
            [headers(NONE, 1, OK), data(END_STREAM, 1, b"\x16\x03\x03!")].concat(),
        ),
        (ToServer, data(END_STREAM, 1, b"")),
    ]);
    assert_eq!(
        said,
        [">1 Begin CONNECT", "<1 Begin 200", "<1 End size=4", ">1 End size=3"]
    );
    let facts = &messages(ToServer, &headers(NONE, 1, &extended))[0].facts;
    assert_eq!(
        shown(facts, "ebpf_otlp_tracer.http2.connect_protocol").as_deref(),
        Some("websocket")
    );
}

#[test]
fn a_response_seen_before_its_request_waits_for_it_and_the_stream_is_over_once() {
    let said = talk(&[
        (ToClient, headers(END_STREAM, 3, OK)),
        (ToServer, headers(END_STREAM, 3, GET)),
        (ToServer, reset(3, 8)),
    ]);
    assert_eq!(said, ["<3 200", ">3 GET /a"]);
}

#[test]
fn the_answer_to_an_upgrade_comes_on_the_first_stream_without_a_request() {
    let said = talk(&[
        (
            ToClient,
            [SETTINGS, &headers(NONE, 1, OK), &data(END_STREAM, 1, b"12")].concat(),
        ),
        (ToServer, [PREFACE, SETTINGS, &headers(END_STREAM, 3, GET)].concat()),
        (ToClient, headers(END_STREAM, 3, OK)),
    ]);
    assert_eq!(said, ["<1 Begin 200", "<1 End size=2", ">3 GET /a", "<3 200"]);
    let response = &messages(ToClient, &headers(NONE, 1, OK))[0];
    assert_eq!(shown(&response.facts, "network.protocol.version").as_deref(), Some("2"));
}

#[test]
fn frames_that_carry_no_exchange_are_passed_over() {
    let frames = [
        frame(4, NONE, 0, &[0, 1, 0, 0, 0x10, 0]),
        frame(4, 1, 0, &[]),
        frame(6, NONE, 0, &[7; 8]),
        frame(8, NONE, 0, &[0, 0, 0x10, 0]),
        frame(2, NONE, 1, &[0, 0, 0, 3, 15]),
        frame(7, NONE, 0, &[0, 0, 0, 1, 0, 0, 0, 0, b'b', b'y', b'e']),
        frame(0x0c, NONE, 0, b"\0\x04http"),
        frame(0x10, NONE, 0, b"\0\0\0\x01u=1"),
        data(END_STREAM, 77, b"of a stream that nobody opened"),
    ];
    assert_eq!(
        talk(&[(ToServer, frames.concat()), (ToClient, frames.concat())]),
        [""; 0]
    );
}

#[test]
fn frames_that_break_the_rules_are_errors() {
    for bad in [
        frame(4, NONE, 0, &[0; 5]),
        frame(4, NONE, 1, &[]),
        frame(4, 1, 0, &[0; 6]),
        frame(6, NONE, 0, &[0; 7]),
        frame(8, NONE, 0, &[0; 5]),
        frame(3, NONE, 0, &[0; 4]),
        frame(7, NONE, 0, &[0; 4]),
        frame(2, NONE, 1, &[0; 4]),
        data(NONE, 0, b""),
        headers(NONE, 0, GET),
        frame(PUSH_PROMISE, END_HEADERS, 1, &[0; 3]),
        frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 3]),
    ] {
        let mut connection = Connection::new(&DEFINITION);
        connection.feed(ToClient, &bad);
        assert_eq!(
            lines(&connection).first().map(String::as_str),
            Some("Lost(ToClient, 0)"),
            "{bad:x?}"
        );
    }
}
