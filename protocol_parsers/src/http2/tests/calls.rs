//! gRPC of all kinds.

use super::*;

#[test]
fn a_unary_call_has_name_status_and_one_message_each_way() {
    let said = talk(&[
        (
            ToServer,
            [headers(NONE, 1, CALL), data(END_STREAM, 1, &grpc_message(7))].concat(),
        ),
        (
            ToClient,
            [
                headers(NONE, 1, CALL_OK),
                data(NONE, 1, &grpc_message(0)),
                headers(END_STREAM, 1, DONE),
            ]
            .concat(),
        ),
    ]);
    assert_eq!(
        said,
        [
            ">1 Begin shop.v1.Cart/Add",
            ">1 End messages=1",
            "<1 Begin",
            "<1 End OK messages=1"
        ]
    );
}

#[test]
fn a_call_is_described_by_the_conventions_of_rpc() {
    let more = [
        ("grpc-timeout", "999859u"),
        ("user-agent", "grpc-go/1.6"),
        (":authority", "shop"),
    ];
    let facts = &messages(ToServer, &headers(NONE, 1, &[CALL, &more].concat()))[0].facts;
    assert_eq!(facts.target, Target::Name("shop.v1.Cart/Add".into()));
    assert_eq!(facts.operation.as_deref(), Some(""));
    for (key, expected) in [
        ("rpc.system.name", "grpc"),
        ("rpc.service", "shop.v1.Cart"),
        ("rpc.method", "shop.v1.Cart/Add"),
        ("ebpf_otlp_tracer.grpc.timeout_ms", "1000"),
        ("server.address", "shop"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "2"),
        ("user_agent.original", "grpc-go/1.6"),
    ] {
        assert_eq!(shown(facts, key).as_deref(), Some(expected), "{key}");
    }
    assert_eq!(facts.attributes.len(), 8);
}

#[test]
fn a_path_that_is_no_method_names_nothing() {
    let fields = [
        (":method", "POST"),
        (":path", "/../etc/<x>"),
        ("content-type", "application/grpc"),
    ];
    let facts = &messages(ToServer, &headers(NONE, 1, &fields))[0].facts;
    assert_eq!(facts.target, Target::Name("_OTHER".into()));
    assert_eq!(shown(facts, "rpc.method_original").as_deref(), Some("/../etc/<x>"));
}

#[test]
fn trailers_alone_are_a_whole_response() {
    let refused = [CALL_OK, &[("grpc-status", "12"), ("grpc-message", "secret")]].concat();
    let said = talk(&[
        (
            ToServer,
            [headers(NONE, 1, CALL), data(END_STREAM, 1, &grpc_message(1))].concat(),
        ),
        (ToClient, headers(END_STREAM, 1, &refused)),
    ]);
    assert_eq!(said[2], "<1 UNIMPLEMENTED !UNIMPLEMENTED (both)");
    let not_found = headers(END_STREAM, 3, &[CALL_OK, &[("grpc-status", "5")]].concat());
    let said = talk(&[(ToServer, headers(END_STREAM, 3, CALL)), (ToClient, not_found)]);
    assert_eq!(said[1], "<3 NOT_FOUND !NOT_FOUND (client)");
}

#[test]
fn what_the_server_says_of_a_failure_is_not_kept() {
    let refused = [CALL_OK, &[("grpc-status", "3"), ("grpc-message", "no user secret")]].concat();
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &headers(END_STREAM, 1, CALL));
    connection.feed(ToClient, &headers(END_STREAM, 1, &refused));
    assert!(!format!("{:?}", connection.said).contains("secret"));
}

#[test]
fn messages_of_a_stream_are_counted_both_ways_however_frames_cut_them() {
    let body = [grpc_message(3), grpc_message(0), grpc_message(300)].concat();
    for size in [1, 2, 5, 8, 13, body.len()] {
        let frames = |last: u8| -> Vec<u8> {
            let pieces: Vec<&[u8]> = body.chunks(size).collect();
            let count = pieces.len();
            let flags = |at: usize| if at + 1 == count { last } else { NONE };
            pieces
                .iter()
                .enumerate()
                .flat_map(|(at, piece)| data(flags(at), 1, piece))
                .collect()
        };
        let said = talk(&[
            (ToServer, headers(NONE, 1, CALL)),
            (ToClient, headers(NONE, 1, CALL_OK)),
            (ToServer, frames(END_STREAM)),
            (ToClient, [frames(NONE), headers(END_STREAM, 1, DONE)].concat()),
        ]);
        assert_eq!(
            said[2..],
            [">1 End messages=3", "<1 End OK messages=3"],
            "frames of {size}"
        );
    }
}

