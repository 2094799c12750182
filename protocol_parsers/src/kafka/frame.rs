//! How messages begin: their length, and the heads of requests and responses.

use super::layout::{Api, Field, Kind};
use super::layouts::APIS;
use super::reading::window;
use super::walk::{Supply, MAX_TEXT};
use crate::parser::ParseError;

/// Requests and responses longer than this are not believed. Brokers take 100 MiB and answer with 50 MiB unless they are
/// told otherwise.
pub(super) const MAX_MESSAGE: u32 = 1 << 30;

/// SASL's own messages. Brokers take 512 KiB.
const MAX_TOKEN: u32 = 1 << 20;

/// Versions that are newer than the table and still believed.
const MAX_NEWER: i16 = 4;

/// Length, key, version, correlation id.
const SHORT_HEAD: usize = 12;

/// The same and a client's name of the length that is handed out.
pub(super) const LONGEST_HEAD: u64 = SHORT_HEAD as u64 + 2 + MAX_TEXT as u64;

/// ControlledShutdown 0 is the only request whose head does not name the client.
const CONTROLLED_SHUTDOWN: i16 = 7;

/// The head of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub api: &'static Api,
    pub version: i16,
    pub id: i32,
    /// The first bytes of its name; none if it has none.
    pub client: &'a [u8],
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub head: Head<'a>,
    /// All its bytes, with the length in front.
    pub total: u64,
    /// Where the body begins, or the tagged fields of the head.
    pub body_at: u64,
}

/// A response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response {
    pub id: i32,
    /// See [`Request`].
    pub total: u64,
    /// See [`Request`].
    pub body_at: u64,
}

fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}

/// The length, with the four bytes that tell it.
fn total(bytes: &[u8], least: u32, most: u32) -> Result<Option<u64>, ParseError> {
    let Some(size) = at(bytes, 0).map(u32::from_be_bytes) else {
        return Ok(None);
    };
    if size < least {
        return Err(ParseError::Malformed("kafka: a message shorter than its head"));
    }
    if size > most {
        return Err(ParseError::TooLong("kafka: a message's length"));
    }
    Ok(Some(u64::from(size) + 4))
}

/// A message of SASL's, which has only a length in front.
pub(super) fn token(bytes: &[u8]) -> Result<Option<u64>, ParseError> {
    total(bytes, 0, MAX_TOKEN)
}

/// `None`: more bytes are needed.
pub(super) fn request(bytes: &[u8]) -> Result<Option<Request<'_>>, ParseError> {
    let Some(total) = total(bytes, 8, MAX_MESSAGE)? else {
        return Ok(None);
    };
    let Some(key) = at(bytes, 4).map(i16::from_be_bytes) else {
        return Ok(None);
    };
    let api = usize::try_from(key).ok().and_then(|key| APIS.get(key));
    let api = api.ok_or(ParseError::Malformed("kafka: no such request"))?;
    let Some(version) = at(bytes, 6).map(i16::from_be_bytes) else {
        return Ok(None);
    };
    if !(0..=api.newest + MAX_NEWER).contains(&version) {
        return Err(ParseError::Malformed("kafka: no such version"));
    }
    let Some(id) = at(bytes, 8).map(i32::from_be_bytes) else {
        return Ok(None);
    };
    let mut head = Head {
        api,
        version,
        id,
        client: &[],
    };
    if (key, version) == (CONTROLLED_SHUTDOWN, 0) {
        let body_at = SHORT_HEAD as u64;
        return Ok(Some(Request { head, total, body_at }));
    }
    if total < SHORT_HEAD as u64 + 2 {
        return Err(ParseError::Malformed("kafka: a message shorter than its head"));
    }
    let Some(size) = at(bytes, SHORT_HEAD).map(i16::from_be_bytes) else {
        return Ok(None);
    };
    let body_at = SHORT_HEAD as u64 + 2 + u64::try_from(size).unwrap_or(0);
    if size < -1 || body_at > total {
        return Err(ParseError::Malformed("kafka: a client's name longer than its message"));
    }
    let size = usize::try_from(size).unwrap_or(0).min(MAX_TEXT);
    let Some(client) = bytes.get(SHORT_HEAD + 2..SHORT_HEAD + 2 + size) else {
        return Ok(None);
    };
    head.client = client;
    Ok(Some(Request { head, total, body_at }))
}

/// `None`: more bytes are needed.
pub(super) fn response(bytes: &[u8]) -> Result<Option<Response>, ParseError> {
    let Some(total) = total(bytes, 4, MAX_MESSAGE)? else {
        return Ok(None);
    };
    let Some(id) = at(bytes, 4).map(i32::from_be_bytes) else {
        return Ok(None);
    };
    let body_at = 8;
    Ok(Some(Response { id, total, body_at }))
}

impl Request<'_> {
    /// See [`body`].
    pub(super) fn body<'a>(&self, bytes: &'a [u8], layout: &[Field], supply: Supply) -> Option<&'a [u8]> {
        body(bytes, self.body_at, self.total, layout, supply)
    }
}

impl Response {
    /// See [`body`].
    pub(super) fn body<'a>(&self, bytes: &'a [u8], layout: &[Field], supply: Supply) -> Option<&'a [u8]> {
        body(bytes, self.body_at, self.total, layout, supply)
    }
}

/// The first bytes of a body of which something is read; `None`: they are not all there.
fn body<'a>(bytes: &'a [u8], at: u64, total: u64, layout: &[Field], supply: Supply) -> Option<&'a [u8]> {
    let nothing = matches!(layout, [Field { kind: Kind::Rest, .. }]);
    let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
    match rest {
        _ if nothing => Some(&[]),
        None if supply == Supply::Ends => Some(&[]),
        None => None,
        Some(rest) => window(rest, total - at, supply),
    }
}
