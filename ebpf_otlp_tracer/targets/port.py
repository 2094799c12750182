"""--port: every process that holds a listening TCP socket of this port, in any network namespace.

All holders count: nginx workers inherit the socket of their master, and any of them may accept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ebpf_otlp_tracer.targets.procfs import Proc

_LISTEN = "0A"
"""TCP_LISTEN as /proc/net/tcp writes it."""


def listeners(proc: Proc, ports: Iterable[int]) -> dict[int, set[int]]:
    """Map each port to the processes that listen on it now."""
    found: dict[int, set[int]] = {port: set() for port in ports}
    if not found:
        return found
    namespaces: dict[str, int] = {}
    for pid in proc.pids():
        namespace = proc.link(pid, "ns", "net")
        if namespace is not None:
            namespaces.setdefault(namespace, pid)
    # Without the right to read other users' namespaces, our own is still there.
    speakers = set(namespaces.values()) or {proc.own_pid}
    port_of: dict[str, int] = {}
    for speaker in speakers:
        for table in ("tcp", "tcp6"):
            for port, inode in _listening(proc, speaker, table):
                if port in found:
                    port_of[f"socket:[{inode}]"] = port
    if port_of:
        for pid in proc.pids():
            for descriptor in proc.names(pid, "fd"):
                held = port_of.get(proc.link(pid, "fd", descriptor) or "")
                if held is not None:
                    found[held].add(pid)
    return found


def _listening(proc: Proc, pid: int, table: str) -> Iterator[tuple[int, str]]:
    """Port and socket inode of each listening socket of a namespace."""
    for line in proc.lines(pid, "net", table):
        fields = line.split()
        # sl local_address rem_address st queues timer retransmits uid timeout inode ...
        if len(fields) > 9 and fields[3] == _LISTEN:
            yield int(fields[1].rpartition(":")[2], 16), fields[9]
