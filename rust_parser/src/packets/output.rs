//! Where events go, and the rules that hold for all of them: times of one connection never go back, holes and bytes cut
//! off by the snapshot length are counted.

use crate::event::{ConnectionId, Data, Event, Header, Way};

use super::counters::Counters;
use super::fields::count;

/// Bounds on what reassembly keeps. By capture time, never by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections known at once, finished ones included; the one silent for longest is forgotten. 131,072 take about
    /// 60 MB.
    pub connections: usize,
    /// Bytes that wait behind a missing range in one direction: above the largest receive buffer that Linux gives by
    /// itself (6 MiB), so that a retransmission that a real receiver could wait for is waited for.
    pub reorder_bytes: usize,
    /// The same over all connections.
    pub reorder_bytes_total: usize,
    /// How long a missing range is waited for. Several retransmissions fit.
    pub reorder_ns: u64,
    /// How long a missing range that the receiver has acknowledged is waited for: it will not be sent again, but where
    /// two network ports were captured, the acknowledgment may stand before the bytes. Not waited for at all when the
    /// acknowledgment comes with payload, because that may be the answer to the missing bytes.
    pub acknowledged_ns: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 131_072,
            reorder_bytes: 8 * 1024 * 1024,
            reorder_bytes_total: 256 * 1024 * 1024,
            reorder_ns: 10_000_000_000,
            acknowledged_ns: 1_000_000,
        }
    }
}

/// Whoever takes events.
pub type Sink<'s> = dyn FnMut(&Event<'_>) + 's;

/// What every stage below the decoder writes to.
pub(super) struct Output<'o> {
    pub sink: &'o mut Sink<'o>,
    pub counters: &'o mut Counters,
    pub limits: &'o Limits,
}

/// The header of a connection's event, which moves the connection's clock.
pub(super) fn header(connection: ConnectionId, clock_ns: &mut u64, time_ns: u64) -> Header {
    *clock_ns = time_ns.max(*clock_ns);
    Header {
        time_ns: *clock_ns,
        connection,
        tgid: 0,
        tid: 0,
    }
}

/// One direction of one connection.
pub(super) struct Outlet<'c, 'o> {
    pub out: &'c mut Output<'o>,
    pub connection: ConnectionId,
    pub way: Way,
    pub clock_ns: &'c mut u64,
}

impl Outlet<'_, '_> {
    #[inline]
    pub(super) fn data(&mut self, time_ns: u64, position: u64, bytes: &[u8], length: u32) {
        let bytes = bytes.get(..super::fields::size(length)).unwrap_or(bytes);
        self.out.counters.bytes_snapped += u64::from(length - count(bytes.len()).min(length));
        let header = header(self.connection, self.clock_ns, time_ns);
        let data = Data {
            way: self.way,
            position,
            sequence: false,
            length,
            bytes,
        };
        (self.out.sink)(&Event::Data(header, data));
    }

    /// Bytes that moved and are not in the capture, told before anything follows them.
    pub(super) fn hole(&mut self, time_ns: u64, mut position: u64, mut length: u64) {
        while length > 0 {
            let step = u32::try_from(length).unwrap_or(u32::MAX);
            let header = header(self.connection, self.clock_ns, time_ns);
            let data = Data {
                way: self.way,
                position,
                sequence: false,
                length: step,
                bytes: &[],
            };
            (self.out.sink)(&Event::Data(header, data));
            position += u64::from(step);
            length -= u64::from(step);
        }
    }

    pub(super) fn eof(&mut self, time_ns: u64) {
        let header = header(self.connection, self.clock_ns, time_ns);
        (self.out.sink)(&Event::Eof(header, self.way));
    }
}
