//! The TCP header. Checksums are not checked: offloading network cards fill them in after the capture.

use super::fields::{count, net16, net32};
use super::ip::Body;

/// One end of a connection. IPv4 addresses are in their IPv6-mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Peer {
    pub address: u128,
    pub port: u16,
}

impl Peer {
    pub(super) fn socket_address(self) -> std::net::SocketAddr {
        let address = std::net::Ipv6Addr::from(self.address);
        let address = address.to_ipv4_mapped().map_or(address.into(), std::net::IpAddr::V4);
        std::net::SocketAddr::new(address, self.port)
    }
}

/// What a header's flags say, as far as reassembly cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Opens.
    Syn,
    /// Accepts.
    SynAck,
    /// Aborts.
    Reset,
    /// Carries bytes, acknowledges, or both; `fin` ends its direction.
    Plain {
        /// No byte follows those of this segment.
        fin: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub source: Peer,
    pub destination: Peer,
    pub kind: Kind,
    /// Of the first byte of the payload (one more than the header says if this is a SYN).
    pub sequence: u32,
    pub acknowledged: Option<u32>,
    /// The captured front of the payload.
    pub payload: &'a [u8],
    /// Of the payload on the wire.
    pub length: u32,
}

/// What a TCP packet turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header<'a> {
    Segment(Segment<'a>),
    Malformed,
    /// The snapshot length cut the header off.
    Cut,
}

/// No stack hands down more at once than 512 KiB (BIG TCP); a length field filled in later may say anything.
const MAX_PAYLOAD: u32 = 16 * 1024 * 1024;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

#[inline]
pub(super) fn header<'a>(body: &Body<'a>) -> Header<'a> {
    parse(body).unwrap_or(Header::Cut)
}

#[inline]
fn parse<'a>(body: &Body<'a>) -> Option<Header<'a>> {
    let bytes = body.captured;
    let flags = *bytes.get(13)?;
    let header = usize::from(*bytes.get(12)? >> 4) * 4;
    let (Some(length), 20..) = (body.length.checked_sub(count(header)), header) else {
        return Some(Header::Malformed);
    };
    if length > MAX_PAYLOAD {
        return Some(Header::Malformed);
    }
    let kind = match (flags & RST != 0, flags & SYN != 0, flags & ACK != 0) {
        (true, _, _) => Kind::Reset,
        (_, true, true) => Kind::SynAck,
        (_, true, false) => Kind::Syn,
        _ => Kind::Plain { fin: flags & FIN != 0 },
    };
    let synchronises = u32::from(matches!(kind, Kind::Syn | Kind::SynAck));
    Some(Header::Segment(Segment {
        source: Peer {
            address: body.source,
            port: net16(bytes, 0)?,
        },
        destination: Peer {
            address: body.destination,
            port: net16(bytes, 2)?,
        },
        kind,
        sequence: net32(bytes, 4)?.wrapping_add(synchronises),
        acknowledged: if flags & ACK == 0 { None } else { Some(net32(bytes, 8)?) },
        payload: bytes.get(header..).unwrap_or_default(),
        length,
    }))
}
