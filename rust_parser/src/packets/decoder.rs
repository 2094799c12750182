//! Packets in, events out: sans-IO.

use xxhash_rust::xxh3::xxh3_128;

use crate::event::{Event, Header, Machine};

use super::capture::Packet;
use super::counters::Counters;
use super::fields::{count, size};
use super::fragments::Fragments;
use super::ip::{self, Body, Carried};
use super::link::{self, Network};
use super::output::{Limits, Output, Sink};
use super::table::Table;
use super::tcp;

/// Bytes of the first packet that name the capture: its headers, so that the same capture cut shorter is the same.
const NAMING_BYTES: usize = 64;

/// Decodes packets one by one. All its memory is bounded by [`Limits`].
#[derive(Default)]
pub struct PacketDecoder {
    limits: Limits,
    counters: Counters,
    table: Table,
    fragments: Fragments,
    started: bool,
    finished: bool,
    /// Time of the last packet.
    last_ns: u64,
    /// The first link type that is not understood.
    unknown_link_type: Option<u16>,
}

impl PacketDecoder {
    /// With other bounds than the default ones.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// What was skipped so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The first link type met that is not understood.
    pub fn unknown_link_type(&self) -> Option<u16> {
        self.unknown_link_type
    }

    pub(super) fn count_orphan(&mut self) {
        self.counters.packets_interface_unknown += 1;
    }

    /// Decodes the next packet of the capture.
    pub fn packet(&mut self, packet: &Packet<'_>, sink: &mut Sink<'_>) {
        if !self.started {
            self.start(Some(packet), sink);
        }
        self.last_ns = packet.time_ns;
        let Self {
            limits,
            counters,
            table,
            fragments,
            ..
        } = self;
        let mut out = Output {
            sink: &mut |event| sink(event),
            counters,
            limits,
        };
        table.expire(packet.time_ns, &mut out);
        let at = match link::network(packet.link_type, packet.captured) {
            Network::Ip(at) => at,
            Network::NotIp => return out.counters.packets_not_ip += 1,
            Network::Cut => return out.counters.packets_header_cut += 1,
            Network::Unknown => {
                out.counters.packets_link_type_unknown += 1;
                self.unknown_link_type.get_or_insert(packet.link_type);
                return;
            }
        };
        let captured = packet.captured.get(at..).unwrap_or_default();
        match ip::carried(captured, packet.wire_length.saturating_sub(count(at))) {
            Carried::Fragment(fragment) => {
                let Some(datagram) = fragments.add(packet.time_ns, &fragment, out.counters) else {
                    return;
                };
                let body = datagram.body();
                let whole = if datagram.six {
                    ip::extensions(datagram.protocol, body)
                } else {
                    Some(Carried::Tcp(body))
                };
                carried(packet.time_ns, whole.unwrap_or(Carried::Cut), table, &mut out);
            }
            other => carried(packet.time_ns, other, table, &mut out),
        }
    }

    fn start(&mut self, first: Option<&Packet<'_>>, sink: &mut Sink<'_>) {
        self.started = true;
        let mut naming = Vec::with_capacity(NAMING_BYTES + 12);
        if let Some(packet) = first {
            naming.extend_from_slice(&packet.time_ns.to_le_bytes());
            naming.extend_from_slice(&packet.wire_length.to_le_bytes());
            let captured = packet.captured;
            naming.extend_from_slice(captured.get(..NAMING_BYTES.min(captured.len())).unwrap_or_default());
        }
        let time_ns = first.map_or(0, |packet| packet.time_ns);
        let header = Header {
            time_ns,
            connection: 0,
            tgid: 0,
            tid: 0,
        };
        let boot_id = format!("capture-{:032x}", xxh3_128(&naming));
        sink(&Event::Machine(
            header,
            Machine {
                boot_id,
                ..Machine::default()
            },
        ));
        sink(&Event::Clock(header, time_ns));
    }

    /// The capture ended: hands out what waits, closes every connection, tells what was lost. Idempotent.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.finished {
            return;
        }
        self.finished = true;
        if !self.started {
            self.start(None, sink);
        }
        self.fragments.finish(&mut self.counters);
        let Self {
            limits,
            counters,
            table,
            ..
        } = self;
        let mut out = Output {
            sink: &mut |event| sink(event),
            counters,
            limits,
        };
        table.finish(self.last_ns, &mut out);
        let header = Header {
            time_ns: self.last_ns,
            connection: 0,
            tgid: 0,
            tid: 0,
        };
        sink(&Event::Loss(header, self.counters.named()));
    }
}

#[inline]
fn carried(time_ns: u64, carried: Carried<'_>, table: &mut Table, out: &mut Output<'_>) {
    let counters = &mut *out.counters;
    match carried {
        Carried::Tcp(body) => tcp_segment(time_ns, &body, table, out),
        Carried::Udp => counters.packets_udp += 1,
        Carried::NotTcp => counters.packets_not_tcp += 1,
        Carried::Cut => counters.packets_header_cut += 1,
        // A fragment inside a datagram put together from fragments.
        Carried::Malformed | Carried::Fragment(_) => counters.packets_malformed += 1,
    }
}

#[inline]
fn tcp_segment(time_ns: u64, body: &Body<'_>, table: &mut Table, out: &mut Output<'_>) {
    // Never more than the headers say: an Ethernet trailer is no payload.
    let captured = body.captured.get(..size(body.length)).unwrap_or(body.captured);
    match tcp::header(&Body { captured, ..*body }) {
        tcp::Header::Segment(segment) => table.segment(time_ns, &segment, out),
        tcp::Header::Malformed => out.counters.packets_malformed += 1,
        tcp::Header::Cut => out.counters.packets_header_cut += 1,
    }
}
