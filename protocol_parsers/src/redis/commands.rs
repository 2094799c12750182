//! The commands of Redis, Valkey and their usual modules: which arguments name things and which are values.
//!
//! A pattern says for each argument after the command's name whether it may be shown. What a pattern does not name is
//! hidden, so a new option of the server hides too much and never too little. Letters of a pattern:
//!
//! | letter | argument |
//! |---|---|
//! | `k` `f` | shown: a key or channel; a field, group, function or parameter |
//! | `v` | hidden |
//! | `d` | shown if it is a short number (database index, protocol version), else hidden |
//! | `o` | shown if it is one of [`is_option_word`], else hidden |
//! | `n` | a number of keys that follow, and then the keys |
//! | `(`...`)` | repeated for the rest |
//! | `K` | the rest: keys, but the last is hidden (a timeout, a path) |
//! | `s` `t` `m` `h` | the rest, as `o`: keys after STREAMS; one key after STORE; keys after KEYS; no keys. In `m` and `h` the arguments of AUTH are hidden even if they look like an option |
//! | `x` | the options of XADD and the entry's id |
//! | `@` | a subcommand; both words together have their own line |

use super::resp::Family;

/// What a command does to the state of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing: one request, one reply.
    Plain,
    /// Changes the database.
    Select,
    /// Opens a transaction.
    Multi,
    /// Ends it.
    Exec,
    /// Ends it without effect.
    Discard,
    /// Back to the state of a fresh connection.
    Reset,
    /// One confirmation for each channel.
    Subscribe(Family),
    /// The same; without a channel: for each one subscribed, or one.
    Unsubscribe(Family),
    /// Turns replies off and on.
    ClientReply,
    /// Between replica and master; REPLCONF ACK has no reply.
    Replconf,
    /// Turns the connection into a replication stream.
    Psync,
    /// The same without a handshake.
    Sync,
}

/// One command, or one subcommand ("CONFIG GET").
#[derive(Debug)]
pub(super) struct Command {
    /// As documented: upper case.
    pub name: &'static str,
    /// See the module.
    pub pattern: &'static str,
    /// What it does to the connection.
    pub role: Role,
}

const fn plain(name: &'static str, pattern: &'static str) -> Command {
    Command {
        name,
        pattern,
        role: Role::Plain,
    }
}

const fn special(name: &'static str, pattern: &'static str, role: Role) -> Command {
    Command { name, pattern, role }
}

/// The longest name that is looked at; the longest known one has 34 letters with its subcommand.
pub(super) const MAX_NAME: usize = 40;

/// A name in upper case, on the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    bytes: [u8; MAX_NAME],
    length: usize,
}

impl Name {
    /// `None` when it cannot be the name of a command: empty, too long, or of other characters than names have.
    pub(super) fn new(name: &[u8]) -> Option<Self> {
        Self {
            bytes: [0; MAX_NAME],
            length: 0,
        }
        .with(name)
    }

    /// This name, a blank and a subcommand.
    pub(super) fn sub(command: &str, subcommand: &[u8]) -> Option<Self> {
        let mut name = Self::new(command.as_bytes())?;
        *name.bytes.get_mut(name.length)? = b' ';
        name.length += 1;
        name.with(subcommand)
    }

