//! What an error reply may say in a span: its prefix, and the server's own words up to the first that can be the user's.
//!
//! Errors quote arguments, user names and whatever a script puts into them. So nothing is ever copied from an error but
//! its prefix; the text is one of the server's that is written here, shown when the error begins with it.

use crate::message::{Facts, Failure, FailureSide, Text};

/// Prefixes are short: the longest of the server has 11 letters (CLUSTERDOWN), scripts choose their own.
const MAX_PREFIX: usize = 32;

/// `error.type` when the prefix is none of low cardinality, as OpenTelemetry spells it.
const OTHER: &str = "_OTHER";

/// The facts of a response that is an error; `text` is without its type byte and line end, and may be cut.
pub(super) fn failed(text: &[u8]) -> Facts {
    let prefix = prefix(text);
    let kind = Text::new(prefix.unwrap_or(OTHER));
    let message = prefix.and_then(|prefix| {
        let rest = text.get(prefix.len() + 1..).unwrap_or_default();
        TEXTS
            .iter()
            .find(|known| rest.starts_with(known.as_bytes()))
            .map(|known| Text::const_new(known))
    });
    let mut facts = Facts::default();
    if prefix.is_some() {
        facts.text("db.response.status_code", kind.clone());
    }
    facts.failure = Some(Failure {
        kind,
        message,
        side: FailureSide::Both,
    });
    facts
}

/// The word of capitals in front.
fn prefix(text: &[u8]) -> Option<&str> {
    let end = text
        .iter()
        .take(MAX_PREFIX + 1)
        .position(|byte| *byte == b' ')
        .unwrap_or(text.len());
    let word = text.get(..end).filter(|word| word.len() <= MAX_PREFIX)?;
    let capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let named = word.first().is_some_and(u8::is_ascii_uppercase) && word.iter().all(capital);
    std::str::from_utf8(word).ok().filter(|_| named)
}

/// How errors of the servers begin, after their prefix. A longer one stands before a shorter one it begins with.
static TEXTS: &[&str] = &[
    "unknown command",
    "unknown subcommand",
    "wrong number of arguments",
    "syntax error",
    "value is not an integer or out of range",
    "value is not a valid float",
    "value is out of range",
    "min or max is not a float",
    "min or max not valid string range item",
    "increment or decrement would overflow",
    "increment would produce NaN or Infinity",
    "hash value is not an integer",
    "hash value is not a float",
    "index out of range",
    "offset is out of range",
    "bit offset is not an integer or out of range",
    "bit is not an integer or out of range",
    "string exceeds maximum allowed size",
    "no such key",
    "source and destination objects are the same",
    "invalid expire time",
    "invalid DB index",
    "DB index is out of range",
    "SELECT is not allowed in cluster mode",
    "invalid cursor",
    "timeout is not a float or out of range",
    "timeout is negative",
    "timeout is out of range",
    "numkeys should be greater than 0",
    "Number of keys can't be greater than number of args",
    "Number of keys can't be negative",
    "Error compiling script",
    "Error running script",
    "Function not found",
    "Library not found",
    "Operation against a key holding the wrong kind of value",
    "Authentication required.",
    "HELLO must be called with the client already authenticated",
    "invalid username-password pair or user is disabled.",
    "invalid password",
    "AUTH <password> called without any password configured",
    "Client sent AUTH, but no password is set",
    "max number of clients reached",
    "max number of clients + cluster connections reached",
    "MULTI calls can not be nested",
    "EXEC without MULTI",
    "DISCARD without MULTI",
    "WATCH inside MULTI is not allowed",
    "Transaction discarded because of",
    "Can't execute",
    "command not allowed when used memory",
    "Redis is loading the dataset in memory",
    "Valkey is loading the dataset in memory",
    "Redis is busy running a script",
    "Valkey is busy running a script",
    "No matching script",
    "No scripts in execution right now.",
    "You can't write against a read only replica.",
    "Not enough good replicas to write.",
    "Link with MASTER is down and replica-serve-stale-data",
    "Redis is configured to save RDB snapshots",
    "Errors writing to the AOF file",
    "Consumer Group name already exists",
    "No such key",
    "No such consumer group",
    "The XGROUP subcommand requires the key to exist",
    "The ID specified in XADD is equal or smaller than",
    "The ID specified in XADD must be greater than 0-0",
    "Invalid stream ID specified as stream command argument",
    "Unbalanced",
    "UNBLOCKED",
    "client unblocked via CLIENT UNBLOCK",
    "unsupported protocol version",
    "Hash slot not served",
    "The cluster is down",
    "CROSSSLOT Keys in request don't hash to the same slot",
    "Keys in request don't hash to the same slot",
    "Multiple keys request during rehashing of slot",
    "This instance has cluster support disabled",
    "Target key name already exists.",
    "Bad data format",
    "DUMP payload version or checksum are wrong",
    "this user has no permissions to",
    "Protocol error",
    "XX and NX options at the same time are not compatible",
    "GT, LT, and/or NX options at the same time are not compatible",
    "resulting score is not a number (NaN)",
    "weight value is not a float",
    "invalid longitude,latitude pair",
    "need longitude and latitude values",
    "could not decode requested zset member",
    "Unrecognized",
    "Unknown option or number of arguments for CONFIG SET",
    "CONFIG SET failed",
    "Background save already in progress",
    "Background append only file rewriting already in progress",
    "no such user",
    "No such client",
    "Replica can't interact with the keyspace",
];
