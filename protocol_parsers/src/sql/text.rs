//! The sanitised text of a statement: every literal becomes `?`, blanks and comments become one blank, lists of literals
//! after IN and in ARRAY[] become one `?`, and the rows of VALUES after the first become "...".
//!
//! A number keeps its sign out of the text where the sign can only be its own, so that -1 and 1 are the same statement.

use super::lexer::{Kind, Token};
use super::words::Word;
use super::{Extent, MAX_TEXT};

/// Stands for what is left out.
const MORE: &str = "...";

/// The text in the making.
#[derive(Debug)]
pub(super) struct Sanitised<'a> {
    /// The SQL, if all of it is text: then its parts need no check.
    source: Option<&'a str>,
    out: String,
    before: Kind,
    depth: u32,
    list: Option<List>,
    rows: Option<Rows>,
    /// Where in the text a sign stands that could be part of a number.
    sign: Option<usize>,
    full: bool,
}

/// A list that holds nothing but literals so far.
#[derive(Debug)]
struct List {
    /// Its length in the text up to the first element.
    start: usize,
    elements: u32,
    /// A comma that is not written yet.
    comma: bool,
}

/// Rows after one another.
#[derive(Debug)]
struct Rows {
    /// Of what is around them.
    depth: u32,
    state: RowState,
    more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowState {
    /// VALUES was there.
    Before,
    /// In the first one, which is shown.
    First,
    After,
    Comma,
    Hidden,
}

/// Whether a token still has to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    ToWrite,
    Nothing,
}

impl<'a> Sanitised<'a> {
    pub(super) fn new(sql: &'a [u8]) -> Self {
        Self {
            source: std::str::from_utf8(sql).ok(),
            out: String::with_capacity(sql.len().min(MAX_TEXT)),
            before: Kind::Semicolon,
            depth: 0,
            list: None,
            rows: None,
            sign: None,
            full: false,
        }
    }

    /// Takes the next token.
    pub(super) fn take(&mut self, token: &Token, sql: &[u8]) {
        if self.full {
            return;
        }
        let closes = token.kind == Kind::Close;
        if closes {
            self.depth = self.depth.saturating_sub(1);
        }
        let mut left = Left::ToWrite;
        if self.rows.is_some() {
            left = self.in_rows(token.kind);
        }
        if left == Left::ToWrite && self.list.is_some() {
            left = self.in_list(token, sql);
        }
        if left == Left::ToWrite {
            self.write(token, sql);
        }
        if token.kind == Kind::Open {
            self.depth = self.depth.saturating_add(1);
        }
        self.before = token.kind;
    }

    /// Ends the text.
    pub(super) fn finish(mut self, extent: Extent) -> crate::message::Text {
        self.end_rows();
        let end = self.out.trim_end_matches([';', ' ']).len();
        self.out.truncate(end);
        if self.full || extent != Extent::Whole {
            self.out.push_str(MORE);
        }
        self.out.into()
    }

    fn in_rows(&mut self, kind: Kind) -> Left {
        let Some(rows) = &mut self.rows else {
            return Left::ToWrite;
        };
        let outside = self.depth == rows.depth;
        match (rows.state, kind) {
            (RowState::Before, Kind::Open) => rows.state = RowState::First,
            (RowState::First, Kind::Close) if outside => rows.state = RowState::After,
            (RowState::First, _) => {}
            (RowState::After, Kind::Comma) => {
                rows.state = RowState::Comma;
                return Left::Nothing;
            }
            (RowState::Comma, Kind::Open) => {
                rows.state = RowState::Hidden;
                return Left::Nothing;
            }
            (RowState::Hidden, _) => {
                if kind == Kind::Close && outside {
                    rows.state = RowState::After;
                    rows.more = true;
                }
                return Left::Nothing;
            }
            _ => self.end_rows(),
        }
        Left::ToWrite
    }

    fn end_rows(&mut self) {
        let Some(rows) = self.rows.take() else { return };
        if rows.more || rows.state == RowState::Hidden {
            self.out.push_str(", ");
            self.out.push_str(MORE);
        }
        if rows.state == RowState::Comma {
            self.out.push(',');
        }
    }

