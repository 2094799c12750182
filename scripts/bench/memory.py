"""Memory of an attach over many connections: nothing is kept of a closed one. The busy attach is in `nginx`."""

from __future__ import annotations

import time
from collections.abc import Iterator

from measure import Row, Settings, say, within
from servers import ab, nginx
from tracer import Tracer

PURPOSE = "resident memory over 100,000 connections that open and close"
FIRST = 20_000
ALL = 100_000
STEP = 20_000
SETTLE_SECONDS = 1.0
FLAT_BYTES = 2 << 20
"""What an allocator may keep; a leak of 26 bytes for each connection is more."""


def run(settings: Settings) -> Iterator[Row]:
    """Attach once, open and close, look at the memory between."""
    resident: dict[int, int] = {}
    with nginx(settings) as port, Tracer(["--port", str(port), "--output", settings.output]) as tracer:
        at_rest = tracer.memory("VmRSS")
        for done in range(STEP, ALL + 1, STEP):
            ab(port, STEP, keep=False)
            time.sleep(SETTLE_SECONDS)
            resident[done] = tracer.memory("VmRSS")
            say(f"  {done:,} connections: {resident[done] / 1e6:.1f} MB")
        peak = tracer.memory("VmHWM")
    grown = resident[ALL] - resident[FIRST]
    spans = tracer.result().spans
    yield Row(
        what=f"memory after {FIRST:,} and after {ALL:,} connections ({spans:,} spans)",
        without=f"{at_rest / 1e6:.1f} MB at rest",
        traced=f"{resident[FIRST] / 1e6:.1f} MB, then {resident[ALL] / 1e6:.1f} MB; at most {peak / 1e6:.1f} MB",
        cost=f"{grown / 1e6:+.1f} MB",
        goal="flat",
        met=within(grown, FLAT_BYTES),
    )
