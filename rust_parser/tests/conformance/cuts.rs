//! How bytes are cut into events says nothing: TCP promises a stream.

use protocol_parsers::Definition;
use rust_parser::event::{Data, Event, Header};

use crate::driver::{Connection, Said};
use crate::random::Random;
use crate::recordings::{all, run, Recording};

/// Random ways to cut each recording.
const ROUNDS: u64 = 8;
/// Events are cut into single bytes up to this length, and in larger pieces behind it: nobody sends heads of kilobytes byte
/// by byte, and detection gives up after a thousand events.
const SINGLE_BYTES: usize = 64;

/// Cuts an event's bytes in two at each place where `next` says how far it is to it; what was not captured stays with
/// the last piece.
fn pieces<'a>(data: &Data<'a>, mut next: impl FnMut(usize) -> usize) -> Vec<Data<'a>> {
    let mut pieces = Vec::new();
    let mut rest = *data;
    let mut at = 0;
    while at < data.bytes.len() {
        let length = next(at).clamp(1, data.bytes.len() - at);
        let (bytes, more) = rest.bytes.split_at(length);
        let whole = u32::try_from(length).expect("an event's length");
        if more.is_empty() {
            break;
        }
        pieces.push(Data {
            length: whole,
            bytes,
            ..rest
        });
        let position = rest.position + u64::from(whole);
        rest = Data {
            position: if rest.sequence {
                position & u64::from(u32::MAX)
            } else {
                position
            },
            length: rest.length - whole,
            bytes: more,
            ..rest
        };
        at += length;
    }
    pieces.push(rest);
    pieces
}

fn recut<'a>(events: &[Event<'a>], mut next: impl FnMut(usize) -> usize) -> Vec<Event<'a>> {
    let mut cut = Vec::new();
    for event in events {
        match event {
            Event::Data(header, data) => {
                let header: Header = *header;
                cut.extend(
                    pieces(data, &mut next)
                        .into_iter()
                        .map(|piece| Event::Data(header, piece)),
                );
            }
            other => cut.push(other.clone()),
        }
    }
    cut
}

fn same_spans(recording: &Recording, cut: &[Event], how: &str) {
    let (whole, cut) = (run(&recording.events()), run(cut));
    for (expected, got) in whole.spans.iter().zip(&cut.spans) {
        assert_eq!(got, expected, "{recording}: {how}");
    }
    assert_eq!(cut.spans.len(), whole.spans.len(), "{recording}: {how}");
    assert_eq!(cut.lost, whole.lost, "{recording}: {how}");
}

#[test]
fn events_cut_into_single_bytes_give_the_same_spans() {
    for recording in all() {
        let cut = recut(&recording.events(), |at| if at < SINGLE_BYTES { 1 } else { 97 });
        same_spans(&recording, &cut, "byte by byte");
    }
}

#[test]
fn events_cut_at_random_places_give_the_same_spans() {
    for recording in all() {
        for seed in 1..=ROUNDS {
            let mut random = Random::new(seed);
            let cut = recut(&recording.events(), |_| {
                let scale = [3, 40, 700, 20_000][random.below(4)];
                1 + random.below(scale)
            });
            same_spans(&recording, &cut, &format!("seed {seed}"));
        }
    }
}

/// What a protocol's parser says to a conversation that comes in pieces.
fn said(
    protocol: &Definition,
    conversation: &[(protocol_parsers::Direction, Data)],
    longest: &mut dyn FnMut() -> usize,
) -> Vec<Said> {
    let mut connection = Connection::new(protocol);
    for (direction, data) in conversation {
        let mut rest = data.bytes;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(longest().clamp(1, rest.len()));
            connection.feed(*direction, piece);
            rest = more;
        }
        if u32::try_from(data.bytes.len()).is_ok_and(|captured| captured < data.length) {
            break;
        }
    }
    let lost = connection.said.iter().position(|said| matches!(said, Said::Lost(..)));
    connection.said.truncate(lost.unwrap_or(connection.said.len()));
    connection.said
}

#[test]
fn a_prefix_of_a_message_gives_nothing_or_the_message() {
    for recording in all() {
        for conversation in recording.conversations() {
            let whole = said(recording.protocol, &conversation, &mut || usize::MAX);
            let mut random = Random::new(7);
            let mut ways: [&mut dyn FnMut() -> usize; 3] = [&mut || 1, &mut || 13, &mut || 1 + random.below(90)];
            for way in &mut ways {
                assert_eq!(said(recording.protocol, &conversation, *way), whole, "{recording}");
            }
        }
    }
}
