"""What the user asked for, checked and in one shape: text in, plain values out. Reads no file, touches no kernel."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field

from ebpf_otlp_tracer.errors import UsageError

HOOKS = ("auto", "tp_btf", "tracepoint")
"""Families of hooks; `auto` asks the kernel for the cheapest that works."""

REPLAY_BATCH_SPANS = 2000
"""Spans a replay takes from the engine at once: about 1 MB encoded. Fixed, so that two replays write the same lines."""

_DURATION_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1000, "kib": 1 << 10, "m": 1 << 20, "mb": 1000**2, "mib": 1 << 20}
_SIZE_UNITS |= {"g": 1 << 30, "gb": 1000**3, "gib": 1 << 30}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)")
MAX_DURATION_SECONDS = 366 * 86400.0
"""A longer --duration is a slip of the finger, and timers overflow."""


def parse_duration(text: str) -> float:
    """Seconds of `5`, `5s`, `1.5m`, `250ms`, `1h30m`."""
    compact = text.strip().lower()
    total, at = 0.0, 0
    while at < len(compact):
        match = _QUANTITY.match(compact, at)
        if match is None or match[2] not in _DURATION_UNITS or (match[2] == "" and match.span() != (0, len(compact))):
            raise UsageError(f"{text!r} is no duration", next_step="5, 5s, 1.5m, 250ms or 1h30m")
        total += float(match[1]) * _DURATION_UNITS[match[2]]
        at = match.end()
    if not 0 < total <= MAX_DURATION_SECONDS or math.isnan(total):
        raise UsageError(f"the duration {text!r} is not between 0 and {MAX_DURATION_SECONDS / 86400:.0f} days")
    return total


def parse_size(text: str) -> int:
    """Bytes of `4096`, `64k`, `1MiB`, `2MB`."""
    match = _QUANTITY.fullmatch(text.strip().lower())
    if match is None or match[2] not in _SIZE_UNITS:
        raise UsageError(f"{text!r} is no size", next_step="a number of bytes, or 64k, 1MiB, 2MB")
    return int(float(match[1]) * _SIZE_UNITS[match[2]])


def parse_port(text: str) -> int:
    """Return a TCP port."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) < 65536:
        raise UsageError(f"{text!r} is no port", next_step="a number from 1 to 65535")
    return int(text)


def parse_pid(text: str) -> int:
    """Return a process id."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:11]) < 2**31:
        raise UsageError(f"{text!r} is no process id", next_step="a positive number, as ps shows it")
    return int(text)


@dataclass(frozen=True, slots=True)
class Targets:
    """Which processes to trace, as the user named them."""

    pids: tuple[int, ...] = ()
    ports: tuple[int, ...] = ()
    exes: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    everything: bool = False
    command: tuple[str, ...] = ()

    def only_pids(self) -> bool:
        """Say whether no newcomer can ever match, so that the end of these processes is the end of the capture."""
        return bool(self.pids) and not (self.ports or self.exes or self.containers or self.everything or self.command)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the engine is told; see `_engine.pyi` for the keys."""

    hooks: str = "auto"
    protocols: tuple[str, ...] = ()
    max_payload: int | None = None
    service_name: str | None = None
    targets: Targets = field(default_factory=Targets)
    record: str | None = None
    record_only: bool = False
    ring_bytes: int | None = None

    def to_json(self) -> str:
        """Return the `options_json` of the engine. `max_payload` is left out when the user named none."""
        options: dict[str, object] = {
            "hooks": self.hooks,
            "protocols": list(self.protocols),
            "service_name": self.service_name,
            "all": self.targets.everything,
            "ports": list(self.targets.ports),
            "exe": list(self.targets.exes),
            "record": self.record,
            "record_only": self.record_only,
            "ring_bytes": self.ring_bytes,
        }
        if self.max_payload is not None:
            options["max_payload"] = self.max_payload
        return json.dumps(options)
