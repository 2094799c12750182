"""PostgreSQL: pgbench says how many statements it ran, and each is a span, in each of its modes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import needs
from servers import Server, free_port
from tracer import Tracer

USER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
"""The server refuses to run as root. setpriv becomes it, so its pid stays."""


def program(name: str) -> str:
    """Return where it is: Debian keeps the servers' programs in a folder of their version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture
def postgres_server(running: ExitStack, tmp_path: Path) -> Server:
    """A PostgreSQL server that runs."""
    needs("setpriv")
    initdb, postgres = program("initdb"), program("postgres")
    data = tmp_path / "data"
    data.mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o011)
    shutil.chown(data, "postgres")
    make = [*USER, initdb, "-D", str(data), "-A", "trust", "-U", "app", "-N", "-E", "UTF8", "--locale=C"]
    subprocess.run(make, check=True, capture_output=True, timeout=60, cwd=data)
    port = free_port()
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "autovacuum=off"]
    line = [*USER, postgres, "-D", str(data), "-p", str(port), *(word for each in options for word in ("-c", each))]
    return running.enter_context(Server(line, tmp_path, port))


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_every_statement_of_pgbench_is_a_span(
    hooks: str, mode: str, postgres_server: Server, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    script = tmp_path / "script.sql"
    script.write_text("SELECT :client_id + 1;\nSELECT relname FROM pg_class WHERE relname = 'secret';\n")
    tracer = attach("--hooks", hooks, "--pid", postgres_server.pid)
    line = [program("pgbench"), "-h", "127.0.0.1", "-p", str(postgres_server.port), "-U", "app", "-n", "-M", mode]
    line += ["-c", "4", "-t", "250", "-f", str(script), "postgres"]
    said = subprocess.run(line, check=True, capture_output=True, text=True, timeout=50, env=dict(os.environ))
    assert "actually processed: 1000/1000" in said.stdout
    outcome = tracer.stop()
    outcome.assert_sound()
    assert Counter(span.attributes["db.query.summary"] for span in outcome.spans) == {
        "SELECT": 1000,
        "SELECT pg_class": 1000,
    }
    for span in outcome.spans:
        assert span.kind == "SERVER"
        assert not span.error
        assert "secret" not in str(span.raw)
        assert span.attributes["db.system.name"] == "postgresql"
        assert span.attributes["db.namespace"] == "postgres"
        assert span.attributes["server.port"] == postgres_server.port
