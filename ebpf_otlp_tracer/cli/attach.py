"""`attach`: trace what runs, send spans while it runs."""

from __future__ import annotations

import argparse
import os

from ebpf_otlp_tracer import export, privileges, session, targets
from ebpf_otlp_tracer.cli import options as shared
from ebpf_otlp_tracer.export.way_out import Surroundings
from ebpf_otlp_tracer.messages import Messages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `attach` understands."""
    shared.add_targets(parser)
    export.add_options(parser)
    shared.add_capture(parser)
    shared.add_spans(parser)
    parser.add_argument("--record", metavar="FILE", help="also write the raw events, for `replay`")
    shared.add_quiet(parser)


def run(options: argparse.Namespace, command: list[str] | None) -> int:
    """Run `attach`."""
    wanted = shared.targets(options, command)
    targets.check(wanted)
    if options.record is not None:
        shared.check_writable(options.record)
    privileges.require(shared.command_line())
    privileges.require_host_pids()
    surroundings = Surroundings(Messages(quiet=options.quiet), os.environ, live=True)
    live = session.Live(
        engine=shared.engine(options, wanted, record=options.record),
        duration=options.duration,
        surroundings=surroundings,
        protects_stdout=options.json or "-" in options.output,
    )
    return session.run_live(live, lambda: export.open_all(options, surroundings))
