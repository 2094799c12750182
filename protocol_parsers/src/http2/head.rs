//! The few fields of a header block that pairing and the span need. All others are passed over unread; what is kept is
//! text of its own, since the table that it came from changes.

use super::grpc::{Content, Status};
use super::hpack::{Coded, Decoder, Field, Label};
use crate::http1::facts::text;
use crate::message::Text;
use crate::parser::ParseError;
use crate::trace_context::{TraceContext, MAX_TRACE_STATE};

/// What a block says.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) method: Option<Text>,
    pub(super) path: Option<Text>,
    pub(super) scheme: Option<Text>,
    pub(super) authority: Option<Text>,
    pub(super) host: Option<Text>,
    /// `:protocol` of an extended CONNECT.
    pub(super) protocol: Option<Text>,
    pub(super) user_agent: Option<Text>,
    pub(super) status: Option<u16>,
    content_type: Option<Content>,
    /// There is a field that only gRPC peers send.
    speaks_grpc: bool,
    pub(super) grpc_status: Option<Status>,
    pub(super) grpc_timeout_ms: Option<i64>,
    trace_parent: TraceParent,
    trace_state: TraceState,
    /// There is a field whose name says that this begins a message.
    pub(super) has_pseudo: bool,
    /// There are fields that entered the table before we looked.
    pub(super) has_unknown: bool,
}

/// Two parents contradict each other: then there is none.
#[derive(Debug, Default)]
enum TraceParent {
    #[default]
    Absent,
    Once(Option<TraceContext>),
    Repeated,
}

/// `tracestate`, joined if it is spread over some fields.
#[derive(Debug, Default)]
enum TraceState {
    #[default]
    Absent,
    Known(Text),
    TooLong,
}

impl Head {
    /// Reads a block; the table of its direction goes on.
    pub(super) fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Self, ParseError> {
        let mut head = Self::default();
        let mut scratch = Vec::new();
        let mut outcome = Ok(());
        decoder.decode(block, |field| {
            if let (true, Err(error)) = (outcome.is_ok(), head.take(&field, &mut scratch)) {
                outcome = Err(error);
            }
        })?;
        outcome.map(|()| head)
    }

    fn take(&mut self, field: &Field, scratch: &mut Vec<u8>) -> Result<(), ParseError> {
        use Label::{Authority, Host, Method, OtherGrpc, OtherPseudo, Path, Protocol, Scheme, UserAgent};
        use Label::{ContentType, GrpcStatus, GrpcTimeout, Other, Status as Code, TraceParent, TraceState, Unknown};
        self.has_pseudo |= matches!(
            field.label,
            Authority | Method | Path | Scheme | Code | Protocol | OtherPseudo
        );
        self.speaks_grpc |= matches!(field.label, GrpcStatus | GrpcTimeout | OtherGrpc);
        if matches!(field.label, Other | OtherPseudo | OtherGrpc) {
            return Ok(());
        }
        let (false, Some(value)) = (field.label == Unknown, field.value) else {
            self.has_unknown = true;
            return Ok(());
        };
        let value = match value {
            Coded::Plain(value) => value,
            Coded::Huffman(_) => {
                scratch.clear();
                value.append_to(scratch)?;
                scratch.as_slice()
            }
        };
        match field.label {
            Method => self.method = Some(text(value)),
            Path => self.path = Some(text(value)),
            Scheme => self.scheme = Some(text(value)),
            Authority => self.authority = Some(text(value)),
            Host => self.host = Some(text(value)),
            Protocol => self.protocol = Some(text(value)),
            UserAgent => self.user_agent = Some(text(value)),
            Code => self.status = status_code(value),
            ContentType => self.content_type = Some(Content::of(value)),
            GrpcStatus => self.grpc_status = Status::parse(value.trim_ascii()),
            GrpcTimeout => self.grpc_timeout_ms = super::grpc::timeout_ms(value),
            TraceParent => self.trace_parent.another(value),
            TraceState => self.trace_state.another(value),
            Other | OtherPseudo | OtherGrpc | Unknown => {}
        }
        Ok(())
    }

    /// What the message carries.
    pub(super) fn content(&self) -> Content {
        match self.content_type {
            Some(content) => content,
            None if self.speaks_grpc => Content::Grpc,
            None if self.has_unknown => Content::Unknown,
            None => Content::Http,
        }
    }

    /// An answer that is not the last one.
    pub(super) fn is_interim(&self) -> bool {
        self.status.is_some_and(|code| code < 200)
    }

    /// The parent on the wire.
    pub(super) fn trace_context(&mut self) -> Option<TraceContext> {
        let TraceParent::Once(context) = &mut self.trace_parent else {
            return None;
        };
        let mut context = context.take()?;
        if let TraceState::Known(state) = &mut self.trace_state {
            context.state = Some(std::mem::take(state));
        }
        Some(context)
    }
}

impl TraceParent {
    fn another(&mut self, value: &[u8]) {
        *self = match self {
            Self::Absent => Self::Once(TraceContext::parse(value)),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }
}

impl TraceState {
    fn another(&mut self, value: &[u8]) {
        let Ok(value) = std::str::from_utf8(value.trim_ascii()) else {
            return;
        };
        if value.is_empty() {
            return;
        }
        match self {
            Self::Absent if value.len() <= MAX_TRACE_STATE => *self = Self::Known(Text::new(value)),
            Self::Known(state) if state.len() + 1 + value.len() <= MAX_TRACE_STATE => {
                state.push(',');
                state.push_str(value);
            }
            _ => *self = Self::TooLong,
        }
    }
}

/// Three digits.
fn status_code(digits: &[u8]) -> Option<u16> {
    let [hundreds @ b'1'..=b'9', tens, ones] = digits else {
        return None;
    };
    [hundreds, tens, ones].into_iter().try_fold(0, |code, digit| {
        digit.is_ascii_digit().then(|| code * 10 + u16::from(digit - b'0'))
    })
}
