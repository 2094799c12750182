from __future__ import annotations

import gzip
import json
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from fake_engine import SpanBatch, decode, span_ids
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ebpf_otlp_tracer.errors import InputError, OutputError
from ebpf_otlp_tracer.export.file import SpanFile
from ebpf_otlp_tracer.export.otlp_wire import _read_varint
from ebpf_otlp_tracer.export.spans import Spans


def plain(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def delimited(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    at = 0
    while at < len(view):
        size, at = _read_varint(view, at)
        assert at + size <= len(view)
        yield bytes(view[at : at + size])
        at += size


def fill(path: Path, *, ticks: bool = False) -> list[str]:
    out = SpanFile(str(path))
    for start in (0, 30, 60):
        out.write(Spans(SpanBatch(start, 30)))
        if ticks:
            out.tick()
    return out.close().lines


@pytest.mark.parametrize("ticks", [False, True])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.out", "a.jsonl.gz", "a.json.zst", "A.JSONL.GZ"])
def test_a_file_of_lines_holds_every_span(tmp_path: Path, name: str, ticks: bool) -> None:
    path = tmp_path / name
    assert fill(path, ticks=ticks) == [f"90 spans in {path}"]
    data = gzip.decompress(path.read_bytes()) if name.endswith("GZ") else plain(path)
    lines = data.splitlines(keepends=True)
    assert all(line.endswith(b"\n") for line in lines)
    requests = [json_format.ParseDict(json.loads(line), ExportTraceServiceRequest()) for line in lines]
    assert [each for request in requests for each in span_ids(request)] == list(range(1, 91))


@pytest.mark.parametrize("ticks", [False, True])
@pytest.mark.parametrize("name", ["a.pb", "a.pb.gz", "a.pb.zst"])
def test_a_protobuf_file_holds_delimited_requests(tmp_path: Path, name: str, ticks: bool) -> None:
    path = tmp_path / name
    fill(path, ticks=ticks)
    requests = [decode(data) for data in delimited(plain(path))]
    assert [each for request in requests for each in span_ids(request)] == list(range(1, 91))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.pb.gz", "a.pb.zst"])
def test_the_same_spans_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        fill(tmp_path / folder / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_only_the_owner_can_read_a_new_file(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        fill(tmp_path / "a.jsonl")
    finally:
        os.umask(old)
    assert (tmp_path / "a.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_killed_capture_leaves_what_it_flushed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.jsonl.{suffix}"
    out = SpanFile(str(path))
    out.write(Spans(SpanBatch(0, 30)))
    out.tick()
    data = path.read_bytes()
    if suffix == "gz":
        import zlib

        text = zlib.decompressobj(31).decompress(data)
    else:
        text = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    assert text.endswith(b"\n")
    out.close()


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old" * 100000)
    fill(path)
    assert path.read_bytes().startswith(b"{")
    assert b"old" not in path.read_bytes()


def test_a_file_that_cannot_be_opened_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path / "no" / "folder.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot write"):
            SpanFile(str(path))


def test_a_full_disk_is_an_output_error_with_the_reason() -> None:
    out = SpanFile("/dev/full")
    with pytest.raises(OutputError, match="/dev/full") as caught:
        out.write(Spans(SpanBatch(0, 1)))
    assert "No space left" in caught.value.text()


def test_a_size_limit_is_an_output_error_too(tmp_path: Path) -> None:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    out = SpanFile(str(tmp_path / "a.jsonl"))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, old[1]))
    try:
        with pytest.raises(OutputError):
            out.write(Spans(SpanBatch(0, 10)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
        out.close()
