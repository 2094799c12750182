"""Redis under redis-benchmark: every command is to be seen, and the price is measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from measure import Row, Settings, lost_shares, pairs, say, spread
from servers import REDIS_REQUEST, fixed_rate, redis, redis_benchmark
from tracer import Outcome, Tracer, lost_text

PURPOSE = "redis under redis-benchmark: events lost, throughput with pipelining"
RATE = 50_000
RATE_SECONDS = 10
CONFIG_COMMANDS = 2
"""What redis-benchmark asks before it begins: CONFIG GET save, CONFIG GET appendonly."""


@dataclass(frozen=True)
class _Phase:
    requests: int
    per_second: float
    outcome: Outcome | None = None


def run(settings: Settings) -> Iterator[Row]:
    """Measure with and without pipelining, then at the fixed rate."""
    with redis(settings) as port:
        for pipeline in (1, 16):
            yield from _benchmark(settings, port, pipeline)
        yield _fixed(settings, port)


def _benchmark(settings: Settings, port: int, pipeline: int) -> Iterator[Row]:
    # About settings.seconds of load: from what it does untraced.
    per_second = redis_benchmark(port, 50_000 * pipeline, pipeline=pipeline)[0]
    requests = int(per_second * settings.seconds)

    def without() -> _Phase:
        return _Phase(requests, redis_benchmark(port, requests, pipeline=pipeline)[0])

    def traced() -> _Phase:
        with Tracer(["--port", str(port), "--output", settings.output]) as tracer:
            rate = redis_benchmark(port, requests, pipeline=pipeline)[0]
        return _Phase(requests, rate, tracer.result())

    off, on = pairs(settings.pairs, without, traced, lambda phase: f"{phase.per_second:,.0f}/s")
    rates, traced_rates = [phase.per_second for phase in off], [phase.per_second for phase in on]
    outcomes = [phase.outcome for phase in on if phase.outcome is not None]
    yield Row(
        what=f"redis-benchmark -P {pipeline} -c 50 -t get",
        without=f"{statistics.median(rates):,.0f} requests/s",
        traced=f"{statistics.median(traced_rates):,.0f} requests/s",
        cost=f"{spread(lost_shares(rates, traced_rates), unit=' %')} lost",
    )
    spans, wanted = sum(outcome.spans for outcome in outcomes), len(outcomes) * (requests + CONFIG_COMMANDS)
    user = [1e6 * outcome.user_seconds / outcome.spans for outcome in outcomes]
    yield Row(
        what="... commands seen",
        without=f"{wanted:,} sent",
        traced=f"{spans:,} spans; user CPU {spread(user, unit=' us')} each",
        cost=f"{100 * spans / wanted:.3f} %, {lost_text(outcomes)}; "
        f"{max(outcome.peak_bytes for outcome in outcomes) / 1e6:.1f} MB",
        goal="100 %",
        met=spans == wanted,
    )


def _fixed(settings: Settings, port: int) -> Row:
    with Tracer(["--port", str(port), "--output", settings.output]) as tracer:
        seen = fixed_rate(settings, port, RATE, RATE_SECONDS, REDIS_REQUEST)
    outcome = tracer.result()
    reached = (seen.answered - 32) / max(RATE_SECONDS, RATE_SECONDS + seen.maximum / 1e6)
    say(f"  at {RATE:,}/s: p99 {seen.p99:.0f} us, {outcome.spans:,} of {seen.answered:,}; {lost_text([outcome])}")
    return Row(
        what=f"redis at {RATE:,} requests/s for {RATE_SECONDS} s (reached: {reached:,.0f}/s)",
        without=f"{seen.answered:,} sent",
        traced=f"{outcome.spans:,} spans",
        cost=f"{lost_text([outcome])}; user CPU {1e6 * outcome.user_seconds / outcome.spans:.2f} us each",
        goal="no event lost",
        met=outcome.events_lost == 0 and outcome.spans == seen.answered,
    )
