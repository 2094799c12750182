//! Whether bytes are PostgreSQL's, and where a message could start.
//!
//! A login and its answer are like nothing else. In the middle of a connection a message is recognised by its letter, a
//! length that fits what the letter says, and the next message behind it.

use super::frame::{text, Frame};
use crate::parser::Detection::{Maybe, NeedMore, No, Yes};
use crate::parser::{Detection, Direction};

/// Messages that are looked at behind the first one.
const CHAIN: usize = 3;

/// A message that is cut is believed up to this size.
const MAX_GUESSED: u64 = 64 * 1024;

/// A statement's front is looked at this far.
const MAX_SQL: usize = 256;

/// Are these the first bytes of messages?
pub(super) fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    if bytes.is_empty() {
        return NeedMore;
    }
    if direction == Direction::ToServer && bytes.first() == Some(&0) {
        return login(bytes);
    }
    match chain(direction, bytes) {
        Chain::Broken => No,
        Chain::Short => NeedMore,
        Chain::Weak => Maybe,
        Chain::Strong => Yes,
    }
}

/// What has no letter in front: Kafka's requests begin in the same way, but not with text.
fn login(bytes: &[u8]) -> Detection {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
        return if matches!(bytes, [] | [0] | [0, 0, ..]) {
            NeedMore
        } else {
            No
        };
    };
    let [a, b, c, d, code @ ..] = *head;
    let length = u32::from_be_bytes([a, b, c, d]);
    match (code, length) {
        ([4, 210, 22, 47 | 48], 8) | ([4, 210, 22, 46], 16..=268) => Yes,
        ([0, 3, ..], 16..=10_000) => match text(rest) {
            Some((name, _)) if is_parameter(name) => Yes,
            None if rest.len() < 64 && (rest.is_empty() || is_parameter(rest)) => NeedMore,
            _ => No,
        },
        _ => No,
    }
}

fn is_parameter(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Where could the next message start?
pub(super) fn resync(direction: Direction, bytes: &[u8]) -> Option<usize> {
    let starts = |at: &usize| {
        let rest = bytes.get(*at..).unwrap_or_default();
        match chain(direction, rest) {
            Chain::Strong => true,
            // Short of being sure only where the bytes began: most holes end where a message starts.
            Chain::Weak => *at == 0,
            Chain::Short => *at == 0 && is_small(rest),
            Chain::Broken => false,
        }
    };
    (0..bytes.len()).find(starts)
}

/// Whether there is a header, and of a message whose end is near: a wrong one does not swallow much.
fn is_small(bytes: &[u8]) -> bool {
    matches!(Frame::read(bytes), Ok(Some(frame)) if frame.total <= MAX_GUESSED)
}

/// What stands at the front, message after message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chain {
    Broken,
    /// Too few bytes to tell.
    Short,
    /// Nothing speaks against it.
    Weak,
    /// No chance makes this.
    Strong,
}

/// How well a message fits its letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    No,
    Short,
    /// Its letter and its length do.
    Loose,
    /// All of it does, and there is much to fit.
    Tight,
}

fn chain(direction: Direction, bytes: &[u8]) -> Chain {
    let mut rest = bytes;
    let mut loose = 0;
    for _ in 0..CHAIN {
        if rest.is_empty() {
            break;
        }
        match (fit(direction, rest), loose) {
            (Fit::No, _) => return Chain::Broken,
            (Fit::Short, 0) => return Chain::Short,
            (Fit::Short, _) => return Chain::Weak,
            (Fit::Tight, _) => return Chain::Strong,
            // Too large to see its end, and nothing else to tell by.
            (Fit::Loose, 0) if !is_small(rest) => return Chain::Broken,
            (Fit::Loose, _) => loose += 1,
        }
        let total = Frame::read(rest)
            .ok()
            .flatten()
            .and_then(|frame| usize::try_from(frame.total).ok());
        rest = total.and_then(|total| rest.get(total..)).unwrap_or_default();
    }
    if loose >= CHAIN {
        Chain::Strong
    } else {
        Chain::Weak
    }
}

