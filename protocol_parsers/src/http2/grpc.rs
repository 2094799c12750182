//! gRPC over HTTP/2: what its header fields say, and how many messages a body carries. Stateless but for [`Messages`].
//! Never looks inside of a message; of a gRPC-Web trailer only the status is read.
//!
//! Conventions: OpenTelemetry 1.44.0 (`rpc.method` is fully qualified there; `rpc.service` is kept beside it for those
//! who group by service).

use crate::parser::ParseError;

/// What a stream carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// Fields that would tell were not known.
    #[default]
    Unknown,
    /// Plain HTTP.
    Http,
    /// gRPC.
    Grpc,
    /// gRPC-Web: trailers stand at the end of the body.
    Web,
    /// gRPC-Web in base64: its messages are not counted.
    WebText,
}

impl Content {
    /// From a `content-type`.
    pub(super) fn of(content_type: &[u8]) -> Self {
        let Some(rest) = strip_prefix_ignoring_case(content_type, b"application/grpc") else {
            return Self::Http;
        };
        if let Some(web) = strip_prefix_ignoring_case(rest, b"-web") {
            return match strip_prefix_ignoring_case(web, b"-text") {
                Some(rest) if ends_type(rest) => Self::WebText,
                None if ends_type(web) => Self::Web,
                _ => Self::Http,
            };
        }
        if ends_type(rest) {
            Self::Grpc
        } else {
            Self::Http
        }
    }

    pub(super) fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Web | Self::WebText)
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (front, rest) = text.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn ends_type(rest: &[u8]) -> bool {
    matches!(rest, [] | [b'+' | b';' | b' ', ..])
}

/// The service and the full name of the method in `/package.Service/Method`. `None`: no gRPC library makes such a path,
/// so it is a stranger's.
pub(super) fn method(path: &[u8]) -> Option<(&[u8], &[u8])> {
    /// Longer names are nobody's.
    const MAX_METHOD: usize = 512;
    let name = path.strip_prefix(b"/").filter(|name| name.len() <= MAX_METHOD)?;
    let slash = name.iter().rposition(|byte| *byte == b'/')?;
    let (service, method) = (name.get(..slash)?, name.get(slash + 1..)?);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-$/~".contains(byte);
    let plausible = !service.is_empty() && !method.is_empty() && name.iter().all(is_name);
    plausible.then_some((service, name))
}

/// `grpc-timeout` in milliseconds, rounded up: libraries send what is left of a deadline in the finest unit that fits.
pub(super) fn timeout_ms(value: &[u8]) -> Option<i64> {
    const MAX_DIGITS: usize = 8;
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    let number = digits.iter().try_fold(0_i64, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })?;
    Some(match unit {
        b'H' => number * 3_600_000,
        b'M' => number * 60_000,
        b'S' => number * 1000,
        b'm' => number,
        b'u' => (number + 999) / 1000,
        b'n' => (number + 999_999) / 1_000_000,
        _ => return None,
    })
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16);

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Status {
    const CANCELLED: Self = Self(1);
    const UNKNOWN: Self = Self(2);
    const PERMISSION_DENIED: Self = Self(7);
    const RESOURCE_EXHAUSTED: Self = Self(8);
    const UNIMPLEMENTED: Self = Self(12);
    const INTERNAL: Self = Self(13);
    const UNAVAILABLE: Self = Self(14);
    const UNAUTHENTICATED: Self = Self(16);

    /// From `grpc-status`.
    pub(super) fn parse(digits: &[u8]) -> Option<Self> {
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        let add = |number: u16, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0'));
        digits.iter().try_fold(0, add).map(Self)
    }

    /// `None` for a number that nobody has given a name.
    pub(super) fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }

    pub(super) fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// Whether it is the server's fault, as the conventions have it. Numbers without a name count as UNKNOWN.
    pub(super) fn is_servers_failure(self) -> bool {
        matches!(self.0, 2 | 4 | 12 | 13 | 14 | 15) || self.name().is_none()
    }

    /// What a client makes of an HTTP response that is none of gRPC's.
    pub(super) fn of_http(code: u16) -> Self {
        match code {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502 | 503 | 504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }

    /// What a client makes of a stream that was reset.
    pub(super) fn of_reset(code: u32) -> Self {
        match code {
            0x7 => Self::UNAVAILABLE,
            0x8 => Self::CANCELLED,
            0xb => Self::RESOURCE_EXHAUSTED,
            0xc => Self::PERMISSION_DENIED,
            _ => Self::INTERNAL,
        }
    }
}

