//! The driver that runs a parser as the engine does, and how the other targets read their input.

pub mod driver;
pub mod events;
pub mod files;
