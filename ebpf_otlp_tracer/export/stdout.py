"""Bytes to stdout, for the ways out that have it.

A thread writes, because stdout may not move for minutes (`| less`, Ctrl-S) and that must stop neither the capture nor
the other ways out. What waits is bounded: beyond it a live capture drops and counts, a replay waits. A reader that left
(`| head`) is an end, not a failure.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import deque

from ebpf_otlp_tracer.errors import OutputError
from ebpf_otlp_tracer.export.way_out import Surroundings

WAITING_BYTES = 4 << 20
PATIENCE = 2.0
"""After Ctrl-C, a stdout that took nothing for this long is given up."""


class ReaderGoneError(OutputError):
    """The reader of stdout closed it: nothing more is wanted, and nothing is wrong."""


class Stdout:
    """The process's stdout, past Python's buffers. One way out owns it."""

    def __init__(self, around: Surroundings, limit: int = WAITING_BYTES, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self.dropped = 0
        """Spans that were not written because the reader was too slow."""
        self._around = around
        self._limit = limit
        self._queue: deque[tuple[bytes, int]] = deque()
        self._bytes = 0
        self._progress = 0
        self._error: OutputError | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="stdout", daemon=True)
        self._thread.start()

    def write(self, data: bytes, spans: int = 0) -> None:
        """Queue bytes that tell of this many spans. Raises what an earlier write met."""
        with self._changed:
            while self._error is None and self._queue and self._bytes + len(data) > self._limit:
                if self._around.live or self._around.stopping.is_set():
                    self._drop(spans)
                    return
                self._changed.wait(0.25)
            if self._error is not None:
                raise self._error
            self._queue.append((data, spans))
            self._bytes += len(data)
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until the reader has everything; after Ctrl-C only as long as it keeps reading. Raises `OutputError`."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            progress, since = self._progress, time.monotonic()
            while self._thread.is_alive():
                self._changed.wait(0.1)
                if self._progress != progress:
                    progress, since = self._progress, time.monotonic()
                elif self._around.stopping.is_set() and time.monotonic() - since > PATIENCE:
                    self.dropped += sum(spans for _, spans in self._queue)
                    break
            if self._error is not None:
                raise self._error

    def _drop(self, spans: int) -> None:
        if not self.dropped and spans:
            self._around.messages.warning("the reader of stdout is too slow: spans are dropped there and counted")
        self.dropped += spans

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    if self._closing:
                        return
                    self._changed.wait()
                data = self._queue[0][0]
            try:
                self._write_all(data)
            except OutputError as error:
                with self._changed:
                    self._error = error
                    self._queue.clear()
                    self._changed.notify_all()
                return
            with self._changed:
                self._queue.popleft()
                self._bytes -= len(data)
                self._changed.notify_all()

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            descriptor = self._target()
            while view:
                written = os.write(descriptor, view)
                self._progress += written
                view = view[written:]
        except BrokenPipeError as error:
            self._silence()
            raise ReaderGoneError("the reader of stdout is gone") from error
        except (OSError, ValueError) as error:
            raise OutputError("cannot write to stdout", why=str(error)) from error

    def _silence(self) -> None:
        """Python flushes stdout at its end and would complain about the same broken pipe again."""
        with contextlib.suppress(OSError, ValueError):
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self._target())
            os.close(devnull)

    def _target(self) -> int:
        return sys.stdout.fileno() if self._descriptor is None else self._descriptor
