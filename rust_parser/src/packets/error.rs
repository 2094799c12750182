//! What can be wrong with a capture file.

use std::fmt;
use std::io;

/// Why a capture cannot be read (further).
#[derive(Debug)]
pub enum PacketError {
    /// The first bytes are no capture format's.
    NotACapture {
        /// They.
        first: [u8; 8],
        /// How many of `first` the file has.
        length: usize,
    },
    /// A length in the file is over a named limit: the file is damaged there.
    TooLong {
        /// Of the record in the (uncompressed) file.
        offset: u64,
        /// What the file says.
        length: u64,
        /// The limit's name.
        limit: &'static str,
        /// The limit.
        maximum: u64,
    },
    /// The file breaks its format's grammar.
    Malformed {
        /// Of the record in the (uncompressed) file.
        offset: u64,
        /// Which rule.
        rule: &'static str,
    },
    /// The bytes could not be read, or not be uncompressed.
    Read {
        /// How many (uncompressed) bytes could.
        offset: u64,
        /// Why no more.
        error: io::Error,
    },
}

impl fmt::Display for PacketError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACapture { length: 0, .. } => formatter.write_str("not a packet capture: the file is empty"),
            Self::NotACapture { first, length } => {
                formatter
                    .write_str("not a packet capture (pcap, pcapng, or one of them in gzip or zstd): it starts with")?;
                first
                    .iter()
                    .take(*length)
                    .try_for_each(|byte| write!(formatter, " {byte:02x}"))
            }
            Self::TooLong {
                offset,
                length,
                limit,
                maximum,
            } => write!(
                formatter,
                "damaged capture: the record at byte {offset} claims {length} bytes, over the limit {limit} = {maximum}"
            ),
            Self::Malformed { offset, rule } => write!(formatter, "damaged capture: at byte {offset}, {rule}"),
            Self::Read { offset, error } => write!(formatter, "reading the capture failed at byte {offset}: {error}"),
        }
    }
}

impl std::error::Error for PacketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Something a user should know about a capture that was read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The file ends inside a record. Everything before it was read.
    Truncated {
        /// Where the cut record starts in the (uncompressed) file.
        offset: u64,
        /// Packets read before it.
        packets: u64,
    },
    /// Packets of a link type that is not understood were skipped. Told once for each capture.
    LinkType(u16),
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset, packets } => write!(
                formatter,
                "the capture is cut off inside the record at byte {offset}, after {packets} whole packets"
            ),
            Self::LinkType(number) => write!(
                formatter,
                "packets of link type {number} were skipped; understood are {}",
                super::link::UNDERSTOOD
            ),
        }
    }
}
