//! What the name of a header field means to us. Found out once, when a name is read, and kept in the table beside it.

/// A name, as far as we care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Label {
    Authority,
    Method,
    Path,
    Scheme,
    Status,
    /// `:protocol` (extended CONNECT).
    Protocol,
    /// A pseudo-header field of another name.
    OtherPseudo,
    Host,
    ContentType,
    UserAgent,
    TraceParent,
    TraceState,
    GrpcStatus,
    GrpcTimeout,
    /// `grpc-encoding` and its like: only gRPC peers send them.
    OtherGrpc,
    Other,
    /// The name entered the table before we looked.
    Unknown,
}

impl Label {
    /// Of a name as it is on the wire.
    pub(in super::super) const fn of(name: &[u8]) -> Self {
        match name {
            b":authority" => Self::Authority,
            b":method" => Self::Method,
            b":path" => Self::Path,
            b":scheme" => Self::Scheme,
            b":status" => Self::Status,
            b":protocol" => Self::Protocol,
            b"host" => Self::Host,
            b"content-type" => Self::ContentType,
            b"user-agent" => Self::UserAgent,
            b"traceparent" => Self::TraceParent,
            b"tracestate" => Self::TraceState,
            b"grpc-status" => Self::GrpcStatus,
            b"grpc-timeout" => Self::GrpcTimeout,
            [b':', ..] => Self::OtherPseudo,
            [b'g', b'r', b'p', b'c', b'-', ..] => Self::OtherGrpc,
            _ => Self::Other,
        }
    }
}

impl Label {
    /// Of the field with this index; those of the dynamic table are unknown here.
    pub(in super::super) fn of_static(index: usize) -> Self {
        let label = index
            .checked_sub(1)
            .and_then(|from_one| super::static_table::LABELS.get(from_one));
        label.copied().unwrap_or(Self::Unknown)
    }
}
