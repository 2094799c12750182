//! Conversations of real clients with PostgreSQL 15, recorded by a relay between them: `>` to the server, `<` to the
//! client.

use super::*;

fn recorded(text: &str) -> Parts {
    text.lines()
        .map(|line| {
            let direction = if line.starts_with('>') { ToServer } else { ToClient };
            let digits = line.as_bytes()[2..].chunks(2);
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            (direction, digits.map(byte).collect())
        })
        .collect()
}

#[track_caller]
fn expect_recorded(text: &str, expected: &str) {
    let parts = recorded(text);
    let mut connection = Connection::new(&DEFINITION);
    for (direction, bytes) in &parts {
        connection.feed(*direction, bytes);
    }
    assert!(!shown(&connection).contains("hunter2"));
    let said = talk(&parts);
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(said, expected, "\n{}", said.join("\n"));
}

/// All recordings, for the properties that hold for every one.
pub(super) fn all() -> Vec<Parts> {
    [ASYNCPG, PSYCOPG, CANCEL, LOGIN, BAD_LOGIN, PSQL, PGBENCH]
        .map(recorded)
        .into()
}

const ASYNCPG: &str = include_str!("recorded/asyncpg.txt");
const PSYCOPG: &str = include_str!("recorded/psycopg.txt");
const CANCEL: &str = include_str!("recorded/cancel.txt");
const LOGIN: &str = include_str!("recorded/login.txt");
const BAD_LOGIN: &str = include_str!("recorded/badlogin.txt");
const PSQL: &str = include_str!("recorded/psql.txt");
const PGBENCH: &str = include_str!("recorded/pgbench.txt");

#[test]
fn every_recording_is_read_without_a_loss() {
    for parts in all() {
        let said = talk(&parts);
        assert!(!said.iter().any(|line| line.starts_with("Lost")), "{}", said.join("\n"));
    }
}

#[test]
fn asyncpg_prepares_with_a_flush_and_limits_its_fetches() {
    expect_recorded(ASYNCPG, include_str!("recorded/asyncpg.said"));
}

#[test]
fn psycopg_in_a_pipeline_that_fails_copies_and_prepares() {
    expect_recorded(PSYCOPG, include_str!("recorded/psycopg.said"));
}

#[test]
fn psycopg_is_cancelled_fails_at_the_end_and_copies_with_the_extended_protocol() {
    expect_recorded(CANCEL, include_str!("recorded/cancel.said"));
}

#[test]
fn psql_logs_in_with_a_password() {
    expect_recorded(LOGIN, include_str!("recorded/login.said"));
}

#[test]
fn psql_with_a_wrong_password() {
    expect_recorded(BAD_LOGIN, include_str!("recorded/badlogin.said"));
}

#[test]
fn psql_with_a_script() {
    expect_recorded(PSQL, include_str!("recorded/psql.said"));
}

#[test]
fn pgbench_with_prepared_statements() {
    expect_recorded(PGBENCH, include_str!("recorded/pgbench.said"));
}
