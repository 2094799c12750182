//! The nth response answers the nth request - once it is known which response is the nth.
//!
//! On a connection seen from its beginning that is known. After a late attach, or after a loss, requests may be in flight
//! that were never seen, and pairing the next response with the next request would be wrong for the rest of the
//! connection's life. So a [`Window`] collects both sides unpaired until there is evidence that at some moment nothing
//! was in flight. Let `balance` be requests begun minus responses ended since the window began, and `lowest` its lowest
//! value. In flight is always `k + balance`, where `k` requests were in flight at the beginning; it is never negative,
//! so `k >= -lowest`, and `k == -lowest` exactly if the connection was idle once, necessarily at `lowest`. Then the
//! first `k` responses belong to unseen requests and the rest pair one to one.
//!
//! What counts as evidence of idleness, always at `lowest` and with no half-read response:
//! * [`ALTERNATIONS_ANEW`] requests began there and none anywhere else, by a client that waited for its answers
//!   [`ALTERNATIONS`] times in its life and never did otherwise;
//! * silence of [`SILENCE_NS`], longer for a client that is known to pipeline, and longer than the server ever let the
//!   connection wait;
//! * for a client that pipelines: so much time spent at `lowest`, summed up, that an owed response would have come;
//! * the end of the connection, for a client that does not pipeline.
//!
//! All of this speaks of what was seen, and a loss shows only when the next bytes of its direction arrive. If the client
//! waits for its answers, the answer to a lost request shows it too: nothing else lowers the balance after the window's
//! first request. If it pipelines, evidence is believed only after a further request and a further response have
//! arrived, which proves that none is missing before them.
//!
//! One client cannot be told from one that waits: it keeps exactly n > 1 requests in flight at all times, was met in its
//! middle, and each response is followed by exactly one request, [`ALTERNATIONS`] times without one exception.

use std::collections::VecDeque;

use super::{
    end_one, Cause, Ending, Half, Ledger, Met, Missing, Part, Pending, Response, EARLY_RESPONSE_NS, MAX_EARLY_RESPONSES,
};

/// Requests that must begin at the lowest balance, and none elsewhere. They are held meanwhile, not lost, so the number
/// can be well above what chance makes of a client with two requests in flight.
pub const ALTERNATIONS: u32 = 16;

/// The same in a window of a client that was seen to wait for [`ALTERNATIONS`] answers before, and at the end of the
/// capture, where the window cannot grow any more.
pub const ALTERNATIONS_ANEW: u32 = 3;

/// Silence that means idle: 50 ms is longer than nearly every answer takes when others are waiting.
pub const SILENCE_NS: u64 = 50_000_000;

/// The same for a client that pipelines: there, a mistake makes wrong pairs and not only a second window.
pub const SILENCE_PIPELINED_NS: u64 = 200_000_000;

/// Silence must also be this many times the longest wait for a response that was seen.
const SILENCE_PER_WAIT: u64 = 2;

/// For a client that pipelines, time at the lowest balance must be this many times the longest wait for a response.
const DWELL_PER_WAIT: u64 = 8;

/// A window whose balance stays above its lowest for so long began at a wrong moment: start again. Longer than most
/// answers take; a slower one costs its own exchange only.
pub const STUCK_NS: u64 = 10_000_000_000;

/// Messages in a window. Evidence needs a few dozen; more than this says that none will come.
pub const MAX_WINDOW: usize = 4096;

/// Evidence that waits to be believed. Any response takes it back, or believes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Idle {
    /// None.
    #[default]
    No,
    /// Silence at `lowest`; a request is awaited, which shows that none is missing before it.
    Silent,
    /// The responses seen so far answer the requests before them, if the next response shows that none is missing.
    Proposed,
}