/// A message's flags and length.
const PREFIX: usize = 5;
/// The longest gRPC-Web trailer read; longer ones are passed over.
const MAX_WEB_TRAILER: usize = 8 * 1024;
/// Marks the trailers of gRPC-Web among the messages.
const WEB_TRAILER: u8 = 0x80;

/// Counts the messages of one side of a stream, whatever frames they are cut into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Messages {
    /// Messages begun.
    pub(super) count: u64,
    at: At,
    /// The status in a gRPC-Web trailer.
    pub(super) web_status: Option<Status>,
}

/// Where in the sequence of messages the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// So many bytes into a prefix.
    Prefix([u8; PREFIX], usize),
    /// Before so many bytes of a message.
    Message(u64),
}

impl Default for At {
    fn default() -> Self {
        Self::Prefix([0; PREFIX], 0)
    }
}

const NO_MESSAGE: ParseError = ParseError::Malformed("gRPC message flags");

impl Messages {
    /// Goes on in a frame that has `length` bytes of data left, of which the first are `bytes`: over the rest of a
    /// message, or over a prefix and as much of its message as is in the frame. Answers how far and what is known then;
    /// `None`: bytes are missing. What it answers does not depend on how many bytes are at hand.
    pub(super) fn advance(&self, bytes: &[u8], length: u64) -> Result<Option<(u64, Self)>, ParseError> {
        let (mut prefix, had) = match self.at {
            At::Message(left) if left > 0 => {
                let here = left.min(length);
                let at = if here == left {
                    At::default()
                } else {
                    At::Message(left - here)
                };
                return Ok(Some((here, Self { at, ..*self })));
            }
            At::Message(_) => ([0; PREFIX], 0),
            At::Prefix(prefix, had) => (prefix, had),
        };
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(PREFIX - had);
        let Some(front) = bytes.get(..wanted) else {
            return Ok(None);
        };
        for (slot, byte) in prefix.iter_mut().skip(had).zip(front) {
            *slot = *byte;
        }
        if had + wanted < PREFIX {
            return Ok(Some((
                length,
                Self {
                    at: At::Prefix(prefix, had + wanted),
                    ..*self
                },
            )));
        }
        let [flags, size @ ..] = prefix;
        let size = u64::from(u32::from_be_bytes(size));
        let mut next = *self;
        if flags & WEB_TRAILER != 0 {
            match web_trailer(bytes.get(wanted..).unwrap_or_default(), size, length - wanted as u64) {
                Trailer::NeedMore => return Ok(None),
                Trailer::Status(status) => next.web_status = status,
            }
        } else if flags > 1 {
            return Err(NO_MESSAGE);
        } else {
            next.count = self.count.saturating_add(1);
        }
        let here = size.min(length - wanted as u64);
        next.at = if here == size {
            At::default()
        } else {
            At::Message(size - here)
        };
        Ok(Some((wanted as u64 + here, next)))
    }
}

enum Trailer {
    NeedMore,
    Status(Option<Status>),
}

