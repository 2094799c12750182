//! All connections, by id, with the least recently used one at hand.
//!
//! Connections are closed by an event, but not all of them: UNIX sockets may stay idle for ever, and a close can be lost.
//! So the table has a limit, and the connection that was not used for longest makes room.

use std::collections::HashMap;

use super::ids::IdHash;
use super::Connection;
use crate::event::ConnectionId;

/// No slot.
const NONE: usize = usize::MAX;

struct Slot {
    id: ConnectionId,
    connection: Option<Connection>,
    older: usize,
    newer: usize,
}

/// See the module.
pub struct Table {
    index: HashMap<ConnectionId, usize, IdHash>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    oldest: usize,
    newest: usize,
}

impl Default for Table {
    fn default() -> Self {
        let index = HashMap::default();
        Self {
            index,
            slots: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
        }
    }
}

impl Table {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Whether it is there.
    pub fn contains(&self, id: ConnectionId) -> bool {
        self.index.contains_key(&id)
    }

    /// Adds one, as the most recently used.
    pub fn insert(&mut self, id: ConnectionId, connection: Connection) {
        let slot = Slot {
            id,
            connection: Some(connection),
            older: NONE,
            newer: NONE,
        };
        let at = if let Some(at) = self.free.pop() {
            if let Some(place) = self.slots.get_mut(at) {
                *place = slot;
            }
            at
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        self.index.insert(id, at);
        self.link(at);
    }

    /// The one of this id, which becomes the most recently used.
    pub fn touch(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let at = *self.index.get(&id)?;
        if at != self.newest {
            self.unlink(at);
            self.link(at);
        }
        self.slots.get_mut(at)?.connection.as_mut()
    }

    /// The one of this id.
    pub fn get(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let at = *self.index.get(&id)?;
        self.slots.get_mut(at)?.connection.as_mut()
    }

    /// Takes one out.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let at = self.index.remove(&id)?;
        self.unlink(at);
        self.free.push(at);
        self.slots.get_mut(at)?.connection.take()
    }

    /// The least recently used one.
    pub fn oldest(&self) -> Option<ConnectionId> {
        self.slots.get(self.oldest).map(|slot| slot.id)
    }

    /// All ids, in order.
    pub fn ids(&self) -> Vec<ConnectionId> {
        let mut ids: Vec<_> = self.index.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn link(&mut self, at: usize) {
        let newest = std::mem::replace(&mut self.newest, at);
        if let Some(slot) = self.slots.get_mut(at) {
            slot.older = newest;
            slot.newer = NONE;
        }
        match self.slots.get_mut(newest) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
    }

    fn unlink(&mut self, at: usize) {
        let Some((older, newer)) = self.slots.get(at).map(|slot| (slot.older, slot.newer)) else {
            return;
        };
        match self.slots.get_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
    }
}
