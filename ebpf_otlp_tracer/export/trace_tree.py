"""Traces as indented trees, for the end of a terminal session. Pure: rows in, lines out.

Memory is bounded: when too many spans are kept, the fastest half of the finished traces without errors is let go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ebpf_otlp_tracer.export.spans import SpanRow

MAX_SPANS_KEPT = 8000
"""About 5 MB of rows."""
MAX_TRACES_SHOWN = 10
MAX_SPANS_SHOWN = 40
"""Of one trace: about a screen."""
MAX_DEPTH = 64
"""Deeper spans are shown at this depth; a cycle in the parents (foreign traceparents) ends here too."""


class TraceForest:
    """Collects rows of a whole session."""

    def __init__(self, max_spans: int = MAX_SPANS_KEPT) -> None:
        self._traces: dict[str, list[SpanRow]] = {}
        self._spans = 0
        self._max_spans = max_spans
        self.forgotten = 0
        """Traces let go to bound the memory."""

    def add(self, row: SpanRow) -> None:
        """Take a row."""
        self._traces.setdefault(row.trace_id, []).append(row)
        self._spans += 1
        if self._spans > self._max_spans:
            self._forget()

    def lines(self) -> Iterator[tuple[SpanRow | None, str]]:
        """Yield the trees of the slowest traces: (the span, or None for a heading, and its indented text)."""
        ranked = sorted(self._traces.values(), key=_rank)
        if not ranked:
            return
        shown = ranked[-MAX_TRACES_SHOWN:][::-1]
        left = len(ranked) - len(shown) + self.forgotten
        others = f"; {left:,} others are not shown" if left else ""
        yield None, f"slowest {len(shown)} of {len(ranked) + self.forgotten:,} traces{others}"
        for rows in shown:
            yield None, f"trace {rows[0].trace_id}, {len(rows)} span{'s' if len(rows) != 1 else ''}"
            for count, (depth, row) in enumerate(_walk(rows)):
                if count == MAX_SPANS_SHOWN:
                    yield None, f"  ... and {len(rows) - count:,} more spans of this trace"
                    break
                yield row, "  " * (min(depth, 12) + 1)

    def _forget(self) -> None:
        ranked = sorted(self._traces.items(), key=lambda item: _rank(item[1]))
        for trace_id, rows in ranked[: max(len(ranked) // 2, 1)]:
            del self._traces[trace_id]
            self._spans -= len(rows)
            self.forgotten += 1


def _rank(rows: list[SpanRow]) -> tuple[int, str]:
    """Slowest last; the id decides ties, so that the order does not depend on the order of arrival."""
    duration = max(row.end_ns for row in rows) - min(row.start_ns for row in rows)
    return duration, rows[0].trace_id


def _walk(rows: list[SpanRow]) -> Iterator[tuple[int, SpanRow]]:
    """Depth first, by start time. A span whose parent was not captured starts at the margin."""
    children: dict[str, list[SpanRow]] = defaultdict(list)
    known = {row.span_id for row in rows}
    for row in sorted(rows, key=lambda row: (row.start_ns, -row.end_ns, row.span_id)):
        children[row.parent_id if row.parent_id in known and row.parent_id != row.span_id else ""].append(row)
    waiting = [(0, row) for row in reversed(children.pop("", []))]
    while waiting:
        depth, row = waiting.pop()
        yield depth, row
        waiting += [(min(depth + 1, MAX_DEPTH), child) for child in reversed(children.pop(row.span_id, []))]
    # What is left hangs in a cycle: shown rather than swallowed.
    for rest in children.values():
        yield from ((0, row) for row in rest)
