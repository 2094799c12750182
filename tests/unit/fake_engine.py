"""Stands in for the Rust extension: the same surface, spans made up, what it was asked remembered.

Run as a program it is the command line with this engine: `python fake_engine.py attach --pid 1`.
"""

from __future__ import annotations

import json
import os
import sys
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class EngineError(Exception):
    def __init__(self, kind: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.kind, self.message, self.details = kind, message, details


class SpanBatch:
    def __init__(self, first: int, count: int, *, name: str = "GET /orders") -> None:
        self.first, self.count, self.name = first, count, name

    def __len__(self) -> int:
        return self.count

    def request(self) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        if not self.count:
            return request
        resource = request.resource_spans.add()
        attribute = resource.resource.attributes.add(key="service.name")
        attribute.value.string_value = "shop"
        scope = resource.scope_spans.add()
        scope.scope.name = "ebpf-otlp-tracer"
        for row in self.rows():
            scope.spans.add(
                trace_id=bytes.fromhex(row[0]), span_id=bytes.fromhex(row[1]), name=row[3], kind=2,
                start_time_unix_nano=row[5], end_time_unix_nano=row[6],
            )  # fmt: skip
        return request

    def otlp_protobuf(self) -> bytes:
        return self.request().SerializeToString()

    def otlp_json(self) -> bytes:
        return json.dumps(json_format.MessageToDict(self.request()), separators=(",", ":")).encode()

    def rows(self) -> list[tuple[str, str, str, str, str, int, int, str, bool, str, str, str]]:
        start = 1_700_000_000_000_000_000
        return [
            (f"{n // 2 + 1:032x}", f"{n + 1:016x}", f"{n:016x}" if n % 2 else "", self.name,
             "CLIENT" if n % 2 else "SERVER", start + n, start + n + 12_300_000, "shop", n % 10 == 9,
             "500" if n % 10 == 9 else "", "10.0.0.3:41234", "")
            for n in range(self.first, self.first + self.count)
        ]  # fmt: skip


class Script:
    """What the fake does, and what it was asked."""

    batches: list[int]
    poll_seconds: float
    fail: EngineError | None
    fail_poll: EngineError | None
    options: dict[str, object]
    watched: list[int]
    stopped: int
    lost: dict[str, int]
    warnings: list[str]

    @classmethod
    def reset(cls) -> None:
        cls.batches, cls.poll_seconds, cls.fail, cls.fail_poll = [3, 2], 0.01, None, None
        cls.options, cls.watched, cls.stopped, cls.lost, cls.warnings = {}, [], 0, {}, []


Script.reset()


class Capture:
    def __init__(self, options_json: str) -> None:
        Script.options = json.loads(options_json)
        if Script.fail:
            raise Script.fail
        self.sent = 0
        self.waiting = list(Script.batches)
        self.started = time.monotonic_ns()

    def watch_process(self, pid: int) -> None:
        Script.watched.append(pid)

    def poll(self, timeout_ms: int) -> SpanBatch:
        if Script.fail_poll:
            raise Script.fail_poll
        if not self.waiting:
            time.sleep(min(timeout_ms / 1000, Script.poll_seconds))
            return SpanBatch(0, 0)
        return self.next(self.waiting.pop(0))

    def next(self, count: int) -> SpanBatch:
        batch = SpanBatch(self.sent, count)
        self.sent += count
        return batch

    def appeared(self) -> list[tuple[int, str]]:
        return []

    def stop(self) -> SpanBatch:
        Script.stopped += 1
        waiting, self.waiting = sum(self.waiting), []
        return self.next(waiting + 1)

    def summary(self) -> str:
        return summary(self.sent, time.monotonic_ns() - self.started)


class Replay:
    def __init__(self, paths: list[str], options_json: str) -> None:
        Script.options = json.loads(options_json)
        if Script.fail:
            raise Script.fail
        self.paths = paths
        self.sent = 0
        self.waiting = list(Script.batches)

    def next(self, max_spans: int) -> SpanBatch | None:
        if not self.waiting:
            return None
        count = self.waiting.pop(0)
        assert count <= max_spans
        batch = SpanBatch(self.sent, count)
        self.sent += count
        return batch

    def summary(self) -> str:
        return summary(self.sent, 1_000_000_000)


def summary(spans: int, duration_ns: int) -> str:
    return json.dumps(
        {"spans": {"http1": spans, "redis": 0}, "events": 4 * spans, "bytes_copied": 300 * spans, "connections": 1,
         "lost": {"ring_full": 0, **Script.lost}, "hooks": "tp_btf", "duration_ns": duration_ns,
         "warnings": Script.warnings}
    )  # fmt: skip


def decode(data: bytes) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(data)


def span_ids(request: ExportTraceServiceRequest) -> list[int]:
    return [
        int.from_bytes(span.span_id, "big")
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


if __name__ == "__main__":
    import ebpf_otlp_tracer

    sys.modules["ebpf_otlp_tracer._engine"] = sys.modules["__main__"]
    ebpf_otlp_tracer._engine = sys.modules["__main__"]  # type: ignore[attr-defined]
    if "FAKE_BATCHES" in os.environ:
        Script.batches = json.loads(os.environ["FAKE_BATCHES"])
    from ebpf_otlp_tracer.cli import run

    run()
