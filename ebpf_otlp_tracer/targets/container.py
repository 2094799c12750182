"""--container: processes whose control group names the container (Docker, containerd, CRI-O, Podman; v1 and v2)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ebpf_otlp_tracer.errors import UsageError
from ebpf_otlp_tracer.targets.procfs import Proc

_ID = re.compile(r"[0-9a-f]{12,64}")
_FULL_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def normal_id(text: str) -> str:
    """Return the id without the runtime's prefix (`containerd://`), in lower case."""
    identifier = text.rpartition("//")[2].strip().lower()
    if not _ID.fullmatch(identifier):
        raise UsageError(
            f"{text!r} is no container id",
            why="12 to 64 hexadecimal digits are needed; names are known only to the runtime",
            next_step="docker inspect -f '{{.Id}}' NAME, or crictl ps",
        )
    return identifier


def members(proc: Proc, containers: Iterable[str]) -> dict[str, set[int]]:
    """Map each container id, as given, to its processes."""
    wanted = {text: normal_id(text) for text in containers}
    found: dict[str, set[int]] = {text: set() for text in wanted}
    if wanted:
        for pid in proc.pids():
            for full in _containers_of(proc, pid):
                for text, prefix in wanted.items():
                    if full.startswith(prefix):
                        found[text].add(pid)
    return found


def those_of(proc: Proc, pids: Iterable[int], containers: Iterable[str]) -> set[int]:
    """Return those of these processes that run in one of the containers."""
    prefixes = tuple(normal_id(text) for text in containers)
    return {pid for pid in pids if any(full.startswith(prefixes) for full in _containers_of(proc, pid))}


def _containers_of(proc: Proc, pid: int) -> set[str]:
    """Return the ids its control groups name; nested containers name several."""
    return set(_FULL_ID.findall(proc.text(pid, "cgroup") or ""))
