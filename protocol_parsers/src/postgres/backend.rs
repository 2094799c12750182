//! What the server sends: which exchange each message belongs to, and where that exchange ends.
//!
//! An answer ends with ReadyForQuery when nothing else of its batch follows: only then is the transaction committed and
//! the client free to go on. In a pipeline the answer of an Execute ends with its own completion.
//!
//! While the queue of what is owed is not known (late attach, lost bytes) answers are told apart by themselves: those of
//! the extended protocol have their BindComplete in front. The queue is known again once ReadyForQuery leaves it empty.

use super::errors::{self, Report};
use super::frame::{text, Frame, HEADER};
use super::session::{Follows, Owed, Session};
use crate::message::{Attribute, Facts, Message, Phase, Side, Text, Value};
use crate::parser::{ParseError, Step};

/// The longest CommandComplete that is read: a word or three, and two numbers.
const MAX_TAG: usize = 64;
/// The longest setting of the server that is read.
const MAX_SETTING: usize = 128;

const UNEXPECTED: ParseError = ParseError::Malformed("postgres: an answer that nobody asked for");

/// The server's direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Responses {
    answer: Answer,
    /// An error was sent: the server passes over everything up to the next Sync.
    skipping: bool,
    /// The error, while nothing was found that it is about.
    failure: Option<Report>,
    /// Executes of this batch that were answered.
    answered: u32,
    /// Which of them the error is about, counted from one.
    failed_at: u32,
    /// Answers of the extended protocol were seen in this batch. Only while the queue is not known.
    extended: bool,
}

/// The answer that is being read.
#[derive(Debug, Default)]
struct Answer {
    /// Its first part was handed out.
    begun: bool,
    /// All is there but what ends it.
    complete: Complete,
    rows: u64,
    returned: Option<u64>,
    affected: Option<u64>,
    /// What the server says was done, for a statement whose text is not known.
    operation: Option<Text>,
    report: Option<Report>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Complete {
    #[default]
    No,
    /// ReadyForQuery ends it.
    UntilReady,
    /// The next answer, if there is one, or else ReadyForQuery.
    UntilNext,
}

impl Responses {
    /// Bytes were lost.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes the next step.
    pub(super) fn next(&mut self, bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
        if session.front() == Some(Owed::Encryption) {
            return encryption(bytes, session);
        }
        let Some(frame) = Frame::read(bytes)? else {
            return Ok(Step::NeedMore);
        };
        match frame.tag {
            b'N' | b'E' => return Ok(self.report(&frame, session)),
            b'A' => return Ok(message(frame.total, Side::Notice, Phase::Whole, Facts::default())),
            b'S' => return Ok(setting(&frame, session)),
            b'K' | b'R' | b'v' | b'c' => return Ok(Step::Skip(frame.total)),
            b'Z' => return self.ready(&frame, session),
            _ => {}
        }
        if self.answer.complete == Complete::UntilNext {
            return Ok(self.end(0, session));
        }
        if self.skipping && session.aligned {
            return Err(UNEXPECTED);
        }
        let owed = if session.aligned { session.front() } else { None };
        match frame.tag {
            b'1' | b'2' | b'3' | b't' | b'n' => self.prepared(&frame, owed, session),
            b'T' if owed == Some(Owed::Describe) => self.prepared(&frame, owed, session),
            b'T' if owed.is_none() && self.extended => Ok(Step::Skip(frame.total)),
            b'T' | b'D' | b'd' | b'G' | b'H' | b'W' | b'V' => self.content(&frame, bytes, session),
            b'C' | b'I' | b's' => self.complete(&frame, session),
            _ => Err(ParseError::Malformed("postgres: no message of a server")),
        }
    }

    /// An answer that is no exchange.
    fn prepared(&mut self, frame: &Frame, owed: Option<Owed>, session: &mut Session) -> Result<Step, ParseError> {
        if session.aligned {
            match (frame.tag, owed) {
                (b'1', Some(Owed::Parse))
                | (b'2', Some(Owed::Bind))
                | (b'3', Some(Owed::Close))
                | (b'T' | b'n', Some(Owed::Describe)) => session.pop(),
                (b't', Some(Owed::Describe)) => {}
                _ => return Err(UNEXPECTED),
            }
            return Ok(Step::Skip(frame.total));
        }
        if self.answer.complete == Complete::UntilReady {
            // Something follows in the batch, so this was neither a simple query nor the last.
            return Ok(self.end(0, session));
        }
        self.extended = true;
        Ok(Step::Skip(frame.total))
    }

    /// Whether an answer can go on with a row, or begin.
    fn answers(session: &Session) -> bool {
        !session.aligned
            || matches!(
                session.front(),
                Some(Owed::Query | Owed::Execute { .. } | Owed::Function)
            )
    }

