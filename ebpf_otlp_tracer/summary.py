"""What a run was, in a few lines for people. Pure: the engine's JSON in, text out."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnCost:
    """What the tracer itself used."""

    cpu_seconds: float
    peak_bytes: int


def own_cost() -> OwnCost:
    """CPU and peak memory of this process, without the command it may have started."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = usage.ru_maxrss * 1024
    try:
        # ru_maxrss survives exec: started by something larger, it shows that one's peak. VmHWM does not.
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            peak = next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")), peak)
    except OSError:
        pass
    return OwnCost(usage.ru_utime + usage.ru_stime, peak)


_LENGTHS_ONLY = "kernel.bytes_not_in_user_memory"
"""What sendfile, splice and io_uring move is in no buffer of the program. If a parser wanted to read it, the engine
counts that as a loss of its own; a file that nobody reads is none."""


def lost(engine_summary: str) -> dict[str, int]:
    """Return what the engine lost, by cause; only what is not zero."""
    causes = json.loads(engine_summary).get("lost", {})
    return {str(cause): int(count) for cause, count in causes.items() if count and cause != _LENGTHS_ONLY}


def warnings(engine_summary: str) -> list[str]:
    """Return what a replay found odd in its files."""
    return [str(text) for text in json.loads(engine_summary).get("warnings", [])]


def damaged_files(engine_summary: str) -> int:
    """Return how many files of a replay were cut off or damaged; what came before was read."""
    return int(json.loads(engine_summary).get("damaged_files", 0))


def text(engine_summary: str, lines_of_ways_out: Sequence[str], losses: Mapping[str, int], cost: OwnCost) -> str:
    """Return the lines for stderr. `losses` are all there were, the engine's and those of the ways out."""
    facts = json.loads(engine_summary)
    spans: dict[str, int] = {name: count for name, count in facts.get("spans", {}).items() if count}
    total = sum(spans.values())
    seconds = facts.get("duration_ns", 0) / 1e9
    rate = f", {total / seconds:,.1f} exchanges/s" if seconds > 0 else ""
    hooks = f", hooks {facts['hooks']}" if facts.get("hooks") else ""
    by_protocol = ", ".join(f"{name} {count:,}" for name, count in sorted(spans.items(), key=lambda item: -item[1]))
    events = f"{facts.get('events', 0):,} events"
    copied = _copied(facts.get("bytes_copied", 0), facts.get("bytes_moved", 0))
    # What only records builds no spans and knows no connections: zeros would look like a failure.
    only_recorded = not total and not seconds and facts.get("events", 0) > 0
    lines = [
        f"{events}{hooks}" if only_recorded else f"{total:,} spans in {seconds:.1f} s{rate}{hooks}",
        *([f"  by protocol: {by_protocol}"] if spans else []),
        f"  {copied}" if only_recorded else f"  {facts.get('connections', 0):,} connections, {events}, {copied}",
        *(f"  {line}" for line in lines_of_ways_out),
    ]
    if lengths_only := facts.get("lost", {}).get(_LENGTHS_ONLY):
        lines.append(f"  lengths only: {_bytes(lengths_only)} moved by sendfile, splice or io_uring")
    if losses:
        lines.append("  lost: " + ", ".join(f"{cause} {count:,}" for cause, count in losses.items()))
    else:
        lines.append("  nothing lost")
    # Starting up costs about 0.1 s: against less than a second it would say nothing about tracing.
    share = f" ({100 * cost.cpu_seconds / seconds:.1f} % of one core)" if seconds >= 1 else ""
    lines.append(f"  the tracer used {cost.cpu_seconds:.2f} s CPU{share} and {_bytes(cost.peak_bytes)} memory")
    return "\n".join(lines)


def _copied(copied: int, moved: int) -> str:
    """Bytes that nobody reads (bodies, unknown protocols) are not copied."""
    return f"{_bytes(copied)} of {_bytes(moved)} copied" if moved > copied else f"{_bytes(copied)} copied"


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
