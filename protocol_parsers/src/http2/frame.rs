//! Frames (RFC 9113, section 4 and 6): their heads, and header blocks put together from several. Stateless; looks at a
//! body only where its kind demands it. A frame whose head breaks the rules of its kind is refused at its ninth byte.

use std::borrow::Cow;

use crate::parser::ParseError;

/// What a client sends first.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The head of every frame.
pub(super) const HEAD: usize = 9;
/// The longest header block read, with the heads of its frames. Servers cap the fields at 8 to 64 KiB, Go at 1 MiB of
/// fields that nobody sends; the engine shows 256 KiB.
pub(super) const MAX_BLOCK: usize = 128 * 1024;

const END_STREAM: u8 = 0x01;
const ACK: u8 = 0x01;
const END_HEADERS: u8 = 0x04;
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// An extension; to be ignored.
    Other,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Of what follows the head.
    pub(super) length: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    /// Reads the head at the front; `None`: it is not all there.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, ParseError> {
        let Some([a, b, c, kind, flags, stream @ ..]) = bytes.first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::Headers,
            2 => Kind::Priority,
            3 => Kind::RstStream,
            4 => Kind::Settings,
            5 => Kind::PushPromise,
            6 => Kind::Ping,
            7 => Kind::GoAway,
            8 => Kind::WindowUpdate,
            9 => Kind::Continuation,
            _ => Kind::Other,
        };
        let head = Self {
            length: u32::from_be_bytes([0, *a, *b, *c]),
            kind,
            flags: *flags,
            stream: u32::from_be_bytes(*stream) & 0x7fff_ffff,
        };
        head.check().map(|()| Some(head))
    }

    fn check(&self) -> Result<(), ParseError> {
        let length = match self.kind {
            Kind::Priority => self.length == 5,
            Kind::RstStream | Kind::WindowUpdate => self.length == 4,
            Kind::Ping => self.length == 8,
            Kind::GoAway => self.length >= 8,
            Kind::Settings => self.length.is_multiple_of(6) && (self.flags & ACK == 0 || self.length == 0),
            Kind::Data | Kind::Headers | Kind::PushPromise => {
                self.length >= u32::from(self.is_padded()) + self.fixed_part()
            }
            Kind::Continuation | Kind::Other => true,
        };
        if !length {
            return Err(ParseError::Malformed("frame length"));
        }
        let stream = match self.kind {
            Kind::Settings | Kind::Ping | Kind::GoAway => self.stream == 0,
            Kind::WindowUpdate | Kind::Other => true,
            _ => self.stream != 0,
        };
        if !stream {
            return Err(ParseError::Malformed("frame stream"));
        }
        Ok(())
    }

    /// The bytes of the whole frame.
    pub(super) fn total(&self) -> u64 {
        u64::from(self.length) + HEAD as u64
    }

    /// Nothing of this side follows on the stream.
    pub(super) fn ends_stream(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers) && self.flags & END_STREAM != 0
    }

    pub(super) fn ends_block(&self) -> bool {
        self.flags & END_HEADERS != 0
    }

    pub(super) fn is_padded(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers | Kind::PushPromise) && self.flags & PADDED != 0
    }

    /// Bytes between the padding's length and what the frame carries.
    fn fixed_part(&self) -> u32 {
        match self.kind {
            Kind::Headers if self.flags & PRIORITY != 0 => 5,
            Kind::PushPromise => 4,
            _ => 0,
        }
    }
}

/// Where the data of a DATA frame stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data {
    /// Bytes before them, with the head.
    pub(super) before: usize,
    /// Their length; padding follows.
    pub(super) length: u32,
}

/// Reads the padding's length of a DATA frame; `None`: it is not there yet.
pub(super) fn data(head: &Head, bytes: &[u8]) -> Result<Option<Data>, ParseError> {
    if !head.is_padded() {
        return Ok(Some(Data {
            before: HEAD,
            length: head.length,
        }));
    }
    let Some(padding) = bytes.get(HEAD) else {
        return Ok(None);
    };
    let length = head
        .length
        .checked_sub(1 + u32::from(*padding))
        .ok_or(ParseError::Malformed("padding"))?;
    Ok(Some(Data {
        before: HEAD + 1,
        length,
    }))
}

/// A header block, from a HEADERS or PUSH_PROMISE frame and those that continue it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) fields: Cow<'a, [u8]>,
    /// The stream a PUSH_PROMISE speaks of.
    pub(super) promised: Option<u32>,
    /// Bytes of all its frames.
    pub(super) len: usize,
}

/// Puts the block together that starts with this frame; `None`: it is not all there. Nothing may stand between the
/// frames of a block.
pub(super) fn block<'a>(head: &Head, bytes: &'a [u8]) -> Result<Option<Block<'a>>, ParseError> {
    const TOO_LONG: ParseError = ParseError::TooLong("MAX_BLOCK");
    let mut len = end_of(head, 0).ok_or(TOO_LONG)?;
    let Some(payload) = bytes.get(HEAD..len) else {
        return Ok(None);
    };
    let (promised, first) = unwrap(head, payload)?;
    if head.ends_block() {
        return Ok(Some(Block {
            fields: Cow::Borrowed(first),
            promised,
            len,
        }));
    }
    let mut fields = first.to_vec();
    loop {
        let rest = bytes.get(len..).unwrap_or_default();
        let Some(next) = Head::read(rest)? else { return Ok(None) };
        if next.kind != Kind::Continuation || next.stream != head.stream {
            return Err(ParseError::Malformed("header block broken off"));
        }
        let from = len + HEAD;
        len = end_of(&next, len).ok_or(TOO_LONG)?;
        let Some(fragment) = bytes.get(from..len) else {
            return Ok(None);
        };
        fields.extend_from_slice(fragment);
        if next.ends_block() {
            return Ok(Some(Block {
                fields: Cow::Owned(fields),
                promised,
                len,
            }));
        }
    }
}

/// Where a frame of a block ends that starts at `at`, if that is within the limit.
fn end_of(head: &Head, at: usize) -> Option<usize> {
    let length = usize::try_from(head.length).ok()?;
    at.checked_add(HEAD)?
        .checked_add(length)
        .filter(|end| *end <= MAX_BLOCK)
}

/// The fields in the first frame of a block, without padding and priority.
fn unwrap<'a>(head: &Head, payload: &'a [u8]) -> Result<(Option<u32>, &'a [u8]), ParseError> {
    const BROKEN: ParseError = ParseError::Malformed("padding");
    let mut rest = payload;
    if head.is_padded() {
        let (padding, more) = rest.split_first().ok_or(BROKEN)?;
        let length = more.len().checked_sub(usize::from(*padding)).ok_or(BROKEN)?;
        rest = more.get(..length).ok_or(BROKEN)?;
    }
    let mut promised = None;
    if head.kind == Kind::PushPromise {
        let (stream, more) = rest.split_first_chunk::<4>().ok_or(BROKEN)?;
        promised = Some(u32::from_be_bytes(*stream) & 0x7fff_ffff);
        rest = more;
    } else if head.flags & PRIORITY != 0 {
        rest = rest.get(5..).ok_or(BROKEN)?;
    }
    Ok((promised, rest))
}

/// The reason in a RST_STREAM frame, which is all there in `bytes`.
pub(super) fn reset_code(bytes: &[u8]) -> Option<u32> {
    bytes.get(HEAD..)?.first_chunk().map(|code| u32::from_be_bytes(*code))
}
