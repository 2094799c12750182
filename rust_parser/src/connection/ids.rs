//! A hash for keys that the tracer itself made (connection numbers, span ids, thread ids): no peer can choose them to
//! collide, so one multiplication does.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`IdHasher`]s.
pub type IdHash = BuildHasherDefault<IdHasher>;

/// Multiplies and folds.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

/// An odd number whose bits are spread evenly: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        let product = (self.0.rotate_left(32) ^ word).wrapping_mul(SPREAD);
        // The high half goes down: hash maps take their bits from both ends.
        self.0 = product ^ (product >> 32);
    }
}
