//! One direction of a TCP connection: segments in any order in, bytes in order out, exactly once, with holes where the
//! capture lost bytes.
//!
//! A missing range is waited for until one of these: the bytes come; the receiver has acknowledged them, so nobody sends
//! them again; too much waits behind them; they took too long; the connection or the capture ends. Of bytes captured
//! twice the first copy counts. It never blocks, and never holds more than [`super::output::Limits`] allow.

use std::collections::BTreeMap;

use super::fields::size;
use super::output::Outlet;

/// Half of what sequence numbers can tell apart, and the largest window TCP can announce: what lies further from the
/// next byte, ahead or behind, belongs to another connection.
const WINDOW: i32 = 1 << 30;

/// What one waiting segment costs beyond its bytes, so that a million one-byte segments meet the limits too.
const HELD_OVERHEAD: usize = 128;

/// How the sequence number of position 0 was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Unknown,
    /// From the other side's acknowledgments: bytes before it may still come, if they were captured late.
    Acknowledged,
    /// From the first bytes seen.
    Met,
    /// From the handshake.
    Exact,
}

struct Held {
    time_ns: u64,
    length: u32,
    bytes: Vec<u8>,
}

impl Held {
    fn cost(&self) -> usize {
        self.bytes.len() + HELD_OVERHEAD
    }
}

/// Whether a segment belongs to this stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Fits,
    /// Its sequence number is too far away.
    Stray,
}

/// A piece of the direction as a packet carries it.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub time_ns: u64,
    pub sequence: u32,
    pub payload: &'a [u8],
    pub length: u32,
    pub fin: bool,
}

pub(super) struct Stream {
    start: Start,
    /// Sequence number of the byte at `position`.
    next: u32,
    /// Of the next byte to hand out.
    position: u64,
    /// Where FIN was seen.
    end: Option<u64>,
    ended: bool,
    /// The receiver has everything before this.
    acknowledged: u64,
    acknowledged_ns: u64,
    /// By position: what waits behind a missing range. No two overlap, none starts at `position` or before.
    held: BTreeMap<u64, Held>,
    held_cost: usize,
    waiting_since_ns: u64,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            start: Start::Unknown,
            next: 0,
            position: 0,
            end: None,
            ended: false,
            acknowledged: 0,
            acknowledged_ns: 0,
            held: BTreeMap::new(),
            held_cost: 0,
            waiting_since_ns: 0,
        }
    }
}

impl Stream {
    /// The handshake tells the sequence number of the first byte.
    pub(super) fn begin(&mut self, first: u32) {
        *self = Self {
            start: Start::Exact,
            next: first,
            ..Self::default()
        };
    }

    /// The other side expects this byte next, and none was seen yet.
    pub(super) fn expect(&mut self, next: u32) {
        if matches!(self.start, Start::Unknown | Start::Acknowledged) {
            *self = Self {
                start: Start::Acknowledged,
                next,
                ..Self::default()
            };
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.start != Start::Unknown
    }

    /// No byte of it was seen yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.position == 0 && self.held.is_empty()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn held_cost(&self) -> usize {
        self.held_cost
    }

    /// Sequence number of position 0.
    pub(super) fn first(&self) -> u32 {
        self.next
            .wrapping_sub(u32::try_from(self.position & 0xffff_ffff).unwrap_or(0))
    }

    pub(super) fn starts_at(&self, first: u32) -> bool {
        self.is_known() && self.first() == first
    }

    /// How far ahead of the next byte a sequence number is.
    pub(super) fn ahead(&self, sequence: u32) -> i32 {
        sequence.wrapping_sub(self.next).cast_signed()
    }

    /// Could a packet with this sequence number belong here?
    pub(super) fn is_near(&self, sequence: u32) -> bool {
        !self.is_known() || (-WINDOW..=WINDOW).contains(&self.ahead(sequence))
    }

