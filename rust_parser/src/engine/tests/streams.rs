//! Bytes with holes, and the protocol they are in.

use super::toys::{self, message};
use super::world::*;
use crate::engine::{Engine, Options, Verdict};
use crate::event::{Event, Open, Role, Way};

const THREAD: (u32, u32) = (10, 10);

fn opened(open: Open) -> Vec<Seen> {
    vec![machine(), Seen::Other(Event::Open(header(1, 1, THREAD), open))]
}

fn sent(time_ns: u64, position: u64, bytes: &[u8]) -> Seen {
    Seen::Call(call(1, time_ns, THREAD, Way::Sent, position, bytes))
}

fn received(time_ns: u64, position: u64, bytes: &[u8]) -> Seen {
    Seen::Call(call(1, time_ns, THREAD, Way::Received, position, bytes))
}

fn vague_too() -> Options {
    Options {
        protocols: vec![&toys::IN_ORDER, &toys::BY_ID, &toys::VAGUE],
        ..Options::default()
    }
}

fn ask(number: u32) -> Vec<u8> {
    message(0xA5, b'Q', 0, 0, number, b"")
}

fn answer(number: u32) -> Vec<u8> {
    message(0xA5, b'A', 0, 0, number, b"")
}

#[test]
fn a_copy_limit_inside_a_body_is_passed_over_and_its_end_has_the_time_of_its_event() {
    let body = vec![b'.'; 10_000];
    let mut limited = call(1, 900, THREAD, Way::Received, 0, &message(0xA5, b'A', 0, 0, 1, &body));
    limited.captured = 100;
    let mut events = opened(open(Role::Client, true));
    events.extend([sent(500, 0, &ask(1)), Seen::Call(limited), sent(1000, 12, &ask(2))]);
    events.push(received(1500, 10_012, &answer(2)));
    let mut engine = Engine::new(options());
    let out = run(&mut engine, &events);
    assert_eq!(check_pairs(&out, "limit"), 2);
    assert_eq!(out[0].exchange.end_ns, 900);
    assert_eq!(out[0].exchange.capture.gap_bytes, 0);
    assert_eq!(engine.loss().bytes_lost, 0);
}

#[test]
fn a_loss_inside_a_body_is_passed_over_and_counted_on_the_exchange() {
    let all = message(0xA5, b'A', 0, 0, 1, &[b'.'; 3000]);
    let mut events = opened(open(Role::Client, true));
    events.extend([sent(500, 0, &ask(1)), received(900, 0, &all[..1000])]);
    events.extend([
        received(1100, 2000, &all[2000..]),
        sent(2000, 12, &ask(2)),
        received(2500, 3012, &answer(2)),
    ]);
    let mut engine = Engine::new(options());
    let out = run(&mut engine, &events);
    assert_eq!(check_pairs(&out, "loss"), 2);
    assert_eq!(out[0].exchange.capture.gap_bytes, 1000);
    assert_eq!(out[0].exchange.end_ns, 1100);
    assert_eq!((engine.loss().holes, engine.loss().bytes_lost), (1, 1000));
}

#[test]
fn a_copy_limit_inside_a_head_loses_its_exchange_and_no_other() {
    let mut torn = call(1, 900, THREAD, Way::Received, 0, &answer(1));
    torn.captured = 5;
    let mut events = opened(open(Role::Client, true));
    events.extend([sent(500, 0, &ask(1)), Seen::Call(torn)]);
    for number in 2..30 {
        let (at, time) = (u64::from(number - 1) * 12, u64::from(number) * 1000);
        events.extend([sent(time, at, &ask(number)), received(time + 500, at, &answer(number))]);
    }
    let mut engine = Engine::new(options());
    let out = run(&mut engine, &events);
    assert_eq!(check_pairs(&out, "head"), 28);
    assert_eq!(engine.loss().exchanges_lost_in_gap, 1);
    assert_eq!(engine.loss().bytes_cut, 7);
}

#[test]
fn bytes_seen_twice_are_parsed_once() {
    let both = [ask(1), ask(2)].concat();
    let mut events = opened(open(Role::Client, true));
    events.extend([sent(500, 0, &ask(1)), sent(600, 0, &both), sent(700, 12, &ask(2))]);
    events.extend([received(900, 0, &answer(1)), received(950, 12, &answer(2))]);
    let mut engine = Engine::new(options());
    assert_eq!(check_pairs(&run(&mut engine, &events), "twice"), 2);
    assert_eq!(engine.loss().bytes_duplicate, 24);
}

