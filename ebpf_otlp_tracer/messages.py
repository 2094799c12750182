"""What the tracer says on stderr. stdout belongs to the result.

Safe to call from any thread; a stderr that is gone (closed pipe) never stops a capture.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TextIO


class Messages:
    """Notes (dropped by --quiet) and warnings (always shown)."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.quiet = quiet
        self._stream = stream
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Say something that is good to know."""
        if not self.quiet:
            self._write(text)

    def warning(self, text: str) -> None:
        """Say something the user should act on."""
        self._write(f"warning: {text}")

    def _write(self, text: str) -> None:
        stream = self._stream if self._stream is not None else sys.stderr
        with self._lock, contextlib.suppress(OSError, ValueError):
            stream.write(text + "\n")
            stream.flush()
