//! WebSocket after a 101: one exchange for the whole session. Frames are counted and passed over; nothing of what they
//! carry is kept but the status of the close frame. Frames to the client are parts of the response; frames to the server
//! are skipped, since their request has ended, and show in the counts of the next part.

use super::body::{widen, UNTIL_CLOSE};
use super::fields::MAX_BODY;
use crate::message::{Attribute, Facts, Message, Phase, Side, Value};
use crate::parser::{Direction, ParseError, Step};

/// RFC 6455, section 5.5: control frames carry no more.
const MAX_CONTROL_PAYLOAD: u64 = 125;
const OPCODE_CLOSE: u8 = 8;
/// The engine's word for an exchange that was not seen whole. It cannot know here: the request has long ended, and what
/// is lost behind it looks like another one.
const TRUNCATED: &str = "ebpf_otlp_tracer.capture.truncated";

/// One session.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Session {
    to_server: Traffic,
    to_client: Traffic,
    close_code: Option<u16>,
    ended: bool,
}

/// One direction of it.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Traffic {
    frames: u64,
    payload: u64,
    /// Bytes were lost: where the next frame starts is not to be known.
    lost: bool,
}

struct Frame {
    opcode: u8,
    header: u64,
    payload: u64,
    mask: Option<[u8; 4]>,
}

impl Session {
    /// Takes the frame at the front.
    pub(super) fn next(&mut self, direction: Direction, bytes: &[u8]) -> Result<Step, ParseError> {
        if self.ended {
            return Ok(Step::Opaque);
        }
        let traffic = match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        if traffic.lost {
            return Ok(Step::Skip(UNTIL_CLOSE));
        }
        let Some(frame) = frame(bytes)? else {
            return Ok(Step::NeedMore);
        };
        if frame.mask.is_some() != (direction == Direction::ToServer) {
            return Err(ParseError::Malformed("frame mask"));
        }
        let len = frame.header + frame.payload;
        if frame.opcode == OPCODE_CLOSE && frame.payload >= 2 {
            let Some(code) = close_code(&frame, bytes) else {
                return Ok(Step::NeedMore);
            };
            self.close_code = Some(code);
        }
        traffic.frames = traffic.frames.saturating_add(1);
        traffic.payload = traffic.payload.saturating_add(frame.payload);
        if direction == Direction::ToServer {
            return Ok(Step::Skip(len));
        }
        self.ended = frame.opcode == OPCODE_CLOSE;
        let phase = if self.ended { Phase::End } else { Phase::Part };
        Ok(Step::Message {
            len,
            message: Box::new(self.message(phase)),
        })
    }

    /// Bytes of this direction were lost.
    pub(super) fn gap(&mut self, direction: Direction) {
        match direction {
            Direction::ToServer => self.to_server.lost = true,
            Direction::ToClient => self.to_client.lost = true,
        }
    }

    /// The connection ended; the session with it, if no close frame came before.
    pub(super) fn end(&mut self) -> Option<Message> {
        if self.ended {
            return None;
        }
        self.ended = true;
        Some(self.message(Phase::End))
    }

    /// A part with the counts so far: an exchange that is cut short then still has them.
    fn message(&self, phase: Phase) -> Message {
        let mut facts = Facts::default();
        let mut count = |key, value| facts.int(key, i64::try_from(value).unwrap_or(i64::MAX));
        count("ebpf_otlp_tracer.websocket.frames_to_server", self.to_server.frames);
        count("ebpf_otlp_tracer.websocket.frames_to_client", self.to_client.frames);
        count("ebpf_otlp_tracer.websocket.bytes_to_server", self.to_server.payload);
        count("ebpf_otlp_tracer.websocket.bytes_to_client", self.to_client.payload);
        if let Some(code) = self.close_code {
            count("ebpf_otlp_tracer.websocket.close_code", code.into());
        }
        if self.to_server.lost || self.to_client.lost {
            facts.attributes.push(Attribute {
                key: TRUNCATED,
                value: Value::Bool(true),
            });
        }
        Message::new(Side::Response, phase, facts)
    }
}

/// Reads a frame's header (RFC 6455, section 5.2). `None`: it is not all there.
fn frame(bytes: &[u8]) -> Result<Option<Frame>, ParseError> {
    let [first, second, rest @ ..] = bytes else {
        return check_opcode(bytes).map(|()| None);
    };
    check_opcode(bytes)?;
    let short = second & 0x7f;
    let payload = match short {
        126 => rest.first_chunk().map(|length| u64::from(u16::from_be_bytes(*length))),
        127 => rest.first_chunk().map(|length| u64::from_be_bytes(*length)),
        _ => Some(u64::from(short)),
    };
    let opcode = first & 0x0f;
    if opcode >= OPCODE_CLOSE && u64::from(short) > MAX_CONTROL_PAYLOAD {
        return Err(ParseError::Malformed("control frame"));
    }
    let Some(payload) = payload else { return Ok(None) };
    if payload > MAX_BODY {
        return Err(ParseError::TooLong("MAX_BODY"));
    }
    let mask_at = match short {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    if second & 0x80 == 0 {
        return Ok(Some(Frame {
            opcode,
            header: widen(mask_at),
            payload,
            mask: None,
        }));
    }
    let mask = bytes.get(mask_at..).and_then(<[u8]>::first_chunk).copied();
    Ok(mask.map(|mask| Frame {
        opcode,
        header: widen(mask_at + mask.len()),
        payload,
        mask: Some(mask),
    }))
}

/// Refuses reserved opcodes and fragmented control frames: a place that is no frame is found out early.
fn check_opcode(bytes: &[u8]) -> Result<(), ParseError> {
    match bytes.first() {
        Some(first) if matches!(first & 0x0f, 3..=7 | 11..=15) => Err(ParseError::Malformed("frame opcode")),
        Some(first) if first & 0x88 == OPCODE_CLOSE => Err(ParseError::Malformed("control frame")),
        _ => Ok(()),
    }
}

/// The status in a close frame. `None`: it is not all there.
fn close_code(frame: &Frame, bytes: &[u8]) -> Option<u16> {
    let header = usize::try_from(frame.header).ok()?;
    let [high, low] = *bytes.get(header..)?.first_chunk()?;
    let [mask_high, mask_low, ..] = frame.mask.unwrap_or_default();
    Some(u16::from_be_bytes([high ^ mask_high, low ^ mask_low]))
}
