"""The tracer against the real kernel and real servers. Without root, BTF or tracefs everything here is skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from servers import Nginx, Server, python, redis
from tracer import Tracer

HOOKS = ("tp_btf", "tracepoint")


def why_not() -> str:
    """Say what is missing to trace here; empty when nothing is."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/sys/kernel/btf/vmlinux").exists():
        return "needs a kernel with BTF (/sys/kernel/btf/vmlinux)"
    if not any(Path(path, "events").is_dir() for path in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")):
        return "needs tracefs (mount -t tracefs tracefs /sys/kernel/tracing)"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = why_not()
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here) and reason:
            item.add_marker(pytest.mark.skip(reason=f"live test: {reason}"))


@pytest.fixture(params=HOOKS)
def hooks(request: pytest.FixtureRequest) -> str:
    """Each family of kernel hooks in turn."""
    return str(request.param)


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """What is entered here is stopped at the end of the test, last first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def attach(running: ExitStack, tmp_path: Path) -> Callable[..., Tracer]:
    """Start `attach` and wait until it traces."""

    def start(*arguments: object, **more: object) -> Tracer:
        return running.enter_context(Tracer(tmp_path, *map(str, arguments), **more))  # type: ignore[arg-type]

    return start


def needs(*programs: str) -> None:
    """Skip the test when one of these is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture
def redis_server(running: ExitStack, tmp_path: Path) -> Server:
    """A redis-server that runs."""
    needs("redis-server")
    return running.enter_context(redis(tmp_path))


@pytest.fixture
def nginx(running: ExitStack, tmp_path: Path) -> Nginx:
    """An nginx with two workers that runs."""
    needs("nginx")
    server = Nginx(tmp_path)
    running.enter_context(server)
    return server


@pytest.fixture
def service(running: ExitStack, tmp_path: Path) -> Callable[..., Server]:
    """Start one of the services in programs/."""

    def start(program: str, *arguments: object, port: int = 0) -> Server:
        return running.enter_context(python(tmp_path, program, *map(str, arguments), port=port))

    return start