    /// Rows and the like.
    fn content(&mut self, frame: &Frame, bytes: &[u8], session: &Session) -> Result<Step, ParseError> {
        if !Self::answers(session) {
            return Err(UNEXPECTED);
        }
        if !std::mem::replace(&mut self.answer.begun, true) {
            self.answer.rows = u64::from(frame.tag == b'D');
            return Ok(message(frame.total, Side::Response, Phase::Begin, Facts::default()));
        }
        let mut len = frame.total;
        self.answer.rows += u64::from(frame.tag == b'D');
        if !matches!(frame.tag, b'D' | b'd') {
            return Ok(Step::Skip(len));
        }
        // All rows at hand are one step.
        while let Some(rest) = usize::try_from(len).ok().and_then(|at| bytes.get(at..)) {
            if rest.first() != Some(&frame.tag) || rest.len() < HEADER {
                break;
            }
            let Ok(Some(next)) = Frame::read(rest) else { break };
            self.answer.rows += u64::from(frame.tag == b'D');
            len += next.total;
        }
        Ok(Step::Skip(len))
    }

    /// A statement is done.
    fn complete(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        if !Self::answers(session) {
            return Err(UNEXPECTED);
        }
        let Some(tag) = frame.front(MAX_TAG) else {
            return Ok(Step::NeedMore);
        };
        self.answer.count(frame.tag, tag);
        self.extended |= frame.tag == b's';
        let ends = match (session.aligned, session.front()) {
            (true, Some(Owed::Execute { .. })) => match session.follows() {
                Follows::Execute => return Ok(self.end(frame.total, session)),
                Follows::Sync => Complete::UntilReady,
                Follows::Unknown => Complete::UntilNext,
            },
            // The last of the batch, if the queue's first batch is this one.
            (false, _) if self.extended && session.executes() != self.answered.saturating_add(1) => {
                return Ok(self.end(frame.total, session));
            }
            _ => Complete::UntilReady,
        };
        self.answer.complete = ends;
        Ok(Step::Skip(frame.total))
    }

    /// Hands out the last part of the answer, or all of it.
    fn end(&mut self, len: u64, session: &mut Session) -> Step {
        let answer = std::mem::take(&mut self.answer);
        self.answered = self.answered.saturating_add(1);
        let mut known = true;
        if session.aligned {
            known = session.front() != Some(Owed::Execute { known: false });
            session.pop();
        }
        let phase = if answer.begun { Phase::End } else { Phase::Whole };
        message(len, Side::Response, phase, answer.facts(known))
    }

    /// ErrorResponse and NoticeResponse.
    fn report(&mut self, frame: &Frame, session: &mut Session) -> Step {
        let Some(front) = frame.front(errors::MAX_READ) else {
            return Step::NeedMore;
        };
        let report = Report::read(front);
        if frame.tag == b'N' {
            if report.warning && self.answer.report.is_none() && session.front().is_some() {
                self.answer.report = Some(report);
            }
            return message(frame.total, Side::Notice, Phase::Whole, Facts::default());
        }
        if self.answer.complete == Complete::UntilNext && session.follows() == Follows::Execute {
            // It is about what comes after. With nothing after, it is about the end of the transaction.
            return self.end(0, session);
        }
        if !session.aligned {
            return self.report_alone(frame.total, report, session);
        }
        match session.front() {
            None => message(frame.total, Side::Notice, Phase::Whole, Facts::default()),
            Some(Owed::Query | Owed::Function) if !report.fatal => {
                self.answer.report = Some(report);
                self.answer.complete = Complete::UntilReady;
                Step::Skip(frame.total)
            }
            // Nothing follows.
            Some(Owed::Startup | Owed::Query | Owed::Function) => {
                self.answer.report = Some(report);
                self.end(frame.total, session)
            }
            Some(_) => {
                self.skipping = true;
                self.failed_at = self.answered.saturating_add(1);
                if session.skip_to_execute() {
                    self.answer.report = Some(report);
                    return self.end(frame.total, session);
                }
                self.failure = Some(report);
                Step::Skip(frame.total)
            }
        }
    }

    fn report_alone(&mut self, len: u64, report: Report, session: &mut Session) -> Step {
        self.answer.report = Some(report);
        if self.extended {
            self.skipping = true;
            self.failed_at = self.answered.saturating_add(1);
            return self.end(len, session);
        }
        self.answer.complete = Complete::UntilReady;
        Step::Skip(len)
    }

