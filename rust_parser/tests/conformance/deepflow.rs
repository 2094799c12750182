//! Captures of others, with what their parser says of each packet (`.result`): every exchange that it and we can see is the
//! same. Reads `EBPF_OTLP_TRACER_SHARED_DATA`, else `../shared/data` beside the repository; skipped, saying so, without it.

use std::fs;
use std::path::{Path, PathBuf};

use protocol_parsers::Value;
use rust_parser::pipeline::Options;
use rust_parser::replay::Replay;
use rust_parser::span::Span;

fn capture(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("EBPF_OTLP_TRACER_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = data.join("traffic/deepflow").join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// The spans of a capture, and what was lost.
fn replay(path: &Path) -> (Vec<Span>, Vec<(String, u64)>) {
    let mut replay = Replay::open(&[path.to_owned()], Options::default()).expect("a capture");
    let mut spans = replay.next(10_000).expect("it can be read");
    spans.sort_by_key(|span| span.start_unix_nano);
    let lost = replay
        .summary()
        .lost
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    (spans, lost)
}

fn text(span: &Span, key: &str) -> String {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key);
    match attribute.map(|attribute| &attribute.value) {
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

/// What stands between two marks in a line of Rust's debug format.
fn between<'a>(line: &'a str, before: &str, after: &str) -> &'a str {
    let rest = line.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

/// Requests with the line that follows each, which is its response where the parser knew one.
fn pairs(result: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = result.lines().collect();
    lines
        .chunks(2)
        .filter_map(|pair| Some((*pair.first()?, pair.get(1).copied().unwrap_or_default())))
        .collect()
}

#[test]
fn http_exchanges_are_those_of_the_result() {
    let Some(path) = capture("http/httpv1.pcap") else {
        return;
    };
    let (spans, lost) = replay(&path);
    let result = fs::read_to_string(path.with_extension("result")).expect("beside it");
    let expected: Vec<_> = pairs(&result)
        .into_iter()
        .map(|(request, response)| {
            let path = between(request, "path: \"", "\"")
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned();
            let status = between(response, "status_code: Some(", ")").to_owned();
            let size = between(response, "resp_content_length: Some(", ")").to_owned();
            (between(request, "method: ", ",").to_uppercase(), path, status, size)
        })
        .collect();
    let found: Vec<_> = spans
        .iter()
        .map(|span| {
            let of = |key| text(span, key);
            let (status, size) = (of("http.response.status_code"), of("http.response.body.size"));
            (of("http.request.method"), of("url.path"), status, size)
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(lost, []);
}

#[test]
fn redis_exchanges_are_those_of_the_result_and_the_reply_that_was_not_captured_whole_says_so() {
    let Some(path) = capture("redis/redis.pcap") else {
        return;
    };
    let (spans, lost) = replay(&path);
    let result = fs::read_to_string(path.with_extension("result")).expect("beside it");
    // The lines that are no Redis to it are packets in the middle of one reply of 490,493 bytes.
    let (pieces, known): (Vec<&str>, Vec<&str>) = result.lines().partition(|line| line.ends_with("is_redis: false"));
    assert_eq!(pieces.len(), 8);
    let mut expected: Vec<String> = pairs(&known.join("\n"))
        .into_iter()
        .map(|(request, response)| {
            assert!(between(request, "request_type: \"", "\"").len() > 1 && response.contains("error: \"\""));
            between(request, "request: \"", "\"").to_owned()
        })
        .collect();
    // The tenth one asks for a key with blanks in it, which we quote. The capture ends before the last two bytes of its
    // reply: it is shown, and says so.
    let tenth = expected.pop().expect("ten");
    assert_eq!(tenth, "GET 1 1 http://127.0.0.1:20013/v2/pod-groups");
    expected.push(tenth.replace("GET ", "GET \"") + "\"");
    let found: Vec<String> = spans.iter().map(|span| text(span, "db.query.text")).collect();
    assert_eq!(found, expected);
    assert!(spans.iter().all(|span| text(span, "error.type").is_empty()));
    let incomplete: Vec<String> = spans
        .iter()
        .map(|span| text(span, "ebpf_otlp_tracer.capture.incomplete"))
        .collect();
    assert_eq!(incomplete.last().map(String::as_str), Some("true"));
    assert_eq!(incomplete.iter().filter(|flag| !flag.is_empty()).count(), 1);
    assert_eq!(lost, []);
}

#[test]
fn redis_errors_and_arrays_are_those_of_the_result() {
    for name in ["redis/redis-error.pcap", "redis/redis-debug.pcap"] {
        let Some(path) = capture(name) else { return };
        let (spans, lost) = replay(&path);
        let result = fs::read_to_string(path.with_extension("result")).expect("beside it");
        let (request, response) = pairs(&result)[0];
        let [span] = spans.as_slice() else {
            panic!("{name}: {spans:?}")
        };
        assert_eq!(
            text(span, "db.operation.name"),
            between(request, "request_type: \"", "\"").to_uppercase()
        );
        let error = between(response, "error: \"-", " ");
        assert_eq!(
            text(span, "error.type"),
            if response.contains("error: \"-") { error } else { "" },
            "{name}"
        );
        assert_eq!(lost, [], "{name}");
    }
}

#[test]
fn kafka_exchanges_are_those_of_the_results() {
    let captures = [
        "00-produce-v2",
        "00-produce-v7-sw8",
        "00-produce-v9",
        "01-fetch-v12-ok",
        "01-fetch-v12-unknown",
        "11-join-group-v7",
        "13-leave-group-v4",
        "14-sync-group-v5",
        "18-api-versions-v3",
        "mixed-with-unsupported",
    ];
    for name in captures {
        let Some(path) = capture(&format!("kafka/{name}.pcap")) else {
            return;
        };
        let (spans, lost) = replay(&path);
        let result = fs::read_to_string(path.with_extension("result")).expect("beside it");
        let fields = |line: &str| {
            let number = between(line, "correlation_id: Some(", ")").to_owned();
            let key = between(line, "api_key: ", ",").to_owned();
            (number, key, between(line, "api_version: ", ",").to_owned())
        };
        let (requests, responses): (Vec<&str>, Vec<&str>) =
            result.lines().partition(|line| line.contains("msg_type: Request"));
        let mut expected: Vec<_> = requests
            .into_iter()
            .map(|request| {
                // A code of -2 stands for "not read".
                let response = responses.iter().find(|line| fields(line) == fields(request));
                let code = response.map_or("", |line| between(line, "status_code: Some(", ")"));
                let failed = !matches!(code, "" | "0" | "-2");
                (
                    fields(request),
                    between(request, "group_id: \"", "\"").to_owned(),
                    failed,
                )
            })
            .collect();
        let mut found: Vec<_> = spans
            .iter()
            .map(|span| {
                let of = |key| text(span, key);
                let number = of("ebpf_otlp_tracer.kafka.correlation_id");
                let version = of("ebpf_otlp_tracer.kafka.api_version");
                let fields = (number, of("messaging.operation.name"), version);
                let group = of("messaging.consumer.group.name");
                (fields, group, !of("error.type").is_empty())
            })
            .collect();
        expected.sort();
        found.sort();
        // Groups are only read from requests that are about nothing else there.
        for (found, expected) in found.iter_mut().zip(&expected) {
            if expected.1.is_empty() {
                found.1.clear();
            }
        }
        assert_eq!(found, expected, "{name}");
        assert_eq!(lost, [], "{name}");
    }
}