    fn in_list(&mut self, token: &Token, sql: &[u8]) -> Left {
        let Some(list) = &mut self.list else {
            return Left::ToWrite;
        };
        let ready = list.elements == 0 || list.comma;
        match token.kind {
            Kind::String { .. } | Kind::Number | Kind::Parameter | Kind::Word(Word::Boolean) if ready => {
                list.elements += 1;
                list.comma = false;
                if list.elements == 1 {
                    self.out.push('?');
                }
                return Left::Nothing;
            }
            Kind::Mark if ready && matches!(token.bytes(sql), b"-" | b"+") => return Left::Nothing,
            Kind::Comma if list.elements > 0 && !list.comma => {
                list.comma = true;
                return Left::Nothing;
            }
            // ((1, 2), (3, 4))
            Kind::Open if list.elements == 0 => {
                self.rows = Some(Rows {
                    depth: self.depth,
                    state: RowState::First,
                    more: false,
                });
            }
            _ => {}
        }
        self.end_list();
        Left::ToWrite
    }

    fn end_list(&mut self) {
        let Some(list) = self.list.take() else { return };
        if !list.comma {
            return;
        }
        // The list goes on with something else.
        self.out.truncate(list.start);
        self.out.push('?');
        if list.elements > 1 {
            self.out.push_str(", ");
            self.out.push_str(MORE);
        }
        self.out.push(',');
    }

    fn write(&mut self, token: &Token, sql: &[u8]) {
        let bytes = token.bytes(sql);
        // One byte may become three when it is no text.
        if self.out.len() + 3 * bytes.len().min(MAX_TEXT) + 8 > MAX_TEXT && self.out.len() + bytes.len() + 8 > MAX_TEXT
        {
            self.full = true;
            return;
        }
        let sign = self.sign.take();
        match token.kind {
            // 'one' 'two' is one literal.
            Kind::String { .. } if matches!(self.before, Kind::String { .. }) => return,
            Kind::Number if !token.apart => {
                if let Some(at) = sign {
                    self.out.truncate(at);
                }
            }
            _ => {}
        }
        if token.apart && !self.out.is_empty() {
            self.out.push(' ');
        }
        match token.kind {
            Kind::String { .. } | Kind::Number => self.out.push('?'),
            Kind::Word(Word::Boolean) if !matches!(self.before, Kind::Word(Word::Is | Word::Not)) => self.out.push('?'),
            Kind::Word(Word::Values) => {
                self.rows = Some(Rows {
                    depth: self.depth,
                    state: RowState::Before,
                    more: false,
                });
                self.push(token, bytes);
            }
            Kind::Open => {
                self.out.push('(');
                if self.before == Kind::Word(Word::In) {
                    self.list = Some(List {
                        start: self.out.len(),
                        elements: 0,
                        comma: false,
                    });
                }
            }
            Kind::Mark => self.mark(token, bytes),
            _ => self.push(token, bytes),
        }
    }

    fn mark(&mut self, token: &Token, bytes: &[u8]) {
        let operand = matches!(
            self.before,
            Kind::Word(Word::Name | Word::Grammar | Word::LiteralType)
                | Kind::Quoted
                | Kind::Parameter
                | Kind::String { .. }
                | Kind::Number
                | Kind::Close
        );
        if matches!(bytes, b"-" | b"+") && !operand {
            self.sign = Some(self.out.len());
        }
        self.push(token, bytes);
        if bytes == b"[" {
            self.list = Some(List {
                start: self.out.len(),
                elements: 0,
                comma: false,
            });
        }
    }

    fn push(&mut self, token: &Token, bytes: &[u8]) {
        if let Some(text) = self.source.and_then(|source| source.get(token.start..token.end)) {
            return self.out.push_str(text);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.out.push_str(text),
            Err(_) => {
                for chunk in bytes.utf8_chunks() {
                    self.out.push_str(chunk.valid());
                    if !chunk.invalid().is_empty() {
                        self.out.push(char::REPLACEMENT_CHARACTER);
                    }
                }
            }
        }
    }
}
