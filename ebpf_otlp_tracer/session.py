"""A run from start to summary: the engine on one side, the ways out on the other. Knows no option and no protocol."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebpf_otlp_tracer import summary, targets
from ebpf_otlp_tracer.config import REPLAY_BATCH_SPANS, EngineOptions
from ebpf_otlp_tracer.errors import InputError
from ebpf_otlp_tracer.export import Outputs
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.way_out import Surroundings
from ebpf_otlp_tracer.signals import StopSignals
from ebpf_otlp_tracer.targets import container
from ebpf_otlp_tracer.targets.command import Command
from ebpf_otlp_tracer.targets.process import Lives
from ebpf_otlp_tracer.targets.procfs import Proc

if TYPE_CHECKING:
    from ebpf_otlp_tracer._engine import Capture, SpanBatch

POLL_MS = 200
"""How late a span may be shown, and Ctrl-C noticed."""
TICK_SECONDS = 1.0
COMMAND_PATIENCE = 5.0
"""A command that outlives --duration is asked to end (SIGTERM), and killed after this long."""

OpenOutputs = Callable[[], Outputs | None]
"""Opens the ways out; None for a capture that only records."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a live run is asked to do."""

    engine: EngineOptions
    duration: float | None
    surroundings: Surroundings
    protects_stdout: bool
    """stdout carries spans for a program: a command that is started writes to stderr instead."""


def run_live(live: Live, open_outputs: OpenOutputs) -> int:
    """Trace until something ends it. Returns the exit code."""
    wanted = live.engine.targets
    targets.select(wanted)  # what is not there is said before anything is started, opened or attached
    # Forked first: no thread runs yet, and the child must not inherit what is opened later.
    command = Command(wanted.command, stdout_to_stderr=live.protects_stdout) if wanted.command else None

    def forward(number: int, from_terminal: bool) -> None:
        # The terminal sends Ctrl-C to the command too; a second one would kill what handles only the first.
        if command is not None and not from_terminal:
            command.send(number)

    with StopSignals(live.surroundings.stopping, forward):
        outputs: Outputs | None = None
        try:
            outputs = open_outputs()
            return _LiveRun(live, outputs, command).run()
        finally:
            if outputs is not None:
                outputs.close()
            if command is not None and command.exit_code is None:
                command.abandon()
                _end(command)


