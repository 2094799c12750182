"""What is traced, from when to when, and how the tracer ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import needs
from servers import PROGRAMS, Nginx, Server, python
from tracer import Tracer, run, wait_until


def ask(port: int, path: str, count: int = 1) -> None:
    """Ask for the same path, on one connection."""
    needs("curl")
    urls = [f"http://127.0.0.1:{port}{path}"] * count
    outputs = [part for _ in urls for part in ("-o", "/dev/null")]
    subprocess.run(["curl", "-sS", *outputs, *urls], check=True, timeout=30)


def test_a_command_is_traced_from_its_first_byte_and_its_status_is_ours(
    hooks: str, nginx: Nginx, attach: Callable[..., Tracer]
) -> None:
    script = f"curl -sS http://127.0.0.1:{nginx.port}/hello; exit 7"
    outcome = attach("--hooks", hooks, command=["sh", "-c", script]).wait()
    assert outcome.exit_code == 7, outcome.stderr
    assert outcome.stdout == "hello\n"
    (span,) = outcome.spans
    assert (span.kind, span.attributes["url.path"]) == ("CLIENT", "/hello")
    assert span.attributes["server.port"] == nginx.port
    assert span.resource["process.executable.name"] == "curl"
    assert span.resource["service.name"] == "curl"
    assert "ebpf_otlp_tracer.capture.attached_mid_stream" not in span.attributes


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_command_that_dies_of_a_signal_gives_its_status_as_a_shell_would(
    number: int, nginx: Nginx, attach: Callable[..., Tracer]
) -> None:
    script = f"curl -sS http://127.0.0.1:{nginx.port}/hello; kill -{number} $$"
    outcome = attach(command=["sh", "-c", script]).wait()
    assert outcome.exit_code == 128 + number
    assert len(outcome.spans) == 1


@pytest.mark.parametrize("way", ["exec", "fork"])
def test_a_process_that_becomes_another_program_gets_its_resource(
    hooks: str, way: str, nginx: Nginx, attach: Callable[..., Tracer]
) -> None:
    needs("curl")
    line = [sys.executable, str(PROGRAMS / "becoming.py"), str(nginx.port), *(["fork"] if way == "fork" else [])]
    outcome = attach("--hooks", hooks, command=line).wait()
    outcome.assert_sound()
    by_path = {span.attributes["url.path"]: span for span in outcome.spans}
    assert set(by_path) == {"/first", "/second"}
    first, second = by_path["/first"].resource, by_path["/second"].resource
    assert first["process.executable.name"].startswith("python")
    assert second["process.executable.name"] == "curl"
    assert second["service.name"] == "curl"
    assert second["process.command"] == "curl"
    assert (first["process.pid"] == second["process.pid"]) == (way == "exec")


def test_a_program_that_starts_later_is_traced_by_its_executable(
    hooks: str, running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    program = tmp_path / "special-curl"
    needs("curl")
    shutil.copy(shutil.which("curl") or "", program)
    server = running.enter_context(python(tmp_path, "chain.py"))
    tracer = attach("--hooks", hooks, "--exe", "special-c*")
    url = f"http://127.0.0.1:{server.port}/order/1"
    for _ in range(3):
        subprocess.run([program, "-sS", "-o", "/dev/null", url], check=True, timeout=30)
    ask(server.port, "/order/untraced")
    outcome = tracer.stop()
    outcome.assert_sound()
    assert [span.attributes["url.path"] for span in outcome.spans] == ["/order/1"] * 3
    assert {span.resource["process.executable.path"] for span in outcome.spans} == {str(program)}


def test_a_server_that_starts_later_is_traced_by_its_port_with_its_children(
    hooks: str, running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    waiting = running.enter_context(python(tmp_path, "chain.py"))
    port = waiting.port
    waiting.stop()
    tracer = attach("--hooks", hooks, "--port", port)
    server = running.enter_context(python(tmp_path, "chain.py", port=port))
    for number in range(5):
        ask(port, f"/order/{number}")
    outcome = tracer.stop()
    outcome.assert_sound()
    assert [span.attributes["url.path"] for span in outcome.spans] == [f"/order/{number}" for number in range(5)]
    assert {span.pid for span in outcome.spans} == {server.pid}
    assert {span.resource["process.executable.name"] for span in outcome.spans} == {
        os.path.basename(os.path.realpath(sys.executable))
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_everything_delivered(
    number: int, redis_server: Server, attach: Callable[..., Tracer]
) -> None:
    tracer = attach("--pid", redis_server.pid)
    with socket.create_connection(("127.0.0.1", redis_server.port)) as client, client.makefile("rb") as answers:
        for _ in range(500):
            client.sendall(b"SET a 1\r\n")
            assert answers.readline() == b"+OK\r\n"
        # The connection is still open: nothing but the signal makes the tracer deliver.
        outcome = tracer.stop(number)
    outcome.assert_sound()
    assert len(outcome.only(name="SET")) == len(outcome.spans) == 500
    assert f"500 spans in {tracer.output}" in outcome.stderr


def test_an_answer_read_after_both_ends_have_closed_is_still_a_span(
    hooks: str, running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    server = running.enter_context(python(tmp_path, "chain.py"))
    line = [sys.executable, str(PROGRAMS / "half_closing.py"), str(server.port), "5"]
    outcome = attach("--hooks", hooks, "--pid", server.pid, command=line).wait()
    outcome.assert_sound()
    assert len(outcome.only(kind="CLIENT")) == len(outcome.only(kind="SERVER")) == 5


def test_the_run_ends_when_every_traced_process_has_ended(
    running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    server = running.enter_context(python(tmp_path, "chain.py"))
    tracer = attach("--pid", server.pid)
    ask(server.port, "/order/1", 3)
    server.stop()
    outcome = tracer.wait()
    outcome.assert_sound()
    assert len(outcome.spans) == 3
    assert "all traced processes have ended" in outcome.stderr


def test_duration_ends_the_run_and_the_command(attach: Callable[..., Tracer]) -> None:
    outcome = attach("--duration", "1s", command=["sleep", "1000"]).wait()
    assert outcome.exit_code == 0
    assert outcome.spans == []


def test_a_pid_that_is_not_there_is_said_before_anything_is_attached(tmp_path: Path) -> None:
    pid = int(Path("/proc/sys/kernel/pid_max").read_text()) - 1
    assert not Path(f"/proc/{pid}").exists()
    outcome = run(tmp_path, "attach", "--pid", str(pid))
    assert outcome.exit_code == 2
    assert str(pid) in outcome.stderr
    assert "try: " in outcome.stderr


def test_an_output_that_cannot_be_written_is_said_before_anything_is_attached(tmp_path: Path) -> None:
    for arguments in (["attach", "--all", "-o", "/no/such/folder/x.jsonl"], ["record", "--all", "-o", "/proc/1/x"]):
        outcome = run(tmp_path, *arguments)
        assert outcome.exit_code == 2, outcome.stderr
        assert "cannot write" in outcome.stderr
        assert "tracing" not in outcome.stderr


def test_who_is_not_root_gets_the_remedy(tmp_path: Path) -> None:
    needs("setpriv")
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    tmp_path.chmod(0o777)
    seen = subprocess.run([*prefix, sys.executable, "-c", "import ebpf_otlp_tracer"], capture_output=True, check=False)
    if seen.returncode:
        pytest.skip("another user cannot read this virtual environment")
    outcome = Tracer(tmp_path, "--all", prefix=prefix).wait()
    assert outcome.exit_code == 3, outcome.stderr
    assert "tracing needs root" in outcome.stderr
    assert "sudo ebpf-otlp-tracer attach --all" in outcome.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[[], Path]:
    """A file system with room for 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode:
        pytest.skip("cannot mount a tmpfs")
    yield folder  # type: ignore[misc]
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("kind", ["spans", "recording"])
def test_a_full_disk_is_said_and_the_exit_code_is_1(
    kind: str, small_disk: Path, redis_server: Server, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    needs("redis-benchmark")
    option = ["-o", small_disk / "out.jsonl"] if kind == "spans" else ["--record", small_disk / "events.rec"]
    tracer = attach("--pid", redis_server.pid, *option)
    if kind == "spans":
        line = ["redis-benchmark", "-p", str(redis_server.port), "-q", "-n", "16000", "-P", "16", "-t", "get"]
        subprocess.run(line, check=True, capture_output=True, timeout=50)
    else:
        with socket.create_connection(("127.0.0.1", redis_server.port)) as client:
            for _ in range(200):  # recordings are compressed: random bytes are not
                client.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$16000\r\n%s\r\n" % os.urandom(16000))
                assert client.recv(100) == b"+OK\r\n"
    if kind == "recording":
        wait_until(lambda: tracer.process.poll() is not None, "the end after the recording failed")
    outcome = tracer.stop() if tracer.process.poll() is None else tracer.wait()
    assert outcome.exit_code == 1, outcome.stderr
    assert str(small_disk) in outcome.stderr
    assert "No space left" in outcome.stderr or "disk" in outcome.stderr
    if kind == "spans":
        assert len(outcome.only(name="GET")) == 16000, "the other way out goes on"


def test_tls_on_a_traced_port_makes_no_spans(
    hooks: str, running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    needs("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = running.enter_context(python(tmp_path, "tls.py", str(certificate), str(key)))
    tracer = attach("--hooks", hooks, "--port", server.port)
    context = ssl.create_default_context(cafile=str(certificate))
    for number in range(20):
        with (
            socket.create_connection(("127.0.0.1", server.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            for size in (10, 3000, 9000):
                data = os.urandom(size)
                secure.sendall(data)
                back = b""
                while len(back) < size:
                    back += secure.recv(size)
                assert back == data, number
    outcome = tracer.stop()
    outcome.assert_sound()
    assert outcome.spans == []
