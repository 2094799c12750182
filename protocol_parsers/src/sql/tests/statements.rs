//! What texts and summaries look like.

use super::*;

fn postgres(sql: &str) -> Described {
    describe(sql.as_bytes(), Dialect::POSTGRESQL)
}

fn mysql(sql: &str) -> Described {
    describe(sql.as_bytes(), Dialect::MYSQL)
}

#[track_caller]
fn texts(describe: fn(&str) -> Described, cases: &[(&str, &str)]) {
    for (sql, text) in cases {
        assert_eq!(describe(sql).text, *text, "the text of {sql}");
    }
}

#[track_caller]
fn summaries(describe: fn(&str) -> Described, cases: &[(&str, &str)]) {
    for (sql, summary) in cases {
        assert_eq!(describe(sql).summary, *summary, "the summary of {sql}");
    }
}

#[test]
fn literals_of_postgresql_become_question_marks() {
    texts(
        postgres,
        &[
            (
                "SELECT * FROM t WHERE a = 'x' AND b = 12",
                "SELECT * FROM t WHERE a = ? AND b = ?",
            ),
            (
                "SELECT 'it''s', E'it\\'s', e'\\\\', B'01', X'ff', N'x'",
                "SELECT ?, ?, ?, ?, ?, ?",
            ),
            (
                "SELECT U&'d\\0061t' UESCAPE '!', U&\"d\\0061t\"",
                "SELECT ? UESCAPE ?, U&\"d\\0061t\"",
            ),
            ("SELECT $$a'b$$, $x$ $$ $y$ $x$, $1", "SELECT ?, ?, $1"),
            (
                "SELECT 1.5e-3, .5, 0xFF, 1_000, 1., -7, a-1, a - 1, -a",
                "SELECT ?, ?, ?, ?, ?, ?, a-?, a - ?, -a",
            ),
            (
                "SELECT 'a'::text, '5'::int4, x::numeric(10,2)",
                "SELECT ?::text, ?::int4, x::numeric(?,?)",
            ),
            (
                "SELECT DATE '2020-01-01', INTERVAL '1 day', TIMESTAMP'now'",
                "SELECT DATE ?, INTERVAL ?, TIMESTAMP?",
            ),
            (
                "SELECT true, FALSE, NULL, x IS TRUE, x IS NOT FALSE",
                "SELECT ?, ?, NULL, x IS TRUE, x IS NOT FALSE",
            ),
            ("SELECT 'a'\n 'b'", "SELECT ?"),
            ("SELECT a \\ b, 'a\\', c", "SELECT a \\ b, ?, c"),
            ("SELECT a->>'k', b #> '{x}', c ? 'd'", "SELECT a->>?, b #> ?, c ? ?"),
            (
                "SELECT t1.c2 FROM t1 LIMIT 5 OFFSET -1",
                "SELECT t1.c2 FROM t1 LIMIT ? OFFSET ?",
            ),
        ],
    );
}

#[test]
fn literals_of_mysql_become_question_marks() {
    texts(
        mysql,
        &[
            (
                "SELECT 'it\\'s', \"say \\\"hi\\\"\", 'a''b', \"c\"\"d\"",
                "SELECT ?, ?, ?, ?",
            ),
            (
                "SELECT x'4D', X'4d', 0x4D, b'01', 0b01, _utf8mb4'x', N'x', _latin1\"y\"",
                "SELECT ?, ?, ?, ?, ?, ?, ?, ?",
            ),
            (
                "SELECT `a b`.`c` FROM `t` WHERE id=1",
                "SELECT `a b`.`c` FROM `t` WHERE id=?",
            ),
            ("SELECT @v, @@global.x, ? FROM t", "SELECT @v, @@global.x, ? FROM t"),
            ("SELECT 5--1", "SELECT ?-?"),
            (
                "CREATE USER 'bob'@'%' IDENTIFIED BY 'pw'",
                "CREATE USER ?@? IDENTIFIED BY ?",
            ),
        ],
    );
}