/// Messages that are not paired yet, because it is not known which belong together.
#[derive(Debug, Default)]
struct Window {
    requests: VecDeque<Pending>,
    responses: VecDeque<Response>,
    balance: i64,
    lowest: i64,
    /// Requests begun at `lowest` since it was reached.
    begun_at_lowest: u32,
    /// Time spent at `lowest` before those.
    dwell_ns: u64,
    /// The longest time without progress while a response was owed.
    longest_wait_ns: u64,
    /// The last message.
    last_ns: u64,
    /// A response began and did not end.
    half_response: bool,
    /// Asked in vain at this time: not again before [`SILENCE_NS`] more.
    asked_ns: u64,
    /// How far the evidence got, of a client that pipelines.
    idle: Idle,
    /// A response ended that no unseen request before the window explains: a request was lost just now.
    odd: bool,
    /// The window began with a late attach.
    mid_stream: bool,
}

/// The pairing of one connection.
#[derive(Debug)]
pub struct InOrder {
    /// Requests whose response is known to be the next, in order.
    requests: VecDeque<Pending>,
    /// Responses seen before their request.
    early: VecDeque<Response>,
    /// Present while it is uncertain what follows the responses to `requests`.
    window: Option<Box<Window>>,
    /// The next request is the first after a late attach.
    first_mid_stream: bool,
    /// A request began while another was unanswered, at any time.
    pipelines: bool,
    /// It looks as if one just did; a lost answer looks the same until the next one arrives.
    overlaps: bool,
    /// Requests that began while nothing was in flight: how long the client is known to wait for its answers.
    waits: u32,
    max_in_flight: usize,
}

impl InOrder {
    /// See [`super::Pairs::new`].
    pub fn new(met: Met, max_in_flight: usize) -> Self {
        let window = (met == Met::Busy).then(|| {
            Box::new(Window {
                mid_stream: true,
                ..Window::default()
            })
        });
        Self {
            requests: VecDeque::new(),
            early: VecDeque::new(),
            window,
            first_mid_stream: met == Met::Idle,
            pipelines: false,
            overlaps: false,
            waits: 0,
            max_in_flight,
        }
    }

    /// See [`super::Pairs::is_certain`]. A client that waits for its answers has one request in flight at most, whatever
    /// came before.
    pub fn is_certain(&self) -> bool {
        self.window.is_none() || !self.pipelines
    }

    /// See [`super::Pairs::is_alone`].
    pub fn is_alone(&self, half: Half) -> bool {
        let in_flight = match half {
            Half::Request => 0,
            Half::Response => 1,
        };
        self.window.is_none() && !self.pipelines && self.requests.len() == in_flight
    }

    /// See [`super::Pairs::take_unanswered`].
    pub fn take_unanswered(&mut self) -> Option<Pending> {
        let last = self.requests.back().filter(|_| self.window.is_none())?;
        if last.is_owed() && last.response_start_ns.is_none() {
            self.requests.pop_back()
        } else {
            None
        }
    }

    /// See [`super::Pairs::request`].
    pub fn request(&mut self, mut pending: Pending, quiet: bool, ledger: &mut impl Ledger) {
        self.weigh(&pending, quiet, ledger);
        pending.capture.attached_mid_stream |= std::mem::take(&mut self.first_mid_stream);
        if let Some(window) = &mut self.window {
            if window.requests.len() + window.responses.len() >= MAX_WINDOW {
                self.restart(Cause::Uncertain, pending.request_start_ns, ledger);
            }
        } else if self.requests.len() >= self.max_in_flight {
            self.restart(Cause::Overflow, pending.request_start_ns, ledger);
        }
        if let Some(window) = &mut self.window {
            window.last_ns = pending.request_start_ns;
            if pending.reply.follows() {
                window.balance += 1;
            }
            window.requests.push_back(pending);
            return;
        }
        if pending.reply.follows() {
            if let Some(response) = self.early.pop_front() {
                pending.answer(response);
                ledger.responded(&pending);
            }
        }
        self.requests.push_back(pending);
        self.drain(ledger);
    }

