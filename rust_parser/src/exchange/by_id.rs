//! Request and response carry the same id, so they may overlap and overtake each other (HTTP/2 streams, Kafka).
//!
//! A loss cannot make a wrong pair here; it leaves requests without an answer. Those are never reported as unanswered
//! once bytes of the responses' direction were lost.

use std::collections::{HashMap, VecDeque};

use super::{
    end_one, Cause, Ending, Half, Ledger, Missing, Part, Pending, Response, EARLY_RESPONSE_NS, MAX_EARLY_RESPONSES,
};
use crate::connection::ids::IdHash;

/// When too many are in flight the oldest go, this fraction of them at once, so that finding them costs little for each.
const OVERFLOW_SHARE: usize = 4;

/// The pairing of one connection.
#[derive(Debug)]
pub struct ById {
    pending: HashMap<u64, Open, IdHash>,
    /// Responses seen before their request.
    early: VecDeque<(u64, Response)>,
    /// Counts requests, to know the oldest.
    begun: u64,
    max_in_flight: usize,
    /// No exchange was paired since a late attach.
    mid_stream: bool,
}

#[derive(Debug)]
struct Open {
    serial: u64,
    pending: Pending,
}

impl ById {
    /// See [`super::Pairs::new`].
    pub fn new(fresh: bool, max_in_flight: usize) -> Self {
        let pending = HashMap::default();
        Self {
            pending,
            early: VecDeque::new(),
            begun: 0,
            max_in_flight,
            mid_stream: !fresh,
        }
    }

    /// See [`super::Pairs::request`].
    pub fn request(&mut self, mut pending: Pending, ledger: &mut impl Ledger) {
        self.expire(pending.request_start_ns, ledger);
        if self.pending.len() >= self.max_in_flight {
            self.drop_oldest(ledger);
        }
        let id = pending.id;
        pending.capture.attached_mid_stream |= self.mid_stream;
        if let Some(at) = self.early.iter().position(|(early, _)| *early == id) {
            if let Some((_, response)) = self.early.remove(at) {
                pending.answer(response);
                ledger.responded(&pending);
            }
        }
        self.begun += 1;
        if let Some(old) = self.pending.insert(
            id,
            Open {
                serial: self.begun,
                pending,
            },
        ) {
            ledger.dropped(&old.pending, Cause::Uncertain);
        }
        self.finish(id, ledger);
    }

    /// See [`super::Pairs::request_part`].
    pub fn request_part(&mut self, id: u64, part: Part, ledger: &mut impl Ledger) {
        match self
            .pending
            .get_mut(&id)
            .filter(|open| open.pending.request_end_ns.is_none())
        {
            Some(open) => open.pending.extend_request(part),
            None => ledger.loss().parts_without_message += 1,
        }
        self.finish(id, ledger);
    }

    /// See [`super::Pairs::response`].
    pub fn response(&mut self, id: u64, response: Response, ledger: &mut impl Ledger) {
        self.expire(response.start_ns, ledger);
        if let Some(open) = self
            .pending
            .get_mut(&id)
            .filter(|open| open.pending.response_start_ns.is_none())
        {
            open.pending.answer(response);
            ledger.responded(&open.pending);
        } else {
            if self.early.len() >= MAX_EARLY_RESPONSES && self.early.pop_front().is_some() {
                ledger.loss().responses_without_request += 1;
            }
            self.early.push_back((id, response));
        }
        self.finish(id, ledger);
    }

    /// See [`super::Pairs::response_part`].
    pub fn response_part(&mut self, id: u64, part: Part, ledger: &mut impl Ledger) {
        let began = |open: &&mut Open| open.pending.is_owed() && open.pending.response_start_ns.is_some();
        if let Some(open) = self.pending.get_mut(&id).filter(began) {
            open.pending.extend_response(part);
        } else if let Some((_, response)) = self.early.iter_mut().find(|(early, _)| *early == id) {
            super::merge(&mut response.facts, part.facts);
            response.lost += part.lost;
            response.end_ns = part.last.then_some(part.time_ns);
        } else {
            ledger.loss().parts_without_message += 1;
        }
        self.finish(id, ledger);
    }

    /// See [`super::Pairs::gap`].
    pub fn gap(&mut self, half: Half, missing: Missing) {
        for open in self.pending.values_mut() {
            let pending = &mut open.pending;
            let touched = match half {
                Half::Request => pending.request_end_ns.is_none(),
                Half::Response => pending.response_start_ns.is_some() && pending.response_end_ns.is_none(),
            };
            match missing {
                Missing::Lost(bytes) if touched => pending.capture.gap_bytes += bytes,
                Missing::Cut if touched => pending.capture.truncated = true,
                _ => {}
            }
            pending.doubtful |= touched || half == Half::Response;
        }
    }

    /// See [`super::Pairs::deadline`].
    pub fn deadline(&self) -> Option<u64> {
        None
    }

    /// See [`super::Pairs::on_time`].
    pub fn on_time(&mut self, now: u64, _quiet: bool, ledger: &mut impl Ledger) {
        self.expire(now, ledger);
    }

    /// See [`super::Pairs::end`].
    pub fn end(&mut self, ending: Ending, now: u64, _quiet: bool, ledger: &mut impl Ledger) {
        let mut rest: Vec<Open> = self.pending.drain().map(|(_, open)| open).collect();
        rest.sort_unstable_by_key(|open| open.serial);
        for open in rest {
            end_one(open.pending, ending, now, ledger);
        }
        ledger.loss().responses_without_request += self.early.len() as u64;
        self.early.clear();
    }

    fn finish(&mut self, id: u64, ledger: &mut impl Ledger) {
        if self.pending.get(&id).is_some_and(|open| open.pending.is_complete()) {
            if let Some(open) = self.pending.remove(&id) {
                self.mid_stream = false;
                ledger.complete(open.pending);
            }
        }
    }

    fn expire(&mut self, now: u64, ledger: &mut impl Ledger) {
        let old = |(_, response): &(u64, Response)| response.start_ns.saturating_add(EARLY_RESPONSE_NS) < now;
        while self.early.front().is_some_and(old) {
            self.early.pop_front();
            ledger.loss().responses_without_request += 1;
        }
    }

    fn drop_oldest(&mut self, ledger: &mut impl Ledger) {
        let mut serials: Vec<(u64, u64)> = self.pending.iter().map(|(id, open)| (open.serial, *id)).collect();
        serials.sort_unstable();
        for (_, id) in serials.into_iter().take(self.max_in_flight / OVERFLOW_SHARE + 1) {
            if let Some(open) = self.pending.remove(&id) {
                ledger.dropped(&open.pending, Cause::Overflow);
            }
        }
    }
}
