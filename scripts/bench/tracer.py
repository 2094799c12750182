"""The tracer as users run it: the real command line, its summary, and what the kernel accounts to it."""

from __future__ import annotations

import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from measure import ROOT, say

START_PATIENCE = 60
STOP_PATIENCE = 120


def command() -> str:
    """Return the command that scripts/setup made, or the installed one."""
    own = ROOT / ".venv" / "bin" / "ebpf-otlp-tracer"
    found = str(own) if own.exists() else shutil.which("ebpf-otlp-tracer")
    if found is None:
        sys.exit("bench: no ebpf-otlp-tracer; run scripts/setup")
    return found


@dataclass(frozen=True)
class Outcome:
    """What a run of the tracer was."""

    spans: int
    by_protocol: dict[str, int]
    lost: dict[str, int]
    user_seconds: float
    """User CPU from ready to exit: without starting up."""
    system_seconds: float
    waited_seconds: float
    """Ready to run, but no CPU was free."""
    peak_bytes: int
    summary: str

    @property
    def events_lost(self) -> int:
        """Events or bytes that the kernel side could not hand over."""
        return sum(count for cause, count in self.lost.items() if cause.startswith("kernel."))


class Tracer:
    """`attach` or `record` from its start to its summary; a context manager that never leaves one behind."""

    def __init__(self, arguments: Sequence[str], *, cpu: int | None = None, name: str = "attach") -> None:
        pin = ["taskset", "-c", str(cpu)] if cpu is not None else []
        self._process = subprocess.Popen(
            [*pin, command(), name, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._said: list[str] = []
        self.outcome: Outcome | None = None

    @property
    def pid(self) -> int:
        """The tracer itself: taskset becomes what it starts."""
        return self._process.pid

    def __enter__(self) -> Tracer:
        self._await_ready()
        self._user_at_ready, self._system_at_ready = self.cpu_seconds()
        self._waited_at_ready = self._waited_seconds()
        return self

    def _await_ready(self) -> None:
        assert self._process.stderr is not None
        until = time.monotonic() + START_PATIENCE
        while time.monotonic() < until:
            if not select.select([self._process.stderr], [], [], 0.1)[0]:
                continue
            line = self._process.stderr.readline()
            self._said.append(line)
            if line.startswith("tracing "):
                return
            if not line:
                break
        self._process.kill()
        sys.exit(f"bench: the tracer did not start: {''.join(self._said)}")

    def cpu_seconds(self) -> tuple[float, float]:
        """Return user and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        tick = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / tick, int(fields[12]) / tick

    def _waited_seconds(self) -> float:
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9

    def memory(self, field: str) -> int:
        """Return VmRSS or VmHWM."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        peak = self.memory("VmHWM")
        waited = self._waited_seconds()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._process.send_signal(signal.SIGINT)
        try:
            _, said = self._process.communicate(timeout=STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            say("bench: the tracer did not stop")
            raise
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self._process.returncode != 0 and kind is None:
            sys.exit(f"bench: the tracer failed: {said}")
        self.outcome = _outcome(
            "".join(self._said) + said,
            after.ru_utime - before.ru_utime - self._user_at_ready,
            after.ru_stime - before.ru_stime - self._system_at_ready,
            waited - self._waited_at_ready,
            peak,
        )

    def result(self) -> Outcome:
        """Return the outcome, once it has stopped."""
        assert self.outcome is not None
        return self.outcome


def _outcome(summary: str, user: float, system: float, waited: float, peak: int) -> Outcome:
    number = re.search(r"^([\d,]+) (?:spans in |events, hooks )", summary, re.MULTILINE)
    if number is None:
        sys.exit(f"bench: no summary in: {summary}")
    return Outcome(
        spans=_integer(number[1]),
        by_protocol=_counts(summary, "by protocol"),
        lost=_counts(summary, "lost"),
        user_seconds=user,
        system_seconds=system,
        waited_seconds=waited,
        peak_bytes=peak,
        summary=summary,
    )


def _counts(summary: str, title: str) -> dict[str, int]:
    line = re.search(rf"^  {title}: (.*)$", summary, re.MULTILINE)
    parts = re.findall(r"([\w.]+) ([\d,]+)(?:,|$)", line[1]) if line else []
    return {name: _integer(count) for name, count in parts}


def _integer(text: str) -> int:
    return int(text.replace(",", ""))


def lost_text(outcomes: Sequence[Outcome]) -> str:
    """Say what was lost over several runs, by cause."""
    total: dict[str, int] = {}
    for outcome in outcomes:
        for cause, count in outcome.lost.items():
            total[cause] = total.get(cause, 0) + count
    return ", ".join(f"{cause} {count:,}" for cause, count in total.items()) or "nothing lost"
