//! The engine: events in, OpenTelemetry spans out. No network I/O.
//!
//! ```text
//! capture (kernel) --\
//! recording ----------> event -> connection (stream, detection) -> exchange -> context (parents) -> span -> otlp
//! packets (pcap) ----/
//! ```
//! [`engine`] is the only module that knows all stages; [`loss`] counts every way to lose data; `python` is the whole
//! Python surface.

#[cfg(feature = "capture")]
pub mod capture;
pub mod connection;
pub mod context;
pub mod engine;
pub mod event;
pub mod exchange;
pub mod loss;
pub mod naming;
pub mod otlp;
pub mod packets;
pub mod pipeline;
#[cfg(feature = "python")]
pub mod python;
pub mod recording;
pub mod redact;
pub mod replay;
pub mod semconv;
pub mod span;
