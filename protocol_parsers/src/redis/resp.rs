//! RESP2 and RESP3 on the wire: tokens, and a walk over one value that can stop anywhere.
//!
//! A value may nest and be of any size, and nobody needs what is in it. The walk therefore reads only the heads of its
//! elements, passes over strings by their length, keeps one counter for each open aggregate, and hands back what it
//! has passed in stretches of [`WINDOW`] bytes. Where a stretch ends depends on the bytes and never on how they came.

use crate::parser::ParseError;

/// Bytes after which a walk hands back what it has passed, at the next border of an element. Small, so that a value of
/// which only the front was captured is not waited for; large enough that most messages are one step.
pub(super) const WINDOW: u64 = 1024;
/// Open aggregates. Replies of the server nest to about 10 (COMMAND DOCS), those of scripts as their author likes.
pub(super) const MAX_DEPTH: usize = 128;
/// A line without a length in front: the server's own limit for an inline command and for any line it reads (64 KiB).
pub(super) const MAX_LINE: usize = 64 * 1024;
/// Elements of an aggregate. The server refuses a request with more than 2^31 - 1 arguments.
const MAX_ITEMS: i64 = i32::MAX as i64;
/// Bytes of a string: `proto-max-bulk-len` is 512 MiB unless raised, and then the memory of a machine is the limit.
const MAX_STRING: i64 = 1 << 40;
/// Digits, sign and line end of a number: 64 bits take 20 and a sign.
const MAX_NUMBER: usize = 24;

/// Bytes of a bulk error that are waited for: its prefix and the longest text of `errors` fit in.
pub(super) const ERROR_READ: usize = 160;

/// What stands at the front of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A string with its length in front (`$`, `=`, `!`): where its bytes begin, and how many they are.
    String { start: usize, length: u64 },
    /// A line of text (`+`, `-`, and the scalars that nobody reads: `,`, `(`, `#`).
    Line(&'a [u8]),
    /// `:`
    Integer(i64),
    /// `$-1`, `*-1`, `_`
    Null,
    /// An aggregate of this many values (a map of n pairs has 2n).
    Aggregate(u64),
    /// `$?`: chunks follow.
    StreamedString,
    /// `*?`, `~?`, `%?`: values follow up to `.`.
    StreamedAggregate,
    /// `.`
    EndOfAggregate,
    /// `;n`: like a string; the last one is empty and has no bytes, not even a line end.
    Chunk { start: usize, length: u64 },
}

impl Token<'_> {
    /// Bytes it takes on the wire when its first line ends at `line`.
    fn size(&self, line: usize) -> u64 {
        match *self {
            Self::Chunk { length: 0, .. } => line as u64,
            Self::String { length, .. } | Self::Chunk { length, .. } => line as u64 + length + 2,
            _ => line as u64,
        }
    }
}

/// Reads the token at the front: it and the bytes it takes, which may be more than there are. `None`: too few bytes.
pub(super) fn token(bytes: &[u8]) -> Result<Option<(Token<'_>, u64)>, ParseError> {
    let Some(kind) = bytes.first() else { return Ok(None) };
    let read = match kind {
        b'$' | b'=' | b'!' | b'*' | b'~' | b'>' | b'%' | b'|' | b';' => counted(*kind, bytes)?,
        b':' => number(bytes)?.map(|(value, end)| (Token::Integer(value), end)),
        b'+' | b'-' | b',' | b'(' | b'#' => line(bytes)?.map(|(text, end)| (Token::Line(text), end)),
        b'_' => line(bytes)?.map(|(_, end)| (Token::Null, end)),
        b'.' => line(bytes)?.map(|(_, end)| (Token::EndOfAggregate, end)),
        _ => return Err(ParseError::Malformed("redis: no such type of value")),
    };
    Ok(read.map(|(token, end)| (token, token.size(end))))
}

/// A token with a count or a length in its first line.
fn counted(kind: u8, bytes: &[u8]) -> Result<Option<(Token<'_>, usize)>, ParseError> {
    if bytes.get(1) == Some(&b'?') {
        return streamed(kind, bytes);
    }
    let Some((count, end)) = number(bytes)? else {
        return Ok(None);
    };
    let is_string = matches!(kind, b'$' | b'=' | b'!' | b';');
    if count > if is_string { MAX_STRING } else { MAX_ITEMS } {
        return Err(ParseError::TooLong("redis: length of a value"));
    }
    let token = match (kind, u64::try_from(count)) {
        (b'$' | b'*', Err(_)) if count == -1 => Token::Null,
        (_, Err(_)) => return Err(ParseError::Malformed("redis: negative length")),
        (b';', Ok(length)) => Token::Chunk { start: end, length },
        (b'%' | b'|', Ok(pairs)) => Token::Aggregate(pairs * 2),
        (_, Ok(length)) if is_string => Token::String { start: end, length },
        (_, Ok(items)) => Token::Aggregate(items),
    };
    Ok(Some((token, end)))
}