    /// ReadyForQuery.
    fn ready(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        match frame.body {
            [b'I' | b'T' | b'E'] if frame.size() == 1 => {}
            [] if frame.size() == 1 => return Ok(Step::NeedMore),
            _ => return Err(ParseError::Malformed("postgres: ready in an unknown state")),
        }
        let passes_over = |session: &mut Session| {
            if session.aligned {
                session.skip_to_execute()
            } else {
                session.executes() > self.answered
            }
        };
        if self.skipping && passes_over(session) {
            return Ok(self.abort(session));
        }
        if !session.aligned {
            return Ok(self.ready_alone(frame.total, session));
        }
        let owed = session.front();
        let step = match owed {
            Some(Owed::Execute { .. }) if self.answer.complete != Complete::No => {
                // The Sync behind it is what this answers too.
                let step = self.end(frame.total, session);
                session.skip_to_execute();
                session.pop();
                step
            }
            Some(Owed::Query | Owed::Function | Owed::Startup) => self.end(frame.total, session),
            Some(Owed::RoutineSync) => {
                self.answer.report = self.failure.take();
                self.end(frame.total, session)
            }
            Some(Owed::Sync) => {
                session.pop();
                Step::Skip(frame.total)
            }
            _ => return Err(UNEXPECTED),
        };
        *self = Self::default();
        Ok(step)
    }

    /// Answers a statement that the server passed over.
    fn abort(&mut self, session: &mut Session) -> Step {
        self.answer.report = self.failure.take();
        let aborted = self.answer.report.is_none();
        let mut step = self.end(0, session);
        if let (true, Step::Message { message, .. }) = (aborted, &mut step) {
            message.facts.failure = Some(errors::aborted(self.failed_at));
        }
        step
    }

    fn ready_alone(&mut self, len: u64, session: &mut Session) -> Step {
        let pending = self.answer.begun || self.answer.complete != Complete::No;
        let routine = self.extended && self.answered == 0;
        let step = if pending || routine {
            self.end(len, session)
        } else {
            Step::Skip(len)
        };
        *self = Self::default();
        session.drop_batch();
        session.aligned = session.is_idle();
        step
    }
}

impl Answer {
    /// Reads what a CommandComplete says was done.
    fn count(&mut self, kind: u8, tag: &[u8]) {
        let rows = std::mem::take(&mut self.rows);
        let mut returned = (rows > 0).then_some(rows);
        let tag = text(tag)
            .and_then(|(tag, _)| std::str::from_utf8(tag).ok())
            .unwrap_or_default();
        let (words, number) = match tag.rsplit_once(' ') {
            Some((words, number)) => (words, number.parse::<u64>().ok()),
            None => (tag, None),
        };
        if kind == b'C' {
            match (words, number) {
                ("SELECT" | "FETCH", Some(number)) => returned = Some(number),
                (_, Some(number)) => self.affected = Some(self.affected.unwrap_or(0).saturating_add(number)),
                _ => {}
            }
            let words = if number.is_some() {
                words.trim_end_matches(" 0")
            } else {
                tag
            };
            if words.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ') && !words.is_empty() {
                self.operation = Some(Text::from(words));
            }
        }
        if let Some(returned) = returned {
            self.returned = Some(self.returned.unwrap_or(0).saturating_add(returned));
        }
    }

    fn facts(self, known: bool) -> Facts {
        let mut facts = Facts::default();
        let count = |key, count: u64| Attribute {
            key,
            value: Value::Int(i64::try_from(count).unwrap_or(i64::MAX)),
        };
        if let Some(returned) = self.returned {
            facts.attributes.push(count("db.response.returned_rows", returned));
        }
        if let Some(affected) = self.affected {
            facts
                .attributes
                .push(count("ebpf_otlp_tracer.db.affected_rows", affected));
        }
        if let (false, Some(operation)) = (known, self.operation) {
            facts.text("db.operation.name", operation.clone());
            facts.operation = Some(operation);
        }
        if let Some(report) = self.report {
            if !report.code.is_empty() {
                facts.text("db.response.status_code", report.code.clone());
            }
            facts.failure = (!report.warning).then(|| report.failure());
        }
        facts
    }
}

/// The answer to whether the server encrypts: a letter on its own.
fn encryption(bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
    match bytes.first() {
        None => Ok(Step::NeedMore),
        Some(b'S' | b'G') => Ok(Step::Opaque),
        Some(b'N') => {
            session.pop();
            Ok(Step::Skip(1))
        }
        // A server that does not know the question answers with an error and closes.
        Some(b'E') => match Frame::read(bytes)? {
            Some(frame) => Ok(Step::Skip(frame.total)),
            None => Ok(Step::NeedMore),
        },
        Some(_) => Err(ParseError::Malformed("postgres: no answer to a request for encryption")),
    }
}

/// ParameterStatus.
fn setting(frame: &Frame, session: &mut Session) -> Step {
    let Some(front) = frame.front(MAX_SETTING) else {
        return Step::NeedMore;
    };
    if let Some((b"standard_conforming_strings", rest)) = text(front) {
        session.dialect = session.dialect.with_backslash_escapes(rest.starts_with(b"off"));
    }
    Step::Skip(frame.total)
}

fn message(len: u64, side: Side, phase: Phase, facts: Facts) -> Step {
    Step::Message {
        len,
        message: Box::new(Message::new(side, phase, facts)),
    }
}
