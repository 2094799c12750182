//! Rules that hold for all bytes, over generated conversations.

use super::generator::{damaged, exchange, head, Exchange, Random};
use super::*;

const ROUNDS: u64 = 300;

fn conversation(random: &mut Random) -> Vec<Exchange> {
    (0..=random.below(5)).map(|number| exchange(random, number)).collect()
}

fn wire(exchanges: &[Exchange], side: fn(&Exchange) -> &Vec<u8>) -> Vec<u8> {
    exchanges.iter().flat_map(side).copied().collect()
}

/// All requests, then all responses, in pieces of random sizes.
fn talk_in_pieces(random: &mut Random, turns: &[(Direction, &[u8])], most: usize) -> Driver {
    let mut driver = Driver::new();
    for (direction, bytes) in turns {
        let mut rest = *bytes;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + random.below(most)).min(rest.len()));
            driver.feed(*direction, piece);
            rest = after;
        }
    }
    driver.end(ToServer);
    driver.end(ToClient);
    driver
}

#[test]
fn generated_conversations_give_their_exchanges_in_pieces_of_every_size() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let exchanges = conversation(&mut random);
        let (requests, responses) = (wire(&exchanges, |it| &it.request), wire(&exchanges, |it| &it.response));
        let turns = [(ToServer, &requests[..]), (ToClient, &responses[..])];
        let whole = talk(&turns, usize::MAX);
        let of = |side, last| {
            let messages = whole.messages().into_iter().filter(move |message| message.side == side);
            let ends = move |phase| {
                matches!(
                    (phase, last),
                    (Phase::Whole, _) | (Phase::End, true) | (Phase::Begin, false)
                )
            };
            messages.filter(move |message| ends(message.phase)).collect::<Vec<_>>()
        };
        let paths: Vec<_> = of(Side::Request, false)
            .iter()
            .map(|message| text_of(message, "url.path"))
            .collect();
        let sizes = |side, key| {
            of(side, true)
                .iter()
                .map(|message| int_of(message, key))
                .collect::<Vec<_>>()
        };
        let codes = of(Side::Response, false);
        let codes: Vec<_> = codes
            .iter()
            .map(|message| int_of(message, "http.response.status_code").unwrap())
            .collect();
        assert_eq!(
            paths,
            exchanges.iter().map(|it| it.path.clone()).collect::<Vec<_>>(),
            "seed {seed}"
        );
        assert_eq!(
            codes,
            exchanges.iter().map(|it| it.code).collect::<Vec<_>>(),
            "seed {seed}"
        );
        let expected: Vec<_> = exchanges.iter().map(|it| it.request_size).collect();
        assert_eq!(sizes(Side::Request, "http.request.body.size"), expected, "seed {seed}");
        let expected: Vec<_> = exchanges.iter().map(|it| it.response_size).collect();
        assert_eq!(
            sizes(Side::Response, "http.response.body.size"),
            expected,
            "seed {seed}"
        );

        assert_eq!(talk(&turns, 1).seen, whole.seen, "byte by byte, seed {seed}");
        for most in [2, 5, 17, 100] {
            assert_eq!(
                talk_in_pieces(&mut random, &turns, most).seen,
                whole.seen,
                "seed {seed}"
            );
        }
    }
}

#[test]
fn requests_and_responses_that_alternate_give_what_pipelined_ones_give() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let exchanges = conversation(&mut random);
        let turns: Vec<_> = exchanges
            .iter()
            .flat_map(|it| [(ToServer, &it.request[..]), (ToClient, &it.response[..])])
            .collect();
        let of = |driver: Driver, wanted| {
            let is = move |seen: &Seen| matches!(seen, Seen::Message(direction, ..) if *direction == wanted);
            driver.seen.into_iter().filter(is).collect::<Vec<_>>()
        };
        let (requests, responses) = (wire(&exchanges, |it| &it.request), wire(&exchanges, |it| &it.response));
        let pipelined = [(ToServer, &requests[..]), (ToClient, &responses[..])];
        for direction in [ToServer, ToClient] {
            assert_eq!(
                of(talk(&turns, 3), direction),
                of(talk(&pipelined, usize::MAX), direction),
                "seed {seed}"
            );
        }
    }
}