fn streamed(kind: u8, bytes: &[u8]) -> Result<Option<(Token<'_>, usize)>, ParseError> {
    let token = match kind {
        b'$' => Token::StreamedString,
        b'*' | b'~' | b'%' => Token::StreamedAggregate,
        _ => return Err(ParseError::Malformed("redis: this type has no streamed form")),
    };
    match bytes.get(2..4) {
        Some(b"\r\n") => Ok(Some((token, 4))),
        Some(_) => Err(ParseError::Malformed("redis: line end after ?")),
        None => Ok(None),
    }
}

/// The number in the first line, after its type, and where the line ends.
#[inline]
pub(super) fn number(bytes: &[u8]) -> Result<Option<(i64, usize)>, ParseError> {
    const NO_NUMBER: ParseError = ParseError::Malformed("redis: no number");
    let mut value = 0_i64;
    let mut negative = false;
    let mut digits = 0;
    for (at, byte) in bytes.iter().enumerate().skip(1).take(MAX_NUMBER) {
        match byte {
            b'0'..=b'9' => {
                let digit = i64::from(byte - b'0');
                let next = value.checked_mul(10).and_then(|tens| {
                    if negative {
                        tens.checked_sub(digit)
                    } else {
                        tens.checked_add(digit)
                    }
                });
                value = next.ok_or(NO_NUMBER)?;
                digits += 1;
            }
            b'-' | b'+' if at == 1 => negative = *byte == b'-',
            b'\r' if digits > 0 => {
                return match bytes.get(at + 1) {
                    Some(b'\n') => Ok(Some((value, at + 2))),
                    Some(_) => Err(NO_NUMBER),
                    None => Ok(None),
                }
            }
            _ => return Err(NO_NUMBER),
        }
    }
    if bytes.len() > MAX_NUMBER {
        return Err(NO_NUMBER);
    }
    Ok(None)
}

/// The text of the first line, after its type, and where the line ends.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, ParseError> {
    let text = bytes.get(1..).unwrap_or_default();
    match text.iter().position(|byte| *byte == b'\r') {
        Some(at) if at > MAX_LINE => Err(ParseError::TooLong("redis: line")),
        Some(at) => match text.get(at + 1) {
            Some(b'\n') => Ok(Some((text.get(..at).unwrap_or_default(), at + 3))),
            Some(_) => Err(ParseError::Malformed("redis: carriage return inside of a line")),
            None => Ok(None),
        },
        None if text.len() > MAX_LINE => Err(ParseError::TooLong("redis: line")),
        None => Ok(None),
    }
}

/// What the first element of an aggregate says: the words that pub/sub uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Word {
    /// No word of pub/sub.
    #[default]
    Other,
    /// `message`, `smessage`
    Message,
    /// `pmessage`
    PatternMessage,
    /// A confirmation.
    Confirm(Confirm),
}

/// What a confirmation confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Confirm {
    /// To what.
    pub family: Family,
    /// Subscribed, or unsubscribed.
    pub on: bool,
}

/// The three kinds of subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `SUBSCRIBE`
    Channel,
    /// `PSUBSCRIBE`
    Pattern,
    /// `SSUBSCRIBE`
    Shard,
}

impl Word {
    /// The longest word: `punsubscribe`, `sunsubscribe`.
    const LONGEST: u64 = 12;

    fn of(name: &[u8]) -> Self {
        let confirm = |family, on| Self::Confirm(Confirm { family, on });
        match name {
            b"message" | b"smessage" => Self::Message,
            b"pmessage" => Self::PatternMessage,
            b"subscribe" => confirm(Family::Channel, true),
            b"psubscribe" => confirm(Family::Pattern, true),
            b"ssubscribe" => confirm(Family::Shard, true),
            b"unsubscribe" => confirm(Family::Channel, false),
            b"punsubscribe" => confirm(Family::Pattern, false),
            b"sunsubscribe" => confirm(Family::Shard, false),
            _ => Self::Other,
        }
    }
}

/// What a walk keeps of the value it passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Type of the value: its first byte. 0 before there is one.
    pub kind: u8,
    /// It is null.
    pub null: bool,
    /// Values in it, if it is an aggregate that says so.
    pub items: u64,
    /// Its first element.
    pub word: Word,
    /// Its second element is null.
    pub second_null: bool,
    /// Its last element that is an integer.
    pub integer: i64,
    /// Elements seen, up to 3.
    seen: u8,
}

/// How far a walk came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The next element is not all there.
    NeedMore,
    /// These bytes are passed and the value goes on.
    Passed(u64),
    /// The value ends after these bytes.
    Done(u64),
}