class _LiveRun:
    """The state of one live run."""

    def __init__(self, live: Live, outputs: Outputs | None, command: Command | None) -> None:
        self._live = live
        self._targets = live.engine.targets
        self._messages = live.surroundings.messages
        self._stopping = live.surroundings.stopping
        self._outputs = outputs
        self._command = command
        self._proc = Proc()
        self._known: set[int] = set()

    def run(self) -> int:
        from ebpf_otlp_tracer import _engine  # noqa: PLC0415 - --help must not load the engine

        capture = _engine.Capture(self._live.engine.to_json())
        try:
            self._watch(capture)
            self._loop(capture)
        finally:
            last = capture.stop()
        self._write(last)
        return self._finish(capture.summary())

    def _watch(self, capture: Capture) -> None:
        """Name the processes to the kernel, then start the command. Looked up again: attaching took a while."""
        selection = targets.select(self._targets, self._proc)
        for pid in sorted(selection.pids):
            capture.watch_process(pid)
        self._known |= selection.pids
        self._lives = Lives(self._proc, selection.pids)
        for text in selection.waiting:
            self._messages.note(f"{text}; waiting for it")
        if self._command is not None:
            capture.watch_process(self._command.pid)
            self._command.go()
            self._messages.note(f"tracing {self._command.name} (pid {self._command.pid})")
        elif self._targets.everything:
            self._messages.note("tracing every process; Ctrl-C stops")
        else:
            count = len(selection.pids)
            self._messages.note(f"tracing {count} process{'es' if count != 1 else ''}; Ctrl-C stops")

    def _loop(self, capture: Capture) -> None:
        started = time.monotonic()
        end = float("inf") if self._live.duration is None else started + self._live.duration
        next_tick = started + TICK_SECONDS
        while not self._over(now := time.monotonic(), end):
            self._write(capture.poll(max(1, min(POLL_MS, int((end - now) * 1000))) if end != float("inf") else POLL_MS))
            appeared = capture.appeared()
            if self._targets.containers:
                self._add(
                    capture, container.those_of(self._proc, (pid for pid, _ in appeared), self._targets.containers)
                )
            if now >= next_tick:
                next_tick = now + TICK_SECONDS
                if self._targets.containers:
                    self._add(capture, targets.newcomers(self._targets, self._known, self._proc))
                if self._outputs is not None:
                    self._outputs.tick()

    def _add(self, capture: Capture, pids: set[int]) -> None:
        for pid in sorted(pids - self._known):
            capture.watch_process(pid)
        self._known |= pids

    def _over(self, now: float, end: float) -> bool:
        if self._command is not None:
            # A signal was forwarded to the command: its end, which it may handle, belongs to the trace.
            return self._command.ended() or now >= end or self._no_way_out()
        if self._stopping.is_set() or now >= end or self._no_way_out():
            return True
        if self._targets.only_pids() and not self._lives.any_left():
            self._messages.note("all traced processes have ended")
            return True
        return False

    def _no_way_out(self) -> bool:
        return self._outputs is not None and not self._outputs.alive

    def _write(self, batch: SpanBatch) -> None:
        if self._outputs is not None and len(batch):
            self._outputs.write(Spans(batch))

    def _finish(self, engine_summary: str) -> int:
        lines = self._outputs.close() if self._outputs is not None else []
        if self._live.engine.record is not None:
            lines.append(f"events recorded in {self._live.engine.record}")
        _say_summary(self._live.surroundings, engine_summary, lines, self._outputs.lost if self._outputs else {})
        if self._command is not None:
            return _end(self._command)
        return 1 if self._outputs is not None and self._outputs.failures else 0


def run_replay(paths: Sequence[str], options: EngineOptions, surroundings: Surroundings, outputs: Outputs) -> int:
    """Read files to their end. Returns the exit code."""
    from ebpf_otlp_tracer import _engine  # noqa: PLC0415 - --help must not load the engine

    with StopSignals(surroundings.stopping):
        try:
            replay = _engine.Replay(list(paths), options.to_json())
            while outputs.alive and not surroundings.stopping.is_set():
                batch = replay.next(REPLAY_BATCH_SPANS)
                if batch is None:
                    break
                outputs.write(Spans(batch))
            lines = outputs.close()
        finally:
            outputs.close()
    engine_summary = replay.summary()
    for warning in summary.warnings(engine_summary):
        surroundings.messages.warning(warning)
    _say_summary(surroundings, engine_summary, lines, outputs.lost)
    if summary.damaged_files(engine_summary):
        return InputError.exit_code
    return 1 if outputs.failures else 0


def _say_summary(around: Surroundings, engine_summary: str, lines: list[str], lost_outside: dict[str, int]) -> None:
    messages = around.messages
    lost = summary.lost(engine_summary) | lost_outside
    messages.note(summary.text(engine_summary, lines, lost, summary.own_cost()))
    if messages.quiet and lost:
        messages.warning("lost: " + ", ".join(f"{cause} {count:,}" for cause, count in lost.items()))


def _end(command: Command) -> int:
    """Return the command's exit code; one that outlived the capture is asked to end, and that end counts as success."""
    if command.ended():
        return command.wait()
    command.send(signal.SIGTERM)
    until = time.monotonic() + COMMAND_PATIENCE
    while not command.ended():
        if time.monotonic() > until:
            command.send(signal.SIGKILL)
            break
        time.sleep(0.02)
    code = command.wait()
    return 0 if code in (128 + signal.SIGTERM, 128 + signal.SIGKILL) else code
