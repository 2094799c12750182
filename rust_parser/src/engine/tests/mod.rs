//! The engine as a whole, against generated connections whose truth is known.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod memory;
mod pairing;
mod parents;
mod streams;
mod toys;
mod world;
