"""The command line: picks the command, and is the one place that turns errors into text and exit codes.

argparse instead of typer: `attach` has 60 MB for everything, and typer costs 22 MB where argparse costs 1 (measured
with typer 0.29, which brings pydantic). Only the module of the command that runs is imported.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from ebpf_otlp_tracer.errors import TracerError, UsageError, from_engine

PROGRAM = "ebpf-otlp-tracer"
DEBUG_VARIABLE = "EBPF_OTLP_TRACER_DEBUG"

COMMANDS: dict[str, str] = {
    "attach": "trace running processes, a container, a port or a command, and send spans",
    "record": "write the raw events of running processes to a file, to replay later",
    "replay": "build spans from recordings and packet captures; needs no privileges",
}
"""Every command, in the order of --help. Module `cli.<name>` has `add_arguments(parser)`, `run(options, command)`."""


class _Parser(argparse.ArgumentParser):
    """argparse, but what is wrong is raised: one place prints."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, next_step=f"{self.prog} --help")


def run() -> NoReturn:
    """Be the console script."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code; raises nothing but SystemExit from --help and --version."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    command_line = shlex.join([PROGRAM, *arguments])
    try:
        return _dispatch(arguments)
    except TracerError as error:
        return _report(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the last place: a bug becomes a sentence
        engine = sys.modules.get("ebpf_otlp_tracer._engine")
        if engine is not None and isinstance(error, engine.EngineError):
            return _report(from_engine(error.kind, error.message, error.details, command=command_line), error)
        if isinstance(error, ImportError) and "_engine" in str(error):
            return _report(
                TracerError(
                    "the engine cannot be loaded", why=str(error), next_step=f"pip install --force-reinstall {PROGRAM}"
                ),
                error,
            )
        return _report(
            TracerError(
                f"{type(error).__name__}: {error}",
                why="this is a bug in the tracer",
                next_step=f"run it again with {DEBUG_VARIABLE}=1 and report what it prints",
            ),
            error,
        )


def _dispatch(arguments: list[str]) -> int:
    # argparse mixes up options of ours and of the command behind `--`: cut there first.
    behind: list[str] | None = None
    if "--" in arguments:
        at = arguments.index("--")
        arguments, behind = arguments[:at], arguments[at + 1 :]
    name = next((argument for argument in arguments if not argument.startswith("-")), None)
    parser = _Parser(prog=PROGRAM, description="Traces running services with eBPF and sends OpenTelemetry spans.")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    module: ModuleType | None = None
    for known, purpose in COMMANDS.items():
        command = commands.add_parser(
            known, help=purpose, description=purpose[0].upper() + purpose[1:] + ".", allow_abbrev=False
        )
        if known == name:
            module = importlib.import_module(f"ebpf_otlp_tracer.cli.{known}")
            module.add_arguments(command)
    options = parser.parse_args(arguments)
    if options.version:
        print(_version())
        return 0
    if module is None:
        raise UsageError("no command was named", next_step=f"{', '.join(COMMANDS)}; {PROGRAM} --help says more")
    code: int = module.run(options, behind)
    return code


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - slow, and only --version needs it

    return f"{PROGRAM} {metadata.version(PROGRAM)}"


def _report(error: TracerError, cause: BaseException | None = None) -> int:
    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exception(cause or error)
    print(error.text(), file=sys.stderr)
    return error.exit_code
