//! Walks the body of a message field by field, as its layout says, and hands out what means something.
//!
//! A walk can stop before any field and go on with the next bytes; records are passed over by their length, batch by
//! batch. Contract: it reads nothing beyond the end of the message, it never goes back, and its memory does not depend
//! on counts that a peer sends.

use super::layout::{Field, Kind, Meaning};
use super::records::{Head, Scanned, HEAD, SMALLEST_HEAD};
use super::window::{Window, BEYOND};
use crate::parser::ParseError;

/// Structs within structs. The deepest layout of the table has 6.
pub(super) const MAX_DEPTH: usize = 8;

/// Bytes of a text that are handed out: topics have at most 249, and names of groups and clients seldom more than 100.
pub(super) const MAX_TEXT: usize = 256;

/// Bytes of a batch in which its records are looked at; the rest is passed over. A producer's batch has 16 KiB unless it
/// is told otherwise.
pub(super) const MAX_BATCH_SHOWN: usize = 16 * 1024;

/// Bytes with which a walk gets on, wherever it is: a field that is handed out, or the front of a batch.
pub(super) const WINDOW: usize = 32 * 1024;

/// Takes what is found.
pub(super) trait Sink {
    /// A field that means something.
    fn item(&mut self, meaning: Meaning, item: Item<'_>);
    /// A batch of records of this size, and its first bytes.
    fn batch(&mut self, head: &Head, size: u64, bytes: &[u8]);
    /// Records that cannot be counted.
    fn uncounted(&mut self);
    /// Of the batch that follows not all was captured that is looked at.
    fn cut(&mut self);
}

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// An element of an array begins.
    Begin,
    Int(i64),
    /// Cut at [`MAX_TEXT`].
    Text(&'a [u8]),
    Uuid([u8; 16]),
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// More bytes are needed.
    Short,
    /// The layout and the message end together.
    Exact,
    /// The layout ended, bytes of the message are left.
    Loose,
}

/// Bytes that follow are not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supply {
    /// They will come.
    Continues,
    /// They were not captured.
    Ends,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Struct(&'static [Field]),
    List(&'static Kind),
}

#[derive(Clone, Copy, Debug)]
struct Level {
    shape: Shape,
    /// The next field of a struct.
    at: usize,
    /// Elements after this one.
    left: u64,
    /// Tagged fields to come; `None`: their number was not read.
    tags: Option<u32>,
    meaning: Meaning,
}

const EMPTY: Level = Level {
    shape: Shape::Struct(&[]),
    at: 0,
    left: 0,
    tags: None,
    meaning: Meaning::Nothing,
};

/// A place in a message.
#[derive(Debug)]
pub(super) struct Walk {
    levels: [Level; MAX_DEPTH],
    depth: usize,
    version: i16,
    flexible: bool,
    /// Bytes of the message that are left.
    left: u64,
    /// Bytes of the records field that are left.
    records: u64,
    /// The layout says nothing about the end of the message.
    open: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            levels: [EMPTY; MAX_DEPTH],
            depth: 0,
            version: 0,
            flexible: false,
            left: 0,
            records: 0,
            open: false,
        }
    }
}

