//! Files of any content, through to spans.

use std::io::Cursor;

use rust_parser::packets::{PacketReplay, Progress};
use rust_parser::pipeline::{Options, Pipeline};
use rust_parser::recording::{Reader, Records};

use crate::events::check;

/// First byte of an input that is a recording.
pub const RECORDING: u8 = 0;
/// First byte of an input that holds records, as blocks do: the checksums of a recording keep most inputs out.
pub const RECORDS: u8 = 1;
/// First byte of an input that is a packet capture.
pub const CAPTURE: u8 = 2;

/// Reads a file.
pub fn run(data: &[u8]) {
    let Some((kind, file)) = data.split_first() else { return };
    let mut pipeline = Pipeline::new(&Options::default());
    match kind % 3 {
        RECORDING => {
            let Ok(mut reader) = Reader::new(Cursor::new(file)) else {
                return;
            };
            while let Ok(Some(block)) = reader.block() {
                records(&block, &mut pipeline);
            }
            assert!(reader.end().is_some(), "a recording without an end");
        }
        RECORDS => records(file, &mut pipeline),
        _ => {
            let Ok(mut packets) = PacketReplay::open(Box::new(Cursor::new(file.to_vec()))) else {
                return;
            };
            let mut sink = |event: &rust_parser::event::Event| pipeline.event(event);
            while let Ok(Progress::More) = packets.next(&mut sink) {}
        }
    }
    pipeline.finish();
    check(&pipeline.take());
}

fn records(block: &[u8], pipeline: &mut Pipeline) {
    for record in (Records { rest: block }) {
        pipeline.record(record);
    }
}
