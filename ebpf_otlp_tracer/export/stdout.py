"""Bytes to stdout, for the ways out that have it. A reader that left (`| head`) is an end, not a failure."""

from __future__ import annotations

import contextlib
import os
import sys

from ebpf_otlp_tracer.errors import OutputError


class ReaderGoneError(OutputError):
    """The reader of stdout closed it: nothing more is wanted, and nothing is wrong."""


def write(data: bytes) -> None:
    """Write all of it, past Python's buffers."""
    view = memoryview(data)
    try:
        descriptor = sys.stdout.fileno()
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError as error:
        # Python flushes stdout at its end and would complain about the same pipe again.
        with contextlib.suppress(OSError):
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, sys.stdout.fileno())
            os.close(devnull)
        raise ReaderGoneError("the reader of stdout is gone") from error
    except (OSError, ValueError) as error:
        raise OutputError("cannot write to stdout", why=str(error)) from error
