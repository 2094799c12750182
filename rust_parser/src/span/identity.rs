//! Ids of spans and traces, derived from what was captured and from nothing else: a recording replayed on another
//! machine gives the same ids.

use xxhash_rust::xxh3::{xxh3_128_with_seed, xxh3_64_with_seed};

use crate::exchange::Perspective;

/// Seeds keep the two families of ids apart. Changing one changes every id: a recording would replay differently.
const SPAN_SEED: u64 = 0x7370_616e; // "span"
const TRACE_SEED: u64 = 0x7472_6163; // "trac"

/// The id of the span that this side makes of the exchange at this place. Never zero. The spans of the client and of
/// the server differ even if both sides gave the connection the same identity.
#[must_use]
pub fn span_id(identity: u64, position: u64, ordinal: u32, perspective: Perspective) -> [u8; 8] {
    let side = match perspective {
        Perspective::Client => 1,
        Perspective::Server => 2,
    };
    xxh3_64_with_seed(&place(identity, position, ordinal, side), SPAN_SEED)
        .max(1)
        .to_be_bytes()
}

/// The id of the trace whose root is the exchange at this place. Never zero, and the same from both sides.
#[must_use]
pub fn trace_id(identity: u64, position: u64, ordinal: u32) -> [u8; 16] {
    xxh3_128_with_seed(&place(identity, position, ordinal, 0), TRACE_SEED)
        .max(1)
        .to_be_bytes()
}

fn place(identity: u64, position: u64, ordinal: u32, side: u8) -> [u8; 21] {
    let mut bytes = [0; 21];
    bytes[..8].copy_from_slice(&identity.to_le_bytes());
    bytes[8..16].copy_from_slice(&position.to_le_bytes());
    bytes[16..20].copy_from_slice(&ordinal.to_le_bytes());
    bytes[20] = side;
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_field_and_the_side_change_the_span_id() {
        let ids = [
            span_id(1, 2, 3, Perspective::Client),
            span_id(1, 2, 3, Perspective::Server),
            span_id(9, 2, 3, Perspective::Client),
            span_id(1, 9, 3, Perspective::Client),
            span_id(1, 2, 9, Perspective::Client),
            span_id(2, 1, 3, Perspective::Client),
        ];
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert_ne!(trace_id(1, 2, 3), trace_id(1, 2, 4));
    }

    /// Expected values: the Python package xxhash on `struct.pack("<QQIB", 1, 2, 3, side)`.
    #[test]
    fn ids_are_the_same_on_every_machine_and_in_every_release() {
        assert_eq!(
            u64::from_be_bytes(span_id(1, 2, 3, Perspective::Client)),
            0x5d2e_f169_aeda_6bf3
        );
        assert_eq!(
            u128::from_be_bytes(trace_id(1, 2, 3)),
            0xfd33_c8c7_9afc_348a_4a4d_9d3c_2cd5_f53c
        );
    }
}
