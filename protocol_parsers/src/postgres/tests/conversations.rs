//! What each part of the protocol makes of itself.

use super::*;

#[test]
fn a_simple_query_is_one_exchange_that_ends_when_the_server_is_ready() {
    expect(
        "> Q select * from t where a = 'zq'
         < T | D | D | C SELECT 2 | Z
         > Q update t set a = 1
         < C UPDATE 3 | Z
         > Q
         < I | Z",
        &[
            "> select * from t where a = ?",
            "< Begin",
            "< End rows=2",
            "> update t set a = ?",
            "< affected=3",
            "> ",
            "<",
        ],
    );
}

#[test]
fn several_statements_in_one_query_are_one_exchange_and_their_rows_add_up() {
    expect(
        "> Q select 1; insert into t values (1); select 2
         < T | D | C SELECT 1 | C INSERT 0 2 | T | D | C SELECT 1 | Z",
        &[
            "> select ?; insert into t values (?); select ?",
            "< Begin",
            "< End rows=2 affected=2",
        ],
    );
}

#[test]
fn an_error_in_the_middle_of_several_statements_is_the_answer() {
    expect(
        "> Q select 1; select 1/0
         < T | D | C SELECT 1 | E 22012 division by zero | Z",
        &[
            "> select ?; select ?/?",
            "< Begin",
            "< End rows=1 22012: division by zero",
        ],
    );
}

#[test]
fn each_execute_of_a_pipeline_is_an_exchange_that_ends_with_itself() {
    expect(
        "> P - select 1 | B - - | D | E - | P - insert into t values ($1) | B - - | D | E - | S
         < 1 | 2 | T | D | C SELECT 1 | 1 | 2 | n | C INSERT 0 1 | Z",
        &[
            "> select ?",
            "> insert into t values ($1)",
            "< Begin",
            "< End rows=1",
            "< affected=1",
        ],
    );
}

#[test]
fn a_deep_pipeline_has_an_answer_for_each_statement() {
    let depth = 1000;
    let one = client("P - select $1")
        .into_iter()
        .chain(client("B - -"))
        .chain(client("E -"));
    let sent = [one.collect::<Vec<_>>().repeat(depth), client("S")].concat();
    let got = [server("1"), server("2"), server("D"), server("C SELECT 1")]
        .concat()
        .repeat(depth);
    let got = [got, server("Z")].concat();
    let said = talk(&vec![(ToServer, sent), (ToClient, got)]);
    assert_eq!(said.iter().filter(|line| *line == "> select $1").count(), depth);
    assert_eq!(said.iter().filter(|line| *line == "< End rows=1").count(), depth);
}

#[test]
fn a_named_statement_has_its_text_wherever_it_is_executed() {
    expect(
        "> P s1 select * from t where a = $1 | S
         < 1 | Z
         > B - s1 | E - | S
         < 2 | D | C SELECT 1 | Z
         > B cur s1 | E cur | S
         < 2 | D | s | Z
         > E cur | S
         < D | C SELECT 1 | Z
         > C s1 | S
         < 3 | Z
         > B - s1 | E - | S
         < 2 | E 26000 prepared statement \"s1\" does not exist | Z",
        &[
            "> select * from t where a = $1 (Routine)",
            "<",
            "> select * from t where a = $1",
            "< Begin",
            "< End rows=1",
            "> select * from t where a = $1",
            "< Begin",
            "< End rows=1",
            "> select * from t where a = $1",
            "< Begin",
            "< End rows=1",
            ">  (Routine)",
            "<",
            "> s1",
            "< 26000: prepared statement ? does not exist",
        ],
    );
}

#[test]
fn after_an_error_in_a_pipeline_the_rest_of_the_batch_is_answered_as_not_executed() {
    expect(
        "> P - select 1 | B - - | E - | P - select 1/0 | B - - | E - | P - select 3 | B - - | E - | P - select 4 | B - - | E - | S
         < 1 | 2 | D | C SELECT 1 | 1 | 2 | E 22012 division by zero | Z E
         > Q rollback
         < C ROLLBACK | Z",
        &[
            "> select ?",
            "> select ?/?",
            "> select ?",
            "> select ?",
            "< Begin",
            "< End rows=1",
            "< 22012: division by zero",
            "< (empty) pipeline_aborted: not executed: statement 2 of the pipeline failed",
            "< (empty) pipeline_aborted: not executed: statement 2 of the pipeline failed",
            "> rollback",
            "<",
        ],
    );
}

