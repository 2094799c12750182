"""Real servers in a temporary directory on free ports, and the clients that load them. Stopped by their process id."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import Settings, compiled

NGINX_CONFIGURATION = """\
daemon off;
master_process on;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/nginx.body;
    proxy_temp_path {folder}/nginx.proxy;
    fastcgi_temp_path {folder}/nginx.fastcgi;
    uwsgi_temp_path {folder}/nginx.uwsgi;
    scgi_temp_path {folder}/nginx.scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello\\n"; }} }}
}}
"""


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def _served(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"bench: {command[0]} did not start")
            time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def nginx(settings: Settings) -> Iterator[int]:
    """`return 200` with one worker. Yields the port."""
    port = free_port()
    configuration = settings.folder / "nginx.conf"
    configuration.write_text(NGINX_CONFIGURATION.format(folder=settings.folder, port=port), encoding="ascii")
    with _served(["nginx", "-c", str(configuration), "-p", str(settings.folder)], port):
        yield port


@contextlib.contextmanager
def redis(settings: Settings) -> Iterator[int]:
    """A redis-server that keeps nothing. Yields the port."""
    port = free_port()
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(settings.folder)]
    with _served(["redis-server", "--port", str(port), *options], port):
        yield port


@dataclass(frozen=True)
class Load:
    """What a load generator counted."""

    requests: int
    per_second: float


def wrk(port: int, seconds: float) -> Load:
    """Saturate an HTTP server: one thread, 32 kept connections, no pipelining."""
    whole_seconds = str(max(1, round(seconds)))
    text = _output(["wrk", "-t1", "-c32", f"-d{whole_seconds}s", f"http://127.0.0.1:{port}/hello"])
    found, rate = re.search(r"(\d+) requests in", text), re.search(r"Requests/sec:\s+([\d.]+)", text)
    if found is None or rate is None or "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"bench: wrk failed: {text}")
    return Load(int(found[1]), float(rate[1]))


def ab(port: int, requests: int, *, keep: bool) -> None:
    """Send so many HTTP requests, over kept connections or one connection each."""
    options = ["-k"] if keep else []
    text = _output(["ab", "-q", *options, "-n", str(requests), "-c", "16", f"http://127.0.0.1:{port}/hello"])
    if f"Complete requests:      {requests}\n" not in text or "Failed requests:        0\n" not in text:
        sys.exit(f"bench: ab failed: {text}")


def redis_benchmark(port: int, requests: int, *, pipeline: int, commands: str = "get") -> list[float]:
    """Send so many of each command over 50 connections. Returns commands a second, for each."""
    options = ["-n", str(requests), "-c", "50", "-P", str(pipeline), "-t", commands, "-r", "10000", "--csv"]
    text = _output(["redis-benchmark", "-p", str(port), *options])
    rates = re.findall(r'^"(?!test)[^"]*","([\d.]+)"', text, re.MULTILINE)
    if len(rates) != len(commands.split(",")):
        sys.exit(f"bench: redis-benchmark failed: {text}")
    return [float(rate) for rate in rates]


@dataclass(frozen=True)
class Latencies:
    """What a client at a fixed rate saw, in microseconds."""

    answered: int
    p50: float
    p99: float
    maximum: float


HTTP_REQUEST = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: fixed_rate\r\nAccept: */*\r\n\r\n"
REDIS_REQUEST = b"*3\r\n$3\r\nSET\r\n$8\r\nkey:0001\r\n$5\r\nvalue\r\n"


def fixed_rate(settings: Settings, port: int, rate: int, seconds: float, request: bytes) -> Latencies:
    """Send at a fixed rate over 32 kept connections: 32 more requests than asked for open them."""
    program = settings.folder / "fixed_rate"
    if not program.exists():
        compiled("fixed_rate", settings.folder)
    text = subprocess.run(
        [str(program), str(port), str(rate), str(seconds), "32"], input=request, capture_output=True, check=True
    ).stdout.decode()
    sent, answered, p50, _, p99, _, maximum = text.split()
    if sent != answered:
        sys.exit(f"bench: {sent} requests sent, {answered} answered")
    return Latencies(int(answered) + 32, float(p50), float(p99), float(maximum))


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {command[0]} failed: {done.stderr}{done.stdout}")
    return done.stdout


def size_of(path: Path) -> int:
    """Return a file's size."""
    return path.stat().st_size
