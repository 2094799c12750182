from __future__ import annotations

import re

import pytest
from fake_engine import SpanBatch

from ebpf_otlp_tracer.export.spans import SpanRow, Spans
from ebpf_otlp_tracer.export.terminal import LINES_PER_SECOND, Terminal, clean
from ebpf_otlp_tracer.export.trace_tree import MAX_SPANS_SHOWN, MAX_TRACES_SHOWN, TraceForest


class Paper:
    """What Terminal needs of stdout."""

    def __init__(self) -> None:
        self.text = ""
        self.dropped = 0

    def write(self, data: bytes, spans: int = 0) -> None:
        self.text += data.decode()

    def close(self) -> None:
        pass


@pytest.fixture
def paper() -> Paper:
    return Paper()


def row(trace: str, span: str, parent: str = "", start: int = 0, end: int = 1000) -> SpanRow:
    return SpanRow(trace, span, parent, f"name-{span}", "SERVER", start, end, "shop", False, "", "", "")


def test_every_span_is_a_line_as_it_ends(paper: Paper) -> None:
    Terminal(paper, colour=False, live=True).write(Spans(SpanBatch(0, 10)))
    lines = paper.text.splitlines()
    assert len(lines) == 10
    assert re.match(r"22:13:20\.012Z server +shop +GET /orders +12\.3 ms +10\.0\.0\.3:41234$", lines[0])
    assert "ERROR 500" in lines[9]
    assert "\x1b" not in paper.text


def test_colour_is_only_there_when_asked_for(paper: Paper) -> None:
    Terminal(paper, colour=True, live=True).write(Spans(SpanBatch(0, 10)))
    assert "\x1b[31m" in paper.text


def test_names_from_outside_cannot_speak_to_the_terminal(paper: Paper) -> None:
    out = Terminal(paper, colour=False, live=True)
    out.write(Spans(SpanBatch(0, 2, name="GET /\x1b]0;owned\x07\r\n\u202e\x9b31m")))
    out.close()
    assert not set(paper.text) & set("\x1b\x07\r\u202e\x9b")
    assert clean("Grüße /käse") == "Grüße /käse"


def test_more_than_a_person_can_read_is_counted_and_the_tracer_stays_quick(paper: Paper) -> None:
    now = [100.0]
    out = Terminal(paper, colour=False, live=True, clock=lambda: now[0])
    for n in range(5):
        out.write(Spans(SpanBatch(n * 1000, 1000)))
    out.tick()
    assert len(paper.text.splitlines()) == LINES_PER_SECOND + 1
    assert "... 3,000 more spans" in paper.text
    now[0] = 101.0
    out.write(Spans(SpanBatch(9000, 5)))
    assert out.close().lines == ["3,000 spans were too fast to show; --output keeps all"]


def test_a_replay_shows_everything(paper: Paper) -> None:
    out = Terminal(paper, colour=False, live=False)
    out.write(Spans(SpanBatch(0, 2 * LINES_PER_SECOND)))
    assert len(paper.text.splitlines()) == 2 * LINES_PER_SECOND


def tree(rows: list[SpanRow]) -> list[str]:
    forest = TraceForest()
    for each in rows:
        forest.add(each)
    return [text + (found.span_id if found else "") for found, text in forest.lines()]


def test_children_stand_under_their_parents_by_start_time() -> None:
    rows = [
        row("t", "c", "b", 30, 40),
        row("t", "b", "a", 20, 50),
        row("t", "d", "a", 10, 15),
        row("t", "a", "", 0, 99),
    ]
    assert tree(rows)[2:] == ["  a", "    d", "    b", "      c"]


def test_a_span_whose_parent_was_not_captured_is_still_shown() -> None:
    assert tree([row("t", "b", "unknown")])[2:] == ["  b"]


def test_a_cycle_of_parents_ends_and_hides_nothing() -> None:
    lines = tree([row("t", "a", "b"), row("t", "b", "a"), row("t", "c", "c")])
    assert sorted(line.strip() for line in lines[2:]) == ["a", "b", "c"]


def test_the_slowest_traces_are_shown_and_the_rest_counted() -> None:
    lines = tree([row(f"t{n:03}", "s", "", 0, 1000 + n) for n in range(100)])
    assert lines[0] == f"slowest {MAX_TRACES_SHOWN} of 100 traces; 90 others are not shown"
    assert lines[1] == "trace t099, 1 span"


def test_a_long_trace_is_cut_and_says_so() -> None:
    lines = tree([row("t", f"{n}", "", n, n + 1) for n in range(MAX_SPANS_SHOWN + 7)])
    assert lines[-1] == "  ... and 7 more spans of this trace"


def test_a_very_deep_trace_does_not_overflow() -> None:
    assert len(tree([row("t", f"{n}", f"{n - 1}", n, n + 1) for n in range(5000)])) == MAX_SPANS_SHOWN + 3


def test_memory_is_bounded_and_the_slow_traces_are_kept() -> None:
    forest = TraceForest(max_spans=100)
    for n in range(10_000):
        forest.add(row(f"t{n}", "s", "", 0, 10**9 if n == 17 else 1000 + n % 7))
    lines = [text for found, text in forest.lines() if not found]
    assert lines[0].startswith("slowest 10 of 10,000 traces; 9,990")
    assert lines[1] == "trace t17, 1 span"
    assert forest._spans <= 100