#[test]
fn an_unknown_role_is_told_by_the_protocol() {
    for fresh in [true, false] {
        let mut events = opened(open(Role::Unknown, fresh));
        events.extend([received(500, 0, &ask(1)), sent(600, 0, &answer(1))]);
        for number in 2..5 {
            let (at, time) = (u64::from(number - 1) * 12, u64::from(number) * 1000);
            events.extend([received(time, at, &ask(number)), sent(time + 500, at, &answer(number))]);
        }
        let out = run(&mut Engine::new(options()), &events);
        assert_eq!(check_pairs(&out, "role"), 4, "fresh {fresh}");
        assert_eq!(out[0].exchange.peers.perspective, crate::exchange::Perspective::Server);
        assert_eq!(out[0].exchange.peers.client, open(Role::Unknown, true).remote);
        assert_eq!(out[0].exchange.capture.attached_mid_stream, !fresh);
    }
}

#[test]
fn an_attach_inside_a_body_waits_for_an_event_that_starts_a_message() {
    let mut events = opened(open(Role::Unknown, false));
    for step in 0..20 {
        events.push(received(500 + step, step * 1000, &[b'.'; 1000]));
    }
    events.push(sent(600, 0, &answer(0)));
    for number in 1..5 {
        let (at, time) = (u64::from(number - 1) * 12, u64::from(number) * 1000);
        events.extend([
            received(time, 20_000 + at, &ask(number)),
            sent(time + 500, 12 + at, &answer(number)),
        ]);
    }
    assert_eq!(check_pairs(&run(&mut Engine::new(options()), &events), "body"), 4);
}

#[test]
fn an_unknown_protocol_is_not_copied_and_after_a_while_not_even_reported() {
    let mut events = opened(open(Role::Client, true));
    for step in 0..100 {
        events.push(sent(500 + step, step * 4, b"\x00\x01\x02\x03"));
    }
    let mut engine = Engine::new(options());
    assert_eq!(run(&mut engine, &events), []);
    assert_eq!(engine.take_verdicts(), [(1, Verdict::NoBytes), (1, Verdict::Silent)]);
    assert_eq!(engine.statistics().bytes, 4);
}

#[test]
fn tls_is_not_copied_but_still_reported() {
    let mut events = opened(open(Role::Client, true));
    for step in 0..100 {
        events.push(sent(500 + step, step * 6, b"\x16\x03\x01\x02\x00\x01"));
    }
    let mut engine = Engine::new(options());
    assert_eq!(run(&mut engine, &events), []);
    assert_eq!(engine.take_verdicts(), [(1, Verdict::NoBytes)]);
}

#[test]
fn the_head_of_a_tls_record_read_alone_is_enough() {
    let mut events = opened(open(Role::Server, true));
    events.push(received(500, 0, b"\x16\x03\x01\x02\x00"));
    let mut engine = Engine::new(options());
    run(&mut engine, &events);
    assert_eq!(engine.take_verdicts(), [(1, Verdict::NoBytes)]);
}

#[test]
fn a_maybe_is_decided_by_the_port_or_by_both_directions() {
    let vague = |server: &str| {
        let mut met = open(Role::Client, true);
        met.remote = inet(server);
        let mut events = opened(met);
        events.extend([
            sent(500, 0, b"x"),
            received(600, 0, b"y"),
            sent(700, 1, b"x"),
            received(800, 1, b"y"),
        ]);
        let mut engine = Engine::new(vague_too());
        let mut counts = Vec::new();
        for event in &events {
            feed(&mut engine, event);
            counts.push(engine.statistics().exchanges.values().sum::<u64>());
        }
        counts
    };
    assert_eq!(vague("10.0.0.2:7002"), [0, 0, 0, 1, 1, 2]);
    assert_eq!(vague("10.0.0.2:9999"), [0, 0, 0, 1, 1, 2]);
    // One direction and no hint: nothing is decided.
    let mut met = open(Role::Client, true);
    met.remote = inet("10.0.0.2:9999");
    let mut events = opened(met);
    events.extend((0..1_030).map(|step| sent(500 + step, step, b"x")));
    let mut engine = Engine::new(vague_too());
    run(&mut engine, &events);
    assert_eq!(engine.take_verdicts(), [(1, Verdict::NoBytes)]);
}

#[test]
fn both_directions_change_to_another_protocol() {
    let upgrade = |kind| message(0xA5, kind, toys::UPGRADE, 0, 1, b"");
    let later = |kind, number| message(0xA6, kind, 0, 0, number, b"");
    let mut events = opened(open(Role::Client, true));
    events.extend([sent(500, 0, &upgrade(b'Q')), received(600, 0, &upgrade(b'A'))]);
    events.extend([sent(700, 12, &later(b'Q', 5)), sent(710, 24, &later(b'Q', 6))]);
    events.extend([received(720, 12, &later(b'A', 6)), received(730, 24, &later(b'A', 5))]);
    let out = run(&mut Engine::new(options()), &events);
    assert_eq!(check_pairs(&out, "upgrade"), 3);
    assert_eq!(out[1].exchange.protocol.name, "toyid");
}

