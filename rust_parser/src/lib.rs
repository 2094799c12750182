//! The engine: events in, OpenTelemetry spans out. No network I/O.
//!
//! ```text
//! capture (kernel) --\
//! recording ----------> event -> connection (stream, detection) -> exchange -> context (parents) -> span -> otlp
//! packets (pcap) ----/
//! ```
//! [`engine`] is the only module that knows all stages; [`loss`] counts every way to lose data; `python` is the whole
//! Python surface.

pub mod event;
pub mod exchange;
pub mod loss;
pub mod packets;
pub mod span;
