//! Damaged and random bytes: no panic, no endless loop. That memory stays bounded is asked by the fuzz targets, which
//! limit it.

use std::time::{Duration, Instant};

use rust_parser::event::{Data, Event};
use rust_parser::pipeline::{Options, Pipeline};

use crate::random::Random;
use crate::recordings::{all, finish, run};

/// Bytes that mean something to some parser.
const NASTY: &[u8] = b"\x00\xff\r\n$*:-+09 aZ/";
const ROUNDS: u64 = 6;
/// A run takes milliseconds; a debug build on a busy machine some hundred.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn damaged_payload_neither_panics_nor_loops() {
    for recording in all() {
        for (seed, rate) in (1..=ROUNDS).flat_map(|seed| [2, 30, 1000].map(|rate| (seed, rate))) {
            let (mut random, started) = (Random::new(seed), Instant::now());
            let mut damaged: Vec<Vec<u8>> = Vec::new();
            let events = recording.events();
            for event in &events {
                let Event::Data(_, data) = event else { continue };
                let mut bytes = data.bytes.to_vec();
                for byte in &mut bytes {
                    if random.once_in(rate) {
                        *byte = NASTY[random.below(NASTY.len())];
                    }
                }
                damaged.push(bytes);
            }
            let mut payloads = damaged.iter();
            let events: Vec<Event> = events
                .iter()
                .map(|event| match event {
                    Event::Data(header, data) => {
                        let bytes = payloads.next().expect("one for each");
                        Event::Data(*header, Data { bytes, ..*data })
                    }
                    other => other.clone(),
                })
                .collect();
            run(&events);
            assert!(
                started.elapsed() < PATIENCE,
                "{recording}: seed {seed} takes {:?}",
                started.elapsed()
            );
        }
    }
}

#[test]
fn damaged_records_neither_panic_nor_loop() {
    for recording in all() {
        for seed in 1..=ROUNDS {
            let (mut random, started) = (Random::new(seed), Instant::now());
            let mut pipeline = Pipeline::new(&Options::default());
            for record in recording.records() {
                let mut record = record.clone();
                if random.once_in(4) {
                    // The headers are where records can be most wrong.
                    let at = random.below(record.len().min(112));
                    record[at] = u8::try_from(random.below(256)).expect("a byte");
                }
                if random.once_in(40) {
                    record.truncate(random.below(record.len()));
                }
                pipeline.record(&record);
            }
            finish(pipeline);
            assert!(
                started.elapsed() < PATIENCE,
                "{recording}: seed {seed} takes {:?}",
                started.elapsed()
            );
        }
    }
}
