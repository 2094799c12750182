"""What all unit tests share: the engine is a fake, the ways out and the targets are real."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

sys.path.insert(0, __file__.rpartition("/")[0])
sys.path.insert(0, __file__.rpartition("/tests/")[0])

import fake_engine

from ebpf_otlp_tracer.export.way_out import Surroundings
from ebpf_otlp_tracer.messages import Messages


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[fake_engine.Script]]:
    """The fake in the place of the Rust extension; returns its script."""
    monkeypatch.setitem(sys.modules, "ebpf_otlp_tracer._engine", fake_engine)
    monkeypatch.setattr(sys.modules["ebpf_otlp_tracer"], "_engine", fake_engine, raising=False)
    fake_engine.Script.reset()
    yield fake_engine.Script
    fake_engine.Script.reset()


@pytest.fixture
def surroundings() -> Callable[..., Surroundings]:
    """Surroundings whose messages can be read: `around(live=...).messages._stream.getvalue()`."""

    def make(*, live: bool = True, environment: dict[str, str] | None = None) -> Surroundings:
        return Surroundings(Messages(stream=io.StringIO()), environment or {}, live, threading.Event())

    return make


def said(around: Surroundings) -> str:
    """What was said on stderr."""
    stream = around.messages._stream
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()
