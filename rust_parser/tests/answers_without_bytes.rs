//! What PostgreSQL asks of the engine: answers without bytes of their own, and exchanges that are shown only if they fail.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use rust_parser::engine::{Engine, Options};
use rust_parser::event::{Data, Endpoint, Event, Header, Open, Role, Vantage, Way};

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag][..], &length, body].concat()
}

fn failure(code: &str) -> Vec<u8> {
    message(b'E', format!("SERROR\0VERROR\0C{code}\0Mwhat\0\0").as_bytes())
}

/// The error type of each exchange of a conversation, `-` for none.
fn exchanges(parts: &[(Way, Vec<u8>)]) -> Vec<String> {
    let mut engine = Engine::new(Options::default());
    let mut header = Header {
        time_ns: 1,
        connection: 1,
        tgid: 7,
        tid: 7,
    };
    let end = |port| Endpoint::Inet(([127, 0, 0, 1], port).into());
    engine.event(&Event::Open(
        header,
        Open {
            socket: 1,
            netns: 1,
            role: Role::Client,
            vantage: Vantage::Process,
            fresh: true,
            local: end(40_000),
            remote: end(5432),
            sent: 0,
            received: 0,
            sequence: false,
        },
    ));
    let mut positions = [0, 0];
    for (way, bytes) in parts {
        header.time_ns += 1000;
        let position = &mut positions[usize::from(*way == Way::Received)];
        let data = Data {
            way: *way,
            position: *position,
            sequence: false,
            length: u32::try_from(bytes.len()).unwrap(),
            bytes,
        };
        *position += bytes.len() as u64;
        engine.event(&Event::Data(header, data));
    }
    engine.event(&Event::Close(header));
    engine.finish();
    let error = |traced: &rust_parser::engine::Traced| {
        traced
            .exchange
            .facts
            .failure
            .as_ref()
            .map_or("-".to_owned(), |failure| failure.kind.to_string())
    };
    engine.take().iter().map(error).collect()
}

fn login() -> Vec<(Way, Vec<u8>)> {
    let body = b"\0\x03\0\0user\0ann\0\0";
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    vec![
        (Way::Sent, [&length[..], body].concat()),
        (Way::Received, [message(b'R', &[0; 4]), message(b'Z', b"I")].concat()),
    ]
}

/// Parse, Bind and Execute of a statement.
fn statement() -> Vec<u8> {
    [
        message(b'P', b"\0select 1\0\0\0"),
        message(b'B', &[0; 8]),
        message(b'E', &[0; 5]),
    ]
    .concat()
}

#[test]
fn each_statement_of_a_pipeline_that_fails_is_an_exchange() {
    let depth = 3000;
    let mut parts = login();
    parts.push((Way::Sent, [statement().repeat(depth), message(b'S', b"")].concat()));
    parts.push((Way::Received, [failure("42P01"), message(b'Z', b"I")].concat()));
    let errors = exchanges(&parts);
    assert_eq!(errors.len(), depth);
    assert_eq!(errors[0], "42P01");
    assert!(errors[1..].iter().all(|error| error == "pipeline_aborted"));
}

#[test]
fn a_login_and_a_preparation_are_shown_only_if_they_fail() {
    let prepare = [message(b'P', b"s\0select 1\0\0\0"), message(b'S', b"")].concat();
    let mut parts = login();
    parts.push((Way::Sent, prepare.clone()));
    parts.push((Way::Received, [message(b'1', b""), message(b'Z', b"I")].concat()));
    parts.push((Way::Sent, prepare));
    parts.push((Way::Received, [failure("42P05"), message(b'Z', b"I")].concat()));
    parts.push((Way::Sent, [statement(), message(b'S', b"")].concat()));
    let done = [
        message(b'1', b""),
        message(b'2', b""),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ]
    .concat();
    parts.push((Way::Received, done));
    assert_eq!(exchanges(&parts), ["42P05", "-"]);
}