fn fit(direction: Direction, bytes: &[u8]) -> Fit {
    let Some(tag) = bytes.first() else { return Fit::Short };
    let known: &[u8] = match direction {
        Direction::ToServer => b"QPBEDCHSFXdcfp",
        Direction::ToClient => b"RKSZTDCENAI123tnsGHWdcVv",
    };
    // All lengths but those of huge messages begin with a zero byte.
    if !known.contains(tag) || bytes.get(1).is_some_and(|byte| *byte > 0x3f) {
        return Fit::No;
    }
    let frame = match Frame::read(bytes) {
        Ok(Some(frame)) => frame,
        Ok(None) => return Fit::Short,
        Err(_) => return Fit::No,
    };
    match direction {
        Direction::ToServer => from_client(&frame),
        Direction::ToClient => from_server(&frame),
    }
}

fn from_client(frame: &Frame) -> Fit {
    let size = frame.size();
    match frame.tag {
        b'Q' => statement(frame.body, size),
        b'P' => match text(frame.body) {
            Some((name, sql)) if is_name(name) => statement(sql, size.saturating_sub(name.len() as u64 + 3)),
            Some(_) => Fit::No,
            None => short(frame),
        },
        b'B' => names(frame, 2, 6),
        b'E' => names(frame, 1, 4),
        b'D' | b'C' => match frame.body.split_first() {
            Some((b'S' | b'P', name)) => match text(name) {
                Some((name, after)) if is_name(name) && after.is_empty() => Fit::Loose,
                Some(_) => Fit::No,
                None => short(frame),
            },
            Some(_) => Fit::No,
            None => short(frame),
        },
        b'H' | b'S' | b'X' | b'c' => empty(size),
        b'F' => sized(size, 10, u64::MAX),
        b'd' | b'p' => sized(size, 1, u64::MAX),
        b'f' => sized(size, 1, 1024),
        _ => Fit::No,
    }
}

fn from_server(frame: &Frame) -> Fit {
    let size = frame.size();
    let body = frame.body;
    match frame.tag {
        b'Z' if size != 1 => Fit::No,
        b'Z' => match body.first() {
            Some(b'I' | b'T' | b'E') => Fit::Tight,
            Some(_) => Fit::No,
            None => Fit::Short,
        },
        b'R' => match (body.first_chunk::<4>(), size) {
            (Some([0, 0, 0, 0..=2 | 5..=12]), 4..=2048) => Fit::Tight,
            (None, 4..=2048) => Fit::Short,
            _ => Fit::No,
        },
        b'K' => sized(size, 8, 260),
        b'1' | b'2' | b'3' | b'n' | b's' | b'I' | b'c' => empty(size),
        b'C' => whole(frame, 64, |tag| {
            tag.split_last().is_some_and(|(end, tag)| {
                *end == 0 && tag.first().is_some_and(u8::is_ascii_uppercase) && tag.iter().all(|byte| is_tag(*byte))
            })
        }),
        b'E' | b'N' => match body.first() {
            Some(b'S') if body.get(1).is_none_or(u8::is_ascii_graphic) && size > 12 => {
                if body.len() > 8 && memchr::memchr(0, body).is_some_and(|end| end < 24) {
                    Fit::Tight
                } else {
                    short(frame)
                }
            }
            Some(_) => Fit::No,
            None => Fit::Short,
        },
        b'S' => match text(body) {
            Some((name, _)) if is_parameter(name) && name.len() > 3 => Fit::Tight,
            Some(_) => Fit::No,
            None => short(frame),
        },
        b'T' => columns(frame),
        b'D' => row(frame),
        b't' => sized(size, 2, 2 + 4 * 65_535),
        b'G' | b'H' | b'W' => match body.first() {
            Some(0 | 1) => sized(size, 3, 3 + 2 * 1600),
            Some(_) => Fit::No,
            None => Fit::Short,
        },
        b'A' => sized(size, 6, 8192),
        b'd' => sized(size, 1, u64::MAX),
        b'V' => sized(size, 4, u64::MAX),
        b'v' => sized(size, 8, 4096),
        _ => Fit::No,
    }
}

