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
//! * [`ALTERNATIONS`] requests began there and none anywhere else: the client waits for its answers;
//! * silence of [`SILENCE_NS`], longer for a client that is known to pipeline, and longer than the server ever let the
//!   connection wait;
//! * for a client that pipelines: so much time spent at `lowest`, summed up, that an owed response would have come;
//! * the connection's close, for a client that does not pipeline.
//!
//! One client cannot be told from these: it keeps exactly n > 1 requests in flight at all times, was met in its middle,
//! and each response is followed by exactly one request, [`ALTERNATIONS`] times without one exception.

use std::collections::VecDeque;

use super::{end_one, Cause, Ending, Half, Ledger, Part, Pending, Response, EARLY_RESPONSE_NS, MAX_EARLY_RESPONSES};

/// Requests that must begin at the lowest balance, and none elsewhere. They are held meanwhile, not lost, so the number
/// can be well above what chance makes of a client with two requests in flight.
pub const ALTERNATIONS: u32 = 16;

/// The same at the end of the capture, where the window cannot grow any more.
pub const ALTERNATIONS_AT_END: u32 = 3;

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
    /// A request began while another was unanswered, at any time.
    pipelines: bool,
    max_in_flight: usize,
}

impl InOrder {
    /// See [`super::Pairs::new`].
    pub fn new(fresh: bool, max_in_flight: usize) -> Self {
        let window = (!fresh).then(|| {
            Box::new(Window {
                mid_stream: true,
                ..Window::default()
            })
        });
        Self {
            requests: VecDeque::new(),
            early: VecDeque::new(),
            window,
            pipelines: false,
            max_in_flight,
        }
    }

    /// See [`super::Pairs::is_certain`]. A client that waits for its answers has one request in flight at most, whatever
    /// came before.
    pub fn is_certain(&self) -> bool {
        self.window.is_none() || !self.pipelines
    }

    /// See [`super::Pairs::request`].
    pub fn request(&mut self, mut pending: Pending, quiet: bool, ledger: &mut impl Ledger) {
        self.weigh(&pending, quiet, ledger);
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
        self.pipelines = self.pipelines || self.requests.iter().any(Pending::is_owed);
        let Some(window) = &mut self.window else { return };
        if window.balance > window.lowest || window.half_response {
            self.pipelines = true;
        } else if quiet && self.requests.is_empty() && pending.reply.follows() {
            window.begun_at_lowest += 1;
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
            if window.begun_at_lowest >= ALTERNATIONS && (!self.pipelines || window.dwell_ns >= waited) {
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
        } else if let Some(response) = self.early.back_mut().filter(|response| response.end_ns.is_none()) {
            response.extend(part);
        } else {
            ledger.loss().parts_without_message += 1;
            self.restart(Cause::Uncertain, part.time_ns, ledger);
        }
    }

    /// See [`super::Pairs::gap`].
    pub fn gap(&mut self, half: Half, now: u64, ledger: &mut impl Ledger) {
        // Whole requests before a gap in their own direction are answered by the next responses all the same.
        let kept = if half == Half::Request {
            std::mem::take(&mut self.requests)
        } else {
            VecDeque::new()
        };
        self.restart(Cause::Gap, now, ledger);
        for pending in kept {
            if pending.request_end_ns.is_some() {
                self.requests.push_back(pending);
            } else {
                ledger.dropped(&pending, Cause::Gap);
            }
        }
    }

    /// Forgets everything unpaired and begins a window.
    fn restart(&mut self, cause: Cause, now: u64, ledger: &mut impl Ledger) {
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

    /// The connection was idle at `lowest`, and is at `lowest` now: pairs everything.
    fn commit(&mut self, ledger: &mut impl Ledger) {
        let Some(window) = self.window.take() else { return };
        let Window {
            requests,
            mut responses,
            lowest,
            mid_stream,
            ..
        } = *window;
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
            if window.requests.is_empty() && window.responses.is_empty() {
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
            self.commit(ledger);
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
            let begun = if ending == Ending::Closed {
                1
            } else {
                ALTERNATIONS_AT_END
            };
            window.is_low() && self.requests.is_empty() && !self.pipelines && window.begun_at_lowest >= begun
        });
        if ending != Ending::Released && ((quiet && evident) || self.is_idle(now, quiet)) {
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
        self.balance -= 1;
        if self.balance < self.lowest {
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
