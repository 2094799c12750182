//! TCP connections: how they begin, are met in their middle, end, and are replaced.

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