fn is_tag(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
}

fn is_name(name: &[u8]) -> bool {
    name.len() < 256 && name.iter().all(|byte| !byte.is_ascii_control())
}

fn short(frame: &Frame) -> Fit {
    if (frame.body.len() as u64) < frame.size() {
        Fit::Short
    } else {
        Fit::No
    }
}

fn sized(size: u64, least: u64, most: u64) -> Fit {
    if (least..=most).contains(&size) {
        Fit::Loose
    } else {
        Fit::No
    }
}

fn empty(size: u64) -> Fit {
    sized(size, 0, 0)
}

fn whole(frame: &Frame, most: usize, fits: impl Fn(&[u8]) -> bool) -> Fit {
    if frame.size() > most as u64 {
        return Fit::No;
    }
    match frame.front(most) {
        Some(body) if fits(body) => Fit::Tight,
        Some(_) => Fit::No,
        None => Fit::Short,
    }
}

/// Text of a statement, of `size` bytes with the zero that ends it.
fn statement(sql: &[u8], size: u64) -> Fit {
    let front = sql.get(..MAX_SQL).unwrap_or(sql);
    let end = memchr::memchr(0, front);
    let shown = end.and_then(|end| front.get(..end)).unwrap_or(front);
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c);
    let starts = shown.trim_ascii_start().first();
    let plausible =
        starts.is_none_or(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'(' | b'/' | b'-' | b';' | b'"'));
    if !plausible || shown.iter().any(control) {
        return Fit::No;
    }
    match end {
        // Parse has more behind it; Query ends there.
        Some(end) if (end as u64) < size && shown.len() >= 3 => Fit::Tight,
        Some(end) if (end as u64) < size => Fit::Loose,
        None if front.len() >= MAX_SQL => Fit::Tight,
        None if (sql.len() as u64) < size => Fit::Short,
        Some(_) | None => Fit::No,
    }
}

/// So many names, and at least so many bytes behind them.
fn names(frame: &Frame, count: usize, behind: u64) -> Fit {
    let mut rest = frame.body;
    for _ in 0..count {
        match text(rest) {
            Some((name, after)) if is_name(name) => rest = after,
            Some(_) => return Fit::No,
            None => return short(frame),
        }
    }
    let used = (frame.body.len() - rest.len()) as u64;
    let left = frame.size().saturating_sub(used);
    if left < behind || (count == 1 && left != behind) {
        return Fit::No;
    }
    Fit::Loose
}

/// RowDescription: the first column at least.
fn columns(frame: &Frame) -> Fit {
    let Some((count, rest)) = frame.body.split_first_chunk::<2>() else {
        return short(frame);
    };
    let count = u64::from(u16::from_be_bytes(*count));
    if frame.size() < 2 + 19 * count || count > 1664 {
        return Fit::No;
    }
    if count == 0 {
        return sized(frame.size(), 2, 2);
    }
    match text(rest) {
        Some((name, _)) if is_name(name) => Fit::Tight,
        None if rest.len() < 256 => short(frame),
        Some(_) | None => Fit::No,
    }
}

/// DataRow: the lengths of the columns add up.
fn row(frame: &Frame) -> Fit {
    let Some((count, mut rest)) = frame.body.split_first_chunk::<2>() else {
        return short(frame);
    };
    let count = u16::from_be_bytes(*count);
    let mut left = frame.size() - 2;
    for _ in 0..count {
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return if left < 4 { Fit::No } else { Fit::Loose };
        };
        let length = u32::from_be_bytes(*length);
        let length = if length == u32::MAX { 0 } else { length };
        let Some(after_column) = left.checked_sub(4 + u64::from(length)) else {
            return Fit::No;
        };
        left = after_column;
        rest = usize::try_from(length)
            .ok()
            .and_then(|length| after.get(length..))
            .unwrap_or_default();
    }
    if left == 0 && count > 0 {
        Fit::Tight
    } else if left == 0 {
        Fit::Loose
    } else {
        Fit::No
    }
}
