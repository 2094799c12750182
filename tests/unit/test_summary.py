from __future__ import annotations

import json

from ebpf_otlp_tracer import summary
from ebpf_otlp_tracer.summary import OwnCost

FACTS = {
    "spans": {"redis": 5, "http1": 1500, "mysql": 0},
    "events": 6000,
    "bytes_copied": 3 << 20,
    "connections": 12,
    "lost": {"ring_full": 3, "fault": 0},
    "hooks": "tp_btf",
    "duration_ns": 2_000_000_000,
}


def test_the_summary_names_rates_losses_and_the_tracers_own_cost() -> None:
    lost = summary.lost(json.dumps(FACTS))
    assert lost == {"ring_full": 3}
    assert summary.text(json.dumps(FACTS), ["1,505 spans in x"], lost, OwnCost(0.5, 40 << 20)).splitlines() == [
        "1,505 spans in 2.0 s, 752.5 exchanges/s, hooks tp_btf",
        "  by protocol: http1 1,500, redis 5",
        "  12 connections, 6,000 events, 3.0 MiB copied",
        "  1,505 spans in x",
        "  lost: ring_full 3",
        "  the tracer used 0.50 s CPU (25.0 % of one core) and 40.0 MiB memory",
    ]


def test_a_capture_of_nothing_has_a_summary_too() -> None:
    text = summary.text("{}", [], {}, OwnCost(0.1, 1024))
    assert "0 spans in 0.0 s" in text
    assert "nothing lost" in text


def test_our_own_cost_is_what_the_kernel_says() -> None:
    cost = summary.own_cost()
    assert cost.cpu_seconds > 0
    assert 5 << 20 < cost.peak_bytes < 1 << 32


def test_what_only_records_says_what_it_recorded_and_no_zeros() -> None:
    facts = {"events": 80305, "bytes_copied": 2048, "hooks": "tp_btf"}
    lines = summary.text(json.dumps(facts), ["events recorded in x"], {}, OwnCost(0.1, 1024)).splitlines()
    assert lines[:3] == ["80,305 events, hooks tp_btf", "  2.0 KiB copied", "  events recorded in x"]


def test_bytes_that_no_program_buffer_held_are_told_and_are_no_loss() -> None:
    facts = json.dumps(FACTS | {"lost": {"kernel.bytes_not_in_user_memory": 2048}, "bytes_moved": 4 << 20})
    assert summary.lost(facts) == {}
    text = summary.text(facts, [], summary.lost(facts), OwnCost(0.1, 1024))
    assert "3.0 MiB of 4.0 MiB copied" in text
    assert "lengths only: 2.0 KiB moved by sendfile, splice or io_uring" in text
    assert "nothing lost" in text
