//! One record of the stream that every source produces: the kernel, user space (what /proc says, the clock), a
//! recording, a packet capture. Mirrors `bpf_programs/event.h`; decoding checks every length and copies no payload.

use serde::{Deserialize, Serialize};

/// Identifies a connection within one stream of events.
pub type ConnectionId = u64;

/// Which way bytes went, seen from the socket's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Written by the process that owns the socket.
    Sent,
    /// Read by it.
    Received,
}

/// Who opened a connection, as far as the source knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Late attach, socketpair, capture without SYN: the protocol will tell.
    Unknown,
    /// The socket's owner connected.
    Client,
    /// The socket's owner accepted.
    Server,
}

/// Where a connection was seen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// In the process that owns the socket.
    Process,
    /// On the network between both ends (packet capture): "local" is the client, or the first sender if unknown.
    Network,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Internet address and port. IPv4-mapped IPv6 addresses are given as IPv4.
    Inet(std::net::SocketAddr),
    /// UNIX socket: path, `@name` for the abstract namespace, empty when unnamed.
    Unix(String),
}

/// What is common to all events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// CLOCK_MONOTONIC nanoseconds of the machine that captured (for packet captures: UNIX nanoseconds).
    pub time_ns: u64,
    /// 0 when the event is about no connection.
    pub connection: ConnectionId,
    /// Process; 0 when unknown.
    pub tgid: u32,
    /// Thread; 0 when unknown.
    pub tid: u32,
}

/// A connection was met.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Socket inode number (0 in packet captures).
    pub socket: u64,
    /// Network namespace inode number (0 in packet captures).
    pub netns: u32,
    /// Who connected.
    pub role: Role,
    /// Seen from where.
    pub vantage: Vantage,
    /// No byte moved before this event. When false, the connection was met in its middle.
    pub fresh: bool,
    /// The socket's own end.
    pub local: Endpoint,
    /// The other end.
    pub remote: Endpoint,
    /// Positions of the next byte each way at this moment.
    pub sent: u64,
    /// See `sent`.
    pub received: u64,
    /// Positions are 32-bit TCP sequence numbers (they wrap); else they count bytes from 0.
    pub sequence: bool,
}

/// Bytes moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Data<'a> {
    /// Which way.
    pub way: Way,
    /// Position of the first byte; a jump against the bytes seen before is a hole.
    pub position: u64,
    /// `position` is a 32-bit TCP sequence number.
    pub sequence: bool,
    /// Bytes that moved; those beyond `bytes` were not captured.
    pub length: u32,
    /// The captured front of them: never longer than `length`.
    pub bytes: &'a [u8],
}

/// What user space knows of a process; the source of the span's resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// Process id in the initial namespace.
    pub pid: u32,
    /// Start time in clock ticks since boot: with the pid, unique in a boot.
    pub start_ticks: u64,
    /// Path of the executable.
    pub executable: String,
    /// Command line, only its first words (no secrets): executable and script.
    pub command: Vec<String>,
    /// OTEL_SERVICE_NAME, systemd unit, container, executable or script name, in this order.
    pub service: String,
    /// Where `service` was found: `env`, `systemd`, `container`, `executable`, `option`.
    pub service_source: String,
    /// `service.namespace`, `service.version`, ... from OTEL_RESOURCE_ATTRIBUTES.
    pub attributes: Vec<(String, String)>,
    /// Container id (64 hexadecimal digits), if it runs in one.
    pub container_id: String,
    /// User name or number.
    pub owner: String,
    /// Runtime name, if known (`cpython`, `go`, `nodejs`, `OpenJDK`): `process.runtime.name`.
    pub runtime: String,
}

/// Facts about the machine that captured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// /proc/sys/kernel/random/boot_id: makes ids unique across boots and hosts.
    pub boot_id: String,
    /// `host.name`.
    pub host_name: String,
    /// `host.id` (machine-id), empty when unknown.
    pub host_id: String,
    /// `host.arch` in OpenTelemetry's spelling.
    pub arch: String,
    /// Kernel release.
    pub kernel: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A connection was met.
    Open(Header, Open),
    /// Bytes moved.
    Data(Header, Data<'a>),
    /// One way ended: no byte follows.
    Eof(Header, Way),
    /// The connection is gone.
    Close(Header),
    /// A traced process (`parent`) has the child `header.tgid`.
    Fork(Header, u32),
    /// The process runs another program now; a `Process` event follows.
    Exec(Header),
    /// The process ended.
    Exit(Header),
    /// A process listens on a port of interest.
    Listen(Header, u16),
    /// What is known of a process, before its first data if possible.
    Process(Header, Process),
    /// The machine; first in a stream.
    Machine(Header, Machine),
    /// `unix_ns` is the wall clock at `header.time_ns`.
    Clock(Header, u64),
    /// Nothing happened for a while: lets timers run in silence. Recorded, so that replay sees the same.
    Tick(Header),
    /// Counters of what the source lost so far: totals, not differences.
    Loss(Header, Vec<(String, u64)>),
}

impl Event<'_> {
    /// What is common to all events.
    pub fn header(&self) -> &Header {
        match self {
            Self::Open(header, _)
            | Self::Data(header, _)
            | Self::Eof(header, _)
            | Self::Close(header)
            | Self::Fork(header, _)
            | Self::Exec(header)
            | Self::Exit(header)
            | Self::Listen(header, _)
            | Self::Process(header, _)
            | Self::Machine(header, _)
            | Self::Clock(header, _)
            | Self::Tick(header)
            | Self::Loss(header, _) => header,
        }
    }
}

mod record;
pub use record::{decode, encode, RecordError, HEADER_LENGTH, MAX_RECORD_LENGTH, OPEN_FRESH_OFFSET};
