//! What messages mean: topics by id, sessions, old formats, errors.

use super::*;

fn said(pieces: &[(Direction, Vec<u8>)]) -> Vec<String> {
    lines(&talk(pieces))
}

const ID: [u8; 16] = [
    0xc8, 0xc4, 0x12, 0x4a, 0xbc, 0x80, 0x40, 0xd7, 0xb7, 0x79, 0x7a, 0x56, 0x98, 0x5b, 0x39, 0x1a,
];

/// A request for all topics, and the answer that tells one name and its id.
fn metadata(id: i32, name: &str) -> [(Direction, Vec<u8>); 2] {
    let asked = request(3, 12, id, &[0, 0, 0, 0]);
    let mut body = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0];
    body.push(u8::try_from(name.len() + 1).unwrap());
    body.extend(name.as_bytes());
    body.extend(ID);
    body.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    [(ToServer, asked), (ToClient, response(id, &body))]
}

/// A fetch of version 13: session epoch, partitions of the topic with their offsets, partitions that leave.
fn fetch(id: i32, epoch: i32, partitions: &[(i32, i64)], forgotten: &[i32]) -> (Direction, Vec<u8>) {
    let mut body = [0; 21].to_vec();
    body[4..8].fill(0xff);
    body.splice(0..4, []);
    body.extend(7_i32.to_be_bytes().iter().chain(&epoch.to_be_bytes()));
    let of = |count: usize| u8::try_from(count + 1).unwrap();
    body.push(of(usize::from(!partitions.is_empty())));
    if !partitions.is_empty() {
        body.extend(ID);
        body.push(of(partitions.len()));
        for (partition, offset) in partitions {
            body.extend(partition.to_be_bytes());
            body.extend([0xff; 4]);
            body.extend(offset.to_be_bytes());
            body.extend([0; 17]);
        }
        body.push(0);
    }
    body.push(of(usize::from(!forgotten.is_empty())));
    if !forgotten.is_empty() {
        body.extend(ID);
        body.push(of(forgotten.len()));
        for partition in forgotten {
            body.extend(partition.to_be_bytes());
        }
        body.push(0);
    }
    body.extend([1, 0]);
    (ToServer, request(1, 13, id, &body))
}

#[test]
fn a_topic_id_has_the_name_that_metadata_told() {
    let fetch = || fetch(2, 0, &[(0, 5)], &[]);
    let unknown = "> Fetch api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg id=0";
    assert_eq!(said(&[fetch()]), [unknown]);
    let [asked, answer] = metadata(1, "orders");
    let known = "> Fetch orders api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg id=0 positions=orders-0@5";
    assert_eq!(said(&[asked, answer, fetch()])[2], known);
}

#[test]
fn a_fetch_in_a_session_is_about_all_that_the_session_has() {
    let [asked, answer] = metadata(1, "t");
    let said = said(&[
        asked,
        answer,
        fetch(2, 0, &[(0, 5), (1, 6), (2, 7)], &[]),
        fetch(3, 1, &[(1, 8)], &[]),
        fetch(4, 2, &[], &[0, 1]),
        fetch(5, 3, &[], &[2]),
        fetch(6, -1, &[(4, 1)], &[]),
    ]);
    assert_eq!(
        said[2..],
        [
            "> Fetch t api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg partition_count=3 positions=t-0@5,t-1@6,t-2@7",
            "> Fetch t api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg partition_count=3 positions=t-1@8",
            "> Fetch t api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg id=2",
            "> Fetch api_version=13",
            "> Fetch t api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg id=4 positions=t-4@1",
        ]
    );
}

#[test]
fn after_lost_requests_a_session_is_not_guessed() {
    let mut connection = Connection::late(&DEFINITION);
    for (direction, bytes) in [fetch(3, 9, &[(1, 8)], &[]), fetch(4, 0, &[(1, 8)], &[])] {
        connection.feed(direction, &bytes);
    }
    assert_eq!(
        lines(&connection),
        [
            "> Fetch api_version=13",
            "> Fetch api_version=13 topic_ids=yMQSSryAQNe3eXpWmFs5Gg id=1",
        ]
    );
}

