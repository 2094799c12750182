//! Rules that hold for all bytes.

use super::*;

/// A small generator of numbers: the tests must be the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> usize {
        usize::try_from(self.next() % limit).unwrap()
    }
}

const REPLIES: &[&str] = &[
    "+OK\r\n",
    "-ERR syntax error\r\n",
    ":1\r\n",
    "$5\r\nhello\r\n",
    "*2\r\n$1\r\na\r\n:2\r\n",
    "_\r\n",
    "#t\r\n",
    ",1.5\r\n",
    "(123\r\n",
    "=7\r\ntxt:abc\r\n",
    "%1\r\n+k\r\n*0\r\n",
    "~1\r\n+x\r\n",
    ">2\r\n$10\r\ninvalidate\r\n_\r\n",
    "|1\r\n+a\r\n+b\r\n",
    "!9\r\nERR wrong\r\n",
    "*?\r\n:1\r\n.\r\n",
    "$?\r\n;2\r\nab\r\n;0\r\n",
    "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
    "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n",
    "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n",
    "+1700000000.123456 [0 127.0.0.1:1] \"get\"\r\n",
    "$-1\r\n",
];
const COMMANDS: &[&str] = &[
    "GET k",
    "SET k v EX 5",
    "MULTI",
    "SELECT 3",
    "EXEC",
    "DISCARD",
    "SUBSCRIBE a b",
    "UNSUBSCRIBE",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY OFF",
    "CLIENT REPLY ON",
    "EVAL s 1 k a",
    "XADD s * f v",
    "XREAD STREAMS a b 0 0",
    "HELLO 3 AUTH u p",
    "RESET",
    "MONITOR",
    "CONFIG GET x",
    "UNKNOWN x",
];

/// A conversation of valid commands and replies that need not fit each other.
fn conversation(numbers: &mut Numbers) -> Vec<(Direction, Vec<u8>)> {
    (0..=numbers.below(12))
        .map(|_| match numbers.below(5) {
            0 | 1 => (ToServer, typed(COMMANDS[numbers.below(COMMANDS.len() as u64)])),
            2 => (
                ToServer,
                typed(&format!(
                    "MSET a {} b {}",
                    "v".repeat(numbers.below(3000)),
                    "w".repeat(numbers.below(3000))
                )),
            ),
            3 => {
                let items = numbers.below(400);
                let item = REPLIES[numbers.below(14)];
                (
                    ToClient,
                    [format!("*{items}\r\n"), item.repeat(items)].concat().into_bytes(),
                )
            }
            _ => (
                ToClient,
                REPLIES[numbers.below(REPLIES.len() as u64)].as_bytes().to_vec(),
            ),
        })
        .collect()
}

#[test]
fn any_cut_into_pieces_says_the_same() {
    let mut numbers = Numbers(42);
    for _ in 0..300 {
        let parts = conversation(&mut numbers);
        let mut whole = Connection::new(&DEFINITION);
        let mut pieces = Connection::new(&DEFINITION);
        for (direction, bytes) in &parts {
            whole.feed(*direction, bytes);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(rest.len().min(numbers.below(40) + 1));
                pieces.feed(*direction, piece);
                rest = tail;
            }
        }
        assert_eq!(whole.said, pieces.said, "{parts:?}");
    }
}

