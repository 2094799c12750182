"""From what the user named to process ids: pid, port, executable, container, or a command to start.

Only reads /proc, and only says who is there *now*. Later listeners on a port and later executables are found by the
engine, which sees listen and exec in the kernel; newcomers of a container are found by asking here again.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from ebpf_otlp_tracer.config import Targets
from ebpf_otlp_tracer.errors import InputError, UsageError
from ebpf_otlp_tracer.targets import container, executable, port, process
from ebpf_otlp_tracer.targets.procfs import Proc

CHOICES = """--pid PID           a process and its children (repeatable)
--port PORT         whoever listens on this TCP port, now or later (repeatable)
--exe GLOB          every process of this executable, now or later (repeatable)
--container ID      every process of this container (repeatable)
--all               every process of the machine
-- COMMAND ARGS     a command to start and trace"""


@dataclass(frozen=True, slots=True)
class Selection:
    """The processes that match now, and what did not match anything yet."""

    pids: frozenset[int]
    waiting: tuple[str, ...] = ()


def check(targets: Targets) -> None:
    """Raise `UsageError` when nothing was named, or what was named cannot go together."""
    if targets == Targets():
        raise UsageError("nothing to trace was named", next_step=CHOICES)
    for container_id in targets.containers:
        container.normal_id(container_id)


def select(targets: Targets, proc: Proc | None = None) -> Selection:
    """Find the processes that match now. Raises `InputError` for a pid or a container that is not there."""
    proc = proc or Proc()
    pids = process.trees(proc, targets.pids)
    waiting: list[str] = []
    for number, listeners in port.listeners(proc, targets.ports).items():
        # A server that forks for each connection (PostgreSQL) closes the listening socket in its children. The children
        # of init are not those of a service, though it may listen for one.
        pids |= listeners | process.descendants(proc, listeners - {1, proc.own_pid})
        if not listeners:
            waiting.append(f"nobody listens on port {number} yet")
    for pattern in targets.exes:
        found = executable.matching(proc, pattern)
        pids |= found
        if not found:
            waiting.append(f"no process runs {pattern} yet")
    for container_id, members in container.members(proc, targets.containers).items():
        pids |= members
        if not members:
            raise InputError(
                f"no process runs in container {container_id}",
                why="no /proc/PID/cgroup names it",
                next_step="docker ps, crictl ps or podman ps list what runs; 12 or more digits of the id are needed",
            )
    return Selection(frozenset(pids - {proc.own_pid}), tuple(waiting))


def newcomers(targets: Targets, known: Set[int], proc: Proc | None = None) -> set[int]:
    """Find the processes that joined a named container since `known`. Children are followed in the kernel."""
    proc = proc or Proc()
    found: set[int] = set()
    for members in container.members(proc, targets.containers).values():
        found |= members
    return found - known - {proc.own_pid}
