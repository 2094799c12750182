"""The real command line as a subprocess, and what came out of it as values.

A test starts a `Tracer`, makes traffic, stops it and asks the `Outcome`. Nothing here interprets spans.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds for anything that should happen at once: the machine may be busy."""


def wait_until(condition: Any, what: str, seconds: float = PATIENCE) -> None:
    """Poll until the condition is true; a test fails with `what` when it never is."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s for: {what}"
        time.sleep(0.02)


@dataclass(frozen=True, eq=False)
class Span:
    """One span of an OTLP JSON line."""

    trace_id: str
    span_id: str
    parent: str
    name: str
    kind: str
    start: int
    end: int
    attributes: dict[str, Any]
    error: bool
    message: str
    resource: dict[str, Any]
    source: dict[str, Any]

    @property
    def raw(self) -> str:
        """Span and resource as canonical JSON: equal text means equal in every field."""
        return json.dumps([self.source, sorted(self.resource.items())], sort_keys=True)

    @property
    def pid(self) -> int:
        """The process it was seen in."""
        return int(self.resource["process.pid"])

    @property
    def protocol(self) -> str:
        """Which protocol, by the attributes that only this one has."""
        if "db.system.name" in self.attributes:
            return str(self.attributes["db.system.name"])
        return "http" if "http.request.method" in self.attributes else "other"


KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}


def value(anything: dict[str, Any]) -> Any:
    """Return an OTLP JSON AnyValue as a Python value."""
    kind, inner = next(iter(anything.items()))
    if kind == "intValue":
        return int(inner)
    if kind == "arrayValue":
        return [value(each) for each in inner.get("values", [])]
    return inner


def attributes(pairs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return OTLP key-value pairs as a dictionary; a key that is there twice is a defect."""
    result: dict[str, Any] = {}
    for pair in pairs:
        assert pair["key"] not in result, f"{pair['key']} is there twice"
        result[pair["key"]] = value(pair["value"])
    return result


def spans_of(path: Path) -> list[Span]:
    """Return all spans of a file of OTLP JSON lines."""
    spans = []
    for line in path.read_text().splitlines():
        for group in json.loads(line)["resourceSpans"]:
            resource = attributes(group["resource"]["attributes"])
            for scope in group["scopeSpans"]:
                assert scope["scope"]["name"] == "ebpf-otlp-tracer"
                spans += [_span(span, resource) for span in scope["spans"]]
    return spans


def _span(span: dict[str, Any], resource: dict[str, Any]) -> Span:
    return Span(
        trace_id=span["traceId"],
        span_id=span["spanId"],
        parent=span.get("parentSpanId", ""),
        name=span["name"],
        kind=KINDS[span["kind"]],
        start=int(span["startTimeUnixNano"]),
        end=int(span["endTimeUnixNano"]),
        attributes=attributes(span.get("attributes", [])),
        error=span.get("status", {}).get("code", 0) == 2,
        message=span.get("status", {}).get("message", ""),
        resource=resource,
        source=span,
    )


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    exit_code: int
    stdout: str
    stderr: str
    spans: list[Span]

    def only(self, **wanted: Any) -> list[Span]:
        """Spans whose fields have these values."""
        return [span for span in self.spans if all(getattr(span, key) == each for key, each in wanted.items())]

    def losses(self) -> dict[str, int]:
        """What the summary says was lost, by cause."""
        found = re.search(r"^  lost: (.*)$", self.stderr, re.MULTILINE)
        if found is None:
            return {}
        pairs = (each.rsplit(" ", 1) for each in found[1].split(", "))
        return {cause: int(count.replace(",", "")) for cause, count in pairs}

    def assert_sound(self) -> None:
        """What holds for every run that went well: exit 0, nothing lost, every id and every time possible."""
        assert self.exit_code == 0, self.stderr
        assert "nothing lost" in self.stderr, self.stderr
        self.assert_possible()

    def assert_possible(self) -> None:
        """What holds for every span there is, whatever was lost."""
        ids = [span.span_id for span in self.spans]
        assert len(set(ids)) == len(ids), "a span id was given twice"
        for span in self.spans:
            assert span.start <= span.end, span
            assert span.resource.get("service.name"), span
            assert span.resource.get("process.pid"), span


class Tracer:
    """`ebpf-otlp-tracer attach` (or another command) that runs. Leaving the `with` block stops it."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        command: Sequence[str] = (),
        verb: str = "attach",
        environment: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        output: bool = True,
    ) -> None:
        self.output = folder / f"out-{time.monotonic_ns()}.jsonl"
        line = [*prefix, sys.executable, "-m", "ebpf_otlp_tracer", verb, *arguments]
        if output and verb != "record":
            line += ["-o", str(self.output)]
        if command:
            line += ["--", *command]
        self.process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
            cwd=folder,
        )
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", self.process.stdout), ("stderr", self.process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: Any) -> None:
        for text in stream:
            self._said[name].append(text)

    @property
    def pid(self) -> int:
        """Of the tracer itself."""
        return self.process.pid

    @property
    def stderr(self) -> str:
        """What it said so far."""
        return "".join(self._said["stderr"])

    def wait_for(self, text: str) -> None:
        """Wait until it has said this on stderr, or fail with what it said instead."""
        wait_until(lambda: text in self.stderr or self.process.poll() is not None, f"{text!r} on stderr")
        assert text in self.stderr, self.stderr

    def __enter__(self) -> Tracer:
        self.wait_for("tracing ")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self._finish()

    def _finish(self) -> int:
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code

    def stop(self, number: int = signal.SIGINT) -> Outcome:
        """Ask it to end, and read what it wrote."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> Outcome:
        """Wait for it to end by itself, and read what it wrote."""
        code = self._finish()
        spans = spans_of(self.output) if self.output.exists() and self.output.stat().st_size else []
        return Outcome(code, "".join(self._said["stdout"]), self.stderr, spans)


def run(folder: Path, verb: str, *arguments: str, environment: dict[str, str] | None = None) -> Outcome:
    """Run a command that ends by itself (replay, or one that is refused)."""
    tracer = Tracer(folder, *arguments, verb=verb, environment=environment, output=False)
    return tracer.wait()
