"""--json: OTLP JSON on stdout, one ExportTraceServiceRequest a line (as the collector's file exporter writes it)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.stdout import Stdout
from ebpf_otlp_tracer.export.way_out import Closed, Definition, Surroundings, WayOut


class JsonLines:
    """Writes whole lines: a reader sees a batch as soon as it is there."""

    name = "stdout"

    def __init__(self, around: Surroundings) -> None:
        self._stdout = Stdout(around)

    def write(self, spans: Spans) -> None:
        """Write one line."""
        self._stdout.write(spans.json + b"\n", len(spans))

    def tick(self) -> None:
        """Nothing is held back."""

    def close(self) -> Closed:
        """Wait for the reader."""
        self._stdout.close()
        return Closed(lost={"spans not written to stdout, whose reader was too slow": self._stdout.dropped})


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="OTLP JSON lines on stdout (same as --output -)")


def _open(options: argparse.Namespace, surroundings: Surroundings) -> Sequence[WayOut]:
    return [JsonLines(surroundings)] if options.json else []


DEFINITION = Definition("json", _add_options, _open, uses_stdout=lambda options: int(options.json))
