//! Every protocol has what the others have.

use std::fs;

use protocol_parsers::registry::PROTOCOLS;

use crate::recordings;

/// Everyone who clones the project gets them.
const MAX_RECORDING_LENGTH: u64 = 200_000;

#[test]
fn every_protocol_has_recordings_and_a_note_of_how_each_was_made() {
    for protocol in PROTOCOLS {
        let note = fs::read_to_string(recordings::folder(protocol).join("README.md")).unwrap_or_default();
        let recordings = recordings::of(protocol);
        assert!(
            !recordings.is_empty(),
            "{}: no recording in tests/protocols/{0}",
            protocol.name
        );
        for recording in recordings {
            assert!(
                note.contains(&format!("`{}`", recording.case)),
                "{recording}: not in the folder's README.md"
            );
        }
    }
}

#[test]
fn no_recording_is_large_or_tells_where_it_was_made() {
    for recording in recordings::all() {
        let length = fs::metadata(&recording.path).expect("it is there").len();
        assert!(length <= MAX_RECORDING_LENGTH, "{recording}: {length} bytes");
        for record in recording.records() {
            for word in ["/home/", "/root/", "/tmp/", env!("CARGO_MANIFEST_DIR")] {
                let found = record.windows(word.len()).any(|part| part == word.as_bytes());
                assert!(!found, "{recording}: {word} in {}", String::from_utf8_lossy(record));
            }
        }
    }
}

#[test]
fn every_folder_belongs_to_a_registered_protocol() {
    let folders = recordings::folder(PROTOCOLS[0])
        .parent()
        .expect("tests/protocols")
        .to_owned();
    for entry in fs::read_dir(folders).expect("tests/protocols") {
        let entry = entry.expect("it can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with(['_', '.']) {
            assert!(
                PROTOCOLS.iter().any(|protocol| protocol.name == name),
                "tests/protocols/{name}: no such protocol"
            );
        }
    }
}
