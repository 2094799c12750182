//! How fast captures are read. Prints numbers; fails only when something is badly wrong. Run it with
//! `cargo test --release -p rust_parser --no-default-features packets::tests::speed -- --ignored --nocapture`.

use std::io::Cursor;
use std::time::Instant;

use super::build::{pcap, Conversation, PLAIN};
use super::{PacketReplay, Progress};
use crate::event::Event;

#[allow(clippy::cast_precision_loss, clippy::print_stderr)]
fn measure(name: &str, packets: &[(u64, Vec<u8>)], expected: u64) {
    let file = pcap(PLAIN, packets);
    let mut best = f64::MAX;
    for _ in 0..5 {
        let source = Box::new(Cursor::new(file.clone()));
        let (mut bytes, started) = (0, Instant::now());
        let mut replay = PacketReplay::open(source).unwrap();
        let mut sink = |event: &Event<'_>| {
            if let Event::Data(_, data) = event {
                bytes += data.bytes.len() as u64;
            }
        };
        while replay.next(&mut sink).unwrap() == Progress::More {}
        best = best.min(started.elapsed().as_secs_f64());
        assert_eq!(bytes, expected);
    }
    let (size, count) = (file.len() as f64, packets.len() as f64);
    eprintln!(
        "{name}: {:.2} GB/s, {:.2} million packets/s",
        size / best / 1e9,
        count / best / 1e6
    );
    assert!(count / best > 50_000.0, "{name} is far too slow");
}

/// `connections` at once, each in turn sending a payload or an answer.
fn traffic(connections: u16, packets: usize, payload: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut talks: Vec<_> = (0..connections)
        .map(|port| Conversation {
            port,
            ..Conversation::new()
        })
        .collect();
    let mut all = Vec::with_capacity(packets);
    for round in 0..packets / usize::from(connections) {
        for talk in &mut talks {
            talk.send(round % 2 == 0, 16, payload);
            all.append(&mut talk.packets);
        }
    }
    all
}

#[test]
#[ignore = "measures speed; use --release and --ignored"]
fn captures_are_read_fast() {
    measure(
        "64 kB segments, 1 connection",
        &traffic(1, 4000, &vec![7; 60_000]),
        240_000_000,
    );
    measure(
        "1448 B segments, 10 connections",
        &traffic(10, 200_000, &[7; 1448]),
        289_600_000,
    );
    measure(
        "12 B segments, 1 connection",
        &traffic(1, 1_000_000, &[7; 12]),
        12_000_000,
    );
    measure(
        "12 B segments, 1000 connections",
        &traffic(1000, 1_000_000, &[7; 12]),
        12_000_000,
    );
    measure(
        "12 B segments, 50000 connections",
        &traffic(50_000, 1_000_000, &[7; 12]),
        12_000_000,
    );
    let mut upload = Conversation::new();
    upload.handshake();
    for _ in 0..1_000_000 {
        upload.request(&[7; 12]);
    }
    // Every second segment is captured before the one it follows.
    for pair in upload.packets[3..].chunks_exact_mut(2) {
        pair.swap(0, 1);
    }
    measure("12 B segments, reordered", &upload.packets, 12_000_000);
}
