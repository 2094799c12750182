//! Requests meet their own responses, or none.

use super::toys;
use super::world::*;
use crate::engine::Engine;
use crate::event::{Event, Role, Way};

fn habits(random: &mut Random, exchanges: u32, magic: u8) -> Habits {
    let depth = if random.chance(40) { 1 } else { 2 + random.below(20) };
    let floor = if depth > 3 && random.chance(40) {
        1 + random.below(depth - 3)
    } else {
        0
    };
    Habits {
        depth,
        floor,
        exchanges,
        magic,
    }
}

#[test]
fn every_exchange_of_a_perfect_capture_comes_out_whole_and_in_order() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let client = random.chance(50);
        let habits = habits(&mut random, 50, 0xA5);
        let calls = conversation(&mut random, habits, client);
        let role = if client { Role::Client } else { Role::Server };
        let mut engine = Engine::new(options());
        let out = run(&mut engine, &whole(&calls, role));
        assert_eq!(check_pairs(&out, &format!("seed {seed}")), 50);
        let mut numbers: Vec<_> = out
            .iter()
            .map(|traced| number(traced, "toy.request").unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>());
        let lost: Vec<_> = engine
            .loss()
            .entries()
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(lost, [], "seed {seed}");
    }
}

#[test]
fn random_cuts_into_events_change_nothing() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let magic = if random.chance(50) { 0xA5 } else { 0xA6 };
        let habits = habits(&mut random, 30, magic);
        let calls = conversation(&mut random, habits, true);
        let expected = run(&mut Engine::new(options()), &whole(&calls, Role::Client));
        let pieces = cut(&mut random, &calls);
        assert_eq!(
            run(&mut Engine::new(options()), &whole(&pieces, Role::Client)),
            expected,
            "seed {seed}"
        );
    }
}

#[test]
fn losses_never_make_a_wrong_pair() {
    let (mut whole_pairs, mut all) = (0, 0);
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let habits = habits(&mut random, 120, if seed % 4 == 0 { 0xA6 } else { 0xA5 });
        let percent = 1 + random.below(5);
        let calls = conversation(&mut random, habits, seed % 2 == 0);
        let pieces = if random.chance(50) {
            cut(&mut random, &calls)
        } else {
            calls
        };
        let kept: Vec<_> = pieces.into_iter().filter(|_| !random.chance(percent)).collect();
        let role = if seed % 2 == 0 { Role::Client } else { Role::Server };
        let out = run(&mut Engine::new(options()), &whole(&kept, role));
        whole_pairs += check_pairs(&out, &format!("seed {seed} {habits:?}"));
        all += 120;
    }
    assert!(whole_pairs * 4 > all, "only {whole_pairs} of {all} exchanges survived");
}

#[test]
fn a_late_attach_never_makes_a_wrong_pair() {
    let (mut whole_pairs, mut all) = (0, 0);
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let habits = habits(&mut random, 160, 0xA5);
        let client = random.chance(50);
        let mut calls = conversation(&mut random, habits, client);
        if random.chance(50) {
            calls = cut(&mut random, &calls);
        }
        let from = usize::try_from(random.below(calls.len() as u64 / 2)).unwrap();
        calls.drain(..from);
        let role = [Role::Unknown, if client { Role::Client } else { Role::Server }][usize::from(random.chance(70))];
        let mut events = vec![machine()];
        let mut met = open(role, false);
        let next = |way| {
            calls
                .iter()
                .find(|call| call.way == way)
                .map_or(0, |call| call.position)
        };
        met.sent = (FIRST_SEQUENCE + next(Way::Sent)) & 0xffff_ffff;
        met.received = (FIRST_SEQUENCE + next(Way::Received)) & 0xffff_ffff;
        events.push(Seen::Other(Event::Open(header(calls[0].time_ns - 1, 1, (1, 1)), met)));
        events.extend(calls.iter().cloned().map(Seen::Call));
        let out = run(&mut Engine::new(options()), &events);
        let what = format!("seed {seed} {habits:?}");
        if habits.floor == 0 {
            whole_pairs += check_pairs(&out, &what);
            all += 80;
        } else {
            check_pairs(&out, &what);
        }
    }
    assert!(
        whole_pairs * 2 > all,
        "only {whole_pairs} of {all} exchanges were found"
    );
}

