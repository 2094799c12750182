//! The two ends of a connection, whichever sends.

use super::tcp::{Peer, Segment};

/// Both ends, the smaller one first, so that both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    low: Peer,
    high: Peer,
}

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

impl Side {
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

impl Key {
    /// The key, and which side sent.
    #[inline]
    pub(super) fn of(segment: &Segment<'_>) -> (Self, Side) {
        let (source, destination) = (segment.source, segment.destination);
        if source <= destination {
            (
                Self {
                    low: source,
                    high: destination,
                },
                Side::Low,
            )
        } else {
            (
                Self {
                    low: destination,
                    high: source,
                },
                Side::High,
            )
        }
    }

    pub(super) fn peer(&self, side: Side) -> Peer {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }
}