#[test]
fn a_request_without_acknowledgement_has_no_response() {
    let records = batch(0, 0, &[b"v"], &[]);
    let said = said(&[
        (ToServer, produce(1, 0, &[("t", &[(0, records.clone())])])),
        (ToServer, produce(1, 1, &[("t", &[(0, records)])])),
        (ToClient, produced(1, &[("t", &[(0, 0, 7)])], 12)),
    ]);
    assert_eq!(
        said,
        [
            "> Produce t (no reply) api_version=7 id=0 message_count=1 size=1 record_bytes=69 acks=0",
            "> Produce t api_version=7 id=0 message_count=1 size=1 record_bytes=69 acks=1",
            "< offsets=t-0@7 offset=7 throttle_time_ms=12",
        ]
    );
}

/// A message of format 0 or 1.
fn message(magic: u8, compression: u8, offset: i64, value: &[u8]) -> Vec<u8> {
    let mut rest = vec![0, 0, 0, 0, magic, compression];
    rest.extend(vec![0; 8 * usize::from(magic)]);
    rest.extend([0xff; 4]);
    rest.extend(framed(value));
    [offset.to_be_bytes().to_vec(), framed(&rest)].concat()
}

#[test]
fn messages_of_the_old_formats_are_counted_also_when_they_are_packed() {
    for magic in [0, 1] {
        let three: Vec<u8> = (0..3).flat_map(|offset| message(magic, 0, offset, b"value")).collect();
        let packed = snap::raw::Encoder::new().compress_vec(&three).unwrap();
        let wrapped = message(magic, 2, 2, &packed);
        let cut = message(magic, 2, 2, &packed[..packed.len() - 1]);
        for (records, counted) in [(&three, " message_count=3"), (&wrapped, " message_count=3"), (&cut, "")] {
            let said = said(&[(ToServer, produce(1, 1, &[("t", &[(0, records.clone())])]))]);
            let size = records.len();
            assert_eq!(
                said,
                [format!(
                    "> Produce t api_version=7 id=0{counted} record_bytes={size} acks=1"
                )]
            );
        }
    }
}

#[test]
fn trace_contexts_are_found_in_packed_batches_too() {
    let headers = [("x", "y"), ("traceparent", TRACEPARENT)];
    let plain = batch(0, 0, &[b"one", b"two"], &headers)[61..].to_vec();
    let gzip = || {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &plain).unwrap();
        gzip.finish().unwrap()
    };
    let snappy = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    for (compression, packed) in [(0, plain.clone()), (1, gzip()), (2, snappy)] {
        let records = batch_of(0, compression, 2, &packed);
        let mut connection = Connection::new(&DEFINITION);
        connection.feed(ToServer, &produce(1, 1, &[("t", &[(0, records)])]));
        let Some(Said::Message(_, _, _, message)) = connection.said.first() else {
            panic!()
        };
        let [link] = message.facts.links.as_slice() else {
            panic!("{:?}", message.facts.links)
        };
        assert_eq!(
            (link.trace_id[0], link.span_id[7]),
            (0x4b, 0xb7),
            "two equal ones in a row are one"
        );
    }
}

#[test]
fn markers_of_transactions_are_no_messages() {
    let marker = batch(3, 0x20, &[b""], &[]);
    let records = [batch(1, 0x10, &[b"a", b"b"], &[]), marker].concat();
    let said = said(&[(ToServer, produce(1, 1, &[("t", &[(0, records)])]))]);
    assert!(said[0].contains("message_count=2 "), "{said:?}");
}

#[test]
fn a_broker_that_does_not_know_a_version_answers_in_the_oldest() {
    let asked = request(18, 4, 1, b"\x05java\x064.1.0\0");
    let answer = response(1, &[0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 3]);
    assert_eq!(
        said(&[(ToServer, asked), (ToClient, answer)]),
        ["> ApiVersions api_version=4", "< UNSUPPORTED_VERSION!"]
    );
}