    /// A request is about to begin: what does that say about the responses that are owed?
    fn weigh(&mut self, pending: &Pending, quiet: bool, ledger: &mut impl Ledger) {
        let owed = self.requests.iter().rev().any(Pending::is_owed);
        self.overlaps |= owed;
        let Some(window) = &mut self.window else {
            self.waits = self.waits.saturating_add(u32::from(!owed));
            return;
        };
        if window.balance > window.lowest || window.half_response {
            self.overlaps = true;
        } else if quiet && self.requests.is_empty() && pending.reply.follows() {
            window.begun_at_lowest += 1;
            self.waits = self.waits.saturating_add(1);
            let since = if window.responses.is_empty() {
                pending.request_start_ns
            } else {
                window.last_ns
            };
            window.dwell_ns += pending.request_start_ns.saturating_sub(since);
            let waited = window
                .longest_wait_ns
                .saturating_mul(DWELL_PER_WAIT)
                .max(SILENCE_PIPELINED_NS);
            let pipelines = self.pipelines || self.overlaps;
            let often = if pipelines {
                window.begun_at_lowest >= ALTERNATIONS && window.dwell_ns >= waited
            } else {
                window.begun_at_lowest >= ALTERNATIONS_ANEW && self.waits >= ALTERNATIONS
            };
            if pipelines && (often || window.idle == Idle::Silent) {
                window.idle = Idle::Proposed;
            } else if often {
                self.commit(ledger);
            }
        }
    }

    /// See [`super::Pairs::request_part`].
    pub fn request_part(&mut self, part: Part, ledger: &mut impl Ledger) {
        let requests = match &mut self.window {
            Some(window) => {
                window.last_ns = window.last_ns.max(part.time_ns);
                &mut window.requests
            }
            None => &mut self.requests,
        };
        match requests.back_mut().filter(|pending| pending.request_end_ns.is_none()) {
            Some(pending) => pending.extend_request(part),
            None => ledger.loss().parts_without_message += 1,
        }
        self.drain(ledger);
    }

    /// See [`super::Pairs::response`].
    pub fn response(&mut self, response: Response, ledger: &mut impl Ledger) {
        // No answer is missing before this one, so the overlap was real.
        self.pipelines |= std::mem::take(&mut self.overlaps);
        if self.window.as_ref().is_some_and(|window| window.idle == Idle::Proposed) {
            self.commit(ledger);
        }
        if let Some(pending) = self.requests.iter_mut().find(|pending| pending.is_owed()) {
            if let Some(window) = &mut self.window {
                window.last_ns = response.start_ns;
            }
            pending.answer(response);
            ledger.responded(pending);
            self.drain(ledger);
        } else if let Some(window) = &mut self.window {
            // A client that waits for its answers has one request in flight; of others it is not known which is meant.
            if let Some(pending) = window.requests.back().filter(|_| !self.pipelines) {
                ledger.responded(pending);
            }
            window.respond(response);
            self.doubt(ledger);
        } else if self.early.len() < MAX_EARLY_RESPONSES {
            self.early.push_back(response);
        } else {
            self.restart(Cause::Uncertain, response.start_ns, ledger);
        }
    }

    /// See [`super::Pairs::response_part`].
    pub fn response_part(&mut self, part: Part, ledger: &mut impl Ledger) {
        let begun = |pending: &&mut Pending| pending.is_owed() && pending.response_start_ns.is_some();
        if let Some(pending) = self.requests.iter_mut().find(begun) {
            pending.extend_response(part);
            self.drain(ledger);
        } else if let Some(window) = &mut self.window {
            window.respond_part(part);
            self.doubt(ledger);
        } else if let Some(response) = self.early.back_mut().filter(|response| response.end_ns.is_none()) {
            response.extend(part);
        } else {
            ledger.loss().parts_without_message += 1;
            self.restart(Cause::Uncertain, part.time_ns, ledger);
        }
    }

