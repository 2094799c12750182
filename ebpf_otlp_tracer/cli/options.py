"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from ebpf_otlp_tracer.config import HOOKS, EngineOptions, Targets, parse_duration, parse_pid, parse_port, parse_size
from ebpf_otlp_tracer.errors import InputError, UsageError


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Add what to trace."""
    parser.usage = f"{parser.prog} [options] TARGET... | -- COMMAND ARGS..."
    group = parser.add_argument_group("what to trace (targets add up), or -- COMMAND ARGS to start and trace a command")
    add = group.add_argument
    add("--pid", metavar="PID", action="append", type=parse_pid, default=[], help="a process and its children")
    add("--port", metavar="PORT", action="append", type=parse_port, default=[], help="who listens on it, now or later")
    add(
        "--exe", metavar="GLOB", action="append", default=[], help="processes of this executable (name, or path with /)"
    )
    add(
        "--container", metavar="ID", action="append", default=[], help="processes of this container (12 digits or more)"
    )
    add("--all", action="store_true", help="every process of the machine")


def add_capture(parser: argparse.ArgumentParser) -> None:
    """Add how to capture live."""
    group = parser.add_argument_group("how to capture")
    add = group.add_argument
    add(
        "--duration",
        metavar="TIME",
        type=parse_duration,
        help="stop after 5, 5s, 1m, 1h30m (a started command is ended)",
    )
    add("--hooks", choices=HOOKS, default="auto", help="family of kernel hooks; auto takes the cheapest that works")
    add("--ring-size", metavar="SIZE", type=parse_size, help="buffer between kernel and tracer (default: the engine's)")


def add_spans(parser: argparse.ArgumentParser) -> None:
    """Add what spans are made of."""
    group = parser.add_argument_group("what becomes a span")
    add = group.add_argument
    add("--protocol", metavar="NAME", action="append", default=[], help="only this protocol (repeatable; default all)")
    add_payload(group)
    add("--service-name", metavar="NAME", help="service.name of every span, instead of what the process says")


def add_payload(group: argparse._ArgumentGroup) -> None:
    """Add the copy limit, which recordings have too."""
    group.add_argument("--max-payload", metavar="BYTES", type=parse_size, help="bytes to copy of one send or receive")


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add --quiet."""
    parser.add_argument("--quiet", "-q", action="store_true", help="only errors and warnings on stderr")


def targets(options: argparse.Namespace, command: list[str] | None) -> Targets:
    """Return what to trace."""
    if command is not None and not command:
        raise UsageError("no command follows --", next_step="-- COMMAND ARGS")
    return Targets(
        pids=tuple(options.pid),
        ports=tuple(options.port),
        exes=tuple(options.exe),
        containers=tuple(options.container),
        everything=options.all,
        command=tuple(command or ()),
    )


def engine(
    options: argparse.Namespace, wanted: Targets | None = None, *, record: str | None = None, record_only: bool = False
) -> EngineOptions:
    """Return what the engine is told. Options a command does not have keep their default."""
    have = vars(options)
    return EngineOptions(
        hooks=have.get("hooks", "auto"),
        protocols=tuple(have.get("protocol", ())),
        max_payload=have.get("max_payload"),
        service_name=have.get("service_name"),
        targets=wanted or Targets(),
        record=record,
        record_only=record_only,
        ring_bytes=have.get("ring_size"),
    )


def check_writable(path: str) -> None:
    """Raise `InputError` for a file the engine will not be able to write: before anything is attached."""
    folder = os.path.dirname(path) or "."
    why = ""
    if os.path.isdir(path):
        why = "it is a folder"
    elif not os.path.isdir(folder):
        why = f"there is no folder {folder}"
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        why = "permission denied, or a read-only file system"
    if why:
        raise InputError(f"cannot write {path}", why=why, next_step="name a file in a folder of yours")


def command_line() -> str:
    """Return what the user typed, to be repeated in a remedy."""
    return shlex.join(["ebpf-otlp-tracer", *sys.argv[1:]])
