"""A saturated nginx, and one at a fixed rate: the load, the server and the tracer share the cores."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from measure import Row, Settings, gained_shares, lost_shares, pairs, spread, within
from servers import HTTP_REQUEST, Latencies, fixed_rate, nginx, wrk
from tracer import Outcome, Tracer, lost_text

PURPOSE = "nginx `return 200`, one worker: throughput, latency, and what the tracer uses"
RATE = 5000


@dataclass(frozen=True)
class _Phase:
    requests: int
    per_second: float
    outcome: Outcome | None = None


def run(settings: Settings) -> Iterator[Row]:
    """Measure throughput first, then latency."""
    with nginx(settings) as port:
        yield from _saturated(settings, port)
        yield _latency(settings, port)


def _saturated(settings: Settings, port: int) -> Iterator[Row]:
    def without() -> _Phase:
        load = wrk(port, settings.seconds)
        return _Phase(load.requests, load.per_second)

    def traced() -> _Phase:
        with Tracer(["--port", str(port), "--output", settings.output]) as tracer:
            load = wrk(port, settings.seconds)
        return _Phase(load.requests, load.per_second, tracer.result())

    wrk(port, 1)
    off, on = pairs(settings.pairs, without, traced, lambda phase: f"{phase.per_second:,.0f}/s")
    rates, traced_rates = [phase.per_second for phase in off], [phase.per_second for phase in on]
    shares = lost_shares(rates, traced_rates)
    yield Row(
        what="nginx, 1 worker, saturated by wrk (1 thread, 32 connections)",
        without=f"{statistics.median(rates):,.0f} requests/s",
        traced=f"{statistics.median(traced_rates):,.0f} requests/s",
        cost=f"{spread(shares, unit=' %')} lost",
        goal="<= 12 %",
        met=within(statistics.median(shares), 12),
    )
    yield from _what_the_tracer_did(on)


def _what_the_tracer_did(phases: list[_Phase]) -> Iterator[Row]:
    done = [(phase.requests, phase.outcome) for phase in phases if phase.outcome is not None]
    requests, outcomes = sum(count for count, _ in done), [outcome for _, outcome in done]
    spans = sum(outcome.spans for outcome in outcomes)
    # wrk does not count what was in flight when it stopped: at most one request for each connection.
    slack = 32 * len(done)
    yield Row(
        what="... requests seen",
        without=f"{requests:,} counted by wrk",
        traced=f"{spans:,} spans",
        cost=f"{100 * spans / requests:.2f} %, {lost_text(outcomes)}",
        goal="100 %",
        met=requests <= spans <= requests + slack,
    )
    user = [1e6 * outcome.user_seconds / outcome.spans for outcome in outcomes]
    system = [1e6 * outcome.system_seconds / outcome.spans for outcome in outcomes]
    yield Row(
        what="... CPU of the tracer for each request",
        without="",
        traced=f"user {spread(user, unit=' us')}",
        cost=f"system {spread(system, unit=' us')}",
        goal="user <= 2.5 us",
        met=within(statistics.median(user), 2.5),
    )
    peak = max(outcome.peak_bytes for outcome in outcomes) / 1e6
    yield Row(
        what="... memory of the tracer (VmHWM, largest of all runs)",
        without="",
        traced=f"{peak:.1f} MB",
        cost="",
        goal="<= 60 MB",
        met=within(peak, 60),
    )


def _latency(settings: Settings, port: int) -> Row:
    def without() -> Latencies:
        return fixed_rate(settings, port, RATE, settings.seconds, HTTP_REQUEST)

    def traced() -> Latencies:
        with Tracer(["--port", str(port), "--output", settings.output]):
            return without()

    off, on = pairs(settings.pairs, without, traced, lambda seen: f"p50 {seen.p50:.0f} us p99 {seen.p99:.0f} us")
    p99, traced_p99 = [seen.p99 for seen in off], [seen.p99 for seen in on]
    p50, traced_p50 = [seen.p50 for seen in off], [seen.p50 for seen in on]
    change = gained_shares(p99, traced_p99)
    return Row(
        what=f"nginx at {RATE:,} requests/s (open loop, 32 connections), p99 latency",
        without=f"{statistics.median(p99):,.0f} us (p50 {statistics.median(p50):,.0f})",
        traced=f"{statistics.median(traced_p99):,.0f} us (p50 {statistics.median(traced_p50):,.0f})",
        cost=f"{spread(change, unit=' %')} more",
        goal="<= 5 %",
        met=within(statistics.median(change), 5),
    )
