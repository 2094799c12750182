//! Bytes of a real server, as a relay between `redis-cli`-like writes and redis-server 7.0.15 (Debian 12) saw them: a
//! pair for each piece that came at once. Times in lines of MONITOR and the id of the replication are the machine's.

use super::*;

type Pieces = &'static [(Direction, &'static [u8])];

/// Whether a recording says these lines.
fn says(pieces: Pieces, expected: &str) {
    let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(talk(pieces), expected);
}

#[test]
fn replies_are_silenced_as_the_server_does_it() {
    says(CLIENT_REPLY, EXPECT_CLIENT_REPLY);
}

const CLIENT_REPLY: &[(Direction, &[u8])] = &[
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n"),
    (ToServer, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
    (ToClient, b"$1\r\n1\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n"),
    (ToServer, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n2\r\n"),
    (ToServer, b"*2\r\n$9\r\nSUBSCRIBE\r\n$2\r\nch\r\n"),
    (ToClient, b"*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n"),
    (ToServer, b"*2\r\n$11\r\nUNSUBSCRIBE\r\n$2\r\nch\r\n"),
    (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$2\r\nch\r\n:0\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
    (ToClient, b"$1\r\n2\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n"),
    (ToServer, b"*1\r\n$5\r\nRESET\r\n"),
    (ToClient, b"+RESET\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
    (ToClient, b"$1\r\n2\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nBAD\r\n"),
    (ToClient, b"-ERR syntax error\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nBAD\r\n"),
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n"),
    (ToClient, b"+OK\r\n"),
];
const EXPECT_CLIENT_REPLY: &str = r#"
    > CLIENT REPLY SKIP @0 (no reply)
    > SET a ? @0 (no reply)
    > GET a @0
    <
    > CLIENT REPLY OFF @0 (no reply)
    > SET a ? @0 (no reply)
    > SUBSCRIBE ch @0
    <
    > UNSUBSCRIBE ch @0
    <
    > CLIENT REPLY SKIP @0 (no reply)
    > CLIENT REPLY ON @0
    <
    > GET a @0
    <
    > CLIENT REPLY OFF @0 (no reply)
    > RESET @0
    <
    > GET a @0
    <
    > CLIENT REPLY ? @0
    < ERR "syntax error"
    > CLIENT REPLY OFF @0 (no reply)
    > CLIENT REPLY ? @0 (no reply)
    > CLIENT REPLY ON @0
    <
"#;

#[test]
fn subscriptions_in_resp2() {
    says(RESP2_PUBSUB, EXPECT_RESP2_PUBSUB);
}

const RESP2_PUBSUB: &[(Direction, &[u8])] = &[
    (ToServer, b"*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n"),
    (ToClient, b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"),
    (ToServer, b"*2\r\n$10\r\nPSUBSCRIBE\r\n$2\r\np*\r\n"),
    (ToClient, b"*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:3\r\n"),
    (ToServer, b"*1\r\n$4\r\nPING\r\n"),
    (ToClient, b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\nx\r\n"),
    (ToClient, b"-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n"),
    (ToServer, b"*1\r\n$11\r\nUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"),
    (ToServer, b"*1\r\n$12\r\nPUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$12\r\npunsubscribe\r\n$2\r\np*\r\n:0\r\n"),
    (ToServer, b"*1\r\n$11\r\nUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"),
    (ToServer, b"*1\r\n$12\r\nPUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n"),
    (ToServer, b"*3\r\n$10\r\nSSUBSCRIBE\r\n$2\r\ns1\r\n$2\r\ns2\r\n"),
    (ToClient, b"*3\r\n$10\r\nssubscribe\r\n$2\r\ns1\r\n:1\r\n*3\r\n$10\r\nssubscribe\r\n$2\r\ns2\r\n:2\r\n"),
    (ToServer, b"*1\r\n$12\r\nSUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$12\r\nsunsubscribe\r\n$2\r\ns2\r\n:1\r\n*3\r\n$12\r\nsunsubscribe\r\n$2\r\ns1\r\n:0\r\n"),
    (ToServer, b"*1\r\n$12\r\nSUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$12\r\nsunsubscribe\r\n$-1\r\n:0\r\n"),
    (ToServer, b"*3\r\n$11\r\nUNSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n"),
    (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"),
    (ToServer, b"*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\na\r\n"),
    (ToClient, b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
    (ToServer, b"*1\r\n$11\r\nUNSUBSCRIBE\r\n"),
    (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"),
    (ToServer, b"*1\r\n$4\r\nPING\r\n"),
    (ToClient, b"+PONG\r\n"),
];
const EXPECT_RESP2_PUBSUB: &str = r#"
    > SUBSCRIBE a b @0
    < Begin
    < End
    > PSUBSCRIBE p* @0
    <
    > PING @0
    <
    > GET x @0
    < ERR "Can't execute"
    > UNSUBSCRIBE @0
    < Begin
    < End
    > PUNSUBSCRIBE @0
    <
    > UNSUBSCRIBE @0
    <
    > PUNSUBSCRIBE @0
    <
    > SSUBSCRIBE s1 s2 @0
    < Begin
    < End
    > SUNSUBSCRIBE @0
    < Begin
    < End
    > SUNSUBSCRIBE @0
    <
    > UNSUBSCRIBE a b @0
    < Begin
    < End
    > SUBSCRIBE a a @0
    < Begin
    < End
    > UNSUBSCRIBE @0
    <
    > PING @0
    <
"#;

#[test]
fn an_invalidation_is_a_push() {
    says(TRACKING, EXPECT_TRACKING);
}

const TRACKING: &[(Direction, &[u8])] = &[
    (ToServer, b"*3\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"),
    (ToClient, b"$1\r\nv\r\n"),
    (ToClient, b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"),
    (ToClient, b"$3\r\nnew\r\n"),
];
const EXPECT_TRACKING: &str = r"
    > CLIENT TRACKING ON @0
    <
    > GET k @0
    <
    !
    > GET k @0
    <
";

#[test]
fn monitor_shows_also_its_own_commands() {
    says(MONITOR, EXPECT_MONITOR);
}

const MONITOR: &[(Direction, &[u8])] = &[
    (ToServer, b"*1\r\n$7\r\nMONITOR\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToClient, b"+1795472803.431762 [0 127.0.0.1:43318] \"SET\" \"mk\" \"v v\"\r\n+1795472803.432020 [0 127.0.0.1:43318] \"LPUSH\" \"ml\" \"\\\"q\\\"\" \"\\r\\n\\x00\\xc3\\xbf\"\r\n"),
    (ToServer, b"*1\r\n$4\r\nPING\r\n"),
    (ToClient, b"+PONG\r\n+1795472803.832637 [0 127.0.0.1:40268] \"PING\"\r\n"),
    (ToServer, b"*1\r\n$5\r\nRESET\r\n"),
    (ToClient, b"+RESET\r\n"),
    (ToServer, b"*1\r\n$4\r\nPING\r\n"),
    (ToClient, b"+PONG\r\n"),
];
const EXPECT_MONITOR: &str = r"
    > MONITOR @0
    <
    !
    !
    > PING @0
    <
    !
    > RESET @0
    <
    > PING @0
    <
";

#[test]
fn transactions_and_a_select_in_one() {
    says(MULTI, EXPECT_MULTI);
}

const MULTI: &[(Direction, &[u8])] = &[
    (ToServer, b"*1\r\n$5\r\nMULTI\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"),
    (ToClient, b"+QUEUED\r\n"),
    (ToServer, b"*2\r\n$6\r\nSELECT\r\n$1\r\n4\r\n"),
    (ToClient, b"+QUEUED\r\n"),
    (ToServer, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
    (ToClient, b"+QUEUED\r\n"),
    (ToServer, b"*1\r\n$4\r\nEXEC\r\n"),
    (ToClient, b"*3\r\n+OK\r\n+OK\r\n$-1\r\n"),
    (ToServer, b"*1\r\n$5\r\nMULTI\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*1\r\n$3\r\nFOO\r\n"),
    (ToClient, b"-ERR unknown command 'FOO', with args beginning with: \r\n"),
    (ToServer, b"*1\r\n$4\r\nEXEC\r\n"),
    (
        ToClient,
        b"-EXECABORT Transaction discarded because of previous errors.\r\n",
    ),
    (ToServer, b"*1\r\n$4\r\nEXEC\r\n"),
    (ToClient, b"-ERR EXEC without MULTI\r\n"),
    (ToServer, b"*1\r\n$7\r\nDISCARD\r\n"),
    (ToClient, b"-ERR DISCARD without MULTI\r\n"),
    (ToServer, b"*2\r\n$5\r\nWATCH\r\n$1\r\na\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*1\r\n$5\r\nMULTI\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*1\r\n$7\r\nDISCARD\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*1\r\n$5\r\nMULTI\r\n"),
    (ToClient, b"+OK\r\n"),
];
const EXPECT_MULTI: &str = r#"
    > MULTI @0
    <
    > SET a ? @0
    <
    > SELECT 4 @0
    <
    > GET a
    <
    > EXEC
    <
    > MULTI @4
    <
    > FOO @4
    < ERR "unknown command"
    > EXEC @4
    < EXECABORT "Transaction discarded because of"
    > EXEC @4
    < ERR "EXEC without MULTI"
    > DISCARD @4
    < ERR "DISCARD without MULTI"
    > WATCH a @4
    <
    > MULTI @4
    <
    > DISCARD @4
    <
    > MULTI @4
    <
"#;

#[test]
fn every_type_of_resp3_as_debug_protocol_sends_it() {
    says(TYPES3, EXPECT_TYPES3);
}

const TYPES3: &[(Direction, &[u8])] = &[
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$6\r\nstring\r\n"),
    (ToClient, b"$11\r\nHello World\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$7\r\ninteger\r\n"),
    (ToClient, b":12345\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$6\r\ndouble\r\n"),
    (ToClient, b",3.141\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$4\r\nnull\r\n"),
    (ToClient, b"_\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$5\r\narray\r\n"),
    (ToClient, b"*3\r\n:0\r\n:1\r\n:2\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$3\r\nset\r\n"),
    (ToClient, b"~3\r\n:0\r\n:1\r\n:2\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$3\r\nmap\r\n"),
    (ToClient, b"%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$6\r\nattrib\r\n"),
    (ToClient, b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$4\r\npush\r\n"),
    (ToClient, b">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$8\r\nverbatim\r\n"),
    (ToClient, b"=29\r\ntxt:This is a verbatim\nstring\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$4\r\ntrue\r\n"),
    (ToClient, b"#t\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$5\r\nfalse\r\n"),
    (ToClient, b"#f\r\n"),
    (ToServer, b"*3\r\n$5\r\nDEBUG\r\n$8\r\nPROTOCOL\r\n$6\r\nbignum\r\n"),
    (ToClient, b"(1234567999999999999999999999999999999\r\n"),
    (ToServer, b"*1\r\n$4\r\nPING\r\n"),
    (ToClient, b"+PONG\r\n"),
    (ToServer, b"*2\r\n$7\r\nHGETALL\r\n$5\r\nnokey\r\n"),
    (ToClient, b"%0\r\n"),
];
const EXPECT_TYPES3: &str = r"
    > DEBUG PROTOCOL string @0
    <
    > DEBUG PROTOCOL integer @0
    <
    > DEBUG PROTOCOL double @0
    <
    > DEBUG PROTOCOL null @0
    <
    > DEBUG PROTOCOL array @0
    <
    > DEBUG PROTOCOL set @0
    <
    > DEBUG PROTOCOL map @0
    <
    > DEBUG PROTOCOL attrib @0
    <
    > DEBUG PROTOCOL push @0
    !
    <
    > DEBUG PROTOCOL verbatim @0
    <
    > DEBUG PROTOCOL true @0
    <
    > DEBUG PROTOCOL false @0
    <
    > DEBUG PROTOCOL bignum @0
    <
    > PING @0
    <
    > HGETALL nokey @0
    <
";

#[test]
fn a_replica_asks_for_a_snapshot() {
    says(PSYNC, EXPECT_PSYNC);
}

const PSYNC: &[(Direction, &[u8])] = &[
    (ToServer, b"*1\r\n$4\r\nPING\r\n"),
    (ToClient, b"+PONG\r\n"),
    (ToServer, b"*3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$1\r\n1\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*5\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n"),
    (ToClient, b"+OK\r\n"),
    (ToServer, b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"),
    (ToClient, b"\n"),
    (ToClient, b"\n+FULLRESYNC bcc65d6fb40a1a1db9a90ab2e81da06424c6535f 1789036\r\n"),
    (ToClient, b"$EOF:5ef229bcbf81ba34b51c748a91a5a70375fa0a71\r\nREDIS0010\xfa\x09redis-ver\x067.0.15\xfa\nredis-bits\xc0@\xfa\x05"),
    (ToServer, b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n0\r\n"),
];
const EXPECT_PSYNC: &str = r"
    > PING @0
    <
    > REPLCONF LISTENING-PORT ? @0
    <
    > REPLCONF CAPA ? ? ? @0
    <
    > PSYNC ? ? @0
    <
    Opaque
";
