//! Measurements; run them in release: `cargo test --release -p protocol_parsers postgres -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::*;
use crate::parser::{Parser, Step};
use crate::sql::{describe, Dialect};

#[allow(clippy::print_stderr)]
fn print(line: &str) {
    eprintln!("{line}");
}

/// Takes all steps of what is sent; says how many messages there were.
fn read(parser: &mut dyn Parser, direction: Direction, bytes: &[u8]) -> u32 {
    let (mut rest, mut messages) = (bytes, 0);
    while !rest.is_empty() {
        let len = match parser.next(direction, rest) {
            Ok(Step::Message { len, message }) => {
                messages += 1;
                drop(black_box(message));
                len
            }
            Ok(Step::Skip(len)) => len,
            other => panic!("{other:?}"),
        };
        rest = &rest[usize::try_from(len).unwrap().min(rest.len())..];
    }
    messages
}

fn exchanges_a_second(conversation: &str, exchanges: u32) -> f64 {
    let parts = script(conversation);
    let mut parser = (DEFINITION.parser)();
    let rounds = 300_000;
    let start = Instant::now();
    for _ in 0..rounds {
        for (direction, bytes) in &parts {
            read(parser.as_mut(), *direction, bytes);
        }
    }
    f64::from(rounds * exchanges) / start.elapsed().as_secs_f64()
}

#[test]
#[ignore = "measures; run it in release"]
fn small_exchanges_are_fast() {
    for (name, conversation) in [
        (
            "simple",
            "> Q UPDATE pgbench_accounts SET abalance = abalance + 4711 WHERE aid = 12345;\n< C UPDATE 1 | Z",
        ),
        (
            "extended",
            "> P - SELECT abalance FROM pgbench_accounts WHERE aid = $1; | B - - | D | E - | S\n< 1 | 2 | T | D | C SELECT 1 | Z",
        ),
        ("prepared", "> B - s | D | E - | S\n< 2 | T | D | C SELECT 1 | Z"),
    ] {
        let speed = exchanges_a_second(conversation, 1);
        print(&format!("{name}: {speed:.0} exchanges/s"));
        assert!(speed > 300_000.0 || cfg!(debug_assertions));
    }
}

#[test]
#[ignore = "measures; run it in release"]
fn rows_and_copies_are_passed_over_fast() {
    let row = typed(b'D', &[&[0, 1, 0, 0, 0, 100][..], &[b'x'; 100]].concat());
    let rows = row.repeat(2000);
    let copy = typed(b'd', &[b'x'; 8192]).repeat(30);
    for (name, bytes, query) in [
        ("rows of 100 bytes", &rows, "Q select 1"),
        ("copy of 8 KiB", &copy, "Q copy t to stdout"),
    ] {
        let mut parser = (DEFINITION.parser)();
        read(parser.as_mut(), ToServer, &client(query));
        read(parser.as_mut(), ToClient, &server("T"));
        let start = Instant::now();
        for _ in 0..2000 {
            read(parser.as_mut(), ToClient, black_box(bytes));
        }
        let size = 2000.0 * f64::from(u32::try_from(bytes.len()).unwrap());
        print(&format!(
            "{name}: {:.0} MB/s",
            size / start.elapsed().as_secs_f64() / 1e6
        ));
    }
}

#[test]
#[ignore = "measures; run it in release"]
fn sql_is_described_fast() {
    for sql in [
        "SELECT abalance FROM pgbench_accounts WHERE aid = 12345;",
        "SELECT u.id, u.name, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE u.email = 'a@b.c' AND o.state IN (1, 2, 3) ORDER BY o.created_at DESC LIMIT 20",
    ] {
        let round = |_| {
            let start = Instant::now();
            for _ in 0..30_000 {
                black_box(describe(black_box(sql.as_bytes()), Dialect::POSTGRESQL));
            }
            start.elapsed().as_secs_f64() / 30_000.0
        };
        // The machine may be busy: the best of several rounds.
        let each = (0..20).map(round).fold(f64::MAX, f64::min);
        print(&format!("{} bytes of SQL: {:.0} ns", sql.len(), each * 1e9));
    }
}
