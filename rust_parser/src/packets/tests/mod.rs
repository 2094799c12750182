//! Generated captures, each written byte by byte here, and tshark as the oracle for real ones.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod build;
mod files;
mod layers;
mod life;
mod random;
mod reassembly;
mod speed;
mod tshark;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Cursor;

use super::{Counters, Limits, Packet, PacketDecoder, PacketError, PacketReplay, Progress, Warning};
use crate::event::{Event, Open, Way};

/// An event that outlives its capture. Only what tests compare.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    Start {
        boot_id: String,
    },
    Clock(u64),
    Open(u64, Open),
    Data {
        connection: u64,
        time_ns: u64,
        way: Way,
        position: u64,
        length: u32,
        bytes: Vec<u8>,
    },
    Eof(u64, Way),
    Close(u64, u64),
    Loss(Vec<(String, u64)>),
}

pub(super) fn seen(event: &Event<'_>) -> Seen {
    match event {
        Event::Machine(_, machine) => Seen::Start {
            boot_id: machine.boot_id.clone(),
        },
        Event::Clock(header, unix_ns) => {
            assert_eq!(header.time_ns, *unix_ns);
            Seen::Clock(*unix_ns)
        }
        Event::Open(header, open) => Seen::Open(header.connection, open.clone()),
        Event::Data(header, data) => {
            assert!(data.bytes.len() <= data.length as usize && data.length > 0);
            Seen::Data {
                connection: header.connection,
                time_ns: header.time_ns,
                way: data.way,
                position: data.position,
                length: data.length,
                bytes: data.bytes.to_vec(),
            }
        }
        Event::Eof(header, way) => Seen::Eof(header.connection, *way),
        Event::Close(header) => Seen::Close(header.connection, header.time_ns),
        Event::Loss(_, counters) => Seen::Loss(counters.clone()),
        other => panic!("no packet makes {other:?}"),
    }
}

/// What a whole file gave.
pub(super) struct Replayed {
    /// Before the call that returned the end, and by it.
    pub before_end: Vec<Seen>,
    pub at_end: Vec<Seen>,
    pub error: Option<PacketError>,
    pub warnings: Vec<Warning>,
    pub counters: Counters,
    pub packets: u64,
}

impl Replayed {
    pub(super) fn all(&self) -> Vec<Seen> {
        self.before_end.iter().chain(&self.at_end).cloned().collect()
    }
}

pub(super) fn replay(file: &[u8]) -> Result<Replayed, PacketError> {
    let mut replay = PacketReplay::open(Box::new(Cursor::new(file.to_vec())))?;
    let (mut before_end, mut error) = (Vec::new(), None);
    loop {
        let mut events = Vec::new();
        match replay.next(&mut |event| events.push(seen(event))) {
            Ok(Progress::More) => before_end.append(&mut events),
            Ok(Progress::End) => {
                let (warnings, counters, packets) = (replay.warnings(), *replay.counters(), replay.packets());
                return Ok(Replayed {
                    before_end,
                    at_end: events,
                    error,
                    warnings,
                    counters,
                    packets,
                });
            }
            Err(problem) => {
                before_end.append(&mut events);
                error = Some(problem);
            }
        }
    }
}

/// Decodes packets without a file: time in nanoseconds, Ethernet frame.
pub(super) fn decode(limits: Limits, packets: &[(u64, Vec<u8>)]) -> (Vec<Seen>, Counters) {
    let mut decoder = PacketDecoder::with_limits(limits);
    let mut events = Vec::new();
    for (time_ns, frame) in packets {
        let packet = Packet {
            time_ns: *time_ns,
            link_type: 1,
            captured: frame,
            wire_length: frame.len() as u32,
        };
        decoder.packet(&packet, &mut |event| events.push(seen(event)));
    }
    decoder.finish(&mut |event| events.push(seen(event)));
    (events, *decoder.counters())
}

/// Concatenated bytes of a direction, in the order they came; holes as `None` with their length.
pub(super) fn text(events: &[Seen], wanted: u64, direction: Way) -> String {
    let (mut text, mut next) = (String::new(), 0);
    for event in events {
        let Seen::Data {
            connection,
            way,
            position,
            length,
            bytes,
            ..
        } = event
        else {
            continue;
        };
        if (*connection, *way) == (wanted, direction) {
            assert!(*position >= next, "bytes came twice");
            if *position > next {
                write!(text, "<{}>", position - next).unwrap();
            }
            text += &String::from_utf8_lossy(bytes);
            let unseen = *length as usize - bytes.len();
            if unseen > 0 {
                write!(text, "<{unseen}>").unwrap();
            }
            next = position + u64::from(*length);
        }
    }
    text
}

/// The order in which bytes of both directions came: `>` from local to remote.
pub(super) fn conversation(events: &[Seen]) -> Vec<String> {
    let shown = |event: &Seen| match event {
        Seen::Data { way, bytes, length, .. } => {
            let arrow = if *way == Way::Sent { '>' } else { '<' };
            let unseen = *length as usize - bytes.len();
            let bytes = String::from_utf8_lossy(bytes);
            Some(if unseen > 0 {
                format!("{arrow}{bytes}<{unseen}>")
            } else {
                format!("{arrow}{bytes}")
            })
        }
        Seen::Eof(_, Way::Sent) => Some(">eof".to_owned()),
        Seen::Eof(_, Way::Received) => Some("<eof".to_owned()),
        Seen::Open(..) => Some("open".to_owned()),
        Seen::Close(..) => Some("close".to_owned()),
        _ => None,
    };
    events.iter().filter_map(shown).collect()
}

pub(super) fn opens(events: &[Seen]) -> BTreeMap<u64, Open> {
    let open = |event: &Seen| match event {
        Seen::Open(connection, open) => Some((*connection, open.clone())),
        _ => None,
    };
    events.iter().filter_map(open).collect()
}
