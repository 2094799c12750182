//! Link-layer headers: what lies between a captured packet's start and its IP header.

use super::fields::{net16, net32, Order};

/// For messages.
pub(super) const UNDERSTOOD: &str =
    "0 and 108 (loopback), 1 (Ethernet), 12, 14, 101, 228, 229 (raw IP), 113 and 276 (Linux cooked)";

/// Tags stacked on one frame: two in provider networks, more nowhere.
const MAX_VLAN_TAGS: usize = 4;

/// MPLS labels stacked on one packet; service providers use up to five.
const MAX_MPLS_LABELS: usize = 10;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// An IP packet that starts at this offset; its version is in its first byte.
    Ip(usize),
    NotIp,
    /// The snapshot length cut the header off.
    Cut,
    Unknown,
}

/// Finds the IP packet in a frame.
#[inline]
pub(super) fn network(link_type: u16, frame: &[u8]) -> Network {
    let found = match link_type {
        0 | 108 => loopback(frame),
        1 => net16(frame, 12).map(|kind| ether_type(kind, frame, 14)),
        12 | 14 | 101 | 228 | 229 => Some(Network::Ip(0)),
        113 => net16(frame, 14).map(|kind| ether_type(kind, frame, 16)),
        276 => net16(frame, 0).map(|kind| ether_type(kind, frame, 20)),
        _ => Some(Network::Unknown),
    };
    found.unwrap_or(Network::Cut)
}

/// BSD loopback: the address family in the byte order of the capturing machine (0) or of the network (108).
fn loopback(frame: &[u8]) -> Option<Network> {
    let family = Order::Little.u32(frame, 0)?;
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    // IPv6 is 30 on macOS, 28 on FreeBSD, 24 on NetBSD and OpenBSD, 10 on Linux, 23 on Windows.
    Some(if matches!(family, 2 | 10 | 23 | 24 | 28 | 30) {
        Network::Ip(4)
    } else {
        Network::NotIp
    })
}

/// Follows an EtherType, through tags, to IP. `at` is where its payload starts.
#[inline]
fn ether_type(kind: u16, frame: &[u8], at: usize) -> Network {
    match kind {
        0x0800 | 0x86dd => Network::Ip(at),
        _ => tagged(kind, frame, at).unwrap_or(Network::Cut),
    }
}

fn tagged(mut kind: u16, frame: &[u8], mut at: usize) -> Option<Network> {
    for _ in 0..=MAX_VLAN_TAGS {
        match kind {
            0x0800 | 0x86dd => return Some(Network::Ip(at)),
            // 802.1Q, 802.1ad, and what was used before 802.1ad.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                kind = net16(frame, at + 2)?;
                at += 4;
            }
            0x8847 | 0x8848 => return mpls(frame, at),
            0x8864 => return pppoe(frame, at),
            // A length: IEEE 802.3 with LLC. SNAP with organisation 0 holds an EtherType; so does Linux cooked's 4.
            0..=1500 if net32(frame, at)? == 0xaaaa_0300 && net16(frame, at + 4)? == 0 => {
                kind = net16(frame, at + 6)?;
                at += 8;
            }
            _ => return Some(Network::NotIp),
        }
    }
    Some(Network::NotIp)
}

fn mpls(frame: &[u8], mut at: usize) -> Option<Network> {
    for _ in 0..MAX_MPLS_LABELS {
        let bottom = net32(frame, at)? & 0x100 != 0;
        at += 4;
        if bottom {
            // No field says what follows; an IP version in the first half byte is what routers go by too.
            let version = frame.get(at)? >> 4;
            return Some(if matches!(version, 4 | 6) {
                Network::Ip(at)
            } else {
                Network::NotIp
            });
        }
    }
    Some(Network::NotIp)
}

fn pppoe(frame: &[u8], at: usize) -> Option<Network> {
    let session_data = net16(frame, at)? == 0x1100;
    let protocol = net16(frame, at + 6)?;
    Some(if session_data && matches!(protocol, 0x0021 | 0x0057) {
        Network::Ip(at + 8)
    } else {
        Network::NotIp
    })
}
