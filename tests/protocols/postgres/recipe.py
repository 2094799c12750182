"""PostgreSQL: a server with psql, pgbench, psycopg (libpq) and asyncpg."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from conformance.recipes import HOST, Recipe, Setting

if TYPE_CHECKING:
    import psycopg  # type: ignore[import-not-found, unused-ignore]  # only in the recipe's environment

USER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
"""The server refuses to run as root. setpriv becomes it, so its pid stays."""

RECIPE = Recipe(packages=["psycopg[binary]==3.2.10", "asyncpg==0.30.0"], programs=[["postgres", "--version"]])


def _with(setting: Setting, method: str) -> list[list[str]]:
    data = setting.directory / "data"
    data.mkdir()
    password = data.with_name("password")
    password.write_text("secret\n")
    shutil.chown(data, "postgres")
    made = [*USER, _program("initdb"), "-D", str(data), "-A", method, "-U", "app", f"--pwfile={password}", "-N"]
    subprocess.run([*made, "-E", "UTF8", "--locale=C"], check=True, stdout=subprocess.DEVNULL)
    options = ["listen_addresses=" + HOST, "unix_socket_directories=", "fsync=off", "autovacuum=off"]
    command = [*USER, _program("postgres"), "-D", str(data), "-p", str(setting.port)]
    return [[*command, *(word for option in options for word in ("-c", option))]]


def _server(setting: Setting) -> list[list[str]]:
    return _with(setting, "trust")


def _guarded(setting: Setting) -> list[list[str]]:
    return _with(setting, "scram-sha-256")


def _program(name: str) -> str:
    """Return where Debian has it, or the name."""
    folder = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
    return os.path.join(folder, name) if folder else name


def _connect(setting: Setting, **more: Any) -> psycopg.Connection[Any]:
    import psycopg  # type: ignore[import-not-found, unused-ignore]

    facts: dict[str, Any] = {"user": "app", "dbname": "postgres", "autocommit": True, **more}
    return psycopg.connect(host=HOST, port=setting.port, **facts)


def _run(setting: Setting, name: str, *words: str, text: str | None = None) -> None:
    address = ["-h", HOST, "-p", str(setting.port), "-U", "app"]
    command = [shutil.which(name) or _program(name), *address, *words]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, input=text, text=True)


@RECIPE.case("psql", _server)
def psql(setting: Setting) -> None:
    """psql: simple queries, several statements in one, COPY both ways, errors, a transaction, notices."""
    script = """
        CREATE TABLE accounts (id int PRIMARY KEY, owner text, balance numeric);
        COPY accounts FROM STDIN;
