//! One TCP connection: its handshake, its two streams, its end.

use crate::event::{Endpoint, Event, Open, Role, Vantage, Way};

use super::ends::{Key, Side};
use super::output::{header, Outlet, Output};
use super::stream::{Part, Stream, Taken};
use super::tcp::{Kind, Segment};

/// So many segments in a row whose sequence numbers do not fit mean that another connection uses the addresses, whose
/// handshake was not captured. One may be a forged or damaged packet.
const MAX_STRAYS: u8 = 4;

/// After a reset the other side's packets that were under way still come: at most a large window of them.
const AFTER_CLOSE_WINDOW: i32 = 16 * 1024 * 1024;

/// A SYN/ACK acknowledges the SYN and at most the payload that came with it (TCP Fast Open).
const MAX_SYN_PAYLOAD: u32 = 65_535;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Only acknowledgments so far: no event was made.
    Silent,
    Open,
    /// Kept to recognise packets that come after the end.
    Closed,
}

/// What to do with a connection after a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    /// The segment belongs to a new connection between the same ends.
    Replace,
}

pub(super) struct Connection {
    pub key: Key,
    /// 0 while silent.
    pub id: u64,
    phase: Phase,
    local: Side,
    clock_ns: u64,
    strays: u8,
    low: Stream,
    high: Stream,
}

