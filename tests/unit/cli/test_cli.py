"""The commands as people run them: in this process where possible, as a program where signals and exit codes count."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_engine
import pytest

from ebpf_otlp_tracer import cli, export, privileges
from ebpf_otlp_tracer.cli import main

Engine = type[fake_engine.Script]
PROGRAM = [sys.executable, str(Path(fake_engine.__file__))]
ROOT = str(Path(fake_engine.__file__).parents[2])


@pytest.fixture(autouse=True)
def privileged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges, "require", lambda _: None)
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def start(*arguments: str, batches: str = "[3, 2]", **variables: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": ROOT, "FAKE_BATCHES": batches} | variables
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def run(*arguments: str, batches: str = "[3, 2]", **variables: str) -> tuple[int, str, str]:
    program = start(*arguments, batches=batches, **variables)
    stdout, stderr = program.communicate(timeout=30)
    return program.returncode, stdout, stderr


needs_privileges = pytest.mark.skipif(
    bool(privileges.missing_capabilities(int(next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")
    ).split()[1], 16))),
    reason="starts attach as a program, which asks for CAP_BPF and CAP_PERFMON",
)  # fmt: skip


def test_no_target_exits_with_2_and_lists_the_choices(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attach"]) == 2
    said = capsys.readouterr()
    assert "--container ID" in said.err
    assert said.out == ""
    assert engine.options == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no command"),
        (["attatch"], "invalid choice"),
        (["attach", "--pid", "x"], "no process id"),
        (["attach", "--pid", "2147483646"], "no process 2147483646; is it in another pid namespace?"),
        (["attach", "--port", "0"], "no port"),
        (["attach", "--pid", "1", "--bogus"], "--bogus"),
        (["attach", "--pid", "1", "--duration", "x"], "no duration"),
        (["attach", "--"], "no command follows --"),
        (["attach", "--", "no-such-command-here"], "no such executable"),
        (["attach", "--all", "--json", "--output", "-"], "more than one way out wants stdout"),
        (["attach", "--all", "--output", "/no/such/folder/x"], "cannot write /no/such/folder/x"),
        (["attach", "--all", "--otlp-endpoint", "nonsense"], "OTLP endpoint"),
        (["record", "--all"], "--output"),
        (["record", "--all", "-o", "/no/such/folder/x"], "cannot write"),
        (["replay"], "no file"),
        (["replay", "/no/such/file"], "cannot read /no/such/file"),
    ],
)
def test_what_makes_no_sense_exits_with_2_before_anything_is_attached(
    engine: Engine, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert engine.options == {}


@pytest.mark.parametrize(("kind", "code"), [("privilege", 3), ("verifier", 3), ("kernel", 3), ("input", 2), ("io", 1)])
def test_an_engine_error_becomes_text_and_an_exit_code(
    engine: Engine, capsys: pytest.CaptureFixture[str], kind: str, code: int
) -> None:
    engine.fail = fake_engine.EngineError(kind, "it did not work", "the log")
    assert main(["attach", "--all"]) == code
    said = capsys.readouterr().err
    assert "the log" in said
    assert "Traceback" not in said


def test_the_debug_variable_brings_the_stack_trace(
    engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EBPF_OTLP_TRACER_DEBUG", "1")
    engine.fail = fake_engine.EngineError("io", "it did not work")
    assert main(["attach", "--all"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_bug_is_one_sentence(
    engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_engine, "Capture", lambda _: 1 / 0)
    assert main(["attach", "--all"]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said


def test_a_missing_engine_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ebpf_otlp_tracer._engine", None)
    assert main(["attach", "--all", "--duration", "1ms"]) == 1
    assert "the engine cannot be loaded" in capsys.readouterr().err


def test_missing_capabilities_exit_with_3_and_the_command_to_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(privileges, "missing_capabilities", lambda _: ["CAP_BPF"])
    monkeypatch.setattr(sys, "argv", ["x", "attach", "--all"])
    assert main(["attach", "--all"]) == 3
    assert "sudo ebpf-otlp-tracer attach --all" in capsys.readouterr().err


def test_the_engine_is_told_what_was_asked(engine: Engine, tmp_path: Path) -> None:
    recording = str(tmp_path / "r")
    arguments = ["--port", "18999", "--exe", "no-such-exe*", "--protocol", "redis", "--max-payload", "4k"]
    arguments += ["--service-name", "shop", "--hooks", "tracepoint", "--record", recording, "--ring-size", "8MiB"]
    assert main(["attach", *arguments, "--duration", "10ms", "-o", str(tmp_path / "o")]) == 0
    assert engine.options == {
        "hooks": "tracepoint", "protocols": ["redis"], "max_payload": 4096, "service_name": "shop", "all": False,
        "ports": [18999], "exe": ["no-such-exe*"], "record": recording, "record_only": False, "ring_bytes": 8 << 20,
    }  # fmt: skip
    assert engine.stopped == 1


def test_the_terminal_is_the_default_and_the_summary_goes_to_stderr(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.lost = {"ring_full": 12}
    assert main(["attach", "--all", "--duration", "50ms"]) == 0
    said = capfd.readouterr()
    assert said.out.count("GET /orders") == 6 + 6  # a line each, and again in the trees
    assert "slowest 3 of 3 traces" in said.out
    assert "6 spans in" in said.err
    assert "by protocol: http1 6" in said.err
    assert "lost: ring_full 12" in said.err
    assert "redis" not in said.err
    assert "CPU" in said.err


def test_quiet_says_only_what_was_lost(engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["attach", "--all", "--duration", "10ms", "--json", "--quiet"]) == 0
    assert capfd.readouterr().err == ""
    engine.lost = {"ring_full": 12}
    assert main(["attach", "--all", "--duration", "10ms", "--json", "--quiet"]) == 0
    assert capfd.readouterr().err == "warning: lost: ring_full 12\n"


@pytest.mark.parametrize("option", [["--json"], ["--output", "-"]])
def test_json_lines_on_stdout_are_all_there_is(
    engine: Engine, capfd: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert main(["attach", "--all", "--duration", "50ms", *option]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [list(json.loads(line)) for line in lines] == [["resourceSpans"]] * 3


def test_several_ways_out_get_the_same_spans_and_one_that_fails_stops_none(
    engine: Engine, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    outputs = ["-o", str(one), "-o", "/dev/full", "-o", str(two), "--json"]
    assert main(["attach", "--all", "--duration", "50ms", *outputs]) == 1
    said = capfd.readouterr()
    assert "writing /dev/full failed" in said.err
    assert "No space left" in said.err
    assert one.read_bytes() == two.read_bytes() == said.out.encode()
    assert len(one.read_bytes().splitlines()) == 3


def test_a_capture_whose_only_way_out_failed_stops_with_1(engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    assert main(["attach", "--all", "--duration", "20s", "-o", "/dev/full"]) == 1
    assert time.monotonic() - started < 5
    assert engine.stopped == 1


def test_an_engine_that_fails_while_it_runs_still_leaves_complete_files(engine: Engine, tmp_path: Path) -> None:
    engine.fail_poll = fake_engine.EngineError("io", "the ring is gone")
    out = tmp_path / "o.jsonl.gz"
    assert main(["attach", "--all", "-o", str(out)]) == 1
    assert engine.stopped == 1
    import gzip

    assert gzip.decompress(out.read_bytes()) == b""


def test_record_writes_no_spans_and_says_where_the_events_are(
    engine: Engine, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "r.rec")
    assert main(["record", "--all", "-o", path, "--duration", "10ms"]) == 0
    assert engine.options["record"] == path
    assert engine.options["record_only"] is True
    said = capfd.readouterr()
    assert said.out == ""
    assert f"events recorded in {path}" in said.err


def test_replay_gives_the_same_bytes_twice_and_passes_warnings_on(
    engine: Engine, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    engine.batches = [2000, 2000, 17]
    engine.warnings = ["r.rec ends in the middle of an event"]
    (tmp_path / "r.rec").write_bytes(b"x")
    for name in ("a.jsonl.zst", "b.jsonl.zst"):
        assert main(["replay", str(tmp_path / "r.rec"), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / "a.jsonl.zst").read_bytes() == (tmp_path / "b.jsonl.zst").read_bytes()
    assert "warning: r.rec ends in the middle" in capfd.readouterr().err


def test_a_wrong_input_does_not_truncate_the_last_result(engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "result.jsonl"
    out.write_text("precious")
    assert main(["replay", str(tmp_path / "missing"), "-o", str(out)]) == 2
    assert out.read_text() == "precious"


def test_the_children_of_a_pid_are_watched_and_its_end_is_the_end(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    child = subprocess.Popen(["sh", "-c", "sleep 0.5 & wait"])
    import threading

    threading.Thread(target=child.wait).start()
    time.sleep(0.2)
    assert main(["attach", "--pid", str(child.pid), "--json"]) == 0
    assert child.pid in engine.watched
    assert len(engine.watched) == 2
    assert "all traced processes have ended" in capfd.readouterr().err


@needs_privileges
def test_a_command_gives_its_exit_status(tmp_path: Path) -> None:
    assert run("attach", "--quiet", "--json", "--", "sh", "-c", "exit 7")[0] == 7
    assert run("attach", "--quiet", "--json", "--", "sh", "-c", "kill -9 $$")[0] == 137
    assert run("attach", "--quiet", "--json", "--", "true")[0] == 0


@needs_privileges
def test_a_commands_stdout_does_not_mix_with_spans() -> None:
    code, stdout, stderr = run("attach", "--json", "--", "sh", "-c", "echo hello; sleep 0.3")
    assert code == 0
    assert all(json.loads(line) for line in stdout.splitlines())
    assert "hello" in stderr
    assert "hello" in run("attach", "-o", "/dev/null", "--", "echo", "hello")[1]


@needs_privileges
def test_a_command_that_outlives_the_duration_is_ended() -> None:
    started = time.monotonic()
    code, _, _ = run("attach", "--duration", "200ms", "--json", "--", "sleep", "60")
    assert code == 0
    assert time.monotonic() - started < 10


@needs_privileges
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_forwarded_to_the_command_and_its_end_is_traced(number: int) -> None:
    program = start(
        "attach", "--json", "--", "sh", "-c", "trap 'exit 9' INT TERM; echo up >&2; while :; do sleep 0.05; done"
    )
    assert program.stderr
    while "up" not in program.stderr.readline():
        pass
    program.send_signal(number)
    _, stderr = program.communicate(timeout=20)
    assert program.returncode == 9
    assert "6 spans in" in stderr


@needs_privileges
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_flushes_and_exits_with_0(number: int, tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    program = start("attach", "--all", "-o", str(out))
    assert program.stderr
    assert "Ctrl-C stops" in program.stderr.readline()
    program.send_signal(number)
    _, stderr = program.communicate(timeout=20)
    assert program.returncode == 0
    assert "6 spans in" in stderr
    assert "nothing lost" in stderr
    assert out.read_bytes().count(b'"spanId"') == 6


@needs_privileges
def test_a_second_signal_forces_out() -> None:
    program = start("attach", "--all", "--otlp-endpoint", "http://127.0.0.1:9", "--flush-timeout", "60s")
    assert program.stderr
    while "Ctrl-C stops" not in program.stderr.readline():
        pass
    program.send_signal(signal.SIGINT)
    time.sleep(0.7)
    assert program.poll() is None  # flushing
    program.send_signal(signal.SIGINT)
    _, stderr = program.communicate(timeout=10)
    assert program.returncode == 130
    assert "forced out" in stderr


@needs_privileges
def test_a_collector_that_is_away_does_not_change_the_exit_code() -> None:
    program = start("attach", "--all", "--flush-timeout", "300ms", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert program.stderr
    while "Ctrl-C stops" not in program.stderr.readline():
        pass
    time.sleep(0.3)
    program.send_signal(signal.SIGINT)
    _, stderr = program.communicate(timeout=20)
    assert program.returncode == 0
    assert "6 spans not delivered before the end" in stderr


@needs_privileges
def test_a_reader_of_stdout_that_leaves_ends_the_capture_quietly() -> None:
    program = start("attach", "--all", "--json", batches=str([20] * 3000))
    assert program.stdout
    assert program.stderr
    program.stdout.readline()
    program.stdout.close()
    stderr = program.stderr.read()
    assert program.wait(timeout=20) == 0
    program.stderr.close()
    assert "BrokenPipe" not in stderr
    assert "warning" not in stderr


def test_every_command_has_its_module_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert name in capsys.readouterr().out


def test_names_in_the_registry_are_unique() -> None:
    names = [definition.name for definition in export.WAYS_OUT]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("arguments", [["--help"], ["attach", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom ebpf_otlp_tracer.cli import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "heavy = {'grpc', 'ssl', 'http.client', 'zstandard', 'asyncio', 'email', 'typing_extensions'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stderr.strip() == ""


@needs_privileges
def test_ctrl_c_at_a_terminal_reaches_the_command_once() -> None:
    import pty

    script = (
        "n=0; trap 'n=$((n+1)); echo got-$n' INT; echo up; i=0; while [ $i -lt 15 ]; do sleep 0.05; i=$((i+1)); done"
    )
    child, terminal = pty.fork()
    if child == 0:
        environment = os.environ | {"PYTHONPATH": ROOT}
        os.execve(sys.executable, [*PROGRAM, "attach", "-o", "/dev/null", "--", "sh", "-c", script], environment)
    output = b""
    interrupted = False
    while True:
        try:
            output += os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end of a terminal is closed
            break
        if b"up" in output and not interrupted:
            interrupted = True
            time.sleep(0.1)
            os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert output.count(b"got-") == 1
    assert b"6 spans in" in output


@needs_privileges
def test_a_terminal_gets_colour_unless_it_is_not_wanted() -> None:
    import pty

    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        leader, follower = pty.openpty()
        environment = os.environ | {"PYTHONPATH": ROOT, "TERM": "xterm"} | variables
        environment.pop("NO_COLOR", None) if coloured else None
        program = subprocess.Popen(
            [*PROGRAM, "attach", "--all", "--duration", "50ms", "--quiet"], stdout=follower, env=environment
        )
        os.close(follower)
        output = b""
        while True:
            try:
                output += os.read(leader, 4096)
            except OSError:
                break
        os.close(leader)
        assert program.wait() == 0
        assert (b"\x1b[" in output) == coloured
        assert b"GET /orders" in output
