"""Everything that can go wrong, and the exit code it has.

::

    TracerError                 exit 1   something failed
     +-- OutputError            exit 1   a way out failed while it was in use (disk full)
     +-- UsageError             exit 2   the command line or the environment asks for what makes no sense
     +-- InputError             exit 2   what was named is not there or cannot be read (pid, file, output path)
     +-- UnsupportedError       exit 3
          +-- PrivilegeError    exit 3   the tracer may not
          +-- KernelError       exit 3   the kernel cannot

Exit code 0 also covers a capture that was stopped by a signal, and one whose losses were counted and reported. A file
that cannot be opened is an `InputError` before anything is attached; one that fails later (disk full) is reported at
once, the other ways out go on, and the exit code is 1 in the end. Spans that a collector did not take are a counted
loss for `attach` (0) and a failure for `replay` (1), which had nothing else to do. `attach -- COMMAND` exits with the
command's status.

Commands raise these; `cli` alone turns them into text. An error says what failed, why, and the next step to take.
"""

from __future__ import annotations

from typing import ClassVar

VERIFIER_LINES = 12
"""The verifier's reason stands in its last lines; the thousands before are the walk to it."""


class TracerError(Exception):
    """The root: something failed."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def text(self) -> str:
        """Return what people read: two or three lines."""
        lines = [f"error: {self.what}"]
        if self.why:
            lines.append("  why: " + self.why.replace("\n", "\n       "))
        if self.next_step:
            lines.append("  try: " + self.next_step.replace("\n", "\n       "))
        return "\n".join(lines)


class OutputError(TracerError):
    """A way out failed while it was in use."""


class UsageError(TracerError):
    """The command line or the environment asks for what makes no sense."""

    exit_code = 2


class InputError(TracerError):
    """What was named is not there or cannot be used."""

    exit_code = 2


class UnsupportedError(TracerError):
    """Not on this machine, or not by this user."""

    exit_code = 3


class PrivilegeError(UnsupportedError):
    """The tracer may not."""


class KernelError(UnsupportedError):
    """The kernel cannot."""


# Not `setcap` on the interpreter: that would hand the capabilities to every Python script of the machine.
PRIVILEGE_REMEDY = (
    "sudo {command}\n"
    "or, as yourself with only the capabilities it needs:\n"
    "sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups --inh-caps={caps} --ambient-caps={caps} {command}\n"
    "in a container: --cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE --pid host"
)
CAPABILITIES = "+bpf,+perfmon,+sys_ptrace,+dac_read_search"
"""BPF and PERFMON load and attach; the other two read /proc/PID/exe, fd and maps of other users' processes."""


def privilege_error(command: str, *, why: str) -> PrivilegeError:
    """Return the error for a missing privilege, with the exact remedy for this command."""
    return PrivilegeError(
        "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON",
        why=why,
        next_step=PRIVILEGE_REMEDY.format(command=command, caps=CAPABILITIES),
    )


def from_engine(kind: str, message: str, details: str, *, command: str) -> TracerError:
    """Turn what the engine raised (its kind, message and details) into one of ours."""
    if kind == "privilege":
        return privilege_error(command, why=_joined(message, details))
    if kind == "verifier":
        tail = "\n".join(details.rstrip().splitlines()[-VERIFIER_LINES:])
        return KernelError(message, why=tail, next_step="another family of hooks, for example --hooks tracepoint")
    if kind == "kernel":
        return KernelError(message, why=details, next_step="another family of hooks (--hooks), or a newer kernel")
    if kind == "usage":
        return UsageError(message, why=details, next_step="--help lists the options")
    if kind == "input":
        return InputError(message, why=details)
    return TracerError(message, why=details)


def _joined(message: str, details: str) -> str:
    return f"{message}\n{details}" if details else message
