"""What every benchmark shares: settings, A B A B pairs, medians, and the state of the machine."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
Result = TypeVar("Result")


@dataclass(frozen=True)
class Settings:
    """How long and how often to measure."""

    pairs: int
    seconds: float
    """One phase of one pair."""
    hooks: Sequence[str]
    folder: Path
    """For what is made on the way."""

    @property
    def output(self) -> str:
        """Where spans go: encoded like any .pb file and written to nowhere. The disk is not what is measured."""
        path = self.folder / "null.pb"
        if not path.is_symlink():
            path.symlink_to(os.devnull)
        return str(path)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    without: str
    """Without the tracer."""
    traced: str
    cost: str
    goal: str = ""
    met: bool | None = None


def within(value: float, limit: float) -> bool:
    """Say whether a goal of the kind "at most" is met."""
    return value <= limit


def say(text: str) -> None:
    """Report progress: the table alone goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def spread(values: Sequence[float], scale: float = 1.0, unit: str = "") -> str:
    """Return the median and the interquartile range."""
    ordered = sorted(value * scale for value in values)
    middle = statistics.median(ordered)
    if len(ordered) < 4:
        return f"{_number(middle)}{unit}"
    low, _, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return f"{_number(middle)}{unit} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def pairs(
    count: int, without: Callable[[], Result], traced: Callable[[], Result], show: Callable[[Result], str]
) -> tuple[list[Result], list[Result]]:
    """Run A B A B: what the machine does meanwhile hits both alike."""
    first: list[Result] = []
    second: list[Result] = []
    for number in range(count):
        first.append(without())
        second.append(traced())
        say(f"  pair {number + 1}/{count}: off {show(first[-1])}, on {show(second[-1])}, load {os.getloadavg()[0]:.1f}")
    return first, second


def lost_shares(without: Sequence[float], traced: Sequence[float]) -> list[float]:
    """Return what each pair lost, in percent: neighbours in time are compared, not all with all."""
    return [100 * (1 - on / off) for off, on in zip(without, traced, strict=True)]


def gained_shares(without: Sequence[float], traced: Sequence[float]) -> list[float]:
    """Return what each pair gained, in percent."""
    return [-share for share in lost_shares(without, traced)]


def compiled(name: str, folder: Path) -> str:
    """Compile one of the C files beside this one."""
    program = folder / name
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", program, HERE / f"{name}.c"], check=True)
    return str(program)


def machine() -> str:
    """Describe the machine, for the table's head."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"{time.strftime('%Y-%m-%d', time.gmtime())}{f', commit {commit}' if commit else ''}"
    )


def load() -> str:
    """Tell how busy the machine is besides us: numbers of a busy machine are worth little."""
    before = _busy_and_stolen()
    time.sleep(1)
    after = _busy_and_stolen()
    total = after[2] - before[2]
    busy, stolen = (100 * (after[at] - before[at]) / total for at in (0, 1))
    return f"load average {os.getloadavg()[0]:.2f}, {busy:.0f} % of the CPUs busy and {stolen:.0f} % stolen at rest"


def _busy_and_stolen() -> tuple[int, int, int]:
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4] - fields[7], fields[7], sum(fields)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes away. World-accessible: servers drop their privileges."""
    folder = tempfile.TemporaryDirectory(prefix="eot-bench-")
    Path(folder.name).chmod(0o755)
    return folder
