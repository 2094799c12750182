"""A batch of spans on its way out: encoded at most once in each form, however many ways out want it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ebpf_otlp_tracer._engine import SpanBatch


class SpanRow(NamedTuple):
    """The columns people look at; the order is that of `SpanBatch.rows`."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    service: str
    error: bool
    status: str
    peer: str
    evidence: str

    @property
    def duration_ns(self) -> int:
        """From the request's first byte to the response's last."""
        return self.end_ns - self.start_ns


class Spans:
    """The engine's batch, with its encodings remembered while the ways out take turns."""

    def __init__(self, batch: SpanBatch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return len(self._batch)

    @cached_property
    def protobuf(self) -> bytes:
        """One ExportTraceServiceRequest."""
        return self._batch.otlp_protobuf()

    @cached_property
    def json(self) -> bytes:
        """One line of OTLP JSON, without the newline."""
        return self._batch.otlp_json()

    def rows(self) -> list[SpanRow]:
        """Return one row for each span."""
        return [SpanRow._make(row) for row in self._batch.rows()]
