"""The parsers alone: the measurements that stand beside them as ignored tests, built with optimisation."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from measure import ROOT, Row, Settings, say

PURPOSE = "each protocol's parser alone: exchanges a second"
# A measurement prints lines with a duration of one exchange, or exchanges a second.
_EACH = re.compile(r"^(?P<what>.*?pair.*?): (?P<time>[\d.]+)(?P<unit>ns|µs)")
_RATE = re.compile(r"^(?P<rate>\d+) commands with replies/s")
_UNITS = {"ns": 1.0, "µs": 1000.0}


def run(settings: Settings) -> Iterator[Row]:
    """Run the ignored tests whose names say that they measure."""
    del settings
    for protocol in ("http1", "redis"):
        yield from _measured(protocol)


def _measured(protocol: str) -> Iterator[Row]:
    cargo = ["cargo", "test", "--quiet", "--release", "-j1", "-p", "protocol_parsers", "--lib", "--"]
    done = subprocess.run(
        [*cargo, "--ignored", "--nocapture", "--test-threads=1", f"{protocol}::"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"bench: cargo failed: {done.stderr[-2000:]}")
    for line in done.stderr.splitlines():
        if found := _EACH.match(line):
            rate = 1e9 / (float(found["time"]) * _UNITS[found["unit"]])
            yield _row(f"{protocol}: {found['what']}", rate)
        elif found := _RATE.match(line):
            yield _row(f"{protocol}: small commands and their replies", float(found["rate"]))


def _row(what: str, rate: float) -> Row:
    say(f"  {what}: {rate:,.0f}/s")
    return Row(what=what, without="", traced=f"{rate:,.0f} exchanges/s", cost=f"{1e9 / rate:,.0f} ns each")
