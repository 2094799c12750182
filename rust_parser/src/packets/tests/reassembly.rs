//! TCP: order, loss, duplicates, the life of connections.

use super::build::{Conversation, ACK, FIN, RST, SYN};
use super::{conversation, decode, opens, text, Limits, Seen};
use crate::event::{Endpoint, Role, Vantage, Way};

fn events(conversation: &Conversation) -> Vec<Seen> {
    decode(Limits::default(), &conversation.packets).0
}

#[test]
fn a_whole_connection_gives_open_data_eof_and_close_in_the_order_of_capture() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"GET");
    talk.response(b"200");
    talk.goodbye();
    let events = events(&talk);
    assert_eq!(conversation(&events), ["open", ">GET", "<200", ">eof", "<eof", "close"]);
    assert!(matches!(&events[0], Seen::Start { boot_id } if boot_id.starts_with("capture-")));
    assert_eq!(events[1], Seen::Clock(1_700_000_000_000_001_000));
    let open = &opens(&events)[&1];
    assert_eq!(
        (open.role, open.vantage, open.fresh),
        (Role::Client, Vantage::Network, true)
    );
    assert_eq!(open.local, Endpoint::Inet("10.0.0.1:40000".parse().unwrap()));
    assert_eq!(open.remote, Endpoint::Inet("10.0.0.2:80".parse().unwrap()));
    assert_eq!(events.last(), Some(&Seen::Loss(Vec::new())));
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
fn a_lost_fin_is_no_hole() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"bye");
    talk.lose(true, FIN | ACK, b"");
    talk.response(b"ok");
    talk.time_ns += 10_000_000;
    talk.send(false, FIN | ACK, b"");
    assert_eq!(conversation(&events(&talk)), ["open", ">bye", "<ok", "<eof", "close"]);
}

#[test]
fn a_fin_before_missing_bytes_waits_for_them() {
    let mut talk = Conversation::new();
    talk.handshake();
    let late = talk.lose(true, ACK, b"late");
    talk.send(true, FIN | ACK, b"");
    talk.push(&late);
    assert_eq!(conversation(&events(&talk)), ["open", ">late", ">eof", "close"]);
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
fn a_connection_met_in_its_middle_is_not_fresh_and_belongs_to_the_first_sender() {
    let mut talk = Conversation::new();
    talk.send(true, ACK, b"");
    talk.response(b"pushed");
    talk.request(b"asked");
    let events = events(&talk);
    assert_eq!(conversation(&events), ["open", ">pushed", "<asked", "close"]);
    let open = &opens(&events)[&1];
    assert_eq!((open.role, open.fresh), (Role::Unknown, false));
    assert_eq!(open.local, Endpoint::Inet("10.0.0.2:80".parse().unwrap()));
}

#[test]
fn only_acknowledgments_make_no_connection() {
    let mut talk = Conversation::new();
    talk.send(true, ACK, b"");
    talk.send(false, ACK, b"");
    assert_eq!(conversation(&events(&talk)), [""; 0]);
}

#[test]
fn a_loss_right_after_the_middle_was_met_is_seen_by_the_acknowledgment_before_it() {
    let mut talk = Conversation::new();
    talk.response(b"pushed");
    talk.lose(true, ACK, b"lost");
    talk.request(b"rest");
    talk.response(b"more");
    assert_eq!(text(&events(&talk), 1, Way::Received), "<4>rest");
}

#[test]
fn a_request_captured_after_the_response_that_acknowledges_it_still_comes() {
    let mut talk = Conversation::new();
    let late = talk.lose(true, ACK, b"GET");
    talk.lose(true, ACK, b" / ");
    talk.response(b"200");
    talk.push(&late);
    talk.response(b"more");
    let events = events(&talk);
    assert_eq!(
        conversation(&events),
        ["open", ">200", "<GET", "<<3>", ">more", "close"]
    );
}

#[test]
fn a_keep_alive_probe_in_the_middle_of_a_connection_is_no_start() {
    let mut talk = Conversation::new();
    talk.response(b"x");
    let mut probe = talk.segment(true, ACK, b"\0");
    probe.sequence -= 1;
    talk.push(&probe);
    talk.request(b"GET");
    let (events, counters) = decode(Limits::default(), &talk.packets);
    assert_eq!(conversation(&events), ["open", ">x", "<GET", "close"]);
    assert_eq!(counters, super::Counters::default());
}

#[test]
fn bytes_before_the_start_are_counted() {
    let mut talk = Conversation::new();
    let early = talk.lose(true, ACK, b"early");
    talk.request(b"late");
    talk.push(&early);
    let (events, counters) = decode(Limits::default(), &talk.packets);
    assert_eq!(text(&events, 1, Way::Sent), "late");
    assert_eq!(counters.bytes_before_start, 5);
}

#[test]
fn a_server_that_lost_its_first_answer_may_answer_with_other_numbers() {
    let mut talk = Conversation::new();
    talk.send(true, SYN, b"");
    talk.send(false, SYN | ACK, b"");
    talk.server = 777_000;
    talk.send(false, SYN | ACK, b"");
    talk.request(b"GET");
    talk.response(b"200");
    let (events, counters) = decode(Limits::default(), &talk.packets);
    assert_eq!(conversation(&events), ["open", ">GET", "<200", "close"]);
    assert_eq!(counters, super::Counters::default());
}

#[test]
fn syn_and_ack_alone_is_a_handshake_and_a_syn_captured_late_changes_nothing() {
    let mut talk = Conversation::new();
    let syn = talk.lose(true, SYN, b"");
    talk.send(false, SYN | ACK, b"");
    talk.push(&syn);
    talk.request(b"GET");
    let events = events(&talk);
    assert_eq!(conversation(&events), ["open", ">GET", "close"]);
    assert_eq!(opens(&events)[&1].role, Role::Client);
}

#[test]
fn payload_in_a_syn_comes_once() {
    let mut talk = Conversation::new();
    talk.client += 1;
    let mut syn = talk.segment(true, SYN, b"fast");
    syn.sequence -= 1;
    talk.push(&syn);
    talk.push(&syn);
    talk.client += 4;
    talk.send(false, SYN | ACK, b"");
    talk.response(b"reply");
    talk.request(b"more");
    assert_eq!(
        conversation(&events(&talk)),
        ["open", ">fast", "<reply", ">more", "close"]
    );
}

#[test]
fn a_new_syn_on_the_same_ports_is_a_new_connection() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"one");
    (talk.client, talk.server) = (900_000, 70_000);
    talk.handshake();
    talk.request(b"two");
    talk.goodbye();
    (talk.client, talk.server) = (1, 2);
    talk.handshake();
    talk.request(b"three");
    let events = events(&talk);
    let expected = [
        "open", ">one", "close", "open", ">two", ">eof", "<eof", "close", "open", ">three", "close",
    ];
    assert_eq!(conversation(&events), expected);
    assert_eq!(text(&events, 3, Way::Sent), "three");
}

