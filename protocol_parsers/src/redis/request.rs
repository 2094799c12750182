//! Commands, as they go to the server: arrays of strings, or lines typed by hand.

use super::commands::{Command, Name, Role};
use super::query::{decimal, Query};
use super::resp::{self, Confirm, Token, MAX_LINE, WINDOW};
use super::session::{Owed, Session};
use crate::message::{Attribute, Facts, Message, Phase, Reply, Side, Text, Value};
use crate::parser::{ParseError, Step};

/// The longest argument that changes the connection: "SKIP", a database, "ACK", a listening port.
const MAX_SETTING: usize = 16;

/// Whether the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Replies {
    #[default]
    On,
    /// Not to the next command.
    SkipNext,
    Off,
}

/// Whether the server queues commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Transaction {
    #[default]
    None,
    Open,
    /// A SELECT is among the queued ones.
    Selects,
}

/// What the connection's commands leave behind, and the command that is being read.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Bytes from the front that are read.
    at: u64,
    /// Arguments of the command; 0: none is being read.
    arguments: u64,
    /// Arguments not read yet.
    left: u64,
    /// A first part of it was handed out.
    begun: bool,
    query: Query,
    /// The last argument of a command that changes the connection.
    setting: Setting,
    replies: Replies,
    transaction: Transaction,
    /// REPLCONF ACK was seen: a replica speaks, and its master sends a stream of commands.
    pub replicates: bool,
}

#[derive(Debug, Default)]
struct Setting {
    bytes: [u8; MAX_SETTING],
    length: usize,
}

impl Setting {
    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn is(&self, word: &[u8]) -> bool {
        self.get().eq_ignore_ascii_case(word)
    }

    /// False: more bytes are needed. An argument that is too long is none.
    fn set(&mut self, bytes: &[u8], length: u64) -> bool {
        self.length = 0;
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.bytes.len())
        else {
            return true;
        };
        let (Some(from), Some(to)) = (bytes.get(..length), self.bytes.get_mut(..length)) else {
            return false;
        };
        to.copy_from_slice(from);
        self.length = length;
        true
    }
}

impl Requests {
    /// Bytes were lost: the command being read is unknown, and so is what the lost ones changed.
    pub(super) fn forget(&mut self) {
        let query = std::mem::take(&mut self.query);
        *self = Self {
            query,
            ..Self::default()
        };
    }

    /// Takes the next step.
    pub(super) fn next(&mut self, bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
        if self.arguments == 0 {
            if bytes.first() != Some(&b'*') {
                return self.inline(bytes, session);
            }
            match resp::token(bytes)? {
                None => return Ok(Step::NeedMore),
                Some((Token::Aggregate(arguments), size)) if arguments > 0 => self.begin(arguments, size),
                // The server passes over them: "*0" and "*-1".
                Some((Token::Aggregate(_) | Token::Null, size)) => return Ok(Step::Skip(size)),
                Some(_) => return Err(ParseError::Malformed("redis: a streamed command")),
            }
        }
        self.arguments(bytes, session)
    }

    fn begin(&mut self, arguments: u64, size: u64) {
        self.arguments = arguments;
        self.left = arguments;
        self.at = size;
        self.begun = false;
        self.query.reset();
        self.setting.length = 0;
    }

    fn arguments(&mut self, bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
        while self.left > 0 {
            if self.at >= WINDOW {
                let len = std::mem::take(&mut self.at);
                return self.part(len, session);
            }
            let rest = usize::try_from(self.at)
                .ok()
                .and_then(|at| bytes.get(at..))
                .unwrap_or_default();
            match rest.first() {
                None => return Ok(Step::NeedMore),
                Some(b'$') => {}
                Some(_) => return Err(ParseError::Malformed("redis: an argument must be a string")),
            }
            let Some((token, size)) = resp::token(rest)? else {
                return Ok(Step::NeedMore);
            };
            let Token::String { start, length } = token else {
                return Err(ParseError::Malformed("redis: an argument without a length"));
            };
            if !self.argument(rest.get(start..).unwrap_or_default(), length) {
                return Ok(Step::NeedMore);
            }
            self.at += size;
        }
        let len = std::mem::take(&mut self.at);
        if self.begun {
            self.arguments = 0;
            let mut facts = Facts::default();
            facts.text("db.query.text", self.query.text());
            return Ok(step(len, Message::new(Side::Request, Phase::End, facts)));
        }
        let step = self.message(len, Phase::Whole, session);
        self.arguments = 0;
        step
    }

