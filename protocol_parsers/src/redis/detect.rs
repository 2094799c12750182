//! Is it Redis? And, after lost bytes: where does it go on?

use super::commands::{begins, find, Name, MAX_NAME};
use super::resp::{number, token, Token};
use crate::parser::{Detection, Direction};

/// Bytes in which a line typed by hand must end to be taken for one.
const MAX_INLINE: usize = 512;
/// Bytes in which the front of a reply must show what it is.
const MAX_REPLY: usize = 64;

/// Are these the first bytes of Redis in this direction?
pub(super) fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    match (direction, bytes.first()) {
        (_, None) => Detection::NeedMore,
        (Direction::ToServer, Some(b'*')) => command(bytes),
        (Direction::ToServer, Some(_)) => inline(bytes),
        (Direction::ToClient, Some(_)) => reply(bytes),
    }
}

/// An array of strings of which the first is a command's name.
fn command(bytes: &[u8]) -> Detection {
    match front(bytes) {
        Front::Known => Detection::Yes,
        Front::Plausible => Detection::Maybe,
        Front::Unfinished => Detection::NeedMore,
        Front::Other => Detection::No,
    }
}

/// How a command begins: `*N`, `$n`, its name.
enum Front {
    Known,
    Plausible,
    Unfinished,
    Other,
}

fn front(bytes: &[u8]) -> Front {
    let Ok(read) = number(bytes) else { return Front::Other };
    let Some((arguments, end)) = read else {
        return Front::Unfinished;
    };
    let rest = bytes.get(end..).unwrap_or_default();
    if !(1..=i64::from(i32::MAX)).contains(&arguments) || !matches!(rest.first(), None | Some(b'$')) {
        return Front::Other;
    }
    let Ok(read) = number(rest) else { return Front::Other };
    let Some((length, start)) = read else {
        return Front::Unfinished;
    };
    let Some(length) = usize::try_from(length)
        .ok()
        .filter(|length| (1..=MAX_NAME).contains(length))
    else {
        return Front::Other;
    };
    let name = rest.get(start..).unwrap_or_default();
    let name = name.get(..length).unwrap_or(name);
    if name.is_empty() {
        return Front::Unfinished;
    }
    let after = rest.get(start + length..).unwrap_or_default();
    match (Name::new(name), after) {
        (None, _) => Front::Other,
        (_, [] | [b'\r']) => Front::Unfinished,
        (Some(name), [b'\r', b'\n', ..]) if find(&name).is_some() => Front::Known,
        (Some(_), [b'\r', b'\n', ..]) => Front::Plausible,
        _ => Front::Other,
    }
}

/// A known command typed by hand. Never a proof: other protocols have lines too.
fn inline(bytes: &[u8]) -> Detection {
    let shown = bytes.get(..MAX_INLINE).unwrap_or(bytes);
    let end = shown.iter().position(|byte| *byte == b'\n');
    let line = end.and_then(|end| shown.get(..end)).unwrap_or(shown);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().any(u8::is_ascii_control) {
        return Detection::No;
    }
    let mut words = line.split(|byte| *byte == b' ');
    let (name, argument) = (words.next().and_then(Name::new), words.next());
    let Some(name) = name else { return Detection::No };
    let known = if argument.is_some() || end.is_some() {
        find(&name).is_some()
    } else {
        begins(&name)
    };
    // "GET /path HTTP/1.1": a key that looks like a path is not worth the doubt.
    let http = argument.is_some_and(|argument| argument.starts_with(b"/") || argument.starts_with(b"http"));
    if !known || http || line.windows(6).any(|part| part == b" HTTP/") {
        return Detection::No;
    }
    match end {
        Some(_) => Detection::Maybe,
        None if bytes.len() < MAX_INLINE => Detection::NeedMore,
        None => Detection::No,
    }
}

/// Status lines that servers send; others are too much like those of other protocols.
static STATUSES: &[&[u8]] = &[
    b"OK",
    b"PONG",
    b"QUEUED",
    b"RESET",
    b"CONTINUE",
    b"NOKEY",
    b"none",
    b"string",
    b"list",
    b"set",
    b"zset",
    b"hash",
    b"stream",
];

fn reply(bytes: &[u8]) -> Detection {
    let shown = bytes.get(..MAX_REPLY).unwrap_or(bytes);
    match shown.first() {
        Some(b'+') => status(shown, bytes.len() > MAX_REPLY),
        Some(b'-') => error(shown),
        _ => value(bytes),
    }
}

fn status(shown: &[u8], cut: bool) -> Detection {
    let text = shown.get(1..).unwrap_or_default();
    if text.starts_with(b"FULLRESYNC ") || text.first().is_some_and(u8::is_ascii_digit) && monitored(text) {
        return Detection::Maybe;
    }
    let possible = |word: &[u8]| [word, b"\r\n"].concat().starts_with(text);
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => {
            let known = STATUSES
                .iter()
                .any(|word| text.get(..=end) == Some(&[word, &b"\r\n"[..]].concat()[..]));
            if known {
                Detection::Maybe
            } else {
                Detection::No
            }
        }
        None if cut => Detection::No,
        None if STATUSES.iter().any(|word| possible(word)) || b"FULLRESYNC ".starts_with(text) => Detection::NeedMore,
        None if text
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' ')) =>
        {
            Detection::NeedMore
        }
        None => Detection::No,
    }
}