1\tsecret\t10
2\tsecret\t20
\\.
        INSERT INTO accounts VALUES (3, 'it''s secret', 12.5), (4, $$secret$$, -1);
        SELECT a.owner, count(*) FROM accounts a WHERE a.balance > 10 GROUP BY 1;
        SELECT 1 \\; SELECT 2 \\; UPDATE accounts SET owner = 'secret' WHERE id IN (1, 2, 3);
        COPY (SELECT * FROM accounts) TO STDOUT;
        INSERT INTO accounts VALUES (1, 'secret', 0);
        SELECT 'secret' FORM accounts;
        BEGIN;
        DELETE FROM accounts WHERE owner = 'secret';
        SELECT nosuch FROM accounts;
        SELECT 1;
        ROLLBACK;
        DROP TABLE IF EXISTS nothing;
    """
    _run(setting, "psql", "-X", "postgres", text=script)


@RECIPE.case("psycopg", _server, both=True)
def with_psycopg(setting: Setting) -> None:
    """psycopg: parameters, prepared statements, a failing pipeline, a named cursor, COPY. Both ends are traced."""
    import psycopg  # type: ignore[import-not-found, unused-ignore]

    with _connect(setting) as connection:
        connection.execute("CREATE TABLE items (id int PRIMARY KEY, name text)")
        connection.execute("INSERT INTO items VALUES (%s, %s)", (1, "secret"))
        for number in range(3):
            connection.execute("SELECT name FROM items WHERE id = %s", (number,), prepare=True).fetchall()
        connection.cursor().executemany("INSERT INTO items VALUES (%s, 'secret')", [(7,), (8,), (9,)])
        with suppress(psycopg.Error), connection.pipeline():
            connection.execute("SELECT count(*) FROM items WHERE name <> %s", ("secret",))
            connection.execute("INSERT INTO items VALUES (%s, %s)", (1, "secret"))
            connection.execute("SELECT 1 FROM items")
        with connection.transaction(), connection.cursor("rows") as cursor:
            cursor.execute("SELECT * FROM items ORDER BY id")
            cursor.fetchmany(2)
            cursor.fetchall()
        with connection.cursor() as cursor, cursor.copy("COPY items FROM STDIN") as copy:
            copy.write_row((20, "secret"))
            copy.write_row((21, "secret"))


@RECIPE.case("asyncpg", _guarded)
def with_asyncpg(setting: Setting) -> None:
    """asyncpg: SCRAM, named statements, binary rows, cursors in a transaction, many rows at once, an error."""
    import asyncio

    import asyncpg  # type: ignore[import-not-found, import-untyped, unused-ignore]

    async def talk() -> None:
        connection = await asyncpg.connect(
            host=HOST, port=setting.port, user="app", password="secret", database="postgres"
        )
        await connection.execute("CREATE TABLE events (id bigint, note text)")
        await connection.executemany("INSERT INTO events VALUES ($1, $2)", [(each, "secret") for each in range(5)])
        for each in range(2):
            await connection.fetch("SELECT note FROM events WHERE id >= $1", each)
        async with connection.transaction():
            async for _ in connection.cursor("SELECT * FROM events", prefetch=2):
                pass
        with suppress(asyncpg.PostgresError):
            await connection.fetchval("SELECT 1 / $1::int", 0)
        await connection.copy_records_to_table("events", records=[(7, "secret")])
        await connection.close()

    asyncio.run(talk())


@RECIPE.case("pgbench", _server)
def pgbench(setting: Setting) -> None:
    """pgbench: a script in the simple, extended and prepared mode, and as a pipeline."""
    script = setting.directory / "script.sql"
    script.write_text("SELECT :client_id + 1;\nSELECT oid FROM pg_class WHERE relname = 'secret';\n")
    piped = setting.directory / "piped.sql"
    piped.write_text("\\startpipeline\nSELECT 1;\nSELECT 2;\nSELECT 3;\n\\endpipeline\n")
    for mode in ("simple", "extended", "prepared"):
        _run(setting, "pgbench", "-n", "-M", mode, "-t", "3", "-f", str(script), "postgres")
    _run(setting, "pgbench", "-n", "-M", "prepared", "-t", "2", "-f", str(piped), "postgres")


@RECIPE.case("errors", _guarded)
def errors(setting: Setting) -> None:
    """A wrong password, no such database, a broken statement, a timeout, a cancelled query, division by zero."""
    import threading

    import psycopg  # type: ignore[import-not-found, unused-ignore]

    for wrong in ({"password": "wrong"}, {"password": "secret", "dbname": "nosuch"}):
        with suppress(psycopg.Error):
            _connect(setting, **wrong)
    with _connect(setting, password="secret") as connection:
        statements = ["SELEC 'secret'", "SET statement_timeout = 50", "SELECT pg_sleep(5)", "SET statement_timeout = 0"]
        for statement in [*statements, "SELECT 1 / 0"]:
            with suppress(psycopg.Error):
                connection.execute(statement)
        with suppress(psycopg.Error):
            connection.execute("SELECT %s::int", ("secret",))
        canceller = threading.Timer(0.2, connection.cancel)
        canceller.start()
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_sleep(5)")
        canceller.join()
        connection.execute("SELECT 'secret'")


@RECIPE.case("big", _server)
def big(setting: Setting) -> None:
    """Statements, parameters and rows longer than what is copied of one call, and many rows."""
    with _connect(setting) as connection:
        connection.execute("CREATE TABLE blobs (id int, body text)")
        for size in (5_000, 20_000, 300_000):
            connection.execute("INSERT INTO blobs VALUES (%s, %s)", (size, "x" * size))
            connection.execute(f"INSERT INTO blobs VALUES ({size}, '{'x' * size}')")
            connection.execute("SELECT body FROM blobs WHERE id = %s", (size,)).fetchall()
        connection.execute("SELECT n, 'secret' FROM generate_series(1, 3000) AS n").fetchall()
        connection.execute("SELECT 1")
