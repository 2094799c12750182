//! Which bytes are taken for HTTP/2.

use super::real::conversations;
use super::*;

#[test]
fn a_preface_is_a_proof_and_its_front_is_not() {
    assert_eq!(detect(ToServer, PREFACE), Detection::Yes);
    for cut in 1..PREFACE.len() {
        assert_eq!(detect(ToServer, &PREFACE[..cut]), Detection::NeedMore);
    }
    assert_eq!(detect(ToClient, PREFACE), Detection::No);
}

#[test]
fn every_part_of_a_real_conversation_could_be_one_and_most_are_proof() {
    let (mut proofs, mut all) = (0, 0);
    for (direction, bytes) in conversations().into_iter().flatten() {
        let answer = detect(direction, &bytes);
        assert_ne!(answer, Detection::No, "{bytes:x?}");
        all += 1;
        proofs += usize::from(answer == Detection::Yes);
        for cut in 1..bytes.len() {
            assert_ne!(
                detect(direction, &bytes[..cut]),
                Detection::No,
                "{bytes:x?} cut at {cut}"
            );
        }
    }
    assert!(proofs * 3 > all * 2, "{proofs} of {all}");
}

#[test]
fn a_header_that_begins_a_message_is_a_proof_in_its_direction_only() {
    assert_eq!(detect(ToServer, &headers(END_STREAM, 1, GET)), Detection::Yes);
    assert_eq!(detect(ToClient, &headers(END_STREAM, 1, GET)), Detection::No);
    assert_eq!(detect(ToClient, &headers(NONE, 1, OK)), Detection::Yes);
    assert_eq!(detect(ToServer, &headers(NONE, 1, OK)), Detection::No);
    assert_eq!(detect(ToClient, &headers(END_STREAM, 1, DONE)), Detection::Maybe);
    assert_eq!(detect(ToServer, &data(NONE, 1, b"x")), Detection::NeedMore);
    assert_eq!(detect(ToClient, SETTINGS), Detection::Maybe);
    assert_eq!(detect(ToClient, &SETTINGS.repeat(2)), Detection::Yes);
}

#[test]
fn what_breaks_a_rule_is_denied_where_a_parser_would_be_patient() {
    let request = |fields: &[(&str, &str)]| headers(NONE, 1, fields);
    for bytes in [
        request(&[("a", "b"), (":method", "GET")]),
        request(&[(":method", "GET"), (":method", "GET")]),
        request(&[(":status", "200"), (":method", "GET")]),
        request(&[(":what", "x")]),
        request(&[("UPPER", "x")]),
        request(&[("name", "a\nb")]),
        request(&[("", "x")]),
        headers(NONE, 2, GET),
        headers(NONE, 1, &[]),
        frame(HEADERS, 0x40 | END_HEADERS, 1, &block(GET)),
        frame(CONTINUATION, END_HEADERS, 1, &block(GET)),
        frame(0x0b, NONE, 1, b"x"),
        frame(8, NONE, 1, &[0; 4]),
        reset(1, 14),
        data(NONE, 1, &vec![0; 20_000]),
        frame(4, NONE, 0, &[0, 0, 0, 0, 0, 0]),
        frame(4, NONE, 0, &[0, 2, 0, 0, 0, 9]),
        [data(NONE, 1, b"x"), b"HTTP/1.1 ".to_vec()].concat(),
        [frame(HEADERS, NONE, 1, b"x"), SETTINGS.to_vec()].concat(),
    ] {
        assert_eq!(detect(ToServer, &bytes), Detection::No, "{bytes:x?}");
    }
}

#[test]
fn other_protocols_are_denied() {
    let kafka = b"\0\0\0\x23\0\x12\0\x03\0\0\0\x01\0\x07console\0";
    let postgres = b"\0\0\0\x29\0\x03\0\0user\0alice\0";
    let mysql = b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0";
    let mysql_query = b"\x0f\0\0\0\x03SELECT 1 + 1  ";
    let mongo = b"\x3a\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0";
    let others: [&[u8]; 22] = [
        kafka,
        postgres,
        mysql,
        mysql_query,
        mongo,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"+OK\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
        b"\x17\x03\x03\0\x20abcdefghijkl",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail ESMTP\r\n",
        b"EHLO mail\r\n",
        b"AMQP\0\0\x09\x01",
        b"\x10\x1a\0\x04MQTT\x04\x02\0\x3c",
        b"CONNECT {\"verbose\":false}\r\n",
        b"\x80\x01\0\x01\0\0\0\x04ping",
        b"get some:key\r\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\0\0\0\x08\x04\xd2\x16\x2f\0",
    ];
    for bytes in others {
        for direction in [ToServer, ToClient] {
            assert_eq!(detect(direction, bytes), Detection::No, "{bytes:x?}");
        }
    }
}

#[test]
fn random_bytes_are_denied() {
    let mut numbers = Numbers(99);
    for _ in 0..1000 {
        let bytes = numbers.bytes(1000);
        assert_eq!(detect(ToServer, &bytes), Detection::No);
        assert_eq!(detect(ToClient, &bytes), Detection::No);
    }
}
