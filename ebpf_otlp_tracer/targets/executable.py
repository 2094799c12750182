"""--exe: processes whose executable matches a glob now (later ones are matched by the engine at exec)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ebpf_otlp_tracer.targets.procfs import Proc

_DELETED = " (deleted)"
"""What the kernel appends when the file was replaced under the running process (an upgrade)."""


def matching(proc: Proc, pattern: str) -> set[int]:
    """Return the processes whose executable's path (for a glob with a "/"), or its last part, matches."""
    return {pid for pid in proc.pids() if matches(pattern, proc.link(pid, "exe"))}


def matches(pattern: str, path: str | None) -> bool:
    """Say whether this path of an executable matches. Kernel threads have none."""
    if not path:
        return False
    path = path.removesuffix(_DELETED)
    return fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern)
