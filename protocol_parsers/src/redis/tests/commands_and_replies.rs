//! What is said of commands and replies.

use super::*;

#[test]
fn a_command_shows_its_keys_and_hides_its_values() {
    assert_eq!(query("set user:1 secret ex 10 nx"), "SET user:1 ? EX ? NX");
    assert_eq!(query("HSET h f1 v1 f2 v2"), "HSET h f1 ? f2 ?");
    assert_eq!(query("MSET a 1 b 2"), "MSET a ? b ?");
    assert_eq!(query("EVAL script 2 k1 k2 arg"), "EVAL ? 2 k1 k2 ?");
    assert_eq!(query("EVAL script 99999 k1 k2"), "EVAL ? 99999 k1 k2");
    assert_eq!(
        query("XREAD COUNT 2 BLOCK 0 STREAMS s1 s2 0-0 $"),
        "XREAD COUNT ? BLOCK ? STREAMS s1 s2 ? ?"
    );
    assert_eq!(
        query("XREADGROUP GROUP g c STREAMS s >"),
        "XREADGROUP GROUP g ? STREAMS s ?"
    );
    assert_eq!(
        query("XADD s MAXLEN ~ 1000 LIMIT 5 * f v g w"),
        "XADD s MAXLEN ~ ? LIMIT ? * f ? g ?"
    );
    assert_eq!(
        query("XADD s NOMKSTREAM MINID 7 5-1 f v"),
        "XADD s NOMKSTREAM MINID ? ? f ?"
    );
    assert_eq!(query("BLPOP a b 0"), "BLPOP a b ?");
    assert_eq!(
        query("ZUNIONSTORE d 2 a b WEIGHTS 1 2"),
        "ZUNIONSTORE d 2 a b WEIGHTS ? ?"
    );
    assert_eq!(query("SORT l BY w_* GET o_* STORE d"), "SORT l BY ? GET ? STORE d");
    assert_eq!(query("BITOP AND d a b"), "BITOP AND d a b");
    assert_eq!(query("config set maxmemory 1gb"), "CONFIG SET maxmemory ?");
    assert_eq!(query("OBJECT ENCODING k"), "OBJECT ENCODING k");
    assert_eq!(query("CONFIG FROB x"), "CONFIG ? ?");
    assert_eq!(query("MY.CMD a b"), "MY.CMD ? ?");
    assert_eq!(query("PING"), "PING");
}

#[test]
fn a_secret_is_never_shown_even_when_it_looks_like_an_option() {
    assert_eq!(query("AUTH alice LIMIT"), "AUTH ? ?");
    assert_eq!(query("HELLO 3 AUTH NX XX SETNAME LIMIT"), "HELLO 3 AUTH ? ? SETNAME ?");
    assert_eq!(
        query("MIGRATE h 6379 k 0 100 COPY AUTH2 GET SET KEYS a b"),
        "MIGRATE ? ? k ? ? COPY AUTH2 ? ? KEYS a b"
    );
    assert_eq!(query("ACL SETUSER bob on >pw"), "ACL SETUSER ? ? ?");
    assert_eq!(query("CLIENT SETNAME LIMIT"), "CLIENT SETNAME ?");
    assert_eq!(query("AUHT secret"), "AUHT ?");
}

