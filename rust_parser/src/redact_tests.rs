#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

fn query(text: &str) -> String {
    Redaction::default()
        .query(text)
        .map(Cow::into_owned)
        .unwrap_or_default()
}

#[test]
fn values_of_secret_keys_are_replaced_and_keys_and_the_rest_stay() {
    for (before, after) in [
        ("q=OpenTelemetry&sig=abc", "q=OpenTelemetry&sig=REDACTED"),
        (
            "AWSAccessKeyId=a&Signature=b&X-Goog-Signature=c",
            "AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED",
        ),
        (
            "X-Amz-Signature=a&X-Amz-Credential=b&X-Amz-Security-Token=c&X-Amz-Date=d",
            "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Amz-Date=d",
        ),
        (
            "token=a&ACCESS_TOKEN=b&refreshToken=c&id_token=d",
            "token=REDACTED&ACCESS_TOKEN=REDACTED&refreshToken=REDACTED&id_token=REDACTED",
        ),
        (
            "api_key=a&api-key=b&apikey=c&client_secret=d",
            "api_key=REDACTED&api-key=REDACTED&apikey=REDACTED&client_secret=REDACTED",
        ),
        ("password=a=b&user=c", "password=REDACTED&user=c"),
        (
            "code=1&state=2&session=3&auth=4",
            "code=REDACTED&state=2&session=REDACTED&auth=REDACTED",
        ),
        (
            "user[password]=a&user%5Bpassword%5d=b&tokens[]=x&token[0]=c&token%5B%5D=d",
            "user[password]=REDACTED&user%5Bpassword%5d=REDACTED&tokens[]=x&token[0]=REDACTED&token%5B%5D=REDACTED",
        ),
        ("p%61ssword=a", "p%61ssword=REDACTED"),
        ("a=1;sid=2", "a=1;sid=REDACTED"),
        ("key=value", "key=value"),
        ("key=AIzaSyA1234567890abcdefghijklmnopqrstuv", "key=REDACTED"),
    ] {
        assert_eq!(query(before), after);
    }
}

#[test]
fn nothing_is_allocated_when_there_is_nothing_to_take_out() {
    for plain in [
        "",
        "a",
        "&&",
        "=",
        "=x",
        "token",
        "token=",
        "page=2&size=50",
        "barcode=12",
        "%",
        "%5=a",
        "é=ü",
        "monkey=1",
    ] {
        assert!(
            matches!(Redaction::default().query(plain), Some(Cow::Borrowed(same)) if same == plain),
            "{plain}"
        );
        assert!(
            matches!(Redaction::default().url(plain), Cow::Borrowed(same) if same == plain),
            "{plain}"
        );
    }
}

#[test]
fn credentials_never_leave_in_a_url_whatever_the_options_say() {
    for query in [QueryPolicy::Keep, QueryPolicy::RedactSecrets, QueryPolicy::Drop] {
        let redaction = Redaction::new(&RedactionOptions {
            query,
            ..RedactionOptions::default()
        });
        for (before, after) in [
            ("https://user:pass@host/path", "https://REDACTED:REDACTED@host/path"),
            ("https://user@host:8080", "https://REDACTED@host:8080"),
            ("//user:p@ss@host/a@b", "//REDACTED:REDACTED@host/a@b"),
            ("https://host/@user:x", "https://host/@user:x"),
            ("/to/https://host", "/to/https://host"),
            ("/path@x", "/path@x"),
        ] {
            assert_eq!(redaction.url(before), after);
        }
    }
}

#[test]
fn urls_are_cleaned_in_path_query_and_fragment() {
    let redaction = Redaction::default();
    assert_eq!(
        redaction.url("http://h/a;jsessionid=1/b?x=1&token=2#access_token=3&y=4"),
        "http://h/a;jsessionid=REDACTED/b?x=1&token=REDACTED#access_token=REDACTED&y=4"
    );
    let drop = Redaction::new(&RedactionOptions {
        query: QueryPolicy::Drop,
        secret_keys: Vec::new(),
    });
    assert_eq!(drop.url("http://h/a?x=1#top"), "http://h/a#top");
    assert_eq!(drop.query("x=1"), None);
    let keep = Redaction::new(&RedactionOptions {
        query: QueryPolicy::Keep,
        secret_keys: Vec::new(),
    });
    assert_eq!(keep.query("token=1").as_deref(), Some("token=1"));
}

#[test]
fn users_may_add_keys_and_unknown_options_are_refused() {
    let options: RedactionOptions =
        serde_json::from_str(r#"{"query": "redact-secrets", "secret_keys": ["Customer-No"]}"#).expect("valid");
    assert_eq!(
        Redaction::new(&options).query("customer_no=1&b=2").as_deref(),
        Some("customer_no=REDACTED&b=2")
    );
    assert!(serde_json::from_str::<RedactionOptions>(r#"{"secret_key": []}"#).is_err());
    assert_eq!(
        serde_json::from_str::<RedactionOptions>("{}").expect("defaults"),
        RedactionOptions::default()
    );
}

#[test]
fn attributes_are_cleaned_by_their_key() {
    let clean = |key, value: Value| Redaction::default().clean(key, value);
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(clean("url.query", text("sig=1")), Some(text("sig=REDACTED")));
    assert_eq!(
        clean("url.full", text("http://u:p@h/?sig=1")),
        Some(text("http://REDACTED:REDACTED@h/?sig=REDACTED"))
    );
    assert_eq!(clean("url.path", text("/a;sid=1")), Some(text("/a;sid=REDACTED")));
    assert_eq!(clean("db.query.text", text("token=1")), Some(text("token=1")));
    let list = |texts: &[&str]| Value::List(texts.iter().map(|text| Text::from(*text)).collect());
    assert_eq!(
        clean("http.request.header.cookie", list(&["a=b", "c"])),
        Some(list(&["REDACTED", "REDACTED"]))
    );
    assert_eq!(
        clean("http.request.header.referer", list(&["http://h/?sig=1"])),
        Some(list(&["http://h/?sig=REDACTED"]))
    );
    assert_eq!(
        clean("http.response.status_code", Value::Int(200)),
        Some(Value::Int(200))
    );
}

#[test]
fn random_text_never_panics_and_loses_nothing_but_values() {
    let pieces = [
        "token", "=", "&", ";", "%5B", "[", "]", "%", "?", "#", "//", ":", "@", "/", "é", "x",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut url = String::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            url.push_str(pieces[(state >> 60) as usize]);
        }
        let clean = Redaction::default().url(&url).into_owned();
        assert_eq!(
            Redaction::default().url(&clean),
            clean,
            "{url}: what is clean stays as it is"
        );
    }
}
