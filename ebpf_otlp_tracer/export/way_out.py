"""THE interface: what every way out for spans is, and what it may know.

Contract: `write` takes a batch and must not wait for a network; a way out that fails raises `OutputError`, is closed,
and never stops the others. `close` is called once, also after a failure, and says what got out and what did not.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.messages import Messages


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a way out may know of the run it belongs to."""

    messages: Messages
    environment: Mapping[str, str]
    live: bool
    """False for a replay: nothing is lost by waiting, output must not depend on the clock."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the user wants to stop: whoever waits for something gives up waiting."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What a way out has to say when it ends."""

    lines: list[str] = field(default_factory=list)
    """For the summary."""
    lost: dict[str, int] = field(default_factory=dict)
    """Spans that did not get out here, by cause; zeros are left out of the summary."""


class WayOut(Protocol):
    """One place where spans go."""

    name: str
    """What messages call it."""

    def write(self, spans: Spans) -> None:
        """Take a batch (never empty). Raises `OutputError`."""

    def tick(self) -> None:
        """About once a second in a live capture: a chance to flush. Raises `OutputError`."""

    def close(self) -> Closed:
        """Flush and end. Raises `OutputError`."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One way out, as the registry lists it."""

    name: str
    add_options: Callable[[argparse._ArgumentGroup], None]
    open: Callable[[argparse.Namespace, Surroundings], Sequence[WayOut]]
    """Open what the options ask for, usually nothing, before anything is attached. `UsageError` or `InputError`."""
    uses_stdout: Callable[[argparse.Namespace], int]
    """How many times these options claim stdout: only one way out can have it."""