#[test]
fn the_operation_is_upper_case_and_two_words_for_a_container() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(
        ToServer,
        &[typed("get k"), typed("xgroup create s g $"), typed("my\u{1}name x")].concat(),
    );
    let operations: Vec<_> = connection
        .said
        .iter()
        .map(|said| match said {
            Said::Message(_, _, _, message) => message.facts.operation.as_deref(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(operations, [Some("GET"), Some("XGROUP CREATE"), None]);
}

#[test]
fn a_key_that_is_no_word_is_quoted_and_a_long_one_is_cut() {
    let shown = |key: &[u8]| {
        let bytes = [
            format!("*2\r\n$3\r\nGET\r\n${}\r\n", key.len()).as_bytes(),
            key,
            b"\r\n",
        ]
        .concat();
        talk(&[(ToServer, &bytes)])[0].clone()
    };
    assert_eq!(shown(b"a b\"\n\x01"), "> GET \"a b\\\"\\n\\x01\" @0");
    assert_eq!(shown(b"\xff\xfe!"), "> GET \"\\xff\\xfe!\" @0");
    assert_eq!(shown("gr\u{fc}n".as_bytes()), "> GET \"gr\u{fc}n\" @0");
    assert_eq!(shown(b""), "> GET \"\" @0");
    assert_eq!(shown(&[b'k'; 200]), format!("> GET {}... @0", "k".repeat(128)));
}

#[test]
fn many_arguments_end_in_a_mark() {
    let shown = |line: &str| {
        turns(&[(line, "")])
            .last()
            .unwrap()
            .trim_start_matches("> End ")
            .to_owned()
    };
    let members = vec!["m"; 500].join(" ");
    assert_eq!(
        shown(&format!("SADD s {members}")),
        format!("SADD s{} ?...", " ?".repeat(62))
    );
    let keys = vec!["k".repeat(100); 50].join(" ");
    assert_eq!(
        shown(&format!("DEL {keys}")),
        format!("DEL{} ?...", format!(" {}", "k".repeat(100)).repeat(11))
    );
}

#[test]
fn a_command_with_a_huge_value_is_one_message_from_its_head_alone() {
    let head = b"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$104857600\r\nonly the front is here";
    let mut parser = (DEFINITION.parser)();
    let (len, message) = message(parser.next(ToServer, head));
    assert_eq!(message.phase, Phase::Begin);
    assert_eq!(len, 20 + 12 + 104_857_600 + 2);
    let head = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$104857600\r\n";
    let (len, whole) = message_of(head);
    assert_eq!((len, whole.phase), (head.len() as u64 + 104_857_600 + 2, Phase::Whole));
}

fn message_of(bytes: &[u8]) -> (u64, Message) {
    message((DEFINITION.parser)().next(ToServer, bytes))
}

#[test]
fn keys_behind_a_huge_value_are_shown_at_the_end() {
    let huge = "v".repeat(5000);
    assert_eq!(
        turns(&[(&format!("MSET a {huge} b {huge} c 1"), "+OK\r\n")]),
        ["> Begin MSET a ? @0", "> End MSET a ? b ? c ?", "<"]
    );
}

#[test]
fn a_line_typed_by_hand_is_a_command_with_quotes_as_in_a_shell() {
    let both = talk(&[
        (ToServer, b"PING\r\n\r\nset \"a key\" 'it\\'s \"'  ex 5\n"),
        (ToClient, b"+PONG\r\n+OK\r\n"),
    ]);
    assert_eq!(both, ["> PING @0", "> SET \"a key\" ? EX ? @0", "<", "<"]);
    let mut parser = (DEFINITION.parser)();
    assert!(parser.next(ToServer, b"GET \"open\r\n").is_err());
    assert!(parser.next(ToServer, b"GET \"a\"b\r\n").is_err());
    assert!(parser.next(ToServer, &vec![b'x'; 70_000]).is_err());
}

#[test]
fn a_pipeline_of_any_depth_is_answered_in_order() {
    let sent = typed("INCR n").repeat(20_000);
    let got = b":1\r\n".repeat(20_000);
    let lines = talk(&[(ToServer, &sent), (ToClient, &got)]);
    assert_eq!(lines.len(), 40_000);
    assert!(lines[..20_000].iter().all(|line| line == "> INCR n @0"));
    assert!(lines[20_000..].iter().all(|line| line == "<"));
}

#[test]
fn every_type_of_value_is_one_response() {
    for value in [
        "+OK\r\n",
        ":-12\r\n",
        "$5\r\nhello\r\n",
        "$0\r\n\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
        "_\r\n",
        "#t\r\n",
        ",3.14\r\n",
        ",inf\r\n",
        "(3492890328409238509324850943850943825024385\r\n",
        "=15\r\ntxt:Some string\r\n",
        "%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n",
        "~2\r\n+x\r\n_\r\n",
        "%0\r\n",
        "$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;0\r\n",
        "*?\r\n:1\r\n*?\r\n.\r\n$?\r\n;0\r\n.\r\n",
        "%?\r\n+a\r\n:1\r\n.\r\n",
        "*2\r\n|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n:2\r\n",
        "*2\r\n|0\r\n$1\r\na\r\n:2\r\n",
    ] {
        let lines = turns(&[("GET k", value), ("PING", "+PONG\r\n")]);
        assert_eq!(lines, ["> GET k @0", "<", "> PING @0", "<"], "{value:?}");
    }
}

#[test]
fn an_attribute_belongs_to_the_value_after_it() {
    let lines = turns(&[("GET k", "|1\r\n+ttl\r\n%1\r\n$1\r\na\r\n,0.5\r\n$1\r\nv\r\n")]);
    assert_eq!(lines, ["> GET k @0", "<"]);
}

#[test]
fn a_reply_of_a_million_elements_is_one_exchange_in_bounded_memory() {
    let element = b"$10\r\n0123456789\r\n*2\r\n:1\r\n_\r\n";
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &typed("LRANGE l 0 -1"));
    connection.feed(ToClient, b"*1000000\r\n");
    let piece = element.repeat(500);
    for _ in 0..1000 {
        connection.feed(ToClient, &piece);
    }
    assert_eq!(said(&connection), ["> LRANGE l ? ? @0", "< Begin", "< End"]);
    let length: u64 = connection
        .said
        .iter()
        .map(|said| {
            if let Said::Message(ToClient, at, len, _) = said {
                at + len
            } else {
                0
            }
        })
        .max()
        .unwrap();
    assert_eq!(length, 10 + 1000 * piece.len() as u64);
}

#[test]
fn limits_are_errors_and_not_memory() {
    let mut parser = (DEFINITION.parser)();
    let deep = b"*1\r\n".repeat(200);
    assert_eq!(
        parser.next(ToClient, &deep),
        Err(ParseError::TooLong("redis: depth of a value"))
    );
    for bad in [
        "*2147483648\r\n",
        "$9999999999999\r\n",
        "*99999999999999999999\r\n",
        "$-2\r\n",
        "%-1\r\n",
        "x\r\n",
        "+a\rb\r\n",
    ] {
        assert!((DEFINITION.parser)().next(ToClient, bad.as_bytes()).is_err(), "{bad:?}");
    }
    for bad in [
        "*2147483648\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n$-1\r\n",
        "*?\r\n",
        "\0\0\0\n",
        "HTTP/1.1 200 OK\r\n",
    ] {
        assert!((DEFINITION.parser)().next(ToServer, bad.as_bytes()).is_err(), "{bad:?}");
    }
    let (len, begin) =
        message((DEFINITION.parser)().next(ToClient, &[b"*2147483647\r\n", &b":1\r\n".repeat(300)[..]].concat()));
    assert_eq!((begin.phase, len), (Phase::Begin, 1025));
}

#[test]
fn errors_have_their_prefix_and_never_the_words_of_the_user() {
    let fails = |error: &str| turns(&[("GET k", error)])[1].clone();
    assert_eq!(
        fails("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
        "< WRONGTYPE \"Operation against a key holding the wrong kind of value\""
    );
    assert_eq!(
        fails("-ERR unknown command 'x', with args beginning with: 'pw' \r\n"),
        "< ERR \"unknown command\""
    );
    assert_eq!(fails("-MOVED 3999 127.0.0.1:6381\r\n"), "< MOVED \"\"");
    assert_eq!(fails("-ASK 3999 127.0.0.1:6381\r\n"), "< ASK \"\"");
    assert_eq!(fails("-user 42 is broke\r\n"), "< _OTHER \"\"");
    assert_eq!(fails("-NOAUTH\r\n"), "< NOAUTH \"\"");
    assert_eq!(fails("!21\r\nSYNTAX invalid syntax\r\n"), "< SYNTAX \"\"");
    assert_eq!(fails("!16\r\nERR syntax error\r\n"), "< ERR \"syntax error\"");
}

#[test]
fn the_database_follows_select_only_when_it_succeeded() {
    let lines = turns(&[
        ("SELECT 3", "+OK\r\n"),
        ("GET k", "_\r\n"),
        ("SELECT 99", "-ERR DB index is out of range\r\n"),
        ("GET k", "_\r\n"),
        ("RESET", "+RESET\r\n"),
        ("GET k", "_\r\n"),
    ]);
    let expected = [
        "> SELECT 3 @0",
        "<",
        "> GET k @3",
        "<",
        "> SELECT 99 @3",
        "< ERR \"DB index is out of range\"",
        "> GET k @3",
        "<",
        "> RESET @3",
        "<",
        "> GET k @0",
        "<",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn in_a_pipeline_the_database_is_told_with_the_reply() {
    let sent = [
        typed("SELECT 5"),
        typed("GET a"),
        typed("SELECT 6"),
        typed("GET b"),
        typed("GET c"),
    ]
    .concat();
    let lines = talk(&[(ToServer, &sent), (ToClient, b"+OK\r\n_\r\n+OK\r\n_\r\n_\r\n")]);
    assert_eq!(
        lines,
        [
            "> SELECT 5 @0",
            "> GET a",
            "> SELECT 6",
            "> GET b",
            "> GET c",
            "<",
            "< @5",
            "<",
            "< @6",
            "< @6"
        ]
    );
}

#[test]
fn a_select_in_a_transaction_takes_effect_with_exec() {
    let run = |end: &str, reply: &str| {
        turns(&[
            ("MULTI", "+OK\r\n"),
            ("SELECT 4", "+QUEUED\r\n"),
            ("GET k", "+QUEUED\r\n"),
            (end, reply),
            ("GET k", "_\r\n"),
        ])[8]
            .clone()
    };
    assert_eq!(run("EXEC", "*2\r\n+OK\r\n_\r\n"), "> GET k @4");
    assert_eq!(run("EXEC", "*-1\r\n"), "> GET k @0");
    assert_eq!(
        run(
            "EXEC",
            "-EXECABORT Transaction discarded because of previous errors.\r\n"
        ),
        "> GET k @0"
    );
    assert_eq!(run("DISCARD", "+OK\r\n"), "> GET k @0");
}

#[test]
fn each_command_of_a_transaction_is_its_own_exchange() {
    let sent = [typed("MULTI"), typed("INCR a"), typed("LPUSH l x"), typed("EXEC")].concat();
    let lines = talk(&[
        (ToServer, &sent),
        (ToClient, b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE x\r\n"),
    ]);
    assert_eq!(
        lines,
        [
            "> MULTI @0",
            "> INCR a @0",
            "> LPUSH l ? @0",
            "> EXEC @0",
            "<",
            "<",
            "<",
            "<"
        ]
    );
}

#[test]
fn client_reply_silences_the_server_as_asked() {
    let sent = [
        "CLIENT REPLY SKIP",
        "GET a",
        "GET b",
        "CLIENT REPLY OFF",
        "GET c",
        "SELECT 1",
        "CLIENT REPLY ON",
        "GET d",
    ];
    let sent: Vec<u8> = sent.iter().flat_map(|line| typed(line)).collect();
    let lines = talk(&[(ToServer, &sent), (ToClient, b"_\r\n+OK\r\n_\r\n")]);
    let expected = [
        "> CLIENT REPLY SKIP @0 (no reply)",
        "> GET a @0 (no reply)",
        "> GET b @0",
        "> CLIENT REPLY OFF @0 (no reply)",
        "> GET c @0 (no reply)",
        "> SELECT 1 @0 (no reply)",
        "> CLIENT REPLY ON",
        "> GET d",
        "<",
        "<",
        "<",
    ];
    assert_eq!(lines, expected);
}

fn confirm(word: &str, channel: &str, count: u32) -> String {
    let channel = if channel.is_empty() {
        "$-1\r\n".to_owned()
    } else {
        format!("${}\r\n{channel}\r\n", channel.len())
    };
    format!("*3\r\n${}\r\n{word}\r\n{channel}:{count}\r\n", word.len())
}

#[test]
fn a_subscription_ends_with_its_last_confirmation_and_messages_are_notices() {
    let message = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n";
    let first = confirm("subscribe", "a", 1) + message + &confirm("subscribe", "b", 2) + &confirm("subscribe", "c", 3);
    let lines = turns(&[
        ("SUBSCRIBE a b c", &first),
        ("", message),
        ("PSUBSCRIBE p*", &confirm("psubscribe", "p*", 4)),
        ("", "*4\r\n$8\r\npmessage\r\n$2\r\np*\r\n$1\r\np\r\n$1\r\nx\r\n"),
        ("PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
        ("UNSUBSCRIBE b", &confirm("unsubscribe", "b", 3)),
        (
            "UNSUBSCRIBE",
            &(confirm("unsubscribe", "a", 2) + message + &confirm("unsubscribe", "c", 1)),
        ),
        ("PUNSUBSCRIBE", &confirm("punsubscribe", "p*", 0)),
        ("UNSUBSCRIBE", &confirm("unsubscribe", "", 0)),
        ("LRANGE l 0 -1", message),
    ]);
    let expected = [
        "> SUBSCRIBE a b c @0",
        "< Begin",
        "!",
        "< Part",
        "< End",
        "!",
        "> PSUBSCRIBE p* @0",
        "<",
        "!",
        "> PING @0",
        "<",
        "> UNSUBSCRIBE b @0",
        "<",
        "> UNSUBSCRIBE @0",
        "< Begin",
        "!",
        "< End",
        "> PUNSUBSCRIBE @0",
        "<",
        "> UNSUBSCRIBE @0",
        "<",
        "> LRANGE l ? ? @0",
        "<",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn in_resp3_pushes_come_between_replies_and_confirm_subscriptions() {
    let push = |bytes: String| bytes.replacen('*', ">", 1).replace("$-1\r\n", "_\r\n");
    let invalidate = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
    let lines = turns(&[
        (
            "SUBSCRIBE a b",
            &(push(confirm("subscribe", "a", 1)) + invalidate + &push(confirm("subscribe", "b", 2))),
        ),
        ("GET k", &(invalidate.to_owned() + "$1\r\nv\r\n")),
        (
            "UNSUBSCRIBE",
            &(push(confirm("unsubscribe", "b", 1)) + &push(confirm("unsubscribe", "a", 0))),
        ),
        ("SUNSUBSCRIBE", &push(confirm("sunsubscribe", "", 0))),
    ]);
    let expected = [
        "> SUBSCRIBE a b @0",
        "< Begin",
        "!",
        "< End",
        "> GET k @0",
        "!",
        "<",
        "> UNSUBSCRIBE @0",
        "< Begin",
        "< End",
        "> SUNSUBSCRIBE @0",
        "<",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn an_unsubscribe_of_unknown_extent_ends_where_another_reply_begins() {
    let mut connection = Connection::late(&DEFINITION);
    connection.feed(ToServer, &[typed("UNSUBSCRIBE"), typed("PING")].concat());
    let replies = confirm("unsubscribe", "a", 3) + &confirm("unsubscribe", "b", 2) + "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
    connection.feed(ToClient, replies.as_bytes());
    assert_eq!(
        said(&connection),
        ["> UNSUBSCRIBE", "> PING", "< Begin", "< Part", "< End", "<"]
    );
}

#[test]
fn a_refused_subscription_is_one_failure() {
    let lines = turns(&[
        ("SUBSCRIBE a b", "-NOPERM No permissions to access a channel\r\n"),
        ("PING", "+PONG\r\n"),
    ]);
    assert_eq!(lines[1..], ["< NOPERM \"\"", "> PING @0", "<"]);
}

#[test]
fn lines_of_monitor_are_notices_however_long() {
    let line = format!(
        "+1700000000.123456 [0 127.0.0.1:50000] \"set\" \"k\" \"{}\"\r\n",
        "v".repeat(5000)
    );
    let lines = turns(&[
        ("MONITOR", "+OK\r\n"),
        ("", &line),
        ("", "+1700000000.123457 [0 lua] \"get\"\r\n"),
        ("PING", "+PONG\r\n"),
    ]);
    assert_eq!(lines, ["> MONITOR @0", "<", "!", "!", "> PING @0", "<"]);
}

#[test]
fn a_replication_stream_is_not_read() {
    let lines = turns(&[
        ("REPLCONF listening-port 6380", "+OK\r\n"),
        (
            "PSYNC ? -1",
            "\n\n+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n",
        ),
        ("", "$12\r\nREDIS0009anything"),
    ]);
    assert_eq!(lines[3..], ["<", "Opaque"]);
    let lines = turns(&[("SYNC", "\n$EOF:0123456789012345678901234567890123456789\r\nREDIS0009")]);
    assert_eq!(lines, ["> SYNC @0", "<", "Opaque"]);
    let mut late = Connection::late(&DEFINITION);
    late.feed(
        ToServer,
        &[typed("REPLCONF ACK 4711"), typed("REPLCONF ACK 4712")].concat(),
    );
    assert_eq!(said(&late), ["> REPLCONF ACK ? (no reply)", "Opaque"]);
}

#[test]
fn after_lost_bytes_nothing_is_guessed() {
    let mut connection = Connection::late(&DEFINITION);
    connection.feed(ToServer, &[b"lue\r\n".to_vec(), typed("GET k")].concat());
    connection.feed(ToClient, b"tail of a value\r\n$1\r\nv\r\n");
    assert_eq!(said(&connection), ["> GET k", "<"]);
    connection.feed(ToServer, &typed("SELECT 2"));
    connection.feed(ToClient, b"+OK\r\n");
    connection.feed(ToServer, &typed("GET k"));
    assert_eq!(said(&connection)[4..], ["> GET k @2"]);
    connection.gap(ToServer);
    connection.feed(ToServer, &typed("GET k"));
    assert_eq!(said(&connection)[5..], ["> GET k"]);
}

#[test]
fn a_pipeline_that_changes_the_connection_forever_is_given_up() {
    let mut parser = (DEFINITION.parser)();
    let pair = [typed("MULTI"), typed("EXEC")];
    let given_up = (0..20_000).find(|turn| parser.next(ToServer, &pair[turn % 2]).is_err());
    assert!(given_up.is_some_and(|turn| turn > 8_000));
}
