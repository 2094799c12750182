//! Recognising HTTP/2 at its preface, and anywhere else by a row of frames that hang together.
//!
//! A connection met in its middle, or after lost bytes, has no mark to go by. So frames are weighed: each that keeps all
//! rules of its kind counts the more the less likely other bytes keep them, and one that breaks a rule decides against
//! the place. Nothing is believed below [`PROOF`]. The rules are stricter than those for reading.

use memchr::memchr_iter;

use super::frame::{self, Head, Kind, HEAD, PREFACE};
use super::hpack::{take, Coded, Label, Name, Representation};
use super::starts_alike;
use crate::parser::{Detection, Direction, ParseError};

/// What a row of frames must weigh to be proof.
const PROOF: u32 = 4;
/// What it must weigh to be possible.
const HINT: u32 = 2;
/// Frames looked at from one place.
const MAX_FRAMES: usize = 16;
/// Frames are no longer than this unless a receiver asks for more, and few do.
const MAX_LENGTH: u32 = 16 * 1024;
/// No error code is higher.
const MAX_ERROR: u32 = 0xd;
/// As many entries as a table of 64 KiB can hold, and the static ones.
const MAX_INDEX: usize = 61 + 2048;
/// No table is larger.
const MAX_TABLE: usize = 1 << 24;

/// Are these bytes of HTTP/2, at a place where a frame starts?
pub(super) fn detect(direction: Direction, bytes: &[u8]) -> Detection {
    if direction == Direction::ToServer && starts_alike(bytes, PREFACE) {
        return if bytes.len() < PREFACE.len() {
            Detection::NeedMore
        } else {
            Detection::Yes
        };
    }
    match weigh(direction, bytes, |_| false) {
        None => Detection::No,
        Some(PROOF..) => Detection::Yes,
        Some(HINT..) => Detection::Maybe,
        Some(_) => Detection::NeedMore,
    }
}

/// Where the next frame starts. `is_open` tells streams that are known to be in use: a frame of one is good evidence.
pub(super) fn find(direction: Direction, bytes: &[u8], is_open: impl Fn(u32) -> bool) -> Option<usize> {
    let preface = (direction == Direction::ToServer)
        .then(|| memchr::memmem::find(bytes, PREFACE))
        .flatten();
    let searched = bytes.get(..preface.unwrap_or(bytes.len())).unwrap_or(bytes);
    // The length's first byte is 0.
    memchr_iter(0, searched)
        .find(|at| {
            let rest = bytes.get(*at..).unwrap_or_default();
            weigh(direction, rest, &is_open).is_some_and(|weight| weight >= PROOF)
        })
        .or(preface)
}

/// The weight of the frames at the front; `None`: something there is no frame.
fn weigh(direction: Direction, bytes: &[u8], is_open: impl Fn(u32) -> bool) -> Option<u32> {
    let mut weight = 0;
    let mut at = 0;
    let mut block_of = None;
    for _ in 0..MAX_FRAMES {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(head) = plausible_head(rest).ok()? else { break };
        let continues = (head.kind == Kind::Continuation).then_some(head.stream);
        if continues != block_of {
            return None;
        }
        let total = usize::try_from(head.total()).ok()?;
        weight += match rest.get(..total) {
            Some(frame) => weight_of(direction, &head, frame)?,
            None => 0,
        };
        if head.stream != 0 && head.kind != Kind::Priority && is_open(head.stream) {
            weight += PROOF;
        }
        if weight >= PROOF {
            break;
        }
        block_of = match head.kind {
            Kind::Headers | Kind::PushPromise | Kind::Continuation if !head.ends_block() => Some(head.stream),
            _ => None,
        };
        at += total;
    }
    Some(weight)
}

/// The head at the front, if it could be one of a frame; `None`: it is not all there, and could be.
fn plausible_head(bytes: &[u8]) -> Result<Option<Head>, ParseError> {
    const IMPLAUSIBLE: ParseError = ParseError::Malformed("frame head");
    let fits = bytes.iter().take(HEAD).enumerate().all(|(at, byte)| match at {
        0 => *byte == 0,
        1 => *byte <= 0x40,
        3 => *byte <= 9,
        5 => *byte & 0x80 == 0,
        _ => true,
    });
    if !fits {
        return Err(IMPLAUSIBLE);
    }
    let Some(head) = Head::read(bytes)? else {
        return Ok(None);
    };
    let flags = match head.kind {
        Kind::Data => 0x09,
        Kind::Headers => 0x2d,
        Kind::Settings | Kind::Ping => 0x01,
        Kind::PushPromise => 0x0c,
        Kind::Continuation => 0x04,
        _ => 0x00,
    };
    // Streams of even number are pushed ones, which nearly nobody uses.
    let plausible = head.length <= MAX_LENGTH && head.flags & !flags == 0 && (head.stream == 0 || head.stream % 2 == 1);
    plausible.then_some(Some(head)).ok_or(IMPLAUSIBLE)
}

