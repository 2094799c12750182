//! Layouts, against what the Java client's own classes write (kafka-clients 3.9.1 and 4.2.0, every field set at random,
//! every error 3): a line for each message with its key, direction, version and version of the head.

use super::hex;
use crate::kafka::compression::Curiosity;
use crate::kafka::gathered::{Gathered, Gatherer};
use crate::kafka::layout::{Field, Kind};
use crate::kafka::layouts::APIS;
use crate::kafka::topics::Names;
use crate::kafka::walk::{Halt, Supply, Walk, MAX_DEPTH};

const MESSAGES: &str = include_str!("messages.hex");

#[test]
fn what_java_writes_is_walked_to_its_end() {
    for row in MESSAGES.lines() {
        let [key, direction, version, head, body] = row.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let api = &APIS[key.parse::<usize>().unwrap()];
        let (version, body): (i16, _) = (version.parse().unwrap(), hex(body));
        let flexible = api.is_flexible(version);
        let is_request = direction == "request";
        let expected = match (is_request, flexible) {
            (true, _) if (api.key, version) == (7, 0) => "0",
            (true, false) => "1",
            (true, true) => "2",
            (false, true) if api.key != 18 => "1",
            (false, _) => "0",
        };
        assert_eq!(head, expected, "{row}");
        let mut walk = Walk::default();
        let layout = if is_request { api.request } else { api.response };
        walk.start(layout, version, flexible, false, body.len() as u64);
        let mut gathered = Gathered::default();
        let mut sink = Gatherer {
            gathered: &mut gathered,
            names: &Names::default(),
            curiosity: Some(&mut Curiosity::default()),
            session: None,
        };
        let halt = walk.run(&body, Supply::Continues, &mut sink).map(|(_, halt)| halt);
        assert!(
            halt == Ok(Halt::Exact) || (halt == Ok(Halt::Loose) && walk.is_open()),
            "{halt:?} {row}"
        );
        let has_error = !is_request && tells_errors(api.response, version);
        assert_eq!(gathered.error, if has_error { 3 } else { 0 }, "{row}");
    }
}

fn tells_errors(layout: &[Field], version: i16) -> bool {
    layout
        .iter()
        .filter(|field| (field.first..=field.last).contains(&version))
        .any(|field| {
            field.meaning == crate::kafka::layout::Meaning::Error
                || parts(field).is_some_and(|parts| tells_errors(parts, version))
        })
}

fn parts(field: &Field) -> Option<&'static [Field]> {
    match field.kind {
        Kind::Array(parts) | Kind::Optional(parts) | Kind::Struct(parts) => Some(parts),
        _ => None,
    }
}

#[test]
fn the_key_of_a_request_is_its_place_and_no_name_is_there_twice() {
    for (place, api) in APIS.iter().enumerate() {
        assert_eq!(usize::try_from(api.key), Ok(place));
        assert!(APIS[..place].iter().all(|other| other.name != api.name), "{}", api.name);
    }
}

#[test]
fn no_layout_is_too_deep_and_no_element_is_empty() {
    fn check(layout: &[Field], version: i16, flexible: bool, depth: usize, name: &str) {
        assert!(depth < MAX_DEPTH, "{name}: with the head's tags there is one more");
        let here = |field: &&Field| (field.first..=field.last).contains(&version);
        for parts in layout.iter().filter(here).filter_map(parts) {
            assert!(
                flexible || parts.iter().any(|field| here(&field)),
                "{name} {version}: an element of no bytes"
            );
            check(parts, version, flexible, depth + 1, name);
        }
    }
    for api in APIS {
        for version in 0..=api.newest {
            for layout in [api.request, api.response] {
                check(layout, version, api.is_flexible(version), 1, api.name);
            }
        }
    }
}
