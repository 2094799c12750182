from __future__ import annotations

import pytest

from ebpf_otlp_tracer import errors, privileges
from ebpf_otlp_tracer.errors import from_engine

COMMAND = "ebpf-otlp-tracer attach --pid 7"


@pytest.mark.parametrize(
    ("kind", "code"),
    [("privilege", 3), ("kernel", 3), ("verifier", 3), ("input", 2), ("usage", 2), ("io", 1), ("?", 1)],
)
def test_each_kind_of_engine_error_has_its_exit_code(kind: str, code: int) -> None:
    error = from_engine(kind, "it failed", "because", command=COMMAND)
    assert error.exit_code == code
    assert "because" in error.text()


def test_the_verifier_is_quoted_with_its_last_lines_only() -> None:
    log = "\n".join(f"line {n}" for n in range(500)) + "\n"
    text = from_engine("verifier", "rejected", log, command=COMMAND).text()
    assert "line 499" in text
    assert "line 488" in text
    assert "line 487" not in text


def test_a_missing_privilege_names_the_exact_remedy() -> None:
    text = from_engine("privilege", "EPERM", "", command=COMMAND).text()
    assert f"sudo {COMMAND}" in text
    assert "+bpf,+perfmon" in text


def test_an_error_says_what_why_and_what_to_do() -> None:
    text = errors.InputError("what", why="why\nmore", next_step="next").text()
    assert text == "error: what\n  why: why\n       more\n  try: next"


def test_every_error_is_drawn_in_the_docstring() -> None:
    def tree(kind: type[errors.TracerError]) -> list[type[errors.TracerError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]

    for kind in tree(errors.TracerError):
        if kind.__module__ == errors.__name__:
            assert f"{kind.__name__} " in (errors.__doc__ or ""), kind


def test_bpf_and_perfmon_or_sys_admin_are_enough() -> None:
    assert privileges.missing_capabilities(1 << 39 | 1 << 38) == []
    assert privileges.missing_capabilities(1 << 21) == []
    assert privileges.missing_capabilities(1 << 39) == ["CAP_PERFMON"]
    assert privileges.missing_capabilities(0) == ["CAP_BPF", "CAP_PERFMON"]