impl Connection {
    pub(super) fn new(key: Key) -> Self {
        let (low, high) = (Stream::default(), Stream::default());
        Self {
            key,
            id: 0,
            phase: Phase::Silent,
            local: Side::Low,
            clock_ns: 0,
            strays: 0,
            low,
            high,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    pub(super) fn held_cost(&self) -> usize {
        self.low.held_cost() + self.high.held_cost()
    }

    #[inline]
    pub(super) fn deadline_ns(&self, limits: &super::output::Limits) -> Option<u64> {
        match (self.low.deadline_ns(limits), self.high.deadline_ns(limits)) {
            (Some(low), Some(high)) => Some(low.min(high)),
            (low, high) => low.or(high),
        }
    }

    fn stream(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }

    /// What a side sends, and where it goes.
    #[inline]
    fn direction<'c, 'o>(&'c mut self, side: Side, out: &'c mut Output<'o>) -> (&'c mut Stream, Outlet<'c, 'o>) {
        let way = if side == self.local { Way::Sent } else { Way::Received };
        let stream = match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        };
        (
            stream,
            Outlet {
                out,
                connection: self.id,
                way,
                clock_ns: &mut self.clock_ns,
            },
        )
    }

    /// A segment between these ends. After [`Verdict::Replace`] nothing was done with it.
    #[inline]
    pub(super) fn segment(
        &mut self,
        time_ns: u64,
        side: Side,
        segment: &Segment<'_>,
        last_id: &mut u64,
        out: &mut Output<'_>,
    ) -> Verdict {
        let verdict = match segment.kind {
            Kind::Plain { fin } => return self.plain(time_ns, side, segment, fin, last_id, out),
            Kind::Syn => self.syn(time_ns, side, segment, last_id, out),
            Kind::SynAck => self.syn_ack(time_ns, side, segment, last_id, out),
            Kind::Reset => {
                self.reset(time_ns, side, segment, out);
                return Verdict::Keep;
            }
        };
        if verdict == Verdict::Keep && segment.length > 0 && self.is_open() {
            // TCP Fast Open.
            return self.payload(time_ns, side, segment, false, out);
        }
        verdict
    }

    fn open(&mut self, time_ns: u64, local: Side, role: Role, last_id: &mut u64, out: &mut Output<'_>) {
        *last_id += 1;
        self.id = *last_id;
        self.phase = Phase::Open;
        self.local = local;
        let open = Open {
            socket: 0,
            netns: 0,
            role,
            vantage: Vantage::Network,
            fresh: role != Role::Unknown,
            local: Endpoint::Inet(self.key.peer(local).socket_address()),
            remote: Endpoint::Inet(self.key.peer(local.opposite()).socket_address()),
            sent: 0,
            received: 0,
            sequence: false,
        };
        (out.sink)(&Event::Open(header(self.id, &mut self.clock_ns, time_ns), open));
    }

    fn syn(&mut self, time_ns: u64, side: Side, segment: &Segment<'_>, ids: &mut u64, out: &mut Output<'_>) -> Verdict {
        let first = segment.sequence;
        if self.phase == Phase::Silent {
            *self.stream(side.opposite()) = Stream::default();
            self.stream(side).begin(first);
            self.open(time_ns, side, Role::Client, ids, out);
            return Verdict::Keep;
        }
        if self.stream(side).starts_at(first) {
            return Verdict::Keep;
        }
        let simultaneous =
            self.is_open() && !self.stream(side).is_known() && self.low.is_untouched() && self.high.is_untouched();
        if simultaneous {
            self.stream(side).begin(first);
            return Verdict::Keep;
        }
        Verdict::Replace
    }

    fn syn_ack(
        &mut self,
        time_ns: u64,
        side: Side,
        segment: &Segment<'_>,
        ids: &mut u64,
        out: &mut Output<'_>,
    ) -> Verdict {
        let Some(acknowledged) = segment.acknowledged else {
            return Verdict::Keep;
        };
        let first = segment.sequence;
        let client = side.opposite();
        if self.phase == Phase::Silent {
            self.stream(side).begin(first);
            self.stream(client).begin(acknowledged);
            self.open(time_ns, client, Role::Client, ids, out);
            return Verdict::Keep;
        }
        if self.stream(side).starts_at(first) {
            return Verdict::Keep;
        }
        let asked = self.stream(client);
        let answers = asked.is_known() && acknowledged.wrapping_sub(asked.first()) <= MAX_SYN_PAYLOAD;
        if self.is_open() && self.stream(side).is_untouched() && answers {
            self.stream(side).begin(first);
            return Verdict::Keep;
        }
        Verdict::Replace
    }

    fn reset(&mut self, time_ns: u64, side: Side, segment: &Segment<'_>, out: &mut Output<'_>) {
        // A refusal has the sequence number 0.
        let fits = segment.sequence == 0 || self.stream(side).is_near(segment.sequence);
        match self.phase {
            Phase::Silent => self.phase = Phase::Closed,
            Phase::Open if fits => self.close(time_ns, out),
            Phase::Open => out.counters.segments_out_of_window += 1,
            Phase::Closed => {}
        }
    }

    #[inline]
    fn plain(
        &mut self,
        time_ns: u64,
        side: Side,
        segment: &Segment<'_>,
        fin: bool,
        ids: &mut u64,
        out: &mut Output<'_>,
    ) -> Verdict {
        let empty = segment.length == 0 && !fin;
        match self.phase {
            Phase::Open => {}
            Phase::Closed => return self.after_close(side, segment, out),
            Phase::Silent => {
                if let Some(next) = segment.acknowledged {
                    self.stream(side.opposite()).expect(next);
                }
                if empty {
                    return Verdict::Keep;
                }
                self.open(time_ns, side, Role::Unknown, ids, out);
            }
        }
        if let Some(acknowledged) = segment.acknowledged {
            let (stream, mut outlet) = self.direction(side.opposite(), out);
            stream.acknowledge(time_ns, acknowledged, !empty, &mut outlet);
        }
        if empty {
            self.close_if_ended(time_ns, out);
            return Verdict::Keep;
        }
        self.payload(time_ns, side, segment, fin, out)
    }

    #[inline]
    fn payload(&mut self, time_ns: u64, side: Side, segment: &Segment<'_>, fin: bool, out: &mut Output<'_>) -> Verdict {
        let Segment {
            sequence,
            payload,
            length,
            ..
        } = *segment;
        let (stream, mut outlet) = self.direction(side, out);
        match stream.take(
            Part {
                time_ns,
                sequence,
                payload,
                length,
                fin,
            },
            &mut outlet,
        ) {
            Taken::Fits => {
                self.strays = 0;
                self.close_if_ended(time_ns, out);
                Verdict::Keep
            }
            Taken::Stray => self.stray(out),
        }
    }

    fn stray(&mut self, out: &mut Output<'_>) -> Verdict {
        self.strays += 1;
        if self.strays >= MAX_STRAYS {
            return Verdict::Replace;
        }
        out.counters.segments_out_of_window += 1;
        Verdict::Keep
    }

    fn after_close(&mut self, side: Side, segment: &Segment<'_>, out: &mut Output<'_>) -> Verdict {
        if segment.length == 0 {
            return Verdict::Keep;
        }
        let stream = self.stream(side);
        let ahead = stream.ahead(segment.sequence);
        if !stream.is_known() {
            Verdict::Replace
        } else if stream.is_near(segment.sequence) && ahead <= AFTER_CLOSE_WINDOW {
            let is_new = ahead >= 0 || ahead.unsigned_abs() < segment.length;
            out.counters.segments_after_close += u64::from(is_new);
            Verdict::Keep
        } else {
            self.stray(out)
        }
    }

    #[inline]
    fn close_if_ended(&mut self, time_ns: u64, out: &mut Output<'_>) {
        if self.low.has_ended() && self.high.has_ended() {
            self.close(time_ns, out);
        }
    }

    /// Missing ranges that were waited for long enough.
    pub(super) fn expire(&mut self, now_ns: u64, out: &mut Output<'_>) {
        for side in [Side::Low, Side::High] {
            let (stream, mut outlet) = self.direction(side, out);
            stream.expire(now_ns, &mut outlet);
        }
        if self.is_open() {
            self.close_if_ended(now_ns, out);
        }
    }

    /// Too much waits over all connections: gives up the first missing range of the side that waits for longest.
    pub(super) fn relieve(&mut self, now_ns: u64, out: &mut Output<'_>) {
        out.counters.reorder_limit_reached += 1;
        let side = self.waiting_side().unwrap_or(Side::Low);
        for side in [side, side.opposite()] {
            let (stream, mut outlet) = self.direction(side, out);
            if stream.give_up(now_ns, &mut outlet) {
                break;
            }
        }
        if self.is_open() {
            self.close_if_ended(now_ns, out);
        }
    }

    /// The side whose first waiting bytes were captured first.
    fn waiting_side(&self) -> Option<Side> {
        match (self.low.held_since_ns(), self.high.held_since_ns()) {
            (None, None) => None,
            (Some(low), Some(high)) if high < low => Some(Side::High),
            (Some(_), _) => Some(Side::Low),
            (None, Some(_)) => Some(Side::High),
        }
    }

    /// Ends the connection: everything that waits comes out, in the order of capture.
    pub(super) fn close(&mut self, time_ns: u64, out: &mut Output<'_>) {
        if !self.is_open() {
            return;
        }
        while let Some(side) = self.waiting_side() {
            let (stream, mut outlet) = self.direction(side, out);
            stream.give_up(time_ns, &mut outlet);
        }
        for side in [self.local, self.local.opposite()] {
            let (stream, mut outlet) = self.direction(side, out);
            stream.finish(time_ns, &mut outlet);
        }
        self.phase = Phase::Closed;
        (out.sink)(&Event::Close(header(self.id, &mut self.clock_ns, time_ns)));
    }
}
