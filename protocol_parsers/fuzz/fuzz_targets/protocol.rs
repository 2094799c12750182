//! The one target: FUZZ_PROTOCOL names a registered protocol; without it the first byte of the input chooses one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol_parsers::registry::{find, PROTOCOLS};
use protocol_parsers_fuzz::driver::fuzz;

fuzz_target!(|data: &[u8]| {
    let named = std::env::var("FUZZ_PROTOCOL").ok();
    if let Some(name) = named {
        let definition = find(&name).unwrap_or_else(|| panic!("FUZZ_PROTOCOL={name}: no such protocol"));
        return fuzz(definition, data);
    }
    if let [choice, rest @ ..] = data {
        fuzz(PROTOCOLS[usize::from(*choice) % PROTOCOLS.len()], rest);
    }
});
