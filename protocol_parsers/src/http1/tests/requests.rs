//! What heads say.

use super::*;

#[test]
fn a_request_says_everything_the_conventions_ask() {
    let message = request(
        b"POST /cart/add?item=7&n=2 HTTP/1.1\r\nhost: shop.example:8080\r\nUSER-AGENT: curl/8\r\nContent-Length: 3\r\n\r\n",
    );
    assert_eq!(message.facts.operation.as_deref(), Some("POST"));
    assert_eq!(message.facts.target, Target::Path("/cart/add".into()));
    let texts = [
        ("http.request.method", "POST"),
        ("url.path", "/cart/add"),
        ("url.query", "item=7&n=2"),
        ("url.scheme", "http"),
        ("server.address", "shop.example"),
        ("user_agent.original", "curl/8"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "1.1"),
    ];
    for (key, value) in texts {
        assert_eq!(text_of(&message, key), value, "{key}");
    }
    assert_eq!(int_of(&message, "server.port"), Some(8080));
    assert_eq!(int_of(&message, "http.request.body.size"), Some(3));
    assert_eq!(message.facts.attributes.len(), texts.len() + 2);
}

#[test]
fn an_unknown_method_is_other_and_keeps_its_original() {
    for method in ["PROPFIND", "get", "M-SEARCH"] {
        let message = request(format!("{method} / HTTP/1.1\r\n\r\n").as_bytes());
        assert_eq!(text_of(&message, "http.request.method"), "_OTHER");
        assert_eq!(text_of(&message, "http.request.method_original"), method);
        assert_eq!(message.facts.operation.as_deref(), Some("HTTP"));
    }
}

