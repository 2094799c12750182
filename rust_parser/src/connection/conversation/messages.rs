//! What happens to the messages of a conversation: they become requests and responses, and are paired.

use std::sync::Arc;

use protocol_parsers::{Definition, Direction, Facts, Message, Phase, Reply, Side};

use super::Conversation;
use crate::connection::lane::Tail;
use crate::connection::stream::{low_half, Stamp};
use crate::context::parents::{link_key, Begun};
use crate::context::Identity;
use crate::engine::Shared;
use crate::event::Vantage;
use crate::exchange::{CaptureFacts, Cause, Ledger, Part, Peers, Pending, Perspective, Response};
use crate::loss::Loss;

impl Conversation {
    /// Takes a message; answers how many of its bytes are here.
    pub(super) fn message(
        &mut self,
        direction: Direction,
        len: u64,
        message: Message,
        available: usize,
        shared: &mut Shared,
    ) -> usize {
        self.errors = 0;
        let lane = self.lane(direction);
        let start = if len == 0 { lane.last } else { lane.front_stamp() };
        let position = lane.position;
        let here = usize::try_from(len).unwrap_or(usize::MAX).min(available);
        lane.pass(here as u64);
        lane.skip = len - here as u64;
        let ends = matches!(message.phase, Phase::Whole | Phase::End);
        if ends && lane.skip > 0 {
            lane.tail = Some(Tail {
                side: message.side,
                id: message.id,
            });
        }
        let extent = Extent {
            position,
            start,
            ended: ends && lane.skip == 0,
            lost: std::mem::take(&mut lane.lost),
            cut: false,
        };
        self.deliver(direction, message, &extent, shared);
        here
    }

    /// The last byte of a message was passed over.
    pub(super) fn finish_tail(&mut self, direction: Direction, shared: &mut Shared) {
        let lane = self.lane(direction);
        let Some(Tail { side, id }) = lane.tail.take() else {
            return;
        };
        let extent = Extent {
            position: lane.position,
            start: lane.last,
            ended: true,
            lost: std::mem::take(&mut lane.lost),
            cut: false,
        };
        let mut end = Message::new(side, Phase::End, Facts::default());
        end.id = id;
        self.deliver(direction, end, &extent, shared);
    }

    pub(super) fn deliver(&mut self, direction: Direction, message: Message, extent: &Extent, shared: &mut Shared) {
        let time_ns = self.lane(direction).last.time_ns;
        let Message {
            side,
            phase,
            id,
            reply,
            facts,
        } = message;
        let begins = matches!(phase, Phase::Whole | Phase::Begin);
        let end_ns = extent.ended.then_some(time_ns);
        let Extent {
            position,
            start,
            ended,
            lost,
            cut,
        } = *extent;
        if side == Side::Request && begins {
            let ordinal = match self.last_request {
                (last, ordinal) if last == position => ordinal.wrapping_add(1),
                _ => 0,
            };
            self.last_request = (position, ordinal);
            let identity = Identity::new(&self.peers, position, ordinal);
            self.begin(&identity, &facts, start, position, shared);
            let quiet = !self.holds && self.to_client.is_quiet();
            let capture = CaptureFacts {
                gap_bytes: lost,
                truncated: cut,
                ..CaptureFacts::default()
            };
            let pending = Pending {
                identity,
                id,
                reply,
                facts,
                position,
                ordinal,
                tgid: start.tgid,
                tid: start.tid,
                request_start_ns: start.time_ns,
                request_end_ns: end_ns,
                response_start_ns: None,
                response_end_ns: None,
                capture,
                doubtful: false,
            };
            let mut book = Book {
                shared,
                definition: self.definition,
                peers: &self.peers,
            };
            self.pairs.request(pending, quiet, &mut book);
            return;
        }
        let mut book = Book {
            shared,
            definition: self.definition,
            peers: &self.peers,
        };
        let part = |facts| Part {
            facts,
            time_ns,
            last: ended,
            lost,
        };
        match side {
            Side::Notice => book.shared.loss.notices += u64::from(begins),
            Side::Request => self.pairs.request_part(id, part(facts), &mut book),
            Side::Response if begins => {
                let response = Response {
                    facts,
                    start_ns: start.time_ns,
                    end_ns,
                    lost,
                    cut,
                };
                self.pairs.response(id, response, &mut book);
            }
            Side::Response => self.pairs.response_part(id, part(facts), &mut book),
        }
    }

    /// Makes a new request known to those who look for parents.
    fn begin(&self, identity: &Identity, facts: &Facts, stamp: Stamp, position: u64, shared: &mut Shared) {
        if self.peers.vantage == Vantage::Network {
            return;
        }
        let sequence = low_half(position);
        let begun = Begun {
            identity: *identity,
            peers: &self.peers,
            stamp,
            wire: facts.context.as_ref(),
            pair: self.pair,
            link: self
                .pair
                .filter(|_| self.is_first_here())
                .map(|pair| link_key(pair, sequence)),
            certain: self.pairs.is_certain(),
            opened_ns: self.opened_ns,
        };
        if !shared.parents.begin(&begun, shared.now) {
            shared.loss.exchanges_unlinked += 1;
        }
    }

    /// Of several requests at one position only the first is linked by position.
    fn is_first_here(&self) -> bool {
        self.last_request.1 == 0
    }
}

/// Where a message stands.
pub(super) struct Extent {
    pub(super) position: u64,
    pub(super) start: Stamp,
    /// Its side ends with it, and its last byte was passed.
    pub(super) ended: bool,
    pub(super) lost: u64,
    /// The copy limit left out the rest of it.
    pub(super) cut: bool,
}

/// The ledger of one conversation.
pub(super) struct Book<'a> {
    pub(super) shared: &'a mut Shared,
    pub(super) definition: &'static Definition,
    pub(super) peers: &'a Arc<Peers>,
}

impl Ledger for Book<'_> {
    fn responded(&mut self, pending: &Pending) {
        if self.peers.perspective == Perspective::Server {
            self.shared.parents.responded(pending.identity.span());
        }
    }

    fn complete(&mut self, pending: Pending) {
        let identity = pending.identity;
        if pending.reply == Reply::Routine && pending.facts.failure.is_none() {
            self.shared.parents.dropped(identity.span());
            return;
        }
        let exchange = pending.into_exchange(self.definition, Arc::clone(self.peers));
        self.shared.finish(&identity, exchange);
    }

    fn dropped(&mut self, pending: &Pending, cause: Cause) {
        let loss = &mut self.shared.loss;
        match cause {
            Cause::Gap => loss.exchanges_lost_in_gap += 1,
            Cause::Uncertain => loss.exchanges_uncertain += 1,
            Cause::Overflow => loss.exchanges_overflowed += 1,
            Cause::CutShort => loss.exchanges_cut_short += 1,
        }
        self.shared.parents.dropped(pending.identity.span());
    }

    fn loss(&mut self) -> &mut Loss {
        &mut self.shared.loss
    }
}
