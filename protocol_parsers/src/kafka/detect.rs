//! Is it Kafka? And, after lost bytes: where does it go on?

use super::facts::key;
use super::frame::{self, Request, Response};
use super::gathered::{Gathered, Gatherer};
use super::layout::Api;
use super::topics::Names;
use super::walk::{Halt, Supply, Walk};
use crate::parser::{Detection, Direction, RESYNC_OVERLAP};

/// Bytes of a body by which it must show: a response that is read as a request fails within a few fields.
const BODY_SHOWN: usize = 256;

/// Length, number and an error.
const SHORTEST_RESPONSE: u64 = 10;

/// Bytes by which a response shows that is not all there, and of records, for others seldom are so large. One that the
/// bytes begin with shows by that: what was lost ended with an event.
const ENOUGH_OF_RESPONSE: usize = 64;

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
    let is_seen = bytes.len() as u64 >= total.min(body_at + BODY_SHOWN as u64);
    let is_named = !head.client.is_empty() && (client.is_empty() || head.client == client);
    match try_walk(&mut walk, bytes, body_at, total) {
        Fit::No => Detection::No,
        _ if !is_seen => Detection::NeedMore,
        // A name and a body that fits, or four numbers in a row that could be these and a body as long as it says.
        Fit::Exact => Detection::Yes,
        _ if is_named => Detection::Yes,
        Fit::Open | Fit::Short => Detection::Maybe,
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
    let body = body.get(..BODY_SHOWN).unwrap_or(body);
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
        Ok((_, Halt::Exact)) => Fit::Exact,
        _ if !gathered.is_plausible() => Fit::No,
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
    if front.total > MAX_FIRST_RESPONSE || front.total < SHORTEST_RESPONSE || front.id < 0 {
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
            Detection::NeedMore => match frame::request(rest) {
                // Who speaks is known; or nothing else could begin here, if anything does.
                Ok(Some(front)) => *place == 0 || (!client.is_empty() && front.head.client == client),
                // The end of the bytes hides the rest of a long name; shorter heads are kept and shown again.
                Ok(None) => rest.len() >= RESYNC_OVERLAP,
                Err(_) => false,
            },
            Detection::No | Detection::Maybe => false,
        }
    })
}

/// Where the next response that is waited for could start. `idle`: none is waited for.
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
        match awaited(front.id) {
            Some((api, version)) if front.total >= SHORTEST_RESPONSE => {
                let is_large = matches!(api.key, key::FETCH | key::SHARE_FETCH) && rest.len() >= ENOUGH_OF_RESPONSE;
                let enough = *place == 0 || is_large;
                is_response(rest, &front, api, version, |id| awaited(id).is_some()).unwrap_or(enough)
            }
            // A response whose request was not seen, if nothing else can come, or if it ends where the bytes do.
            _ => *place == 0 && (idle || front.total == rest.len() as u64) && response(rest) == Detection::Maybe,
        }
    })
}

/// Whether a number that is waited for and what follows it are a response, and not a part of one; `None`: so far.
fn is_response(rest: &[u8], front: &Response, api: &Api, version: i16, awaited: impl Fn(i32) -> bool) -> Option<bool> {
    let flexible = api.is_flexible(version);
    let tags = flexible && api.key != key::API_VERSIONS;
    let mut walk = Walk::default();
    walk.start(api.response, version, flexible, tags, front.total - front.body_at);
    let fit = try_walk(&mut walk, rest, front.body_at, front.total);
    let next = usize::try_from(front.total).ok().and_then(|total| rest.get(total..));
    match (fit, next) {
        (Fit::No, _) => Some(false),
        (Fit::Exact, Some(_)) => Some(true),
        // Its layout is not known to the end, but where it ends nothing follows, or the next response.
        (_, Some(next)) => Some(match frame::response(next) {
            Ok(Some(front)) => awaited(front.id),
            Ok(None) => matches!(next, [] | [0, ..]),
            Err(_) => false,
        }),
        (_, None) => None,
    }
}
