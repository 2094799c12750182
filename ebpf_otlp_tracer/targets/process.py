"""--pid: a process and the children it has now (later ones are followed in the kernel)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ebpf_otlp_tracer.errors import InputError
from ebpf_otlp_tracer.targets.procfs import Proc


def trees(proc: Proc, pids: Iterable[int]) -> set[int]:
    """Return these processes and all their descendants."""
    roots = {_process_of(proc, pid) for pid in pids}
    return roots | descendants(proc, roots) if roots else set()


def descendants(proc: Proc, roots: Iterable[int]) -> set[int]:
    """Return children, their children, and so on, of processes that may have ended meanwhile."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid in proc.pids():
        parent = _parent(proc, pid)
        if parent is not None:
            children[parent].append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _process_of(proc: Proc, pid: int) -> int:
    """Return the process that a pid, or a thread id as `top -H` shows it, belongs to."""
    status = proc.text(pid, "status")
    if status is None:
        raise InputError(
            f"no process {pid}; is it in another pid namespace?",
            why=f"there is no {proc.root}/{pid}",
            next_step="the pid as `ps -e` shows it on the host, or --container, --port, --exe",
        )
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if fields.get("State", "").strip().startswith(("Z", "X")):
        raise InputError(f"process {pid} has ended", why="it is a zombie: its parent has not collected its exit status")
    return int(fields.get("Tgid", pid))


class Lives:
    """Tells whether any of some processes still runs. A pid that was given to another process counts as ended."""

    def __init__(self, proc: Proc, pids: Iterable[int]) -> None:
        self._proc = proc
        self._born = {pid: fields[19] for pid in pids if (fields := _stat(proc, pid))}

    def any_left(self) -> bool:
        """Stop at the first that runs: one small read as long as nothing ends."""
        for pid, born in list(self._born.items()):
            fields = _stat(self._proc, pid)
            if fields and fields[19] == born and fields[0] not in "ZX":
                return True
            del self._born[pid]
        return False


def _parent(proc: Proc, pid: int) -> int | None:
    fields = _stat(proc, pid)
    return int(fields[1]) if fields else None


def _stat(proc: Proc, pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on: 0 state, 1 parent, 19 start time."""
    stat = proc.text(pid, "stat")
    if stat is None:
        return None
    # The name stands in parentheses and may hold blanks and parentheses itself: the rest follows the last one.
    fields = stat.rpartition(")")[2].split()
    return fields if len(fields) > 19 else None
