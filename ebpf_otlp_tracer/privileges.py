"""Whether this process may load eBPF programs: asked first, because what comes after fails in odd ways."""

from __future__ import annotations

import os

from ebpf_otlp_tracer.errors import UnsupportedError, privilege_error
from ebpf_otlp_tracer.targets.procfs import Proc

_SYS_ADMIN, _PERFMON, _BPF = 21, 38, 39

_INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""The kernel gives the first PID namespace this fixed inode number (PROC_PID_INIT_INO)."""


def require(command: str, proc: Proc | None = None) -> None:
    """Raise `PrivilegeError` when the capabilities are missing. Silent when /proc does not say: the engine will."""
    status = (proc or Proc()).text("self", "status") or ""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            missing = missing_capabilities(int(line.split()[1], 16))
            if missing:
                who = "root without" if os.geteuid() == 0 else f"user {os.geteuid()} without"
                raise privilege_error(command, why=f"this is {who} {' and '.join(missing)}")


def require_host_pids(proc: Proc | None = None) -> None:
    """Raise `UnsupportedError` in a PID namespace: the kernel counts from the host's, so that nothing would match."""
    namespace = (proc or Proc()).link("self", "ns", "pid")
    if namespace not in (None, _INITIAL_PID_NAMESPACE):
        raise UnsupportedError(
            "this tracer runs in a PID namespace, where process ids are not the kernel's",
            why=f"/proc/self/ns/pid is {namespace}, the host's is {_INITIAL_PID_NAMESPACE}",
            next_step="share the host's: docker run --pid=host, hostPID: true in a pod",
        )


def missing_capabilities(effective: int) -> list[str]:
    """Return the names of the capabilities that loading needs and this mask lacks."""
    if effective >> _SYS_ADMIN & 1:
        return []
    return [name for name, bit in (("CAP_BPF", _BPF), ("CAP_PERFMON", _PERFMON)) if not effective >> bit & 1]
