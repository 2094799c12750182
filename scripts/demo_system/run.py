"""The demo: start the system, let it run, attach, look, check, stop everything. Run it through scripts/demo.

Everything that is started here is stopped here by its pid, whatever happens in between.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import check_trace
from resp import Redis

HERE = Path(__file__).resolve().parent
RESULT = HERE.parent.parent / "target" / "demo" / "trace.jsonl"
TRACER = Path(sys.executable).parent / "ebpf-otlp-tracer"
ARTICLES = {"1001": 200, "1002": 200, "9999": 404}
"""What is bought, and the status it must get."""
PATIENCE = 20.0


class System:
    """The processes of the demo."""

    def __init__(self, stack: contextlib.ExitStack, folder: str) -> None:
        self._stack = stack
        self._folder = folder
        self.redis_port = self._start_redis()
        self.prices, self.prices_port = self._start_service("prices.py")
        self.shop, self.shop_port = self._start_service("shop.py", str(self.prices_port), str(self.redis_port))
        self.customer = self.start([sys.executable, str(HERE / "customer.py"), str(self.shop_port)])

    def start(self, command: list[str], *, stderr: int | None = None) -> subprocess.Popen[str]:
        """Start a process that is ended with the demo."""
        process = subprocess.Popen(  # noqa: S603 - commands of this file
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=self._folder
        )
        self._stack.callback(end, process)
        return process

    def buy(self, article: str) -> int:
        """Let the customer ask for an article and return the status it got."""
        print(article, file=self.customer.stdin, flush=True)
        return int(line_of(self.customer))

    def _start_service(self, script: str, *arguments: str) -> tuple[subprocess.Popen[str], int]:
        process = self.start([sys.executable, str(HERE / script), *arguments])
        return process, int(line_of(process))

    def _start_redis(self) -> int:
        server = shutil.which("redis-server", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
        if server is None:
            sys.exit("demo: redis-server is missing: apt-get install redis-server")
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        self.redis = self.start([server, *options, "--logfile", str(Path(self._folder) / "redis.log")])
        for _ in attempts(self.redis):
            with contextlib.suppress(OSError):
                redis = Redis("127.0.0.1", port)
                for article in ARTICLES:
                    redis.command("SET", f"stock:{article}", "7")
                break
        return port


def attempts(process: subprocess.Popen[str]) -> Iterator[None]:
    """Yield until the caller is content, the process ends or patience does."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        yield
        time.sleep(0.02)
    sys.exit(f"demo: {process.args!r} did not come up")


def line_of(process: subprocess.Popen[str]) -> str:
    """Return the next line a process prints."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        sys.exit(f"demo: {process.args!r} ended with status {process.wait()}")
    return line.strip()


def free_port() -> int:
    """Return a port of loopback nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def end(process: subprocess.Popen[str]) -> None:
    """End a process of ours, and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def trace(system: System, stack: contextlib.ExitStack) -> None:
    """Attach to the running processes, drive traffic, stop the tracer as Ctrl-C does."""
    running = {"customer": system.customer, "shop": system.shop, "prices": system.prices, "redis": system.redis}
    targets = [part for process in running.values() for part in ("--pid", str(process.pid))]
    command = [str(TRACER), "attach", *targets, "--terminal", "--output", str(RESULT)]
    pids = ", ".join(f"{name} (pid {process.pid})" for name, process in running.items())
    print(f"running, and nothing in them knows of tracing: {pids}")
    print("$ " + " ".join(["ebpf-otlp-tracer", *command[1:]]) + "\n", flush=True)
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    stack.callback(end, tracer)
    # The first thing it says once it is attached. What comes before is an error or a warning.
    said = tracer.stderr or io.StringIO()
    for line in said:
        print(line, end="", flush=True)
        if line.startswith("tracing "):
            break
    else:
        sys.exit(tracer.wait() or 1)
    for article, status in ARTICLES.items():
        got = system.buy(article)
        if got != status:
            sys.exit(f"demo: the shop answered {got}, not {status}")
    tracer.send_signal(signal.SIGINT)
    summary = said.read()
    if status := tracer.wait():
        sys.exit(f"{summary}demo: the tracer ended with status {status}")
    print("\n" + summary, flush=True)


def stop(number: int, _frame: FrameType | None) -> None:
    """End the demo as an error would, so that everything is stopped."""
    sys.exit(128 + number)


def main() -> None:
    """Run the demo."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ebpf-otlp-tracer-demo-"))
        system = System(stack, folder)
        system.buy("1001")  # before anything is attached: the connections to be traced exist by then
        trace(system, stack)
        ports = check_trace.Ports(shop=system.shop_port, prices=system.prices_port, redis=system.redis_port)
        print(check_trace.check(RESULT, ports, list(ARTICLES.values())))
        print(f"the spans as OTLP: {os.path.relpath(RESULT)}")


if __name__ == "__main__":
    main()
