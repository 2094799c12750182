//! What the client sends.

use super::frame::{text, Frame};
use super::session::{Owed, Session};
use super::statements::{tell, Prepared, Statements, MAX_NAME};
use crate::message::{Attribute, Facts, Message, Phase, Reply, Side, Text, Value};
use crate::parser::{ParseError, Step};
use crate::sql;

/// The server's limit for a login (MAX_STARTUP_PACKET_LENGTH).
const MAX_STARTUP: u32 = 10_000;

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// Bytes of the front of a message that hold its two names.
const NAMES: usize = 2 * (MAX_NAME + 1);

/// What the client's messages leave behind.
#[derive(Debug, Default)]
pub(super) struct Requests {
    statements: Statements,
    batch: Batch,
}

/// What was sent since the last Sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Batch {
    #[default]
    Empty,
    /// Nothing that is an exchange.
    Prepares,
    Executes,
}

impl Requests {
    /// Bytes were lost: statements may be others than they were.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes the next step.
    pub(super) fn next(&mut self, bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
        if bytes.first() == Some(&0) {
            return startup(bytes, session);
        }
        let Some(frame) = Frame::read(bytes)? else {
            return Ok(Step::NeedMore);
        };
        let flushed = std::mem::take(&mut session.flushed);
        let step = self.message(&frame, session);
        if matches!(step, Ok(Step::NeedMore)) {
            session.flushed = flushed;
        }
        step
    }

    fn message(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        match frame.tag {
            b'Q' => return self.query(frame, session),
            b'F' => {
                let mut facts = session.facts();
                facts.operation = Some(const { Text::const_new("FUNCTION CALL") });
                facts.text("db.operation.name", const { Text::const_new("FUNCTION CALL") });
                session.owe(Owed::Function)?;
                return Ok(request(frame.total, facts, Reply::One));
            }
            b'P' => return self.parse(frame, session),
            b'B' => {
                let Some(front) = frame.front(NAMES) else {
                    return Ok(Step::NeedMore);
                };
                let names = text(front).and_then(|(portal, rest)| Some((portal, text(rest)?.0)));
                // Names too long to be remembered.
                let (portal, statement) = names.unwrap_or((b"?", b"?"));
                self.statements.bind(portal, statement);
                self.prepare(Owed::Bind, session)?;
            }
            b'C' => {
                let Some(front) = frame.front(NAMES) else {
                    return Ok(Step::NeedMore);
                };
                if let Some((kind, (name, _))) = front.split_first().and_then(|(kind, rest)| Some((*kind, text(rest)?)))
                {
                    self.statements.close(kind, name);
                }
                self.prepare(Owed::Close, session)?;
            }
            b'D' => self.prepare(Owed::Describe, session)?,
            b'E' => return self.execute(frame, session),
            b'H' => session.flushed = true,
            b'S' => return self.sync(frame, session),
            // The end of a COPY. Data, passwords and farewells say nothing.
            b'c' | b'f' => {
                if session.retract_sync() {
                    self.batch = Batch::Executes;
                }
            }
            b'd' | b'p' | b'X' => {}
            _ => return Err(ParseError::Malformed("postgres: no message of a client")),
        }
        Ok(Step::Skip(frame.total))
    }

    fn query(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        let Some(front) = frame.front(sql::MAX_READ) else {
            return Ok(Step::NeedMore);
        };
        self.batch = Batch::Empty;
        self.statements.parsed = Prepared::default();
        let described = match text(front) {
            Some((sql, _)) => sql::describe(sql, session.dialect),
            None => sql::describe_front(front, session.dialect),
        };
        let mut facts = session.facts();
        tell(&described, &mut facts);
        facts.context = described.context;
        session.owe(Owed::Query)?;
        Ok(request(frame.total, facts, Reply::One))
    }

    fn prepare(&mut self, owed: Owed, session: &mut Session) -> Result<(), ParseError> {
        if self.batch == Batch::Empty {
            self.batch = Batch::Prepares;
        }
        session.owe(owed)
    }