#[test]
fn comments_are_left_out() {
    texts(
        postgres,
        &[
            ("SELECT /* a /* nested */ 'x */ 1 -- it's\n+ 2", "SELECT ? + ?"),
            ("/* first */ SELECT 1; -- last", "SELECT ?"),
            ("SELECT a/**/FROM t", "SELECT a FROM t"),
            ("SELECT a # b", "SELECT a # b"),
        ],
    );
    texts(
        mysql,
        &[
            (
                "SELECT /* not /* nested */ a # it's\n-- it's\n FROM t",
                "SELECT a FROM t",
            ),
            ("SELECT /*! STRAIGHT_JOIN */ a FROM t", "SELECT STRAIGHT_JOIN a FROM t"),
            ("/*!40101 SET NAMES utf8 */", "SET NAMES utf8"),
            (
                "CREATE TABLE t (a int) /*M!100301 COMMENT='x' */",
                "CREATE TABLE t (a int) COMMENT=?",
            ),
        ],
    );
}

#[test]
fn lists_and_rows_are_one() {
    texts(
        postgres,
        &[
            (
                "SELECT 1 WHERE a IN (1, 2,3) AND b NOT IN ($1,$2)",
                "SELECT ? WHERE a IN (?) AND b NOT IN (?)",
            ),
            ("SELECT 1 WHERE a IN ('x')", "SELECT ? WHERE a IN (?)"),
            ("SELECT 1 WHERE a IN (-1, +2)", "SELECT ? WHERE a IN (?)"),
            ("SELECT 1 WHERE a IN (1, b, 2)", "SELECT ? WHERE a IN (?, b, ?)"),
            ("SELECT 1 WHERE a IN (1, 2, 3, b)", "SELECT ? WHERE a IN (?, ..., b)"),
            (
                "SELECT 1 WHERE a IN (SELECT b FROM c)",
                "SELECT ? WHERE a IN (SELECT b FROM c)",
            ),
            (
                "SELECT 1 WHERE (a, b) IN ((1, 2), (3, 4)) AND c",
                "SELECT ? WHERE (a, b) IN ((?, ?), ...) AND c",
            ),
            (
                "SELECT ARRAY[1,2,3], ARRAY['a'::text, 'b']",
                "SELECT ARRAY[?], ARRAY[?::text, ?]",
            ),
            (
                "INSERT INTO t VALUES (1, 'a'), (2, now()), (3, (4)) RETURNING id",
                "INSERT INTO t VALUES (?, ?), ... RETURNING id",
            ),
            ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (?)"),
            ("SELECT f(1, 2, 3)", "SELECT f(?, ?, ?)"),
        ],
    );
    texts(
        mysql,
        &[(
            "INSERT INTO t (a) VALUES (1), (2) ON DUPLICATE KEY UPDATE a = VALUES(a), b = VALUES(b)",
            "INSERT INTO t (a) VALUES (?), ... ON DUPLICATE KEY UPDATE a = VALUES(a), b = VALUES(b)",
        )],
    );
}

#[test]
fn the_examples_of_the_conventions_are_summed_up_as_they_say() {
    summaries(
        postgres,
        &[
            ("SELECT *\nFROM   wuser_table\nWHERE  username = 'x'", "SELECT wuser_table"),
            ("INSERT INTO shipping_details (order_id, address) SELECT order_id, address FROM orders WHERE order_id = 1",
             "INSERT shipping_details SELECT orders"),
            ("SELECT * FROM songs, artists WHERE songs.artist_id == artists.id", "SELECT songs artists"),
            ("SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.customer_id = c.customer_id)",
             "SELECT SELECT orders customers"),
            ("SELECT * FROM \"song list\"", "SELECT \"song list\""),
        ],
    );
}

