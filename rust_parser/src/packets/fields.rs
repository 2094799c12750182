//! Integers in captured bytes. Out of range is `None`, never a panic.

/// Byte order of a capture file or of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

impl Order {
    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = array(bytes, at)?;
        Some(match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        })
    }

    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = array(bytes, at)?;
        Some(match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        })
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = array(bytes, at)?;
        Some(match self {
            Self::Little => u64::from_le_bytes(raw),
            Self::Big => u64::from_be_bytes(raw),
        })
    }
}

/// Network byte order, 16 bits.
#[inline]
pub(super) fn net16(bytes: &[u8], at: usize) -> Option<u16> {
    Order::Big.u16(bytes, at)
}

/// Network byte order, 32 bits.
#[inline]
pub(super) fn net32(bytes: &[u8], at: usize) -> Option<u32> {
    Order::Big.u32(bytes, at)
}

/// An IPv4 address in the IPv4-mapped form, so that both spellings of one address are equal.
#[inline]
pub(super) fn mapped4(bytes: &[u8], at: usize) -> Option<u128> {
    Some(0xffff_0000_0000 | u128::from(net32(bytes, at)?))
}

/// An IPv6 address.
pub(super) fn address6(bytes: &[u8], at: usize) -> Option<u128> {
    Some(u128::from_be_bytes(array(bytes, at)?))
}

/// A 32-bit count as a size. Every supported machine has 64 bits; smaller ones saturate and meet a limit.
#[inline]
pub(super) fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A size as a 32-bit count, saturating: packets are far below.
#[inline]
pub(super) fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