#[test]
fn a_statement_that_cannot_be_parsed_fails_its_execute_or_else_its_sync() {
    expect(
        "> P - selec 1 | B - - | D | E - | S
         < E 42601 syntax error at or near \"selec\" | Z
         > P s2 select * from missing | S
         < E 42P01 relation \"missing\" does not exist | Z
         > P s3 select * from missing | D | H
         < E 42P01 relation \"missing\" does not exist
         > S
         < Z",
        &[
            "> selec ?",
            "< 42601: syntax error at or near ?",
            "> select * from missing (Routine)",
            "< 42P01: relation \"missing\" does not exist",
            "> select * from missing (Routine)",
            "< 42P01: relation \"missing\" does not exist",
        ],
    );
}

#[test]
fn an_error_at_the_end_of_the_transaction_belongs_to_the_last_statement() {
    expect(
        "> P - insert into t values ($1) | B - - | D | E - | S
         < 1 | 2 | n | C INSERT 0 1 | E 23505 duplicate key value violates unique constraint \"t_key\" | Z",
        &[
            "> insert into t values ($1)",
            "< affected=1 23505: duplicate key value violates unique constraint \"t_key\"",
        ],
    );
}

#[test]
fn a_preparation_that_waits_for_its_execute_is_no_exchange() {
    expect(
        "> P s select $1 | D | H
         < 1 | t | T
         > B - s | E - | S
         < 2 | D | s | Z
         > P u select 2 | D | H
         < 1 | t | n
         > Q commit
         < C COMMIT | Z",
        &["> select $1", "< Begin", "< End rows=1", "> commit", "<"],
    );
}

#[test]
fn an_execute_with_a_flush_ends_with_its_completion() {
    expect(
        "> P - select 1 | B - - | E - | H
         < 1 | 2 | D | C SELECT 1
         > P - select 2 | B - - | E - | S
         < 1 | 2 | D | C SELECT 1 | Z",
        &[
            "> select ?",
            "< Begin",
            "< End rows=1",
            "> select ?",
            "< Begin",
            "< End rows=1",
        ],
    );
}

#[test]
fn an_execute_whose_successor_is_not_sent_yet_ends_when_the_next_answer_comes() {
    expect(
        "> P - select 1 | B - - | E -
         < 1 | 2 | D | C SELECT 1
         > P - select 2 | B - - | E - | S
         < 1 | 2 | D | C SELECT 1 | Z",
        &[
            "> select ?",
            "< Begin",
            "> select ?",
            "< End (empty) rows=1",
            "< Begin",
            "< End rows=1",
        ],
    );
}

#[test]
fn copies_are_one_exchange_each_and_their_data_is_passed_over() {
    expect(
        "> Q copy t from stdin
         < G
         > d zq zq | d zq | c
         < C COPY 2 | Z
         > Q copy t to stdout
         < H | d | d | c | C COPY 2 | Z
         > P - copy t from stdin | B - - | D | E - | S
         < 1 | 2 | n | G
         > d zq | c | S
         < C COPY 1 | Z
         > Q start_replication slot x logical 0/0
         < W | d | d
         > d zq
         < d
         > c
         < c | C COPY 0 | Z",
        &[
            "> copy t from stdin",
            "< Begin",
            "< End affected=2",
            "> copy t to stdout",
            "< Begin",
            "< End affected=2",
            "> copy t from stdin",
            "< Begin",
            "< End affected=1",
            "> start_replication slot x logical ?/?",
            "< Begin",
            "< End affected=0",
        ],
    );
}

#[test]
fn notices_and_notifications_disturb_no_answer_and_a_warning_is_its_code() {
    expect(
        "> Q begin
         < N 25001 there is already a transaction in progress | A | C BEGIN | Z
         < A
         > Q select 1
         < T | A | D | C SELECT 1 | Z",
        &[
            "> begin",
            "!",
            "!",
            "< 25001",
            "!",
            "> select ?",
            "< Begin",
            "!",
            "< End rows=1",
        ],
    );
}

#[test]
fn a_function_call_is_an_exchange() {
    expect("> F\n < V | Z", &["> FUNCTION CALL", "< Begin", "< End"]);
}

#[test]
fn a_fatal_error_ends_its_exchange_and_one_that_nobody_asked_for_is_a_notice() {
    expect(
        "> Q select pg_sleep(9)
         < X 57P01 terminating connection due to administrator command",
        &[
            "> select pg_sleep(?)",
            "< 57P01: terminating connection due to administrator command",
        ],
    );
    expect("< X 57P01 terminating connection due to administrator command", &["!"]);
}

fn login(parameters: &str) -> Vec<u8> {
    let body = [&[0, 3, 0, 0][..], parameters.as_bytes(), b"\0"].concat();
    [&u32::try_from(body.len() + 4).unwrap().to_be_bytes()[..], &body].concat()
}

