//! What every registered protocol gets for its folder `tests/protocols/<name>/`, with no test code of its own: goldens,
//! and properties that hold for any recording. Recordings come from `scripts/record_protocol`.

// Tests say why they skip, and their indices are their own.
#![allow(clippy::print_stderr, clippy::indexing_slicing)]

mod cuts;
mod damage;
mod deepflow;
mod detection;
#[path = "../../../protocol_parsers/fuzz/src/driver.rs"]
#[allow(dead_code, missing_docs, clippy::pedantic, clippy::indexing_slicing)]
mod driver;
mod folders;
mod golden;
mod loss;
mod random;
mod recordings;
