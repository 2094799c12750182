#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

fn template(path: &str) -> String {
    match Names::default().route("service", path) {
        Route::Template(template) => template.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn data_in_paths_becomes_placeholders_and_words_stay() {
    for (path, expected) in [
        ("/", "/"),
        ("*", "*"),
        ("/users", "/users"),
        ("/users/", "/users"),
        ("//users///list", "/users/list"),
        ("/users/42", "/users/{id}"),
        ("/users/-42", "/users/{id}"),
        ("/points/52.5200,13.4050", "/points/{id}"),
        ("/api/v1/users", "/api/v1/users"),
        ("/api/v2.1/users", "/api/v2.1/users"),
        ("/1.1/statuses/1.2.3", "/1.1/statuses/{id}"),
        ("/o/550e8400-e29b-41d4-a716-446655440000/x", "/o/{uuid}/x"),
        ("/o/%7B550E8400-E29B-41D4-A716-446655440000%7D", "/o/{uuid}"),
        ("/commit/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commit/{hash}"),
        ("/commit/9fceb02d", "/commit/{hash}"),
        ("/digest/sha256:9fceb02d0ae5", "/digest/{hash}"),
        ("/facade/decade/added", "/facade/decade/added"),
        ("/on/2024-01-31", "/on/{date}"),
        ("/on/2024-01", "/on/{date}"),
        ("/on/2024-01-31T10:00:00Z", "/on/{date}"),
        ("/on/2024-13-31", "/on/{id}"),
        ("/hosts/10.1.2.3", "/hosts/{ip}"),
        ("/hosts/2001:db8::1", "/hosts/{ip}"),
        ("/mail/jane.doe@example.com", "/mail/{email}"),
        ("/mail/jane%40example.com", "/mail/{email}"),
        ("/v/dQw4w9WgXcQ", "/v/{token}"),
        ("/customers/cus_9s6XKzkNRiz8i3", "/customers/{token}"),
        ("/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "/t/{token}"),
        ("/t/QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "/t/{token}"),
        ("/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/t/{token}"),
        ("/orders/order-10023", "/orders/{id}"),
        ("/oauth2/token", "/oauth2/token"),
        ("/getUserByIdAndName/x86_64/sha256", "/getUserByIdAndName/x86_64/sha256"),
        ("/search/hello%20world", "/search/{name}"),
        ("/search/%E4%BD%A0%E5%A5%BD", "/search/{name}"),
        ("/search/%ff%fe", "/search/{name}"),
        ("/search/%zz", "/search/{name}"),
        ("/~user/%7Euser", "/~user/~user"),
        ("/cart;jsessionid=1A2B3C/item;color=red", "/cart/item"),
        ("/a?b=/c/1", "/a"),
        ("/favicon.ico", "/favicon.ico"),
        ("/index.html", "/index.html"),
        ("/static/app.min.js", "/static/app.min.js"),
        ("/static/main.3f2a1b9c.js", "/static/{file}.js"),
        ("/static/chunk-2AB3CDE4.css", "/static/{file}.css"),
        ("/img/photo_000123.jpg", "/img/{file}.jpg"),
        ("/users/42.json", "/users/{id}.json"),
        ("/.env", "/.env"),
        ("/.well-known/openid-configuration", "/.well-known/openid-configuration"),
        ("/pkg.Service/Method", "/pkg.Service/Method"),
        ("/a/b/c/d/e/f/g/h/i/j/k/l", "/a/b/c/d/e/f/g/h/i/j/*"),
        ("example.com:443", "None"),
        ("", "None"),
    ] {
        assert_eq!(template(path), expected, "{path}");
    }
}

#[test]
fn a_long_word_and_every_odd_byte_are_no_route() {
    assert_eq!(template(&format!("/x/{}", "a-".repeat(40))), "/x/{name}");
    for odd in ['<', '"', '{', '|', '\\', '^', '`', ' ', '\u{1}', 'é'] {
        assert_eq!(template(&format!("/x/some{odd}word")), "/x/{name}", "{odd:?}");
    }
}

/// A word that no rule takes for data: letters only.
fn slug(number: usize) -> String {
    let letter = |digit: usize| char::from(b"bcdfghjklmnpqrst"[digit % 16]);
    [letter(number / 256), 'a', letter(number / 16), 'o', letter(number)]
        .iter()
        .collect()
}

#[test]
fn a_place_with_too_many_children_folds_and_keeps_the_ones_seen_often() {
    let mut names = Names::default();
    for _ in 0..20 {
        names.route("service", "/users/settings");
    }
    let given: Vec<_> = (0..200)
        .map(|number| names.route("service", &format!("/users/{}", slug(number))))
        .collect();
    assert_eq!(given[0], Route::Template(format!("/users/{}", slug(0)).into()));
    assert_eq!(given[199], Route::Template("/users/{name}".into()));
    assert_eq!(
        names.route("service", &format!("/users/{}", slug(0))),
        Route::Template("/users/{name}".into())
    );
    assert_eq!(
        names.route("service", "/users/settings"),
        Route::Template("/users/settings".into())
    );
    assert_eq!(
        names.route("service", "/users/7"),
        Route::Template("/users/{id}".into())
    );
}

#[test]
fn users_with_repositories_fold_at_both_levels_before_the_service_overflows() {
    let mut names = Names::default();
    for number in 0..5000 {
        names.route(
            "service",
            &format!("/{}/{}/issues", slug(number / 10), slug(number % 3000)),
        );
    }
    let expected = Route::Template("/{name}/{name}/issues".into());
    assert_eq!(
        names.route("service", &format!("/{}/{}/issues", slug(4001), slug(77))),
        expected
    );
}

#[test]
fn no_flood_of_paths_gives_a_service_more_names_than_the_limit() {
    let limits = Limits {
        templates: 50,
        ever: 120,
        children: 20,
    };
    let mut names = Names::new(limits);
    let mut seen = std::collections::HashSet::new();
    let mut overflows = 0;
    for number in 0..20_000_usize {
        let level = |level: usize| ["/", &slug(number.wrapping_mul(31 + level))].concat();
        let path: String = (0..number % 5).map(level).collect();
        match names.route("service", &path) {
            Route::Template(template) => _ = seen.insert(template),
            Route::Overflow => overflows += 1,
            Route::None => {}
        }
    }
    assert!(seen.len() <= limits.ever, "{}", seen.len());
    assert!(names.services["service"].size() <= limits.templates * 5 + 1);
    assert!(overflows < 20_000);
    assert_ne!(
        names.route("other", "/fresh"),
        Route::Overflow,
        "another service has its own limits"
    );
}

#[test]
fn a_stream_of_invented_services_shares_one_set_of_routes() {
    let mut names = Names::default();
    for number in 0..2 * MAX_SERVICES {
        assert_eq!(
            names.route(&format!("service-{number}"), "/a"),
            Route::Template("/a".into())
        );
    }
    assert_eq!(names.services.len(), MAX_SERVICES + 1);
}

#[test]
fn the_same_paths_in_the_same_order_give_the_same_names() {
    let run = || {
        let mut names = Names::new(Limits {
            templates: 40,
            ever: 100,
            children: 12,
        });
        let path = |number: usize| format!("/{}/{}", slug(number * 7 % 97), slug(number * 13 % 501));
        (0..3000)
            .map(|number| names.route("service", &path(number)))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

fn named(operation: Option<&str>, target: Target, attributes: &[(&'static str, &str)]) -> String {
    let facts = Facts {
        operation: operation.map(Text::from),
        target,
        ..Facts::default()
    };
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(key, value)| Attribute {
            key,
            value: Value::Text(Text::from(*value)),
        })
        .collect();
    span_name(&mut Names::default(), "service", &facts, &attributes)
        .name
        .unwrap_or_default()
        .to_string()
}

#[test]
fn names_are_operation_and_target_or_what_there_is_of_them() {
    let system: &[(&'static str, &str)] = &[(semconv::DB_SYSTEM_NAME, "postgresql")];
    assert_eq!(
        named(Some("GET"), Target::Path("/users/7".into()), &[]),
        "GET /users/{id}"
    );
    assert_eq!(
        named(Some("_OTHER"), Target::Path("/users/7".into()), &[]),
        "HTTP /users/{id}"
    );
    assert_eq!(named(Some("_OTHER"), Target::None, &[]), "HTTP");
    assert_eq!(
        named(Some("CONNECT"), Target::Path("example.com:443".into()), &[]),
        "CONNECT"
    );
    assert_eq!(
        named(Some("SELECT"), Target::Name("orders".into()), system),
        "SELECT orders"
    );
    assert_eq!(named(Some("HSET"), Target::None, system), "HSET");
    assert_eq!(named(None, Target::Name("shop.Cart/Add".into()), &[]), "shop.Cart/Add");
    assert_eq!(named(None, Target::None, system), "postgresql");
    assert_eq!(named(Some(""), Target::Name("".into()), &[]), "");
    assert_eq!(
        named(
            Some("SELECT"),
            Target::None,
            &[(semconv::DB_QUERY_SUMMARY, "SELECT a b")]
        ),
        "SELECT a b"
    );
}

#[test]
fn no_path_whatever_its_bytes_gives_a_long_name_or_one_with_odd_characters() {
    let pieces = [
        "/", "%", "2f", "%20", "é", "a", "Zz", "9", "-", ".", ";", "?", "@", ":", "{", "eyJ", "0x", "=", "\u{0}", "js",
    ];
    let mut state = 1_u64;
    let mut names = Names::new(Limits {
        templates: usize::MAX,
        ever: usize::MAX,
        children: usize::MAX,
    });
    for round in 0..5_000 {
        let mut path = String::from("/");
        for _ in 0..round % 120 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            path.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let Route::Template(template) = Names::default().route("service", &path) else {
            panic!("{path:?}")
        };
        assert!(template.starts_with('/') && template.len() < 640, "{template}");
        assert!(
            template
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?%;<>\"\\".contains(&byte)),
            "{path:?} {template}"
        );
        if round < 300 {
            assert_eq!(
                names.route("service", &path),
                Route::Template(template),
                "a template does not depend on others"
            );
        }
    }
}
