//! The whole engine, fed with events made of the input: connections that open anywhere, bytes that are lost, come twice or
//! were not copied, ends in any order, time that passes. See `events` for how the input is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol_parsers_fuzz::events;

fuzz_target!(|data: &[u8]| events::run(data));
