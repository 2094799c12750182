//! All connections of a capture: found by their ends, bounded in number, the one silent for longest forgotten first;
//! and the timers of missing ranges, which run on capture time.

use std::collections::{BTreeSet, HashMap};

use super::connection::{Connection, Verdict};
use super::ends::Key;
use super::output::Output;
use super::tcp::Segment;

/// No slot.
const NONE: u32 = u32::MAX;

struct Slot {
    connection: Connection,
    /// Neighbours in the list by last activity.
    newer: u32,
    older: u32,
    /// As it stands in `waiting`.
    deadline_ns: Option<u64>,
    held_cost: usize,
}

pub(super) struct Table {
    slots: Vec<Slot>,
    by_key: HashMap<Key, u32>,
    newest: u32,
    oldest: u32,
    /// Connections that wait for missing bytes, by when they stop to.
    waiting: BTreeSet<(u64, u32)>,
    held_total: usize,
    last_id: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            by_key: HashMap::new(),
            newest: NONE,
            oldest: NONE,
            waiting: BTreeSet::new(),
            held_total: 0,
            last_id: 0,
        }
    }
}

fn index(slot: u32) -> usize {
    super::fields::size(slot)
}

impl Table {
    #[inline]
    pub(super) fn segment(&mut self, time_ns: u64, segment: &Segment<'_>, out: &mut Output<'_>) {
        let (key, side) = Key::of(segment);
        let at = self.find(key, time_ns, out);
        let Self { slots, last_id, .. } = self;
        let Some(slot) = slots.get_mut(index(at)) else { return };
        let connection = &mut slot.connection;
        if connection.segment(time_ns, side, segment, last_id, out) == Verdict::Replace {
            connection.close(time_ns, out);
            *connection = Connection::new(key);
            connection.segment(time_ns, side, segment, last_id, out);
        }
        let closed = slot.connection.is_closed();
        self.watch(at, out);
        if closed {
            self.make_oldest(at);
        }
        while self.held_total > out.limits.reorder_bytes_total {
            let Some((_, at)) = self.waiting.first().copied() else {
                break;
            };
            if let Some(slot) = self.slots.get_mut(index(at)) {
                slot.connection.relieve(time_ns, out);
            }
            self.watch(at, out);
        }
    }

    /// Gives up missing ranges that were waited for long enough.
    #[inline]
    pub(super) fn expire(&mut self, now_ns: u64, out: &mut Output<'_>) {
        while let Some((deadline_ns, at)) = self.waiting.first().copied() {
            if deadline_ns > now_ns {
                break;
            }
            if let Some(slot) = self.slots.get_mut(index(at)) {
                slot.connection.expire(now_ns, out);
            }
            self.watch(at, out);
        }
    }

    /// Brings the timers and the total up to date with a connection.
    #[inline]
    fn watch(&mut self, at: u32, out: &Output<'_>) {
        let Some(slot) = self.slots.get_mut(index(at)) else {
            return;
        };
        let deadline_ns = if slot.connection.is_open() {
            slot.connection.deadline_ns(out.limits)
        } else {
            None
        };
        if deadline_ns == slot.deadline_ns && deadline_ns.is_none() {
            return;
        }
        let held_cost = slot.connection.held_cost();
        self.held_total = self.held_total + held_cost - slot.held_cost;
        slot.held_cost = held_cost;
        if deadline_ns != slot.deadline_ns {
            if let Some(before) = slot.deadline_ns {
                self.waiting.remove(&(before, at));
            }
            if let Some(deadline_ns) = deadline_ns {
                self.waiting.insert((deadline_ns, at));
            }
            slot.deadline_ns = deadline_ns;
        }
    }

    /// The slot of a connection, which is now the newest.
    #[inline]
    fn find(&mut self, key: Key, time_ns: u64, out: &mut Output<'_>) -> u32 {
        // Bulk transfers come in runs of one connection.
        if self
            .slots
            .get(index(self.newest))
            .is_some_and(|slot| slot.connection.key == key)
        {
            return self.newest;
        }
        if let Some(at) = self.by_key.get(&key).copied() {
            self.unlink(at);
            self.link_newest(at);
            return at;
        }
        let at = self.free_slot(key, time_ns, out);
        self.by_key.insert(key, at);
        self.link_newest(at);
        at
    }

    fn free_slot(&mut self, key: Key, time_ns: u64, out: &mut Output<'_>) -> u32 {
        let connection = Connection::new(key);
        if self.slots.len() < out.limits.connections.clamp(1, index(NONE)) {
            let slot = Slot {
                connection,
                newer: NONE,
                older: NONE,
                deadline_ns: None,
                held_cost: 0,
            };
            self.slots.push(slot);
            return super::fields::count(self.slots.len() - 1);
        }
        let at = self.oldest;
        self.unlink(at);
        if let Some(slot) = self.slots.get_mut(index(at)) {
            self.by_key.remove(&slot.connection.key);
            out.counters.connections_evicted += u64::from(slot.connection.is_open());
            slot.connection.close(time_ns, out);
        }
        self.watch(at, out);
        if let Some(slot) = self.slots.get_mut(index(at)) {
            slot.connection = connection;
        }
        at
    }

    fn unlink(&mut self, at: u32) {
        let Some((newer, older)) = self.slots.get(index(at)).map(|slot| (slot.newer, slot.older)) else {
            return;
        };
        match self.slots.get_mut(index(newer)) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(index(older)) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, at: u32) {
        let older = self.newest;
        if let Some(slot) = self.slots.get_mut(index(at)) {
            (slot.newer, slot.older) = (NONE, older);
        }
        match self.slots.get_mut(index(older)) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }

    /// A closed connection makes room first.
    fn make_oldest(&mut self, at: u32) {
        if self.oldest == at {
            return;
        }
        self.unlink(at);
        let newer = self.oldest;
        if let Some(slot) = self.slots.get_mut(index(at)) {
            (slot.newer, slot.older) = (newer, NONE);
        }
        match self.slots.get_mut(index(newer)) {
            Some(slot) => slot.older = at,
            None => self.newest = at,
        }
        self.oldest = at;
    }

    /// Closes everything, in the order of ids.
    pub(super) fn finish(&mut self, time_ns: u64, out: &mut Output<'_>) {
        let mut open: Vec<&mut Connection> = self
            .slots
            .iter_mut()
            .map(|slot| &mut slot.connection)
            .filter(|connection| connection.is_open())
            .collect();
        open.sort_unstable_by_key(|connection| connection.id);
        for connection in open {
            connection.close(time_ns, out);
        }
        *self = Self {
            last_id: self.last_id,
            ..Self::default()
        };
    }
}
