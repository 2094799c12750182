//! Rules that hold for all bytes, and speed.

use super::recordings::ALL;
use super::*;
use crate::parser::Step;

/// A small generator of numbers: the tests must be the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

#[test]
fn any_cut_into_pieces_says_the_same() {
    let mut numbers = Numbers(42);
    for (name, recording, _) in ALL {
        let pieces = pieces(recording);
        let whole = talk(&pieces).said;
        for _ in 0..20 {
            let mut connection = Connection::new(&DEFINITION);
            for (direction, bytes) in &pieces {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (piece, tail) = rest.split_at(rest.len().min(numbers.below(60) + 1));
                    connection.feed(*direction, piece);
                    rest = tail;
                }
            }
            assert_eq!(connection.said, whole, "{name}");
        }
    }
}

#[test]
fn a_prefix_asks_for_more_or_says_what_the_whole_says() {
    for (name, recording, _) in ALL {
        for (_, bytes) in pieces(recording).iter().filter(|(direction, _)| *direction == ToServer) {
            let whole = (DEFINITION.parser)().next(ToServer, bytes);
            for cut in 1..bytes.len() {
                let step = (DEFINITION.parser)().next(ToServer, &bytes[..cut]);
                assert!(
                    step == Ok(Step::NeedMore) || step == whole,
                    "{name} cut at {cut}: {step:?}"
                );
            }
        }
    }
}

#[test]
fn damaged_and_random_bytes_never_panic_and_never_stop_the_driver() {
    let mut numbers = Numbers(7);
    for _ in 0..40 {
        for (_, recording, _) in ALL {
            let mut pieces = pieces(recording);
            let mut connection = Connection::new(&DEFINITION);
            let mut control = Vec::new();
            for (direction, bytes) in &mut pieces {
                for _ in 0..numbers.below(4) {
                    let at = numbers.below(bytes.len());
                    bytes[at] = numbers.next().to_le_bytes()[3];
                }
                match numbers.below(12) {
                    0 => connection.gap(*direction),
                    1 => connection.hole(*direction, numbers.next() % 5000),
                    _ => {}
                }
                connection.feed(*direction, bytes);
                for chunk in bytes.chunks(256) {
                    control.push(u8::from(*direction == ToClient));
                    control.push(u8::try_from(chunk.len() - 1).unwrap());
                    control.extend(chunk);
                }
            }
            let noise: Vec<u8> = (0..numbers.below(600))
                .map(|_| numbers.next().to_le_bytes()[3])
                .collect();
            connection.feed(ToServer, &noise);
            connection.feed(ToClient, &noise);
            driver::fuzz(&DEFINITION, &control);
            driver::fuzz(&DEFINITION, &noise);
        }
    }
}

#[test]
fn random_bytes_are_denied() {
    let mut numbers = Numbers(99);
    for _ in 0..1000 {
        let noise: Vec<u8> = (0..1000).map(|_| numbers.next().to_le_bytes()[3]).collect();
        assert_eq!(detect(ToServer, &noise), Detection::No);
        assert_eq!(detect(ToClient, &noise), Detection::No);
    }
}

