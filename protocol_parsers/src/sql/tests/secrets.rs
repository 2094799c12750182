//! Literals never show, whatever happens to the SQL.

use super::*;

/// Words and numbers that are nowhere in the templates.
const SECRETS: [&str; 4] = ["hunter2zq", "Zq'zq", "4929123456789012", "zq\\"];

/// A literal in every way of quoting; `@` is the secret.
const POSTGRES_LITERALS: &[&str] = &[
    "'@'",
    "E'@'",
    "e'a\\'@'",
    "$$@$$",
    "$tag$@$tag$",
    "U&'@'",
    "N'@'",
    "B'@'",
    "X'@'",
    "'a''@'",
    "'@'::text",
    "DATE '@'",
];
const MYSQL_LITERALS: &[&str] = &[
    "'@'",
    "\"@\"",
    "_utf8mb4'@'",
    "N'@'",
    "x'@'",
    "b'@'",
    "'a\\'@'",
    "'a''@'",
    "\"a\"\"@\"",
    "DATE'@'",
];

/// Statements with a place for a literal wherever SQL has one.
const STATEMENTS: &[&str] = &[
    "SELECT ^",
    "SELECT a, ^ AS b, f(^, c) FROM t WHERE x = ^ AND y LIKE ^ ESCAPE ^ ORDER BY z LIMIT ^",
    "SELECT * FROM t WHERE a IN (^, ^, ^) OR b BETWEEN ^ AND ^",
    "SELECT * FROM t WHERE (a, b) IN ((^, ^), (^, ^))",
    "INSERT INTO t (a, b) VALUES (^, ^), (^, f(^)) RETURNING a",
    "UPDATE t SET a = ^, b = b || ^ WHERE c = ^",
    "DELETE FROM t WHERE a = ^ /* comment */ AND b = ^",
    "CREATE USER u PASSWORD ^",
    "ALTER TABLE t ALTER a SET DEFAULT ^",
    "CALL p(^, ^)",
    "SELECT CASE WHEN a = ^ THEN ^ ELSE ^ END",
    "WITH x AS (SELECT ^) SELECT * FROM x WHERE a = ^; SELECT ^",
    "SET a = ^; COPY t TO ^",
];

fn planted(dialect: Dialect, check: impl Fn(&str, &str, Dialect)) {
    let literals = if dialect == Dialect::MYSQL {
        MYSQL_LITERALS
    } else {
        POSTGRES_LITERALS
    };
    for statement in STATEMENTS {
        for literal in literals {
            for secret in SECRETS {
                // Escaped as the way of quoting wants it.
                let escapes = literal.starts_with(['E', 'e']) || dialect == Dialect::MYSQL;
                let text = if literal.contains('$') {
                    secret.to_owned()
                } else {
                    secret.replace('\'', "''")
                };
                let text = if escapes { text.replace('\\', "\\\\") } else { text };
                check(&statement.replace('^', &literal.replace('@', &text)), secret, dialect);
            }
        }
    }
}

#[test]
fn a_number_without_quotes_never_shows_cut_or_whole() {
    for dialect in [Dialect::POSTGRESQL, Dialect::MYSQL] {
        for number in [
            "4929123456789012",
            "-4929123456789012",
            "4929.123456789012e4929",
            ".4929123456789012",
        ] {
            for statement in STATEMENTS {
                let sql = statement.replace('^', number);
                for cut in 0..=sql.len() {
                    hides(&sql.as_bytes()[..cut], "4929123456789012", dialect);
                }
            }
        }
    }
}

/// Nothing of a secret longer than three characters may be seen: a cut or damaged one is one too.
#[track_caller]
fn hides(sql: &[u8], secret: &str, dialect: Dialect) {
    hidden_in(&describe(sql, dialect), sql, secret, dialect);
}

#[track_caller]
fn hidden_in(shown: &Described, sql: &[u8], secret: &str, dialect: Dialect) {
    {
        let shown = format!(
            "{} {} {:?} {:?}",
            shown.text, shown.summary, shown.operation, shown.collection
        );
        let leaks = secret.contains("zq") && shown.to_lowercase().contains("zq")
            || secret
                .as_bytes()
                .windows(4)
                .any(|part| shown.contains(std::str::from_utf8(part).unwrap()));
        assert!(
            !leaks,
            "{:?} of {}\nshows {shown}",
            dialect.family,
            String::from_utf8_lossy(sql)
        );
    }
}

#[test]
fn a_literal_never_shows_in_any_place_of_any_statement() {
    for dialect in [Dialect::POSTGRESQL, Dialect::MYSQL] {
        planted(dialect, |sql, secret, dialect| hides(sql.as_bytes(), secret, dialect));
    }
}

#[test]
fn a_literal_never_shows_where_the_text_is_cut() {
    for dialect in [Dialect::POSTGRESQL, Dialect::MYSQL] {
        planted(dialect, |sql, secret, dialect| {
            for cut in 0..sql.len() {
                let front = &sql.as_bytes()[..cut];
                hides(front, secret, dialect);
                hidden_in(&describe_front(front, dialect), front, secret, dialect);
            }
        });
    }
}

#[test]
fn a_literal_never_shows_when_a_byte_is_missing() {
    for dialect in [Dialect::POSTGRESQL, Dialect::MYSQL] {
        planted(dialect, |sql, secret, dialect| {
            for missing in 0..sql.len() {
                let mut bytes = sql.as_bytes().to_vec();
                bytes.remove(missing);
                hides(&bytes, secret, dialect);
            }
        });
    }
}

#[test]
fn a_literal_never_shows_when_a_byte_is_another() {
    for dialect in [Dialect::POSTGRESQL, Dialect::MYSQL] {
        planted(dialect, |sql, secret, dialect| {
            for at in 0..sql.len() {
                for other in [b'x', b'\'', b'"', b'$', b'/', 0xff] {
                    let mut bytes = sql.as_bytes().to_vec();
                    bytes[at] = other;
                    hides(&bytes, secret, dialect);
                }
            }
        });
    }
}

#[test]
fn any_bytes_are_described_within_the_limits() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let pieces: &[&[u8]] = &[
        b"'",
        b"\"",
        b"`",
        b"$$",
        b"$a$",
        b"--",
        b"/*",
        b"*/",
        b"/*!",
        b"#",
        b"\\",
        b"(",
        b")",
        b",",
        b";",
        b".",
        b"[",
        b"]",
        b"SELECT ",
        b"FROM ",
        b"VALUES",
        b" IN ",
        b"CREATE ",
        b"TABLE ",
        b"WITH ",
        b" AS ",
        b"1",
        b"-",
        b"e",
        b"\xff",
        b"E'",
        b"a",
        b" ",
        b"\n",
        b"U&'",
        b"INSERT INTO ",
        b"JOIN ",
        b"EXPLAIN ",
        b"?",
    ];
    for _ in 0..20_000 {
        let mut sql = Vec::new();
        for _ in 0..random() % 60 {
            let at = usize::try_from(random()).unwrap() % pieces.len();
            sql.extend_from_slice(pieces[at]);
        }
        for dialect in [Dialect::POSTGRESQL, Dialect::MYSQL] {
            let described = describe(&sql, dialect);
            assert!(described.text.len() <= MAX_TEXT && described.summary.len() <= MAX_SUMMARY);
        }
    }
    let deep = b"(SELECT ".repeat(4000);
    assert!(describe(&deep, Dialect::POSTGRESQL).summary.len() <= MAX_SUMMARY);
}
