//! Is it Kafka? And, after lost bytes: where does it go on?

use super::frame::{self, Request, Response};
use super::gathered::{Gathered, Gatherer};
use super::layout::Api;
use super::topics::Names;
use super::walk::{Halt, Supply, Walk, WINDOW};
use crate::parser::{Detection, Direction, RESYNC_OVERLAP};

/// Longer first messages are possible and hardly sent; random bytes say more often that they are so long.
const MAX_FIRST_REQUEST: u64 = 100 << 20;

/// The same of responses, about which less is known.
const MAX_FIRST_RESPONSE: u64 = 16 << 20;

/// Are these the first bytes of Kafka in this direction?
pub(super) fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    match direction {
        Direction::ToServer => request(bytes, &[]),
        Direction::ToClient => response(bytes),
    }
}

/// What a request looks like. `client`: who is expected to send it.
fn request(bytes: &[u8], client: &[u8]) -> Detection {
    let front = match frame::request(bytes) {
        Err(_) => return Detection::No,
        Ok(None) => return unfinished_request(bytes),
        Ok(Some(front)) => front,
    };
    if front.total > MAX_FIRST_REQUEST || !is_name(front.head.client) {
        return Detection::No;
    }
    let Request { head, total, body_at } = front;
    if head.version > head.api.newest {
        return if head.client.is_empty() {
            Detection::Maybe
        } else {
            Detection::Yes
        };
    }
    let flexible = head.api.is_flexible(head.version);
    let mut walk = Walk::default();
    walk.start(head.api.request, head.version, flexible, flexible, total - body_at);
    match (try_walk(&mut walk, bytes, body_at, total), head.client) {
        (Fit::No, _) => Detection::No,
        (_, name) if !name.is_empty() && (client.is_empty() || name == client) => Detection::Yes,
        // Four numbers in a row that could be these, and a body as long as it says.
        (Fit::Exact, _) => Detection::Yes,
        (Fit::Open, _) => Detection::Maybe,
        (Fit::Short, _) => Detection::NeedMore,
    }
}

/// A head that is not all there: what there is of the client's name must be one.
fn unfinished_request(bytes: &[u8]) -> Detection {
    let rest = bytes.get(14..).unwrap_or_default();
    let too_long = bytes.first().is_some_and(|first| *first > 6);
    if too_long || (!rest.is_empty() && rest.iter().any(u8::is_ascii_control)) {
        return Detection::No;
    }
    Detection::NeedMore
}

/// Whether a client could be called this.
fn is_name(name: &[u8]) -> bool {
    // A name that is cut may end within a character.
    let valid = match std::str::from_utf8(name) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !name.iter().any(u8::is_ascii_control)
}

/// Whether a body is one of its kind.
enum Fit {
    /// It ends where it says.
    Exact,
    /// So far, and its layout is not known to the end.
    Open,
    /// So far, and there is more to come.
    Short,
    No,
}

fn try_walk(walk: &mut Walk, bytes: &[u8], body_at: u64, total: u64) -> Fit {
    let end = usize::try_from(total).unwrap_or(usize::MAX).min(bytes.len());
    let body = usize::try_from(body_at).ok().and_then(|at| bytes.get(at..end));
    let body = body.unwrap_or_default();
    let body = body.get(..WINDOW).unwrap_or(body);
    let mut gathered = Gathered::default();
    let mut sink = Gatherer {
        gathered: &mut gathered,
        names: &Names::default(),
        curiosity: None,
        session: None,
    };
    let walked = walk.run(body, Supply::Ends, &mut sink);
    match walked {
        Err(_) => Fit::No,
        _ if !gathered.is_plausible() => Fit::No,
        Ok((_, Halt::Exact)) => Fit::Exact,
        Ok((_, Halt::Loose)) if walk.is_open() => Fit::Open,
        Ok((_, Halt::Loose)) => Fit::No,
        Ok((_, Halt::Short)) => Fit::Short,
    }
}

/// Of a response without its request nothing is known but its length and its number. Whatever the body is, it begins
/// with a small number: an error, a time to wait, a count, no tagged fields.
fn response(bytes: &[u8]) -> Detection {
    if bytes.first().is_some_and(|first| *first != 0) {
        return Detection::No;
    }
    let front = match frame::response(bytes) {
        Err(_) => return Detection::No,
        Ok(None) => return Detection::NeedMore,
        Ok(Some(front)) => front,
    };
    if front.total > MAX_FIRST_RESPONSE || front.total < 10 || front.id < 0 {
        return Detection::No;
    }
    let Response { total, body_at, .. } = front;
    let body = usize::try_from(body_at).ok().and_then(|at| bytes.get(at..));
    match body {
        Some([0, ..] | [0xff, 0xff, ..]) => {}
        Some([] | [0xff]) | None => return Detection::NeedMore,
        Some(_) => return Detection::No,
    }
    let next = usize::try_from(total).ok().and_then(|total| bytes.get(total..));
    match next {
        // The next message does not begin like this.
        Some([first, ..]) if *first != 0 => Detection::No,
        _ => Detection::Maybe,
    }
}

/// Where the next request could start.
pub(super) fn find_request(bytes: &[u8], client: &[u8]) -> Option<usize> {
    let places = memchr::memchr_iter(0, bytes);
    // A length of 16 MiB and more does not begin with a zero: such a request is found only where the bytes begin.
    std::iter::once(0).chain(places).find(|place| {
        let rest = bytes.get(*place..).unwrap_or_default();
        match request(rest, client) {
            Detection::Yes => true,
            // The end of the bytes may hide the rest of a long name; shorter heads are kept and shown again.
            Detection::NeedMore => {
                let hidden = matches!(frame::request(rest), Ok(None));
                rest.len() >= RESYNC_OVERLAP && (hidden || *place == 0)
            }
            Detection::No | Detection::Maybe => false,
        }
    })
}

/// Where the next response that is waited for could start.
/// `idle`: none is waited for.
pub(super) fn find_response(
    bytes: &[u8],
    idle: bool,
    awaited: impl Fn(i32) -> Option<(&'static Api, i16)>,
) -> Option<usize> {
    let places = memchr::memchr_iter(0, bytes);
    std::iter::once(0).chain(places).find(|place| {
        let rest = bytes.get(*place..).unwrap_or_default();
        let Ok(Some(front)) = frame::response(rest) else {
            return false;
        };
        if front.total < 10 || u64::from(frame::MAX_MESSAGE) < front.total {
            return false;
        }
        match awaited(front.id) {
            Some((api, version)) => {
                let flexible = api.is_flexible(version);
                let tags = flexible && api.key != super::key::API_VERSIONS;
                let mut walk = Walk::default();
                walk.start(api.response, version, flexible, tags, front.total - front.body_at);
                !matches!(try_walk(&mut walk, rest, front.body_at, front.total), Fit::No)
            }
            // Met in its middle: a response may come whose request was not seen, and events seldom start inside of one.
            None => idle && *place == 0 && response(rest) == Detection::Maybe,
        }
    })
}
