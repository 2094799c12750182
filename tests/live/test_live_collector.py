"""OTLP over the network: the collector gets every span, equal to what the file has."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from collector import Collector
from conftest import needs
from servers import Server, free_port
from tracer import Tracer


def benchmark(port: int) -> None:
    needs("redis-benchmark")
    line = ["redis-benchmark", "-p", str(port), "-q", "-n", "4000", "-P", "4", "-t", "get,set"]
    subprocess.run(line, check=True, capture_output=True, timeout=50)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_the_collector_gets_every_span_that_the_file_has(
    protocol: str, compression: str, redis_server: Server, running: ExitStack, attach: Callable[..., Tracer]
) -> None:
    collector = running.enter_context(Collector())
    port = collector.grpc_port if protocol == "grpc" else collector.http_port
    environment = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=acme",
    }
    tracer = attach("--pid", redis_server.pid, "--otlp-endpoint", f"http://127.0.0.1:{port}", environment=environment)
    benchmark(redis_server.port)
    outcome = tracer.stop()
    outcome.assert_sound()
    assert len(outcome.spans) >= 8000
    received = {(span.trace_id.hex(), span.span_id.hex()): span for span in collector.spans()}
    assert len(received) == len(collector.spans()), "a span came twice"
    assert set(received) == {(span.trace_id, span.span_id) for span in outcome.spans}
    for span in outcome.spans:
        other = received[span.trace_id, span.span_id]
        assert (other.name, other.start_time_unix_nano, other.end_time_unix_nano) == (span.name, span.start, span.end)
        assert {pair.key for pair in other.attributes} == set(span.attributes)
    for group in collector.groups():
        resource = {pair.key: pair.value for pair in group.resource.attributes}
        assert resource["service.name"].string_value == "redis-server"
        assert resource["process.pid"].int_value == redis_server.pid
        assert {scope.scope.name for scope in group.scope_spans} == {"ebpf-otlp-tracer"}
    assert all(headers.get("x-tenant") == "acme" for headers in collector.headers)


def test_a_collector_that_is_not_there_is_a_warning_and_what_did_not_go_out_is_counted(
    redis_server: Server, attach: Callable[..., Tracer]
) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    tracer = attach("--pid", redis_server.pid, "--otlp-endpoint", endpoint, "--flush-timeout", "1s")
    benchmark(redis_server.port)
    outcome = tracer.stop()
    assert outcome.exit_code == 0, outcome.stderr
    assert "warning: " in outcome.stderr
    assert "127.0.0.1" in outcome.stderr
    assert len(outcome.spans) >= 8000, "the file is not held up"
