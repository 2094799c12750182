"""What the tracer leaves in the kernel, and what it does when the kernel has more to say than it can read."""

from __future__ import annotations

import http.client
import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import needs
from servers import PROGRAMS, Server
from tracer import Outcome, Tracer, wait_until

INCOMPLETE = "ebpf_otlp_tracer.capture.incomplete"
KINDS = {"prog": "prog_id", "link": "link_id", "map": "map_id"}


def held_by(pid: int) -> dict[str, set[int]]:
    """Return the ids of everything of eBPF that a process holds, as the kernel says in its descriptors."""
    held: dict[str, set[int]] = {kind: set() for kind in KINDS}
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        text = info.read_text()
        for kind, key in KINDS.items():
            if found := re.search(rf"^{key}:\s*(\d+)", text, re.MULTILINE):
                held[kind].add(int(found[1]))
    return held


def in_kernel(kind: str) -> set[int]:
    """Return the ids that bpftool shows."""
    shown = subprocess.run(["bpftool", "-j", kind, "show"], check=True, capture_output=True, text=True, timeout=30)
    return {each["id"] for each in json.loads(shown.stdout)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_of_ours_stays_in_the_kernel(
    hooks: str, number: int, redis_server: Server, attach: Callable[..., Tracer]
) -> None:
    needs("bpftool")
    tracer = attach("--hooks", hooks, "--pid", redis_server.pid)
    held = held_by(tracer.pid)
    for kind, ids in held.items():
        assert ids, f"no {kind} was found while it ran"
        assert ids <= in_kernel(kind)
    tracer.stop(number)
    for kind, ids in held.items():
        # The kernel frees programs and maps after a grace period.
        wait_until(lambda: not ids & in_kernel(kind), f"{kind}s {ids} to go")  # noqa: B023


def status_of(number: int) -> int:
    return 400 + number * 7919 % 100


def flood_http(port: int, threads: int, requests: int) -> int:
    """Ask for /<number> from several threads, numbers in no order; return how many answers came."""
    answered = []

    def main(thread: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        numbers = random.Random(thread).sample(range(100_000), requests)
        for number in numbers:
            connection.request("GET", f"/{number}")
            response = connection.getresponse()
            response.read()
            assert response.status == status_of(number)
            answered.append(number)
        connection.close()

    workers = [threading.Thread(target=main, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(answered)


def assert_losses_are_counted(outcome: Outcome, asked: int) -> None:
    assert outcome.exit_code == 0, outcome.stderr
    losses = outcome.losses()
    assert losses.get("kernel.ring_full_records", 0) > 0, outcome.stderr
    assert 0 < len(outcome.spans) < asked
    outcome.assert_possible()


def test_no_http_span_is_invented_when_the_ring_overflows(
    hooks: str, service: Callable[..., Server], attach: Callable[..., Tracer]
) -> None:
    server = service("statuses.py")
    tracer = attach("--hooks", hooks, "--pid", server.pid, "--ring-size", "64KiB")
    asked = flood_http(server.port, 8, 50)
    tracer.process.send_signal(signal.SIGSTOP)  # nobody reads: the ring is full after a few hundred records
    asked += flood_http(server.port, 8, 100)
    tracer.process.send_signal(signal.SIGCONT)
    asked += flood_http(server.port, 8, 50)
    for _ in range(3):  # in and out of it, in the middle of exchanges
        worker = threading.Thread(target=flood_http, args=(server.port, 8, 100))
        worker.start()
        for _ in range(10):
            tracer.process.send_signal(signal.SIGSTOP)
            worker.join(0.05)
            tracer.process.send_signal(signal.SIGCONT)
            worker.join(0.02)
        worker.join()
        asked += 800
    outcome = tracer.stop()
    assert_losses_are_counted(outcome, asked)
    complete = 0
    for span in outcome.spans:
        number = int(span.attributes["url.path"][1:])
        has_status = "http.response.status_code" in span.attributes
        # Of an incomplete exchange nothing may be known of the response; what is known is true all the same.
        assert has_status or INCOMPLETE in span.attributes, span
        if has_status:
            assert span.attributes["http.response.status_code"] == status_of(number), span
            assert span.attributes.get("http.response.body.size", number % 1000) == number % 1000, span
            complete += 1
    assert complete > len(outcome.spans) / 2


def test_no_redis_span_is_invented_when_the_ring_overflows(
    hooks: str, redis_server: Server, attach: Callable[..., Tracer]
) -> None:
    """GET of a key that holds a list is an error, of another not: which is which follows from the key's number."""

    def is_list(number: int) -> bool:
        return number * 2654435761 >> 7 & 1 == 1

    def command(*words: bytes) -> bytes:
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def talk(numbers: list[int], make: Callable[[int], bytes], depth: int) -> None:
        with socket.create_connection(("127.0.0.1", redis_server.port)) as end, end.makefile("rb") as answers:
            for at in range(0, len(numbers), depth):
                batch = numbers[at : at + depth]
                end.sendall(b"".join(make(number) for number in batch))
                for _ in batch:
                    if (line := answers.readline()).startswith(b"$") and line != b"$-1\r\n":
                        answers.read(int(line[1:]) + 2)

    keys = 2000
    talk(
        list(range(keys)),
        lambda number: command(b"RPUSH" if is_list(number) else b"SET", b"key:%d" % number, b"v" * (number % 50)),
        100,
    )
    tracer = attach("--hooks", hooks, "--pid", redis_server.pid, "--ring-size", "64KiB")
    dice = random.Random(1)
    asked = 0
    for round_ in range(6):
        depth = (1, 3, 16)[round_ % 3]
        numbers = [[dice.randrange(keys) for _ in range(1600)] for _ in range(4)]
        workers = [
            threading.Thread(target=talk, args=(each, lambda number: command(b"GET", b"key:%d" % number), depth))
            for each in numbers
        ]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            tracer.process.send_signal(signal.SIGSTOP)
            workers[0].join(0.05)
            tracer.process.send_signal(signal.SIGCONT)
            workers[0].join(0.02)
        asked += 6400
    outcome = tracer.stop()
    assert_losses_are_counted(outcome, asked)
    complete = 0
    for span in outcome.spans:
        assert span.name == "GET"
        number = int(span.attributes["db.query.text"].rpartition(":")[2])
        failed = span.attributes.get("db.response.status_code") == "WRONGTYPE"
        assert failed == is_list(number) or (INCOMPLETE in span.attributes and not failed), span
        complete += INCOMPLETE not in span.attributes
    assert complete > len(outcome.spans) / 2


def test_a_process_that_gets_the_pid_of_a_traced_one_is_not_traced(
    hooks: str, service: Callable[..., Server], attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    needs("gcc", "curl")
    server = service("chain.py")
    program = tmp_path / "as_pid"
    built = subprocess.run(["gcc", "-Wall", "-o", program, PROGRAMS / "as_pid.c"], check=False, capture_output=True)
    if built.returncode:
        pytest.skip(f"cannot build as_pid.c: {built.stderr.decode()}")
    url = f"http://127.0.0.1:{server.port}/order"
    script = f"import subprocess; subprocess.run(['curl', '-sS', '-o', '/dev/null', '{url}/traced'], check=True)"
    with (
        subprocess.Popen([sys.executable, "-c", f"input(); {script}"], stdin=subprocess.PIPE, text=True) as traced,
        subprocess.Popen(["sleep", "100"]) as other,
    ):
        tracer = attach("--hooks", hooks, "--pid", traced.pid, "--pid", other.pid)
        traced.communicate("\n", timeout=30)
        done = subprocess.run(
            [program, str(traced.pid), "curl", "-sS", "-o", "/dev/null", f"{url}/reused"], check=False, timeout=30
        )
        outcome = tracer.stop()
        other.kill()
    if done.returncode == 77:
        pytest.skip("the kernel does not let us choose a pid, or somebody else got it")
    assert done.returncode == 0
    outcome.assert_sound()
    assert [span.attributes["url.path"] for span in outcome.spans] == ["/order/traced"]