/// What a whole frame is worth; `None`: it breaks a rule.
fn weight_of(direction: Direction, head: &Head, frame: &[u8]) -> Option<u32> {
    let payload = frame.get(HEAD..)?;
    Some(match head.kind {
        Kind::Data => {
            frame::data(head, frame).ok()?;
            u32::from(head.length > 0 || head.ends_stream())
        }
        Kind::Headers if !head.ends_block() => 1,
        Kind::Headers | Kind::PushPromise => {
            let block = frame::block(head, frame).ok()??;
            let asks = head.kind == Kind::PushPromise;
            if asks && (direction == Direction::ToServer || block.promised? % 2 == 1) {
                return None;
            }
            let begins = begins_message(asks || direction == Direction::ToServer, &block.fields)?;
            match (begins, head.ends_stream()) {
                (true, _) => PROOF,
                (false, true) => 2,
                (false, false) => 1,
            }
        }
        Kind::Continuation | Kind::Priority => 1,
        Kind::RstStream => (number(payload)? <= MAX_ERROR).then_some(2)?,
        Kind::Settings => weight_of_settings(payload)?,
        Kind::Ping => 2,
        Kind::GoAway => (number(payload.get(4..)?)? <= MAX_ERROR).then_some(3)?,
        Kind::WindowUpdate => (1..1 << 31).contains(&number(payload)?).then_some(2)?,
        Kind::Other => return None,
    })
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|number| u32::from_be_bytes(*number))
}

fn weight_of_settings(payload: &[u8]) -> Option<u32> {
    let (settings, _) = payload.as_chunks::<6>();
    for [high, low, value @ ..] in settings {
        let value = u32::from_be_bytes(*value);
        let plausible = match u16::from_be_bytes([*high, *low]) {
            1 | 3 | 6 => true,
            2 | 8 | 9 => value <= 1,
            4 => value < 1 << 31,
            5 => (1 << 14..1 << 24).contains(&value),
            // Reserved for senders who want to see that unknown settings are ignored; and gRPC's own.
            id => id & 0x0f0f == 0x0a0a || id == 0xfe03,
        };
        if !plausible {
            return None;
        }
    }
    Some(match settings.len() {
        0 => 2,
        1 => 3,
        _ => 4,
    })
}

/// Whether a block of fields has those that begin a request (`asks`) or a response; `None`: it is no block.
fn begins_message(asks: bool, block: &[u8]) -> Option<bool> {
    let mut rest = block;
    let (mut begins, mut regular, mut resized, mut main) = (false, false, 0, 0);
    while !rest.is_empty() {
        let (name, value) = match take(&mut rest).ok()? {
            Representation::SizeUpdate(size) => {
                resized += 1;
                if begins || regular || resized > 2 || size > MAX_TABLE {
                    return None;
                }
                continue;
            }
            Representation::Indexed(index) => (Name::Index(index), None),
            Representation::Literal { name, value, .. } => (name, Some(value)),
        };
        let label = plausible_name(name)?;
        if let Some(value) = value {
            let text = plain(value)?;
            if text.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
                return None;
            }
        }
        let pseudo = match label {
            Label::Method | Label::Status => {
                main += 1;
                true
            }
            Label::Path | Label::Scheme | Label::Authority | Label::Protocol => true,
            Label::OtherPseudo => return None,
            _ => false,
        };
        if pseudo && (regular || main > 1 || asks == (label == Label::Status)) {
            return None;
        }
        begins |= pseudo;
        regular |= !pseudo && label != Label::Unknown;
    }
    (!block.is_empty()).then_some(begins)
}

fn plausible_name(name: Name) -> Option<Label> {
    match name {
        Name::Index(index) if (1..=MAX_INDEX).contains(&index) => Some(Label::of_static(index)),
        Name::Index(_) => None,
        Name::Text(name) => {
            let name = plain(name)?;
            let is_token = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
            (!name.is_empty() && name.iter().all(is_token)).then(|| Label::of(&name))
        }
    }
}

fn plain(text: Coded) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    text.append_to(&mut plain).ok()?;
    Some(plain)
}