    /// Reads one argument; false: more of its bytes are needed.
    fn argument(&mut self, bytes: &[u8], length: u64) -> bool {
        let index = self.arguments - self.left;
        let changes =
            matches!(self.query.command(), Some(command) if command.role != Role::Plain || command.pattern == "@");
        if changes && index <= 2 && !self.setting.set(bytes, length) {
            return false;
        }
        let written = self.query.write(bytes, length, self.left);
        self.left -= u64::from(written);
        written
    }

    fn part(&mut self, len: u64, session: &mut Session) -> Result<Step, ParseError> {
        if self.begun {
            return Ok(Step::Skip(len));
        }
        self.begun = true;
        self.message(len, Phase::Begin, session)
    }

    /// The message of a command whose beginning is read.
    fn message(&mut self, len: u64, phase: Phase, session: &mut Session) -> Result<Step, ParseError> {
        let database = session
            .settled_database()
            .filter(|_| self.transaction != Transaction::Selects);
        let owed = self.owed(session);
        let mut facts = Facts {
            attributes: Vec::with_capacity(4),
            ..Facts::default()
        };
        facts.attributes.push(Attribute {
            key: "db.system.name",
            value: Value::Text(const { Text::const_new("redis") }),
        });
        if let Some(operation) = self.query.operation() {
            let operation = Text::new(operation);
            facts.operation = Some(operation.clone());
            facts.text("db.operation.name", operation);
        }
        facts.text("db.query.text", self.query.text());
        if let Some(database) = database {
            facts.text("db.namespace", database_name(database));
        }
        let mut message = Message::new(Side::Request, phase, facts);
        match owed {
            Some(owed) => session.owe(owed)?,
            None => message.reply = Reply::None,
        }
        Ok(step(len, message))
    }

    /// The reply that the command will have, if any; and what the command itself changes.
    fn owed(&mut self, session: &mut Session) -> Option<Owed> {
        let role = self
            .query
            .command()
            .map_or(Role::Plain, |command: &Command| command.role);
        // Confirmations are sent whatever CLIENT REPLY says.
        let confirm = |family, on| {
            let left = u32::try_from(self.arguments - 1).unwrap_or(u32::MAX);
            Some(Owed::Confirm {
                what: Confirm { family, on },
                left,
                begun: false,
            })
        };
        match role {
            Role::Subscribe(family) if self.arguments > 1 => return confirm(family, true),
            Role::Unsubscribe(family) => return confirm(family, false),
            Role::Reset => {
                self.replies = Replies::On;
                self.transaction = Transaction::None;
                return Some(Owed::Reset);
            }
            // What is kept of the arguments is the last; the word itself stands in the text.
            Role::Replconf if self.query.text().starts_with("REPLCONF ACK") => {
                self.replicates = true;
                return None;
            }
            Role::ClientReply if self.arguments == 3 && self.transaction == Transaction::None => {
                return self.client_reply()
            }
            _ => {}
        }
        let answered = match self.replies {
            Replies::On => true,
            Replies::SkipNext => {
                self.replies = Replies::On;
                false
            }
            Replies::Off => false,
        };
        let owed = self.effect(role, session);
        if !answered && matches!(owed, Owed::Select(_) | Owed::Exec(true)) {
            session.database = None;
        }
        answered.then_some(owed)
    }