/// Reads a value or returns that more bytes are needed.
macro_rules! need {
    ($value:expr) => {
        match $value? {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}

impl Walk {
    /// At the front of a body of this many bytes. `tags`: tagged fields of a header come first.
    pub(super) fn start(&mut self, layout: &'static [Field], version: i16, flexible: bool, tags: bool, left: u64) {
        self.version = version;
        self.flexible = flexible;
        self.left = left;
        self.records = 0;
        self.depth = 0;
        self.open = false;
        // Two levels of at least eight: neither can fail.
        let _ = self.push(Shape::Struct(layout), 1, Meaning::Nothing);
        if tags {
            let _ = self.push(Shape::Struct(&[]), 1, Meaning::Nothing);
        }
    }

    /// Bytes of the message that are left.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Whether the walk ended where the layout says nothing more, and not where the message should end.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Gives up the rest of the message.
    pub(super) fn abandon(&mut self) -> u64 {
        self.records = 0;
        self.depth = 0;
        std::mem::take(&mut self.left)
    }

    /// Passes over the rest of the records.
    pub(super) fn pass_records(&mut self) -> u64 {
        let records = std::mem::take(&mut self.records);
        self.left = self.left.saturating_sub(records);
        records
    }

    /// Walks on. `bytes` begin where the last walk ended, and end at the end of the message or before it. Says how many
    /// were used: more than there are where a field is passed over.
    pub(super) fn run(
        &mut self,
        bytes: &[u8],
        supply: Supply,
        sink: &mut impl Sink,
    ) -> Result<(u64, Halt), ParseError> {
        let mut window = Window {
            bytes,
            at: 0,
            limit: self.left,
        };
        let halt = loop {
            let place = window.at;
            let went = if self.records > 0 {
                self.batch(&mut window, supply, sink)
            } else if self.depth == 0 {
                break if window.left() == 0 { Halt::Exact } else { Halt::Loose };
            } else {
                self.step(&mut window, sink)
            };
            if went?.is_none() {
                window.at = place;
                break Halt::Short;
            }
        };
        self.left -= window.at;
        Ok((window.at, halt))
    }

    /// Whether nothing that follows means anything.
    pub(super) fn is_tail(&self) -> bool {
        self.records == 0 && !self.may_tell(|_| true)
    }

    /// Whether one of these could follow.
    pub(super) fn may_tell(&self, what: impl Fn(Meaning) -> bool) -> bool {
        let levels = self.levels.get(..self.depth).unwrap_or_default();
        levels.iter().any(|level| match level.shape {
            Shape::List(_) => what(level.meaning),
            Shape::Struct(fields) => {
                let rest = if level.left > 0 {
                    Some(fields)
                } else {
                    fields.get(level.at..)
                };
                rest.unwrap_or_default().iter().any(|field| self.speaks(field, &what))
            }
        })
    }

    fn speaks(&self, field: &Field, what: &impl Fn(Meaning) -> bool) -> bool {
        let within = match field.kind {
            _ if !self.has(field) => return false,
            Kind::Array(fields) | Kind::Optional(fields) | Kind::Struct(fields) => fields,
            _ => &[],
        };
        (field.meaning != Meaning::Nothing && what(field.meaning))
            || within.iter().any(|field| self.speaks(field, what))
    }

    fn has(&self, field: &Field) -> bool {
        (field.first..=field.last).contains(&self.version)
    }

    fn push(&mut self, shape: Shape, count: u64, meaning: Meaning) -> Result<(), ParseError> {
        let Some(left) = count.checked_sub(1) else {
            return Ok(());
        };
        let slot = self.levels.get_mut(self.depth);
        *slot.ok_or(ParseError::TooLong("kafka: MAX_DEPTH"))? = Level {
            shape,
            left,
            meaning,
            ..EMPTY
        };
        self.depth += 1;
        Ok(())
    }

    /// One field, one element of a list, or the end of a struct. `None`: more bytes are needed.
    fn step(&mut self, window: &mut Window<'_>, sink: &mut impl Sink) -> Result<Option<()>, ParseError> {
        let Some(top) = self.depth.checked_sub(1) else {
            return Ok(Some(()));
        };
        let Some(level) = self.levels.get(top).copied() else {
            return Ok(Some(()));
        };
        match level.shape {
            Shape::List(kind) => {
                need!(self.value(*kind, level.meaning, window, sink));
                match (level.left.checked_sub(1), self.levels.get_mut(top)) {
                    (Some(left), Some(level)) => level.left = left,
                    _ => self.depth = top,
                }
            }
            Shape::Struct(fields) => match fields.get(level.at) {
                Some(field) => {
                    if self.has(field) {
                        need!(self.value(field.kind, field.meaning, window, sink));
                    }
                    if let Some(level) = self.levels.get_mut(top) {
                        level.at += 1;
                    }
                }
                None if self.flexible => need!(self.tags(level.tags, top, window, sink)),
                None => self.end_of_struct(top, sink),
            },
        }
        Ok(Some(()))
    }

    /// The tagged fields at the end of a struct: none of them means anything to us.
    fn tags(
        &mut self,
        tags: Option<u32>,
        top: usize,
        window: &mut Window<'_>,
        sink: &mut impl Sink,
    ) -> Result<Option<()>, ParseError> {
        let left = match tags {
            None => need!(window.varint()),
            Some(left) => {
                need!(window.varint());
                let size = need!(window.varint());
                window.skip(u64::from(size))?;
                left - 1
            }
        };
        if left == 0 {
            self.end_of_struct(top, sink);
        } else if let Some(level) = self.levels.get_mut(top) {
            level.tags = Some(left);
        }
        Ok(Some(()))
    }

    fn end_of_struct(&mut self, top: usize, sink: &mut impl Sink) {
        match self.levels.get_mut(top) {
            Some(level) if level.left > 0 => {
                *level = Level {
                    at: 0,
                    left: level.left - 1,
                    tags: None,
                    ..*level
                };
                if level.meaning != Meaning::Nothing {
                    sink.item(level.meaning, Item::Begin);
                }
            }
            _ => self.depth = top,
        }
    }

    /// One value, or the entrance to one that has parts.
    fn value(
        &mut self,
        kind: Kind,
        meaning: Meaning,
        window: &mut Window<'_>,
        sink: &mut impl Sink,
    ) -> Result<Option<()>, ParseError> {
        let int = match kind {
            Kind::Fixed(size) => {
                window.skip(u64::from(size))?;
                return Ok(Some(()));
            }
            Kind::I8 => i64::from(i8::from_be_bytes(need!(window.array()))),
            Kind::I16 => i64::from(i16::from_be_bytes(need!(window.array()))),
            Kind::I32 => i64::from(i32::from_be_bytes(need!(window.array()))),
            Kind::I64 => i64::from_be_bytes(need!(window.array())),
            Kind::Uuid => {
                sink.item(meaning, Item::Uuid(need!(window.array())));
                return Ok(Some(()));
            }
            Kind::String => return self.text(meaning, window, sink),
            Kind::Bytes | Kind::Batches => {
                let size = u64::try_from(need!(self.size(window, Width::Four))).unwrap_or(0);
                if size > window.left() {
                    return Err(BEYOND);
                }
                match kind {
                    Kind::Batches => self.records = size,
                    _ => window.skip(size)?,
                }
                return Ok(Some(()));
            }
            Kind::Array(fields) => {
                let count = need!(self.count(window));
                self.push(Shape::Struct(fields), count, meaning)?;
                if count > 0 && meaning != Meaning::Nothing {
                    sink.item(meaning, Item::Begin);
                }
                return Ok(Some(()));
            }
            Kind::List(element) => {
                let count = need!(self.count(window));
                match element {
                    Kind::Fixed(size) => window.skip(count.saturating_mul(u64::from(*size)))?,
                    _ => self.push(Shape::List(element), count, meaning)?,
                }
                return Ok(Some(()));
            }
            Kind::Optional(fields) => {
                let there = i8::from_be_bytes(need!(window.array())) >= 0;
                self.push(Shape::Struct(fields), u64::from(there), meaning)?;
                return Ok(Some(()));
            }
            Kind::Struct(fields) => {
                self.push(Shape::Struct(fields), 1, meaning)?;
                return Ok(Some(()));
            }
            Kind::Rest => {
                self.depth = 0;
                self.open = true;
                return Ok(Some(()));
            }
        };
        sink.item(meaning, Item::Int(int));
        Ok(Some(()))
    }

    fn text(&self, meaning: Meaning, window: &mut Window<'_>, sink: &mut impl Sink) -> Result<Option<()>, ParseError> {
        let Ok(size) = u64::try_from(need!(self.size(window, Width::Two))) else {
            return Ok(Some(()));
        };
        if meaning == Meaning::Nothing {
            window.skip(size)?;
            return Ok(Some(()));
        }
        let shown = size.min(MAX_TEXT as u64);
        let text = need!(window.take(shown));
        window.skip(size - shown)?;
        sink.item(meaning, Item::Text(text));
        Ok(Some(()))
    }

    /// The length of a text or of bytes; -1 stands for null.
    fn size(&self, window: &mut Window<'_>, width: Width) -> Result<Option<i64>, ParseError> {
        let size = if self.flexible {
            i64::from(need!(window.varint())) - 1
        } else {
            match width {
                Width::Two => i64::from(i16::from_be_bytes(need!(window.array()))),
                Width::Four => i64::from(i32::from_be_bytes(need!(window.array()))),
            }
        };
        Ok(Some(size))
    }

    /// The number of elements of an array; none if it is null.
    fn count(&self, window: &mut Window<'_>) -> Result<Option<u64>, ParseError> {
        let count = u64::try_from(need!(self.size(window, Width::Four))).unwrap_or(0);
        // An element takes a byte at least (a test says so), so a message cannot have more of them than bytes.
        if count > window.left() {
            return Err(ParseError::Malformed("kafka: more elements than bytes"));
        }
        Ok(Some(count))
    }

    /// One batch of records.
    fn batch(
        &mut self,
        window: &mut Window<'_>,
        supply: Supply,
        sink: &mut impl Sink,
    ) -> Result<Option<()>, ParseError> {
        let left = self.records;
        let shown = window.peek(left.min(MAX_BATCH_SHOWN as u64));
        let here = shown.len() as u64;
        if left >= SMALLEST_HEAD && here < left.min(HEAD) {
            return Ok(None);
        }
        let size = match Head::read(shown) {
            // The last batch of a response may be cut where the consumer's limit is.
            Scanned::Head(_, size) if size > left => left,
            Scanned::Head(head, size) => {
                let wanted = size.min(MAX_BATCH_SHOWN as u64);
                if here < wanted {
                    match supply {
                        Supply::Continues => return Ok(None),
                        Supply::Ends => sink.cut(),
                    }
                }
                let bytes = shown.get(..usize::try_from(wanted).unwrap_or(usize::MAX));
                sink.batch(&head, size, bytes.unwrap_or(shown));
                size
            }
            Scanned::Remnant => left,
            Scanned::Unknown => {
                sink.uncounted();
                left
            }
        };
        window.skip(size)?;
        self.records -= size;
        Ok(Some(()))
    }
}

/// How long a length is in versions that are not flexible.
#[derive(Clone, Copy)]
enum Width {
    Two,
    Four,
}
