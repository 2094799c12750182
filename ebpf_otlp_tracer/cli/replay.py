"""`replay`: the same spans again, from recordings and packet captures. Needs no privileges and no kernel support."""

from __future__ import annotations

import argparse
import os

from ebpf_otlp_tracer import export, session
from ebpf_otlp_tracer.cli import options as shared
from ebpf_otlp_tracer.errors import InputError, UsageError
from ebpf_otlp_tracer.export.way_out import Surroundings
from ebpf_otlp_tracer.messages import Messages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `replay` understands."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="recordings, pcap or pcapng files, or folders of them, one after the other",
    )
    export.add_options(parser)
    shared.add_spans(parser)
    shared.add_quiet(parser)


def run(options: argparse.Namespace, command: list[str] | None) -> int:
    """Run `replay`."""
    paths = [*options.files, *(command or [])]
    if not paths:
        raise UsageError("no file to replay was named", next_step="ebpf-otlp-tracer replay FILE...")
    for path in paths:
        _check_readable(path)
    surroundings = Surroundings(Messages(quiet=options.quiet), os.environ, live=False)
    outputs = export.open_all(options, surroundings)
    return session.run_replay(paths, shared.engine(options), surroundings, outputs)


def _check_readable(path: str) -> None:
    """Raise `InputError` before any output is opened: a wrong name must not truncate the last result."""
    try:
        if os.path.isdir(path):
            os.listdir(path)
            return
        with open(path, "rb"):
            return
    except OSError as error:
        raise InputError(f"cannot read {path}", why=error.strerror or str(error)) from error
