"""Parcels of spans on disk while the collector is away: first in, first out, bounded, gone with the tracer.

Spans hold user data: the folder is the owner's only (0700), its files 0600, and all of it is removed at the end.
Segment files are deleted once read, so that a long outage with a slow recovery gives the disk back as it goes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
from collections import deque
from typing import NamedTuple

SEGMENT_BYTES = 4 << 20
_HEADER = struct.Struct("<II")  # bytes and spans of the parcel that follows


class Parcel(NamedTuple):
    """An encoded request and the number of its spans."""

    data: bytes
    spans: int


class _Segment:
    """One file: written at its end, read at its front."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.written = 0
        self.read = 0

    def discard(self) -> None:
        os.close(self.descriptor)
        with contextlib.suppress(OSError):
            os.unlink(self.path)


class Spool:
    """Not thread-safe: the backlog that owns it holds the lock. The folder is made when it is first needed."""

    def __init__(self, limit: int, directory: str | None = None) -> None:
        self._limit = limit
        self._parent = directory
        self._folder: str | None = None
        self._segments: deque[_Segment] = deque()
        self._count = 0
        self.bytes = 0
        self.spans = 0
        self.failure = ""
        """Why the disk last refused, for the one warning about it."""

    def __bool__(self) -> bool:
        return self.bytes > 0

    def put(self, parcel: Parcel) -> bool:
        """Append. False when it would exceed the limit or the disk refuses; what was there before is unharmed."""
        size = _HEADER.size + len(parcel.data)
        if self.bytes + size > self._limit:
            return False
        try:
            segment = self._last()
            try:
                _write_at(
                    segment.descriptor, _HEADER.pack(len(parcel.data), parcel.spans) + parcel.data, segment.written
                )
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(segment.descriptor, segment.written)
                raise
        except OSError as error:
            self.failure = f"{error.strerror} ({self._folder or self._parent or tempfile.gettempdir()})"
            return False
        segment.written += size
        self.bytes += size
        self.spans += parcel.spans
        return True

    def peek_size(self) -> int:
        """Bytes of the oldest parcel; 0 when there is none or it cannot be read."""
        return self._front_header()[0] if self else 0

    def take(self) -> Parcel | None:
        """Remove the oldest. `None` when there is none, or the disk lost it (then all of its segment is given up)."""
        if not self:
            return None
        segment = self._segments[0]
        length, spans = self._front_header()
        data = b""
        if length:
            with contextlib.suppress(OSError):
                data = os.pread(segment.descriptor, length, segment.read + _HEADER.size)
        if not length or len(data) != length:
            self.failure = "a spool file could not be read back"
            self.close()
            return None
        size = _HEADER.size + length
        segment.read += size
        self.bytes -= size
        self.spans -= spans
        if segment.read == segment.written:
            self._segments.popleft().discard()
        return Parcel(data, spans)

    def close(self) -> None:
        """Remove everything from the disk."""
        while self._segments:
            self._segments.popleft().discard()
        self.bytes = self.spans = 0
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _front_header(self) -> tuple[int, int]:
        segment = self._segments[0]
        try:
            header = os.pread(segment.descriptor, _HEADER.size, segment.read)
        except OSError:
            return 0, 0
        return _HEADER.unpack(header) if len(header) == _HEADER.size else (0, 0)

    def _last(self) -> _Segment:
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="ebpf-otlp-tracer-", dir=self._parent)  # mode 0700
        if not self._segments or self._segments[-1].written >= SEGMENT_BYTES:
            self._count += 1
            self._segments.append(_Segment(os.path.join(self._folder, f"{self._count:08}.spool")))
        return self._segments[-1]


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        offset += written
        view = view[written:]
