//! What is PostgreSQL and what is not.

use super::*;
use crate::registry::PROTOCOLS;

fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    (DEFINITION.detect)(direction, bytes)
}

#[test]
fn the_first_message_of_each_side_is_enough() {
    for parts in recorded::all() {
        let first = &parts[0].1;
        assert_eq!(detect(ToServer, first), Detection::Yes);
        for cut in 0..first.len() {
            assert_ne!(detect(ToServer, &first[..cut]), Detection::No, "cut at {cut}");
        }
    }
    assert_eq!(detect(ToClient, &typed(b'R', &[0; 4])), Detection::Yes);
}

#[test]
fn messages_in_the_middle_of_a_connection_are_known() {
    for line in ["Q select 1", "P - select 1 | B - - | E - | S", "B - - | D | E - | S"] {
        let bytes: Vec<u8> = line.split('|').map(str::trim).flat_map(client).collect();
        assert_eq!(detect(ToServer, &bytes), Detection::Yes, "{line}");
    }
    for line in [
        "Z",
        "C SELECT 1 | Z",
        "T | D | C SELECT 1 | Z",
        "2 | D | C SELECT 1 | Z",
        "E 22012 division by zero | Z",
    ] {
        let bytes: Vec<u8> = line.split('|').map(str::trim).flat_map(server).collect();
        assert_eq!(detect(ToClient, &bytes), Detection::Yes, "{line}");
    }
}

#[test]
fn other_protocols_are_not_ours() {
    let others: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"220 mail.example.org ESMTP\r\n",
        b"EHLO client.example.org\r\n",
        b"QUIT\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"+PONG\r\n",
        b"$5\r\nhello\r\n",
        b"set key 0 0 5\r\nhello\r\n",
        b"STORED\r\n",
        b"VALUE key 0 5\r\nhello\r\nEND\r\n",
        b"CONNECT {\"verbose\":false}\r\nPING\r\n",
        b"INFO {\"server_id\":\"x\"}\r\n",
        b"AMQP\0\0\x09\x01",
        b"\x10\x1a\0\x04MQTT\x04\x02\0\x3c\0\x0eclient-id-1234",
        // MongoDB OP_MSG
        b"\x39\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x24\0\0\0\x10isMaster\0\x01\0\0\0",
        // MySQL greeting, COM_QUERY, and one as long as a letter of ours
        b"\x4a\0\0\0\x0a8.0.32\0\x08\0\0\0abcdefgh\0\xff\xff",
        b"\x09\0\0\0\x03SELECT 1",
        b"Q\0\0\0\x03SELECT 1 FROM a_table_with_a_long_name WHERE this_is_a_column = 1 AND b = 2 OR c=",
        // Kafka: Metadata version 0, and ApiVersions
        b"\0\0\0\x15\0\x03\0\0\0\0\0\x01\0\x07client1\0\0\0\0",
        b"\0\0\0\x1e\0\x12\0\x04\0\0\0\0\0\x07client1\0\x0bclient-name\x06",
    ];
    for bytes in others {
        for direction in [ToServer, ToClient] {
            assert_eq!(
                detect(direction, bytes),
                Detection::No,
                "{direction:?} {}",
                bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn random_bytes_are_not_ours() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..1000 {
        let piece: Vec<u8> = (0..128)
            .flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()
            })
            .collect();
        for direction in [ToServer, ToClient] {
            assert_eq!(detect(direction, &piece), Detection::No);
        }
    }
}

#[test]
fn nobody_else_takes_our_recordings_for_theirs() {
    for other in PROTOCOLS.iter().filter(|other| **other != &DEFINITION) {
        for parts in recorded::all() {
            for (direction, bytes) in &parts {
                assert_ne!((other.detect)(*direction, bytes), Detection::Yes, "{other:?}");
            }
        }
    }
}
