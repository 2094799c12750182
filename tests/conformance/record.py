"""Records the cases of a protocol's recipe: `python -m conformance.record PROTOCOL [CASE...]`.

For each case: a temporary directory, the servers, `ebpf-otlp-tracer record` on them (and on the clients, if the case
says so), the clients, and then the recording without what would name the machine (tidy_recording.rs in
rust_parser/examples) in the folder of the protocol.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from conformance.recipes import HOST, PROTOCOLS, Case, Recipe, Setting, load

ROOT = PROTOCOLS.parent.parent
TRACER = ROOT / ".venv/bin/ebpf-otlp-tracer"
MAX_BYTES = 200_000
"""Recordings are read by everyone who clones the project."""
PATIENCE = 15.0
SETTLE = 0.5
"""Longer than the engine and the sockets need for what the clients did last."""


def main() -> int:
    """Record what the command line names."""
    if len(sys.argv) < 2:
        print("usage: scripts/record_protocol PROTOCOL [CASE...]", file=sys.stderr)
        return 2
    protocol, wanted = sys.argv[1], sys.argv[2:]
    recipe = load(protocol)
    unknown = set(wanted) - set(recipe.cases)
    if unknown:
        print(f"no such case: {', '.join(sorted(unknown))}; there are: {', '.join(recipe.cases)}", file=sys.stderr)
        return 2
    python = _environment(protocol, recipe)
    for case in recipe.cases.values():
        if not wanted or case.name in wanted:
            size = _record(protocol, case, python)
            print(f"{protocol}/{case.name}: {size:,} bytes", file=sys.stderr)
    _note(protocol, recipe)
    return 0


def _note(protocol: str, recipe: Recipe) -> None:
    """Write how each recording was made into the folder's README.md."""
    lines = [
        f"# Recordings of {protocol}",
        "",
        f"Made by `scripts/record_protocol {protocol}` from `recipe.py`; this file too.",
    ]
    lines += [f"Debian 12; {_versions(recipe)}. `scripts/update_goldens` writes the spans beside each recording.", ""]
    lines += ["| recording | traced | what it shows |", "|---|---|---|"]
    for case in recipe.cases.values():
        lines.append(f"| `{case.name}` | {'both ends' if case.both else 'the server'} | {case.about} |")
    (PROTOCOLS / protocol / "README.md").write_text("\n".join(lines) + "\n")


def _versions(recipe: Recipe) -> str:
    """Return what was recorded with."""
    found = []
    for command in recipe.programs:
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        found.append((process.stdout + process.stderr).strip().splitlines()[0])
    return "; ".join([*found, *(package.replace("==", " ") for package in recipe.packages)])


def _environment(protocol: str, recipe: Recipe) -> str:
    """Return the Python of a virtual environment with the recipe's packages."""
    folder = ROOT / "target/protocols" / protocol
    if not (folder / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    if recipe.packages:
        subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *recipe.packages], check=True)
    return str(folder / "bin/python")


def _record(protocol: str, case: Case, python: str) -> int:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="record-")))
        # Servers may give up their privileges.
        directory.chmod(0o755)
        setting = Setting(directory, *_free_ports(), python)
        servers = [stack.enter_context(_running(command, directory)) for command in case.server(setting)]
        for port in (setting.second_port, setting.port)[-len(servers) :]:
            _wait_for(port, servers)
        raw = directory / "raw.recording"
        command = [str(TRACER), "record", "--output", str(raw)]
        for server in servers:
            command += ["--pid", str(server.pid)]
        talk = [python, "-m", "conformance.talk", protocol, case.name]
        talk += [str(setting.port), str(setting.second_port), str(directory)]
        if case.both:
            subprocess.run([*command, "--quiet", "--", *talk], check=True, env=_surroundings(), timeout=60)
        else:
            _around(command, talk)
        tidy = directory / "tidy.recording"
        subprocess.run([*_tidy(), str(raw), str(tidy)], check=True)
        content = tidy.read_bytes()
    if len(content) > MAX_BYTES:
        raise SystemExit(
            f"{protocol}/{case.name}: {len(content):,} bytes are more than {MAX_BYTES:,}: make the case smaller"
        )
    (PROTOCOLS / protocol / f"{case.name}.recording").write_bytes(content)
    return len(content)


def _around(recorder: list[str], talk: list[str]) -> None:
    """Record while the clients talk."""
    with subprocess.Popen(recorder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if "Ctrl-C stops" in line:
                    break
            else:
                raise SystemExit("the recorder ended before it began")
            subprocess.run(talk, check=True, env=_surroundings(), timeout=60)
            time.sleep(SETTLE)
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.read()


def _tidy() -> list[str]:
    manifest = str(ROOT / "rust_parser/Cargo.toml")
    return [
        "cargo",
        "run",
        "--quiet",
        "--no-default-features",
        "--manifest-path",
        manifest,
        "--example",
        "tidy_recording",
        "--",
    ]


def _surroundings() -> dict[str, str]:
    """Return an environment without proxies and other habits of this machine."""
    path = os.pathsep.join([str(ROOT / "tests")])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "LANG": "C.UTF-8", "HOME": "/nonexistent"}


@contextmanager
def _running(command: list[str], directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (directory / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory, env=_surroundings())
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as first, socket.create_server((HOST, 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


def _wait_for(port: int, servers: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ended = [server.args for server in servers if server.poll() is not None]
        if ended:
            raise SystemExit(f"a server ended: {ended}")
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"no server listens on port {port}")


if __name__ == "__main__":
    sys.exit(main())
