//! What the server sends: responses, confirmations of subscriptions, and notices that nobody asked for.

use super::errors::failed;
use super::request::database_name;
use super::resp::{self, Head};
use super::resp::{Confirm, Family, Progress, Token, Walk, Word, ERROR_READ, WINDOW};
use super::session::{Owed, Session, Standing};
use crate::message::{Facts, Message, Phase, Side};
use crate::parser::{ParseError, Step};

/// What a value is to the exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Attributes of the value that follows.
    Silent,
    /// Nobody asked for it.
    Notice,
    /// One of the answers to a (un)subscription.
    Confirmation(Confirm),
    /// Answers the next request.
    Response,
}

/// The server's direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Replies {
    walk: Walk,
    /// What the value is whose first part was handed out.
    class: Option<Class>,
    /// A step that waits because another exchange had to end first.
    held: Option<Progress>,
    /// Inside of a line of MONITOR.
    monitored: bool,
    /// A stream of replication follows.
    pub replicates: bool,
}

impl Replies {
    /// Bytes were lost: the value being read is unknown.
    pub(super) fn forget(&mut self) {
        self.walk.reset();
        self.class = None;
        self.held = None;
        self.monitored = false;
    }

    /// Takes the next step.
    pub(super) fn next(&mut self, bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
        if let Some(progress) = self.held.take() {
            return Ok(self.first(progress, Class::Response, bytes, session));
        }
        if self.monitored {
            return Ok(self.monitor(bytes));
        }
        if self.walk.is_fresh() {
            if let Some(step) = self.unusual(bytes, session)? {
                return Ok(step);
            }
        }
        let progress = self.walk.advance(bytes)?;
        match (progress, self.class) {
            (Progress::NeedMore, _) => Ok(Step::NeedMore),
            (_, Some(class)) => Ok(self.later(progress, class, session)),
            (_, None) => {
                let class = classify(self.walk.head(), session);
                let unending = matches!(session.next(), Some(Owed::Confirm { begun: true, .. }));
                if class == Class::Response && unending {
                    // An UNSUBSCRIBE of everything whose number of answers is not known ends where another answer begins.
                    session.paid();
                    self.held = Some(progress);
                    return Ok(step(0, Side::Response, Phase::End, Facts::default()));
                }
                Ok(self.first(progress, class, bytes, session))
            }
        }
    }

    /// What is no value, or not to be read as one.
    fn unusual(&mut self, bytes: &[u8], session: &mut Session) -> Result<Option<Step>, ParseError> {
        let waits = matches!(session.next(), Some(Owed::Psync | Owed::Sync));
        match bytes {
            // A master that prepares its snapshot says so with empty lines.
            [b'\n', ..] if waits => Ok(Some(Step::Skip(1))),
            // The snapshot: its length, or the mark that ends it, and then anything.
            [b'$', ..] if session.next() == Some(Owed::Sync) => {
                let end = bytes.iter().take(64).position(|byte| *byte == b'\n');
                let Some(end) = end else {
                    return if bytes.len() < 64 {
                        Ok(Some(Step::NeedMore))
                    } else {
                        Err(NO_SNAPSHOT)
                    };
                };
                session.paid();
                self.replicates = true;
                Ok(Some(step(
                    end as u64 + 1,
                    Side::Response,
                    Phase::Whole,
                    Facts::default(),
                )))
            }
            [b'+', b'0'..=b'9', ..] if is_monitored(bytes) => Ok(Some(self.monitor(bytes))),
            _ => Ok(None),
        }
    }

    /// A line of MONITOR holds a whole command, so it can be of any length.
    fn monitor(&mut self, bytes: &[u8]) -> Step {
        let window = usize::try_from(WINDOW).unwrap_or(usize::MAX);
        let front = bytes.get(..window).unwrap_or(bytes);
        let (len, ends) = match front.windows(2).position(|pair| pair == b"\r\n") {
            Some(at) => (at as u64 + 2, true),
            // The last byte may be the first half of the line's end.
            None if front.len() == window => (WINDOW - 1, false),
            None => return Step::NeedMore,
        };
        if std::mem::replace(&mut self.monitored, !ends) {
            return Step::Skip(len);
        }
        step(len, Side::Notice, Phase::Whole, Facts::default())
    }

    /// The first part of a value, or all of it.
    fn first(&mut self, progress: Progress, class: Class, bytes: &[u8], session: &mut Session) -> Step {
        let head = self.walk.head();
        let (len, done) = match progress {
            Progress::Done(len) => (len, true),
            Progress::Passed(len) => (len, false),
            Progress::NeedMore => return Step::NeedMore,
        };
        match class {
            Class::Silent | Class::Confirmation(_) => return self.later(progress, class, session),
            Class::Notice => {
                self.class = Some(class);
                if done {
                    self.finish(class, head, session);
                }
                return step(len, Side::Notice, Phase::Whole, Facts::default());
            }
            Class::Response => {}
        }
        let facts = self.respond(head, bytes, len, session);
        let phase = if done { Phase::Whole } else { Phase::Begin };
        if done {
            self.walk.reset();
        } else {
            self.class = Some(class);
        }
        step(len, Side::Response, phase, facts)
    }