#[test]
fn other_protocols_are_denied() {
    let postgres =
        b"\0\0\0\x8a\0\x03\0\0user\0postgres\0database\0shop\0application_name\0psql\0client_encoding\0UTF8\0\0";
    let zookeeper =
        b"\0\0\0\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x75\x30\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let samples: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xff\xff\xff",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"220 mail.example.com ESMTP Postfix\r\n",
        b"EHLO client.example.com\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"+PONG\r\n",
        b"stats\r\n",
        b"\x80\0\0\x05\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0hello",
        b"INFO {\"server_id\":\"x\"}\r\n",
        b"CONNECT {\"verbose\":false}\r\n",
        b"AMQP\0\0\x09\x01",
        b"\x10\x16\0\x04MQTT\x04\x02\0\x3c\0\x0aclient-abc",
        b"\x3f\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\x2a\0\0\0\x10ismaster\0\x01\0\0\0",
        b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0aaaaaaaa\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0",
        b"R\0\0\0\x08\0\0\0\0S\0\0\0\x16application_name\0psql\0",
        b"\0\0\0\x08\x04\xd2\x16\x2f",
        b"\x04\0\0\0\x05\0\0\0\0",
        postgres,
        zookeeper,
    ];
    for bytes in samples {
        assert_eq!(
            detect(ToServer, bytes),
            Detection::No,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
        assert_ne!(
            detect(ToClient, bytes),
            Detection::Yes,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn it_goes_on_at_a_request_and_not_inside_of_records() {
    let next = produce(5, 1, &[("t", &[(0, batch(0, 0, &[b"v"], &[]))])]);
    let parser = (DEFINITION.parser)();
    for rest in [&b""[..], b"x", &[0; 100], &batch(0, 0, &[&[0; 50]], &[])] {
        let bytes = [rest, &next].concat();
        assert_eq!(parser.resync(ToServer, &bytes), Some(rest.len()));
    }
    assert_eq!(parser.resync(ToServer, &[0; 5000]), None);
    let mut numbers = Numbers(3);
    let noise: Vec<u8> = (0..100_000).map(|_| numbers.next().to_le_bytes()[3]).collect();
    assert_eq!(parser.resync(ToServer, &noise), None);
    assert_eq!(parser.resync(ToClient, &noise), None);
}

/// `cargo test --release -p protocol_parsers kafka -- --ignored --nocapture` measures; the limit is far below what a build
/// without optimisation reaches on a busy machine.
#[test]
#[ignore = "measures; run it in release"]
fn small_exchanges_and_large_batches_are_fast() {
    let records = batch(
        0,
        0,
        &[b"a value of some length", b"another one"],
        &[("traceparent", TRACEPARENT)],
    );
    let sent = produce(1, 1, &[("orders", &[(0, records)])]);
    let got = produced(1, &[("orders", &[(0, 0, 12345)])], 0);
    let exchanges = rate("produce", &sent, &got, 500_000);
    let heartbeat = request(12, 3, 1, b"\0\x05group\0\0\0\x07\0\x08consumer\xff\xff");
    let beats = rate("heartbeat", &heartbeat, &response(1, &[0; 6]), 500_000);
    assert!(exchanges.min(beats) > 20_000.0);
    let large = produce(1, 1, &[("orders", &[(0, batch(0, 0, &[&vec![b'x'; 900_000]], &[]))])]);
    let rounds = rate("produce of 900 kB", &large, &got, 100_000);
    print_line(&format!("{:.0} MB/s", rounds * 0.9));
    let many: Vec<u8> = (0..5000).flat_map(|at| batch(at, 0, &[&[b'x'; 100]], &[])).collect();
    let many = produce(1, 1, &[("orders", &[(0, many)])]);
    let rounds = rate("produce of 5000 batches, 900 kB", &many, &got, 200);
    print_line(&format!("{:.0} MB/s", rounds * 0.9));
    let plain = batch(0, 0, &[&[b'x'; 60][..]; 60], &[("traceparent", TRACEPARENT)])[61..].to_vec();
    let snappy = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    let packed = produce(1, 1, &[("orders", &[(0, batch_of(0, 2, 60, &snappy))])]);
    rate("produce of 60 records in snappy", &packed, &got, 20_000);
}

fn rate(name: &str, sent: &[u8], got: &[u8], rounds: u32) -> f64 {
    let mut parser = (DEFINITION.parser)();
    let mut all = |direction, mut bytes: &[u8]| {
        while !bytes.is_empty() {
            let Ok(Step::Message { len, .. } | Step::Skip(len)) = parser.next(direction, bytes) else {
                panic!("{name}")
            };
            bytes = bytes.get(usize::try_from(len).unwrap()..).unwrap_or_default();
        }
    };
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        all(ToServer, sent);
        all(ToClient, got);
    }
    let rate = f64::from(rounds) / start.elapsed().as_secs_f64();
    print_line(&format!("{name}: {rate:.0} exchanges/s"));
    rate
}

#[allow(clippy::print_stderr)]
fn print_line(line: &str) {
    eprintln!("{line}");
}
