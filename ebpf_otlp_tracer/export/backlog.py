"""Requests that wait for the collector: memory first, then disk, then counted drops. In order, bounded, thread-safe.

While anything is in the spool, newcomers join it there: what was captured first is sent first.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from ebpf_otlp_tracer.export.spool import Parcel, Spool

MEMORY_BYTES = 4 << 20
"""What a stalled collector may cost of the tracer's 60 MB."""
PARCEL_BYTES = 1 << 20
"""Waiting requests are joined up to this size: collectors accept 4 MB over gRPC by default."""


class Backlog:
    """One producer, one consumer."""

    def __init__(self, spool: Spool, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory: deque[Parcel] = deque()
        self._memory_limit = memory_bytes
        self._memory_bytes = 0
        self._spool = spool
        self._changed = threading.Condition()
        self._closing = False
        self.dropped = 0
        """Spans that found no room."""
        self.spooled = 0
        """Spans that went through the disk."""

    @property
    def spans(self) -> int:
        """How many spans wait."""
        with self._changed:
            return sum(parcel.spans for parcel in self._memory) + self._spool.spans

    @property
    def spool_failure(self) -> str:
        """Why the disk last refused; empty if it never did."""
        return self._spool.failure

    def put(self, parcel: Parcel) -> bool:
        """Store a parcel. False when it was dropped."""
        with self._changed:
            if not self._spool and self._fits(parcel):
                self._memory.append(parcel)
                self._memory_bytes += len(parcel.data)
            elif self._spool.put(parcel):
                self.spooled += parcel.spans
            else:
                self.dropped += parcel.spans
                return False
            self._changed.notify_all()
            return True

    def put_if_room(self, parcel: Parcel, wait_seconds: float) -> bool:
        """Store a parcel in memory, waiting for room at most this long. False, and nothing counted, without room."""
        until = time.monotonic() + wait_seconds
        with self._changed:
            while not self._fits(parcel):
                remaining = until - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    return False
            self._memory.append(parcel)
            self._memory_bytes += len(parcel.data)
            self._changed.notify_all()
            return True

    def take(self) -> Parcel | None:
        """Wait for parcels and return the oldest ones, joined. `None` when closing and empty."""
        with self._changed:
            while not self._memory and not self._spool:
                if self._closing:
                    return None
                self._changed.wait()
            parts: list[Parcel] = []
            size = 0
            while self._memory and (not parts or size + len(self._memory[0].data) <= PARCEL_BYTES):
                parcel = self._memory.popleft()
                self._memory_bytes -= len(parcel.data)
                size += len(parcel.data)
                parts.append(parcel)
            while not self._memory and self._spool and (not parts or size + self._spool.peek_size() <= PARCEL_BYTES):
                waiting = self._spool.spans
                spooled = self._spool.take()
                if spooled is None:
                    self.dropped += waiting
                    break
                size += len(spooled.data)
                parts.append(spooled)
            self._changed.notify_all()
        # Concatenated messages are one message whose repeated fields follow each other: joining needs no decoding.
        return Parcel(b"".join(part.data for part in parts), sum(part.spans for part in parts))

    def close(self) -> None:
        """Let `take` end once everything is taken."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def discard(self) -> None:
        """Forget what is left, on the disk too."""
        with self._changed:
            self._memory.clear()
            self._memory_bytes = 0
            self._spool.close()

    def _fits(self, parcel: Parcel) -> bool:
        return not self._memory or self._memory_bytes + len(parcel.data) <= self._memory_limit
