//! Conversations of a real broker (Apache Kafka 4.1.0) with its clients: librdkafka 2.16, the Java client 4.1.0 and
//! kafka-python 1.4.7 (for its old versions and SASL's old way). A relay between them wrote both directions down; each
//! file is one connection. `UPDATE_GOLDEN=1 cargo test -p protocol_parsers kafka` writes what is said anew.

use super::*;

macro_rules! recordings {
    ($($name:ident),* $(,)?) => {
        /// Name, what was sent, what is to be said of it.
        pub(super) const ALL: &[(&str, &str, &str)] = &[$((
            stringify!($name),
            include_str!(concat!("recordings/", stringify!($name), ".hex")),
            include_str!(concat!("recordings/", stringify!($name), ".said")),
        )),*];
    };
}

recordings!(
    librdkafka_producer,
    librdkafka_producer_zstd,
    librdkafka_producer_without_acks,
    librdkafka_transactions,
    librdkafka_consumer,
    librdkafka_group,
    librdkafka_sasl,
    java_producer,
    java_consumer,
    java_group,
    java_consumer_protocol,
    kafka_python_1_4_consumer,
    kafka_python_1_4_group,
    kafka_python_1_4_sasl,
);

#[test]
fn each_recording_says_what_its_golden_file_has() {
    for (name, recording, golden) in ALL {
        let connection = talk(&pieces(recording));
        let said = lines(&connection).join("\n") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = format!("{}/src/kafka/tests/recordings/{name}.said", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, said).unwrap();
        } else {
            assert_eq!(&said, golden, "{name}");
        }
    }
}

#[test]
fn every_response_has_the_id_of_a_request_before_it() {
    for (name, recording, _) in ALL {
        let mut waiting = Vec::new();
        for said in talk(&pieces(recording)).said {
            let Said::Message(_, _, _, message) = said else {
                panic!("{name}: {said:?}")
            };
            match (message.side, message.reply) {
                (Side::Request, Reply::One) => waiting.push(message.id),
                (Side::Request, Reply::None) => {}
                _ => assert_eq!(message.id, waiting.remove(0), "{name}"),
            }
        }
        assert!(waiting.len() <= 2, "{name}: what was in flight at the end");
    }
}

#[test]
fn a_password_and_a_value_are_never_shown() {
    for (name, recording, _) in ALL {
        let shown = format!("{:?}", talk(&pieces(recording)).said);
        assert!(!shown.contains("sekret"), "{name}");
        assert!(!shown.contains("alice"), "{name}");
    }
}

#[test]
fn the_first_bytes_of_each_way_are_detected_and_no_prefix_is_denied() {
    for (name, recording, _) in ALL {
        let pieces = pieces(recording);
        for direction in [ToServer, ToClient] {
            let Some((_, bytes)) = pieces.iter().find(|(its, _)| *its == direction) else {
                continue;
            };
            let whole = detect(direction, bytes);
            let expected = if direction == ToServer {
                Detection::Yes
            } else {
                Detection::Maybe
            };
            assert_eq!(whole, expected, "{name} {direction:?}");
            for cut in 1..bytes.len() {
                assert_ne!(
                    detect(direction, &bytes[..cut]),
                    Detection::No,
                    "{name} {direction:?} cut at {cut}"
                );
            }
        }
    }
}

#[test]
fn a_connection_met_in_its_middle_says_nothing_wrong_and_soon_the_same() {
    for (name, recording, _) in ALL {
        let pieces = pieces(recording);
        let said = |connection: &Connection| connection.said.clone();
        let whole = said(&talk(&pieces));
        for skipped in 1..pieces.len() {
            let mut late = Connection::late(&DEFINITION);
            for (direction, bytes) in &pieces[skipped..] {
                late.feed(*direction, bytes);
            }
            for said in &late.said {
                let Said::Message(direction, _, len, message) = said else {
                    // SASL's own messages, of which nobody knows without the handshake before them.
                    assert!(name.ends_with("sasl"), "{name} from {skipped}: {said:?}");
                    continue;
                };
                let known = whole.iter().any(|whole| match whole {
                    Said::Message(way, _, size, original) => {
                        way == direction
                            && size == len
                            && original.id == message.id
                            && is_part_of(&message.facts, &original.facts)
                    }
                    _ => false,
                });
                assert!(known, "{name} from {skipped}: {}", line(said));
            }
            let requests = |said: &[Said]| said.iter().filter(|said| line(said).starts_with('>')).count();
            let sent = |pieces: &[(Direction, Vec<u8>)]| pieces.iter().filter(|(way, _)| *way == ToServer).count();
            let all = requests(&late.said) >= sent(&pieces[skipped..]);
            assert!(all || name.ends_with("sasl"), "{name} from {skipped}");
        }
    }
}

/// Whether nothing is said that was not, but that a name may be missing.
fn is_part_of(late: &Facts, whole: &Facts) -> bool {
    let without_names = |facts: &Facts| {
        let id = |key: &str| key.ends_with("topic_ids") || key.ends_with("offsets") || key.ends_with("positions");
        let attributes = facts.attributes.iter().filter(|attribute| !id(attribute.key));
        attributes.cloned().collect::<Vec<_>>()
    };
    let whole_has = without_names(whole);
    without_names(late)
        .iter()
        .all(|attribute| whole_has.contains(attribute))
        && (late.failure.is_none() || late.failure == whole.failure)
        && (late.target == Target::None || late.target == whole.target)
}
