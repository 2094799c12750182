//! From the clock that never jumps to the clock on the wall.
//!
//! Contract: the times of one span go through one [`Anchor`], so that a step of the wall clock in the middle of an
//! exchange cannot change its duration. Reads no clock; anchors come from `Clock` events.

/// A moment on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// CLOCK_MONOTONIC nanoseconds.
    pub mono_ns: u64,
    /// UNIX nanoseconds.
    pub unix_ns: u64,
}

impl Anchor {
    /// UNIX nanoseconds of a CLOCK_MONOTONIC time. Saturates where 64 bits end.
    #[must_use]
    pub fn unix_ns(self, mono_ns: u64) -> u64 {
        match mono_ns.checked_sub(self.mono_ns) {
            Some(after) => self.unix_ns.saturating_add(after),
            None => self.unix_ns.saturating_sub(self.mono_ns - mono_ns),
        }
    }
}

/// Anchors kept: at one anchor a second, more than an hour, longer than any exchange that we pair.
const MAX_ANCHORS: usize = 4096;

/// All anchors of a stream. Without any, times pass unchanged (packet captures carry UNIX time).
#[derive(Clone, Debug, Default)]
pub struct ClockMap {
    /// Sorted by `mono_ns`.
    anchors: Vec<Anchor>,
}

impl ClockMap {
    /// No anchors yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an anchor; one of the same monotonic time is replaced.
    pub fn add(&mut self, mono_ns: u64, unix_ns: u64) {
        let anchor = Anchor { mono_ns, unix_ns };
        let at = self.anchors.partition_point(|other| other.mono_ns < mono_ns);
        match self.anchors.get_mut(at) {
            Some(same) if same.mono_ns == mono_ns => *same = anchor,
            _ => self.anchors.insert(at, anchor),
        }
        if self.anchors.len() > MAX_ANCHORS {
            self.anchors.remove(0);
        }
    }

    /// The last anchor at or before this time; before all of them, the first.
    #[must_use]
    pub fn anchor(&self, mono_ns: u64) -> Anchor {
        match self.anchors.last() {
            None => return Anchor::default(),
            // Nearly always: the exchange is younger than the latest anchor, or started a moment before it.
            Some(last) if last.mono_ns <= mono_ns => return *last,
            Some(_) => {}
        }
        let after = self.anchors.partition_point(|anchor| anchor.mono_ns <= mono_ns);
        self.anchors.get(after.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anchors_times_pass_unchanged() {
        assert_eq!(ClockMap::new().anchor(77).unix_ns(77), 77);
    }

    #[test]
    fn the_last_anchor_at_or_before_a_time_counts_whatever_order_they_came_in() {
        let mut clock = ClockMap::new();
        clock.add(2_000, 1_002_500); // The wall clock stepped by 500.
        clock.add(1_000, 1_001_000);
        clock.add(3_000, 9);
        clock.add(3_000, 1_003_500);
        for (mono, unix) in [
            (500, 1_000_500),
            (1_000, 1_001_000),
            (1_999, 1_001_999),
            (2_000, 1_002_500),
        ] {
            assert_eq!(clock.anchor(mono).unix_ns(mono), unix);
        }
        assert_eq!(clock.anchor(4_000).unix_ns(4_000), 1_004_500);
    }

    #[test]
    fn absurd_times_saturate() {
        let anchor = Anchor {
            mono_ns: 10,
            unix_ns: 5,
        };
        assert_eq!(anchor.unix_ns(0), 0);
        assert_eq!(
            Anchor {
                mono_ns: 0,
                unix_ns: u64::MAX
            }
            .unix_ns(1),
            u64::MAX
        );
    }

    #[test]
    fn old_anchors_make_room() {
        let mut clock = ClockMap::new();
        for second in 0..=MAX_ANCHORS as u64 {
            clock.add(second, second);
        }
        assert_eq!(clock.anchors.len(), MAX_ANCHORS);
        assert_eq!(clock.anchor(0).mono_ns, 1);
    }
}