#[test]
fn swapped_events_change_nothing_but_never_make_a_wrong_pair() {
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let habits = habits(&mut random, 60, 0xA5);
        let calls = conversation(&mut random, habits, true);
        let mut pieces = cut(&mut random, &calls);
        for at in 1..pieces.len() {
            // Two events of one way, close in time, change places; times stay those of their calls.
            let close = pieces[at].time_ns - pieces[at - 1].time_ns < 100_000;
            if close && pieces[at].way == pieces[at - 1].way && random.chance(20) {
                pieces.swap(at - 1, at);
            }
        }
        let mut engine = Engine::new(options());
        let out = run(&mut engine, &whole(&pieces, Role::Client));
        assert_eq!(check_pairs(&out, &format!("seed {seed}")), 60, "seed {seed}");
        assert_eq!(engine.loss().holes, 0);
    }
}

#[test]
fn a_response_seen_before_its_request_is_paired_and_its_request_is_no_later() {
    let ask = |number| toys::message(0xA5, b'Q', 0, 0, number, b"");
    let answer = |number| toys::message(0xA5, b'A', 0, 0, number, b"");
    let mut positions = [0; 2];
    let mut call = |time_ns, way: Way, bytes: Vec<u8>| {
        let position = positions[usize::from(way == Way::Sent)];
        positions[usize::from(way == Way::Sent)] += bytes.len() as u64;
        let captured = bytes.len();
        Call {
            connection: 1,
            time_ns,
            thread: (1, 1),
            way,
            position,
            bytes,
            captured,
        }
    };
    let calls = [
        call(1_000, Way::Sent, ask(0)),
        call(2_000, Way::Received, answer(0)),
        call(3_000, Way::Received, answer(1)),
        call(3_500, Way::Sent, ask(1)),
    ];
    let out = run(&mut Engine::new(options()), &whole(&calls, Role::Client));
    assert_eq!(check_pairs(&out, "inverted"), 2);
    assert_eq!(out[1].exchange.request_start_ns, 3_000);
}

#[test]
fn requests_without_an_answer_come_out_incomplete_at_the_close() {
    let bytes = toys::message(0xA5, b'Q', 0, 0, 7, b"");
    let captured = bytes.len();
    let call = Call {
        connection: 1,
        time_ns: 1_000,
        thread: (1, 1),
        way: Way::Sent,
        position: 0,
        bytes,
        captured,
    };
    let out = run(
        &mut Engine::new(options()),
        &whole(std::slice::from_ref(&call), Role::Client),
    );
    assert_eq!(out.len(), 1);
    assert!(out[0].exchange.capture.incomplete);
    assert_eq!(out[0].exchange.end_ns, 2_000);
    let mut torn = call;
    torn.bytes.truncate(5);
    torn.captured = 5;
    assert_eq!(run(&mut Engine::new(options()), &whole(&[torn], Role::Client)), []);
}

#[test]
fn a_one_way_request_is_an_exchange_and_takes_no_response() {
    let mut at = 0;
    let mut sent = |number, flags| {
        let bytes = toys::message(0xA5, b'Q', flags, 0, number, b"");
        let captured = bytes.len();
        at += captured as u64;
        let position = at - captured as u64;
        Call {
            connection: 1,
            time_ns: 1_000,
            thread: (1, 1),
            way: Way::Sent,
            position,
            bytes,
            captured,
        }
    };
    let mut calls = vec![sent(1, toys::ONE_WAY), sent(2, 0)];
    let bytes = toys::message(0xA5, b'A', 0, 0, 2, b"");
    let captured = bytes.len();
    calls.push(Call {
        way: Way::Received,
        position: 0,
        bytes,
        captured,
        time_ns: 5_000,
        ..calls[0].clone()
    });
    let out = run(&mut Engine::new(options()), &whole(&calls, Role::Client));
    assert_eq!(check_pairs(&out, "one way"), 1);
    assert_eq!(out.len(), 2);
    assert!(!out[0].exchange.capture.incomplete);
}

#[test]
fn losses_after_a_late_attach_never_make_a_wrong_pair() {
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let habits = habits(&mut random, 150, if seed % 4 == 0 { 0xA6 } else { 0xA5 });
        let calls = conversation(&mut random, habits, true);
        let pieces = cut(&mut random, &calls);
        let from = usize::try_from(random.below(pieces.len() as u64 / 3)).unwrap();
        let percent = random.below(4);
        let kept: Vec<_> = pieces
            .into_iter()
            .skip(from)
            .filter(|_| !random.chance(percent))
            .collect();
        let mut events = whole(&kept, Role::Client);
        if let Seen::Other(Event::Open(_, met)) = &mut events[1] {
            met.fresh = false;
        }
        check_pairs(
            &run(&mut Engine::new(options()), &events),
            &format!("seed {seed} {habits:?}"),
        );
    }
}
