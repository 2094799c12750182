from pathlib import Path

import pytest

from ebpf_otlp_tracer import privileges
from ebpf_otlp_tracer.errors import PrivilegeError, UnsupportedError
from ebpf_otlp_tracer.targets.procfs import Proc


def proc_of(tmp_path: Path, *, capabilities: int = 0, pid_namespace: str = "pid:[4026531836]") -> Proc:
    (tmp_path / "self" / "ns").mkdir(parents=True)
    (tmp_path / "self" / "status").write_text(f"Name:\tx\nCapEff:\t{capabilities:016x}\n")
    (tmp_path / "self" / "ns" / "pid").symlink_to(pid_namespace)
    return Proc(str(tmp_path))


def test_the_two_capabilities_are_enough_and_each_missing_one_is_named(tmp_path: Path) -> None:
    privileges.require("attach", proc_of(tmp_path / "both", capabilities=1 << 38 | 1 << 39))
    privileges.require("attach", proc_of(tmp_path / "admin", capabilities=1 << 21))
    with pytest.raises(PrivilegeError) as raised:
        privileges.require("attach --pid 1", proc_of(tmp_path / "one", capabilities=1 << 39))
    assert "CAP_PERFMON" in raised.value.why
    assert "CAP_BPF" not in raised.value.why
    assert "attach --pid 1" in raised.value.next_step


def test_a_pid_namespace_is_refused_with_the_way_out_of_it(tmp_path: Path) -> None:
    privileges.require_host_pids(proc_of(tmp_path / "host"))
    with pytest.raises(UnsupportedError) as raised:
        privileges.require_host_pids(proc_of(tmp_path / "container", pid_namespace="pid:[4026532200]"))
    assert raised.value.exit_code == 3
    assert "--pid=host" in raised.value.next_step