#[test]
fn a_request_that_is_unanswered_when_the_protocol_changes_is_answered_there_as_the_first() {
    let mut events = opened(open(Role::Client, true));
    let ask = |flags, number| message(0xA5, b'Q', flags, 0, number, b"");
    events.extend([sent(500, 0, &ask(toys::UPGRADE, 1)), received(600, 0, &answer(1))]);
    events.extend([sent(700, 12, &ask(toys::UPGRADE, 2))]);
    events.push(received(800, 12, &message(0xA6, b'A', 0, 0, 1, b"")));
    let mut engine = Engine::new(options());
    let out = run(&mut engine, &events);
    assert_eq!(out.len(), 2);
    let exchange = &out[1].exchange;
    assert_eq!(exchange.protocol.name, "toyid");
    assert_eq!(exchange.request_start_ns, 700);
    assert_eq!(exchange.response_start_ns, Some(800));
    assert_eq!(engine.loss().exchanges_cut_short, 0);
}

#[test]
fn damaged_bytes_lose_their_exchange_and_the_next_ones_are_found() {
    let mut events = opened(open(Role::Client, true));
    for number in 0..40 {
        let (at, time) = (u64::from(number) * 12, u64::from(number + 1) * 1000);
        let mut bytes = answer(number);
        if number == 3 {
            bytes[0] = 0;
        }
        events.extend([sent(time, at, &ask(number)), received(time + 500, at, &bytes)]);
    }
    let mut engine = Engine::new(options());
    assert!(check_pairs(&run(&mut engine, &events), "damage") >= 38);
    assert_eq!(engine.loss().parse_errors, 1);
}

#[test]
fn data_of_a_connection_that_was_never_opened_is_counted() {
    let mut engine = Engine::new(options());
    assert_eq!(run(&mut engine, &[machine(), sent(5, 0, &ask(1))]), []);
    assert_eq!(engine.loss().data_without_open, 1);
}

#[test]
fn garbage_never_panics_and_never_makes_an_exchange() {
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let mut events = opened(open(Role::Unknown, random.chance(50)));
        for step in 0..60 {
            let length = 1 + random.below(80);
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    if random.chance(30) {
                        0xA5
                    } else {
                        b'A' + u8::try_from(random.below(20)).unwrap()
                    }
                })
                .collect();
            let position = random.below(4000);
            events.push(if random.chance(50) {
                sent(step, position, &bytes)
            } else {
                received(step, position, &bytes)
            });
        }
        run(&mut Engine::new(options()), &events);
    }
}

#[test]
fn the_kernel_is_told_where_a_large_body_ends_and_when_bytes_are_read_again() {
    let mut engine = Engine::new(options());
    feed(&mut engine, &machine());
    feed(
        &mut engine,
        &Seen::Other(Event::Open(header(1, 1, (5, 5)), open(Role::Server, true))),
    );
    let first = message(0xA5, b'Q', 0, 0, 1, &vec![0; 3 << 20]);
    let (front, body) = first.split_at(toys::HEAD);
    let end = u64::try_from(first.len()).unwrap();
    feed(&mut engine, &Seen::Call(call(1, 10, (5, 5), Way::Received, 0, front)));
    let told = engine.take_verdicts();
    let [(
        1,
        Verdict::Skip {
            sent: None,
            received: Some(until),
        },
    )] = told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(until & 0xffff_ffff, (FIRST_SEQUENCE + end) & 0xffff_ffff);
    let mut rest = call(1, 11, (5, 5), Way::Received, u64::try_from(toys::HEAD).unwrap(), body);
    rest.captured = 0;
    feed(&mut engine, &Seen::Call(rest));
    let nothing = Verdict::Skip {
        sent: None,
        received: None,
    };
    assert_eq!(engine.take_verdicts(), [(1, nothing)]);
    let second = message(0xA5, b'Q', 0, 0, 2, b"");
    feed(
        &mut engine,
        &Seen::Call(call(1, 12, (5, 5), Way::Received, end, &second)),
    );
    assert_eq!(engine.take_verdicts(), []);
    assert_eq!(engine.loss().bytes_unparsed, 0);
}

#[test]
fn a_small_body_is_not_worth_a_word_to_the_kernel() {
    let mut engine = Engine::new(options());
    feed(&mut engine, &machine());
    feed(
        &mut engine,
        &Seen::Other(Event::Open(header(1, 1, (5, 5)), open(Role::Server, true))),
    );
    let first = message(0xA5, b'Q', 0, 0, 1, &vec![0; 100_000]);
    let front = &first[..toys::HEAD];
    feed(&mut engine, &Seen::Call(call(1, 10, (5, 5), Way::Received, 0, front)));
    assert_eq!(engine.take_verdicts(), []);
}
