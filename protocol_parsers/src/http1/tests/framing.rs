//! Where messages end.

use super::*;

#[test]
fn a_body_of_known_length_is_part_of_one_whole_message() {
    let mut parser = Http1::default();
    let head = b"PUT /big HTTP/1.1\r\ncontent-length: 5000000000\r\n\r\nabc";
    let Ok(Step::Message { len, message }) = parser.next(ToServer, head) else {
        panic!()
    };
    assert_eq!(len, head.len() as u64 - 3 + 5_000_000_000);
    assert_eq!(message.phase, Phase::Whole);
}

#[test]
fn pipelined_requests_and_their_responses_keep_their_order_and_bodies() {
    let requests = b"HEAD /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET GET /c HTTP/1.1\r\n\r\n\r\nPUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /e HTTP/1.1\r\n\r\n";
    let responses = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nHTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\nHTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nSum: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for piece in [usize::MAX, 1, 7] {
        let driver = talk(&[(ToServer, requests), (ToClient, responses)], piece);
        let of = |side| {
            driver
                .messages()
                .into_iter()
                .filter(|message| message.side == side)
                .collect::<Vec<_>>()
        };
        let paths: Vec<String> = of(Side::Request)
            .iter()
            .map(|message| text_of(message, "url.path"))
            .collect();
        assert_eq!(paths, ["/a", "/b", "/c", "/d", "None", "/e"]);
        assert_eq!(int_of(of(Side::Request)[4], "http.request.body.size"), Some(3));
        let sizes: Vec<_> = of(Side::Response)
            .iter()
            .map(|message| int_of(message, "http.response.body.size"))
            .collect();
        assert_eq!(sizes, [None, None, None, None, Some(10), Some(2)]);
    }
}

#[test]
fn chunks_in_every_legal_spelling_are_counted() {
    let body = b"5\r\nhello\r\n00A ; name = \"v\" ;flag\r\n0123456789\r\n3 \nabc\nf\r\n0123456789abcde\r\n000;last\r\nX: 1\r\n folded\r\nY: 2\n\n";
    let response = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\nTransfer-Encoding:\tCHUNKED \r\n\r\n",
        &body[..],
        GET,
    ]
    .concat();
    for piece in [usize::MAX, 1, 2, 5] {
        let mut driver = talk(
            &[(ToServer, GET), (ToClient, &response[..response.len() - GET.len()])],
            piece,
        );
        assert_eq!(
            phases(&driver),
            [REQUEST, (Side::Response, Phase::Begin), (Side::Response, Phase::End)]
        );
        assert_eq!(int_of(driver.messages()[2], "http.response.body.size"), Some(33));
        driver.feed(ToClient, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
        assert_eq!(driver.messages().len(), 4, "nothing of the trailer is left over");
    }
}

#[test]
fn broken_chunks_are_errors_and_never_guesses() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (body, error) in [
        (&b"xyz\r\n"[..], ParseError::Malformed("chunk size")),
        (b"\r\n", ParseError::Malformed("chunk size")),
        (b"-1\r\n", ParseError::Malformed("chunk size")),
        (b"7fffffffffffffff\r\n", ParseError::TooLong("MAX_BODY")),
        (b"fffffffffffffffffffffffff\r\n", ParseError::TooLong("MAX_BODY")),
        (b"1\r\nab\r\n", ParseError::Malformed("chunk without line end")),
    ] {
        let driver = talk(&[(ToServer, GET), (ToClient, &[chunked, body].concat())], usize::MAX);
        assert_eq!(driver.seen[2], Seen::Error(error), "{}", body.escape_ascii());
    }
}

#[test]
fn a_transfer_coding_overrides_a_length_and_identity_is_none() {
    let both = b"POST / HTTP/1.1\r\nContent-Length: 3, 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let driver = talk(&[(ToServer, both)], usize::MAX);
    assert_eq!(
        phases(&driver),
        [(Side::Request, Phase::Begin), (Side::Request, Phase::End)]
    );
    let identity = b"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(phases(&talk(&[(ToServer, identity)], usize::MAX)), [REQUEST]);
    let endless = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n";
    assert_eq!(
        Http1::default().next(ToServer, endless),
        Err(ParseError::Malformed("request body without an end"))
    );
}

