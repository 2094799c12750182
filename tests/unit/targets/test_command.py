from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from ebpf_otlp_tracer.errors import InputError
from ebpf_otlp_tracer.targets.command import Command


def test_nothing_runs_before_the_word(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = Command(["sh", "-c", f"echo $$ > {mark}; exit 7"])
    time.sleep(0.1)
    assert not mark.exists()
    assert not command.ended()
    command.go()
    assert command.wait() == 7
    assert int(mark.read_text()) == command.pid  # the pid that was watched is the one that ran


def test_a_command_ended_by_a_signal_gives_128_and_the_signal() -> None:
    command = Command(["sleep", "60"])
    command.go()
    command.send(signal.SIGTERM)
    assert command.wait() == 128 + signal.SIGTERM
    command.send(signal.SIGTERM)  # after its end: nothing, not somebody else's process


def test_a_command_that_does_not_exist_is_said_before_anything_starts() -> None:
    with pytest.raises(InputError, match="cannot run no-such-command-here"):
        Command(["no-such-command-here"])


def test_a_file_the_kernel_refuses_to_run_is_said(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    command = Command([str(script)])
    with pytest.raises(InputError, match="cannot run") as caught:
        command.go()
    assert os.strerror(2) in caught.value.text()


def test_an_abandoned_command_never_runs(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = Command(["touch", str(mark)])
    command.abandon()
    assert command.exit_code == 127
    assert not mark.exists()


def test_the_command_starts_with_a_clean_signal_state(tmp_path: Path) -> None:
    out = tmp_path / "out"
    old = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        command = Command(["sh", "-c", f"grep -E 'SigBlk|SigIgn' /proc/self/status > {out}"])
        command.go()
        assert command.wait() == 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    blocked, ignored = (int(line.split()[1], 16) for line in out.read_text().splitlines())
    assert blocked == 0
    assert not ignored >> (signal.SIGPIPE - 1) & 1