    /// Starts again if a request was lost.
    fn doubt(&mut self, ledger: &mut impl Ledger) {
        if let Some(window) = self.window.as_ref().filter(|window| window.odd && !self.pipelines) {
            let now = window.last_ns;
            self.restart(Cause::Uncertain, now, ledger);
        }
    }

    /// See [`super::Pairs::gap`].
    pub fn gap(&mut self, half: Half, missing: Missing, now: u64, ledger: &mut impl Ledger) {
        // Requests that began before a gap in their own direction are answered by the next responses all the same.
        let kept = if half == Half::Request {
            std::mem::take(&mut self.requests)
        } else {
            VecDeque::new()
        };
        self.restart(Cause::Gap, now, ledger);
        for mut pending in kept {
            if pending.request_end_ns.is_none() {
                match missing {
                    Missing::Lost(bytes) => pending.capture.gap_bytes += bytes,
                    Missing::Cut => pending.capture.truncated = true,
                    // Perhaps it was no request.
                    Missing::Sense => {
                        ledger.dropped(&pending, Cause::Gap);
                        continue;
                    }
                }
                pending.request_end_ns = Some(now);
            }
            self.requests.push_back(pending);
        }
        self.drain(ledger);
    }

    /// Forgets everything unpaired and begins a window.
    fn restart(&mut self, cause: Cause, now: u64, ledger: &mut impl Ledger) {
        self.overlaps = false;
        let window = self.window.take();
        let mid_stream = window.as_ref().is_some_and(|window| window.mid_stream);
        let (uncertain, responses) = window
            .map(|window| (window.requests, window.responses))
            .unwrap_or_default();
        for pending in self.requests.drain(..) {
            ledger.dropped(&pending, cause);
        }
        for pending in &uncertain {
            ledger.dropped(pending, cause);
        }
        let unpaired = self.early.len() + responses.len().saturating_sub(uncertain.len());
        ledger.loss().responses_without_request += unpaired as u64;
        self.early.clear();
        self.window = Some(Box::new(Window {
            last_ns: now,
            mid_stream,
            ..Window::default()
        }));
    }

    /// The connection was idle at `lowest`, and all responses seen were seen by a moment at `lowest`: pairs everything.
    fn commit(&mut self, ledger: &mut impl Ledger) {
        let Some(window) = self.window.take() else { return };
        let Window {
            requests,
            mut responses,
            lowest,
            mid_stream,
            ..
        } = *window;
        // What was proposed ends at an idle moment, so it pairs one to one; later requests are owed what comes next.
        let unseen = usize::try_from(lowest.unsigned_abs())
            .unwrap_or(usize::MAX)
            .min(responses.len());
        responses.drain(..unseen);
        ledger.loss().responses_without_request += unseen as u64;
        for mut pending in requests {
            pending.capture.attached_mid_stream |= mid_stream;
            if pending.reply.follows() {
                if let Some(response) = responses.pop_front() {
                    pending.answer(response);
                    ledger.responded(&pending);
                }
            }
            self.requests.push_back(pending);
        }
        self.drain(ledger);
    }

    fn drain(&mut self, ledger: &mut impl Ledger) {
        while self.requests.front().is_some_and(Pending::is_complete) {
            if let Some(pending) = self.requests.pop_front() {
                ledger.complete(pending);
            }
        }
    }

    /// See [`super::Pairs::deadline`].
    pub fn deadline(&self) -> Option<u64> {
        if let Some(window) = &self.window {
            if window.idle == Idle::Silent || (window.requests.is_empty() && window.responses.is_empty()) {
                return None;
            }
            let wait = if window.is_low() {
                window.silence(self.pipelines)
            } else {
                STUCK_NS
            };
            return Some(
                window
                    .last_ns
                    .saturating_add(wait)
                    .max(window.asked_ns.saturating_add(SILENCE_NS)),
            );
        }
        self.early
            .front()
            .map(|response| response.start_ns.saturating_add(EARLY_RESPONSE_NS))
    }