#[test]
fn other_sequence_numbers_without_a_handshake_become_a_new_connection_after_some_segments() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.request(b"one");
    talk.client = talk.client.wrapping_add(1 << 31);
    for payload in [b"a", b"b", b"c", b"d", b"e"] {
        talk.request(payload);
    }
    let (events, counters) = decode(Limits::default(), &talk.packets);
    assert_eq!(
        conversation(&events),
        ["open", ">one", "close", "open", ">d", ">e", "close"]
    );
    assert_eq!(counters.segments_out_of_window, 3);
}

#[test]
fn a_reset_closes_after_what_waits_and_late_packets_do_not_reopen() {
    let mut talk = Conversation::new();
    talk.handshake();
    talk.lose(true, ACK, b"lost");
    talk.request(b"tail");
    talk.send(false, RST | ACK, b"");
    for _ in 0..10 {
        talk.request(b"in flight");
    }
    let (events, counters) = decode(Limits::default(), &talk.packets);
    assert_eq!(conversation(&events), ["open", ">tail", "close"]);
    assert_eq!(text(&events, 1, Way::Sent), "<4>tail");
    assert_eq!((counters.segments_after_close, counters.bytes_in_holes), (10, 4));
}

#[test]
fn a_refused_connection_opens_and_closes() {
    let mut talk = Conversation::new();
    talk.send(true, SYN, b"");
    talk.server = 0;
    talk.send(false, RST | ACK, b"");
    assert_eq!(conversation(&events(&talk)), ["open", "close"]);
}

#[test]
fn a_simultaneous_open_is_one_connection() {
    let mut talk = Conversation::new();
    talk.send(true, SYN, b"");
    talk.send(false, SYN, b"");
    talk.request(b"hi");
    talk.response(b"ho");
    assert_eq!(conversation(&events(&talk)), ["open", ">hi", "<ho", "close"]);
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
fn the_connection_silent_for_longest_is_evicted_and_finished_ones_first() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let mut talk = Conversation::new();
    let mut start = |port: u16, ends: bool| {
        (talk.port, talk.client, talk.server) = (port, 10, 20);
        talk.handshake();
        talk.request(&[b'0' + port as u8]);
        if ends {
            talk.goodbye();
        }
    };
    start(1, false);
    start(2, true);
    start(3, false);
    start(4, false);
    let (events, counters) = decode(limits, &talk.packets);
    assert_eq!(counters.connections_evicted, 1);
    let expected = [
        "open", ">1", "open", ">2", ">eof", "<eof", "close", "open", ">3", "close", "open", ">4", "close", "close",
    ];
    assert_eq!(conversation(&events), expected);
    let closes: Vec<_> = events
        .iter()
        .filter_map(|event| {
            if let Seen::Close(id, _) = event {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(closes, [2, 1, 3, 4]);
}

#[test]
fn at_the_end_what_waits_comes_out_in_the_order_of_capture_and_closes_have_the_last_time() {
    let mut talk = Conversation::new();
    talk.handshake();
    let lost = talk.client;
    talk.lose(true, ACK, b"lost");
    talk.lose(false, ACK, b"lost");
    let mut second = talk.lose(false, ACK, b"two");
    let mut first = talk.lose(true, ACK, b"one");
    (first.acknowledged, second.acknowledged) = (0, lost);
    talk.push(&first);
    talk.push(&second);
    let events = events(&talk);
    assert_eq!(conversation(&events), ["open", ">one", "<two", "close"]);
    assert!(events.contains(&Seen::Close(1, talk.time_ns)));
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
