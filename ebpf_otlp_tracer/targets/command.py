"""`-- COMMAND ARGS`: start a command only once the tracer is attached, and end as it ends.

The child is forked early, while this process is small and has one thread, and waits on a pipe. `go` lets it run the
command; if the tracer dies first, the pipe closes and the child ends without running anything.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Sequence

from ebpf_otlp_tracer.errors import InputError

_GO = b"g"
_NEVER_RAN = 127


class Command:
    """A command that waits to be started, runs, or has ended."""

    def __init__(self, arguments: Sequence[str], *, stdout_to_stderr: bool = False) -> None:
        if shutil.which(arguments[0]) is None:
            raise InputError(
                f"cannot run {arguments[0]}",
                why="there is no such executable file, here or on PATH",
                next_step="check the name; a shell builtin needs: -- sh -c '...'",
            )
        self.name = arguments[0]
        self.exit_code: int | None = None
        wait_end, self._start = os.pipe()
        self._failure, failure_end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._start)
            os.close(self._failure)
            _wait_and_run(list(arguments), wait_end, failure_end, stdout_to_stderr=stdout_to_stderr)
        os.close(wait_end)
        os.close(failure_end)
        self._pidfd = os.pidfd_open(self.pid)

    def go(self) -> None:
        """Run it. Raises `InputError` when the kernel refuses (a script without interpreter, a foreign binary)."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._start, _GO)
        os.close(self._start)
        self._start = -1
        with os.fdopen(self._failure, "rb") as pipe:
            failure = pipe.read()  # empty: exec closed the other end
        self._failure = -1
        if failure:
            self.wait()
            raise InputError(f"cannot run {self.name}", why=os.strerror(int(failure)))

    def ended(self) -> bool:
        """Say whether it has ended, without waiting."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._take(status)
        return self.exit_code is not None

    def wait(self) -> int:
        """Wait for its end: its exit status, or 128 + the signal that ended it."""
        if self.exit_code is None:
            self._take(os.waitpid(self.pid, 0)[1])
        assert self.exit_code is not None  # noqa: S101 - _take has set it
        return self.exit_code

    def send(self, number: int) -> None:
        """Send it a signal, unless it has ended: a pidfd never hits another process."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def abandon(self) -> None:
        """End a command that was never started."""
        if self._start >= 0:
            os.close(self._start)
            os.close(self._failure)
            self._start = self._failure = -1
            self.wait()

    def _take(self, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        self.exit_code = 128 - code if code < 0 else code
        os.close(self._pidfd)


def _wait_and_run(arguments: list[str], wait_end: int, failure_end: int, *, stdout_to_stderr: bool) -> None:
    """Be the child: wait for the word, become the command. Never returns."""
    try:
        # The command starts with the signal state it would have without us: Python ignores SIGPIPE and SIGXFSZ, and
        # handles SIGINT unless it was ignored from outside.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if os.read(wait_end, 1) != _GO:
            os._exit(_NEVER_RAN)
        if stdout_to_stderr:
            os.dup2(2, 1)
        os.execvp(arguments[0], arguments)  # noqa: S606 - that is the feature
    except OSError as error:
        os.write(failure_end, str(error.errno).encode())
    finally:
        os._exit(_NEVER_RAN)