    fn effect(&mut self, role: Role, session: &Session) -> Owed {
        match role {
            Role::Select if self.arguments == 2 => {
                if self.transaction == Transaction::Open {
                    self.transaction = Transaction::Selects;
                }
                Owed::Select(decimal(self.setting.get()).and_then(|database| u32::try_from(database).ok()))
            }
            Role::Exec => Owed::Exec(std::mem::take(&mut self.transaction) == Transaction::Selects),
            Role::Discard => Owed::Discard(std::mem::take(&mut self.transaction) == Transaction::Selects),
            Role::Multi if self.transaction == Transaction::None => {
                self.transaction = Transaction::Open;
                Owed::Plain
            }
            Role::Psync => Owed::Psync,
            Role::Sync => Owed::Sync,
            _ if session.is_unsettled() && self.transaction != Transaction::Selects => Owed::Late,
            _ => Owed::Plain,
        }
    }

    fn client_reply(&mut self) -> Option<Owed> {
        if self.setting.is(b"ON") {
            self.replies = Replies::On;
            return Some(Owed::Plain);
        }
        if self.setting.is(b"OFF") {
            self.replies = Replies::Off;
            return None;
        }
        if self.setting.is(b"SKIP") {
            if self.replies == Replies::On {
                self.replies = Replies::SkipNext;
            }
            return None;
        }
        (self.replies == Replies::On).then_some(Owed::Plain)
    }

    /// A line typed by hand: words with blanks between, quoted as in a shell.
    fn inline(&mut self, bytes: &[u8], session: &mut Session) -> Result<Step, ParseError> {
        let Some(end) = bytes.iter().take(MAX_LINE + 1).position(|byte| *byte == b'\n') else {
            if bytes.len() > MAX_LINE {
                return Err(ParseError::TooLong("redis: inline command"));
            }
            return Ok(Step::NeedMore);
        };
        let line = bytes.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let len = end as u64 + 1;
        let words = words(line).ok_or(ParseError::Malformed("redis: unbalanced quotes"))?;
        let Some(first) = words.first() else {
            return Ok(Step::Skip(len));
        };
        if Name::new(first).is_none() || line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(ParseError::Malformed("redis: neither an array nor a line"));
        }
        self.begin(words.len() as u64, 0);
        for word in &words {
            self.argument(word, word.len() as u64);
        }
        let step = self.message(len, Phase::Whole, session);
        self.arguments = 0;
        step
    }
}

/// The database as an attribute.
pub(super) fn database_name(database: u32) -> Text {
    compact_str::ToCompactString::to_compact_string(&database)
}

fn step(len: u64, message: Message) -> Step {
    Step::Message {
        len,
        message: Box::new(message),
    }
}

/// Splits an inline command. `None`: its quotes are not balanced.
fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut bytes = line.iter().copied().peekable();
    loop {
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        if bytes.peek().is_none() {
            return Some(words);
        }
        let mut word = Vec::new();
        while let Some(byte) = bytes.next_if(|byte| !byte.is_ascii_whitespace()) {
            if byte != b'"' && byte != b'\'' {
                word.push(byte);
                continue;
            }
            quoted(byte, &mut bytes, &mut word)?;
            // A closing quote ends its word.
            if bytes.peek().is_some_and(|next| !next.is_ascii_whitespace()) {
                return None;
            }
        }
        words.push(word);
    }
}

/// Reads up to the closing quote.
fn quoted(quote: u8, bytes: &mut impl Iterator<Item = u8>, word: &mut Vec<u8>) -> Option<()> {
    loop {
        match bytes.next()? {
            byte if byte == quote => return Some(()),
            b'\\' if quote == b'"' => match bytes.next()? {
                b'n' => word.push(b'\n'),
                b'r' => word.push(b'\r'),
                b't' => word.push(b'\t'),
                b'b' => word.push(8),
                b'a' => word.push(7),
                // The digits of \xHH stay: only the shape of a key matters here.
                other => word.push(other),
            },
            // In single quotes a backslash protects the quote only.
            b'\\' => match bytes.next()? {
                b'\'' => word.push(b'\''),
                other => word.extend([b'\\', other]),
            },
            byte => word.push(byte),
        }
    }
}
