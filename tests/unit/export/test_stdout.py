"""Against real pipes in the place of stdout."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from conftest import said

from ebpf_otlp_tracer.export import stdout
from ebpf_otlp_tracer.export.stdout import ReaderGoneError, Stdout
from ebpf_otlp_tracer.export.way_out import Surroundings

Around = Callable[..., Surroundings]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """The two ends of a pipe: for the reader, and in the place of stdout."""
    monkeypatch.setattr(stdout, "PATIENCE", 0.2)
    ends = os.pipe()
    yield ends
    # A thread that is still blocked must be gone before the numbers of these descriptors are used again.
    os.close(ends[0])
    for thread in threading.enumerate():
        if thread.name == "stdout":
            thread.join(5)
    os.close(ends[1])


def read(pipe: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += os.read(pipe, count - len(data))
    return data


def test_what_is_written_arrives_in_order(pipe: tuple[int, int], surroundings: Around) -> None:
    out = Stdout(surroundings(), descriptor=pipe[1])
    for n in range(100):
        out.write(b"%02d" % n)
    out.close()
    assert read(pipe[0], 200) == b"".join(b"%02d" % n for n in range(100))


def test_a_reader_that_stands_still_costs_spans_but_no_time(pipe: tuple[int, int], surroundings: Around) -> None:
    around = surroundings()
    out = Stdout(around, limit=1 << 20, descriptor=pipe[1])
    started = time.monotonic()
    for _ in range(100):
        out.write(b"x" * 100_000, 7)
    assert time.monotonic() - started < 2
    assert 80 * 7 <= out.dropped < 100 * 7
    assert said(around).count("too slow") == 1
    around.stopping.set()
    started, dropped = time.monotonic(), out.dropped
    out.close()
    assert time.monotonic() - started < 2
    assert out.dropped > dropped
    assert out.dropped == 700  # nothing but a part of the first piece ever left


def test_a_replay_waits_for_a_slow_reader(pipe: tuple[int, int], surroundings: Around) -> None:
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: (time.sleep(0.3), got.append(read(pipe[0], 3_000_000))))
    reader.start()
    out = Stdout(surroundings(live=False), limit=200_000, descriptor=pipe[1])
    for _ in range(30):
        out.write(b"x" * 100_000, 1)
    out.close()
    reader.join()
    assert len(got[0]) == 3_000_000
    assert out.dropped == 0


def test_a_reader_that_left_is_told_to_the_next_write(surroundings: Around) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = Stdout(surroundings(), descriptor=writing)
    out.write(b"x")
    with pytest.raises(ReaderGoneError):
        out.close()
    with pytest.raises(ReaderGoneError):
        out.write(b"y")
    os.close(writing)
