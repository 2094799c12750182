//! (being written)
use crate::parser::{Definition, Detection, Direction, Pairing, ParseError, Parser, Step};
pub(crate) static DEFINITION: Definition = Definition { name: "http1", title: "http1", covers: "", ports: &[], pairing: Pairing::InOrder, detect: |_, _| Detection::No, parser: || Box::new(Nothing) };
struct Nothing;
impl Parser for Nothing {
    fn next(&mut self, _: Direction, _: &[u8]) -> Result<Step, ParseError> { Err(ParseError::Malformed("x")) }
    fn gap(&mut self, _: Direction) {}
    fn resync(&self, _: Direction, _: &[u8]) -> Option<usize> { None }
}
