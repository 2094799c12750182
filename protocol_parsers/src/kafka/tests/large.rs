//! Messages that are never there at once, and bytes that were not captured.

use super::*;
use crate::kafka::walk::WINDOW;
use crate::parser::Step;

/// A batch of so many bytes in one record.
fn big(bytes: usize) -> Vec<u8> {
    batch(0, 0, &[&vec![b'x'; bytes]], &[("traceparent", TRACEPARENT)])
}

#[test]
fn a_produce_of_a_megabyte_is_one_message_known_from_its_front() {
    let bytes = produce(1, -1, &[("big", &[(0, big(1 << 20))])]);
    let step = (DEFINITION.parser)().next(ToServer, &bytes[..WINDOW + 100]).unwrap();
    let Step::Message { len, message } = step else {
        panic!("{step:?}")
    };
    assert_eq!((len, message.phase), (bytes.len() as u64, Phase::Whole));
    assert_eq!(message.facts.target, Target::Name("big".into()));
    let said = lines(&talk(&[(ToServer, bytes)]));
    assert_eq!(
        said,
        ["> Produce big api_version=7 id=0 message_count=1 record_bytes=1048718 acks=-1"]
    );
}

#[test]
fn many_large_partitions_are_walked_one_after_the_other() {
    let partitions: Vec<_> = (0..20).map(|at| (at, big(20_000))).collect();
    let small: Vec<_> = (0..40).map(|at| (at, batch(0, 0, &[b"a", b"b"], &[]))).collect();
    let bytes = produce(1, 1, &[("large", &partitions), ("small", &small)]);
    let answer = produced(1, &[("large", &[(3, 0, 50)]), ("small", &[(7, 0, 10), (8, 6, -1)])], 0);
    let said = lines(&talk(&[(ToServer, bytes), (ToClient, answer)]));
    let sizes = 20 * big(20_000).len() + 40 * (61 + 2 * 8);
    assert_eq!(
        said,
        [
            "> Produce Begin api_version=7".to_owned(),
            format!(">  End topics=large,small partition_count=60 message_count=100 record_bytes={sizes} acks=1"),
            "< NOT_LEADER_OR_FOLLOWER! offsets=large-3@50,small-7@10-11".to_owned(),
        ]
    );
}

/// What is said when these bytes of a request are lost, and whether the next one is read.
fn with_hole(bytes: &[u8], hole: std::ops::Range<usize>) -> Vec<String> {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &bytes[..hole.start]);
    connection.hole(ToServer, hole.len() as u64);
    connection.feed(ToServer, &bytes[hole.end..]);
    connection.feed(ToServer, &produce(9, 1, &[("next", &[(0, big(1))])]));
    lines(&connection)
}

const NEXT: &str = "> Produce next api_version=7 id=0 message_count=1 size=1 record_bytes=138 acks=1 links=1";

#[test]
fn a_hole_in_the_records_loses_nothing_that_follows() {
    let bytes = produce(1, 1, &[("a", &[(0, big(100_000)), (1, big(100_000))])]);
    let said = with_hole(&bytes, 64 * 1024..90_000);
    assert_eq!(
        said[1..],
        [
            ">  End a partition_count=2 message_count=2 record_bytes=200280 acks=1",
            NEXT
        ]
    );
}

#[test]
fn a_hole_over_the_head_of_a_batch_leaves_its_count_open() {
    let bytes = produce(1, 1, &[("a", &[(0, big(100_000)), (1, big(100_000)), (2, big(30))])]);
    // The hole begins where the second partition's records do, as it does when a broker sends them from a file.
    let second = 14 + 4 + 2 + 4 + 2 + 4 + 3 + 4 + 8 + big(100_000).len() + 8;
    let said = with_hole(&bytes, second..second + big(100_000).len());
    let sizes = 2 * big(100_000).len() + big(30).len();
    assert_eq!(
        said[1..],
        [
            format!(">  End a partition_count=3 record_bytes={sizes} acks=1 truncated=true links=1"),
            NEXT.to_owned()
        ]
    );
}

#[test]
fn what_a_copy_limit_cuts_ends_where_its_length_says() {
    let small: Vec<_> = (0..2000).map(|at| (at, batch(0, 0, &[b"a"], &[]))).collect();
    let bytes = produce(1, 1, &[("a", &small)]);
    for start in [40, 100, 1000, 64 * 1024, 64 * 1024 + 7] {
        let said = with_hole(&bytes, start..bytes.len());
        assert_eq!(said.last().map(String::as_str), Some(NEXT), "{start}: {said:?}");
        assert!(said[said.len() - 2].contains("truncated=true"), "{start}: {said:?}");
    }
    // Whatever is cut, the message after it is found, and the one before it ends.
    for start in (0..bytes.len()).step_by(397) {
        let said = with_hole(&bytes, start..bytes.len().min(start + 70_000));
        assert_eq!(said.last().map(String::as_str), Some(NEXT), "{start}: {said:?}");
    }
}

#[test]
fn the_rest_of_a_response_is_found_again_by_a_number_that_is_awaited() {
    let mut connection = Connection::new(&DEFINITION);
    for id in 0..20 {
        connection.feed(ToServer, &produce(id, 1, &[("t", &[(0, big(3))])]));
    }
    let answers: Vec<u8> = (0..20)
        .flat_map(|id| produced(id, &[("t", &[(0, 0, i64::from(id))])], 0))
        .collect();
    let one = answers.len() / 20;
    connection.feed(ToClient, &answers[..one * 3]);
    connection.gap(ToClient);
    connection.feed(ToClient, &answers[one * 5 + 9..]);
    let said = lines(&connection);
    let offsets: Vec<_> = said
        .iter()
        .filter_map(|line| line.strip_prefix("< offsets=t-0@"))
        .collect();
    let expected: Vec<_> = [0, 1, 2]
        .into_iter()
        .chain(6..20)
        .map(|at| format!("{at} offset={at}"))
        .collect();
    assert_eq!(offsets, expected);
}
