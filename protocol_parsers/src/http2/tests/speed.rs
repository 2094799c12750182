//! How fast `next` is. Run by hand:
//! `cargo test --release -p protocol_parsers http2::tests::speed -- --ignored --nocapture`

use std::time::Instant;

use super::*;

/// Takes everything off a direction and answers how many messages there were.
fn drain(parser: &mut crate::http2::Http2, direction: Direction, bytes: &[u8]) -> u32 {
    let mut rest = bytes;
    let mut messages = 0;
    while !rest.is_empty() {
        let len = match crate::Parser::next(parser, direction, rest) {
            Ok(Step::Skip(len)) => len,
            Ok(Step::Message { len, .. }) => {
                messages += 1;
                len
            }
            other => panic!("{other:?}"),
        };
        rest = rest.get(usize::try_from(len).unwrap()..).unwrap_or_default();
    }
    messages
}

/// Exchanges per second of this conversation, whose frames have their stream's number set anew each round.
fn rate(first: [&[u8]; 2], again: [&[u8]; 2], rounds: u32) -> f64 {
    let mut parser = crate::http2::Http2::default();
    let mut turn = |bytes: [&[u8]; 2]| {
        drain(&mut parser, ToServer, bytes[0]);
        drain(&mut parser, ToClient, bytes[1])
    };
    turn(first);
    let start = Instant::now();
    for _ in 0..rounds {
        assert!(turn(again) > 0);
    }
    f64::from(rounds) / start.elapsed().as_secs_f64()
}

#[test]
#[ignore = "measures; run it in release"]
#[allow(clippy::print_stderr)]
fn small_exchanges_are_fast_and_bodies_cost_nothing() {
    let fields = [
        ("+:path", "/shop.v1.Cart/Add"),
        ("+:authority", "cart.shop.svc:50051"),
        ("+content-type", "application/grpc"),
        ("+user-agent", "grpc-go/1.68.0 (linux; amd64)"),
        ("+te", "trailers"),
    ];
    let indexed = [
        ("@3", ""),
        ("@6", ""),
        ("@66", ""),
        ("@65", ""),
        ("@64", ""),
        ("@63", ""),
        ("@62", ""),
    ];
    let call = |head: &[(&str, &str)]| [headers(NONE, 1, head), data(END_STREAM, 1, &grpc_message(40))].concat();
    let first = call(&[&[("@3", ""), ("@6", "")], &fields[..]].concat());
    let again = call(&indexed);
    let answer = |head: &[(&str, &str)], tail: &[(&str, &str)]| {
        [
            headers(NONE, 1, head),
            data(NONE, 1, &grpc_message(40)),
            headers(END_STREAM, 1, tail),
        ]
        .concat()
    };
    let answered = answer(
        &[("@8", ""), ("+content-type", "application/grpc")],
        &[("+grpc-status", "0")],
    );
    let answers = answer(&[("@8", ""), ("@63", "")], &[("@62", "")]);
    let calls = rate([&first, &answered], [&again, &answers], 1_000_000);

    let get = headers(END_STREAM, 1, &[&[("@2", ""), ("@6", "")], &fields[..]].concat());
    let gets = headers(END_STREAM, 1, &[&[("@2", ""), ("@6", "")], &indexed[2..]].concat());
    let page = [
        headers(NONE, 1, &[("@8", ""), ("+server", "nginx")]),
        data(END_STREAM, 1, b"hello"),
    ]
    .concat();
    let pages = [
        headers(NONE, 1, &[("@8", ""), ("@62", "")]),
        data(END_STREAM, 1, b"hello"),
    ]
    .concat();
    let requests = rate([&get, &page], [&gets, &pages], 1_000_000);

    let mut parser = crate::http2::Http2::default();
    drain(&mut parser, ToServer, &headers(NONE, 1, POST));
    let body = data(NONE, 1, &[0; 16_384]).repeat(64);
    let start = Instant::now();
    for _ in 0..2000 {
        drain(&mut parser, ToServer, &body);
    }
    let megabytes = 2000.0 * 1.0 / start.elapsed().as_secs_f64();
    eprintln!("{calls:.0} gRPC calls/s, {requests:.0} requests/s, {megabytes:.0} MiB/s of bodies");
    assert!(calls > 50_000.0 && requests > 50_000.0);
}
