"""Several services: one trace for each request of the client, with the right parents for the right reasons."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable

from servers import PROGRAMS, Server
from tracer import Outcome, Span, Tracer

EVIDENCE = "ebpf_otlp_tracer.parent.evidence"
THREADS, REQUESTS = 4, 25


def by_trace(outcome: Outcome) -> dict[str, list[Span]]:
    """Return the spans of each trace."""
    traces = defaultdict(list)
    for span in outcome.spans:
        traces[span.trace_id].append(span)
    return traces


def shape(spans: list[Span]) -> list[tuple[str, str, str]]:
    """Return a trace as lines: the way from the root to each span, its evidence and the place it talks to."""
    known = {span.span_id: span for span in spans}

    def way(span: Span) -> str:
        here = f"{span.kind} {span.attributes.get('url.path') or span.attributes['db.query.text']}"
        return f"{way(known[span.parent])} > {here}" if span.parent else here

    return sorted((way(span), span.attributes.get(EVIDENCE, ""), str(span.pid)) for span in spans)


def test_one_request_through_two_services_and_redis_is_one_trace(
    hooks: str, redis_server: Server, service: Callable[..., Server], attach: Callable[..., Tracer]
) -> None:
    back = service("chain.py")
    front = service("chain.py", "http", back.port, "redis", redis_server.port)
    client = [sys.executable, str(PROGRAMS / "asking.py"), str(front.port), str(THREADS), str(REQUESTS)]
    pids = ["--pid", front.pid, "--pid", back.pid, "--pid", redis_server.pid]
    outcome = attach("--hooks", hooks, *pids, command=client).wait()
    outcome.assert_sound()
    asked = outcome.stdout.split()
    assert len(asked) == THREADS * REQUESTS
    traces = by_trace(outcome)
    assert len(traces) == len(asked)
    (asking,) = {str(span.pid) for span in outcome.spans} - {str(each.pid) for each in (front, back, redis_server)}
    expected = []
    for path in asked:
        number = path.rpartition("/")[2]
        order = f"CLIENT {path} > SERVER {path}"
        stock, key = f"/stock/{number}", f"GET stock:{number}"
        expected.append(
            sorted(
                [
                    (f"CLIENT {path}", "", asking),
                    (order, "tcp-sequence", str(front.pid)),
                    (f"{order} > CLIENT {stock}", "thread", str(front.pid)),
                    (f"{order} > CLIENT {stock} > SERVER {stock}", "tcp-sequence", str(back.pid)),
                    (f"{order} > CLIENT {key}", "thread", str(front.pid)),
                    (f"{order} > CLIENT {key} > SERVER {key}", "tcp-sequence", str(redis_server.pid)),
                ]
            )
        )
    assert sorted(map(shape, traces.values())) == sorted(expected)
    ports = {front.pid: front.port, back.pid: back.port, redis_server.pid: redis_server.port}
    for span in outcome.only(kind="SERVER"):
        assert span.attributes["server.port"] == ports[span.pid]
        assert span.attributes["client.address"] == span.attributes["network.peer.address"] == "127.0.0.1"
    for span in outcome.spans:
        for child in (each for each in traces[span.trace_id] if each.parent == span.span_id):
            if child.attributes[EVIDENCE] == "thread":
                assert span.start <= child.start <= child.end <= span.end


def test_a_connection_that_was_open_before_is_found_with_both_addresses(
    hooks: str, service: Callable[..., Server], attach: Callable[..., Tracer]
) -> None:
    front = service("chain.py")
    line = [sys.executable, str(PROGRAMS / "asking.py"), str(front.port), "1", "5", "wait"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "/order/before\n"
        tracer = attach("--hooks", hooks, "--pid", front.pid, "--pid", client.pid)
        client.communicate("go\n", timeout=30)
    time.sleep(0.1)
    outcome = tracer.stop()
    outcome.assert_sound()
    paths = [f"/order/after-{number}" for number in range(5)]
    for kind, pid in (("CLIENT", client.pid), ("SERVER", front.pid)):
        spans = outcome.only(kind=kind)
        assert [span.attributes["url.path"] for span in spans] == paths
        # Said until the pairing is certain whatever came before; surely of the first one.
        assert spans[0].attributes["ebpf_otlp_tracer.capture.attached_mid_stream"] is True
        for span in spans:
            assert span.pid == pid
            assert span.attributes["network.peer.address"] == "127.0.0.1"
            assert span.attributes["server.port"] == front.port
    ports = {span.attributes["client.port"] for span in outcome.only(kind="SERVER")}
    assert len(ports) == 1
    asked = {span.span_id: span.attributes["url.path"] for span in outcome.only(kind="CLIENT")}
    for span in outcome.only(kind="SERVER"):
        assert asked[span.parent] == span.attributes["url.path"]
