//! The summary of a statement: its operations and what they are about, in the order of the text.
//!
//! This is no grammar of SQL. It follows parentheses and knows behind which words the names of tables stand; a statement
//! of a kind that it does not know is summed up by its first word.

mod grammar;

use super::lexer::{Kind, Token};
use super::words::Word;
use super::{Described, MAX_SUMMARY};
use crate::message::Text;

/// Parentheses deeper than this are not followed: nothing in them is a table.
const MAX_DEPTH: usize = 32;

/// Names of common table expressions that are remembered, so that they are not taken for tables.
const MAX_EXPRESSIONS: usize = 16;

/// The longest word that is an operation; a longer first word is damage.
const MAX_OPERATION: usize = 32;

/// What the next word could be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expect {
    #[default]
    Nothing,
    /// A statement.
    Statement,
    /// A statement inside of another: what a common table expression, EXPLAIN or PREPARE holds.
    Inner,
    /// A query, if anything: other operations are names of functions here.
    Query,
    /// What FROM and JOIN name.
    Table,
    /// What an operation is about.
    Object,
    /// The kind of what CREATE creates.
    ObjectKind,
    /// The name of a common table expression.
    Expression,
}

/// One level of parentheses.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own.
struct Level {
    /// FROM names tables here: there was a SELECT and no FROM yet.
    from: bool,
    /// So does USING.
    using: bool,
    /// A comma leads to another table.
    tables: bool,
    /// Common table expressions are being defined.
    with: bool,
    /// What is expected when the level inside of this one ends.
    after: Expect,
}

/// What kind of statement it is, where that changes what words mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    #[default]
    Plain,
    /// CREATE INDEX, DROP TRIGGER: ON names a table.
    OnTable,
    /// GRANT and REVOKE: only ON names something.
    Grant,
    /// CREATE VIEW, PREPARE: a statement follows AS.
    Define,
    Explain,
    /// COPY: nothing is named after what is in parentheses.
    Copy,
    /// LOAD: INTO names a table.
    Load,
    /// What is named is no table.
    Other,
}

/// A name that is being read: `schema.table`.
#[derive(Clone, Copy, Debug)]
struct Target {
    start: usize,
    end: usize,
    /// A dot was there.
    dot: bool,
    /// Named by FROM or JOIN: a function when a parenthesis follows, and perhaps no table but an expression of WITH.
    listed: bool,
}

/// The summary in the making.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // Each is a fact of its own.
pub(super) struct Summary {
    text: String,
    full: bool,
    /// Where in the text the statement starts, and the one before it.
    statement: usize,
    previous: Option<(usize, usize)>,
    statements: u32,
    operation: Option<Text>,
    /// The statement has its operation.
    named: bool,
    agree: bool,
    collection: Collection,
    expect: Expect,
    manner: Manner,
    levels: [Level; MAX_DEPTH],
    depth: usize,
    before: Kind,
    target: Option<Target>,
    /// It gives way to a name that follows: CREATE TABLE IF ..., but also INSERT INTO temp.
    tentative: bool,
    /// CREATE, ALTER or DROP.
    definition: Option<(usize, usize)>,
    expressions: [(usize, usize); MAX_EXPRESSIONS],
    known: usize,
}

#[derive(Debug, Default)]
enum Collection {
    #[default]
    None,
    One(Text),
    Several,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            text: String::with_capacity(64),
            full: false,
            statement: 0,
            previous: None,
            statements: 0,
            operation: None,
            named: false,
            agree: true,
            collection: Collection::None,
            expect: Expect::Statement,
            manner: Manner::Plain,
            levels: [Level::default(); MAX_DEPTH],
            depth: 0,
            before: Kind::Semicolon,
            target: None,
            tentative: false,
            definition: None,
            expressions: [(0, 0); MAX_EXPRESSIONS],
            known: 0,
        }
    }
}

impl Summary {
    /// Takes the next token.
    pub(super) fn take(&mut self, token: &Token, sql: &[u8]) {
        if self.target.is_some() {
            if self.extends(token) {
                self.before = token.kind;
                return;
            }
            self.settle(token.kind, sql);
        }
        match token.kind {
            Kind::Word(word) => self.word(word, token, sql),
            Kind::Quoted => self.quoted(token),
            Kind::Open => self.open(),
            Kind::Close => self.close(),
            Kind::Comma => self.comma(),
            Kind::Semicolon => self.end_statement(sql),
            // A definer comes before the kind of what is created.
            _ if self.expect == Expect::ObjectKind => {}
            _ => self.expect = Expect::Nothing,
        }
        self.before = token.kind;
    }

    /// Ends the text.
    pub(super) fn finish(mut self, sql: &[u8]) -> Described {
        self.settle(Kind::End, sql);
        self.end_statement(sql);
        let end = self.previous.map_or(0, |(_, end)| end);
        self.text.truncate(end);
        Described {
            summary: self.text.into(),
            operation: if self.agree {
                self.operation
            } else {
                Some(const { Text::const_new("BATCH") })
            },
            collection: match self.collection {
                Collection::One(name) => Some(name),
                Collection::None | Collection::Several => None,
            },
            statements: self.statements,
            ..Described::default()
        }
    }

    fn level(&mut self) -> &mut Level {
        let depth = self.depth.min(MAX_DEPTH - 1);
        // The depth is in range; without an entry there is nothing to follow.
        #[allow(clippy::indexing_slicing)]
        &mut self.levels[depth]
    }

