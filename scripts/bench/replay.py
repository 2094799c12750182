"""How fast a recording becomes OTLP, on one core; and tshark on the same traffic, captured at the same time."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import Row, Settings, say, spread
from servers import ab, nginx, redis, redis_benchmark, size_of
from tracer import Tracer, command

PURPOSE = "replay of 200,000 HTTP/1 and Redis exchanges to OTLP protobuf on one core, against tshark"
HTTP_EXCHANGES = 100_000
REDIS_COMMANDS = ("set", "get")
REDIS_EXCHANGES = 50_000
"""Of each command."""
ROUNDS = 5
TSHARK_ROUNDS = 2
FIELDS = (
    "frame.time_epoch",
    "ip.src",
    "tcp.srcport",
    "ip.dst",
    "tcp.dstport",
    "tcp.stream",
    "tcp.len",
    "http.request.method",
    "http.request.uri",
    "http.response.code",
)


def run(settings: Settings) -> Iterator[Row]:
    """Record, then replay."""
    recording, packets = settings.folder / "load.rec", settings.folder / "load.pcapng"
    port, sent = _record(settings, recording, packets)
    cpu = (os.cpu_count() or 1) - 1

    def replayed(path: Path, rounds: int) -> tuple[int, list[float]]:
        arguments = [command(), "replay", str(path), "--output", settings.output]
        spans, seconds = 0, []
        for _ in range(rounds):
            took, said = _timed(cpu, arguments)
            found = re.search(r"^([\d,]+) spans in ", said, re.MULTILINE)
            spans = int(found[1].replace(",", "")) if found else 0
            seconds.append(took)
            say(f"  {path.name}: {spans:,} spans in {took:.2f} s of one core, {spans / took:,.0f}/s")
        return spans, seconds

    spans, seconds = replayed(recording, ROUNDS)
    rates = [spans / each for each in seconds]
    best = sorted(rates)[len(rates) // 2]
    yield Row(
        what=f"replay of a recording ({spans:,} HTTP/1 and Redis exchanges, {size_of(recording) / 1e6:.1f} MB)",
        without=f"{sent:,} sent",
        traced=f"{spread(rates)} spans/s",
        cost="",
        goal=">= 200,000 spans/s",
        met=best >= 200_000,
    )
    spans, seconds = replayed(packets, ROUNDS)
    fields = [argument for field in FIELDS for argument in ("-e", field)]
    decode = ["-d", f"tcp.port=={port},http"]
    tshark = ["tshark", "-n", "-r", str(packets), *decode, "-T", "fields", *fields]
    tshark_seconds = [_timed(cpu, tshark, quiet=True)[0] for _ in range(TSHARK_ROUNDS)]
    ours, theirs = sorted(seconds)[len(seconds) // 2], sorted(tshark_seconds)[len(tshark_seconds) // 2]
    yield Row(
        what=f"replay of the same traffic captured by dumpcap ({size_of(packets) / 1e6:.0f} MB)",
        without=f"tshark -T fields: {theirs:.2f} s",
        traced=f"{ours:.2f} s, {spans / ours:,.0f} spans/s",
        cost=f"{theirs / ours:.1f} times as fast",
    )


def _record(settings: Settings, recording: Path, packets: Path) -> tuple[int, int]:
    with nginx(settings) as http, redis(settings) as cache:
        capture = subprocess.Popen(
            ["dumpcap", "-q", "-i", "lo", "-B", "64", "-f", f"tcp port {http} or tcp port {cache}", "-w", packets],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert capture.stderr is not None
        while not (line := capture.stderr.readline()).startswith("File:"):
            if not line:
                sys.exit("bench: dumpcap did not start")
        with Tracer(["--port", str(http), "--port", str(cache), "-o", str(recording)], name="record"):
            ab(http, HTTP_EXCHANGES, keep=True)
            redis_benchmark(cache, REDIS_EXCHANGES, pipeline=1, commands=",".join(REDIS_COMMANDS))
        time.sleep(0.5)
        capture.terminate()
        _, said = capture.communicate(timeout=10)
        dropped = re.search(r"received/dropped on interface '[^']*': (\d+)/(\d+)", said)
        say(f"  recorded; dumpcap {dropped[0] if dropped else 'said nothing'}")
    return http, HTTP_EXCHANGES + len(REDIS_COMMANDS) * REDIS_EXCHANGES


def _timed(cpu: int, arguments: Sequence[str], *, quiet: bool = False) -> tuple[float, str]:
    """Return the CPU seconds of one core (user and system: a busy machine does not count) and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["taskset", "-c", str(cpu), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stderr or ""
