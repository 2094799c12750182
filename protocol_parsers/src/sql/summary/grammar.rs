//! What a word means where it stands: which words are operations, and behind which of them names follow.

use super::super::lexer::{Kind, Token};
use super::super::words::Word;
use super::{Expect, Level, Manner, Summary, Target};

impl Summary {
    pub(super) fn quoted(&mut self, token: &Token) {
        match self.expect {
            Expect::Table => self.name(token, true),
            Expect::Object => self.name(token, false),
            Expect::Expression => self.expression(token),
            Expect::ObjectKind => {}
            _ => self.expect = Expect::Nothing,
        }
    }

    fn name(&mut self, token: &Token, listed: bool) {
        self.target = Some(Target {
            start: token.start,
            end: token.end,
            dot: false,
            listed,
        });
        self.expect = Expect::Nothing;
    }

    fn expression(&mut self, token: &Token) {
        if let Some(place) = self.expressions.get_mut(self.known) {
            *place = (token.start, token.end);
            self.known += 1;
        }
        self.expect = Expect::Nothing;
    }

    pub(super) fn word(&mut self, word: Word, token: &Token, sql: &[u8]) {
        match self.expect {
            Expect::Statement => self.statement(word, token, sql),
            Expect::Inner => self.inner(word, token, sql),
            Expect::Query if matches!(word, Word::Select | Word::With) => self.inner(word, token, sql),
            Expect::Nothing | Expect::Query => self.anywhere(word, token, sql),
            Expect::Table => match word {
                Word::TableFiller => {}
                Word::Select | Word::Values | Word::With => self.inner(word, token, sql),
                Word::EndsTables | Word::Combines | Word::Join | Word::On | Word::Using => {
                    self.anywhere(word, token, sql);
                }
                _ => self.name(token, true),
            },
            Expect::Object => self.object(word, token, sql),
            Expect::ObjectKind => self.object_kind(word, token, sql),
            Expect::Expression => match word {
                Word::Recursive => {}
                _ => self.expression(token),
            },
        }
    }

    fn object(&mut self, word: Word, token: &Token, sql: &[u8]) {
        match word {
            Word::Filler | Word::TableFiller | Word::Table | Word::Into | Word::Not | Word::Index => {}
            Word::Name => self.name(token, false),
            Word::ObjectKind | Word::Temporary | Word::Trigger | Word::LiteralType => {
                self.name(token, false);
                self.tentative = true;
            }
            _ => {
                self.expect = Expect::Nothing;
                self.anywhere(word, token, sql);
            }
        }
    }

    fn object_kind(&mut self, word: Word, token: &Token, sql: &[u8]) {
        match word {
            Word::Table | Word::Index | Word::Trigger | Word::ObjectKind => {
                let drops = self
                    .definition
                    .is_some_and(|(at, _)| matches!(sql.get(at), Some(b'd' | b'D')));
                self.define(token.bytes(sql), sql);
                self.level().tables = drops;
                self.expect = Expect::Object;
                self.manner = match word {
                    Word::Index | Word::Trigger => Manner::OnTable,
                    Word::Table => Manner::Define,
                    _ if token.bytes(sql).eq_ignore_ascii_case(b"view") => Manner::Define,
                    _ => Manner::Other,
                };
            }
            Word::EndsTables | Word::Select | Word::As | Word::On => {
                self.define(b"", sql);
                self.expect = Expect::Nothing;
                self.anywhere(word, token, sql);
            }
            _ => {}
        }
    }

    /// The first word of a statement.
    fn statement(&mut self, word: Word, token: &Token, sql: &[u8]) {
        self.expect = Expect::Nothing;
        let bytes = token.bytes(sql);
        match word {
            Word::Create | Word::Alter | Word::Drop => {
                self.definition = Some((token.start, token.end));
                self.expect = Expect::ObjectKind;
                return;
            }
            Word::Select | Word::Insert | Word::Replace | Word::Update | Word::Delete | Word::Merge | Word::With => {
                return self.inner(word, token, sql);
            }
            Word::Explain => {
                self.manner = Manner::Explain;
                self.expect = Expect::Inner;
            }
            Word::Grant => self.manner = Manner::Grant,
            Word::Prepare => self.manner = Manner::Define,
            Word::Show => {
                self.manner = Manner::Other;
                self.level().from = true;
            }
            Word::OnTables => {
                self.level().tables = true;
                self.expect = Expect::Object;
            }
            Word::Copy => {
                self.manner = Manner::Copy;
                self.expect = Expect::Object;
            }
            Word::Load => self.manner = Manner::Load,
            Word::OnOther => {
                self.manner = Manner::Other;
                self.expect = Expect::Object;
            }
            Word::Table => self.expect = Expect::Object,
            _ => {}
        }
        self.operation(bytes);
    }

    /// The first word of a statement inside of another.
    fn inner(&mut self, word: Word, token: &Token, sql: &[u8]) {
        let keeps = matches!(word, Word::As | Word::Filler | Word::Not) || self.manner == Manner::Explain;
        let level = self.level();
        let expect = match word {
            Word::Select => {
                *level = Level {
                    from: true,
                    ..Level::default()
                };
                Expect::Nothing
            }
            Word::Insert | Word::Replace => Expect::Object,
            Word::Update => {
                *level = Level {
                    from: true,
                    tables: true,
                    ..Level::default()
                };
                Expect::Object
            }
            Word::Delete => {
                *level = Level {
                    from: true,
                    using: true,
                    ..Level::default()
                };
                Expect::Nothing
            }
            Word::Merge => {
                *level = Level {
                    using: true,
                    ..Level::default()
                };
                Expect::Object
            }
            Word::With => {
                level.with = true;
                self.expect = Expect::Expression;
                return;
            }
            _ => {
                level.with &= keeps;
                self.expect = if keeps { Expect::Inner } else { Expect::Nothing };
                return;
            }
        };
        self.level().with = false;
        self.expect = expect;
        self.operation(token.bytes(sql));
    }

    /// A word in the middle of a statement.
    fn anywhere(&mut self, word: Word, token: &Token, sql: &[u8]) {
        let before = self.before;
        let manner = self.manner;
        let level = self.level();
        let expect = match word {
            Word::Select if manner != Manner::Grant => return self.inner(word, token, sql),
            Word::From if level.from && before != Kind::Word(Word::Distinct) => {
                level.from = false;
                level.tables = true;
                Expect::Table
            }
            Word::Using if level.using => {
                level.using = false;
                level.tables = true;
                Expect::Table
            }
            Word::Join if level.tables => Expect::Table,
            Word::Into if level.from || manner == Manner::Load => Expect::Object,
            Word::On if matches!(manner, Manner::OnTable | Manner::Grant) => {
                self.manner = Manner::Plain;
                Expect::Object
            }
            Word::As if manner == Manner::Define => Expect::Inner,
            Word::Combines => {
                level.tables = false;
                Expect::Inner
            }
            Word::EndsTables | Word::Values => {
                level.tables = false;
                Expect::Nothing
            }
            _ => Expect::Nothing,
        };
        self.expect = expect;
    }
}
