"""Ctrl-C, SIGTERM and SIGHUP as a value that a loop can ask for, while the main thread is deep in the engine.

A thread waits for them with `sigwaitinfo` instead of Python handlers, for two reasons: a second Ctrl-C gets out even
when the main thread sits in a call that does not return, and the signal's origin tells whether the terminal sent it
(then a command in our process group has it already) or `kill` did.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType

_FROM_KERNEL = 0x80
"""si_code SI_KERNEL: the terminal driver sent it, to the whole foreground process group."""
FORCED_EXIT_BASE = 128


class StopSignals:
    """Use as a context manager, from the main thread. After the first signal `received` holds its number."""

    def __init__(self, event: threading.Event, on_signal: Callable[[int, bool], None] | None = None) -> None:
        """`event` is set, and `on_signal(number, from_terminal)` called in the waiting thread, at the first signal."""
        self.received: int | None = None
        self.event = event
        self._on_signal = on_signal
        self._closing = False
        self._wanted = {signal.SIGINT, signal.SIGTERM}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            self._wanted.add(signal.SIGHUP)
        self._thread = threading.Thread(target=self._wait, name="signals", daemon=True)
        self._old_mask: set[signal.Signals | int] = set()

    def __enter__(self) -> StopSignals:
        self._old_mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, self._wanted))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        if self._thread.ident is not None and self._thread.is_alive():
            signal.pthread_kill(self._thread.ident, signal.SIGTERM)
            self._thread.join(timeout=1)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._old_mask)

    def _wait(self) -> None:
        while True:
            information = signal.sigwaitinfo(self._wanted)
            if self._closing:
                return
            number = information.si_signo
            if self.received is not None:
                _force_out(number)
            self.received = number
            self.event.set()
            if self._on_signal is not None:
                self._on_signal(number, information.si_code == _FROM_KERNEL)


def _force_out(number: int) -> None:
    """Leave without flushing: the user asked twice. The kernel detaches the programs with our file descriptors."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"\nforced out: what was not flushed is lost\n")
    os._exit(FORCED_EXIT_BASE + number)
