"""--output FILE: OTLP JSON lines or length-delimited protobuf, plain or compressed, by the file's suffix.

=======================  =====================================================================
`x.jsonl`, `x.json`      one ExportTraceServiceRequest a line (any other suffix: the same)
`x.pb`                   varint length, then the ExportTraceServiceRequest, again and again
`.gz`, `.zst` appended   the same, compressed
=======================  =====================================================================

Spans hold user data: files are made readable by their owner only (0600). An existing file is replaced and keeps its
mode. A compressed file is flushed about once a second in a live capture, so that a killed tracer leaves a readable
one; never in a replay, whose bytes must not depend on the clock.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import zlib
from collections.abc import Sequence
from typing import Protocol

from ebpf_otlp_tracer.errors import InputError, OutputError
from ebpf_otlp_tracer.export.json_lines import JsonLines
from ebpf_otlp_tracer.export.otlp_wire import varint
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.way_out import Closed, Definition, Surroundings, WayOut

FILE_MODE = 0o600
_GZIP_LEVEL = 3
"""Spans repeat themselves: level 3 is within a few percent of level 6 at twice its speed."""
_GZIP_WINDOW = 31  # zlib's way to say: the largest window, with a gzip header (whose time stays 0)
_ZSTD_LEVEL = 3


class _Encoder(Protocol):
    """What turns plain bytes into a file's bytes."""

    def add(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def end(self) -> bytes: ...


class _Plain:
    def add(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""

    end = flush


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def add(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def flush(self) -> bytes:
        return self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._stream.flush(zlib.Z_FINISH)


class _Zstd:
    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 - 2 MB that only .zst files pay

        self._stream = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        self._flush_block = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def add(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def flush(self) -> bytes:
        return self._stream.flush(self._flush_block)

    def end(self) -> bytes:
        return self._stream.flush()


class SpanFile:
    """One file that spans are written to."""

    def __init__(self, path: str) -> None:
        self.name = path
        stem, self._encoder = _encoder_for(path)
        self._protobuf = stem.endswith(".pb")
        self._unflushed = False
        self._spans = 0
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise InputError(
                f"cannot write {path}", why=error.strerror or str(error), next_step="--output in a folder of yours"
            ) from error

    def write(self, spans: Spans) -> None:
        """Append a batch."""
        # Two pieces rather than one joined copy: a batch is about a megabyte.
        pieces = (varint(len(spans.protobuf)), spans.protobuf) if self._protobuf else (spans.json, b"\n")
        for piece in pieces:
            self._put(self._encoder.add(piece))
        self._spans += len(spans)
        self._unflushed = True

    def tick(self) -> None:
        """Bring what the compressor holds back to the disk."""
        if self._unflushed:
            self._put(self._encoder.flush())
            self._unflushed = False

    def close(self) -> Closed:
        """End the compressed stream and close the file."""
        try:
            self._put(self._encoder.end())
        finally:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        return Closed([f"{self._spans:,} spans in {self.name}"])

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            raise OutputError(
                f"writing {self.name} failed; it ends where it was",
                why=error.strerror or str(error),
                next_step="make room, or name a file on another disk",
            ) from error


def _encoder_for(path: str) -> tuple[str, _Encoder]:
    lower = path.lower()
    if lower.endswith(".gz"):
        return lower.removesuffix(".gz"), _Gzip()
    if lower.endswith(".zst"):
        return lower.removesuffix(".zst"), _Zstd()
    return lower, _Plain()


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="OTLP JSON lines, or protobuf for .pb; .gz and .zst compress; - is stdout (repeatable)",
    )


def _open(options: argparse.Namespace, surroundings: Surroundings) -> Sequence[WayOut]:
    opened: list[WayOut] = []
    try:
        for path in options.output:
            opened.append(JsonLines(surroundings) if path == "-" else SpanFile(path))  # noqa: PERF401 - what is open must be closed
    except BaseException:
        for way_out in opened:
            way_out.close()
        raise
    return opened


DEFINITION = Definition("file", _add_options, _open, uses_stdout=lambda options: options.output.count("-"))