/// Every prefix, asked of a parser in the same state, gives `NeedMore` or what the whole gives. Answers that.
fn ask_with_every_prefix(
    parser: &mut Http1,
    direction: Direction,
    bytes: &[u8],
    seed: u64,
) -> Result<Step, ParseError> {
    let whole = parser.clone().next(direction, bytes);
    for end in 1..bytes.len() {
        let step = parser.clone().next(direction, &bytes[..end]);
        assert!(
            step == Ok(Step::NeedMore) || step == whole,
            "seed {seed}, {end} bytes: {step:?} or {whole:?}"
        );
    }
    parser.next(direction, bytes)
}

/// Takes all that can be taken off the front.
fn take_with_every_prefix(parser: &mut Http1, direction: Direction, mut bytes: &[u8], seed: u64) {
    while !bytes.is_empty() {
        let len = match ask_with_every_prefix(parser, direction, bytes, seed) {
            Ok(Step::Skip(len) | Step::Message { len, .. }) => len,
            Ok(Step::NeedMore | Step::Become(_) | Step::Opaque) | Err(_) => return,
        };
        bytes = bytes
            .get(usize::try_from(len).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
    }
}

#[test]
fn every_prefix_asks_for_more_or_gives_the_same_step() {
    for seed in 0..ROUNDS / 6 {
        let mut random = Random::new(seed);
        let exchanges = conversation(&mut random);
        let mut parser = Http1::default();
        take_with_every_prefix(&mut parser, ToServer, &wire(&exchanges, |it| &it.request), seed);
        take_with_every_prefix(&mut parser, ToClient, &wire(&exchanges, |it| &it.response), seed);
        assert_eq!(parser.in_flight.len(), 0, "all of it was taken, seed {seed}");
    }
}

#[test]
fn every_prefix_of_damaged_bytes_asks_for_more_or_gives_the_same_step_or_error() {
    for seed in 0..ROUNDS / 3 {
        let mut random = Random::new(seed);
        let exchange = exchange(&mut random, 0);
        let mut parser = Http1::default();
        take_with_every_prefix(&mut parser, ToServer, &damaged(&mut random, &exchange.request), seed);
        take_with_every_prefix(&mut parser, ToClient, &damaged(&mut random, &exchange.response), seed);
    }
}

#[test]
fn damaged_and_random_bytes_never_panic_or_loop_and_pieces_change_nothing() {
    for seed in 0..10 * ROUNDS {
        let mut random = Random::new(seed);
        let exchanges = conversation(&mut random);
        let requests = damaged(&mut random, &wire(&exchanges, |it| &it.request));
        let responses = damaged(&mut random, &wire(&exchanges, |it| &it.response));
        let (noise, more) = (random.bytes(200), random.bytes(200));
        talk_in_pieces(&mut random, &[(ToServer, &requests), (ToClient, &responses)], 30);
        talk_in_pieces(
            &mut random,
            &[(ToServer, &noise), (ToClient, &more), (ToServer, &responses)],
            30,
        );
    }
}

#[test]
fn damaged_websocket_frames_never_panic_or_loop() {
    let ask = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    for seed in 0..10 * ROUNDS {
        let mut random = Random::new(seed);
        let frames = [&b"\x81\x02hi\x82\x7e\x00\x03abc\x89\x00"[..]; 3].concat();
        let (frames, masked) = (damaged(&mut random, &frames), random.bytes(100));
        talk_in_pieces(
            &mut random,
            &[
                (ToServer, ask),
                (ToClient, answer),
                (ToClient, &frames),
                (ToServer, &masked),
            ],
            9,
        );
    }
}

#[test]
fn what_comes_after_a_lost_message_is_found_again() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let simple = |number: usize| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n");
        let (before, after) = (random.below(4), 1 + random.below(4));
        let mut driver = Driver::new();
        for number in 0..before {
            driver.feed(ToServer, simple(number).as_bytes());
        }
        let lost = exchange(&mut random, 99).request;
        driver.feed(ToServer, &lost[..random.below(lost.len().min(30))]);
        driver.lose(ToServer);
        driver.feed(
            ToServer,
            random.pick(&["", "d of a body", "=1&b=2", "\r\n\r\n"]).as_bytes(),
        );
        let rest: String = (100..100 + after).map(simple).collect();
        for piece in rest.as_bytes().chunks(1 + random.below(rest.len())) {
            driver.feed(ToServer, piece);
        }
        let paths: Vec<_> = driver
            .messages()
            .iter()
            .map(|message| text_of(message, "url.path"))
            .collect();
        let tail = paths.len().saturating_sub(after);
        let expected: Vec<_> = (100..100 + after).map(|number| format!("/{number}")).collect();
        assert_eq!(paths[tail..], expected, "seed {seed}");
    }
}

