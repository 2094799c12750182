"""Real receivers on the loopback interface: a grpcio server and an http.server, decoded with opentelemetry-proto."""

from __future__ import annotations

import gzip
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import fake_engine
import grpc
import pytest
from conftest import said
from fake_engine import SpanBatch, decode, span_ids
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ebpf_otlp_tracer.errors import OutputError
from ebpf_otlp_tracer.export import otlp, otlp_settings
from ebpf_otlp_tracer.export.otlp import Limits, OtlpExporter
from ebpf_otlp_tracer.export.otlp_transport import connect
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.way_out import Surroundings

Around = Callable[..., Surroundings]


class Collector:
    """What both receivers share: what they got, and how they answer."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[object] = []
        self.max_bytes = 1 << 40
        self.requests = 0
        self.rejected = 0

    def take(self, body: bytes, headers: dict[str, str]) -> bytes:
        self.headers.append(headers)
        self.ids += span_ids(decode(body))
        response = ExportTraceServiceResponse()
        if self.rejected:
            response.partial_success.rejected_spans = self.rejected
            response.partial_success.error_message = "too old"
        return response.SerializeToString()


class GrpcCollector(Collector):
    protocol = "grpc"

    def start(self, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> None:
        self.server = grpc.server(futures.ThreadPoolExecutor(2))
        method = grpc.unary_unary_rpc_method_handler(self.export)
        service = "opentelemetry.proto.collector.trace.v1.TraceService"
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": method}),))
        address = f"127.0.0.1:{port}"
        if credentials is None:
            self.port = self.server.add_insecure_port(address)
        else:
            self.port = self.server.add_secure_port(address, credentials)
        self.server.start()

    def export(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.requests += 1
        if self.answers:
            answer = self.answers.pop(0)
            code, details = answer if isinstance(answer, tuple) else (answer, "busy")
            if isinstance(details, bytes):
                context.set_trailing_metadata((("grpc-status-details-bin", details),))
                details = "later"
            context.abort(code, details)
        if len(request) > self.max_bytes:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "grpc: received message larger than max (9 vs. 8)")
        return self.take(request, {datum.key: datum.value for datum in context.invocation_metadata()})

    def stop(self) -> None:
        self.server.stop(None).wait()


class HttpCollector(Collector):
    protocol = "http/protobuf"

    def start(self, port: int = 0) -> None:
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.requests += 1
                if collector.answers:
                    answer = collector.answers.pop(0)
                    status, headers = answer if isinstance(answer, tuple) else (answer, {})
                    return self.reply(status, b"", headers)
                if len(body) > collector.max_bytes:
                    return self.reply(413, b"", {})
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                headers = {key.lower(): value for key, value in self.headers.items()} | {"path": self.path}
                headers["client"] = str(self.client_address)
                return self.reply(200, collector.take(body, headers), {})

            def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                for key, value in headers.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(params=[GrpcCollector, HttpCollector], ids=["grpc", "http"])
def collector(request: pytest.FixtureRequest) -> Iterator[GrpcCollector | HttpCollector]:
    collector: GrpcCollector | HttpCollector = request.param()
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(otlp, "LONGEST_DELAY", 0.1)


def exporter(
    protocol: str, port: int, around: Surroundings, limits: Limits | None = None, **variables: str
) -> OtlpExporter:
    environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    environment |= {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()}
    settings = otlp_settings.read(f"http://127.0.0.1:{port}", environment)
    return OtlpExporter(connect(settings), settings.title, settings.timeout, limits or Limits(flush_seconds=8), around)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def write(out: OtlpExporter, batches: int, size: int = 5, start: int = 0) -> list[int]:
    """Batches of consecutive spans; the ids that must arrive, in order."""
    for n in range(batches):
        out.write(Spans(SpanBatch(start + n * size, size)))
    return list(range(start + 1, start + batches * size + 1))


def test_spans_arrive_in_order_with_headers_and_gzip(
    collector: GrpcCollector | HttpCollector, surroundings: Around
) -> None:
    around = surroundings()
    out = exporter(
        collector.protocol, collector.port, around, HEADERS="x-tenant=a%20b,api-key=secret", COMPRESSION="gzip"
    )
    expected = write(out, 20)
    lines = out.close().lines
    assert collector.ids == expected
    assert collector.headers[0]["x-tenant"] == "a b"
    assert "gzip" in collector.headers[0].get("content-encoding", collector.headers[0].get("grpc-encoding", "gzip"))
    assert lines == [f"100 spans delivered to {out.name}"]
    assert said(around) == ""


def test_http_keeps_its_connection_and_posts_to_the_traces_path(surroundings: Around) -> None:
    collector = HttpCollector()
    collector.start()
    out = exporter(collector.protocol, collector.port, surroundings())
    for start in (0, 10, 20):
        write(out, 1, 10, start)
        wait_for(lambda start=start: len(collector.ids) == start + 10)  # type: ignore[misc]
    out.close()
    collector.stop()
    assert {headers["path"] for headers in collector.headers} == {"/v1/traces"}
    assert {headers["content-type"] for headers in collector.headers} == {"application/x-protobuf"}
    assert len(collector.headers) == 3
    assert len({headers["client"] for headers in collector.headers}) == 1


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (GrpcCollector, grpc.StatusCode.UNAVAILABLE),
        (GrpcCollector, grpc.StatusCode.DEADLINE_EXCEEDED),
        (GrpcCollector, grpc.StatusCode.DATA_LOSS),
        (HttpCollector, 503),
        (HttpCollector, 429),
        (HttpCollector, 502),
        (HttpCollector, 504),
    ],
)
def test_a_retryable_answer_is_tried_again_and_said_once(
    kind: type[GrpcCollector | HttpCollector], answer: object, surroundings: Around
) -> None:
    collector = kind()
    collector.answers = [answer] * 3
    collector.start()
    around = surroundings()
    out = exporter(collector.protocol, collector.port, around)
    expected = write(out, 1)
    wait_for(lambda: bool(collector.ids))
    expected += write(out, 4, start=5)
    out.close()
    collector.stop()
    assert collector.ids == expected
    assert said(around).count("warning") == 1
    assert said(around).count("takes spans again") == 1


def retry_info(nanoseconds: int) -> bytes:
    """A google.rpc.Status with a RetryInfo, as grpc-go writes it."""
    from ebpf_otlp_tracer.export.otlp_wire import RETRY_INFO, varint

    duration = b"\x10" + varint(nanoseconds)
    info = b"\x0a" + varint(len(duration)) + duration
    packed = b"\x0a" + varint(len(RETRY_INFO)) + RETRY_INFO + b"\x12" + varint(len(info)) + info
    return b"\x08\x08" + b"\x1a" + varint(len(packed)) + packed


@pytest.mark.parametrize(
    ("kind", "answer", "seconds"),
    [
        (HttpCollector, (503, {"Retry-After": "1"}), 1.0),
        (GrpcCollector, (grpc.StatusCode.RESOURCE_EXHAUSTED, retry_info(600_000_000)), 0.6),
        (GrpcCollector, (grpc.StatusCode.UNAVAILABLE, retry_info(600_000_000)), 0.6),
    ],
)
def test_the_pause_a_collector_asks_for_is_kept(
    kind: type[GrpcCollector | HttpCollector], answer: object, seconds: float, surroundings: Around
) -> None:
    collector = kind()
    collector.answers = [answer]
    collector.start()
    out = exporter(collector.protocol, collector.port, surroundings())
    started = time.monotonic()
    expected = write(out, 1)
    wait_for(lambda: bool(collector.ids))
    assert time.monotonic() - started >= seconds
    out.close()
    collector.stop()
    assert collector.ids == expected


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (GrpcCollector, (grpc.StatusCode.UNAUTHENTICATED, "no key")),
        (GrpcCollector, (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota")),
        (HttpCollector, 401),
        (HttpCollector, 500),
        (HttpCollector, (301, {"location": "http://127.0.0.1:9/"})),
    ],
)
def test_a_final_refusal_is_not_repeated_but_counted_and_said(
    kind: type[GrpcCollector | HttpCollector], answer: object, surroundings: Around
) -> None:
    collector = kind()
    collector.answers = [answer]
    collector.start()
    around = surroundings()
    out = exporter(collector.protocol, collector.port, around)
    write(out, 1)
    wait_for(lambda: out.tally.refused == 5)
    expected = write(out, 1, start=5)
    out.close()
    collector.stop()
    assert collector.ids == expected
    assert collector.requests == 2
    assert "refuses spans" in said(around)
    assert "5 spans refused by the collector" in said(around)


def test_partial_success_is_counted_and_not_repeated(
    collector: GrpcCollector | HttpCollector, surroundings: Around
) -> None:
    collector.rejected = 2
    around = surroundings()
    out = exporter(collector.protocol, collector.port, around)
    write(out, 1)
    lines = out.close().lines
    assert collector.requests == 1
    assert lines == [f"3 spans delivered to {out.name}"]
    assert "2 spans rejected by the collector (partial success)" in said(around)
    assert "too old" in said(around)


def test_what_is_too_large_is_cut_and_all_of_it_arrives_in_order(
    collector: GrpcCollector | HttpCollector, surroundings: Around
) -> None:
    collector.max_bytes = 700
    around = surroundings()
    out = exporter(collector.protocol, collector.port, around)
    expected = write(out, 3, 40)
    lines = out.close().lines
    assert collector.ids == expected
    assert lines == [f"120 spans delivered to {out.name}"]
    assert said(around) == ""


def test_a_single_span_that_is_too_large_is_refused(
    collector: GrpcCollector | HttpCollector, surroundings: Around
) -> None:
    collector.max_bytes = 10
    out = exporter(collector.protocol, collector.port, surroundings())
    write(out, 1, 3)
    out.close()
    assert out.tally.refused == 3


@pytest.mark.parametrize("kind", [GrpcCollector, HttpCollector])
def test_a_collector_that_comes_later_gets_everything(
    kind: type[GrpcCollector | HttpCollector], surroundings: Around, tmp_path: Path
) -> None:
    port = free_port()
    around = surroundings()
    limits = Limits(memory_bytes=2000, spool_directory=str(tmp_path), flush_seconds=8)
    out = exporter(kind.protocol, port, around, limits)
    expected = write(out, 1, 10)
    wait_for(lambda: "does not take spans" in said(around))
    expected += write(out, 49, 10, start=10)
    folders = list(tmp_path.iterdir())
    assert len(folders) == 1
    assert folders[0].stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in folders[0].iterdir()] == [0o600]
    collector = kind()
    collector.start(port)
    wait_for(lambda: len(collector.ids) == 500)
    expected += write(out, 5, 10, start=500)
    lines = out.close().lines
    collector.stop()
    assert collector.ids == expected
    assert said(around).count("warning") == 1
    assert "takes spans again" in said(around)
    assert "waited on disk" in lines[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [GrpcCollector, HttpCollector])
def test_a_collector_that_restarts_gets_everything_once_it_is_back(
    kind: type[GrpcCollector | HttpCollector], surroundings: Around
) -> None:
    first = kind()
    first.start()
    around = surroundings()
    out = exporter(kind.protocol, first.port, around)
    expected = write(out, 2)
    wait_for(lambda: len(first.ids) == 10)
    first.stop()
    time.sleep(0.05)
    expected += write(out, 2, start=10)
    second = kind()
    second.start(first.port)
    wait_for(lambda: len(first.ids + second.ids) >= 20)
    out.close()
    second.stop()
    assert first.ids + second.ids == expected


def test_what_exceeds_queue_and_spool_is_dropped_and_counted(surroundings: Around, tmp_path: Path) -> None:
    port = free_port()
    around = surroundings()
    size = len(SpanBatch(0, 10).otlp_protobuf())
    limits = Limits(memory_bytes=3 * size, spool_bytes=4 * (size + 8), spool_directory=str(tmp_path), flush_seconds=8)
    out = exporter("http/protobuf", port, around, limits)
    write(out, 1, 10)
    wait_for(lambda: out._in_flight == 10)
    write(out, 20, 10, start=10)
    # 1 in flight, 3 in memory, 4 on disk; the other 13 of 21 found no room.
    assert out._backlog.dropped == 130
    collector = HttpCollector()
    collector.start(port)
    lines = out.close().lines
    collector.stop()
    assert collector.ids == list(range(1, 81))
    assert lines[0].startswith("80 spans delivered")
    assert "130 spans dropped because the queue and the spool were full" in said(around)


def test_the_end_is_bounded_and_says_what_was_not_delivered(surroundings: Around, tmp_path: Path) -> None:
    around = surroundings()
    out = exporter("grpc", free_port(), around, Limits(flush_seconds=0.5, spool_directory=str(tmp_path)))
    write(out, 3)
    started = time.monotonic()
    out.close()
    assert time.monotonic() - started < 2
    assert "15 spans not delivered before the end" in said(around)


def test_a_silent_collector_does_not_hold_up_the_end(surroundings: Around) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        around = surroundings()
        out = exporter("http/protobuf", silent.getsockname()[1], around, Limits(flush_seconds=0.5))
        write(out, 1)
        started = time.monotonic()
        out.close()
        assert time.monotonic() - started < 2.5
    assert "5 spans not delivered before the end" in said(around)


def test_a_full_spool_disk_is_a_counted_drop_and_no_failure(surroundings: Around) -> None:
    around = surroundings()
    limits = Limits(memory_bytes=1, spool_directory="/proc/self/fdinfo", flush_seconds=0.2)
    out = exporter("http/protobuf", free_port(), around, limits)
    write(out, 5)
    out.close()
    assert "spans are dropped and counted" in said(around)
    assert "15 spans dropped" in said(around) or "20 spans dropped" in said(around)


def test_a_replay_waits_for_room_instead_of_dropping(
    collector: GrpcCollector | HttpCollector, surroundings: Around
) -> None:
    collector.answers = [*collector_busy(collector)]
    around = surroundings(live=False)
    out = exporter(collector.protocol, collector.port, around, Limits(memory_bytes=500, flush_seconds=8))
    expected = write(out, 100)
    out.close()
    assert collector.ids == expected


def collector_busy(collector: GrpcCollector | HttpCollector) -> list[object]:
    return [grpc.StatusCode.UNAVAILABLE] * 2 if isinstance(collector, GrpcCollector) else [503, 503]


def test_a_replay_whose_collector_never_comes_fails(surroundings: Around) -> None:
    around = surroundings(live=False)
    limits = Limits(memory_bytes=500, flush_seconds=0.2, replay_patience=0.2)
    out = exporter("http/protobuf", free_port(), around, limits)
    write(out, 10)
    with pytest.raises(OutputError, match="not all spans reached"):
        out.close()


def test_the_fake_engine_encodes_what_it_says() -> None:
    assert span_ids(decode(fake_engine.SpanBatch(4, 3).otlp_protobuf())) == [5, 6, 7]