    /// See [`super::Pairs::on_time`].
    pub fn on_time(&mut self, now: u64, quiet: bool, ledger: &mut impl Ledger) {
        if self.is_idle(now, quiet) {
            match &mut self.window {
                Some(window) if self.pipelines || self.overlaps => window.idle = Idle::Silent,
                _ => self.commit(ledger),
            }
        } else if let Some(window) = &mut self.window {
            window.asked_ns = now;
            if !window.is_low() && now.saturating_sub(window.last_ns) >= STUCK_NS {
                self.restart(Cause::Uncertain, now, ledger);
            }
        } else if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.restart(Cause::Uncertain, now, ledger);
        }
    }

    /// Silence, as evidence.
    fn is_idle(&self, now: u64, quiet: bool) -> bool {
        let Some(window) = &self.window else { return false };
        let silent = now.saturating_sub(window.last_ns) >= window.silence(self.pipelines);
        quiet && silent && window.is_low() && self.requests.is_empty() && !window.responses.is_empty()
    }

    /// See [`super::Pairs::end`].
    pub fn end(&mut self, ending: Ending, now: u64, quiet: bool, ledger: &mut impl Ledger) {
        let evident = self.window.as_ref().is_some_and(|window| {
            let begun = if ending == Ending::Closed { 1 } else { ALTERNATIONS_ANEW };
            window.is_low()
                && self.requests.is_empty()
                && !self.pipelines
                && !self.overlaps
                && window.begun_at_lowest >= begun
        });
        let idle = !self.pipelines && !self.overlaps && self.is_idle(now, quiet);
        if ending != Ending::Released && ((quiet && evident) || idle) {
            self.commit(ledger);
        }
        for pending in std::mem::take(&mut self.requests) {
            end_one(pending, ending, now, ledger);
        }
        if self.window.is_some() || !self.early.is_empty() {
            self.restart(Cause::Uncertain, now, ledger);
        }
    }
}

impl Window {
    fn is_low(&self) -> bool {
        self.balance == self.lowest && !self.half_response
    }

    /// How long a silence at `lowest` must be.
    fn silence(&self, pipelines: bool) -> u64 {
        let least = if pipelines { SILENCE_PIPELINED_NS } else { SILENCE_NS };
        self.longest_wait_ns.saturating_mul(SILENCE_PER_WAIT).max(least)
    }

    fn respond(&mut self, response: Response) {
        self.half_response = response.end_ns.is_none();
        self.progress(response.end_ns, response.start_ns);
        self.responses.push_back(response);
    }

    fn respond_part(&mut self, part: Part) {
        let end_ns = part.last.then_some(part.time_ns);
        let time_ns = part.time_ns;
        match self.responses.back_mut().filter(|response| response.end_ns.is_none()) {
            Some(response) => response.extend(part),
            // It began before the window, and so did its request.
            None if part.last => self.responses.push_back(Response {
                end_ns,
                ..Response::default()
            }),
            None => {}
        }
        self.half_response = end_ns.is_none();
        self.progress(end_ns, time_ns);
    }

    fn progress(&mut self, end_ns: Option<u64>, time_ns: u64) {
        let time_ns = end_ns.unwrap_or(time_ns);
        if self.last_ns != 0 && !(self.responses.is_empty() && self.requests.is_empty()) {
            self.longest_wait_ns = self.longest_wait_ns.max(time_ns.saturating_sub(self.last_ns));
        }
        self.last_ns = time_ns;
        if end_ns.is_none() {
            return;
        }
        self.idle = Idle::No;
        self.balance -= 1;
        if self.balance < self.lowest {
            self.odd |= self.requests.iter().any(|pending| pending.reply.follows());
            self.lowest = self.balance;
            self.begun_at_lowest = 0;
            self.dwell_ns = 0;
        }
    }
}

impl Response {
    /// A further stretch of it.
    fn extend(&mut self, part: Part) {
        super::merge(&mut self.facts, part.facts);
        self.lost += part.lost;
        if part.last {
            self.end_ns = Some(part.time_ns);
        }
    }
}
