"""The terminal: one line for each span as it ends, and the slowest traces as trees at the end.

No rich here: it would cost 7 MB of the 60 that a busy `attach` has. Plain text without colour when stdout is no
terminal or NO_COLOR is set. Names come from outside: control characters never reach the terminal. In a live capture at
most `LINES_PER_SECOND` spans are looked at: more could neither be read nor formatted in time; the rest is counted.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from ebpf_otlp_tracer.export.spans import SpanRow, Spans
from ebpf_otlp_tracer.export.stdout import Stdout
from ebpf_otlp_tracer.export.trace_tree import TraceForest
from ebpf_otlp_tracer.export.way_out import Closed, Definition, Surroundings, WayOut

LINES_PER_SECOND = 2000
SLOW_NS = 1_000_000_000
_RED, _YELLOW, _DIM, _BOLD, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


class Terminal:
    """Writes for people."""

    name = "terminal"

    def __init__(
        self, stdout: Stdout, *, colour: bool, live: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stdout = stdout
        self._colour = colour
        self._live = live
        self._clock = clock
        self._second = 0
        self._budget = LINES_PER_SECOND
        self._not_shown = 0
        self._not_shown_now = 0
        self._forest = TraceForest()

    def write(self, spans: Spans) -> None:
        """Write a line for each span."""
        allowed = self._allowance(len(spans))
        if allowed:
            rows = spans.rows()[:allowed]
            for row in rows:
                self._forest.add(row)
            self._stdout.write("".join(self._line(row) for row in rows).encode("utf-8", "replace"), len(rows))
        self._not_shown_now += len(spans) - allowed

    def tick(self) -> None:
        """Say what was too much to show."""
        if self._not_shown_now:
            self._not_shown += self._not_shown_now
            text = f"... {self._not_shown_now:,} more spans, too fast to show"
            self._not_shown_now = 0
            self._stdout.write((self._paint(_DIM, text) + "\n").encode())

    def close(self) -> Closed:
        """Draw the trees."""
        self.tick()
        lines = []
        for row, text in self._forest.lines():
            if row is None:
                lines.append(text if text.startswith(" ") else "\n" + self._paint(_BOLD, text))
            else:
                lines.append(text + self._describe(row))
        if lines:
            self._stdout.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))
        self._stdout.close()
        not_shown = self._not_shown + self._stdout.dropped
        return Closed([f"{not_shown:,} spans were too fast to show; --output keeps all"] if not_shown else [])

    def _allowance(self, wanted: int) -> int:
        if not self._live:
            return wanted
        second = int(self._clock())
        if second != self._second:
            self._second, self._budget = second, LINES_PER_SECOND
        allowed = min(wanted, self._budget)
        self._budget -= allowed
        return allowed

    def _line(self, row: SpanRow) -> str:
        seconds, nanoseconds = divmod(row.end_ns, 1_000_000_000)
        at = time.gmtime(seconds)
        stamp = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}.{nanoseconds // 1_000_000:03}Z"
        return f"{self._paint(_DIM, stamp)} {self._describe(row)}\n"

    def _describe(self, row: SpanRow) -> str:
        text = f"{row.kind.lower():8} {clean(row.service):20} {clean(row.name):40} {_duration(row.duration_ns):>9}"
        if row.error:
            text = self._paint(_RED, f"{text}  ERROR {clean(row.status)}".rstrip())
        elif row.duration_ns >= SLOW_NS:
            text = self._paint(_YELLOW, text)
        return text + (f"  {self._paint(_DIM, clean(row.peer))}" if row.peer else "")

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


def clean(text: str) -> str:
    """Return the text without anything that a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _duration(nanoseconds: int) -> str:
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1e3:.0f} us"
    if nanoseconds < 1_000_000_000:
        return f"{nanoseconds / 1e6:.1f} ms"
    return f"{nanoseconds / 1e9:.2f} s"


def open_default(surroundings: Surroundings) -> WayOut:
    """Return the way out that is used when no other was named."""
    tty = sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return Terminal(
        Stdout(surroundings), colour=tty and not surroundings.environment.get("NO_COLOR"), live=surroundings.live
    )


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--terminal", action="store_true", help="one line for each span, and trace trees at the end")


def _open(options: argparse.Namespace, surroundings: Surroundings) -> Sequence[WayOut]:
    return [open_default(surroundings)] if options.terminal else []


DEFINITION = Definition("terminal", _add_options, _open, uses_stdout=lambda options: int(options.terminal))