#[test]
fn operations_and_tables_are_found() {
    summaries(
        postgres,
        &[
            ("select 1", "select"),
            ("UPDATE a SET x = 1 FROM b WHERE a.id = b.id", "UPDATE a b"),
            ("DELETE FROM ONLY public.a USING b WHERE 1=1", "DELETE public.a b"),
            (
                "INSERT INTO \"S\".\"T\" VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1",
                "INSERT \"S\".\"T\"",
            ),
            (
                "WITH x AS (SELECT * FROM a), y(z) AS MATERIALIZED (DELETE FROM b RETURNING *) SELECT * FROM x, y, c",
                "SELECT a DELETE b SELECT c",
            ),
            (
                "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT n+1 FROM x) INSERT INTO t SELECT * FROM x",
                "SELECT SELECT INSERT t SELECT",
            ),
            ("SELECT extract(year FROM ts), a IS DISTINCT FROM b FROM t", "SELECT t"),
            (
                "SELECT (SELECT max(x) FROM a), b FROM c LEFT JOIN LATERAL (SELECT 1 FROM d) e ON true, f",
                "SELECT SELECT a c SELECT d f",
            ),
            ("SELECT * FROM get_user(1) u JOIN t USING (id)", "SELECT get_user t"),
            ("SELECT a FROM t FOR UPDATE", "SELECT t"),
            ("(SELECT a FROM t) UNION (SELECT b FROM u)", "SELECT t SELECT u"),
            (
                "CREATE TABLE IF NOT EXISTS users (id int, name text)",
                "CREATE TABLE users",
            ),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY i ON users (name)",
                "CREATE INDEX i users",
            ),
            ("CREATE OR REPLACE VIEW v AS SELECT * FROM t", "CREATE VIEW v SELECT t"),
            ("DROP TABLE IF EXISTS a, b CASCADE", "DROP TABLE a b"),
            ("ALTER TABLE t ADD COLUMN a int, ADD b int", "ALTER TABLE t"),
            ("TRUNCATE TABLE a, b", "TRUNCATE a b"),
            ("COPY t (a, b) FROM STDIN", "COPY t"),
            ("COPY (SELECT * FROM t) TO STDOUT", "COPY SELECT t"),
            ("VACUUM (ANALYZE) t", "VACUUM t"),
            ("EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1", "EXPLAIN UPDATE t"),
            ("PREPARE p AS INSERT INTO t VALUES ($1)", "PREPARE INSERT t"),
            ("CALL pay($1)", "CALL pay"),
            (
                "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = 1",
                "MERGE t s",
            ),
            ("GRANT SELECT, INSERT ON t TO u", "GRANT t"),
            ("DECLARE c CURSOR FOR SELECT * FROM t", "DECLARE SELECT t"),
            (
                "INSERT INTO event SELECT * FROM user_data",
                "INSERT event SELECT user_data",
            ),
            ("SET search_path TO x", "SET"),
            ("BEGIN", "BEGIN"),
            ("", ""),
            (";;", ""),
        ],
    );
    summaries(
        mysql,
        &[
            ("INSERT IGNORE t SET a = 1", "INSERT t"),
            ("REPLACE INTO `db`.`t` VALUES (1)", "REPLACE `db`.`t`"),
            ("UPDATE LOW_PRIORITY a, b SET a.x = b.x", "UPDATE a b"),
            ("DELETE a FROM a JOIN b ON a.id = b.id", "DELETE a b"),
            (
                "SELECT STRAIGHT_JOIN x FROM a STRAIGHT_JOIN b FORCE INDEX (i)",
                "SELECT a b",
            ),
            ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", "LOAD t"),
            ("USE shop", "USE shop"),
            ("SHOW TABLES FROM shop", "SHOW shop"),
            (
                "CREATE DEFINER=`root`@`%` PROCEDURE p() SELECT 1",
                "CREATE PROCEDURE p SELECT",
            ),
            ("SELECT REPLACE(a, 'x', 'y'), INSERT(b, 1, 2, 'z') FROM t", "SELECT t"),
        ],
    );
}

