//! Tokens of SQL: one rule for each kind of literal, quoted name and comment of both dialects.
//!
//! Where PostgreSQL and MySQL read the same bytes differently, the dialect decides; where that is no help, what could be a
//! literal is one.

use super::comment;
use super::words::{word, Word};
use super::{Dialect, Extent, Family};
use crate::trace_context::TraceContext;

/// The longest quoted name. PostgreSQL's have 63 bytes, MySQL's 64 characters and 256 as an alias.
const MAX_NAME: usize = 256;

/// Digits of a parameter's number: a statement has at most 65,535 of them.
const MAX_PARAMETER: usize = 5;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without quotes.
    Word(Word),
    /// A name in quotes, with them.
    Quoted,
    /// `$1`, `?`.
    Parameter,
    /// Text in quotes of any kind.
    String {
        /// The closing quote is there.
        closed: bool,
    },
    /// Anything that starts with a digit.
    Number,
    Open,
    Close,
    Comma,
    Semicolon,
    Dot,
    /// Any other character.
    Mark,
    /// There is nothing more.
    End,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Blanks or comments stand before it.
    pub(super) apart: bool,
    /// It touches a literal in a way that SQL hardly ever does: a quote is missing somewhere.
    pub(super) touches: bool,
}

impl Token {
    /// Whether this token says that words and literals may have changed places.
    pub(super) fn doubtful(&self, extent: Extent) -> bool {
        self.touches || (extent == Extent::Whole && self.kind == Kind::String { closed: false })
    }

    /// What it covers.
    pub(super) fn bytes<'a>(&self, sql: &'a [u8]) -> &'a [u8] {
        sql.get(self.start..self.end).unwrap_or_default()
    }
}

/// Reads a text of SQL.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    sql: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// The token before was in quotes and ends here.
    after_quote: bool,
    /// Inside of `/*! ... */`, which MySQL executes.
    executed: bool,
    context: Option<TraceContext>,
}

/// What a byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Letter,
    Digit,
    Other,
}

#[allow(clippy::indexing_slicing)] // At compile time.
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        // No narrowing: the loop ends at 255.
        #[allow(clippy::cast_possible_truncation)]
        let this = byte as u8;
        classes[byte] = match this {
            0..=b' ' | 0x7f => Class::Blank,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Other)
}

