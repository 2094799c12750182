//! IPv4 and IPv6 headers: who talks to whom, and the TCP segment or the fragment inside. Checksums are not checked: a
//! capture on the sending machine shows packets before the network card fills them in.

use super::fields::{address6, count, mapped4, net16, net32, size};

/// Extension headers of one IPv6 packet. The standard defines fewer, each at most once or twice.
const MAX_EXTENSIONS: usize = 8;

pub(super) const TCP: u8 = 6;
const UDP: u8 = 17;

/// IPv4: more fragments follow.
const MORE: u16 = 0x2000;
/// IPv4: the fragment's place, in units of 8 bytes.
const OFFSET: u16 = 0x1fff;

/// The part of an IP packet behind its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body<'a> {
    /// IPv4 addresses in their IPv6-mapped form.
    pub source: u128,
    pub destination: u128,
    /// The captured front.
    pub captured: &'a [u8],
    /// Bytes on the wire.
    pub length: u32,
}

/// A part of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    pub body: Body<'a>,
    pub six: bool,
    pub identification: u32,
    /// What the whole datagram starts with: TCP, or an IPv6 extension header.
    pub protocol: u8,
    /// Of the body's first byte in the datagram.
    pub offset: u32,
    /// More fragments follow.
    pub more: bool,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried<'a> {
    Tcp(Body<'a>),
    /// Of a datagram that may be TCP.
    Fragment(Fragment<'a>),
    Udp,
    NotTcp,
    Malformed,
    /// The snapshot length cut the header off.
    Cut,
}

/// Reads the headers. `wire_length` counts from the IP header's first byte.
#[inline]
pub(super) fn carried(captured: &[u8], wire_length: u32) -> Carried<'_> {
    let found = match captured.first().map(|byte| byte >> 4) {
        Some(4) => four(captured, wire_length),
        Some(6) => six(captured, wire_length),
        Some(_) => Some(Carried::Malformed),
        None => None,
    };
    found.unwrap_or(Carried::Cut)
}

/// The bytes of a packet from `header` to what its length field says, without the link layer's padding.
#[inline]
fn body(captured: &[u8], header: usize, total: u32, source: u128, destination: u128) -> Option<Body<'_>> {
    let end = captured.len().min(size(total));
    let length = total.checked_sub(count(header))?;
    Some(Body {
        source,
        destination,
        captured: captured.get(header..end).unwrap_or_default(),
        length,
    })
}

#[inline]
fn four(packet: &[u8], wire_length: u32) -> Option<Carried<'_>> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    // 0 where the network card was to cut a large packet and fill the length in.
    let total = match net16(packet, 2)? {
        0 => wire_length,
        // Believed even where the file says that the packet was shorter: TCP's sequence numbers go by it.
        total => u32::from(total),
    };
    let (source, destination) = (mapped4(packet, 12)?, mapped4(packet, 16)?);
    let protocol = *packet.get(9)?;
    if header < 20 {
        return Some(Carried::Malformed);
    }
    let Some(body) = body(packet, header, total, source, destination) else {
        return Some(Carried::Malformed);
    };
    let flags = net16(packet, 6)?;
    Some(match protocol {
        TCP if flags & (MORE | OFFSET) == 0 => Carried::Tcp(body),
        TCP => Carried::Fragment(Fragment {
            body,
            six: false,
            identification: u32::from(net16(packet, 4)?),
            protocol,
            offset: u32::from(flags & OFFSET) * 8,
            more: flags & MORE != 0,
        }),
        UDP => Carried::Udp,
        _ => Carried::NotTcp,
    })
}

fn six(packet: &[u8], wire_length: u32) -> Option<Carried<'_>> {
    const HEADER: usize = 40;
    // 0 for jumbograms and for large packets that the network card was to cut.
    let total = match net16(packet, 4)? {
        0 => wire_length,
        length => u32::from(length) + 40,
    };
    let (source, destination) = (address6(packet, 8)?, address6(packet, 24)?);
    let protocol = *packet.get(6)?;
    let Some(body) = body(packet, HEADER, total, source, destination) else {
        return Some(Carried::Malformed);
    };
    extensions(protocol, body)
}

/// Follows IPv6 extension headers to TCP. `body` starts with the header that `protocol` names.
pub(super) fn extensions(mut protocol: u8, mut body: Body<'_>) -> Option<Carried<'_>> {
    for _ in 0..=MAX_EXTENSIONS {
        let header = match protocol {
            TCP => return Some(Carried::Tcp(body)),
            UDP => return Some(Carried::Udp),
            44 => match fragment(body)? {
                Carried::Tcp(rest) => {
                    // An "atomic" fragment: the whole datagram.
                    protocol = *body.captured.first()?;
                    body = rest;
                    continue;
                }
                other => return Some(other),
            },
            // Hop-by-hop, routing, destination, mobility, host identity, shim6.
            0 | 43 | 60 | 135 | 139 | 140 => (u32::from(*body.captured.get(1)?) + 1) * 8,
            // Authentication counts in 32-bit words.
            51 => (u32::from(*body.captured.get(1)?) + 2) * 4,
            _ => return Some(Carried::NotTcp),
        };
        protocol = *body.captured.first()?;
        body.length = match body.length.checked_sub(header) {
            Some(length) => length,
            None => return Some(Carried::Malformed),
        };
        body.captured = body.captured.get(size(header)..).unwrap_or_default();
    }
    Some(Carried::Malformed)
}

fn fragment(body: Body<'_>) -> Option<Carried<'_>> {
    let protocol = *body.captured.first()?;
    let flags = net16(body.captured, 2)?;
    let identification = net32(body.captured, 4)?;
    let Some(length) = body.length.checked_sub(8) else {
        return Some(Carried::Malformed);
    };
    let rest = Body {
        captured: body.captured.get(8..).unwrap_or_default(),
        length,
        ..body
    };
    let (offset, more) = (u32::from(flags & 0xfff8), flags & 1 != 0);
    Some(match protocol {
        _ if offset == 0 && !more => Carried::Tcp(rest),
        TCP | 0 | 43 | 51 | 60 | 135 | 139 | 140 => Carried::Fragment(Fragment {
            body: rest,
            six: true,
            identification,
            protocol,
            offset,
            more,
        }),
        UDP => Carried::Udp,
        _ => Carried::NotTcp,
    })
}