#[test]
fn several_statements_are_joined_and_repetitions_said_once() {
    let described = postgres("BEGIN; INSERT INTO a VALUES (1); INSERT INTO a VALUES (2); COMMIT;");
    assert_eq!(described.summary, "BEGIN; INSERT a; COMMIT");
    assert_eq!(
        described.text,
        "BEGIN; INSERT INTO a VALUES (?); INSERT INTO a VALUES (?); COMMIT"
    );
    assert_eq!(
        (described.statements, described.operation.as_deref()),
        (4, Some("BATCH"))
    );
    let same = postgres("DELETE FROM a; DELETE FROM b");
    assert_eq!(
        (same.statements, same.operation.as_deref(), same.collection),
        (2, Some("DELETE"), None)
    );
    assert_eq!(postgres("SELECT 1; ; ").statements, 1);
}

#[test]
fn a_collection_is_named_only_if_it_is_the_only_one() {
    let collection = |sql| postgres(sql).collection;
    assert_eq!(collection("SELECT * FROM a").as_deref(), Some("a"));
    assert_eq!(
        collection("SELECT * FROM a x JOIN a y ON x.i = y.j").as_deref(),
        Some("a")
    );
    assert_eq!(collection("SELECT * FROM a, b"), None);
    assert_eq!(collection("SELECT * FROM f(1)"), None);
    assert_eq!(collection("CALL p(1)"), None);
    assert_eq!(collection("SELECT 1"), None);
}

#[test]
fn long_texts_end_in_dots_and_long_summaries_between_names() {
    let many = (0..2000).map(|n| format!("table_{n}")).collect::<Vec<_>>().join(", ");
    let described = postgres(&format!("SELECT * FROM {many}"));
    assert!(described.text.len() <= MAX_TEXT && described.text.ends_with("..."));
    assert!(described.summary.len() <= MAX_SUMMARY);
    assert!(described
        .summary
        .split(' ')
        .skip(1)
        .all(|name| many.contains(&format!("{name},"))));
    let statements = "DELETE FROM a; SELECT 1; ".repeat(100);
    assert!(postgres(&statements).summary.len() <= MAX_SUMMARY);
    let long = describe(&b"SELECT 'x', a ".repeat(10_000), Dialect::POSTGRESQL);
    assert!(long.text.len() <= MAX_TEXT);
}

#[test]
fn sqlcommenter_gives_the_context() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for sql in [
        format!("SELECT 1 /*traceparent='{parent}',tracestate='congo%3Dt61%2Crojo%3D00f'*/"),
        format!("/* app='x', tracestate='congo%3dt61%2crojo%3d00f', traceparent = '{parent}' */ SELECT 1"),
    ] {
        let context = postgres(&sql).context.unwrap();
        assert_eq!(context.trace_id[0], 0x4b);
        assert_eq!(context.state.as_deref(), Some("congo=t61,rojo=00f"));
        assert_eq!(mysql(&sql).context, Some(context));
    }
    for sql in [
        format!("SELECT '/*traceparent=''{parent}''*/'"),
        format!("SELECT 1 /*xtraceparent='{parent}'*/"),
        "SELECT 1 /*traceparent='00-4bf9'*/".to_owned(),
    ] {
        assert_eq!(postgres(&sql).context, None, "{sql}");
    }
}

#[test]
fn backslashes_escape_where_the_server_says_so() {
    let off = Dialect::POSTGRESQL.with_backslash_escapes(true);
    assert_eq!(describe(br"SELECT 'a\'b', c", off).text, "SELECT ?, c");
    let ansi = Dialect::MYSQL.with_backslash_escapes(false);
    assert_eq!(describe(br"SELECT 'a\', c, 'd'", ansi).text, "SELECT ?, c, ?");
}
