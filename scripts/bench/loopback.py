"""What the hooks cost the processes of the machine: one process talks to itself over TCP, pinned to one CPU.

The tracer runs on the other CPU and has pauses to keep up, so this is the price of the hooks, not of the reader. Both
ends are in the traced process: a pair of calls is one write and one read, 150 bytes copied each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from measure import Row, Settings, compiled, say, spread, within
from tracer import Tracer

PURPOSE = "what one write plus one read on TCP cost"
PAIRS_PER_ROUND = 2000
BYTES = 150
PAUSE_MICROSECONDS = 20_000
PHASES = 6
GOALS_NS = {"traced": 1000.0, "not traced": 100.0, "no socket": 0.0}
NO_SOCKET_NOISE_NS = 5.0
"""A call without a socket takes some 100 ns; less than this is not told apart from nothing."""


def run(settings: Settings) -> Iterator[Row]:
    """Measure each family of hooks."""
    program = compiled("loopback", settings.folder)
    for hooks in settings.hooks:
        for what in GOALS_NS:
            yield _measure(settings, program, hooks, what)


def _measure(settings: Settings, program: str, hooks: str, what: str) -> Row:
    call = "getppid" if what == "no socket" else "socket"
    seconds = max(1.0, settings.seconds / 2)
    rounds = PAIRS_PER_ROUND if call == "socket" else PAIRS_PER_ROUND * 20
    with _running(program, call, rounds) as (pid, measured), _idle_process() as idle:
        options = ["--pid", str(idle if what == "not traced" else pid), "--hooks", hooks, "--output", settings.output]
        costs, bare, lost = [], [], 0
        for number in range(PHASES):
            before = measured(seconds)
            with Tracer(options, cpu=(os.cpu_count() or 1) - 1) as tracer:
                with_tracer = measured(seconds)
            lost += tracer.result().events_lost
            after = measured(seconds)
            # The machine drifts: what lies on both sides of the traced phase is the measure.
            bare.append((before + after) / 2)
            costs.append(with_tracer - bare[-1])
            say(f"  {hooks}, {what} {number + 1}/{PHASES}: off {bare[-1]:.0f} ns, on {with_tracer:.0f} ns")
    cost = statistics.median(costs)
    limit = GOALS_NS[what]
    goal = "0" if limit == 0 else f"<= {limit / 1000:.1f} us"
    return Row(
        what={
            "traced": f"write + read on TCP, traced, {hooks}",
            "not traced": f"write + read on TCP, another process traced, {hooks}",
            "no socket": f"getppid of a traced process, {hooks}",
        }[what],
        without=f"{statistics.median(bare):,.0f} ns",
        traced=f"{statistics.median(bare) + cost:,.0f} ns",
        cost=f"{spread(costs, unit=' ns')} more" + (f"; {lost:,} events lost" if lost else ""),
        goal=goal if hooks == "tp_btf" else "",
        met=within(cost, limit or NO_SOCKET_NOISE_NS) if hooks == "tp_btf" else None,
    )


@contextmanager
def _running(program: str, call: str, rounds: int) -> Iterator[tuple[int, Callable[[float], float]]]:
    arguments = [program, call, str(rounds), str(BYTES), str(PAUSE_MICROSECONDS)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = process.stdout

    def measured(seconds: float) -> float:
        """Return what a pair takes in the next seconds: neither earlier rounds count nor the one that runs.

        The fastest tenth of the rounds: whatever else runs on the machine only makes rounds slower.
        """
        os.set_blocking(lines.fileno(), False)
        while lines.read():
            pass
        os.set_blocking(lines.fileno(), True)
        lines.readline()
        lines.readline()
        until = time.monotonic() + seconds
        values: list[float] = []
        while time.monotonic() < until or not values:
            values.append(float(lines.readline()))
        return sorted(values)[len(values) // 10]

    try:
        yield process.pid, measured
    finally:
        process.kill()
        process.wait()


@contextmanager
def _idle_process() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "3600"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