#[test]
fn versions_newer_than_the_table_keep_their_name() {
    let asked = request(0, 15, 1, &[1, 2, 3, 4]);
    let said = said(&[(ToServer, asked), (ToClient, response(1, &[9; 20]))]);
    assert_eq!(said, ["> Produce api_version=15", "<"]);
}

#[test]
fn a_body_that_is_not_what_its_version_says_is_passed_over() {
    let mut broken = produce(1, 1, &[("t", &[(0, batch(0, 0, &[b"v"], &[]))])]);
    broken[30] = 0x7f;
    let fine = produce(2, 1, &[("t", &[(0, batch(0, 0, &[b"v"], &[]))])]);
    let said = said(&[(ToServer, [broken, fine].concat())]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].starts_with("> Produce t "), "{said:?}");
}

#[test]
fn a_response_without_its_request_is_only_a_number() {
    let connection = talk(&[(ToClient, response(77, &[0, 0, 0, 0]))]);
    let Some(Said::Message(_, _, len, message)) = connection.said.first() else {
        panic!()
    };
    assert_eq!((*len, message.id, message.side), (12, 77, Side::Response));
    assert_eq!(message.facts, Facts::default());
}

#[test]
fn errors_are_called_what_kafka_calls_them() {
    let name = crate::kafka::errors::name;
    for (code, expected) in [
        (-1, "UNKNOWN_SERVER_ERROR"),
        (3, "UNKNOWN_TOPIC_OR_PARTITION"),
        (6, "NOT_LEADER_OR_FOLLOWER"),
    ] {
        assert_eq!(name(code), expected);
    }
    for (code, expected) in [
        (79, "MEMBER_ID_REQUIRED"),
        (120, "TRANSACTION_ABORTABLE"),
        (1234, "1234"),
        (-7, "-7"),
    ] {
        assert_eq!(name(code), expected);
    }
}

#[test]
fn after_the_old_handshake_messages_of_sasl_are_passed_over_up_to_the_first_request() {
    let handshake = request(17, 0, 1, b"\0\x05PLAIN");
    let agreed = response(1, b"\0\0\0\0\0\x01\0\x05PLAIN");
    let next = produce(2, 1, &[("t", &[(0, batch(0, 0, &[b"v"], &[]))])]);
    let expected = [
        "> SaslHandshake api_version=0",
        "<",
        "> Produce t api_version=7 id=0 message_count=1 size=1 record_bytes=69 acks=1",
        "< offsets=t-0@7 offset=7",
    ];
    // PLAIN is answered with nothing; SCRAM takes two rounds.
    let plain: [&[u8]; 2] = [b"\0alice\0secret", b""];
    let scram: [&[u8]; 4] = [
        b"n,,n=alice,r=abc",
        b"r=abcdef,s=AAAA,i=4096",
        b"c=biws,r=abcdef,p=BBBB",
        b"v=CCCC",
    ];
    for rounds in [&plain[..], &scram[..]] {
        let mut pieces = vec![(ToServer, handshake.clone()), (ToClient, agreed.clone())];
        for round in rounds.chunks(2) {
            pieces.extend([(ToServer, framed(round[0])), (ToClient, framed(round[1]))]);
        }
        pieces.extend([
            (ToServer, next.clone()),
            (ToClient, produced(2, &[("t", &[(0, 0, 7)])], 0)),
        ]);
        assert_eq!(said(&pieces), expected);
    }
    // A request may be longer than any message of SASL's.
    let long = produce(2, 1, &[("t", &[(0, batch(0, 0, &[&vec![0; 2 << 20]], &[]))])]);
    let mut connection = Connection::new(&DEFINITION);
    for bytes in [&handshake[..], &framed(plain[0])] {
        connection.feed(ToServer, bytes);
    }
    for byte in &long[..1000] {
        connection.feed(ToServer, &[*byte]);
    }
    connection.feed(ToServer, &long[1000..]);
    assert!(
        lines(&connection)[1].starts_with("> Produce t "),
        "{:?}",
        lines(&connection)
    );
}
