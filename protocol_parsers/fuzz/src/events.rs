//! Reads an input as events. Each begins with two bytes, what it is and a number:
//!
//! ```text
//! bits 0-2  what: 0-3 data, 4 open, 5 end of one way, 6 close, 7 time passes
//! bits 3-4  the connection
//! bit  5    the way
//! bits 6-7  data: 0 as it should be, 1 bytes are lost before it, 2 it comes again, 3 its second half was not copied
//!           open: bit 6 met in its middle, bit 7 positions are sequence numbers that soon wrap
//! number    data: its length less one; open: the role; time: how long, on a logarithmic scale
//! ```

use std::net::{Ipv4Addr, SocketAddr};

use rust_parser::event::{ConnectionId, Data, Endpoint, Event, Header, Open, Role, Vantage, Way};
use rust_parser::otlp;
use rust_parser::pipeline::{Options, Pipeline};
use rust_parser::span::Span;

/// Connections at once.
const CONNECTIONS: usize = 4;
/// Ports of their servers: some are hints.
const PORTS: [u16; CONNECTIONS] = [80, 6379, 9999, 5432];

#[derive(Clone, Copy, Default)]
struct Connection {
    id: ConnectionId,
    positions: [u64; 2],
    sequence: bool,
}

/// What an event starts with.
pub fn control(what: u8, connection: usize, way: Way, more: u8) -> u8 {
    what | u8::try_from(connection % CONNECTIONS).unwrap_or(0) << 3 | u8::from(way == Way::Received) << 5 | more << 6
}

/// Runs the engine on an input.
pub fn run(data: &[u8]) {
    let mut pipeline = Pipeline::new(&Options::default());
    let mut connections = [Connection::default(); CONNECTIONS];
    let (mut time_ns, mut opened, mut pieces) = (1_000_000_000, 0, 0);
    let mut rest = data;
    while let [control, number, tail @ ..] = rest {
        rest = tail;
        time_ns += 1_000;
        let at = usize::from(control >> 3 & 3);
        let (way, more) = (if control & 32 == 0 { Way::Sent } else { Way::Received }, control >> 6);
        let connection = &mut connections[at];
        let header = Header {
            time_ns,
            connection: connection.id,
            tgid: 10,
            tid: 10 + u32::from(control & 1),
        };
        match control & 7 {
            0..=3 => {
                let (bytes, next) = tail.split_at((usize::from(*number) + 1).min(tail.len()));
                rest = next;
                pieces += 1;
                pipeline.event(&Event::Data(header, piece(connection, way, bytes, more)));
            }
            4 => {
                opened += 1;
                pipeline.event(&Event::Open(
                    Header {
                        connection: opened,
                        ..header
                    },
                    open(at, *number, more),
                ));
                let start = if more & 2 == 0 { 0 } else { u64::from(u32::MAX) - 20 };
                *connection = Connection {
                    id: opened,
                    positions: [start; 2],
                    sequence: more & 2 != 0,
                };
            }
            5 => pipeline.event(&Event::Eof(header, way)),
            6 => pipeline.event(&Event::Close(header)),
            _ => {
                time_ns += 1 << (number % 36);
                pipeline.event(&Event::Tick(Header {
                    time_ns,
                    connection: 0,
                    ..header
                }));
            }
        }
    }
    pipeline.finish();
    let spans = pipeline.take();
    assert!(
        spans.len() <= data.len(),
        "{} spans of {} bytes in {pieces} pieces",
        spans.len(),
        data.len()
    );
    check(&spans);
}

fn open(at: usize, role: u8, more: u8) -> Open {
    let end = |host, port| Endpoint::Inet(SocketAddr::from((Ipv4Addr::new(10, 0, 0, host), port)));
    let (role, local, remote) = match role % 3 {
        0 => (Role::Server, end(1, PORTS[at]), end(2, 40_000)),
        1 => (Role::Client, end(2, 40_000), end(1, PORTS[at])),
        _ => (Role::Unknown, end(2, 40_000), end(1, PORTS[at])),
    };
    let start = if more & 2 == 0 { 0 } else { u64::from(u32::MAX) - 20 };
    Open {
        socket: at as u64,
        netns: 1,
        role,
        vantage: Vantage::Process,
        fresh: more & 1 == 0,
        local,
        remote,
        sent: start,
        received: start,
        sequence: more & 2 != 0,
    }
}

fn piece<'a>(connection: &mut Connection, way: Way, bytes: &'a [u8], more: u8) -> Data<'a> {
    let length = u32::try_from(bytes.len()).expect("at most 256");
    let position = &mut connection.positions[usize::from(way == Way::Received)];
    if more == 1 {
        *position += u64::from(length);
    }
    let here = if more == 2 {
        position.saturating_sub(u64::from(length) / 2)
    } else {
        *position
    };
    *position = here + u64::from(length);
    Data {
        way,
        position: if connection.sequence {
            here & u64::from(u32::MAX)
        } else {
            here
        },
        sequence: connection.sequence,
        length,
        bytes: if more == 3 { &bytes[..bytes.len() / 2] } else { bytes },
    }
}

/// What holds for spans whatever they were made of.
pub fn check(spans: &[Span]) {
    for span in spans {
        assert!(
            span.start_unix_nano <= span.end_unix_nano,
            "ends before it starts: {span:?}"
        );
        assert!(span.trace_id != [0; 16] && span.span_id != [0; 8], "no ids: {span:?}");
        assert!(!span.name.is_empty(), "no name: {span:?}");
        let mut keys: Vec<&str> = span.attributes.iter().map(|attribute| attribute.key).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "a key twice: {span:?}");
    }
    let json = otlp::json(spans);
    assert!(std::str::from_utf8(&json).is_ok(), "JSON that is no UTF-8");
}
