"""Every system call that moves socket bytes, on every family of stream sockets: each request is a span at both ends."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import needs
from servers import PROGRAMS
from tracer import Outcome, Span, Tracer

CALLS = ["write", "send", "send_peek", "sendto", "sendmsg", "writev", "sendfile", "splice", "bytewise"]


def said(span: Span) -> str:
    """Return a span as the programs print an exchange."""
    have = span.attributes
    fields = [
        have["http.request.method"],
        have["url.path"],
        have["http.response.status_code"],
        have.get("http.response.body.size", 0),
    ]
    return " ".join(map(str, fields))


def assert_both_ends_say(outcome: Outcome, lines: list[str]) -> None:
    """One client span and one server span for each exchange, and the one is the other's parent."""
    assert outcome.exit_code == 0, outcome.stderr
    assert Counter(map(said, outcome.only(kind="CLIENT"))) == Counter(lines)
    assert Counter(map(said, outcome.only(kind="SERVER"))) == Counter(lines)
    outcome.assert_possible()
    for span in outcome.spans:
        flags = ["truncated", "gap_bytes", "incomplete"]
        if span.attributes["network.transport"] != "unix":
            # The kernel does not say how many bytes a UNIX socket moved before it was met.
            flags.append("attached_mid_stream")
        for flag in flags:
            assert f"ebpf_otlp_tracer.capture.{flag}" not in span.attributes, span


def assert_nothing_lost_but(outcome: Outcome, allowed: set[str]) -> None:
    assert set(outcome.losses()) <= allowed, outcome.stderr


def assert_parents_are_the_same_exchange(outcome: Outcome) -> None:
    asked = {span.span_id: span for span in outcome.only(kind="CLIENT")}
    for span in outcome.only(kind="SERVER"):
        if span.attributes["network.transport"] == "unix":
            continue  # no sequence numbers: nothing joins the ends
        assert said(asked[span.parent]) == said(span)
        assert span.attributes["ebpf_otlp_tracer.parent.evidence"] == "tcp-sequence"


@pytest.mark.parametrize("call", CALLS)
def test_every_exchange_is_seen_at_both_ends_whatever_the_call(
    hooks: str, call: str, attach: Callable[..., Tracer], tmp_path: Path
) -> None:
    line = [sys.executable, str(PROGRAMS / "socket_calls.py"), call, str(tmp_path)]
    outcome = attach("--hooks", hooks, command=line).wait()
    lines = outcome.stdout.splitlines()
    assert len(lines) == 120, outcome.stderr
    assert_both_ends_say(outcome, lines)
    moved_by_the_kernel = {"kernel.bytes_not_in_user_memory"} if call in {"sendfile", "splice"} else set()
    assert_nothing_lost_but(outcome, moved_by_the_kernel)
    assert_parents_are_the_same_exchange(outcome)
    for span in outcome.spans:
        have = span.attributes
        connection = int(have["url.path"].split("/")[1])
        assert have["network.transport"] == ("tcp" if connection < 8 else "unix")
        if connection < 8:
            assert have["network.peer.address"] == ("127.0.0.1" if connection < 4 else "::1")
        elif span.kind == "CLIENT":
            assert have["network.peer.address"] == str(tmp_path / "socket")


def test_several_messages_of_one_call_are_told_apart(hooks: str, attach: Callable[..., Tracer], tmp_path: Path) -> None:
    needs("gcc")
    program = tmp_path / "messages"
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-o", program, PROGRAMS / "messages.c"], check=True)
    outcome = attach("--hooks", hooks, command=[str(program)]).wait()
    lines = outcome.stdout.splitlines()
    assert len(lines) == 100, outcome.stderr
    assert_both_ends_say(outcome, lines)
    assert_nothing_lost_but(outcome, set())
    assert_parents_are_the_same_exchange(outcome)