    fn with(mut self, more: &[u8]) -> Option<Self> {
        let end = self.length.checked_add(more.len())?;
        let room = self.bytes.get_mut(self.length..end)?;
        for (to, from) in room.iter_mut().zip(more) {
            *to = from.to_ascii_uppercase();
            if !matches!(to, b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-') {
                return None;
            }
        }
        self.length = end;
        (!more.is_empty()).then_some(self)
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// The command of this name.
pub(super) fn find(name: &Name) -> Option<&'static Command> {
    let name = name.as_str();
    COMMANDS
        .binary_search_by(|command| command.name.cmp(name))
        .ok()
        .and_then(|at| COMMANDS.get(at))
}

/// Whether a known command's name begins with these letters.
pub(super) fn begins(front: &Name) -> bool {
    let front = front.as_str();
    let at = COMMANDS.partition_point(|command| command.name < front);
    COMMANDS.get(at).is_some_and(|command| command.name.starts_with(front))
}

/// The longest option word.
pub(super) const MAX_OPTION: usize = 16;

/// Whether this argument is a word of the language and no value. Only words of this list are ever shown in its place.
pub(super) fn is_option_word(word: &str) -> bool {
    OPTIONS.binary_search(&word).is_ok()
}

/// Sorted, because it is searched.
static OPTIONS: &[&str] = &[
    "*",
    "=",
    "ABORT",
    "ABSTTL",
    "AC",
    "ACK",
    "ACKED",
    "ACLCAT",
    "ADDR",
    "AFTER",
    "AGGREGATE",
    "ALL",
    "ALLOW-BUSY",
    "ALPHA",
    "AND",
    "ANDOR",
    "ANY",
    "ASC",
    "ASYNC",
    "AUTH",
    "AUTH2",
    "BCAST",
    "BEFORE",
    "BIT",
    "BLOCK",
    "BY",
    "BYBOX",
    "BYLEX",
    "BYRADIUS",
    "BYSCORE",
    "BYTE",
    "BYVAL",
    "CAPA",
    "CH",
    "CLAIM",
    "COPY",
    "COUNT",
    "DB",
    "DEL",
    "DELREF",
    "DESC",
    "DIFF",
    "DIFF1",
    "ENTRIESADDED",
    "ENTRIESREAD",
    "ERROR",
    "EX",
    "EXAT",
    "EXT",
    "FAIL",
    "FIELDS",
    "FILTERBY",
    "FNX",
    "FORCE",
    "FREQ",
    "FROMLONLAT",
    "FROMMEMBER",
    "FT",
    "FULL",
    "FXX",
    "GET",
    "GETACK",
    "GROUP",
    "GT",
    "HARD",
    "ID",
    "IDLE",
    "IDLETIME",
    "IDX",
    "IFDEQ",
    "IFDNE",
    "IFEQ",
    "IFNE",
    "IMPORTING",
    "INCR",
    "INCRBY",
    "IP-ADDRESS",
    "JUSTID",
    "KEEPREF",
    "KEEPTTL",
    "KEYS",
    "KM",
    "LADDR",
    "LASTID",
    "LEFT",
    "LEN",
    "LIB-NAME",
    "LIB-VER",
    "LIBRARYNAME",
    "LIMIT",
    "LISTENING-PORT",
    "LT",
    "M",
    "MASTER",
    "MATCH",
    "MAX",
    "MAXAGE",
    "MAXDELETEDID",
    "MAXLEN",
    "MI",
    "MIGRATING",
    "MIN",
    "MINID",
    "MINMATCHLEN",
    "MKSTREAM",
    "MODULE",
    "NO",
    "NOACK",
    "NODE",
    "NOLOOP",
    "NOMKSTREAM",
    "NORMAL",
    "NOSAVE",
    "NOT",
    "NOVALUES",
    "NOW",
    "NX",
    "OFF",
    "ON",
    "ONE",
    "OPTIN",
    "OPTOUT",
    "OR",
    "OVERFLOW",
    "PATTERN",
    "PERSIST",
    "PREFIX",
    "PUBSUB",
    "PX",
    "PXAT",
    "RANK",
    "RDB-ONLY",
    "READ",
    "REDIRECT",
    "REPLACE",
    "REPLICA",
    "RESET",
    "RETRYCOUNT",
    "REV",
    "RIGHT",
    "SAMPLES",
    "SAT",
    "SAVE",
    "SCHEDULE",
    "SCORE",
    "SET",
    "SETNAME",
    "SKIP",
    "SKIPME",
    "SLAVE",
    "SOFT",
    "STABLE",
    "STORE",
    "STOREDIST",
    "STREAMS",
    "SUM",
    "SYNC",
    "TAKEOVER",
    "TIME",
    "TIMEOUT",
    "TO",
    "TYPE",
    "USER",
    "VERSION",
    "WEIGHTS",
    "WITHATTRIBS",
    "WITHCODE",
    "WITHCOORD",
    "WITHDIST",
    "WITHHASH",
    "WITHMATCHLEN",
    "WITHSCORE",
    "WITHSCORES",
    "WITHVALUES",
    "WRAP",
    "WRITE",
    "XOR",
    "XX",
    "YES",
    "~",
];

/// Sorted by name, because it is searched. The servers' own commands up to Redis 8 and Valkey 8, Sentinel, and the
/// modules that ship with them.
static COMMANDS: &[Command] = &[
    plain("ACL", "@"),
    plain("ACL CAT", "f"),
    plain("ACL DELUSER", "(v)"),
    plain("ACL DRYRUN", "vf(v)"),
    plain("ACL GENPASS", "v"),
    plain("ACL GETUSER", "v"),
    plain("ACL HELP", ""),
    plain("ACL LIST", ""),
    plain("ACL LOAD", ""),
    plain("ACL LOG", "o"),
    plain("ACL SAVE", ""),
    plain("ACL SETUSER", "(v)"),
    plain("ACL USERS", ""),
    plain("ACL WHOAMI", ""),
    plain("APPEND", "kv"),
    plain("ASKING", ""),
    plain("AUTH", "(v)"),
    plain("BF.ADD", "k(v)"),
    plain("BF.CARD", "k"),
    plain("BF.EXISTS", "k(v)"),
    plain("BF.INFO", "k(o)"),
    plain("BF.INSERT", "k(v)"),
    plain("BF.MADD", "k(v)"),
    plain("BF.MEXISTS", "k(v)"),
    plain("BF.RESERVE", "k(v)"),
    plain("BGREWRITEAOF", ""),
    plain("BGSAVE", "o"),
    plain("BITCOUNT", "k(o)"),
    plain("BITFIELD", "k(o)"),
    plain("BITFIELD_RO", "k(o)"),
    plain("BITOP", "o(k)"),
    plain("BITPOS", "k(o)"),
    plain("BLMOVE", "kkoov"),
    plain("BLMPOP", "vn(o)"),
    plain("BLPOP", "K"),
    plain("BRPOP", "K"),
    plain("BRPOPLPUSH", "kkv"),
    plain("BZMPOP", "vn(o)"),
    plain("BZPOPMAX", "K"),
    plain("BZPOPMIN", "K"),
    plain("CF.ADD", "k(v)"),
    plain("CF.ADDNX", "k(v)"),
    plain("CF.COUNT", "k(v)"),
    plain("CF.DEL", "k(v)"),
    plain("CF.EXISTS", "k(v)"),
    plain("CF.INSERT", "k(v)"),
    plain("CF.RESERVE", "k(v)"),
    plain("CLIENT", "@"),
    plain("CLIENT CACHING", "o"),
    plain("CLIENT CAPA", "(v)"),
    plain("CLIENT GETNAME", ""),
    plain("CLIENT GETREDIR", ""),
    plain("CLIENT HELP", ""),
    plain("CLIENT ID", ""),
    plain("CLIENT IMPORT-SOURCE", "o"),
    plain("CLIENT INFO", ""),
    plain("CLIENT KILL", "(o)"),
    plain("CLIENT LIST", "(o)"),
    plain("CLIENT NO-EVICT", "o"),
    plain("CLIENT NO-TOUCH", "o"),
    plain("CLIENT PAUSE", "vo"),
    special("CLIENT REPLY", "o", Role::ClientReply),
    plain("CLIENT SETINFO", "ov"),
    plain("CLIENT SETNAME", "v"),
    plain("CLIENT TRACKING", "(o)"),
    plain("CLIENT TRACKINGINFO", ""),
    plain("CLIENT UNBLOCK", "vo"),
    plain("CLIENT UNPAUSE", ""),
    plain("CLUSTER", "@"),
    plain("CLUSTER ADDSLOTS", "(v)"),
    plain("CLUSTER ADDSLOTSRANGE", "(v)"),
    plain("CLUSTER BUMPEPOCH", ""),
    plain("CLUSTER COUNT-FAILURE-REPORTS", "v"),
    plain("CLUSTER COUNTKEYSINSLOT", "v"),
    plain("CLUSTER DELSLOTS", "(v)"),
    plain("CLUSTER DELSLOTSRANGE", "(v)"),
    plain("CLUSTER FAILOVER", "o"),
    plain("CLUSTER FLUSHSLOTS", ""),
    plain("CLUSTER FORGET", "v"),
    plain("CLUSTER GETKEYSINSLOT", "vv"),
    plain("CLUSTER HELP", ""),
    plain("CLUSTER INFO", ""),
    plain("CLUSTER KEYSLOT", "k"),
    plain("CLUSTER LINKS", ""),
    plain("CLUSTER MEET", "(v)"),
    plain("CLUSTER MYID", ""),
    plain("CLUSTER MYSHARDID", ""),
    plain("CLUSTER NODES", ""),
    plain("CLUSTER REPLICAS", "v"),
    plain("CLUSTER REPLICATE", "v"),
    plain("CLUSTER RESET", "o"),
    plain("CLUSTER SAVECONFIG", ""),
    plain("CLUSTER SET-CONFIG-EPOCH", "v"),
    plain("CLUSTER SETSLOT", "(o)"),
    plain("CLUSTER SHARDS", ""),
    plain("CLUSTER SLAVES", "v"),
    plain("CLUSTER SLOT-STATS", "(o)"),
    plain("CLUSTER SLOTS", ""),
    plain("CMS.INCRBY", "k(v)"),
    plain("CMS.QUERY", "k(v)"),
    plain("COMMAND", "@"),
    plain("COMMAND COUNT", ""),
    plain("COMMAND DOCS", "(f)"),
    plain("COMMAND GETKEYS", "(v)"),
    plain("COMMAND GETKEYSANDFLAGS", "(v)"),
    plain("COMMAND HELP", ""),
    plain("COMMAND INFO", "(f)"),
    plain("COMMAND LIST", "(o)"),
    plain("CONFIG", "@"),
    plain("CONFIG GET", "(f)"),
    plain("CONFIG HELP", ""),
    plain("CONFIG RESETSTAT", ""),
    plain("CONFIG REWRITE", ""),
    plain("CONFIG SET", "(fv)"),
    plain("COPY", "kk(o)"),
    plain("DBSIZE", ""),
    plain("DEBUG", "@"),
    plain("DEBUG CHANGE-REPL-ID", ""),
    plain("DEBUG DIGEST", ""),
    plain("DEBUG DIGEST-VALUE", "(k)"),
    plain("DEBUG JMAP", ""),
    plain("DEBUG LISTPACK", "k"),
    plain("DEBUG LOADAOF", ""),
    plain("DEBUG OBJECT", "k"),
    plain("DEBUG PROTOCOL", "f"),
    plain("DEBUG QUICKLIST", "k"),
    plain("DEBUG RELOAD", "(o)"),
    plain("DEBUG SEGFAULT", ""),
    plain("DEBUG SET-ACTIVE-EXPIRE", "v"),
    plain("DEBUG SLEEP", "v"),
    plain("DECR", "k"),
    plain("DECRBY", "kv"),
    plain("DEL", "(k)"),
    plain("DELEX", "k(o)"),
    plain("DIGEST", "k"),
    special("DISCARD", "", Role::Discard),
    plain("DUMP", "k"),
    plain("ECHO", "v"),
    plain("EVAL", "vn(v)"),
    plain("EVALSHA", "fn(v)"),
    plain("EVALSHA_RO", "fn(v)"),
    plain("EVAL_RO", "vn(v)"),
    special("EXEC", "", Role::Exec),
    plain("EXISTS", "(k)"),
    plain("EXPIRE", "kv(o)"),
    plain("EXPIREAT", "kv(o)"),
    plain("EXPIRETIME", "k"),
    plain("FAILOVER", "(o)"),
    plain("FCALL", "fn(v)"),
    plain("FCALL_RO", "fn(v)"),
    plain("FLUSHALL", "o"),
    plain("FLUSHDB", "o"),
    plain("FT.AGGREGATE", "k(v)"),
    plain("FT.ALTER", "k(v)"),
    plain("FT.CREATE", "k(v)"),
    plain("FT.CURSOR", "ok(v)"),
    plain("FT.DROPINDEX", "k(o)"),
    plain("FT.EXPLAIN", "k(v)"),
    plain("FT.INFO", "k"),
    plain("FT.PROFILE", "k(v)"),
    plain("FT.SEARCH", "k(v)"),
    plain("FT.SUGADD", "k(v)"),
    plain("FT.SUGGET", "k(v)"),
    plain("FT._LIST", ""),
    plain("FUNCTION", "@"),
    plain("FUNCTION DELETE", "f"),
    plain("FUNCTION DUMP", ""),
    plain("FUNCTION FLUSH", "o"),
    plain("FUNCTION HELP", ""),
    plain("FUNCTION KILL", ""),
    plain("FUNCTION LIST", "(o)"),
    plain("FUNCTION LOAD", "(o)"),
    plain("FUNCTION RESTORE", "vo"),
    plain("FUNCTION STATS", ""),
    plain("GEOADD", "k(o)"),
    plain("GEODIST", "k(o)"),
    plain("GEOHASH", "k(v)"),
    plain("GEOPOS", "k(v)"),
    plain("GEORADIUS", "kt"),
    plain("GEORADIUSBYMEMBER", "kvt"),
    plain("GEORADIUSBYMEMBER_RO", "kv(o)"),
    plain("GEORADIUS_RO", "k(o)"),
    plain("GEOSEARCH", "k(o)"),
    plain("GEOSEARCHSTORE", "kk(o)"),
    plain("GET", "k"),
    plain("GETBIT", "kv"),
    plain("GETDEL", "k"),
    plain("GETEX", "k(o)"),
    plain("GETRANGE", "kv"),
    plain("GETSET", "kv"),
    plain("HDEL", "k(f)"),
    plain("HELLO", "dh"),
    plain("HEXISTS", "kf"),
    plain("HEXPIRE", "kv(o)"),
    plain("HEXPIREAT", "kv(o)"),
    plain("HEXPIRETIME", "k(o)"),
    plain("HGET", "kf"),
    plain("HGETALL", "k"),
    plain("HGETDEL", "k(o)"),
    plain("HGETEX", "k(o)"),
    plain("HINCRBY", "kfv"),
    plain("HINCRBYFLOAT", "kfv"),
    plain("HKEYS", "k"),
    plain("HLEN", "k"),
    plain("HMGET", "k(f)"),
    plain("HMSET", "k(fv)"),
    plain("HPERSIST", "k(o)"),
    plain("HPEXPIRE", "kv(o)"),
    plain("HPEXPIREAT", "kv(o)"),
    plain("HPEXPIRETIME", "k(o)"),
    plain("HPTTL", "k(o)"),
    plain("HRANDFIELD", "k(o)"),
    plain("HSCAN", "kv(o)"),
    plain("HSET", "k(fv)"),
    plain("HSETEX", "k(o)"),
    plain("HSETNX", "kfv"),
    plain("HSTRLEN", "kf"),
    plain("HTTL", "k(o)"),
    plain("HVALS", "k"),
    plain("INCR", "k"),
    plain("INCRBY", "kv"),
    plain("INCRBYFLOAT", "kv"),
    plain("INFO", "(f)"),
    plain("JSON.ARRAPPEND", "k(v)"),
    plain("JSON.ARRINDEX", "k(v)"),
    plain("JSON.ARRINSERT", "k(v)"),
    plain("JSON.ARRLEN", "k(v)"),
    plain("JSON.ARRPOP", "k(v)"),
    plain("JSON.ARRTRIM", "k(v)"),
    plain("JSON.CLEAR", "k(v)"),
    plain("JSON.DEL", "k(v)"),
    plain("JSON.FORGET", "k(v)"),
    plain("JSON.GET", "k(v)"),
    plain("JSON.MERGE", "k(v)"),
    plain("JSON.MGET", "K"),
    plain("JSON.MSET", "(kvv)"),
    plain("JSON.NUMINCRBY", "k(v)"),
    plain("JSON.NUMMULTBY", "k(v)"),
    plain("JSON.OBJKEYS", "k(v)"),
    plain("JSON.OBJLEN", "k(v)"),
    plain("JSON.SET", "k(v)"),
    plain("JSON.STRAPPEND", "k(v)"),
    plain("JSON.STRLEN", "k(v)"),
    plain("JSON.TOGGLE", "k(v)"),
    plain("JSON.TYPE", "k(v)"),
    plain("KEYS", "k"),
    plain("LASTSAVE", ""),
    plain("LATENCY", "@"),
    plain("LATENCY DOCTOR", ""),
    plain("LATENCY GRAPH", "f"),
    plain("LATENCY HELP", ""),
    plain("LATENCY HISTOGRAM", "(f)"),
    plain("LATENCY HISTORY", "f"),
    plain("LATENCY LATEST", ""),
    plain("LATENCY RESET", "(f)"),
    plain("LCS", "kk(o)"),
    plain("LINDEX", "kv"),
    plain("LINSERT", "kovv"),
    plain("LLEN", "k"),
    plain("LMOVE", "kkoo"),
    plain("LMPOP", "n(o)"),
    plain("LOLWUT", "(o)"),
    plain("LPOP", "kv"),
    plain("LPOS", "kv(o)"),
    plain("LPUSH", "k(v)"),
    plain("LPUSHX", "k(v)"),
    plain("LRANGE", "kv"),
    plain("LREM", "kv"),
    plain("LSET", "kv"),
    plain("LTRIM", "kv"),
    plain("MEMORY", "@"),
    plain("MEMORY DOCTOR", ""),
    plain("MEMORY HELP", ""),
    plain("MEMORY MALLOC-STATS", ""),
    plain("MEMORY PURGE", ""),
    plain("MEMORY STATS", ""),
    plain("MEMORY USAGE", "k(o)"),
    plain("MGET", "(k)"),
    plain("MIGRATE", "vvkvvm"),
    plain("MODULE", "@"),
    plain("MODULE HELP", ""),
    plain("MODULE LIST", ""),
    plain("MODULE LOAD", "f(v)"),
    plain("MODULE LOADEX", "f(v)"),
    plain("MODULE UNLOAD", "f"),
    plain("MONITOR", ""),
    plain("MOVE", "kd"),
    plain("MSET", "(kv)"),
    plain("MSETEX", "v(v)"),
    plain("MSETNX", "(kv)"),
    special("MULTI", "", Role::Multi),
    plain("OBJECT", "@"),
    plain("OBJECT ENCODING", "k"),
    plain("OBJECT FREQ", "k"),
    plain("OBJECT HELP", ""),
    plain("OBJECT IDLETIME", "k"),
    plain("OBJECT REFCOUNT", "k"),
    plain("PERSIST", "k"),
    plain("PEXPIRE", "kv(o)"),
    plain("PEXPIREAT", "kv(o)"),
    plain("PEXPIRETIME", "k"),
    plain("PFADD", "k(v)"),
    plain("PFCOUNT", "(k)"),
    plain("PFDEBUG", "ok"),
    plain("PFMERGE", "(k)"),
    plain("PFSELFTEST", ""),
    plain("PING", "v"),
    plain("PSETEX", "kvv"),
    special("PSUBSCRIBE", "(k)", Role::Subscribe(Family::Pattern)),
    special("PSYNC", "(v)", Role::Psync),
    plain("PTTL", "k"),
    plain("PUBLISH", "kv"),
    plain("PUBSUB", "@"),
    plain("PUBSUB CHANNELS", "k"),
    plain("PUBSUB HELP", ""),
    plain("PUBSUB NUMPAT", ""),
    plain("PUBSUB NUMSUB", "(k)"),
    plain("PUBSUB SHARDCHANNELS", "k"),
    plain("PUBSUB SHARDNUMSUB", "(k)"),
    special("PUNSUBSCRIBE", "(k)", Role::Unsubscribe(Family::Pattern)),
    plain("QUIT", ""),
    plain("RANDOMKEY", ""),
    plain("READONLY", ""),
    plain("READWRITE", ""),
    plain("RENAME", "kk"),
    plain("RENAMENX", "kk"),
    special("REPLCONF", "o(v)", Role::Replconf),
    plain("REPLICAOF", "vv"),
    special("RESET", "", Role::Reset),
    plain("RESTORE", "kvv(o)"),
    plain("RESTORE-ASKING", "kvv(o)"),
    plain("ROLE", ""),
    plain("RPOP", "kv"),
    plain("RPOPLPUSH", "kk"),
    plain("RPUSH", "k(v)"),
    plain("RPUSHX", "k(v)"),
    plain("SADD", "k(v)"),
    plain("SAVE", ""),
    plain("SCAN", "v(o)"),
    plain("SCARD", "k"),
    plain("SCRIPT", "@"),
    plain("SCRIPT DEBUG", "o"),
    plain("SCRIPT EXISTS", "(f)"),
    plain("SCRIPT FLUSH", "o"),
    plain("SCRIPT HELP", ""),
    plain("SCRIPT KILL", ""),
    plain("SCRIPT LOAD", "v"),
    plain("SCRIPT SHOW", "f"),
    plain("SDIFF", "(k)"),
    plain("SDIFFSTORE", "(k)"),
    special("SELECT", "d", Role::Select),
    plain("SENTINEL", "@"),
    plain("SENTINEL CKQUORUM", "f"),
    plain("SENTINEL CONFIG", "(v)"),
    plain("SENTINEL FAILOVER", "f"),
    plain("SENTINEL FLUSHCONFIG", ""),
    plain("SENTINEL GET-MASTER-ADDR-BY-NAME", "f"),
    plain("SENTINEL GET-PRIMARY-ADDR-BY-NAME", "f"),
    plain("SENTINEL HELP", ""),
    plain("SENTINEL INFO-CACHE", "(f)"),
    plain("SENTINEL IS-MASTER-DOWN-BY-ADDR", "(v)"),
    plain("SENTINEL MASTER", "f"),
    plain("SENTINEL MASTERS", ""),
    plain("SENTINEL MONITOR", "f(v)"),
    plain("SENTINEL MYID", ""),
    plain("SENTINEL REMOVE", "f"),
    plain("SENTINEL REPLICAS", "f"),
    plain("SENTINEL RESET", "f"),
    plain("SENTINEL SENTINELS", "f"),
    plain("SENTINEL SET", "f(v)"),
    plain("SENTINEL SLAVES", "f"),
    plain("SET", "kv(o)"),
    plain("SETBIT", "kv"),
    plain("SETEX", "kvv"),
    plain("SETNX", "kv"),
    plain("SETRANGE", "kv"),
    plain("SHUTDOWN", "(o)"),
    plain("SINTER", "(k)"),
    plain("SINTERCARD", "n(o)"),
    plain("SINTERSTORE", "(k)"),
    plain("SISMEMBER", "kv"),
    plain("SLAVEOF", "vv"),
    plain("SLOWLOG", "@"),
    plain("SLOWLOG GET", "v"),
    plain("SLOWLOG HELP", ""),
    plain("SLOWLOG LEN", ""),
    plain("SLOWLOG RESET", ""),
    plain("SMEMBERS", "k"),
    plain("SMISMEMBER", "k(v)"),
    plain("SMOVE", "kkv"),
    plain("SORT", "kt"),
    plain("SORT_RO", "k(o)"),
    plain("SPOP", "kv"),
    plain("SPUBLISH", "kv"),
    plain("SRANDMEMBER", "kv"),
    plain("SREM", "k(v)"),
    plain("SSCAN", "kv(o)"),
    special("SSUBSCRIBE", "(k)", Role::Subscribe(Family::Shard)),
    plain("STRLEN", "k"),
    special("SUBSCRIBE", "(k)", Role::Subscribe(Family::Channel)),
    plain("SUBSTR", "kv"),
    plain("SUNION", "(k)"),
    plain("SUNIONSTORE", "(k)"),
    special("SUNSUBSCRIBE", "(k)", Role::Unsubscribe(Family::Shard)),
    plain("SWAPDB", "dd"),
    special("SYNC", "", Role::Sync),
    plain("TDIGEST.ADD", "k(v)"),
    plain("TDIGEST.CREATE", "k(v)"),
    plain("TDIGEST.QUANTILE", "k(v)"),
    plain("TIME", ""),
    plain("TOPK.ADD", "k(v)"),
    plain("TOPK.LIST", "k(o)"),
    plain("TOPK.QUERY", "k(v)"),
    plain("TOPK.RESERVE", "k(v)"),
    plain("TOUCH", "(k)"),
    plain("TS.ADD", "k(v)"),
    plain("TS.CREATE", "k(v)"),
    plain("TS.GET", "k(v)"),
    plain("TS.INCRBY", "k(v)"),
    plain("TS.INFO", "k(v)"),
    plain("TS.MADD", "(kvv)"),
    plain("TS.MGET", "(v)"),
    plain("TS.MRANGE", "(v)"),
    plain("TS.RANGE", "k(v)"),
    plain("TS.REVRANGE", "k(v)"),
    plain("TTL", "k"),
    plain("TYPE", "k"),
    plain("UNLINK", "(k)"),
    special("UNSUBSCRIBE", "(k)", Role::Unsubscribe(Family::Channel)),
    plain("UNWATCH", ""),
    plain("VADD", "k(v)"),
    plain("VCARD", "k"),
    plain("VDIM", "k"),
    plain("VEMB", "k(v)"),
    plain("VGETATTR", "k(v)"),
    plain("VINFO", "k"),
    plain("VREM", "k(v)"),
    plain("VSETATTR", "k(v)"),
    plain("VSIM", "k(v)"),
    plain("WAIT", "vv"),
    plain("WAITAOF", "vv"),
    plain("WATCH", "(k)"),
    plain("XACK", "kf(v)"),
    plain("XACKDEL", "kf(o)"),
    plain("XADD", "kx(fv)"),
    plain("XAUTOCLAIM", "kf(o)"),
    plain("XCLAIM", "kf(o)"),
    plain("XDEL", "k(v)"),
    plain("XDELEX", "k(o)"),
    plain("XGROUP", "@"),
    plain("XGROUP CREATE", "kf(o)"),
    plain("XGROUP CREATECONSUMER", "kfv"),
    plain("XGROUP DELCONSUMER", "kfv"),
    plain("XGROUP DESTROY", "kf"),
    plain("XGROUP HELP", ""),
    plain("XGROUP SETID", "kf(o)"),
    plain("XINFO", "@"),
    plain("XINFO CONSUMERS", "kf"),
    plain("XINFO GROUPS", "k"),
    plain("XINFO HELP", ""),
    plain("XINFO STREAM", "k(o)"),
    plain("XLEN", "k"),
    plain("XPENDING", "kf(o)"),
    plain("XRANGE", "kvv(o)"),
    plain("XREAD", "s"),
    plain("XREADGROUP", "ofvs"),
    plain("XREVRANGE", "kvv(o)"),
    plain("XSETID", "kv(o)"),
    plain("XTRIM", "k(o)"),
    plain("ZADD", "k(o)"),
    plain("ZCARD", "k"),
    plain("ZCOUNT", "kv"),
    plain("ZDIFF", "n(o)"),
    plain("ZDIFFSTORE", "kn"),
    plain("ZINCRBY", "kv"),
    plain("ZINTER", "n(o)"),
    plain("ZINTERCARD", "n(o)"),
    plain("ZINTERSTORE", "kn(o)"),
    plain("ZLEXCOUNT", "kv"),
    plain("ZMPOP", "n(o)"),
    plain("ZMSCORE", "k(v)"),
    plain("ZPOPMAX", "kv"),
    plain("ZPOPMIN", "kv"),
    plain("ZRANDMEMBER", "k(o)"),
    plain("ZRANGE", "kvv(o)"),
    plain("ZRANGEBYLEX", "kvv(o)"),
    plain("ZRANGEBYSCORE", "kvv(o)"),
    plain("ZRANGESTORE", "kkvv(o)"),
    plain("ZRANK", "kv(o)"),
    plain("ZREM", "k(v)"),
    plain("ZREMRANGEBYLEX", "kv"),
    plain("ZREMRANGEBYRANK", "kv"),
    plain("ZREMRANGEBYSCORE", "kv"),
    plain("ZREVRANGE", "kvv(o)"),
    plain("ZREVRANGEBYLEX", "kvv(o)"),
    plain("ZREVRANGEBYSCORE", "kvv(o)"),
    plain("ZREVRANK", "kv(o)"),
    plain("ZSCAN", "kv(o)"),
    plain("ZSCORE", "kv"),
    plain("ZUNION", "n(o)"),
    plain("ZUNIONSTORE", "kn(o)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_are_sorted_and_hold_nothing_twice() {
        assert!(COMMANDS.is_sorted_by(|one, next| one.name < next.name));
        assert!(OPTIONS.is_sorted_by(|one, next| one < next));
        assert!(OPTIONS.iter().all(|word| word.len() <= MAX_OPTION));
    }

    #[test]
    fn every_command_is_found_under_its_own_name_in_any_case() {
        for command in COMMANDS {
            let lower = command.name.to_ascii_lowercase();
            let name = match lower.split_once(' ') {
                Some((first, second)) => Name::sub(&first.to_ascii_uppercase(), second.as_bytes()),
                None => Name::new(lower.as_bytes()),
            };
            let name = name.unwrap_or_else(|| panic!("{lower} is no name"));
            assert_eq!(find(&name).map(|found| found.name), Some(command.name));
        }
    }

    #[test]
    fn every_pattern_uses_known_letters_and_closes_what_it_opens() {
        for command in COMMANDS {
            let pattern = command.pattern;
            assert!(
                pattern.bytes().all(|letter| b"kfvdonK()stmhx@".contains(&letter)),
                "{pattern}"
            );
            assert_eq!(
                pattern.contains('('),
                pattern.ends_with(')'),
                "{}: a group is last",
                command.name
            );
            assert!(
                !pattern.contains("()"),
                "{}: an empty group would never end",
                command.name
            );
        }
    }

    #[test]
    fn a_name_has_letters_of_names_only() {
        assert!(Name::new(b"").is_none());
        assert!(Name::new(b"GET\x00").is_none());
        assert!(Name::new(b"Host:").is_none());
        assert!(Name::new(&[b'A'; MAX_NAME + 1]).is_none());
        assert!(begins(&Name::new(b"subs").expect("a name")));
        assert!(!begins(&Name::new(b"subx").expect("a name")));
    }
}