fn in_word(byte: u8) -> bool {
    byte == b'$' || matches!(class(byte), Class::Letter | Class::Digit)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(sql: &'a [u8], dialect: Dialect) -> Self {
        Self {
            sql,
            at: 0,
            dialect,
            after_quote: false,
            executed: false,
            context: None,
        }
    }

    /// The context that comments carried, once all tokens are read.
    pub(super) fn context(self) -> Option<TraceContext> {
        self.context
    }

    fn is_mysql(&self) -> bool {
        self.dialect.family == Family::MySql
    }

    fn rest(&self) -> &'a [u8] {
        self.sql.get(self.at..).unwrap_or_default()
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token {
        let before = self.at;
        self.pass_blanks();
        let start = self.at;
        let apart = start > before;
        let after_quote = self.after_quote && !apart;
        let mut touches = false;
        let kind = match self.rest().first() {
            None => Kind::End,
            Some(byte) => match class(*byte) {
                Class::Letter => {
                    let kind = self.word(&mut touches);
                    touches |= after_quote && matches!(kind, Kind::Word(Word::Name));
                    kind
                }
                Class::Digit => {
                    touches = after_quote;
                    self.number()
                }
                Class::Blank | Class::Other => self.other(*byte),
            },
        };
        self.after_quote = matches!(kind, Kind::String { .. } | Kind::Quoted);
        Token {
            kind,
            start,
            end: self.at,
            apart,
            touches,
        }
    }

    fn pass_blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest
                .iter()
                .position(|byte| class(*byte) != Class::Blank)
                .unwrap_or(rest.len());
            match self.rest() {
                [b'-', b'-', ..] if self.is_line_comment() => self.pass_line(),
                [b'#', ..] if self.is_mysql() => self.pass_line(),
                [b'/', b'*', b'!', ..] if self.is_mysql() => self.open_executed(3),
                [b'/', b'*', b'M', b'!', ..] if self.is_mysql() => self.open_executed(4),
                [b'/', b'*', ..] => self.pass_comment(),
                [b'*', b'/', ..] if self.executed => {
                    self.executed = false;
                    self.at += 2;
                }
                _ => return,
            }
        }
    }

    /// MySQL wants a blank after the dashes: `5--1` is a sum.
    fn is_line_comment(&self) -> bool {
        !self.is_mysql() || self.rest().get(2).is_none_or(|byte| class(*byte) == Class::Blank)
    }

    fn pass_line(&mut self) {
        let rest = self.rest();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.note(rest.get(..length).unwrap_or_default());
        self.at += length;
    }

    /// The version in front of what is executed is no number of the statement.
    fn open_executed(&mut self, mark: usize) {
        self.executed = true;
        self.at += mark;
        self.at += self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
    }

    /// Comments nest in PostgreSQL. One that does not end hides the rest.
    fn pass_comment(&mut self) {
        let body = self.rest().get(2..).unwrap_or_default();
        let mut depth = 1_usize;
        let mut at = 0;
        while depth > 0 {
            let rest = body.get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'*', b'/', rest) else {
                at = body.len();
                break;
            };
            at += found;
            match body.get(at..at + 2) {
                Some(b"*/") => {
                    depth -= 1;
                    at += 2;
                }
                Some(b"/*") if !self.is_mysql() => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.note(body.get(..at).unwrap_or_default());
        self.at += 2 + at;
    }

    fn note(&mut self, comment: &[u8]) {
        if self.context.is_none() {
            self.context = comment::context(comment);
        }
    }

    /// A word, or a literal that has letters in front of its quote.
    fn word(&mut self, touches: &mut bool) -> Kind {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !in_word(*byte)).unwrap_or(rest.len());
        let (letters, after) = rest.split_at_checked(length).unwrap_or((rest, b""));
        match after {
            [quote @ (b'\'' | b'"' | b'`'), ..] => {
                let literal = *quote == b'\'' || *quote == b'"' && self.is_mysql();
                if let Some(backslash) = self.prefix(letters).filter(|_| literal) {
                    self.at += length;
                    return self.string(*quote, backslash);
                }
                *touches = word(letters) == Word::Name;
            }
            [b'&', quote @ (b'\'' | b'"'), ..] if matches!(letters, b"U" | b"u") && !self.is_mysql() => {
                self.at += length + 1;
                return if *quote == b'"' {
                    self.name(b'"')
                } else {
                    self.string(b'\'', false)
                };
            }
            _ => {}
        }
        // What could be the rest of a dollar quote whose beginning is missing.
        *touches |= !self.is_mysql() && memchr::memchr_iter(b'$', letters).nth(1).is_some();
        self.at += length;
        Kind::Word(word(letters))
    }

    /// Whether a literal may have these letters in front, and whether backslashes escape in it then.
    fn prefix(&self, letters: &[u8]) -> Option<bool> {
        match letters {
            b"E" | b"e" if !self.is_mysql() => Some(true),
            b"B" | b"b" | b"X" | b"x" => Some(false),
            b"N" | b"n" => Some(self.dialect.backslash),
            [b'_', ..] if self.is_mysql() => Some(self.dialect.backslash),
            _ => None,
        }
    }

    /// Digits, and everything that could belong to them: 0xFF, 1_000, 1.5e-3. Names that begin with a digit (MySQL has
    /// them) are hidden with the numbers.
    fn number(&mut self) -> Kind {
        let rest = self.rest();
        let mut length = 0;
        let mut last = 0;
        for byte in rest {
            let exponent = matches!(last, b'e' | b'E') && matches!(byte, b'+' | b'-') && !rest.starts_with(b"0x");
            if !in_word(*byte) && *byte != b'.' && !exponent {
                break;
            }
            last = *byte;
            length += 1;
        }
        self.at += length;
        Kind::Number
    }

    fn other(&mut self, byte: u8) -> Kind {
        match byte {
            b'\'' => return self.string(b'\'', self.dialect.backslash),
            b'"' if self.is_mysql() => return self.string(b'"', self.dialect.backslash),
            b'"' | b'`' => return self.name(byte),
            b'$' if !self.is_mysql() => return self.dollar(),
            b'.' if self.rest().get(1).is_some_and(u8::is_ascii_digit) => return self.number(),
            _ => {}
        }
        self.at += 1;
        match byte {
            b'(' => Kind::Open,
            b')' => Kind::Close,
            b',' => Kind::Comma,
            b';' => Kind::Semicolon,
            b'.' => Kind::Dot,
            b'?' if self.is_mysql() => Kind::Parameter,
            _ => Kind::Mark,
        }
    }

    /// Passes over what is in quotes; the quote is the next byte. A doubled one belongs to the text.
    fn string(&mut self, quote: u8, backslash: bool) -> Kind {
        self.at += 1;
        loop {
            let rest = self.rest();
            let found = if backslash {
                memchr::memchr2(quote, b'\\', rest)
            } else {
                memchr::memchr(quote, rest)
            };
            let Some(found) = found else {
                self.at = self.sql.len();
                return Kind::String { closed: false };
            };
            let pair = rest.get(found).is_some_and(|byte| *byte == b'\\') || rest.get(found + 1) == Some(&quote);
            self.at = (self.at + found + if pair { 2 } else { 1 }).min(self.sql.len());
            if !pair {
                return Kind::String { closed: true };
            }
        }
    }

    /// A name in quotes. What does not look like one is a literal: the quotes may be those of a text.
    fn name(&mut self, quote: u8) -> Kind {
        let start = self.at;
        let kind = self.string(quote, false);
        let inside = self.sql.get(start + 1..self.at.saturating_sub(1)).unwrap_or_default();
        let odd = |byte: &u8| matches!(byte, b'\'' | b'"' | b'`' | b'=' | b';' | b',' | b'\n' | b'\0');
        if kind != (Kind::String { closed: true }) || inside.len() > MAX_NAME || inside.iter().any(odd) {
            return kind;
        }
        Kind::Quoted
    }

    /// `$1`, or `$tag$ ... $tag$`.
    fn dollar(&mut self) -> Kind {
        let rest = self.rest().get(1..).unwrap_or_default();
        if rest.first().is_some_and(u8::is_ascii_digit) {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            self.at += 1 + digits;
            return if digits <= MAX_PARAMETER {
                Kind::Parameter
            } else {
                Kind::Number
            };
        }
        let tag = rest.iter().take_while(|byte| **byte != b'$' && in_word(**byte)).count();
        if rest.get(tag) != Some(&b'$') {
            // A tag that is cut, or a stray sign: what follows it is hidden with it.
            self.at += 1 + tag;
            return if tag > 0 {
                Kind::String { closed: false }
            } else {
                Kind::Mark
            };
        }
        let delimiter = self.rest().get(..tag + 2).unwrap_or_default();
        let body = self.rest().get(tag + 2..).unwrap_or_default();
        let Some(length) = memchr::memmem::find(body, delimiter) else {
            self.at = self.sql.len();
            return Kind::String { closed: false };
        };
        self.at += length + 2 * delimiter.len();
        Kind::String { closed: true }
    }
}
