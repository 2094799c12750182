//! W3C trace context as protocols carry it (`traceparent`, level 1 and 2).

use crate::message::Text;

/// A parent found on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Never all zero.
    pub trace_id: [u8; 16],
    /// Never all zero.
    pub span_id: [u8; 8],
    /// Bit 0: sampled.
    pub flags: u8,
    /// `tracestate`, verbatim, when it was there and no longer than [`MAX_TRACE_STATE`].
    pub state: Option<Text>,
}

/// The specification asks vendors to carry at least 512 characters.
pub const MAX_TRACE_STATE: usize = 512;

impl TraceContext {
    /// Reads a `traceparent` value (surrounding blanks allowed). `None` when it breaks the specification: a wrong
    /// parent is worse than none.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let version = hex::<1>(value.get(..2)?)?[0];
        if version == 0xff || (version == 0 && value.len() != 55) || (value.len() > 55 && value.get(55) != Some(&b'-'))
        {
            return None;
        }
        let dashes = [2, 35, 52];
        if dashes.iter().any(|at| value.get(*at) != Some(&b'-')) {
            return None;
        }
        let trace_id = hex::<16>(value.get(3..35)?)?;
        let span_id = hex::<8>(value.get(36..52)?)?;
        let flags = hex::<1>(value.get(53..55)?)?[0];
        (trace_id != [0; 16] && span_id != [0; 8]).then_some(Self {
            trace_id,
            span_id,
            flags,
            state: None,
        })
    }
}

/// Lower-case hexadecimal only, as the specification demands.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_level_one_header_is_read() {
        let context = TraceContext::parse(GOOD).expect("valid");
        assert_eq!(context.trace_id[..2], [0x4b, 0xf9]);
        assert_eq!(context.span_id[7], 0xb7);
        assert_eq!(context.flags, 1);
    }

    #[test]
    fn a_later_version_may_be_longer_and_version_zero_may_not() {
        let longer = |version: &str| [version.as_bytes(), &GOOD[2..], b"-what"].concat();
        assert!(TraceContext::parse(&longer("01")).is_some());
        assert!(TraceContext::parse(&longer("00")).is_none());
        assert!(TraceContext::parse(&longer("ff")).is_none());
    }

    #[test]
    fn every_prefix_and_every_broken_byte_is_refused_or_still_valid_hexadecimal() {
        for cut in 0..GOOD.len() {
            assert_eq!(TraceContext::parse(&GOOD[..cut]), None);
        }
        for at in 0..GOOD.len() {
            let mut damaged = GOOD.to_vec();
            damaged[at] = b'G';
            assert_eq!(TraceContext::parse(&damaged), None);
        }
    }

    #[test]
    fn zero_ids_are_no_parent() {
        assert!(TraceContext::parse(b"00-00000000000000000000000000000000-00f067aa0ba902b7-01").is_none());
        assert!(TraceContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01").is_none());
    }
}