/// One open aggregate.
#[derive(Clone, Copy, Debug)]
enum Open {
    /// This many values are missing.
    Items(u64),
    /// The same, of attributes: they stand before a value and are none themselves.
    Attributes(u64),
    /// Up to `.`.
    Streamed,
    /// Chunks of a string, up to the empty one.
    Chunks,
}

/// A walk over one value. Between two calls the caller keeps the bytes from where the last `Passed` or `Done` ended.
#[derive(Debug, Default)]
pub(super) struct Walk {
    open: Vec<Open>,
    /// Bytes from the front that are read.
    at: u64,
    head: Head,
}

impl Walk {
    /// Nothing of a value is read yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.head.kind == 0
    }

    /// Forgets the value.
    pub(super) fn reset(&mut self) {
        self.open.clear();
        self.at = 0;
        self.head = Head::default();
    }

    /// What the value says of itself.
    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// Reads on. After `Done` the head stays until [`Walk::reset`].
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Progress, ParseError> {
        loop {
            if self.at >= WINDOW && !self.is_fresh() {
                return Ok(Progress::Passed(std::mem::take(&mut self.at)));
            }
            let rest = usize::try_from(self.at)
                .ok()
                .and_then(|at| bytes.get(at..))
                .unwrap_or_default();
            let Some((token, size)) = token(rest)? else {
                return Ok(Progress::NeedMore);
            };
            let kind = rest.first().copied().unwrap_or_default();
            if !self.note(kind, token, rest) {
                return Ok(Progress::NeedMore);
            }
            self.at += size;
            if self.place(kind, token)? {
                return Ok(Progress::Done(std::mem::take(&mut self.at)));
            }
        }
    }

    /// Keeps what is worth keeping of a token. False: its bytes must be there first.
    fn note(&mut self, kind: u8, token: Token<'_>, rest: &[u8]) -> bool {
        match self.open.len() {
            0 => {
                if let (b'!', Token::String { start, length }) = (kind, token) {
                    let shown = usize::try_from(length).map_or(ERROR_READ, |length| length.min(ERROR_READ));
                    if rest.len() < start + shown {
                        return false;
                    }
                }
                let items = if let Token::Aggregate(items) = token { items } else { 0 };
                self.head = Head {
                    kind,
                    null: token == Token::Null,
                    items,
                    ..Head::default()
                };
            }
            1 if self.head.seen < 3 => {
                match (self.head.seen, token) {
                    (0, Token::String { start, length }) if length <= Word::LONGEST => {
                        let name = usize::try_from(length)
                            .ok()
                            .and_then(|length| rest.get(start..start + length));
                        let Some(name) = name else { return false };
                        self.head.word = Word::of(name);
                    }
                    (1, Token::Null) => self.head.second_null = true,
                    (_, Token::Integer(value)) => self.head.integer = value,
                    _ => {}
                }
                self.head.seen += 1;
            }
            _ => {}
        }
        true
    }

    /// Counts a token where it belongs. True: the whole value is complete.
    fn place(&mut self, kind: u8, token: Token<'_>) -> Result<bool, ParseError> {
        if let Some(Open::Chunks) = self.open.last() {
            return match token {
                Token::Chunk { length: 0, .. } => {
                    self.open.pop();
                    Ok(self.complete())
                }
                Token::Chunk { .. } => Ok(false),
                _ => Err(ParseError::Malformed("redis: a streamed string holds chunks only")),
            };
        }
        let opened = match token {
            Token::Aggregate(0) if kind == b'|' => return Ok(self.open.is_empty()),
            Token::Aggregate(items) if kind == b'|' => Open::Attributes(items),
            Token::Aggregate(items) if items > 0 => Open::Items(items),
            Token::StreamedAggregate => Open::Streamed,
            Token::StreamedString => Open::Chunks,
            Token::EndOfAggregate => {
                return match self.open.pop() {
                    Some(Open::Streamed) => Ok(self.complete()),
                    _ => Err(ParseError::Malformed("redis: end of an aggregate that is not streamed")),
                }
            }
            Token::Chunk { .. } => return Err(ParseError::Malformed("redis: chunk outside of a streamed string")),
            _ => return Ok(self.complete()),
        };
        if self.open.len() >= MAX_DEPTH {
            return Err(ParseError::TooLong("redis: depth of a value"));
        }
        self.open.push(opened);
        Ok(false)
    }

    /// A value is complete, and perhaps with it the ones around it. True: so is the outermost.
    fn complete(&mut self) -> bool {
        loop {
            match self.open.last_mut() {
                None => return true,
                Some(Open::Items(left) | Open::Attributes(left)) if *left > 1 => *left -= 1,
                Some(Open::Items(_)) => {
                    self.open.pop();
                    continue;
                }
                Some(Open::Attributes(_)) => {
                    self.open.pop();
                    return self.open.is_empty();
                }
                Some(Open::Streamed | Open::Chunks) => {}
            }
            return false;
        }
    }
}