#[test]
fn padding_between_messages_is_not_counted() {
    let piece = [&[4][..], &grpc_message(3), &[0; 4]].concat();
    let said = talk(&[
        (ToServer, headers(NONE, 1, CALL)),
        (
            ToServer,
            [
                frame(DATA, PADDED, 1, &piece),
                frame(DATA, PADDED | END_STREAM, 1, &piece),
            ]
            .concat(),
        ),
    ]);
    assert_eq!(said[1], ">1 End messages=2");
}

#[test]
fn a_body_that_is_not_of_messages_is_not_counted() {
    let said = talk(&[
        (
            ToServer,
            [
                headers(NONE, 1, CALL),
                data(NONE, 1, b"{\"a\":1}"),
                data(END_STREAM, 1, b"\0\0"),
            ]
            .concat(),
        ),
        (ToClient, headers(END_STREAM, 1, &[CALL_OK, DONE].concat())),
    ]);
    assert_eq!(said[1..], [">1 End", "<1 OK"]);
}

#[test]
fn a_cancelled_call_has_the_messages_so_far() {
    let said = talk(&[
        (
            ToServer,
            [headers(NONE, 1, CALL), data(NONE, 1, &grpc_message(1))].concat(),
        ),
        (
            ToClient,
            [headers(NONE, 1, CALL_OK), data(NONE, 1, &grpc_message(1).repeat(2))].concat(),
        ),
        (ToServer, reset(1, 8)),
        (ToClient, headers(END_STREAM, 1, DONE)),
    ]);
    let expected = [
        ">1 Begin shop.v1.Cart/Add",
        "<1 Begin",
        ">1 End messages=1",
        "<1 End CANCELLED messages=2 reset=CANCEL !CANCELLED (client)",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_reset_by_the_server_is_the_status_that_its_client_sees() {
    for (code, expected) in [
        (7, "<1 UNAVAILABLE reset=REFUSED_STREAM !UNAVAILABLE (both)"),
        (
            11,
            "<1 RESOURCE_EXHAUSTED reset=ENHANCE_YOUR_CALM !RESOURCE_EXHAUSTED (client)",
        ),
        (0, "<1 INTERNAL reset=NO_ERROR !INTERNAL (both)"),
        (99, "<1 INTERNAL reset=UNKNOWN_ERROR !INTERNAL (both)"),
    ] {
        let said = talk(&[(ToServer, headers(END_STREAM, 1, CALL)), (ToClient, reset(1, code))]);
        assert_eq!(said[1], expected);
    }
}

#[test]
fn an_answer_of_a_proxy_is_the_status_that_a_client_makes_of_it() {
    let said = talk(&[
        (ToServer, headers(END_STREAM, 1, CALL)),
        (
            ToClient,
            headers(END_STREAM, 1, &[(":status", "503"), ("content-type", "text/html")]),
        ),
    ]);
    assert_eq!(said[1], "<1 503 UNAVAILABLE !UNAVAILABLE (both)");
}

#[test]
fn grpc_web_has_its_status_at_the_end_of_the_body() {
    let call = [&CALL[..3], &[("content-type", "application/grpc-web+proto")]].concat();
    let answer = [(":status", "200"), ("content-type", "application/grpc-web+proto")];
    let trailer = b"\x80\0\0\0\x10grpc-status: 5\r\n";
    let said = talk(&[
        (
            ToServer,
            [headers(NONE, 1, &call), data(END_STREAM, 1, &grpc_message(4))].concat(),
        ),
        (ToClient, headers(NONE, 1, &answer)),
        (
            ToClient,
            data(END_STREAM, 1, &[&grpc_message(9), &trailer[..]].concat()),
        ),
    ]);
    assert_eq!(said[3], "<1 End NOT_FOUND messages=1 !NOT_FOUND (client)");
}

#[test]
fn a_status_without_a_name_is_shown_as_its_number() {
    let said = talk(&[
        (ToServer, headers(END_STREAM, 1, CALL)),
        (
            ToClient,
            headers(END_STREAM, 1, &[CALL_OK, &[("grpc-status", "42")]].concat()),
        ),
    ]);
    assert_eq!(said[1], "<1 42 !42 (both)");
}