    fn extends(&mut self, token: &Token) -> bool {
        let Some(target) = &mut self.target else { return false };
        let fits = match token.kind {
            Kind::Dot => !target.dot,
            Kind::Word(_) | Kind::Quoted => target.dot,
            _ => false,
        };
        if !fits || token.apart {
            return false;
        }
        target.dot = !target.dot;
        target.end = token.end;
        self.tentative = false;
        true
    }

    /// The name that was being read is all there; this follows it.
    fn settle(&mut self, next: Kind, sql: &[u8]) {
        let Some(target) = self.target.take() else { return };
        if std::mem::take(&mut self.tentative) {
            let gives_way = matches!(
                next,
                Kind::Quoted
                    | Kind::Word(
                        Word::Name
                            | Word::Filler
                            | Word::TableFiller
                            | Word::Temporary
                            | Word::ObjectKind
                            | Word::Table
                            | Word::Index
                            | Word::Not
                    )
            );
            if gives_way {
                self.expect = Expect::Object;
                return;
            }
        }
        let name = sql.get(target.start..target.end).unwrap_or_default();
        let known = self.expressions.get(..self.known).unwrap_or_default();
        if target.listed && known.iter().any(|(start, end)| sql.get(*start..*end) == Some(name)) {
            return;
        }
        let Ok(name) = std::str::from_utf8(name) else { return };
        let name = name.trim_end_matches('.');
        // A table that is joined with itself is said once.
        let said = self.text.get(self.statement..).unwrap_or_default();
        if said.rsplit(' ').next() == Some(name) {
            return;
        }
        self.push(name);
        if self.manner == Manner::Other || next == Kind::Open && target.listed {
            return;
        }
        self.collection = match std::mem::take(&mut self.collection) {
            Collection::None => Collection::One(Text::from(name)),
            Collection::One(one) if one == name => Collection::One(one),
            Collection::One(_) | Collection::Several => Collection::Several,
        };
    }

    fn push(&mut self, part: &str) {
        let blank = usize::from(self.text.len() > self.statement);
        if self.full || self.text.len() + blank + part.len() > MAX_SUMMARY {
            self.full = true;
            return;
        }
        if blank > 0 {
            self.text.push(' ');
        }
        self.text.push_str(part);
    }

    /// The first operation of a statement names it; all are part of the summary.
    fn operation(&mut self, bytes: &[u8]) {
        let letters = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b' ');
        let sound = bytes.len() <= MAX_OPERATION && bytes.iter().all(letters);
        let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| sound) else {
            return;
        };
        self.push(text);
        if std::mem::replace(&mut self.named, true) {
            return;
        }
        match &self.operation {
            Some(operation) if operation.eq_ignore_ascii_case(text) => {}
            Some(_) => self.agree = false,
            None => self.operation = Some(Text::from(text)),
        }
    }

    /// CREATE, and of what kind.
    fn define(&mut self, kind: &[u8], sql: &[u8]) {
        let Some((start, end)) = self.definition.take() else {
            return;
        };
        let verb = sql.get(start..end).unwrap_or_default();
        if kind.is_empty() {
            return self.operation(verb);
        }
        self.operation(&[verb, b" ", kind].concat());
    }

    fn end_statement(&mut self, sql: &[u8]) {
        self.define(b"", sql);
        self.statements += u32::from(self.before != Kind::Semicolon);
        let end = self.text.len();
        if end > self.statement {
            let this = self.text.get(self.statement..end);
            if self
                .previous
                .is_some_and(|(start, end)| self.text.get(start..end) == this)
            {
                self.text.truncate(self.statement);
            } else {
                self.previous = Some((self.statement, end));
                self.full |= end + 2 > MAX_SUMMARY;
                self.text.push_str("; ");
            }
        }
        self.statement = self.text.len();
        self.named = false;
        self.expect = Expect::Statement;
        self.manner = Manner::Plain;
        self.depth = 0;
        self.known = 0;
        *self.level() = Level::default();
    }

    fn open(&mut self) {
        let expression = self.level().with && matches!(self.before, Kind::Word(Word::As | Word::Filler));
        let (inside, after) = match self.expect {
            // EXPLAIN (ANALYZE) SELECT
            Expect::Inner if self.manner == Manner::Explain => (Expect::Nothing, Expect::Inner),
            Expect::Statement | Expect::Inner | Expect::Table => (self.expect, Expect::Nothing),
            // VACUUM (ANALYZE) t
            Expect::Object if self.manner != Manner::Copy => (Expect::Nothing, Expect::Object),
            Expect::ObjectKind => (Expect::Nothing, Expect::ObjectKind),
            _ if expression => (Expect::Inner, Expect::Nothing),
            _ => (Expect::Query, Expect::Nothing),
        };
        let tables = self.expect == Expect::Table;
        self.level().after = after;
        self.depth = self.depth.saturating_add(1);
        *self.level() = Level {
            tables,
            ..Level::default()
        };
        self.expect = if self.depth < MAX_DEPTH {
            inside
        } else {
            Expect::Nothing
        };
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        let level = self.level();
        let after = std::mem::take(&mut level.after);
        self.expect = if level.with { Expect::Inner } else { after };
    }

    fn comma(&mut self) {
        let level = self.level();
        self.expect = match (level.with, level.tables) {
            (true, _) => Expect::Expression,
            (_, true) => Expect::Table,
            _ => Expect::Nothing,
        };
    }
}
