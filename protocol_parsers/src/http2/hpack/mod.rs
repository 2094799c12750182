//! Header blocks (HPACK, RFC 7541), read by one who may have come late or missed some.
//!
//! Contract: a field is given exactly as it was sent, or as unknown; never as another one. That holds without the whole
//! dynamic table, because its indices count from the newest entry: whoever saw the last n entries enter knows what the
//! first n indices mean, whatever was evicted behind them. So a table that is not whole only forgets for want of room.

mod huffman;
mod label;
mod representation;
mod static_table;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub(super) use label::Label;
pub(super) use representation::{take, Coded, Name, Representation};

use crate::parser::ParseError;

/// What the table holds at most before anybody changes it.
const DEFAULT_SIZE: usize = 4096;
/// What we keep of a table at most, by the protocol's own measure. Browsers announce this much, servers less; of a larger
/// table the oldest entries become unknown.
const MAX_SIZE: usize = 64 * 1024;
/// What an entry counts beside its name and value.
const ENTRY_OVERHEAD: usize = 32;
/// Scratch space kept between blocks.
const KEPT_SCRATCH: usize = 4096;

/// A field of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) label: Label,
    /// `None`: it entered the table before we looked.
    pub(super) name: Option<&'a [u8]>,
    /// See `name`.
    pub(super) value: Option<Coded<'a>>,
}

impl Field<'_> {
    const UNKNOWN: Self = Self {
        label: Label::Unknown,
        name: None,
        value: None,
    };
}

/// Reads the blocks of one direction, in their order.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Decoder {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Of the entries, as the protocol counts it.
    size: usize,
    /// What the sender said it keeps.
    limit: usize,
    /// Everything that the sender may refer to is in `entries`.
    whole: bool,
    scratch: Vec<u8>,
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
struct Entry {
    label: Label,
    /// Name, if it is known, and value.
    text: Box<[u8]>,
    /// Where the value starts; `None`: the name is not known.
    value_at: Option<usize>,
}

impl Default for Decoder {
    /// At the beginning of a connection.
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            limit: DEFAULT_SIZE,
            whole: true,
            scratch: Vec::new(),
        }
    }
}

impl Decoder {
    /// At an unknown place: all that entered the table so far is unknown.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.size = 0;
        self.whole = false;
    }

    /// Reads a block and shows its fields in their order. After an error the table means nothing.
    pub(super) fn decode(&mut self, block: &[u8], mut show: impl FnMut(Field)) -> Result<(), ParseError> {
        let mut rest = block;
        let mut begun = false;
        while !rest.is_empty() {
            match take(&mut rest)? {
                Representation::Indexed(index) => show(self.field(index)?),
                Representation::Literal {
                    enters: true,
                    name,
                    value,
                } => self.enter(name, value, &mut show)?,
                Representation::Literal {
                    enters: false,
                    name,
                    value,
                } => self.pass(name, value, &mut show)?,
                Representation::SizeUpdate(_) if begun => return Err(ParseError::Malformed("size update in a block")),
                Representation::SizeUpdate(limit) => {
                    self.resize(limit);
                    continue;
                }
            }
            begun = true;
        }
        self.scratch.shrink_to(KEPT_SCRATCH);
        Ok(())
    }

    fn field(&self, index: usize) -> Result<Field<'_>, ParseError> {
        let from_one = index.checked_sub(1).ok_or(ParseError::Malformed("index 0"))?;
        if let (Some((name, value)), Some(label)) =
            (static_table::FIELDS.get(from_one), static_table::LABELS.get(from_one))
        {
            return Ok(Field {
                label: *label,
                name: Some(name),
                value: Some(Coded::Plain(value)),
            });
        }
        match self.entries.get(from_one - static_table::LENGTH) {
            Some(entry) => Ok(entry.field()),
            None if self.whole => Err(ParseError::Malformed("index beyond the table")),
            None => Ok(Field::UNKNOWN),
        }
    }

    /// A literal that is not kept.
    fn pass(&mut self, name: Name, value: Coded, show: &mut impl FnMut(Field)) -> Result<(), ParseError> {
        match name {
            Name::Index(index) => {
                let field = self.field(index)?;
                show(Field {
                    value: Some(value),
                    ..field
                });
            }
            Name::Text(name) => {
                self.scratch.clear();
                name.append_to(&mut self.scratch)?;
                show(Field {
                    label: Label::of(&self.scratch),
                    name: Some(&self.scratch),
                    value: Some(value),
                });
            }
        }
        Ok(())
    }

    /// A literal that enters the table.
    fn enter(&mut self, name: Name, value: Coded, show: &mut impl FnMut(Field)) -> Result<(), ParseError> {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        let label = match name {
            Name::Index(index) => {
                let field = self.field(index)?;
                text.extend_from_slice(field.name.unwrap_or_default());
                field.label
            }
            Name::Text(name) => {
                name.append_to(&mut text)?;
                Label::of(&text)
            }
        };
        let value_at = (label != Label::Unknown).then_some(text.len());
        value.append_to(&mut text)?;
        let entry = Entry {
            label,
            text: Box::from(text.as_slice()),
            value_at,
        };
        self.scratch = text;
        show(entry.field());
        let size = entry.size();
        // An entry that is larger than the table empties it and does not enter: then nothing refers to it either.
        if self.whole && size > self.limit {
            self.entries.clear();
            self.size = 0;
            return Ok(());
        }
        self.entries.push_front(entry);
        self.size += size;
        self.evict();
        Ok(())
    }

    fn resize(&mut self, limit: usize) {
        self.limit = limit;
        if limit == 0 {
            // Whatever was there is gone: from here on everything is known.
            self.entries.clear();
            self.size = 0;
            self.whole = true;
        }
        self.evict();
    }

    /// Keeps to the sender's limit, as long as the whole table is known, and to ours.
    fn evict(&mut self) {
        let limit = if self.whole { self.limit } else { usize::MAX };
        while self.size > limit.min(MAX_SIZE) {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.size = self.size.saturating_sub(oldest.size());
            if limit > MAX_SIZE {
                self.whole = false;
            }
        }
    }
}

impl Entry {
    fn field(&self) -> Field<'_> {
        let (name, value) = self
            .text
            .split_at_checked(self.value_at.unwrap_or(0))
            .unwrap_or_default();
        Field {
            label: self.label,
            name: self.value_at.map(|_| name),
            value: Some(Coded::Plain(value)),
        }
    }

    fn size(&self) -> usize {
        self.text.len() + ENTRY_OVERHEAD
    }
}