    /// A segment of this direction.
    #[inline]
    pub(super) fn take(&mut self, part: Part<'_>, outlet: &mut Outlet<'_, '_>) -> Taken {
        if self.start != Start::Exact && self.start != Start::Met {
            self.meet(&part);
        }
        if !self.is_near(part.sequence) {
            return Taken::Stray;
        }
        let ahead = self.ahead(part.sequence);
        let already = ahead.min(0).unsigned_abs();
        let position = self.position + u64::from(ahead.max(0).unsigned_abs());
        if already <= part.length {
            let (payload, length) = (
                part.payload.get(size(already)..).unwrap_or_default(),
                part.length - already,
            );
            let end = position + u64::from(length);
            if length > 0 && self.end.is_none_or(|fin| end <= fin) {
                if ahead <= 0 && self.held.is_empty() {
                    self.hand_out(part.time_ns, payload, length, outlet);
                } else {
                    self.hold(
                        Part {
                            payload,
                            length,
                            ..part
                        },
                        position,
                    );
                    self.drain(outlet);
                    self.keep_limit(part.time_ns, outlet);
                }
            }
            if part.fin && self.end.is_none() {
                self.end = Some(end);
            }
            self.finish_if_complete(part.time_ns, outlet);
        } else if u64::from(already) > self.position + 1 && self.start == Start::Met {
            outlet.out.counters.bytes_before_start += u64::from(part.length);
        }
        Taken::Fits
    }

    /// The first bytes of a direction whose handshake was not captured.
    fn meet(&mut self, part: &Part<'_>) {
        let ahead = self.ahead(part.sequence);
        if self.start == Start::Unknown {
            self.next = part.sequence;
        } else if (-WINDOW..0).contains(&ahead) && part.length > 1 && self.is_untouched() {
            // Already acknowledged, but captured only now. (One byte would be a keep-alive probe.)
            self.next = part.sequence;
            self.acknowledged = u64::from(ahead.unsigned_abs());
            self.acknowledged_ns = part.time_ns;
        }
        self.start = Start::Met;
    }

    #[inline]
    fn hand_out(&mut self, time_ns: u64, bytes: &[u8], length: u32, outlet: &mut Outlet<'_, '_>) {
        outlet.data(time_ns, self.position, bytes, length);
        self.position += u64::from(length);
        self.next = self.next.wrapping_add(length);
    }

    /// Keeps what no earlier segment brought.
    fn hold(&mut self, part: Part<'_>, position: u64) {
        if self.held.is_empty() {
            self.waiting_since_ns = part.time_ns;
        }
        let end = position + u64::from(part.length);
        let before = self
            .held
            .range(..=position)
            .next_back()
            .map(|(at, held)| at + u64::from(held.length));
        let mut cursor = before.unwrap_or(position).max(position);
        while cursor < end {
            let next = self
                .held
                .range(cursor..)
                .next()
                .map(|(at, held)| (*at, at + u64::from(held.length)));
            let until = next.map_or(end, |(at, _)| at.min(end));
            if let (Ok(skip), Ok(length)) = (u32::try_from(cursor - position), u32::try_from(until - cursor)) {
                if length > 0 {
                    let bytes = part.payload.get(size(skip)..).unwrap_or_default();
                    let bytes = bytes.get(..size(length)).unwrap_or(bytes).to_vec();
                    let held = Held {
                        time_ns: part.time_ns,
                        length,
                        bytes,
                    };
                    self.held_cost += held.cost();
                    self.held.insert(cursor, held);
                }
            }
            cursor = next.map_or(end, |(_, after)| after);
        }
    }

    /// Hands out what waits and is next in order.
    fn drain(&mut self, outlet: &mut Outlet<'_, '_>) {
        while let Some(first) = self.held.first_entry() {
            if *first.key() > self.position {
                break;
            }
            let held = first.remove();
            self.held_cost -= held.cost();
            self.hand_out(held.time_ns, &held.bytes, held.length, outlet);
        }
    }

    fn keep_limit(&mut self, now_ns: u64, outlet: &mut Outlet<'_, '_>) {
        while self.held_cost > outlet.out.limits.reorder_bytes && self.give_up(now_ns, outlet) {
            outlet.out.counters.reorder_limit_reached += 1;
        }
    }

    /// Stops to wait for the first missing range. Tells whether anything waited.
    pub(super) fn give_up(&mut self, now_ns: u64, outlet: &mut Outlet<'_, '_>) -> bool {
        let target = self.held.keys().next().copied().or(self.owed());
        target.inspect(|target| self.advance(*target, now_ns, outlet)).is_some()
    }

