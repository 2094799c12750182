"""Against real processes of this machine; only control groups are made up."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from ebpf_otlp_tracer import targets
from ebpf_otlp_tracer.config import Targets
from ebpf_otlp_tracer.errors import InputError, UsageError
from ebpf_otlp_tracer.targets import container, executable, port, process
from ebpf_otlp_tracer.targets.procfs import Proc

FORK_TREE = """
import os, sys, time
if os.fork() == 0:
    os.fork()
    time.sleep(60)
print('ready', flush=True)
time.sleep(60)
"""


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A child in its own process group; the group is ended with it."""
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, process_group=0)
    try:
        yield child
    finally:
        os.killpg(child.pid, 9)
        child.wait()
        if child.stdout:
            child.stdout.close()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def tree() -> AbstractContextManager[subprocess.Popen[str]]:
    return running(sys.executable, "-c", FORK_TREE)


def test_a_pid_brings_its_children_and_grandchildren() -> None:
    with tree() as child:
        assert child.stdout
        child.stdout.readline()
        wait_for(lambda: len(process.trees(Proc(), [child.pid])) == 3)
        assert child.pid in targets.select(Targets(pids=(child.pid,))).pids


def test_a_pid_that_is_not_there_is_said_with_the_usual_reason() -> None:
    with pytest.raises(InputError, match=r"no process 2147483646; is it in another pid namespace\?"):
        targets.select(Targets(pids=(2147483646,)))


def test_a_zombie_has_ended() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    wait_for(lambda: "Z (zombie)" in (Proc().text(child, "status") or ""))
    lives = process.Lives(Proc(), [child])
    assert not lives.any_left()
    with pytest.raises(InputError, match="has ended"):
        targets.select(Targets(pids=(child,)))
    os.waitpid(child, 0)


def test_lives_end_when_the_last_process_ends() -> None:
    with running("sleep", "60") as first:
        with running("sleep", "60") as second:
            lives = process.Lives(Proc(), [first.pid, second.pid])
            assert lives.any_left()
        assert lives.any_left()
    assert not lives.any_left()


def test_the_name_of_a_process_may_hold_parentheses(tmp_path: Path) -> None:
    odd = tmp_path / "a) S 1 (b"
    odd.symlink_to("/bin/sleep")
    with running(str(odd), "60") as child:
        wait_for(lambda: child.pid in process.descendants(Proc(), [os.getpid()]))


def test_a_thread_id_means_its_process() -> None:
    import threading

    ready, done = threading.Event(), threading.Event()
    ids: list[int] = []

    def wait() -> None:
        ids.append(threading.get_native_id())
        ready.set()
        done.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait()
    try:
        assert os.getpid() in process.trees(Proc(), ids)
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_means_every_process_that_holds_its_listening_socket(family: socket.AddressFamily) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        worker = subprocess.Popen(["sleep", "60"], pass_fds=[listener.fileno()])
        try:
            assert port.listeners(Proc(), [number])[number] == {os.getpid(), worker.pid}
            # The tracer itself is never a target.
            assert targets.select(Targets(ports=(number,))).pids == {worker.pid}
        finally:
            worker.kill()
            worker.wait()


FORKING_SERVER = """
import os, socket, time
listener = socket.create_server(('127.0.0.1', 0))
if (child := os.fork()) == 0:
    listener.close()
    time.sleep(60)
print(listener.getsockname()[1], child, flush=True)
time.sleep(60)
"""


def test_a_port_means_the_children_that_serve_its_connections_too() -> None:
    with running(sys.executable, "-c", FORKING_SERVER) as server:
        assert server.stdout
        number, child = map(int, server.stdout.readline().split())
        assert targets.select(Targets(ports=(number,))).pids == {server.pid, child}


def test_a_connected_socket_is_no_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        own = client.getsockname()[1]
        assert port.listeners(Proc(), [own])[own] == set()


def test_a_port_nobody_listens_on_is_waited_for() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        number = bound.getsockname()[1]
        selection = targets.select(Targets(ports=(number,)))
    assert selection.pids == frozenset()
    assert selection.waiting == (f"nobody listens on port {number} yet",)


def test_an_executable_matches_by_name_or_by_path() -> None:
    with running("sleep", "60") as child:
        path = os.readlink(f"/proc/{child.pid}/exe")
        base = path.rpartition("/")[2]
        for pattern in (base, base[:-1] + "?", path, "/*/" + base):
            assert child.pid in executable.matching(Proc(), pattern)
        assert child.pid not in executable.matching(Proc(), "/nowhere/" + base)
        assert child.pid not in executable.matching(Proc(), base[:-1])


def test_an_executable_that_was_replaced_on_disk_still_matches() -> None:
    assert executable.matches("nginx", "/usr/sbin/nginx (deleted)")
    assert not executable.matches("*", None)


ID = "4bf92f3577b34da6a3ce929d0e0e47361f067aa0ba902b71f067aa0ba902b701"


@pytest.mark.parametrize(
    "line",
    [
        f"0::/system.slice/docker-{ID}.scope",
        f"12:memory:/docker/{ID}\n11:cpu:/docker/{ID}",
        f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope",
        f"0::/machine.slice/libpod-{ID}.scope/container",
    ],
)
def test_a_container_is_found_in_every_layout_of_control_groups(tmp_path: Path, line: str) -> None:
    for pid, text in ((11, line), (12, "0::/user.slice"), (13, line.replace("4bf9", "5bf9"))):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cgroup").write_text(text + "\n")
    proc = Proc(str(tmp_path))
    for name in (ID, ID[:12], "containerd://" + ID, ID[:20].upper()):
        assert container.members(proc, [name]) == {name: {11}}
        assert container.those_of(proc, [11, 12, 13, 99], [name]) == {11}
    assert targets.newcomers(Targets(containers=(ID,)), {11}, proc) == set()
    assert targets.newcomers(Targets(containers=(ID,)), set(), proc) == {11}


def test_a_container_without_processes_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no process runs in container"):
        targets.select(Targets(containers=("0123456789ab",)))


@pytest.mark.parametrize("text", ["web", "4bf92f3577b", "4bf92f3577bg", ID + "0"])
def test_a_container_name_or_short_id_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="no container id"):
        targets.check(Targets(containers=(text,)))


def test_no_target_lists_the_choices() -> None:
    with pytest.raises(UsageError) as caught:
        targets.check(Targets())
    for choice in ("--pid", "--port", "--exe", "--container", "--all", "-- COMMAND"):
        assert choice in caught.value.text()
