//! TCP streams: order, loss, duplicates, limits, times.

use super::build::{Conversation, ACK, SYN};
use super::{conversation, decode, text, Limits, Seen};
use crate::event::Way;

fn events(conversation: &Conversation) -> Vec<Seen> {
    decode(Limits::default(), &conversation.packets).0
}

#[test]
fn retransmissions_and_overlaps_come_once_and_the_first_copy_wins() {
    let mut talk = Conversation::new();
    talk.handshake();
    let start = talk.client;
    talk.request(b"abcd");
    for (at, payload) in [(0, &b"XXXX"[..]), (2, b"XXef"), (0, b"XXXXXXgh"), (7, b"X")] {
        let mut again = talk.segment(true, ACK, payload);
        again.sequence = start + at;
        talk.push(&again);
    }
    assert_eq!(text(&events(&talk), 1, Way::Sent), "abcdefgh");
}

#[test]
fn segments_in_any_order_come_out_in_sequence() {
    let parts = [&b"ab"[..], b"c", b"def", b"gh"];
    for order in [[3, 2, 1, 0], [1, 0, 3, 2], [2, 0, 3, 1], [0, 3, 1, 2]] {
        let mut talk = Conversation::new();
        talk.handshake();
        let segments: Vec<_> = parts.iter().map(|part| talk.lose(true, ACK, part)).collect();
        for at in order {
            talk.push(&segments[at]);
        }
        let events = events(&talk);
        assert_eq!(text(&events, 1, Way::Sent), "abcdefgh", "{order:?}");
    }
}

#[test]
fn of_overlapping_segments_that_wait_the_first_copy_wins() {
    let mut talk = Conversation::new();
    talk.handshake();
    let start = talk.client;
    for (at, payload) in [(4, &b"ef"[..]), (8, b"ij"), (2, b"cdXXghXXkl"), (0, b"abXX")] {
        let mut segment = talk.segment(true, ACK, payload);
        segment.sequence = start + at;
        talk.push(&segment);
    }
    assert_eq!(text(&events(&talk), 1, Way::Sent), "abcdefghijkl");
}

#[test]
fn sequence_numbers_wrap() {
    let mut talk = Conversation::new();
    (talk.client, talk.server) = (u32::MAX - 3, u32::MAX - 1);
    talk.handshake();
    let first = talk.lose(true, ACK, b"abc");
    talk.request(b"defg");
    talk.push(&first);
    talk.response(b"hello");
    talk.goodbye();
    let events = events(&talk);
    assert_eq!(
        conversation(&events),
        ["open", ">abc", ">defg", "<hello", ">eof", "<eof", "close"]
    );
}

#[test]
fn a_request_that_the_capture_lost_is_a_hole_of_its_size_before_the_response() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.lose(true, ACK, &[b'x'; 100]);
    talk.response(b"200");
    talk.request(b"next");
    let events = events(&talk);
    assert_eq!(conversation(&events), ["open", "><100>", "<200", ">next", "close"]);
}

#[test]
fn bytes_behind_an_acknowledged_hole_come_before_the_response_with_their_own_time() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.lose(true, ACK, b"lost");
    talk.request(b"tail");
    let captured_ns = talk.time_ns;
    talk.response(b"200");
    let events = events(&talk);
    assert_eq!(conversation(&events), ["open", ">tail", "<200", "close"]);
    assert_eq!(text(&events, 1, Way::Sent), "<4>tail");
    assert!(events
        .iter()
        .any(|event| matches!(event, Seen::Data { time_ns, position: 4, .. } if *time_ns == captured_ns)));
}

#[test]
fn an_acknowledgment_captured_just_before_its_bytes_loses_nothing() {
    let mut talk = Conversation::new();
    talk.handshake();
    let late = talk.lose(true, ACK, b"late");
    talk.send(false, ACK, b"");
    talk.push(&late);
    talk.response(b"200");
    assert_eq!(conversation(&events(&talk)), ["open", ">late", "<200", "close"]);
}

#[test]
fn an_acknowledged_hole_is_told_after_a_millisecond_of_capture_time() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.lose(true, ACK, b"lost");
    talk.send(false, ACK, b"");
    talk.time_ns += 1_000_000;
    talk.port = 50_000;
    talk.send(true, SYN, b"");
    assert_eq!(conversation(&events(&talk)), ["open", "><4>", "open", "close", "close"]);
}

#[test]
fn keep_alive_and_zero_window_probes_add_nothing_twice() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"abc");
    for payload in [&b""[..], b"\0"] {
        let mut probe = talk.segment(true, ACK, payload);
        probe.sequence -= 1;
        talk.push(&probe);
    }
    let probe = talk.segment(true, ACK, b"d");
    talk.push(&probe);
    talk.request(b"def");
    assert_eq!(text(&events(&talk), 1, Way::Sent), "abcdef");
}

#[test]
fn a_missing_range_is_given_up_when_too_much_waits_behind_it() {
    let limits = Limits {
        reorder_bytes: 1000,
        ..Limits::default()
    };
    let mut talk = Conversation::new();
    talk.handshake();
    talk.lose(true, ACK, b"lost");
    for _ in 0..8 {
        talk.request(&[b'x'; 10]);
    }
    let (events, counters) = decode(limits, &talk.packets);
    assert_eq!(text(&events, 1, Way::Sent), format!("<4>{}", "x".repeat(80)));
    assert_eq!((counters.reorder_limit_reached, counters.bytes_in_holes), (1, 4));
}

#[test]
fn the_total_limit_gives_up_the_connection_that_waits_for_longest() {
    let limits = Limits {
        reorder_bytes_total: 400,
        ..Limits::default()
    };
    let mut talk = Conversation::new();
    for port in 1..=4 {
        (talk.port, talk.client, talk.server) = (port, 10, 20);
        talk.handshake();
        talk.lose(true, ACK, b"lost");
        talk.request(b"tail");
    }
    let (events, counters) = decode(limits, &talk.packets);
    assert_eq!(counters.reorder_limit_reached, 1);
    assert_eq!(conversation(&events)[..5], ["open", "open", "open", "open", ">tail"]);
    assert!((1..=4).all(|id| text(&events, id, Way::Sent) == "<4>tail"));
}

#[test]
fn a_missing_range_is_given_up_after_some_time_even_if_the_connection_is_silent() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.lose(true, ACK, b"lost");
    talk.request(b"tail");
    talk.time_ns += 11_000_000_000;
    talk.port = 50_000;
    talk.send(true, SYN, b"");
    let (events, counters) = decode(Limits::default(), &talk.packets);
    assert_eq!(conversation(&events), ["open", ">tail", "open", "close", "close"]);
    assert_eq!(counters.reorder_timed_out, 1);
}

#[test]
fn times_of_a_connection_never_go_back() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"a");
    talk.time_ns -= 500_000;
    talk.request(b"b");
    let times: Vec<_> = events(&talk)
        .iter()
        .filter_map(|event| {
            if let Seen::Data { time_ns, .. } = event {
                Some(*time_ns)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(times.len(), 2);
    assert!(times.is_sorted());
}
