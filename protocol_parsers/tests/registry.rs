//! What the registry promises about every protocol in it. What recordings can show is asked in rust_parser/tests/conformance.

use std::collections::HashSet;

use protocol_parsers::registry::{find, PROTOCOLS};
use protocol_parsers::{Definition, Detection, Direction, Step};

const DIRECTIONS: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

#[test]
fn names_are_unique_and_lower_case_letters_and_digits() {
    let mut names = HashSet::new();
    for protocol in PROTOCOLS {
        assert!(names.insert(protocol.name), "{} twice", protocol.name);
        let starts = protocol.name.starts_with(|first: char| first.is_ascii_lowercase());
        let rest = protocol
            .name
            .chars()
            .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit());
        assert!(starts && rest, "{:?}: users type it, and it is a folder", protocol.name);
        assert_eq!(find(protocol.name), Some(*protocol));
    }
    assert_eq!(find("no such protocol"), None);
}

#[test]
fn every_protocol_says_what_it_covers_in_one_line_that_fits_a_table() {
    for protocol in PROTOCOLS {
        for text in [protocol.title, protocol.covers] {
            assert!(!text.is_empty() && text == text.trim(), "{}: {text:?}", protocol.name);
            assert!(
                !text.contains(['\n', '|', '`']) && !text.ends_with('.'),
                "{}: {text:?}",
                protocol.name
            );
        }
    }
}

#[test]
fn ports_are_listed_once_and_hint_at_one_protocol_only() {
    let mut ports = HashSet::new();
    for protocol in PROTOCOLS {
        for port in protocol.ports {
            assert!(
                *port > 0 && ports.insert(*port),
                "{}: port {port} is another's too",
                protocol.name
            );
        }
    }
}

#[test]
fn no_bytes_are_too_few_for_a_verdict() {
    for protocol in PROTOCOLS {
        for direction in DIRECTIONS {
            assert_eq!(
                (protocol.detect)(direction, b""),
                Detection::NeedMore,
                "{} {direction:?}",
                protocol.name
            );
        }
    }
}

/// What else a port scanner, a TLS client or a database sends first.
const STRANGERS: &[&[u8]] = &[
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    b"220 mail.example.org ESMTP\r\n",
    b"EHLO client.example.org\r\n",
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
    b"BitTorrent protocol and some more bytes of it",
    b"{\"json\": \"lines\"}\n{\"json\": \"lines\"}\n",
];

#[test]
fn nobody_says_yes_to_what_is_no_protocol_of_ours() {
    for protocol in PROTOCOLS {
        for bytes in STRANGERS {
            for direction in DIRECTIONS {
                let said = (protocol.detect)(direction, bytes);
                assert_ne!(
                    said,
                    Detection::Yes,
                    "{}: {:?}",
                    protocol.name,
                    String::from_utf8_lossy(bytes)
                );
            }
        }
    }
}

/// Runs a parser over bytes as they are, from its beginning or after a loss; answers how many steps it took.
fn steps(protocol: &Definition, direction: Direction, bytes: &[u8], late: bool) -> usize {
    let mut parser = (protocol.parser)();
    if late {
        parser.gap(direction);
    }
    let (mut at, mut steps, mut empty) = (0_usize, 0, false);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        steps += 1;
        let moved = match parser.next(direction, rest) {
            Ok(Step::NeedMore | Step::Become(_) | Step::Opaque) | Err(_) => break,
            Ok(Step::Skip(length)) => {
                assert!(length > 0, "{}: skips nothing at {at}", protocol.name);
                length
            }
            Ok(Step::Message { len, .. }) => {
                assert!(len > 0 || !empty, "{}: two empty messages at {at}", protocol.name);
                empty = len == 0;
                len
            }
        };
        at = at.saturating_add(usize::try_from(moved).unwrap_or(usize::MAX));
    }
    let found = parser.resync(direction, bytes);
    assert!(
        found.is_none_or(|found| found <= bytes.len()),
        "{}: resynchronised beyond the bytes",
        protocol.name
    );
    steps
}

#[test]
fn every_parser_moves_on_or_stops_on_the_first_bytes_of_strangers() {
    for protocol in PROTOCOLS {
        for bytes in STRANGERS {
            for direction in DIRECTIONS {
                for late in [false, true] {
                    assert!(steps(protocol, direction, bytes, late) <= 2 * bytes.len());
                }
            }
        }
    }
}
