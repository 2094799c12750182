//! What a text of SQL is about, without its literals: for every protocol that carries SQL.
//!
//! [`describe`] reads the text once, from left to right, and makes of it a sanitised copy (`db.query.text`) and a
//! summary (`db.query.summary`) as the OpenTelemetry database conventions have them. Comments are left out; the trace
//! context that sqlcommenter writes into them is kept.
//!
//! It must never show a literal. What is shown is what the lexer takes for words, quoted identifiers, parameters and
//! punctuation; where a quote is missing, words and literals change places, so of a text in which that could have
//! happened (it ends inside of a literal, or a word touches one) only the first word is shown, if it is one of SQL's.
//!
//! Contract: total, no panic, one pass (two over SQL that is broken), output of at most [`MAX_TEXT`] and
//! [`MAX_SUMMARY`] bytes whatever the input is.

mod comment;
mod lexer;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod words;

use crate::message::Text;
use crate::trace_context::TraceContext;
use lexer::{Kind, Lexer};
use summary::Summary;
use text::Sanitised;
use words::Word;

/// Bytes of SQL that are read. Longer ones are bulk inserts in practice: what they are about stands at their front.
pub const MAX_READ: usize = 32 * 1024;

/// Bytes of the sanitised text; a longer one ends in "...".
pub const MAX_TEXT: usize = 4096;

/// Bytes of the summary, as the conventions ask. It never ends inside of a name.
pub const MAX_SUMMARY: usize = 255;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    family: Family,
    /// A backslash escapes in plain strings.
    backslash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    PostgreSql,
    MySql,
}

impl Dialect {
    /// PostgreSQL with `standard_conforming_strings = on` (the default since 9.1).
    pub const POSTGRESQL: Self = Self {
        family: Family::PostgreSql,
        backslash: false,
    };
    #[cfg_attr(not(test), allow(dead_code))]
    /// MySQL and MariaDB without NO_BACKSLASH_ESCAPES. Text in double quotes is a literal here, also under ANSI_QUOTES.
    pub const MYSQL: Self = Self {
        family: Family::MySql,
        backslash: true,
    };

    /// The same with or without backslash escapes in plain strings: PostgreSQL reports `standard_conforming_strings`
    /// (off: with), MySQL reports `SERVER_STATUS_NO_BACKSLASH_ESCAPES` (set: without).
    #[must_use]
    pub const fn with_backslash_escapes(self, backslash: bool) -> Self {
        Self { backslash, ..self }
    }
}

/// What a text of SQL says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// Without literals and comments: `db.query.text`. Empty when the SQL is.
    pub text: Text,
    /// Operations and what they are about: `db.query.summary`, `INSERT orders SELECT carts`. Statements are separated by
    /// "; ", equal ones after one another are one.
    pub summary: Text,
    /// `db.operation.name`: the operation of the statement, of all statements if they agree, else `BATCH`.
    pub operation: Option<Text>,
    /// `db.collection.name`, if there is exactly one.
    pub collection: Option<Text>,
    /// Statements in the text; more than one make a batch. An empty one does not count.
    pub statements: u32,
    /// The context of the caller, as sqlcommenter writes it into a comment.
    pub context: Option<TraceContext>,
}

/// Describes a text of SQL that is all there.
#[must_use]
pub fn describe(sql: &[u8], dialect: Dialect) -> Described {
    match sql.get(..MAX_READ) {
        Some(front) if sql.len() > MAX_READ => describe_front(front, dialect),
        _ => read(sql, dialect, Extent::Whole),
    }
}

/// Describes a text of SQL of which only the front is at hand.
#[must_use]
pub fn describe_front(front: &[u8], dialect: Dialect) -> Described {
    read(front.get(..MAX_READ).unwrap_or(front), dialect, Extent::Front)
}

/// How much of a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// More followed.
    Front,
    /// What follows is broken, and hidden.
    Sound,
}

fn read(sql: &[u8], dialect: Dialect, extent: Extent) -> Described {
    let mut lexer = Lexer::new(sql, dialect);
    let mut text = Sanitised::new(sql);
    let mut summary = Summary::default();
    // Behind the first word there may be a literal without its quotes; a first word that is none of SQL's may be one.
    let mut first_word = 0;
    let mut first = true;
    loop {
        let token = lexer.next();
        if token.kind == Kind::End {
            break;
        }
        if token.doubtful(extent) {
            if extent == Extent::Sound {
                break;
            }
            return read(sql.get(..first_word).unwrap_or_default(), dialect, Extent::Sound);
        }
        if first && matches!(token.kind, Kind::Word(word) if word != Word::Name) {
            first_word = token.end;
        }
        first = false;
        summary.take(&token, sql);
        text.take(&token, sql);
    }
    let context = lexer.context();
    let mut described = summary.finish(sql);
    described.text = text.finish(extent);
    described.context = context;
    described
}
