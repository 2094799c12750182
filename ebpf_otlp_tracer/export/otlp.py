"""--otlp-endpoint and OTEL_EXPORTER_OTLP_*: spans to a collector, in the background.

The capture never waits for the network: `write` puts a request into the backlog, a thread sends what waits there. A
collector that is away is retried for as long as the capture lasts (one warning, one line when it is back). What
found no room, what the collector refused and what was left at the end is counted and said. A replay has time: its
`write` waits for room instead of dropping.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ebpf_otlp_tracer.config import parse_duration, parse_size
from ebpf_otlp_tracer.errors import InputError, OutputError
from ebpf_otlp_tracer.export import otlp_settings
from ebpf_otlp_tracer.export.backlog import MEMORY_BYTES, Backlog
from ebpf_otlp_tracer.export.otlp_transport import Answer, Outcome, Transport, connect
from ebpf_otlp_tracer.export.otlp_wire import count_spans, halves
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.spool import Parcel, Spool
from ebpf_otlp_tracer.export.way_out import Closed, Definition, Surroundings, WayOut

FIRST_DELAY, LONGEST_DELAY, DELAY_FACTOR = 0.25, 5.0, 2.0
"""Backoff in seconds. The longest is short for a backoff: people wait for "it is back", and one tracer is no herd."""
LONGEST_ASKED_DELAY = 120.0
"""A collector that asks for a longer pause (a date next year) is asked again after this."""
FLUSH_SECONDS = 10.0
SPOOL_BYTES = 256 << 20
REPLAY_PATIENCE = 60.0
"""A replay gives up on a collector that took nothing for this long."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait, where, and how long the end may take."""

    memory_bytes: int = MEMORY_BYTES
    spool_bytes: int = SPOOL_BYTES
    spool_directory: str | None = None
    flush_seconds: float = FLUSH_SECONDS
    replay_patience: float = REPLAY_PATIENCE


@dataclass(slots=True)
class Tally:
    """What became of the spans. Written by the sending thread only."""

    delivered: int = 0
    rejected: int = 0
    refused: int = 0
    unsent: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def lost(self, words: str, spans: int) -> bool:
        """Note why; True the first time for these words."""
        first = words not in self.reasons
        if first and len(self.reasons) >= 8:  # a collector that puts an id into each message
            words, first = "other reasons", False
        self.reasons[words] = self.reasons.get(words, 0) + spans
        return first


