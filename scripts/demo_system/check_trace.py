"""Checks the file that the demo wrote: every span is there, below the right parent, with the right addresses.

The file is read with OpenTelemetry's own protobuf definitions, as a collector would read it, so that a field that does
not exist in OTLP is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

CLIENT, SERVER = Span.SpanKind.SPAN_KIND_CLIENT, Span.SpanKind.SPAN_KIND_SERVER
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where the servers of the demo listen."""

    shop: int
    prices: int
    redis: int


@dataclass(frozen=True)
class Expected:
    """A span, and what hangs below it."""

    kind: Span.SpanKind.ValueType
    name: str
    service: str
    attributes: dict[str, str]
    evidence: str
    children: tuple[Expected, ...] = ()


def _call(
    name: str,
    services: tuple[str, str],
    *,
    port: int,
    evidence: str,
    more: dict[str, str],
    below: tuple[Expected, ...] = (),
) -> Expected:
    """Both ends of one exchange: the client's span, and the server's below it."""
    both = {"server.address": LOOPBACK, "server.port": str(port), "network.peer.address": LOOPBACK, **more}
    server = Expected(SERVER, name, services[1], both, "tcp-sequence", below)
    return Expected(CLIENT, name, services[0], {"network.peer.port": str(port), **both}, evidence, (server,))


def _expected(ports: Ports, status: int) -> Expected:
    """The trace of one purchase."""
    http, redis = {"http.response.status_code": str(status)}, {"db.system.name": "redis"}
    price = _call("GET /prices/{id}", ("shop", "prices"), port=ports.prices, evidence="thread", more=http)
    stock = _call("GET", ("shop", "redis-server"), port=ports.redis, evidence="thread", more=redis)
    below = (price, stock) if status == 200 else (price,)
    return _call("GET /articles/{id}", ("customer", "shop"), port=ports.shop, evidence="", more=http, below=below)


def check(path: Path, ports: Ports, statuses: list[int]) -> str:
    """Return a sentence that says what is right; exit with one that says what is not."""
    spans = list(_read(path))
    roots = [span for span in spans if not span.parent]
    if len(roots) != len(statuses):
        _wrong(f"{len(roots)} traces, not {len(statuses)}")
    count = 0
    for root, status in zip(sorted(roots, key=lambda span: span.start), statuses, strict=True):
        count += _compare(root, _expected(ports, status), spans)
    if count != len(spans):
        _wrong(f"{len(spans) - count} spans that nobody asked for")
    return (
        f"checked: {len(roots)} traces, {count} spans, every parent and address is right, "
        "and OpenTelemetry's own parser takes the file"
    )


@dataclass(frozen=True)
class _Seen:
    trace: bytes
    id: bytes
    parent: bytes
    kind: Span.SpanKind.ValueType
    name: str
    service: str
    start: int
    end: int
    attributes: dict[str, str]


def _read(path: Path) -> Iterator[_Seen]:
    for line in path.read_text().splitlines():
        for resource in json_format.Parse(line, ExportTraceServiceRequest()).resource_spans:
            service = _values(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    yield _Seen(
                        span.trace_id, span.span_id, span.parent_span_id, span.kind, span.name, service,
                        span.start_time_unix_nano, span.end_time_unix_nano, _values(span.attributes),
                    )  # fmt: skip


def _values(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value") or "string_value")) for pair in attributes}


def _compare(span: _Seen, expected: Expected, spans: list[_Seen]) -> int:
    """How many spans this one and all below it are."""
    where = f"{expected.service}: {expected.name}"
    if (span.kind, span.name, span.service) != (expected.kind, expected.name, expected.service):
        _wrong(f"{where} is {span.service}: {span.name}, kind {span.kind}")
    evidence = {"ebpf_otlp_tracer.parent.evidence": expected.evidence} if expected.evidence else {}
    for key, value in (expected.attributes | evidence).items():
        if span.attributes.get(key) != value:
            _wrong(f"{where} has {key} {span.attributes.get(key)!r}, not {value!r}")
    children = sorted((other for other in spans if other.parent == span.id), key=lambda other: other.start)
    if len(children) != len(expected.children):
        _wrong(f"{where} has {len(children)} spans below it, not {len(expected.children)}")
    for child in children:
        if child.trace != span.trace:
            _wrong(f"{where}: a span below it is of another trace")
    return 1 + sum(_compare(child, below, spans) for child, below in zip(children, expected.children, strict=True))


def _wrong(what: str) -> NoReturn:
    sys.exit(f"demo: the trace is wrong: {what}")