#[test]
fn database_and_user_of_the_login_are_on_every_exchange() {
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &login("user\0ann\0database\0shop\0"));
    connection.feed(ToClient, &[typed(b'R', &[0; 4]), server("Z")].concat());
    connection.feed(ToServer, &client("Q select 1"));
    let Some(Said::Message(_, _, _, message)) = connection.said.last() else {
        panic!()
    };
    assert_eq!(value(&message.facts, "db.namespace").as_deref(), Some("shop"));
    assert_eq!(value(&message.facts, "user.name").as_deref(), Some("ann"));
    let mut connection = Connection::new(&DEFINITION);
    connection.feed(ToServer, &login("user\0ann\0"));
    let Some(Said::Message(_, _, _, message)) = connection.said.last() else {
        panic!()
    };
    assert_eq!(value(&message.facts, "db.namespace").as_deref(), Some("ann"));
}

#[test]
fn a_refused_request_for_encryption_goes_on_and_a_granted_one_is_opaque() {
    let ssl = [0, 0, 0, 8, 4, 210, 22, 47].to_vec();
    let gss = [0, 0, 0, 8, 4, 210, 22, 48].to_vec();
    let refused = vec![
        (ToServer, gss),
        (ToClient, b"N".to_vec()),
        (ToServer, ssl.clone()),
        (ToClient, b"N".to_vec()),
        (ToServer, login("user\0ann\0")),
        (ToClient, [typed(b'R', &[0; 4]), server("Z")].concat()),
    ];
    assert_eq!(talk(&refused), ["> CONNECT (Routine)", "<"]);
    let granted = vec![(ToServer, ssl), (ToClient, b"S".to_vec())];
    assert_eq!(talk(&granted), ["Opaque"]);
}

#[test]
fn a_failed_login_says_why() {
    let parts = vec![
        (ToServer, login("user\0ann\0")),
        (
            ToClient,
            server("X 28P01 password authentication failed for user \"ann\""),
        ),
    ];
    assert_eq!(
        talk(&parts),
        [
            "> CONNECT (Routine)",
            "< 28P01: password authentication failed for user \"ann\""
        ]
    );
}

#[test]
fn a_cancellation_has_no_answer() {
    let cancel = [&[0, 0, 0, 16, 4, 210, 22, 46][..], &[7; 8]].concat();
    assert_eq!(talk(&vec![(ToServer, cancel)]), ["> CANCEL (None)"]);
}

#[test]
fn messages_of_errors_that_quote_data_are_cleaned() {
    for (error, said) in [
        (
            "22P02 invalid input syntax for type integer: \"zq\"",
            "22P02: invalid input syntax for type integer",
        ),
        (
            "42601 unterminated quoted string at or near \"'zq\"",
            "42601: unterminated quoted string at or near ?",
        ),
        (
            "42601 syntax error at or near \"zq\" \"zq\" zz",
            "42601: syntax error at or near ? zz",
        ),
        ("P0001 zq", "P0001: -"),
        ("XX000 zq", "XX000: -"),
        (
            "22003 value \"zq\" is out of range for type integer",
            "22003: value ? is out of range for type integer",
        ),
        ("22P02 ung\u{fc}ltig: \u{bb}zq\u{ab}", "22P02: -"),
        (
            "40001 could not serialize access due to concurrent update",
            "40001: could not serialize access due to concurrent update",
        ),
    ] {
        let said_here = talk(&script(&format!("> Q a\n< E {error} | Z")));
        assert_eq!(said_here[1], format!("< {said}"), "{error}");
    }
}

#[test]
fn the_servers_way_with_backslashes_decides_what_a_literal_is() {
    let setting = |on: &str| typed(b'S', format!("standard_conforming_strings\0{on}\0").as_bytes());
    let query = client(r"Q select 'a\'b', c");
    let said = talk(&vec![(ToClient, setting("off")), (ToServer, query.clone())]);
    assert_eq!(said, ["> select ?, c"]);
    let said = talk(&vec![
        (ToClient, setting("off")),
        (ToClient, setting("on")),
        (ToServer, query),
    ]);
    assert_eq!(said, ["> select..."]);
}

#[test]
fn the_context_in_a_comment_is_that_of_the_first_execution_only() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut connection = Connection::new(&DEFINITION);
    for part in [
        format!("> Q select 1 /*traceparent='{parent}'*/"),
        format!("> P s select 2 /*traceparent='{parent}'*/ | B - s | E - | B - s | E - | S"),
    ] {
        for (direction, bytes) in script(&part) {
            connection.feed(direction, &bytes);
        }
    }
    let contexts: Vec<bool> = connection
        .said
        .iter()
        .map(|said| matches!(said, Said::Message(_, _, _, message) if message.facts.context.is_some()))
        .collect();
    assert_eq!(contexts, [true, true, false]);
}

#[test]
fn an_answer_that_fits_no_request_is_an_error() {
    let said = talk(&script("> Q select 1\n< 1 | C SELECT 1 | Z"));
    assert_eq!(said[1], "Lost(ToClient, 0)");
}