/// The time in front of a line of MONITOR.
fn monitored(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let (time, rest) = text.split_at(end);
    let mut parts = time.split(|byte| *byte == b'.');
    let digits = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    digits(parts.next()) && digits(parts.next()) && parts.next().is_none() && rest.starts_with(b" [")
}

/// A word of capitals after the minus sign.
fn error(shown: &[u8]) -> Detection {
    let text = shown.get(1..).unwrap_or_default();
    let word = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    match text.get(word) {
        Some(b' ' | b'\r') if word >= 2 => Detection::Maybe,
        None if word < 32 => Detection::NeedMore,
        _ => Detection::No,
    }
}

/// Any other value, with what follows its first line where that is at hand.
fn value(bytes: &[u8]) -> Detection {
    let (read, size) = match token(bytes) {
        Ok(Some(read)) => read,
        Ok(None) if bytes.len() < MAX_REPLY => return Detection::NeedMore,
        Ok(None) | Err(_) => return Detection::No,
    };
    let rest = usize::try_from(size)
        .ok()
        .and_then(|size| bytes.get(size..))
        .unwrap_or_default();
    match read {
        Token::EndOfAggregate | Token::Chunk { .. } => Detection::No,
        Token::String { .. } if !ends_in_line(bytes, size) => Detection::No,
        Token::Line(text) if !scalar(bytes.first().copied().unwrap_or_default(), text) => Detection::No,
        Token::Null if bytes.first() == Some(&b'_') && size != 3 => Detection::No,
        Token::Aggregate(items) if items > 0 => match token(rest) {
            _ if rest.is_empty() => Detection::NeedMore,
            Err(_) | Ok(Some((Token::EndOfAggregate | Token::Chunk { .. }, _))) => Detection::No,
            Ok(None) if rest.len() < MAX_REPLY => Detection::NeedMore,
            Ok(_) => Detection::Maybe,
        },
        _ => Detection::Maybe,
    }
}

/// The line end after a string, as far as it is at hand.
fn ends_in_line(bytes: &[u8], size: u64) -> bool {
    let Ok(size) = usize::try_from(size) else { return true };
    let last = |at: usize, byte: u8| bytes.get(at).is_none_or(|there| *there == byte);
    last(size.saturating_sub(2), b'\r') && last(size.saturating_sub(1), b'\n')
}

/// Whether the text of a scalar is one of its type.
fn scalar(kind: u8, text: &[u8]) -> bool {
    match kind {
        b'#' => matches!(text, b"t" | b"f"),
        b',' => {
            matches!(text, b"inf" | b"-inf" | b"nan")
                || !text.is_empty() && text.iter().all(|byte| b"0123456789+-.eE".contains(byte))
        }
        b'(' => !text.is_empty() && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-'),
        _ => true,
    }
}

/// Where could the next value start?
pub(super) fn resync(direction: Direction, bytes: &[u8]) -> Option<usize> {
    match direction {
        Direction::ToServer => bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'*')
            .map(|(at, _)| at)
            .find(|at| {
                starts_line(bytes, *at)
                    && matches!(
                        front(bytes.get(*at..).unwrap_or_default()),
                        Front::Known | Front::Plausible
                    )
            }),
        Direction::ToClient => {
            (0..bytes.len()).find(|at| starts_line(bytes, *at) && is_value(bytes.get(*at..).unwrap_or_default()))
        }
    }
}

/// A value starts where the one before it ended: after a line end, or anywhere right after the hole.
fn starts_line(bytes: &[u8], at: usize) -> bool {
    at == 0 || bytes.get(at - 1) == Some(&b'\n') && (at == 1 || bytes.get(at.saturating_sub(2)) == Some(&b'\r'))
}

/// A whole first line of a value, and a value behind it where there is one.
fn is_value(bytes: &[u8]) -> bool {
    match token(bytes) {
        Ok(Some((Token::EndOfAggregate | Token::Chunk { .. }, _)) | None) | Err(_) => false,
        Ok(Some((read, size))) => {
            let rest = usize::try_from(size)
                .ok()
                .and_then(|size| bytes.get(size..))
                .unwrap_or_default();
            let sound = match read {
                Token::String { .. } => ends_in_line(bytes, size),
                Token::Line(text) => {
                    scalar(bytes.first().copied().unwrap_or_default(), text)
                        && text.iter().all(|byte| !byte.is_ascii_control())
                }
                _ => true,
            };
            sound && rest.first().is_none_or(|byte| b"+-:$*_#,(!=%~>|.;\n".contains(byte))
        }
    }
}
