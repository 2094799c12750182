//! Finding messages: detection, lost bytes, refused messages.

use super::*;

#[test]
fn a_response_to_an_unseen_request_is_read_and_does_not_hide_the_rest() {
    let late = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nServer: x\r\n\r\n";
    let driver = talk(
        &[
            (ToClient, late),
            (ToServer, GET),
            (ToClient, b"HTTP/1.1 204 No\r\n\r\n"),
        ],
        usize::MAX,
    );
    assert_eq!(phases(&driver), [RESPONSE, RESPONSE, REQUEST, RESPONSE]);
}

#[test]
fn after_lost_bytes_the_next_message_is_found_wherever_it_starts() {
    for junk in [
        "",
        "a=b&c=d",
        "{\"a\": 1}",
        "x HTTP/1.1 y\r\n",
        "GET /log HTTP/1.1\" 200\n",
        "ABC",
        "FOO bar\r\n\r\n",
    ] {
        let bytes = [junk.as_bytes(), GET].concat();
        let parser = Http1::default();
        assert_eq!(parser.resync(ToServer, &bytes), Some(junk.len()), "{junk}");
        let cut = parser.resync(ToServer, &bytes[..junk.len() + 8]);
        assert!(
            cut.is_some_and(|at| at <= junk.len()),
            "{junk}: a line cut short is kept"
        );
        let bytes = [junk.as_bytes(), b"HTTP/1.0 200 OK\r\n"].concat();
        assert_eq!(parser.resync(ToClient, &bytes), Some(junk.len()), "{junk}");
    }
    for method in start_line::METHODS {
        let bytes = format!("x{method} http://a/ HTTP/1.0\n");
        assert_eq!(Http1::default().resync(ToServer, bytes.as_bytes()), Some(1), "{method}");
    }
    for none in [
        "GET me HTTP/1.1\r\n",
        "",
        "ET / HTTP/1.1\r\n",
        "abc",
        "SET /a SIP/2.0\r\n",
        "HTTP/1.1 x",
    ] {
        assert_eq!(Http1::default().resync(ToServer, none.as_bytes()), None, "{none}");
        assert_eq!(Http1::default().resync(ToClient, none.as_bytes()), None, "{none}");
    }
}

#[test]
fn a_gap_forgets_the_requests_in_flight_and_the_body_of_its_direction() {
    let mut driver = Driver::new();
    driver.feed(
        ToServer,
        b"HEAD / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    driver.lose(ToServer);
    driver.feed(ToServer, b"more of the body\r\n");
    driver.feed(ToServer, GET);
    driver.feed(
        ToClient,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No\r\n\r\n",
    );
    let expected = [REQUEST, (Side::Request, Phase::Begin), REQUEST, RESPONSE, RESPONSE];
    assert_eq!(phases(&driver), expected);
}

#[test]
fn a_refused_message_is_passed_and_the_next_one_read() {
    let bad = b"GET /bad HTTP/1.1\r\nContent-Length: x\r\n\r\n";
    let driver = talk(&[(ToServer, &[bad, GET].concat())], usize::MAX);
    assert_eq!(driver.seen.len(), 2);
    assert!(matches!(&driver.seen[1], Seen::Message(_, 40, _, message) if text_of(message, "url.path") == "/a"));
}

#[test]
fn detection_believes_whole_start_lines_only() {
    let request = b"GET /a?b HTTP/1.1\r\n";
    let response = b"HTTP/1.0 404 Not Found\r\n";
    for end in 0..request.len() {
        assert_eq!(
            start_line::detect(ToServer, &request[..end]),
            Detection::NeedMore,
            "{end}"
        );
    }
    assert_eq!(start_line::detect(ToServer, request), Detection::Yes);
    for end in 0..response.len() {
        let expected = if end < 13 { Detection::NeedMore } else { Detection::Yes };
        assert_eq!(start_line::detect(ToClient, &response[..end]), expected, "{end}");
    }
    assert_eq!(
        start_line::detect(ToServer, &[b"GET /", &vec![b'a'; 20_000][..]].concat()),
        Detection::No
    );
    assert_eq!(start_line::detect(ToServer, &[b'A'; 40]), Detection::No);
}

#[test]
fn detection_refuses_the_first_bytes_of_other_protocols() {
    let others: &[&[u8]] = &[
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"220 mail.example ESMTP Postfix\r\n",
        b"EHLO client.example\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"PING\r\n",
        b"+OK\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"get key\r\n",
        b"set key 0 0 5\r\nhello\r\n",
        b"OPTIONS rtsp://cam/stream RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n",
        b"INVITE sip:bob@example SIP/2.0\r\n",
        b"SIP/2.0 200 OK\r\n",
        b"ICY 200 OK\r\n",
        b"USER bob\r\n",
        b"a1 LOGIN x y\r\n",
        b"GET /\r\n",
        b" GET / HTTP/1.1\r\n",
        b"GET /a\rb HTTP/1.1\r\n",
        b"GET / HTTP/1.2\r\n",
        b"GET / HTTP/3\r\n",
        b"HTTP/2 200\r\n",
        b"HTTP/1.1-200 OK\r\n",
        b"HTTP/1.1 20x OK\r\n",
        b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
        b"J\x00\x00\x00\n8.0.36\x00",
        b"\x00\x00\x00\x12\x04\x00\x00\x00",
    ];
    for bytes in others {
        for direction in [ToServer, ToClient] {
            assert_eq!(
                start_line::detect(direction, bytes),
                Detection::No,
                "{}",
                bytes.escape_ascii()
            );
            let mut parser = Http1::default();
            assert!(parser.next(direction, bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
