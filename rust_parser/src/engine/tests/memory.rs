//! The engine's size depends on what is open, and its results on the events alone.

use super::toys::message;
use super::world::*;
use crate::engine::{Engine, Options};
use crate::event::{Endpoint, Event, Role, Way};

fn exchange(engine: &mut Engine, id: u64, time_ns: u64, close: bool) {
    let mut met = open(
        if id.is_multiple_of(2) {
            Role::Client
        } else {
            Role::Server
        },
        true,
    );
    met.socket = id;
    let (ask, answer) = match met.role {
        Role::Client => (Way::Sent, Way::Received),
        _ => (Way::Received, Way::Sent),
    };
    engine.event(&Event::Open(header(time_ns, id, (1, 1)), met));
    feed(
        engine,
        &Seen::Call(call(
            id,
            time_ns + 10,
            (1, 1),
            ask,
            0,
            &message(0xA5, b'Q', 0, 0, 1, b""),
        )),
    );
    feed(
        engine,
        &Seen::Call(call(
            id,
            time_ns + 20,
            (1, 1),
            answer,
            0,
            &message(0xA5, b'A', 0, 0, 1, b""),
        )),
    );
    if close {
        engine.event(&Event::Close(header(time_ns + 30, id, (1, 1))));
    }
}

#[test]
fn a_hundred_thousand_connections_leave_nothing_behind() {
    let mut engine = Engine::new(options());
    let (mut exchanges, mut most) = (0, 0);
    for id in 0..100_000 {
        exchange(&mut engine, id, id * 100_000, true);
        exchanges += engine.take().len();
        most = most.max(engine.followed());
    }
    assert!(most < 1_500, "{most} nodes at once");
    assert_eq!(engine.statistics().connections_open, 0);
    engine.finish();
    exchanges += engine.take().len();
    assert_eq!(exchanges, 100_000);
    assert_eq!(engine.followed(), 0);
}

#[test]
fn idle_connections_make_room_for_new_ones_and_are_counted() {
    let mut engine = Engine::new(Options {
        max_connections: 100,
        ..options()
    });
    for id in 0..1000 {
        exchange(&mut engine, id, id * 1000, false);
    }
    assert_eq!(engine.statistics().connections_open, 100);
    assert_eq!(engine.loss().connections_evicted, 900);
    engine.finish();
    assert_eq!(engine.take().len(), 1000);
}

#[test]
fn too_many_requests_in_flight_are_dropped_and_counted() {
    for magic in [0xA5, 0xA6] {
        let mut engine = Engine::new(Options {
            max_in_flight: 100,
            ..options()
        });
        let mut events = vec![
            machine(),
            Seen::Other(Event::Open(header(1, 1, (1, 1)), open(Role::Client, true))),
        ];
        for number in 0..1000 {
            let bytes = message(magic, b'Q', 0, 0, number, b"");
            let at = u64::from(number) * 12;
            events.push(Seen::Call(call(
                1,
                100 + u64::from(number),
                (1, 1),
                Way::Sent,
                at,
                &bytes,
            )));
        }
        let out = run(&mut engine, &events);
        assert!(out.len() <= 100);
        let loss = engine.loss();
        assert_eq!(
            loss.exchanges_overflowed + loss.exchanges_uncertain + out.len() as u64,
            1000
        );
    }
}

#[test]
fn batch_borders_do_not_show() {
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let habits = Habits {
            depth: 1 + random.below(8),
            floor: 0,
            exchanges: 60,
            magic: 0xA5,
        };
        let calls = conversation(&mut random, habits, false);
        let pieces = cut(&mut random, &calls);
        let kept: Vec<_> = pieces.into_iter().filter(|_| !random.chance(2)).collect();
        let events = whole(&kept, Role::Server);
        let expected = run(&mut Engine::new(options()), &events);
        let mut engine = Engine::new(options());
        let mut out = Vec::new();
        for event in &events {
            feed(&mut engine, event);
            if random.chance(30) {
                out.extend(engine.take());
            }
        }
        engine.finish();
        out.extend(engine.take());
        assert_eq!(out, expected);
    }
}

#[test]
fn a_unix_connection_counts_its_positions_and_is_told_apart_by_its_opening() {
    let lineage = |opened: u64| {
        let mut engine = Engine::new(options());
        let mut met = open(Role::Unknown, true);
        met.local = Endpoint::Unix(String::new());
        met.remote = Endpoint::Unix("/run/toy".into());
        (met.sequence, met.sent, met.received) = (false, 0, 0);
        engine.event(&Event::Open(header(opened, 1, (1, 1)), met));
        let data = |way, bytes| crate::event::Data {
            way,
            position: 0,
            sequence: false,
            length: 12,
            bytes,
        };
        let (ask, answer) = (message(0xA5, b'Q', 0, 0, 1, b""), message(0xA5, b'A', 0, 0, 1, b""));
        engine.event(&Event::Data(header(50, 1, (1, 1)), data(Way::Sent, &ask)));
        engine.event(&Event::Data(header(60, 1, (1, 1)), data(Way::Received, &answer)));
        engine.finish();
        engine.take().remove(0).lineage.span_id
    };
    assert_eq!(lineage(10), lineage(10));
    assert_ne!(lineage(10), lineage(11));
}

#[test]
fn an_idle_connection_takes_about_a_kibibyte() {
    use crate::connection::conversation::Conversation;
    let size = size_of::<crate::connection::Connection>() + size_of::<Conversation>();
    assert!(size < 1200, "{size} bytes");
}

/// Not a test of correctness: `cargo test --release --no-default-features -- --ignored --nocapture speed`.
#[test]
#[ignore = "measures"]
#[allow(clippy::print_stderr, clippy::cast_precision_loss)]
fn speed() {
    for (role, what) in [(Role::Client, "client"), (Role::Server, "server")] {
        let mut engine = Engine::new(options());
        let (asked, answered) = if role == Role::Client {
            (Way::Sent, Way::Received)
        } else {
            (Way::Received, Way::Sent)
        };
        for id in 0..64 {
            let mut met = open(role, true);
            met.socket = id;
            engine.event(&Event::Open(header(1, id, (1, 1)), met));
        }
        let body = [b'.'; 200];
        let (ask, answer) = (message(0xA5, b'Q', 0, 0, 1, b""), message(0xA5, b'A', 0, 0, 1, &body));
        let rounds = 2_000_000_u64;
        let begun = std::time::Instant::now();
        let mut exchanges = 0;
        for round in 0..rounds {
            let (id, turn) = (round % 64, round / 64);
            let time = 1000 + round * 5_000;
            let mut tell = |way, time, bytes: &[u8]| {
                let position = (FIRST_SEQUENCE + turn * bytes.len() as u64) & 0xffff_ffff;
                let length = u32::try_from(bytes.len()).unwrap();
                let data = crate::event::Data {
                    way,
                    position,
                    sequence: true,
                    length,
                    bytes,
                };
                engine.event(&Event::Data(header(time, id, (1, 1)), data));
            };
            tell(asked, time, &ask);
            tell(answered, time + 2_000, &answer);
            if round % 1000 == 999 {
                exchanges += engine.take().len();
            }
        }
        engine.finish();
        exchanges += engine.take().len();
        let each = begun.elapsed().as_nanos() as f64 / rounds as f64;
        eprintln!("{what}: {exchanges} exchanges, {each:.0} ns each");
    }
}
