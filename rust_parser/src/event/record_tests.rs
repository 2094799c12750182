use crate::event::{Machine, Process};

use super::*;

fn header() -> Header {
    Header {
        time_ns: 7,
        connection: 3,
        tgid: 11,
        tid: 12,
    }
}

fn record(kind: u8, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 1];
    bytes.extend(flags.to_le_bytes());
    bytes.extend(u32::try_from(HEADER_LENGTH + body.len()).expect("small").to_le_bytes());
    bytes.extend(7u64.to_le_bytes());
    bytes.extend(3u64.to_le_bytes());
    bytes.extend(11u32.to_le_bytes());
    bytes.extend(12u32.to_le_bytes());
    bytes.extend(body);
    bytes
}

fn data(length: u32, payload: &[u8]) -> Vec<u8> {
    let mut body = 1000u64.to_le_bytes().to_vec();
    body.extend(length.to_le_bytes());
    body.extend(u32::try_from(payload.len()).expect("small").to_le_bytes());
    body.extend(payload);
    record(DATA, FLAG_SEQUENCE, &body)
}

fn open(family: u16, role: u8, path: &[u8]) -> Vec<u8> {
    let mut body = 99u64.to_le_bytes().to_vec();
    body.extend(5u32.to_le_bytes());
    body.extend(family.to_le_bytes());
    body.extend([role, 1]);
    body.extend(6379u16.to_le_bytes());
    body.extend(40000u16.to_le_bytes());
    body.extend(u32::try_from(path.len()).expect("small").to_le_bytes());
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
    let plain = [127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let address = if family == AF_INET6 { mapped } else { plain };
    body.extend(address);
    body.extend(address);
    body.extend(1u64.to_le_bytes());
    body.extend(2u64.to_le_bytes());
    let mut padded = path.to_vec();
    padded.resize(OPEN_PATH_LENGTH + 4, 0);
    body.extend(padded);
    record(OPEN, FLAG_SEQUENCE, &body)
}

#[test]
fn a_data_record_lends_its_payload() {
    let bytes = data(10, b"GET /");
    let expected = Data {
        way: Way::Received,
        position: 1000,
        sequence: true,
        length: 10,
        bytes: b"GET /",
    };
    assert_eq!(decode(&bytes), Ok(Event::Data(header(), expected)));
}

#[test]
fn a_record_that_claims_more_payload_than_it_has_is_refused() {
    assert_eq!(decode(&data(3, b"GET /")), Err(RecordError::Size));
    let mut lies = data(10, b"GET /");
    lies[HEADER_LENGTH + 12] = 6;
    assert_eq!(decode(&lies), Err(RecordError::Short));
}

#[test]
fn every_cut_of_every_kernel_record_is_refused() {
    for bytes in [
        data(5, b"GET /"),
        open(AF_INET, 1, b""),
        open(AF_UNIX, 2, b"/run/x\0"),
        record(FORK, 0, &[1, 0, 0, 0]),
    ] {
        assert!(decode(&bytes).is_ok());
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
}

#[test]
fn ipv4_in_ipv6_is_the_same_endpoint_as_ipv4() {
    let endpoints = |family| match decode(&open(family, 1, b"")) {
        Ok(Event::Open(_, open)) => (open.local, open.remote),
        other => panic!("{other:?}"),
    };
    assert_eq!(endpoints(AF_INET), endpoints(AF_INET6));
    assert_eq!(
        endpoints(AF_INET).0,
        Endpoint::Inet("127.0.0.1:6379".parse().expect("address"))
    );
}

#[test]
fn a_unix_socket_has_its_path_on_the_server_side() {
    let ends = |role, path: &[u8]| match decode(&open(AF_UNIX, role, path)) {
        Ok(Event::Open(_, open)) => (open.local, open.remote),
        other => panic!("{other:?}"),
    };
    let unix = |name: &str| Endpoint::Unix(name.to_owned());
    assert_eq!(ends(2, b"/run/redis.sock\0"), (unix("/run/redis.sock"), unix("")));
    assert_eq!(ends(1, b"/run/redis.sock\0"), (unix(""), unix("/run/redis.sock")));
    assert_eq!(ends(1, b"\0bus"), (unix(""), unix("@bus")));
}

#[test]
fn events_of_user_space_survive_the_way_through_bytes() {
    let process = Process {
        pid: 4,
        service: "shop".into(),
        command: vec!["python3".into()],
        ..Process::default()
    };
    let machine = Machine {
        boot_id: "b".into(),
        ..Machine::default()
    };
    for event in [
        Event::Process(header(), process),
        Event::Machine(header(), machine),
        Event::Clock(header(), 1_700_000_000_000_000_000),
        Event::Tick(header()),
        Event::Loss(header(), vec![("ring_full".into(), 3)]),
    ] {
        let mut bytes = Vec::new();
        encode(&event, &mut bytes).expect("encodes");
        assert_eq!(decode(&bytes), Ok(event));
    }
}

#[test]
fn kinds_and_families_of_a_later_version_are_refused_not_guessed() {
    assert_eq!(decode(&record(200, 0, &[])), Err(RecordError::Unknown));
    assert_eq!(decode(&open(44, 1, b"")), Err(RecordError::Unknown));
}

#[test]
fn the_byte_that_says_fresh_is_where_it_is_said_to_be() {
    for fresh in [0, 1] {
        let mut bytes = open(AF_UNIX, 2, b"/run/x\0");
        bytes[OPEN_FRESH_OFFSET] = fresh;
        let Ok(Event::Open(_, open)) = decode(&bytes) else {
            panic!("an open")
        };
        assert_eq!(open.fresh, fresh == 1);
    }
}