    /// A later part of a value, or a value that says nothing before it ends.
    fn later(&mut self, progress: Progress, class: Class, session: &mut Session) -> Step {
        let len = match progress {
            Progress::Done(len) => len,
            Progress::Passed(len) => {
                self.class = Some(class);
                return Step::Skip(len);
            }
            Progress::NeedMore => return Step::NeedMore,
        };
        let head = self.walk.head();
        match class {
            Class::Silent | Class::Notice => {
                self.finish(class, head, session);
                Step::Skip(len)
            }
            Class::Response => {
                self.finish(class, head, session);
                step(len, Side::Response, Phase::End, Facts::default())
            }
            Class::Confirmation(confirm) => {
                let standing = session.confirm(confirm, head.integer, head.second_null);
                self.finish(class, head, session);
                let phase = match standing {
                    Standing::Only => Phase::Whole,
                    Standing::First => Phase::Begin,
                    Standing::Middle => Phase::Part,
                    Standing::Last => Phase::End,
                };
                step(len, Side::Response, phase, Facts::default())
            }
        }
    }

    /// A value ended.
    fn finish(&mut self, class: Class, head: Head, session: &mut Session) {
        match (class, head.word) {
            (Class::Notice, Word::Confirm(confirm)) => session.count(confirm, head.integer),
            (Class::Notice, Word::Message | Word::PatternMessage) => session.heard(),
            _ => {}
        }
        self.walk.reset();
        self.class = None;
    }

    /// What a response changes, and says.
    fn respond(&mut self, head: Head, bytes: &[u8], len: u64, session: &mut Session) -> Facts {
        let line = usize::try_from(len.saturating_sub(2))
            .ok()
            .and_then(|end| bytes.get(1..end))
            .unwrap_or_default();
        let status = if head.kind == b'+' { line } else { b"" };
        let owed = session.next();
        let mut facts = match head.kind {
            b'-' => failed(line),
            b'!' => failed(bulk_error(bytes)),
            _ => Facts::default(),
        };
        match owed {
            Some(Owed::Late) => {
                if let Some(database) = session.database {
                    facts.text("db.namespace", database_name(database));
                }
            }
            Some(Owed::Select(database)) => match status {
                b"OK" => session.database = database,
                b"QUEUED" => session.queue(database),
                _ => {}
            },
            Some(Owed::Exec(_)) => session.end_transaction(matches!(head.kind, b'*' | b'~') && !head.null),
            Some(Owed::Discard(_)) => session.end_transaction(false),
            Some(Owed::Reset) if status == b"RESET" => session.start_again(),
            Some(Owed::Psync) => self.replicates = status.starts_with(b"CONTINUE"),
            None | Some(Owed::Plain | Owed::Sync | Owed::Reset | Owed::Confirm { .. }) => {}
        }
        self.replicates |= status.starts_with(b"FULLRESYNC ");
        session.paid();
        facts
    }
}

const NO_SNAPSHOT: ParseError = ParseError::Malformed("redis: no snapshot after SYNC");

fn classify(head: Head, session: &mut Session) -> Class {
    let expected = match head.word {
        Word::Confirm(confirm) if session.expects(confirm) => Some(Class::Confirmation(confirm)),
        _ => None,
    };
    match head.kind {
        b'|' => Class::Silent,
        b'>' => expected.unwrap_or(Class::Notice),
        b'*' => match head.word {
            Word::Message if head.items == 3 && session.listens() => Class::Notice,
            Word::PatternMessage if head.items == 4 && session.listens() => Class::Notice,
            Word::Confirm(_) if head.items == 3 => expected.unwrap_or(unexpected(head, session)),
            _ => Class::Response,
        },
        _ => Class::Response,
    }
}

/// A confirmation that no request waits for: sent when a slot moves, or its request was not seen. Only while nothing
/// else is owed: a list may hold such words.
fn unexpected(head: Head, session: &Session) -> Class {
    let moved = matches!(
        head.word,
        Word::Confirm(Confirm {
            family: Family::Shard,
            on: false
        })
    );
    if session.next().is_none() || moved && session.listens() {
        Class::Notice
    } else {
        Class::Response
    }
}

/// Whether this is a line of MONITOR: a time with microseconds and then the database and the client in brackets.
fn is_monitored(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter().skip(1).take(24).skip_while(|byte| byte.is_ascii_digit());
    if rest.next() != Some(&b'.') {
        return false;
    }
    let mut rest = rest.skip_while(|byte| byte.is_ascii_digit());
    rest.next() == Some(&b' ') && rest.next() == Some(&b'[')
}

/// The front of a bulk error's text.
fn bulk_error(bytes: &[u8]) -> &[u8] {
    match resp::token(bytes) {
        Ok(Some((Token::String { start, length }, _))) => {
            let shown = usize::try_from(length).map_or(ERROR_READ, |length| length.min(ERROR_READ));
            bytes.get(start..start + shown).unwrap_or_default()
        }
        _ => b"",
    }
}

fn step(len: u64, side: Side, phase: Phase, facts: Facts) -> Step {
    Step::Message {
        len,
        message: Box::new(Message::new(side, phase, facts)),
    }
}
