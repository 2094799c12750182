"""The ways out for spans: one registry, one file each.

A new way out is a file with a `DEFINITION` and a line in `WAYS_OUT`. Files import what is heavy (grpc, ssl, zstandard)
only inside `open`: a capture pays in memory for the ways out it uses.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence

from ebpf_otlp_tracer.errors import OutputError, TracerError, UsageError
from ebpf_otlp_tracer.export import file, json_lines, otlp, terminal
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.stdout import ReaderGoneError
from ebpf_otlp_tracer.export.way_out import Definition, Surroundings, WayOut

WAYS_OUT: tuple[Definition, ...] = (terminal.DEFINITION, json_lines.DEFINITION, file.DEFINITION, otlp.DEFINITION)
"""Every way out. The terminal is the one that is used when no other is."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every way out."""
    group = parser.add_argument_group("where spans go (any number at once; the terminal if none is named)")
    for definition in WAYS_OUT:
        definition.add_options(group)


def open_all(options: argparse.Namespace, surroundings: Surroundings) -> Outputs:
    """Open what the options and the environment ask for; all or nothing."""
    if sum(definition.uses_stdout(options) for definition in WAYS_OUT) > 1:
        raise UsageError(
            "more than one way out wants stdout", next_step="keep one of --terminal, --json and --output -"
        )
    opened: list[WayOut] = []
    try:
        for definition in WAYS_OUT:
            opened += definition.open(options, surroundings)
        if not opened:
            opened.append(terminal.open_default(surroundings))
    except BaseException:
        for way_out in opened:
            with contextlib.suppress(TracerError):
                way_out.close()
        raise
    return Outputs(opened, surroundings)


class Outputs:
    """All ways out of a run. One that fails is reported and left out; the others go on."""

    def __init__(self, ways_out: Sequence[WayOut], surroundings: Surroundings) -> None:
        self._open = list(ways_out)
        self._messages = surroundings.messages
        self.failures: list[OutputError] = []
        self.lost: dict[str, int] = {}
        """Spans that did not get out, by cause; complete after `close`."""

    @property
    def alive(self) -> bool:
        """Whether any way out is left: without one, there is no reason to go on."""
        return bool(self._open)

    def write(self, spans: Spans) -> None:
        """Hand a batch to all."""
        if len(spans) == 0:
            return
        for way_out in list(self._open):
            try:
                way_out.write(spans)
            except OutputError as error:
                self._drop(way_out, error)

    def tick(self) -> None:
        """Let all flush."""
        for way_out in list(self._open):
            try:
                way_out.tick()
            except OutputError as error:
                self._drop(way_out, error)

    def close(self) -> list[str]:
        """Flush and close all: what they say for the summary."""
        lines: list[str] = []
        while self._open:
            way_out = self._open.pop(0)
            try:
                closed = way_out.close()
                lines += closed.lines
                self.lost |= {cause: count for cause, count in closed.lost.items() if count}
            except OutputError as error:
                self._report(error)
        return lines

    def _drop(self, way_out: WayOut, error: OutputError) -> None:
        self._open.remove(way_out)
        self._report(error)
        with contextlib.suppress(OutputError):
            way_out.close()

    def _report(self, error: OutputError) -> None:
        if isinstance(error, ReaderGoneError):
            return
        self.failures.append(error)
        self._messages.warning(error.text().removeprefix("error: "))
