//! The list of protocols: one line each. Nothing else in the project lists them.

use crate::parser::Definition;

/// Every protocol, in the order in which detection asks them.
pub static PROTOCOLS: &[&Definition] = &[
    &crate::http1::DEFINITION,
    &crate::http2::DEFINITION,
    &crate::postgres::DEFINITION,
    &crate::redis::DEFINITION,
    &crate::kafka::DEFINITION,
];

/// The protocol of this name.
pub fn find(name: &str) -> Option<&'static Definition> {
    PROTOCOLS.iter().copied().find(|definition| definition.name == name)
}