#[test]
fn each_form_of_target_is_understood() {
    let absolute = request(b"GET HTTPS://me:secret@a.example:8443?x=1#top HTTP/1.0\r\nHost: other\r\n\r\n");
    assert_eq!(text_of(&absolute, "url.scheme"), "https");
    assert_eq!(text_of(&absolute, "server.address"), "a.example");
    assert_eq!(int_of(&absolute, "server.port"), Some(8443));
    assert_eq!(text_of(&absolute, "url.path"), "/");
    assert_eq!(text_of(&absolute, "url.query"), "x=1");
    assert_eq!(text_of(&absolute, "network.protocol.version"), "1.0");
    assert!(!format!("{absolute:?}").contains("secret"));

    let asterisk = request(b"OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n");
    assert_eq!(asterisk.facts.target, Target::Name("*".into()));
    assert_eq!(text_of(&asterisk, "server.address"), "2001:db8::1");
    assert_eq!(attribute(&asterisk, "server.port"), None);

    let authority = request(b"CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(authority.facts.target, Target::None);
    assert_eq!(text_of(&authority, "server.address"), "::1");
    assert_eq!(int_of(&authority, "server.port"), Some(443));
    assert_eq!(attribute(&authority, "url.path"), None);

    let redirect = request(b"GET /to?url=http://b/ HTTP/1.1\r\n\r\n");
    assert_eq!(text_of(&redirect, "url.path"), "/to");
    assert_eq!(attribute(&redirect, "server.address"), None);
}

#[test]
fn a_port_that_is_no_port_is_left_out() {
    for host in ["a:", "a:99999", "a:+1", "a:x"] {
        let message = request(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(text_of(&message, "server.address"), "a", "{host}");
        assert_eq!(attribute(&message, "server.port"), None, "{host}");
    }
}

#[test]
fn the_parent_on_the_wire_is_taken_with_its_state() {
    const PARENT: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let context = |fields: &str| {
        request(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes())
            .facts
            .context
    };
    let found = context(&format!("{PARENT}TraceState: a=1,\r\n b=2\r\n")).unwrap();
    assert_eq!(found.trace_id[0], 0x4b);
    assert_eq!(found.state.as_deref(), Some("a=1, b=2"));
    let long = context(&format!("{PARENT}tracestate: a={}\r\n", "x".repeat(600))).unwrap();
    assert_eq!(long.state, None);
    assert_eq!(
        context(&format!("{PARENT}tracestate: a=1\r\ntracestate: b=2\r\n"))
            .unwrap()
            .state
            .as_deref(),
        Some("a=1,b=2")
    );
    assert_eq!(
        context(&format!("{PARENT}{PARENT}")),
        None,
        "two parents contradict each other"
    );
    assert_eq!(context("traceparent: nonsense\r\n"), None);
}

#[test]
fn statuses_fail_on_the_side_that_is_to_blame() {
    for (code, side) in [
        (200, None),
        (304, None),
        (404, Some(FailureSide::Client)),
        (500, Some(FailureSide::Both)),
        (503, Some(FailureSide::Both)),
    ] {
        let response = format!("HTTP/1.1 {code} Whatever\r\nContent-Length: 0\r\n\r\n");
        let driver = talk(&[(ToServer, GET), (ToClient, response.as_bytes())], usize::MAX);
        let message = driver.messages()[1];
        assert_eq!(int_of(message, "http.response.status_code"), Some(code));
        assert_eq!(message.facts.failure.as_ref().map(|failure| failure.side), side);
        let kind = message.facts.failure.as_ref().map(|failure| failure.kind.to_string());
        assert_eq!(kind, side.map(|_| code.to_string()));
    }
}

#[test]
fn bare_line_feeds_folds_blank_lines_and_odd_fields_are_read() {
    let message =
        request(b"GET /a%20b c HTTP/1.1 \nHost : shop \nno field at all\nX:\n\x20more\nUser-Agent: one\n\ttwo\n\n");
    assert_eq!(text_of(&message, "url.path"), "/a%20b c");
    assert_eq!(text_of(&message, "server.address"), "shop");
    assert_eq!(text_of(&message, "user_agent.original"), "one two");
    let driver = talk(&[(ToServer, &[b"\r\n\n", GET].concat())], 1);
    assert_eq!(phases(&driver), [REQUEST]);
}

#[test]
fn text_that_is_no_utf8_or_very_long_is_kept_as_far_as_it_goes() {
    let message = request(b"GET /caf\xe9 HTTP/1.1\r\n\r\n");
    assert_eq!(text_of(&message, "url.path"), "/caf\u{fffd}");
    let message = request(format!("GET /{} HTTP/1.1\r\n\r\n", "é".repeat(4000)).as_bytes());
    assert_eq!(text_of(&message, "url.path").len(), 4095, "cut between characters");
}

#[test]
fn heads_beyond_the_limits_are_refused_by_name() {
    let line = [b"GET /", &vec![b'a'; 20_000][..]].concat();
    assert_eq!(
        Http1::default().next(ToServer, &line),
        Err(ParseError::TooLong("MAX_START_LINE"))
    );
    let head = [b"GET / HTTP/1.1\r\n", &b"X: y\r\n".repeat(20_000)[..]].concat();
    assert_eq!(
        Http1::default().next(ToServer, &head),
        Err(ParseError::TooLong("MAX_HEAD"))
    );
    let damaged = b"GET / HTTP/1.1\r\nX: \0\r\n\r\n";
    assert_eq!(
        Http1::default().next(ToServer, damaged),
        Err(ParseError::Malformed("NUL in head"))
    );
    let chunk = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        &vec![b'x'; 20_000][..],
    ]
    .concat();
    let driver = talk(&[(ToServer, GET), (ToClient, &chunk)], usize::MAX);
    assert_eq!(driver.seen[2], Seen::Error(ParseError::TooLong("MAX_CHUNK_LINE")));
}

#[test]
fn a_head_that_comes_byte_by_byte_up_to_the_limit_costs_no_square_of_its_length() {
    let head = [b"GET / HTTP/1.1\r\n", &b"X: y\r\n".repeat(10_000)[..], b"\r\n"].concat();
    let mut parser = Http1::default();
    let waits = (1..head.len()).all(|end| parser.next(ToServer, &head[..end]) == Ok(Step::NeedMore));
    assert!(waits);
    assert!(matches!(parser.next(ToServer, &head), Ok(Step::Message { .. })));
}
