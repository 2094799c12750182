"""A call may bring as many vectors as the kernel takes; gRPC writes 260 at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from servers import Server
from tracer import Tracer

PROGRAM = Path(__file__).parent / "programs" / "many_vectors.py"


def test_a_thousand_vectors_in_one_call_are_all_seen(
    hooks: str, redis_server: Server, attach: Callable[..., Tracer]
) -> None:
    command = [sys.executable, str(PROGRAM), str(redis_server.port)]
    outcome = attach("--hooks", hooks, "--pid", redis_server.pid, command=command).wait()
    outcome.assert_sound()
    assert "nothing lost" in outcome.stderr
    assert len(outcome.only(kind="CLIENT", name="SET")) == 500
    assert len(outcome.only(kind="SERVER", name="SET")) == 500