    /// Hands out everything before `target`, and what follows it without a gap; what is missing becomes holes.
    fn advance(&mut self, target: u64, now_ns: u64, outlet: &mut Outlet<'_, '_>) {
        self.drain(outlet);
        while self.position < target {
            let held = self.held.keys().next().copied();
            let until = held.map_or(target, |at| at.min(target));
            let missing = until - self.position;
            outlet.out.counters.bytes_in_holes += missing;
            if held != Some(until) {
                outlet.hole(now_ns, self.position, missing);
            }
            // At most a window ahead, so the low half is all of it.
            self.next = self
                .next
                .wrapping_add(u32::try_from(missing & 0xffff_ffff).unwrap_or(0));
            self.position = until;
            self.drain(outlet);
        }
        self.waiting_since_ns = now_ns;
        self.finish_if_complete(now_ns, outlet);
    }

    #[inline]
    fn finish_if_complete(&mut self, time_ns: u64, outlet: &mut Outlet<'_, '_>) {
        if self.end == Some(self.position) && !self.ended {
            self.ended = true;
            outlet.eof(time_ns);
        }
    }

    /// The other side has everything before this sequence number. `answered`: it says so with payload, which may be the
    /// answer to it.
    #[inline]
    pub(super) fn acknowledge(&mut self, time_ns: u64, sequence: u32, answered: bool, outlet: &mut Outlet<'_, '_>) {
        if self.start == Start::Unknown {
            self.expect(sequence);
            return;
        }
        let ahead = self.ahead(sequence);
        if (1..=WINDOW).contains(&ahead) {
            let upto = self.position + u64::from(ahead.unsigned_abs());
            let upto = self.end.map_or(upto, |end| upto.min(end));
            if upto > self.acknowledged {
                self.acknowledged = upto;
                self.acknowledged_ns = time_ns;
            }
            if let (true, Some(target)) = (answered, self.owed()) {
                self.advance(target, time_ns, outlet);
            }
        }
    }

    /// Up to where missing bytes were acknowledged. A single byte ahead of everything may be a FIN that was not captured.
    fn owed(&self) -> Option<u64> {
        let missing = self.acknowledged.saturating_sub(self.position);
        let maybe_fin = missing == 1 && self.held.is_empty() && self.end.is_none();
        (missing > 0 && !maybe_fin).then_some(self.acknowledged)
    }

    /// When [`Self::expire`] has something to do.
    #[inline]
    pub(super) fn deadline_ns(&self, limits: &super::output::Limits) -> Option<u64> {
        if self.held.is_empty() && self.acknowledged <= self.position {
            return None;
        }
        let held = (!self.held.is_empty()).then(|| self.waiting_since_ns.saturating_add(limits.reorder_ns));
        let owed = self
            .owed()
            .map(|_| self.acknowledged_ns.saturating_add(limits.acknowledged_ns));
        held.into_iter().chain(owed).min()
    }

    /// Gives up missing ranges that were waited for long enough.
    pub(super) fn expire(&mut self, now_ns: u64, outlet: &mut Outlet<'_, '_>) {
        let limits = *outlet.out.limits;
        if let Some(target) = self.owed() {
            if self.acknowledged_ns.saturating_add(limits.acknowledged_ns) <= now_ns {
                self.advance(target, now_ns, outlet);
            }
        }
        if !self.held.is_empty() && self.waiting_since_ns.saturating_add(limits.reorder_ns) <= now_ns {
            outlet.out.counters.reorder_timed_out += 1;
            self.give_up(now_ns, outlet);
        }
    }

    /// When the first waiting bytes were captured.
    pub(super) fn held_since_ns(&self) -> Option<u64> {
        self.held.values().next().map(|held| held.time_ns)
    }

    /// Nothing follows and nothing waits any more: what is known to be missing becomes a hole.
    pub(super) fn finish(&mut self, now_ns: u64, outlet: &mut Outlet<'_, '_>) {
        while self.give_up(now_ns, outlet) {}
        if let Some(end) = self.end {
            self.advance(end, now_ns, outlet);
        }
    }
}
