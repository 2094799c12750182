from __future__ import annotations

import random

import pytest
from fake_engine import SpanBatch, decode, span_ids
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ebpf_otlp_tracer.export.otlp_wire import count_spans, halves, rejected_spans, retry_delay, status_message, varint


@pytest.mark.parametrize("count", [2, 3, 7, 100])
def test_halves_hold_all_spans_in_order_and_the_resource_twice(count: int) -> None:
    request = SpanBatch(0, count).otlp_protobuf()
    cut = halves(request)
    assert cut is not None
    first, second = map(decode, cut)
    assert span_ids(first) + span_ids(second) == list(range(1, count + 1))
    assert first.resource_spans[0].resource == second.resource_spans[0].resource
    assert first.resource_spans[0].scope_spans[0].scope == second.resource_spans[0].scope_spans[0].scope
    assert [count_spans(half) for half in cut] == [count // 2, count - count // 2]


def test_several_resources_are_cut_between_resources() -> None:
    joined = SpanBatch(0, 3).otlp_protobuf() + SpanBatch(3, 3).otlp_protobuf()
    assert span_ids(decode(joined)) == [1, 2, 3, 4, 5, 6]
    cut = halves(joined)
    assert cut == (SpanBatch(0, 3).otlp_protobuf(), SpanBatch(3, 3).otlp_protobuf())


def test_one_span_and_none_cannot_be_cut() -> None:
    assert halves(SpanBatch(0, 1).otlp_protobuf()) is None
    assert halves(b"") is None


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**32, 2**63 - 1])
def test_rejected_spans_are_read_as_protobuf_writes_them(value: int) -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = value
    response.partial_success.error_message = "grün"
    assert rejected_spans(response.SerializeToString()) == (value, "grün")
    assert rejected_spans(b"") == (0, "")


def test_damaged_answers_say_nothing_and_never_raise() -> None:
    dice = random.Random(7)
    good = SpanBatch(0, 3).otlp_protobuf()
    for _ in range(3000):
        damaged = bytearray(good[: dice.randrange(len(good))])
        for _ in range(3):
            if damaged:
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        for read in (rejected_spans, status_message, retry_delay, halves, count_spans):
            read(bytes(damaged))
    assert rejected_spans(b"\xff" * 100) == (0, "")
    assert retry_delay(b"\x1a" + varint(10**12)) is None
