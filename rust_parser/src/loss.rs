//! One counter for each way to lose data: nothing is lost in silence.
//!
//! The engine only ever adds to these; what the source lost before the engine saw it stands in [`Loss::source`], as the
//! totals which the source reports. A counter that stays 0 costs nothing and is still listed, so that "no loss" can be
//! told from "not counted".

use std::collections::BTreeMap;

macro_rules! counters {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// What was lost, since the engine started.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Loss {
            $($(#[$about])* pub $name: u64,)*
            /// Totals reported by the source (ring buffer full, faults), under its own names.
            pub source: BTreeMap<String, u64>,
        }

        impl Loss {
            /// Every counter of the engine with its name, in the order of declaration.
            pub fn entries(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counters! {
    /// Jumps in a direction's position that no later event filled.
    holes,
    /// Bytes in those holes.
    bytes_lost,
    /// Bytes beyond the copy limit that a parser wanted to read.
    bytes_cut,
    /// Bytes that arrived twice.
    bytes_duplicate,
    /// Bytes passed over while looking for the next message after a hole, an error or a late attach.
    bytes_unparsed,
    /// Places where bytes broke their protocol's grammar.
    parse_errors,
    /// Connections released because too many errors followed each other.
    connections_unparsable,
    /// Connections forgotten because the table was full (the least recently used one goes).
    connections_evicted,
    /// Data, end or close of a connection whose opening never arrived.
    data_without_open,
    /// Requests dropped because bytes of their exchange were lost.
    exchanges_lost_in_gap,
    /// Requests dropped because it never became certain which response was theirs.
    exchanges_uncertain,
    /// Requests dropped because too many were in flight on their connection.
    exchanges_overflowed,
    /// Requests that were not seen whole when their connection or the capture ended.
    exchanges_cut_short,
    /// Responses whose request was not seen (sent before the attach, or lost).
    responses_without_request,
    /// Parts of a message whose beginning was not seen.
    parts_without_message,
    /// Messages that belong to no exchange (not a loss: what the protocol calls a notice).
    notices,
    /// Exchanges whose parents were not looked for because too many were open at once.
    exchanges_unlinked,
}
