//! A protocol is not taken for another.

use protocol_parsers::registry::PROTOCOLS;
use protocol_parsers::{Detection, Direction};

use crate::recordings;

/// Detectors look at the front; a prefix of this length is as good as all.
const FRONT: usize = 512;

#[test]
fn no_other_detector_says_yes_to_any_front_of_what_moves_on_a_connection() {
    for recording in recordings::all() {
        for (direction, data) in recording.conversations().into_iter().flatten() {
            for length in 0..=data.bytes.len().min(FRONT) {
                for other in PROTOCOLS.iter().filter(|other| **other != recording.protocol) {
                    let said = (other.detect)(direction, &data.bytes[..length]);
                    assert_ne!(
                        said,
                        Detection::Yes,
                        "{recording}: {} takes {:?} for its own",
                        other.name,
                        String::from_utf8_lossy(&data.bytes[..length])
                    );
                }
            }
        }
    }
}

#[test]
fn a_detector_that_said_yes_or_no_does_not_change_its_mind() {
    for recording in recordings::all() {
        for (direction, data) in recording.conversations().into_iter().flatten() {
            for asked in [direction, direction.opposite()] {
                for protocol in PROTOCOLS {
                    monotonous(protocol, asked, &data.bytes[..data.bytes.len().min(FRONT)]);
                }
            }
        }
    }
}

fn monotonous(protocol: &protocol_parsers::Definition, direction: Direction, bytes: &[u8]) {
    let mut before = Detection::NeedMore;
    for length in 0..=bytes.len() {
        let said = (protocol.detect)(direction, &bytes[..length]);
        if matches!(before, Detection::Yes | Detection::No) {
            let shown = String::from_utf8_lossy(&bytes[..length]);
            assert_eq!(said, before, "{} {direction:?} at {length} of {shown:?}", protocol.name);
        }
        before = said;
    }
}