#[test]
fn detection_never_changes_its_mind() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let exchange = exchange(&mut random, 0);
        for direction in [ToServer, ToClient] {
            let good = if direction == ToServer {
                &exchange.request
            } else {
                &exchange.response
            };
            let bad = damaged(&mut random, good);
            assert_eq!(start_line::detect(direction, good), Detection::Yes, "seed {seed}");
            for bytes in [good, &bad, &random.bytes(50)] {
                let whole = start_line::detect(direction, bytes);
                for end in 0..bytes.len() {
                    let part = start_line::detect(direction, &bytes[..end]);
                    assert!(
                        part == Detection::NeedMore || part == whole,
                        "seed {seed}, {end} bytes: {part:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn heads_are_read_as_httparse_reads_them() {
    for seed in 0..10 * ROUNDS {
        let mut random = Random::new(seed);
        let mut bytes = head(
            &mut random,
            "PATCH /a/b?c HTTP/1.1",
            &["Content-Length: 0".to_owned()],
            false,
        );
        if random.chance(2) {
            bytes = damaged(&mut random, &bytes);
        }
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut oracle = httparse::Request::new(&mut fields);
        // Where it refuses, we may be more tolerant; where it accepts, we agree.
        let Ok(httparse::Status::Complete(length)) = oracle.parse(&bytes) else {
            continue;
        };
        if !oracle
            .method
            .is_some_and(|method| method.starts_with(|first: char| first.is_ascii_alphabetic()))
        {
            continue;
        }
        let mut parser = Http1::default();
        let mut breaks = 0;
        let step = loop {
            match parser.next(ToServer, &bytes[breaks..]) {
                Ok(Step::Skip(len)) => breaks += usize::try_from(len).unwrap(),
                other => break other,
            }
        };
        let (line, _) = start_line::request_line(&bytes[breaks..]).unwrap().unwrap();
        assert_eq!(line.method, oracle.method.unwrap().as_bytes(), "seed {seed}");
        assert_eq!(line.target, oracle.path.unwrap().as_bytes(), "seed {seed}");
        let host = oracle
            .headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case("host"));
        let Ok(Step::Message { len, message }) = step else {
            continue;
        };
        let named = attribute(&message, "server.address").is_some();
        let name = host.map(|host| host.value.rsplitn(2, |byte| *byte == b':').last().unwrap());
        assert_eq!(
            named,
            name.is_some_and(|name| !name.is_empty()),
            "seed {seed}: {}",
            bytes.escape_ascii()
        );
        if message.phase == Phase::Whole && int_of(&message, "http.request.body.size").is_none_or(|size| size == 0) {
            assert_eq!(
                usize::try_from(len).unwrap() + breaks,
                length,
                "seed {seed}: {}",
                bytes.escape_ascii()
            );
        }
    }
}