    fn parse(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        let Some(front) = frame.front(sql::MAX_READ) else {
            return Ok(Step::NeedMore);
        };
        let Some((name, rest)) = text(front) else {
            return Err(ParseError::Malformed("postgres: a name without an end"));
        };
        let (sql, cut) = text(rest).map_or((rest, true), |(sql, _)| (sql, false));
        self.statements.parse(name, sql, cut, session.dialect);
        self.prepare(Owed::Parse, session)?;
        Ok(Step::Skip(frame.total))
    }

    fn execute(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        let Some(front) = frame.front(NAMES) else {
            return Ok(Step::NeedMore);
        };
        let portal = text(front).map_or(&b"?"[..], |(portal, _)| portal);
        let prepared = self.statements.executed(portal);
        let mut facts = session.facts();
        prepared.tell(&mut facts);
        if !prepared.is_known() {
            facts.attributes.push(Attribute {
                key: "ebpf_otlp_tracer.capture.statement_unknown",
                value: Value::Bool(true),
            });
        }
        facts.context = self.statements.context(&prepared);
        self.batch = Batch::Executes;
        session.owe(Owed::Execute {
            known: prepared.is_known(),
        })?;
        Ok(request(frame.total, facts, Reply::One))
    }

    fn sync(&mut self, frame: &Frame, session: &mut Session) -> Result<Step, ParseError> {
        let batch = std::mem::take(&mut self.batch);
        let parsed = std::mem::take(&mut self.statements.parsed);
        if batch != Batch::Prepares {
            session.owe(Owed::Sync)?;
            return Ok(Step::Skip(frame.total));
        }
        let mut facts = session.facts();
        parsed.tell(&mut facts);
        session.owe(Owed::RoutineSync)?;
        Ok(request(frame.total, facts, Reply::Routine))
    }
}

/// What has no letter in front: the first message of a connection, or a question before it.
fn startup(bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
    let Some((head, _)) = bytes.split_first_chunk::<8>() else {
        return Ok(Step::NeedMore);
    };
    let [a, b, c, d, code @ ..] = *head;
    let length = u32::from_be_bytes([a, b, c, d]);
    let code = u32::from_be_bytes(code);
    match (code, length) {
        (SSL_REQUEST | GSS_REQUEST, 8) => {
            session.owe(Owed::Encryption)?;
            Ok(Step::Skip(8))
        }
        (CANCEL_REQUEST, 16..=268) => {
            let mut facts = session.facts();
            facts.operation = Some(const { Text::const_new("CANCEL") });
            facts.text("db.operation.name", const { Text::const_new("CANCEL") });
            Ok(request(u64::from(length), facts, Reply::None))
        }
        (0x0003_0000..=0x0003_ffff, 9..=MAX_STARTUP) => {
            let Some(parameters) = usize::try_from(length).ok().and_then(|length| bytes.get(8..length)) else {
                return Ok(Step::NeedMore);
            };
            login(parameters, session);
            let mut facts = session.facts();
            facts.operation = Some(const { Text::const_new("CONNECT") });
            facts.text("db.operation.name", const { Text::const_new("CONNECT") });
            session.owe(Owed::Startup)?;
            Ok(request(u64::from(length), facts, Reply::Routine))
        }
        _ => Err(ParseError::Malformed("postgres: neither a message nor a login")),
    }
}

/// The parameters of a login: names and values in turns.
fn login(parameters: &[u8], session: &mut Session) {
    let mut rest = parameters;
    while let Some((name, (value, after))) = text(rest).and_then(|(name, rest)| Some((name, text(rest)?))) {
        match name {
            b"user" => session.user = Some(Text::from_utf8_lossy(value)),
            b"database" => session.database = Some(Text::from_utf8_lossy(value)),
            b"" => break,
            _ => {}
        }
        rest = after;
    }
    if session.database.is_none() {
        session.database.clone_from(&session.user);
    }
}

fn request(len: u64, facts: Facts, reply: Reply) -> Step {
    let mut message = Message::new(Side::Request, Phase::Whole, facts);
    message.reply = reply;
    Step::Message {
        len,
        message: Box::new(message),
    }
}
