//! Connections met in their middle, and lost bytes.

use super::*;

const TABLED: &[(&str, &str)] = &[
    ("@3", ""), // :method POST
    ("@6", ""), // :scheme http
    ("+:path", "/shop.v1.Cart/Add"),
    ("+content-type", "application/grpc"),
];
/// The same from the table, when nothing entered since.
const AGAIN: &[(&str, &str)] = &[("@3", ""), ("@6", ""), ("@63", ""), ("@62", "")];

fn late() -> Connection {
    Connection::late(&DEFINITION)
}

#[test]
fn fields_that_entered_the_table_before_are_left_out_and_the_exchange_says_so() {
    let mut connection = late();
    connection.feed(
        ToServer,
        &[headers(NONE, 7, AGAIN), data(END_STREAM, 7, &grpc_message(1))].concat(),
    );
    connection.feed(
        ToClient,
        &[
            headers(NONE, 7, &[("@8", ""), ("@62", "")]),
            data(NONE, 7, &grpc_message(1)),
        ]
        .concat(),
    );
    connection.feed(ToClient, &headers(END_STREAM, 7, &[("@63", "")]));
    let expected = [
        ">7 Begin POST incomplete=true",
        ">7 End size=6",
        "<7 Begin 200",
        "<7 End size=6",
    ];
    assert_eq!(lines(&connection), expected);
}

#[test]
fn fields_that_enter_the_table_later_are_known_by_their_distance_from_the_newest() {
    let mut connection = late();
    connection.feed(ToServer, &headers(END_STREAM, 1, TABLED));
    connection.feed(
        ToServer,
        &headers(END_STREAM, 3, &[AGAIN, &[("+x", "y"), ("@99", "")]].concat()),
    );
    connection.feed(
        ToServer,
        &headers(END_STREAM, 5, &[("@3", ""), ("@64", ""), ("@63", "")]),
    );
    let expected = [
        ">1 shop.v1.Cart/Add",
        ">3 shop.v1.Cart/Add incomplete=true",
        ">5 shop.v1.Cart/Add",
    ];
    assert_eq!(lines(&connection), expected);
}

#[test]
fn a_call_that_only_its_response_shows_to_be_one_is_named_then() {
    let mut connection = late();
    let path_only = [("@3", ""), ("@6", ""), (":path", "/shop.v1.Cart/Add"), ("@70", "")];
    connection.feed(ToServer, &headers(END_STREAM, 1, &path_only));
    connection.feed(ToClient, &headers(END_STREAM, 1, &[CALL_OK, DONE].concat()));
    connection.feed(ToServer, &headers(END_STREAM, 3, AGAIN));
    connection.feed(ToClient, &headers(NONE, 3, &[("@8", "")]));
    connection.feed(ToClient, &headers(END_STREAM, 3, &[("grpc-status", "9")]));
    let expected = [
        ">1 POST /shop.v1.Cart/Add incomplete=true",
        "<1 shop.v1.Cart/Add OK",
        ">3 POST incomplete=true",
        "<3 Begin 200",
        "<3 End grpc FAILED_PRECONDITION !FAILED_PRECONDITION (client)",
    ];
    assert_eq!(lines(&connection), expected);
}

#[test]
fn a_status_that_cannot_be_known_is_said_to_be_missing() {
    let mut connection = late();
    connection.feed(ToServer, &headers(END_STREAM, 1, GET));
    connection.feed(ToClient, &headers(NONE, 1, &[("@70", "")]));
    connection.feed(ToClient, &data(END_STREAM, 1, b"1"));
    connection.feed(ToServer, &headers(END_STREAM, 3, CALL));
    connection.feed(ToClient, &headers(NONE, 3, &[("@8", ""), ("@70", "")]));
    connection.feed(ToClient, &headers(END_STREAM, 3, &[("@71", "")]));
    let expected = [
        ">1 GET /a",
        "<1 Begin incomplete=true",
        "<1 End size=1",
        ">3 shop.v1.Cart/Add",
        "<3 Begin",
        "<3 End messages=0 incomplete=true",
    ];
    assert_eq!(lines(&connection), expected);
}

#[test]
fn an_interim_response_of_unknown_status_does_not_hide_the_final_one() {
    let mut connection = late();
    connection.feed(ToServer, &headers(END_STREAM, 1, GET));
    connection.feed(ToClient, &headers(NONE, 1, &[("@70", "")]));
    connection.feed(
        ToClient,
        &[headers(NONE, 1, &[(":status", "404")]), data(END_STREAM, 1, b"")].concat(),
    );
    assert_eq!(lines(&connection)[2..], ["<1 Part 404 !404 (client)", "<1 End size=0"]);
}

#[test]
fn what_belongs_to_streams_from_before_makes_no_exchange() {
    let mut connection = late();
    connection.feed(ToServer, &headers(END_STREAM, 9, GET));
    connection.feed(ToClient, &headers(NONE, 5, OK));
    connection.feed(
        ToClient,
        &[data(END_STREAM, 5, b"123"), data(END_STREAM, 7, b"1")].concat(),
    );
    connection.feed(
        ToServer,
        &[
            data(END_STREAM, 3, b"x"),
            headers(END_STREAM, 7, &[("@70", "")]),
            reset(3, 8),
        ]
        .concat(),
    );
    connection.feed(
        ToClient,
        &[headers(END_STREAM, 3, DONE), headers(END_STREAM, 2, OK)].concat(),
    );
    assert_eq!(lines(&connection), [">9 GET /a"]);
}

