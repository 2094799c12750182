"""Redis: every command a client counts is a span, and a recording says the same as the live run."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import needs
from servers import Server
from tracer import Tracer, run, spans_of


def benchmark(port: int, *arguments: str) -> None:
    """Run redis-benchmark to its end."""
    needs("redis-benchmark")
    line = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-q", *arguments]
    subprocess.run(line, check=True, capture_output=True, timeout=50)


def test_every_pipelined_get_and_set_is_a_span(hooks: str, redis_server: Server, attach: Callable[..., Tracer]) -> None:
    tracer = attach("--hooks", hooks, "--pid", redis_server.pid)
    benchmark(redis_server.port, "-n", "20000", "-P", "16", "-t", "get,set")
    outcome = tracer.stop()
    outcome.assert_sound()
    assert f"hooks {hooks}" in outcome.stderr
    names = Counter(span.attributes["db.operation.name"] for span in outcome.spans)
    assert names.pop("CONFIG GET", 0) <= 2
    assert names == {"GET": 20000, "SET": 20000}
    for span in outcome.spans:
        assert span.kind == "SERVER"
        assert span.pid == redis_server.pid
        assert not span.error
        assert span.attributes["server.port"] == redis_server.port
        assert span.attributes["network.peer.address"] == "127.0.0.1"
        assert span.attributes["client.port"] not in (0, redis_server.port)


def test_the_client_sees_what_the_server_sees(
    hooks: str, redis_server: Server, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    needs("redis-benchmark")
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(redis_server.port), "-q", "-n", "2000", "-t", "set"]
    tracer = attach("--hooks", hooks, "--pid", redis_server.pid, command=command)
    outcome = tracer.wait()
    outcome.assert_sound()
    served = outcome.only(kind="SERVER", name="SET")
    asked = outcome.only(kind="CLIENT", name="SET")
    assert len(served) == len(asked) == 2000
    # Both ends are traced: each server span hangs below the client span with the same TCP sequence number.
    assert {span.parent for span in served} == {span.span_id for span in asked}
    assert {span.attributes["ebpf_otlp_tracer.parent.evidence"] for span in served} == {"tcp-sequence"}


@pytest.mark.parametrize("pipeline", ["1", "16"])
def test_a_recording_replays_to_the_very_same_spans(
    hooks: str, pipeline: str, redis_server: Server, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    recording = tmp_path / "redis.rec"
    tracer = attach("--hooks", hooks, "--pid", redis_server.pid, "--record", recording)
    benchmark(redis_server.port, "-n", "2000", "-P", pipeline, "-t", "get,set,lpush,mset")
    live = tracer.stop()
    live.assert_sound()
    assert len(live.spans) >= 8000
    replays = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    for path in replays:
        outcome = run(tmp_path, "replay", str(recording), "-o", str(path))
        assert outcome.exit_code == 0, outcome.stderr
        assert "nothing lost" in outcome.stderr
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in replays)
    assert first == second
    replayed = [span.raw for span in spans_of(replays[0])]
    lived = [span.raw for span in live.spans]
    assert Counter(replayed) == Counter(lived)
    assert replayed == lived, "the same spans, in another order"


def test_record_then_replay_counts_every_command(hooks: str, redis_server: Server, tmp_path: Path) -> None:
    recording = tmp_path / "redis.rec"
    with Tracer(
        tmp_path, "--hooks", hooks, "--pid", str(redis_server.pid), "-o", str(recording), verb="record"
    ) as tool:
        benchmark(redis_server.port, "-n", "4800", "-P", "16", "-t", "get,set")
        assert tool.stop().exit_code == 0
    output = tmp_path / "replayed.jsonl"
    assert run(tmp_path, "replay", str(recording), "-o", str(output)).exit_code == 0
    names = Counter(span.attributes["db.operation.name"] for span in spans_of(output))
    assert names["GET"] == names["SET"] == 4800


def test_a_reply_beyond_the_copy_limit_lends_none_of_its_elements_to_other_commands(
    hooks: str, redis_server: Server, attach: Callable[..., Tracer]
) -> None:
    """A GET of a list is an error and of a text is not, so an element of the large reply in its place would show."""

    def command(*words: bytes) -> bytes:
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    error, text = command(b"GET", b"list"), command(b"GET", b"text")
    with socket.create_connection(("127.0.0.1", redis_server.port)) as client, client.makefile("rb") as answers:
        for _ in range(20):
            client.sendall(command(b"RPUSH", b"large", *[b"0123456789"] * 1000))
            assert answers.readline().startswith(b":")
        client.sendall(command(b"SET", b"text", b"1") + command(b"RPUSH", b"list", b"1"))
        assert [answers.readline()[:1] for _ in range(2)] == [b"+", b":"]
    tracer = attach("--hooks", hooks, "--pid", redis_server.pid, "--max-payload", "4096")
    with socket.create_connection(("127.0.0.1", redis_server.port)) as client, client.makefile("rb") as answers:
        for depth in (1, 2, 8) * 5:
            client.sendall(command(b"LRANGE", b"large", b"0", b"-1") + (error + text) * depth)
            for _ in range(1 + 2 * 20000 + 3 * depth):
                answers.readline()
        for ask, lines in ((error, 1), (text, 2)) * 10:
            time.sleep(0.05)
            client.sendall(ask)
            for _ in range(lines):
                answers.readline()
        outcome = tracer.stop()
    assert outcome.exit_code == 0, outcome.stderr
    outcome.assert_possible()
    gets = outcome.only(name="GET")
    assert gets, f"what comes one by one is understood again\n{outcome.stderr}"
    for span in gets:
        failed = span.attributes.get("db.response.status_code") == "WRONGTYPE"
        assert failed == (span.attributes["db.query.text"] == "GET list"), (span, outcome.stderr)
