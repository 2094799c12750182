"""--json: OTLP JSON on stdout, one ExportTraceServiceRequest a line (as the collector's file exporter writes it)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ebpf_otlp_tracer.export import stdout
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.way_out import Definition, Surroundings, WayOut

ReaderGoneError = stdout.ReaderGoneError


class JsonLines:
    """Writes whole lines, unbuffered: a reader sees a batch as soon as it is there."""

    name = "stdout"

    def write(self, spans: Spans) -> None:
        """Write one line."""
        stdout.write(spans.json + b"\n")

    def tick(self) -> None:
        """Nothing is held back."""

    def close(self) -> list[str]:
        """Nothing to say: the reader has it."""
        return []


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="OTLP JSON lines on stdout (same as --output -)")


def _open(options: argparse.Namespace, surroundings: Surroundings) -> Sequence[WayOut]:
    del surroundings
    return [JsonLines()] if options.json else []


DEFINITION = Definition("json", _add_options, _open, uses_stdout=lambda options: int(options.json))
