//! What reads files: the first byte chooses a recording, records as they lie in its blocks, or a packet capture.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol_parsers_fuzz::files;

fuzz_target!(|data: &[u8]| files::run(data));
