//! The streams of a connection that are not over, and what each side of them still has to do.

use std::collections::BTreeMap;

use super::grpc::{Content, Messages};
use crate::message::Text;
use crate::parser::Direction;

/// Streams remembered; the oldest is forgotten first. As many as the engine keeps requests of a connection. Peers allow
/// each other hundreds; only a capture that loses the ends of streams gets here.
const MAX_STREAMS: usize = 16 * 1024;

/// One side of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// Nothing of it was seen.
    #[default]
    Idle,
    /// Its header was seen, its end was not.
    Open(Body),
    /// It is all there.
    Ended,
}

/// What was seen of the body of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// Bytes of data, without padding.
    pub(super) size: u64,
    /// gRPC messages, while they can be counted.
    pub(super) messages: Option<Messages>,
    /// Bytes were lost, or it was cut off: its size says nothing.
    pub(super) broken: bool,
}

/// One stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) request: Side,
    pub(super) response: Side,
    pub(super) content: Content,
    /// The path of a request of unknown content, should the response tell that it is a method.
    pub(super) path: Option<Text>,
    /// Bytes of the server were lost since it began: its response may have been among them.
    pub(super) lost: bool,
}

impl Stream {
    /// The side whose frames go this way.
    pub(super) fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::ToServer => &mut self.request,
            Direction::ToClient => &mut self.response,
        }
    }
}

/// The streams by their number.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Streams {
    open: BTreeMap<u32, Stream>,
    /// The highest number a client has opened.
    newest: u32,
}

impl Streams {
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Stream> {
        self.open.get_mut(&id)
    }

    pub(super) fn contains(&self, id: u32) -> bool {
        self.open.contains_key(&id)
    }

    /// The stream, perhaps a new one.
    pub(super) fn enter(&mut self, id: u32) -> &mut Stream {
        if self.open.len() >= MAX_STREAMS && !self.open.contains_key(&id) {
            self.open.pop_first();
        }
        self.open.entry(id).or_default()
    }

    /// A client opened it.
    pub(super) fn opened(&mut self, id: u32) {
        self.newest = self.newest.max(id);
    }

    /// Whether its request has passed, seen or not.
    pub(super) fn is_past(&self, id: u32) -> bool {
        id <= self.newest
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.open.remove(&id);
    }

    /// Forgets a stream of which nothing more is to be said.
    pub(super) fn settle(&mut self, id: u32) {
        let Some(stream) = self.open.get(&id) else { return };
        // A response that was seen before its request waits for it, unless that has passed unseen.
        let asked = stream.request == Side::Ended || (stream.request == Side::Idle && self.is_past(id));
        if asked && stream.response == Side::Ended {
            self.open.remove(&id);
        }
    }

    /// Bytes of one direction were lost.
    pub(super) fn gap(&mut self, direction: Direction) {
        for stream in self.open.values_mut() {
            stream.lost |= direction == Direction::ToClient;
            if let Side::Open(body) = stream.side(direction) {
                body.broken = true;
                body.messages = None;
            }
        }
    }
}
