from __future__ import annotations

import json

import pytest

from ebpf_otlp_tracer.config import EngineOptions, Targets, parse_duration, parse_pid, parse_port, parse_size
from ebpf_otlp_tracer.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), ("5s", 5), ("1m", 60), ("250ms", 0.25), ("1.5m", 90), ("1h30m", 5400), (" 2 S ", 2), ("0.5", 0.5)],
)
def test_a_duration_is_read_with_and_without_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-5", "0", "5x", "5 5", "1m30", "nan", "inf", "1e9", "9999d", "\u0665"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("4096", 4096), ("64k", 65536), ("1MiB", 1 << 20), ("2MB", 2000000)]
)
def test_a_size_is_read_with_and_without_units(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "k", "-1", "5q", "1 2"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "99999999999999999999", "\u0668"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_port(text)


def test_a_pid_is_any_positive_number() -> None:
    assert parse_pid("4242424") == 4242424
    for text in ("0", "-3", "x", "99999999999"):
        with pytest.raises(UsageError):
            parse_pid(text)


def test_the_engine_gets_every_key_and_its_own_default_for_the_payload() -> None:
    targets = Targets(ports=(80,), exes=("nginx*",), everything=True)
    options = json.loads(EngineOptions(protocols=("redis",), targets=targets, record="f", ring_bytes=1024).to_json())
    assert options == {
        "hooks": "auto", "protocols": ["redis"], "service_name": None, "all": True, "ports": [80], "exe": ["nginx*"],
        "record": "f", "record_only": False, "ring_bytes": 1024,
    }  # fmt: skip
    assert json.loads(EngineOptions(max_payload=7).to_json())["max_payload"] == 7


def test_only_named_pids_end_a_capture_by_ending() -> None:
    assert Targets(pids=(1,)).only_pids()
    assert not Targets(pids=(1,), ports=(80,)).only_pids()
    assert not Targets(ports=(80,)).only_pids()
