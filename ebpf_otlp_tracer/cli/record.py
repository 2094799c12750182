"""`record`: keep the raw events of what runs; `replay` makes spans of them later, anywhere."""

from __future__ import annotations

import argparse
import os

from ebpf_otlp_tracer import privileges, session, targets
from ebpf_otlp_tracer.cli import options as shared
from ebpf_otlp_tracer.export.way_out import Surroundings
from ebpf_otlp_tracer.messages import Messages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `record` understands."""
    shared.add_targets(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the recording (replaced if it exists)")
    shared.add_capture(parser)
    shared.add_payload(parser.add_argument_group("what is copied"))
    shared.add_quiet(parser)


def run(options: argparse.Namespace, command: list[str] | None) -> int:
    """Run `record`."""
    wanted = shared.targets(options, command)
    targets.check(wanted)
    shared.check_writable(options.output)
    privileges.require(shared.command_line())
    privileges.require_host_pids()
    live = session.Live(
        engine=shared.engine(options, wanted, record=options.output, record_only=True),
        duration=options.duration,
        surroundings=Surroundings(Messages(quiet=options.quiet), os.environ, live=True),
        protects_stdout=False,
    )
    return session.run_live(live, lambda: None)
