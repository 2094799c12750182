//! A capture file of either format as a sequence of packets.

use super::error::PacketError;
use super::input::{Input, Source};
use super::pcap::Pcap;
use super::pcapng::Pcapng;

/// One packet as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was captured, UNIX nanoseconds.
    pub time_ns: u64,
    /// What its first bytes are: a LINKTYPE number of the tcpdump registry.
    pub link_type: u16,
    /// The captured front of it.
    pub captured: &'a [u8],
    /// Its length on the wire, never less than what was captured.
    pub wire_length: u32,
}

/// What the next record of a file is.
pub(super) enum Record<'a> {
    Packet(Packet<'a>),
    /// A packet of an interface that the file does not describe.
    Orphan,
    /// Nothing a packet reader needs.
    Other,
    /// The file ends here, between records.
    End,
    /// The file ends inside the record that starts at this offset.
    Cut(u64),
}

impl Record<'_> {
    /// What it means that no byte follows.
    pub(super) fn at_end(input: &Input) -> Self {
        if input.is_cut() {
            Self::Cut(input.offset())
        } else {
            Self::End
        }
    }
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
    /// The file ends inside its header.
    Cut,
}

pub(super) struct Capture {
    input: Input,
    format: Format,
}

impl Capture {
    /// Finds out the format by the first bytes.
    pub(super) fn open(source: Source) -> Result<Self, PacketError> {
        let mut input = Input::new(source)?;
        input.fill(super::pcap::HEADER_LENGTH)?;
        let bytes = input.bytes();
        let format = if Pcapng::recognises(bytes) {
            Format::Pcapng(Pcapng::default())
        } else if Pcap::recognises(bytes) {
            match Pcap::open(&mut input)? {
                Some(pcap) => Format::Pcap(pcap),
                None => Format::Cut,
            }
        } else if bytes.is_empty() && input.is_cut() {
            Format::Cut
        } else {
            let mut first = [0; 8];
            let length = bytes.len().min(first.len());
            first.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            return Err(PacketError::NotACapture { first, length });
        };
        Ok(Self { input, format })
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Record<'_>, PacketError> {
        match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.input),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.input),
            Format::Cut => Ok(Record::Cut(0)),
        }
    }
}
