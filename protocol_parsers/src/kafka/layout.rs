//! How the body of a request or a response is described: fields in order, each with the versions that have it and what
//! it means to us. The table itself is in [`super::layouts`].

/// How a field is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// So many bytes.
    Fixed(u8),
    I8,
    I16,
    I32,
    I64,
    Uuid,
    /// Length and text; the length is two bytes, or a varint in flexible versions. May be null.
    String,
    /// Length and bytes; the length is four bytes, or a varint in flexible versions. May be null.
    Bytes,
    /// As bytes: batches of records.
    Batches,
    /// A count and so many structs. May be null.
    Array(&'static [Field]),
    /// A count and so many of this.
    List(&'static Kind),
    /// A struct, if the byte before it says that it is there.
    Optional(&'static [Field]),
    /// A struct.
    Struct(&'static [Field]),
    /// What follows means nothing, up to the end of the message.
    Rest,
}

/// What a field tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Nothing,
    /// An array of topics: one begins.
    Topics,
    Topic,
    TopicId,
    Partition,
    /// The topics of a request for metadata's answer: what exists, not what was asked for.
    ListedTopics,
    ListedTopic,
    ListedTopicId,
    /// What leaves a fetch session.
    ForgottenTopic,
    ForgottenPartition,
    Records,
    /// The first offset that a producer's records got, one that a consumer asks for or commits.
    Offset,
    Error,
    Throttle,
    Group,
    Transaction,
    Acks,
    /// How many fetches there were in a session before this one.
    SessionEpoch,
    /// Whose coordinator is looked for: a group's or a transaction's, as the type says.
    Key,
    KeyType,
    /// Whether a transaction is committed or aborted.
    Committed,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub kind: Kind,
    pub meaning: Meaning,
    pub first: i16,
    pub last: i16,
}

/// In all versions.
pub(super) const fn always(kind: Kind, meaning: Meaning) -> Field {
    between(0, i16::MAX, kind, meaning)
}

/// From this version on.
pub(super) const fn since(first: i16, kind: Kind, meaning: Meaning) -> Field {
    between(first, i16::MAX, kind, meaning)
}

/// In these versions.
pub(super) const fn between(first: i16, last: i16, kind: Kind, meaning: Meaning) -> Field {
    Field {
        kind,
        meaning,
        first,
        last,
    }
}

/// The end of what a layout describes.
pub(super) const REST: Field = always(Kind::Rest, Meaning::Nothing);

/// Nothing of a body is of interest.
pub(super) const NOTHING: &[Field] = &[REST];

/// No version is flexible.
pub(super) const NEVER: i16 = i16::MAX;

/// A request and its response.
#[derive(Debug)]
pub(super) struct Api {
    pub key: i16,
    pub name: &'static str,
    /// The newest version that is known.
    pub newest: i16,
    /// The first version with compact lengths and tagged fields.
    pub flexible: i16,
    pub request: &'static [Field],
    pub response: &'static [Field],
}

impl Api {
    pub(super) const fn new(
        key: i16,
        name: &'static str,
        newest: i16,
        flexible: i16,
        request: &'static [Field],
        response: &'static [Field],
    ) -> Self {
        Self {
            key,
            name,
            newest,
            flexible,
            request,
            response,
        }
    }

    pub(super) fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible
    }
}
