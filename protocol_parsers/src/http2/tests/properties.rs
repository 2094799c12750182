//! Rules that hold for all bytes.

use super::real::conversations;
use super::*;

const TRAILERS: &[(&str, &str)] = &[("+grpc-status", "0"), ("+grpc-message", "")];

/// Frames of a few streams, valid one by one, in any order.
fn conversation(numbers: &mut Numbers) -> Vec<(Direction, Vec<u8>)> {
    let count = 1 + numbers.below(12);
    (0..count)
        .map(|_| {
            let stream = u32::try_from(1 + 2 * numbers.below(3)).unwrap();
            let flags = if numbers.below(3) == 0 { END_STREAM } else { NONE };
            let direction = if numbers.below(2) == 0 { ToServer } else { ToClient };
            let bytes = match numbers.below(10) {
                0 | 1 if direction == ToServer => headers(flags, stream, [GET, POST, CALL][numbers.below(3)]),
                0 | 1 => headers(flags, stream, [OK, CALL_OK, DONE][numbers.below(3)]),
                2 => headers(END_STREAM, stream, TRAILERS),
                3 | 4 => data(flags, stream, &grpc_message(u32::try_from(numbers.below(600)).unwrap())),
                5 => {
                    let body = grpc_message(u32::try_from(numbers.below(90)).unwrap()).repeat(3);
                    body.chunks(1 + numbers.below(40))
                        .flat_map(|piece| data(NONE, stream, piece))
                        .collect()
                }
                6 => reset(stream, 8),
                7 => SETTINGS.to_vec(),
                8 => frame(
                    DATA,
                    PADDED | flags,
                    stream,
                    &[&[3][..], &grpc_message(5), &[0; 3]].concat(),
                ),
                _ => {
                    let fields = block(if direction == ToServer { CALL } else { CALL_OK });
                    let (front, back) = fields.split_at(numbers.below(fields.len()));
                    let first = frame(HEADERS, flags, stream, front);
                    [first, frame(CONTINUATION, END_HEADERS, stream, back)].concat()
                }
            };
            (direction, bytes)
        })
        .collect()
}

#[test]
fn any_cut_into_pieces_says_the_same() {
    let mut numbers = Numbers(42);
    for _ in 0..500 {
        let parts = conversation(&mut numbers);
        let (mut whole, mut pieces) = (Connection::new(&DEFINITION), Connection::new(&DEFINITION));
        for (direction, bytes) in &parts {
            whole.feed(*direction, bytes);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(rest.len().min(numbers.below(30) + 1));
                pieces.feed(*direction, piece);
                rest = tail;
            }
        }
        assert_eq!(whole.said, pieces.said, "{parts:?}");
    }
}

#[test]
fn a_prefix_asks_for_more_or_gives_the_step_of_the_whole() {
    let mut numbers = Numbers(5);
    let random = (0..20).flat_map(|_| conversation(&mut numbers)).collect::<Vec<_>>();
    for parts in conversations().into_iter().chain([random]) {
        let mut parser = crate::http2::Http2::default();
        for (direction, bytes) in parts {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let whole = crate::Parser::next(&mut parser.clone(), direction, rest);
                for cut in 1..rest.len().min(200) {
                    let step = crate::Parser::next(&mut parser.clone(), direction, &rest[..cut]);
                    assert!(
                        step == Ok(Step::NeedMore) || step == whole,
                        "{step:?} at {cut} of {rest:x?}"
                    );
                }
                assert_eq!(crate::Parser::next(&mut parser, direction, rest), whole);
                let len = match whole {
                    Ok(Step::Skip(len) | Step::Message { len, .. }) => len,
                    Ok(Step::NeedMore) | Err(ParseError::Malformed(_)) => break,
                    other => panic!("{other:?}"),
                };
                rest = rest.get(usize::try_from(len).unwrap()..).unwrap_or_default();
            }
        }
    }
}

#[test]
fn damaged_and_random_bytes_never_panic_and_never_stop_the_driver() {
    let mut numbers = Numbers(7);
    for _ in 0..600 {
        let mut parts = conversation(&mut numbers);
        let mut connection = Connection::new(&DEFINITION);
        for (direction, bytes) in &mut parts {
            for _ in 0..numbers.below(4) {
                let at = numbers.below(bytes.len());
                bytes[at] = numbers.next().to_le_bytes()[1];
            }
            if numbers.below(8) == 0 {
                connection.gap(*direction);
            }
            connection.feed(*direction, bytes);
        }
        let length = numbers.below(600);
        let noise = numbers.bytes(length);
        connection.feed(ToServer, &noise);
        connection.feed(ToClient, &noise);
        let control: Vec<u8> = parts
            .iter()
            .flat_map(|(_, bytes)| bytes.iter().copied())
            .chain(noise)
            .collect();
        driver::fuzz(&DEFINITION, &control);
    }
}

#[test]
fn what_was_begun_ends_at_most_once() {
    let mut numbers = Numbers(11);
    for _ in 0..500 {
        let mut connection = Connection::new(&DEFINITION);
        for (direction, bytes) in conversation(&mut numbers) {
            connection.feed(direction, &bytes);
        }
        let mut open = std::collections::BTreeMap::new();
        for said in &connection.said {
            let Said::Message(_, _, _, message) = said else {
                continue;
            };
            let side = open.entry((message.id, message.side == Side::Request)).or_insert(false);
            match message.phase {
                Phase::Begin => assert!(!std::mem::replace(side, true), "{:#?}", lines(&connection)),
                Phase::Part => assert!(*side),
                Phase::End => assert!(std::mem::replace(side, false), "{:#?}", lines(&connection)),
                Phase::Whole => assert!(!*side),
            }
        }
    }
}