#[test]
fn lengths_that_contradict_each_other_are_errors_and_repeated_ones_are_not() {
    let post = |fields: &str| Http1::default().next(ToServer, format!("POST / HTTP/1.1\r\n{fields}\r\n").as_bytes());
    let conflict = Err(ParseError::Malformed("conflicting content-length"));
    assert_eq!(post("Content-Length: 3\r\nContent-Length: 4\r\n"), conflict);
    assert_eq!(post("Content-Length: 3, 4\r\n"), conflict);
    assert!(matches!(
        post("Content-Length: 3, 3\r\nContent-Length : 3\r\n"),
        Ok(Step::Message { .. })
    ));
    for bad in ["", "+3", "-1", "3x", "0x3", "3 3"] {
        assert_eq!(
            post(&format!("Content-Length: {bad}\r\n")),
            Err(ParseError::Malformed("content-length")),
            "{bad}"
        );
    }
    assert_eq!(
        post("Content-Length: 99999999999999999999\r\n"),
        Err(ParseError::TooLong("MAX_BODY"))
    );
}

#[test]
fn a_body_until_the_close_ends_with_the_connection() {
    for head in [
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    ] {
        let response = format!("{head}no length\r\n\r\nHTTP/1.1 200 is text here\r\n\r\n");
        for piece in [usize::MAX, 1] {
            let driver = talk(&[(ToServer, GET), (ToClient, response.as_bytes())], piece);
            assert_eq!(
                phases(&driver),
                [REQUEST, (Side::Response, Phase::Begin), (Side::Response, Phase::End)]
            );
        }
    }
}

#[test]
fn a_chunked_body_cut_by_the_close_never_gets_an_end() {
    let response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
    let driver = talk(&[(ToServer, GET), (ToClient, response)], usize::MAX);
    assert_eq!(phases(&driver), [REQUEST, (Side::Response, Phase::Begin)]);
}

#[test]
fn server_sent_events_are_one_response_from_first_to_last_event() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut driver = talk(&[(ToServer, GET)], usize::MAX);
    driver.feed(ToClient, head);
    for _ in 0..1000 {
        driver.feed(ToClient, b"9\r\ndata: 1\n\n\r\n");
    }
    assert_eq!(driver.messages().len(), 2, "events are no messages");
    driver.feed(ToClient, b"0\r\n\r\n");
    assert_eq!(int_of(driver.messages()[2], "http.response.body.size"), Some(9000));
}

#[test]
fn interim_responses_are_passed_over() {
    let responses = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let driver = talk(&[(ToServer, GET), (ToClient, responses)], usize::MAX);
    assert_eq!(phases(&driver), [REQUEST, RESPONSE]);
    assert_eq!(int_of(driver.messages()[1], "http.response.status_code"), Some(200));
}

const EXPECTING: &[u8] = b"PUT /f HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n";

const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_body_that_waits_for_permission_ends_the_request_when_it_comes() {
    let ok = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (answer, body, rest) in [
        (&ok[..25], &b"GET /"[..], &ok[25..]),
        (b"", b"hello", &ok[25..]),
        (TOO_LARGE, b"hello", b""),
        (TOO_LARGE, b"GETTY", b""),
        (ok, b"GET /", b""),
    ] {
        let turns = [
            (ToServer, EXPECTING),
            (ToClient, answer),
            (ToServer, body),
            (ToClient, rest),
            (ToServer, GET),
        ];
        for piece in [usize::MAX, 1] {
            let driver = talk(&turns, piece);
            let sizes = driver
                .messages()
                .into_iter()
                .filter_map(|message| int_of(message, "http.request.body.size"));
            assert_eq!(sizes.collect::<Vec<_>>(), [5]);
            let requests: Vec<_> = phases(&driver)
                .into_iter()
                .filter(|(side, _)| *side == Side::Request)
                .collect();
            assert_eq!(
                requests,
                [(Side::Request, Phase::Begin), (Side::Request, Phase::End), REQUEST]
            );
            assert_eq!(
                driver
                    .messages()
                    .iter()
                    .filter(|message| message.side == Side::Response)
                    .count(),
                1
            );
        }
    }
}

#[test]
fn a_body_that_the_server_did_not_want_may_never_come() {
    for piece in [usize::MAX, 1] {
        let driver = talk(&[(ToServer, EXPECTING), (ToClient, TOO_LARGE), (ToServer, GET)], piece);
        assert_eq!(
            phases(&driver),
            [
                (Side::Request, Phase::Begin),
                RESPONSE,
                (Side::Request, Phase::End),
                REQUEST
            ]
        );
        assert_eq!(int_of(driver.messages()[2], "http.request.body.size"), None);
    }
}

#[test]
fn requests_in_flight_are_bounded() {
    let mut parser = Http1::default();
    for _ in 0..3 * MAX_IN_FLIGHT {
        parser.next(ToServer, GET).unwrap();
    }
    assert_eq!(parser.in_flight.len(), MAX_IN_FLIGHT);
}