/// Looks for the status in a gRPC-Web trailer of this size, of which the frame holds `here` bytes.
fn web_trailer(bytes: &[u8], size: u64, here: u64) -> Trailer {
    let size = match usize::try_from(size) {
        Ok(size) if size <= MAX_WEB_TRAILER && size as u64 <= here => size,
        _ => return Trailer::Status(None),
    };
    let Some(lines) = bytes.get(..size) else {
        return Trailer::NeedMore;
    };
    let status = lines.split(|byte| *byte == b'\n').find_map(|line| {
        let value = strip_prefix_ignoring_case(line, b"grpc-status:")?;
        Status::parse(value.trim_ascii())
    });
    Trailer::Status(status)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn content_types_of_grpc_are_told_from_those_that_only_look_like_it() {
        for (text, content) in [
            ("application/grpc", Content::Grpc),
            ("application/grpc+proto", Content::Grpc),
            ("Application/gRPC;charset=x", Content::Grpc),
            ("application/grpc-web", Content::Web),
            ("application/grpc-web+proto", Content::Web),
            ("application/grpc-web-text+proto", Content::WebText),
            ("application/grpc-webby", Content::Http),
            ("application/grpcish", Content::Http),
            ("text/html", Content::Http),
        ] {
            assert_eq!(Content::of(text.as_bytes()), content, "{text}");
        }
    }

    #[test]
    fn a_path_is_a_method_only_if_it_looks_like_one() {
        assert_eq!(
            method(b"/shop.v1.Cart/Add"),
            Some((&b"shop.v1.Cart"[..], &b"shop.v1.Cart/Add"[..]))
        );
        assert_eq!(method(b"/a/b/C"), Some((&b"a/b"[..], &b"a/b/C"[..])));
        for path in ["", "/", "/x", "x/y", "//y", "/x/", "/x/y?z", "/x/<script>"] {
            assert_eq!(method(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn timeouts_are_milliseconds_rounded_up() {
        for (text, expected) in [
            ("1H", Some(3_600_000)),
            ("2M", Some(120_000)),
            ("5S", Some(5000)),
            ("250m", Some(250)),
            ("999859u", Some(1000)),
            ("1n", Some(1)),
            ("99999999H", Some(359_999_996_400_000)),
            ("123456789m", None),
            ("m", None),
            ("5", None),
            ("-5m", None),
            ("", None),
        ] {
            assert_eq!(timeout_ms(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn statuses_have_their_names_and_their_blame() {
        assert_eq!(Status::parse(b"0").and_then(Status::name), Some("OK"));
        assert_eq!(Status::parse(b"16").and_then(Status::name), Some("UNAUTHENTICATED"));
        assert_eq!(Status::parse(b"17"), Some(Status(17)));
        assert_eq!(Status(17).name(), None);
        assert_eq!(Status::parse(b"-1"), None);
        assert_eq!(Status::parse(b""), None);
        let blamed: Vec<u16> = (0..17).filter(|code| Status(*code).is_servers_failure()).collect();
        assert_eq!(blamed, [2, 4, 12, 13, 14, 15]);
    }

    /// Counts in frames of these sizes, each frame at hand in whole.
    fn counted(body: &[u8], frame: usize) -> Messages {
        let mut messages = Messages::default();
        for data in body.chunks(frame) {
            let mut rest = data;
            while !rest.is_empty() {
                let (here, next) = messages.advance(rest, rest.len() as u64).unwrap().unwrap();
                rest = &rest[usize::try_from(here).unwrap()..];
                messages = next;
            }
        }
        messages
    }

    #[test]
    fn messages_are_counted_however_frames_cut_them() {
        let body = [
            &b"\0\0\0\0\x03abc"[..],
            b"\0\0\0\0\0",
            b"\x01\0\0\x01\0",
            &[7; 256],
            b"\0\0\0\0\x01x",
        ]
        .concat();
        for frame in 1..=body.len() {
            assert_eq!(
                counted(&body, frame),
                Messages {
                    count: 4,
                    ..Messages::default()
                },
                "frames of {frame}"
            );
        }
    }

    #[test]
    fn what_is_no_message_is_refused_and_what_is_missing_is_waited_for() {
        assert_eq!(Messages::default().advance(b"{\"a\":1}", 7), Err(NO_MESSAGE));
        assert_eq!(Messages::default().advance(b"\0\0\0\0", 9), Ok(None));
        let (here, _) = Messages::default().advance(b"\0\0\0\0\x04", 9).unwrap().unwrap();
        assert_eq!(here, 9, "the message itself need not be at hand");
    }

    #[test]
    fn a_web_trailer_gives_the_status_and_is_no_message() {
        let body = b"\0\0\0\0\x01x\x80\0\0\0\x21grpc-status:5\r\ngrpc-message: no\r\n";
        let messages = counted(body, body.len());
        assert_eq!((messages.count, messages.web_status), (1, Some(Status(5))));
        assert_eq!(
            Messages::default().advance(&body[6..20], body.len() as u64 - 6),
            Ok(None)
        );
        assert_eq!(counted(body, 20).web_status, None, "cut into two frames: not read");
    }
}
