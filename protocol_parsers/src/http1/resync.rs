//! Where the next message could start after lost bytes. A place is only believed with a method that is known: the engine
//! may have dropped a byte of a line that `next` refused, and its rest must not become a request nobody sent.

use memchr::{memchr_iter, memmem, memrchr, memrchr_iter};

use super::start_line::{is_target, status_proof, MAX_START_LINE, METHODS};
use crate::parser::Direction;

/// Methods believed beside [`METHODS`]: WebDAV and its relatives, UPnP, cache control.
const OTHER_METHODS: [&str; 20] = [
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "QUERY",
    "LINK",
    "UNLINK",
    "MERGE",
    "MKCALENDAR",
    "PURGE",
    "BAN",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "M-SEARCH",
];
/// The longest of both lists.
const MAX_KNOWN_METHOD: usize = 11;

/// Where the next start line could begin.
pub(super) fn find(direction: Direction, bytes: &[u8]) -> Option<usize> {
    match direction {
        Direction::ToServer => whole_request_line(bytes).or_else(|| request_line_cut_short(bytes)),
        // A status line cut short before its proof is shorter than what the engine keeps between two searches.
        Direction::ToClient => memmem::find_iter(bytes, b"HTTP/1.").find(|at| {
            bytes
                .get(*at..)
                .is_some_and(|rest| matches!(status_proof(rest), Ok(Some(_))))
        }),
    }
}

/// The first place where a whole request line begins. Each line is looked at once.
fn whole_request_line(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b" HTTP/1.").find_map(|version| {
        let ends = matches!(
            bytes.get(version + 8..)?,
            [b'0' | b'1', b'\n', ..] | [b'0' | b'1', b'\r', b'\n', ..]
        );
        let (line_at, line) = clean_line(bytes.get(..version).filter(|_| ends)?)?;
        memrchr_iter(b' ', line)
            .find_map(|blank| request_start(line, blank))
            .map(|start| line_at + start)
    })
}

/// The last line may be a request line whose end has not come yet.
fn request_line_cut_short(bytes: &[u8]) -> Option<usize> {
    let (line_at, line) = clean_line(bytes.strip_suffix(b"\r").unwrap_or(bytes))?;
    memchr_iter(b' ', line)
        .find_map(|blank| request_start(line, blank))
        .map(|start| line_at + start)
}

/// What follows the last byte that no request line holds, and where it starts.
fn clean_line(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let from = bytes.len().saturating_sub(MAX_START_LINE);
    let window = bytes.get(from..)?;
    let feed = memrchr(b'\n', window).map_or(0, |feed| feed + 1);
    let line = window.get(feed..)?;
    let clean = line
        .iter()
        .rposition(|byte| !is_target(*byte))
        .map_or(0, |control| control + 1);
    Some((from + feed + clean, line.get(clean..)?))
}

/// Where the request begins whose method this blank ends. A body without a line end may stand right before it.
fn request_start(line: &[u8], blank: usize) -> Option<usize> {
    let word = line.get(blank.saturating_sub(MAX_KNOWN_METHOD + 1)..blank)?;
    let target = line.get(blank + 1..)?;
    let letters = word
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'-')
        .count();
    let whole = word.get(word.len() - letters..)?;
    let known = METHODS
        .iter()
        .chain(&OTHER_METHODS)
        .find(|method| method.as_bytes() == whole);
    let method = known.or_else(|| METHODS.iter().find(|method| whole.ends_with(method.as_bytes())))?;
    let plausible = *method == "CONNECT" || matches!(target, [b'/' | b'*', ..]) || target.starts_with(b"http");
    plausible.then(|| blank - method.len())
}
