"""nginx: the spans are the lines of its own access log, whoever asks and however."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import needs
from servers import Logged, Nginx, free_port
from tracer import Outcome, Span, Tracer


def ab(port: int, path: str, *arguments: str) -> int:
    """Run ab to its end; return how many requests it completed."""
    needs("ab")
    line = ["ab", "-q", *arguments, f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=50)
    found = re.search(r"Complete requests:\s+(\d+)", done.stdout)
    assert found is not None, done.stdout
    return int(found[1])


def as_logged(span: Span) -> Logged:
    """Return a span as nginx would have written it."""
    have = span.attributes
    query = f"?{have['url.query']}" if "url.query" in have else ""
    return Logged(
        client_port=have["network.peer.port"],
        method=have["http.request.method"],
        uri=have["url.path"] + query,
        status=have["http.response.status_code"],
        body_bytes=have.get("http.response.body.size", 0),
    )


def assert_spans_are_the_log(outcome: Outcome, log: list[Logged]) -> None:
    """Every answered request is exactly one span, with the same client port, path, status and size."""
    assert Counter(map(as_logged, outcome.only(kind="SERVER"))) == Counter(log)


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
def test_every_request_of_ab_is_a_span(
    hooks: str, keep_alive: bool, nginx: Nginx, attach: Callable[..., Tracer]
) -> None:
    before = len(nginx.access())
    tracer = attach("--hooks", hooks, "--port", nginx.port)
    completed = ab(nginx.port, "/hello", "-n", "3000", "-c", "16", *(["-k"] if keep_alive else []))
    completed += ab(nginx.port, "/missing", "-n", "500", "-c", "4", *(["-k"] if keep_alive else []))
    outcome = tracer.stop()
    outcome.assert_sound()
    log = nginx.access()[before:]
    assert len(log) >= completed == 3500
    assert_spans_are_the_log(outcome, log)
    pids = {span.pid for span in outcome.spans}
    assert nginx.pid not in pids, "the master serves nobody"
    assert 1 <= len(pids) <= 2
    assert {span.attributes["server.port"] for span in outcome.spans} == {nginx.port}


def test_wrk_is_counted_up_to_what_is_in_flight(
    hooks: str, nginx: Nginx, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    needs("wrk")
    tracer = attach("--hooks", hooks, "--port", nginx.port)
    script = tmp_path / "slowly.lua"
    script.write_text("function delay() return 2 end\n")  # a connection waits 2 ms: some thousand requests, not a flood
    line = ["wrk", "-t", "2", "-c", "20", "-d", "1", "-s", str(script), f"http://127.0.0.1:{nginx.port}/hello"]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=50)
    outcome = tracer.stop()
    assert set(outcome.losses()) <= {"exchanges_cut_short"}, outcome.stderr
    outcome.assert_possible()
    found = re.search(r"(\d+) requests in", done.stdout)
    assert found is not None
    assert 0 <= len(outcome.spans) - int(found[1]) <= 40
    log = Counter(nginx.access())
    spans = Counter(map(as_logged, outcome.spans))
    # A request that wrk cut off at its end may be a line and no span; never the other way round.
    assert not spans - log
    assert (log - spans).total() <= 20


def test_a_server_started_after_the_tracer_is_traced_by_its_port(
    hooks: str, running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    needs("nginx")
    port = free_port()
    tracer = attach("--hooks", hooks, "--port", port)
    assert "waiting for it" in tracer.stderr
    nginx = Nginx(tmp_path, port=port)
    running.enter_context(nginx)
    assert ab(port, "/hello", "-n", "500", "-c", "8", "-k") == 500
    outcome = tracer.stop()
    outcome.assert_sound()
    assert_spans_are_the_log(outcome, nginx.access())


def test_two_hundred_connections_with_a_hundred_requests_each(
    hooks: str, nginx: Nginx, attach: Callable[..., Tracer]
) -> None:
    tracer = attach("--hooks", hooks, "--port", nginx.port)
    assert ab(nginx.port, "/hello", "-n", "20000", "-c", "200", "-k") == 20000
    outcome = tracer.stop()
    outcome.assert_sound()
    assert_spans_are_the_log(outcome, nginx.access())


def test_a_sent_file_of_200_mb_is_one_span_and_copies_nothing(
    hooks: str, nginx: Nginx, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    needs("curl")
    size = 200_000_000
    with (tmp_path / "files" / "large").open("wb") as file:
        file.truncate(size)
    tracer = attach("--hooks", hooks, "--port", nginx.port)
    subprocess.run(["curl", "-sSf", "-o", "/dev/null", f"http://127.0.0.1:{nginx.port}/large"], check=True, timeout=50)
    outcome = tracer.stop()
    assert outcome.exit_code == 0, outcome.stderr
    (span,) = outcome.spans
    assert span.attributes["http.response.body.size"] == size
    assert span.attributes["http.response.status_code"] == 200
    assert "ebpf_otlp_tracer.capture.incomplete" not in span.attributes
    copied = re.search(r"events, ([\d.]+ \S+) (?:of .*)?copied", outcome.stderr)
    assert copied is not None
    assert copied[1].endswith((" B", " KiB")), outcome.stderr
    assert_spans_are_the_log(outcome, nginx.access())


def test_bodies_of_50_mb_through_a_proxy_are_one_span_on_each_leg(
    hooks: str, running: ExitStack, tmp_path: Path, service: Callable[..., object], attach: Callable[..., Tracer]
) -> None:
    needs("nginx", "curl")
    size = 50_000_000
    upstream = service("bodies.py")
    port: int = upstream.port  # type: ignore[attr-defined]
    nginx = Nginx(tmp_path, more=f"location /bodies {{ proxy_pass http://127.0.0.1:{port}; }}")
    running.enter_context(nginx)
    body = tmp_path / "request"
    with body.open("wb") as file:
        file.truncate(size)
    tracer = attach("--hooks", hooks, "--port", nginx.port, "--pid", upstream.pid)  # type: ignore[attr-defined]
    line = ["curl", "-sSf", "-o", str(tmp_path / "answer"), "-H", "Expect:", "--data-binary", f"@{body}"]
    subprocess.run([*line, f"http://127.0.0.1:{nginx.port}/bodies"], check=True, timeout=50)
    assert (tmp_path / "answer").stat().st_size == size
    # Kept alive by nginx or not: the upstream span ends with its last byte, not with the connection.
    time.sleep(0.2)
    outcome = tracer.stop(signal.SIGTERM)
    assert outcome.exit_code == 0, outcome.stderr
    kinds = sorted((span.kind, span.pid == upstream.pid) for span in outcome.spans)  # type: ignore[attr-defined]
    assert kinds == [("CLIENT", False), ("SERVER", False), ("SERVER", True)]
    for span in outcome.spans:
        assert span.attributes["http.request.body.size"] == size
        assert span.attributes["http.response.body.size"] == size
        assert span.attributes["http.response.status_code"] == 200
    assert len({span.trace_id for span in outcome.spans}) == 1
