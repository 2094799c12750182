//! Packet captures as a source of events: what `replay FILE` reads when the file is no recording of ours.
//!
//! ```text
//! Read -> input (gzip, zstd, buffer) -> capture (pcap, pcapng) -> link -> ip (fragments) -> tcp -> table
//!                                                                      -> connection -> stream -> output -> Event
//! ```
//! Contract:
//! * streaming: memory is bounded whatever the file's length ([`Limits`], and a buffer of fixed size);
//! * never panics and never loops, whatever the bytes are; a cut-off file gives a prefix of the whole file's events, then
//!   what always comes at the end, and a [`Warning`];
//! * the first events are [`Event::Machine`] (a `boot_id` made from the first packet, so that ids are the same at every
//!   replay, and differ between captures) and [`Event::Clock`]; the last one is [`Event::Loss`];
//! * each direction's bytes come once, in order, at 64-bit positions from 0; a jump in `position`, or a `length` beyond
//!   `bytes`, is a hole of exactly that size; a `Data` without bytes is a hole that nothing follows yet;
//! * both directions come in the order of capture: what was captured earlier and is complete comes first, and a response
//!   never comes before the (holes of the) request that it acknowledges;
//! * times of one connection never go back: bytes that waited for missing ones that came get the time of those;
//! * no clock but the capture's, no path, no log: the same bytes give the same events.

mod capture;
mod connection;
mod counters;
mod decoder;
mod ends;
mod error;
mod fields;
mod fragments;
mod input;
mod ip;
mod link;
mod output;
mod pcap;
mod pcapng;
mod stream;
mod table;
mod tcp;
#[cfg(test)]
mod tests;

pub use capture::Packet;
pub use counters::Counters;
pub use decoder::PacketDecoder;
pub use error::{PacketError, Warning};
pub use input::Source;
pub use output::{Limits, Sink};

use capture::{Capture, Record};

#[cfg(doc)]
use crate::event::Event;

/// Records read by one call of [`PacketReplay::next`]: often enough to look after other things in between.
const RECORDS_AT_ONCE: usize = 1024;

/// Whether to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There may be more events.
    More,
    /// The last event was handed out.
    End,
}

/// A capture file being replayed.
pub struct PacketReplay {
    capture: Capture,
    decoder: PacketDecoder,
    /// No more is read: the next call hands out the end.
    at_end: bool,
    packets: u64,
    truncated: Option<Warning>,
}

impl PacketReplay {
    /// Looks at the first bytes. Fails when they are no capture's.
    pub fn open(source: Source) -> Result<Self, PacketError> {
        Self::with_limits(source, Limits::default())
    }

    /// With other bounds than the default ones.
    pub fn with_limits(source: Source, limits: Limits) -> Result<Self, PacketError> {
        let (capture, decoder) = (Capture::open(source)?, PacketDecoder::with_limits(limits));
        Ok(Self {
            capture,
            decoder,
            at_end: false,
            packets: 0,
            truncated: None,
        })
    }

    /// Hands out the events of some more packets. The last call, and no other, returns [`Progress::End`]: it closes all
    /// connections. After an error one may stop, or ask again to get that end for what was read before.
    pub fn next(&mut self, sink: &mut Sink<'_>) -> Result<Progress, PacketError> {
        if self.at_end {
            self.decoder.finish(sink);
            return Ok(Progress::End);
        }
        for _ in 0..RECORDS_AT_ONCE {
            match self.capture.next() {
                Ok(Record::Packet(packet)) => {
                    self.packets += 1;
                    self.decoder.packet(&packet, sink);
                }
                Ok(Record::Orphan) => {
                    self.packets += 1;
                    self.decoder.count_orphan();
                }
                Ok(Record::Other) => {}
                Ok(Record::End) => {
                    self.at_end = true;
                    break;
                }
                Ok(Record::Cut(offset)) => {
                    self.truncated = Some(Warning::Truncated {
                        offset,
                        packets: self.packets,
                    });
                    self.at_end = true;
                    break;
                }
                Err(error) => {
                    self.at_end = true;
                    return Err(error);
                }
            }
        }
        Ok(Progress::More)
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// What was skipped so far; also the last event.
    pub fn counters(&self) -> &Counters {
        self.decoder.counters()
    }

    /// What a user should be told, once [`Progress::End`] was returned.
    pub fn warnings(&self) -> Vec<Warning> {
        self.truncated
            .into_iter()
            .chain(self.decoder.unknown_link_type().map(Warning::LinkType))
            .collect()
    }
}