class OtlpExporter:
    """One collector."""

    def __init__(self, transport: Transport, title: str, timeout: float, limits: Limits, around: Surroundings) -> None:
        self.name = title
        self.tally = Tally()
        self._transport = transport
        self._timeout = timeout
        self._limits = limits
        self._around = around
        self._backlog = Backlog(Spool(limits.spool_bytes, limits.spool_directory), limits.memory_bytes)
        self._deadline: float | None = None
        self._wake = threading.Event()
        self._away_since: float | None = None
        self._drop_warned = False
        self._in_flight = 0
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()

    def write(self, spans: Spans) -> None:
        """Put a batch into the backlog."""
        parcel = Parcel(spans.protobuf, len(spans))
        if self._around.live:
            stored = self._backlog.put(parcel)
        else:
            stored = self._put_patiently(parcel)
        if not stored and not self._drop_warned:
            self._drop_warned = True
            full = "the queue and the spool are full" if self._around.live else "the collector does not take them"
            why = self._backlog.spool_failure or full
            self._around.messages.warning(f"{self.name}: spans are dropped and counted: {why}")

    def tick(self) -> None:
        """The thread has its own clock."""

    def close(self) -> Closed:
        """Send what waits, for a bounded time; then say what became of everything."""
        waiting = self._backlog.spans
        if waiting and self._away_since is not None:
            self._around.messages.note(
                f"{waiting:,} spans wait for {self.name}: trying for {self._limits.flush_seconds:g} s more"
            )
        self._deadline = time.monotonic() + self._limits.flush_seconds
        self._backlog.close()
        self._wake.set()
        self._thread.join(self._limits.flush_seconds + 1)
        left = self._backlog.spans
        self._backlog.discard()
        if self._thread.is_alive():  # in a call that outlived its own timeout
            left += self._in_flight
        else:
            self._transport.close()
        return self._account(left)

    def _account(self, left: int) -> Closed:
        tally, dropped = self.tally, self._backlog.dropped
        lines = [f"{tally.delivered:,} spans delivered to {self.name}"]
        if self._backlog.spooled:
            lines[0] += f" ({self._backlog.spooled:,} waited on disk)"
        causes = {
            "not delivered before the end": left + tally.unsent,
            "dropped because the queue and the spool were full": dropped,
            "refused by the collector": tally.refused,
            "rejected by the collector (partial success)": tally.rejected,
        }
        lost = {f"spans {what}": count for what, count in causes.items() if count}
        said = [f"{count:,} {what}" for what, count in lost.items()]
        said += [f"  {count:,}: {words}" for words, count in tally.reasons.items()]
        if lost:
            if not self._around.live:
                raise OutputError(f"not all spans reached {self.name}", why="\n".join(lines + said))
            self._around.messages.warning(f"{self.name}: " + "\n  ".join(said))
        return Closed(lines, lost)

    def _put_patiently(self, parcel: Parcel) -> bool:
        while not self._backlog.put_if_room(parcel, 0.25):
            away = self._away_since
            if self._around.stopping.is_set() or (
                away is not None and time.monotonic() - away > self._limits.replay_patience
            ):
                self._backlog.dropped += parcel.spans
                return False
        return True

    # From here on: the sending thread.

    def _run(self) -> None:
        while not self._too_late():
            parcel = self._backlog.take()
            if parcel is None:
                return
            self._deliver(parcel)
            self._in_flight = 0

    def _deliver(self, parcel: Parcel) -> None:
        pending = [parcel]
        delay = FIRST_DELAY
        while pending:
            remaining = self._remaining()
            if remaining <= 0:
                self.tally.unsent += sum(part.spans for part in pending)
                return
            part = pending.pop()
            self._in_flight = part.spans + sum(other.spans for other in pending)
            answer = self._transport.send(part.data, min(self._timeout, remaining))
            if answer.outcome is Outcome.RETRY:
                pending.append(part)
                self._note_away(answer)
                self._pause(answer, delay)
                delay = min(delay * DELAY_FACTOR, LONGEST_DELAY)
                continue
            delay = FIRST_DELAY
            self._note_back()
            if answer.outcome is Outcome.TOO_LARGE:
                pending += self._cut(part, answer)
            else:
                self._count(part, answer)

    def _cut(self, part: Parcel, answer: Answer) -> list[Parcel]:
        """Cut what the collector finds too large, the first half to be sent first. One span too large is refused."""
        cut = halves(part.data)
        if cut is None:
            self._count(part, answer)
            return []
        first = min(count_spans(cut[0]), part.spans)
        return [Parcel(cut[1], part.spans - first), Parcel(cut[0], first)]

    def _count(self, part: Parcel, answer: Answer) -> None:
        if answer.outcome is Outcome.DELIVERED:
            rejected = min(answer.rejected, part.spans)
            self.tally.delivered += part.spans - rejected
            self.tally.rejected += rejected
            if (rejected or answer.words) and self.tally.lost(answer.words or "no reason given", rejected):
                self._around.messages.warning(f"{self.name} rejects spans: {answer.words or 'no reason given'}")
            return
        self.tally.refused += part.spans
        if self.tally.lost(answer.words, part.spans):
            self._around.messages.warning(f"{self.name} refuses spans: {answer.words}")

    def _note_away(self, answer: Answer) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
            self._around.messages.warning(f"{self.name} does not take spans; they wait: {answer.words}")

    def _note_back(self) -> None:
        if self._away_since is not None:
            away = time.monotonic() - self._away_since
            self._away_since = None
            self._around.messages.note(f"{self.name} takes spans again after {away:.0f} s")

    def _pause(self, answer: Answer, delay: float) -> None:
        if answer.delay is not None:
            seconds = max(min(answer.delay, LONGEST_ASKED_DELAY), 0.05)
        else:
            seconds = delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        # `close` sets the event once: the wait it cut short is over, later ones (while flushing) are whole again.
        self._wake.wait(min(seconds, max(self._remaining(), 0)))
        self._wake.clear()

    def _remaining(self) -> float:
        return float("inf") if self._deadline is None else self._deadline - time.monotonic()

    def _too_late(self) -> bool:
        return self._remaining() <= 0


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--otlp-endpoint",
        metavar="URL",
        help="an OpenTelemetry collector: http://HOST:4317 is gRPC, http://HOST:4318 HTTP/protobuf; "
        "all OTEL_EXPORTER_OTLP_* variables are honoured",
    )
    group.add_argument(
        "--spool-size", metavar="SIZE", default=SPOOL_BYTES, type=parse_size,
        help="disk space for spans that wait for the collector; 0 for none (default 256MiB)",
    )  # fmt: skip
    group.add_argument("--spool-dir", metavar="DIR", help="where they wait (default TMPDIR, else /var/tmp)")
    group.add_argument(
        "--flush-timeout", metavar="TIME", default=FLUSH_SECONDS, type=parse_duration,
        help="how long the end may take to deliver what waits (default 10s)",
    )  # fmt: skip


def _open(options: argparse.Namespace, surroundings: Surroundings) -> Sequence[WayOut]:
    environment = surroundings.environment
    if not otlp_settings.wanted(options.otlp_endpoint, environment):
        return []
    settings = otlp_settings.read(options.otlp_endpoint, environment)
    limits = Limits(
        spool_bytes=options.spool_size,
        spool_directory=_spool_directory(options.spool_dir, environment.get("TMPDIR")),
        flush_seconds=options.flush_timeout,
    )
    return [OtlpExporter(connect(settings), settings.title, settings.timeout, limits, surroundings)]


def _spool_directory(named: str | None, temporary: str | None) -> str:
    if named is not None:
        if not os.path.isdir(named) or not os.access(named, os.W_OK | os.X_OK):
            raise InputError(f"cannot spool to {named}", why="it is no folder, or not writable")
        return named
    # /tmp is often memory; /var/tmp is a disk by convention.
    for candidate in (temporary, "/var/tmp"):  # noqa: S108 - mkdtemp makes the private folder inside
        if candidate and os.path.isdir(candidate) and os.access(candidate, os.W_OK | os.X_OK):
            return candidate
    return tempfile.gettempdir()


DEFINITION = Definition("otlp", _add_options, _open, uses_stdout=lambda _: 0)