#[test]
fn after_lost_bytes_the_table_of_that_direction_is_unknown_and_the_other_one_goes_on() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &headers(END_STREAM, 1, TABLED));
    connection.feed(ToClient, &headers(END_STREAM, 1, &[("@8", ""), ("+grpc-status", "5")]));
    connection.gap(ToServer);
    connection.feed(ToServer, &headers(END_STREAM, 3, AGAIN));
    connection.feed(ToClient, &headers(END_STREAM, 3, &[("@8", ""), ("@62", "")]));
    assert_eq!(
        lines(&connection)[2..],
        [">3 POST incomplete=true", "<3 grpc NOT_FOUND !NOT_FOUND (client)"]
    );
}

#[test]
fn bytes_lost_inside_of_a_body_are_no_loss() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &headers(NONE, 1, POST));
    let body = data(END_STREAM, 1, &[7; 16_000]);
    connection.feed(ToServer, &body[..100]);
    assert_eq!(lines(&connection)[1], ">1 End size=16000");
}

#[test]
fn a_request_whose_end_was_lost_ends_with_its_response() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &[headers(NONE, 1, POST), data(NONE, 1, b"12")].concat());
    connection.gap(ToServer);
    connection.feed(ToClient, &[headers(NONE, 1, OK), data(END_STREAM, 1, b"123")].concat());
    assert_eq!(lines(&connection)[1..], ["<1 Begin 200", ">1 End", "<1 End size=3"]);
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &headers(NONE, 1, CALL));
    connection.gap(ToServer);
    connection.feed(ToClient, &headers(END_STREAM, 1, &[CALL_OK, DONE].concat()));
    assert_eq!(lines(&connection)[1..], [">1 End", "<1 OK"]);
}

#[test]
fn a_count_that_lost_bytes_made_wrong_is_left_out() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(
        ToServer,
        &[headers(NONE, 1, CALL), data(NONE, 1, &grpc_message(10))].concat(),
    );
    connection.gap(ToServer);
    connection.feed(
        ToServer,
        &[data(NONE, 1, &grpc_message(10)), data(END_STREAM, 1, &grpc_message(3))].concat(),
    );
    assert_eq!(lines(&connection)[1..], [">1 End"]);
}

#[test]
fn it_goes_on_at_a_frame_and_not_inside_of_data() {
    let parser = (DEFINITION.parser)();
    let mut numbers = Numbers(3);
    for _ in 0..50 {
        let length = numbers.below(3000);
        let noise = numbers.bytes(length);
        let rest = [headers(END_STREAM, 9, GET), SETTINGS.to_vec()].concat();
        let bytes = [noise, rest].concat();
        assert_eq!(parser.resync(ToServer, &bytes), Some(length));
    }
    let zeros = [vec![0; 5000], headers(NONE, 1, OK)].concat();
    assert_eq!(parser.resync(ToClient, &zeros), Some(5000));
    assert_eq!(parser.resync(ToServer, &numbers.bytes(20_000)), None);
    assert_eq!(
        parser.resync(ToServer, &[b"rest".as_slice(), PREFACE, SETTINGS].concat()),
        Some(4)
    );
}

#[test]
fn a_frame_of_a_stream_in_use_is_enough_to_go_on() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &headers(END_STREAM, 12_345, GET));
    connection.feed(ToClient, &headers(NONE, 12_345, OK));
    connection.gap(ToClient);
    connection.feed(ToClient, &[&[1, 2, 3][..], &data(NONE, 12_345, &[9; 500])].concat());
    connection.feed(ToClient, &data(END_STREAM, 12_345, b"."));
    assert_eq!(lines(&connection)[2..], ["<12345 End"]);
}

#[test]
fn a_preface_makes_the_table_of_its_direction_whole() {
    let mut connection = late();
    connection.feed(ToServer, &[PREFACE, SETTINGS, &headers(END_STREAM, 1, TABLED)].concat());
    connection.feed(ToServer, &headers(END_STREAM, 3, &[("@99", "")]));
    assert_eq!(lines(&connection)[0], ">1 shop.v1.Cart/Add");
    assert!(
        lines(&connection)[1].starts_with("Lost"),
        "an index beyond a whole table is an error"
    );
}

#[test]
fn more_streams_than_are_remembered_forget_the_oldest() {
    let mut connection = Connection::new(&DEFINITION);
    for number in 0..20_000_u32 {
        connection.feed(ToServer, &headers(NONE, number * 2 + 1, &[("@3", ""), ("@4", "")]));
    }
    connection.feed(
        ToServer,
        &[data(END_STREAM, 1, b"old"), data(END_STREAM, 39_999, b"new")].concat(),
    );
    assert_eq!(lines(&connection)[20_000..], [">39999 End size=3"]);
}