#[test]
fn a_prefix_asks_for_more_or_says_what_the_whole_says() {
    let replies = REPLIES.iter().map(|reply| (ToClient, reply.as_bytes().to_vec()));
    let commands = COMMANDS.iter().map(|command| (ToServer, typed(command)));
    for (direction, bytes) in replies.chain(commands) {
        let whole = (DEFINITION.parser)().next(direction, &bytes);
        for cut in 1..bytes.len() {
            let step = (DEFINITION.parser)().next(direction, &bytes[..cut]);
            assert!(
                step == Ok(Step::NeedMore) || step == whole,
                "{:?} cut at {cut}: {step:?}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn damaged_and_random_bytes_never_panic_and_never_stop_the_driver() {
    let mut numbers = Numbers(7);
    for _ in 0..400 {
        let mut parts = conversation(&mut numbers);
        let mut connection = Connection::new(&DEFINITION);
        for (direction, bytes) in &mut parts {
            for _ in 0..numbers.below(4) {
                let at = numbers.below(bytes.len() as u64);
                bytes[at] = b"\r\n*$:+-%>|?;.0129\0\xffaA"[numbers.below(21)];
            }
            if numbers.below(8) == 0 {
                connection.gap(*direction);
            }
            connection.feed(*direction, bytes);
        }
        let noise: Vec<u8> = (0..numbers.below(600))
            .map(|_| numbers.next().to_le_bytes()[3])
            .collect();
        connection.feed(ToServer, &noise);
        connection.feed(ToClient, &noise);
        let control: Vec<u8> = parts
            .iter()
            .flat_map(|(_, bytes)| bytes.iter().copied())
            .chain(noise)
            .collect();
        driver::fuzz(&DEFINITION, &control);
    }
}

#[test]
fn detection_of_a_prefix_never_denies_what_the_whole_is() {
    let mut all: Vec<_> = COMMANDS.iter().map(|command| (ToServer, typed(command))).collect();
    all.extend(["PING\r\n", "get some:key\r\n", "QUIT\n"].map(|line| (ToServer, line.as_bytes().to_vec())));
    all.extend(REPLIES.iter().map(|reply| (ToClient, reply.as_bytes().to_vec())));
    for (direction, bytes) in all {
        let whole = detect(direction, &bytes);
        assert!(
            matches!(whole, Detection::Maybe | Detection::Yes),
            "{whole:?} for {:?}",
            String::from_utf8_lossy(&bytes)
        );
        for cut in 1..bytes.len() {
            assert_ne!(
                detect(direction, &bytes[..cut]),
                Detection::No,
                "{:?} cut at {cut}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn only_a_known_command_in_an_array_is_a_proof() {
    assert_eq!(detect(ToServer, &typed("get k")), Detection::Yes);
    assert_eq!(detect(ToServer, &typed("FROBNICATE k")), Detection::Maybe);
    assert_eq!(detect(ToServer, b"*1\r\n$4\r\nPI"), Detection::NeedMore);
    assert_eq!(detect(ToServer, b"get x\r\n"), Detection::Maybe);
    assert_eq!(detect(ToClient, b"*2\r\n$1\r\na\r\n:1\r\n"), Detection::Maybe);
}

#[test]
fn other_protocols_are_denied() {
    for bytes in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /long/pa",
        "POST /x HTTP/1.1\r\n",
        "GET http://x/ HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "EHLO mail\r\n",
        "USER anonymous\r\n",
        "a001 LOGIN u p\r\n",
        "CONNECT {}\r\n",
        "SUB foo 1\r\n",
        "*\r\n",
        "*1\r\nx",
        "*0\r\n",
        "*1\r\n$3\r\nGETX",
        "\0\0\0\x1e\0\x03\0\0",
        "version\r\n",
        "stats\r\n",
    ] {
        assert_eq!(detect(ToServer, bytes.as_bytes()), Detection::No, "{bytes:?}");
    }
    for bytes in [
        "HTTP/1.1 200 OK\r\n",
        "220 mail ESMTP\r\n",
        "220-FTP\r\n",
        "+OK POP3 ready\r\n",
        "+OK 2 messages\r\n",
        "* OK IMAP4rev1 ready\r\n",
        "+ idling\r\n",
        "STORED\r\n",
        "VALUE x 0 1\r\n",
        "INFO {\"server_id\":1}\r\n",
        "PING\r\n",
        "SSH-2.0-x\r\n",
        "\x16\x03\x03",
        "-err x\r\n",
        "a1 OK done\r\n",
        "$3\r\nabcdef\r\n",
        "#x\r\n",
        "_x\r\n",
        "*1\r\nx\r\n",
        ".\r\n",
        ";3\r\nabc\r\n",
        "J\0\0\0\n8.0.36\0",
    ] {
        assert_eq!(detect(ToClient, bytes.as_bytes()), Detection::No, "{bytes:?}");
    }
}

#[test]
fn it_goes_on_at_a_command_and_not_inside_of_a_value() {
    let parser = (DEFINITION.parser)();
    let bytes = [b"rest *1 of\r\n*3\r\nx *2\r\n$4\r\n".to_vec(), typed("GET k")].concat();
    assert_eq!(
        parser.resync(ToServer, &bytes),
        Some(bytes.len() - typed("GET k").len())
    );
    assert_eq!(parser.resync(ToServer, b"*2\r\n$3\r\nGE"), None);
    assert_eq!(parser.resync(ToClient, b"half a value\r\n+OK\r\n"), Some(14));
    assert_eq!(parser.resync(ToClient, b"nothing here"), None);
}

/// `cargo test --release -p protocol_parsers redis -- --ignored --nocapture` measures; the limit is far below what a
/// build without optimisation reaches on a busy machine.
#[test]
#[ignore = "measures; run it in release"]
fn small_commands_with_their_replies_are_fast() {
    let rounds = 2_000_000_u32;
    let sent = [
        typed("GET user:12345"),
        typed("SET user:12345 value EX 60"),
        typed("HSET h f v"),
        typed("INCR counter"),
    ];
    let got: [&[u8]; 4] = [b"$5\r\nhello\r\n", b"+OK\r\n", b":1\r\n", b":42\r\n"];
    let mut parser = (DEFINITION.parser)();
    let start = std::time::Instant::now();
    for round in 0..rounds {
        let at = round as usize % 4;
        assert!(matches!(parser.next(ToServer, &sent[at]), Ok(Step::Message { .. })));
        assert!(matches!(parser.next(ToClient, got[at]), Ok(Step::Message { .. })));
    }
    let pairs = f64::from(rounds) / start.elapsed().as_secs_f64();
    let array = [b"*1000000\r\n".to_vec(), b"$10\r\n0123456789\r\n".repeat(1_000_000)].concat();
    let start = std::time::Instant::now();
    let mut rest = &array[..];
    while !rest.is_empty() {
        let len = match parser.next(ToClient, rest) {
            Ok(Step::Message { len, .. } | Step::Skip(len)) => len,
            other => panic!("{other:?}"),
        };
        rest = &rest[usize::try_from(len).unwrap()..];
    }
    let elements = 1_000_000.0 / start.elapsed().as_secs_f64();
    eprint_line(&format!(
        "{pairs:.0} commands with replies/s, {elements:.0} elements of a large reply/s"
    ));
    assert!(pairs > 50_000.0);
}

#[allow(clippy::print_stderr)]
fn eprint_line(line: &str) {
    eprintln!("{line}");
}
