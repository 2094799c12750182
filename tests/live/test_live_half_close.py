"""The end of a TCP stream has a sequence number of its own, which must not be taken for a byte. Needs root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="attaching needs root")

CONNECTIONS = 5

TALK = f"""
import socket, time

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"
for _ in range({CONNECTIONS}):
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"GET /first HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    server.recv(4096)
    server.sendall(answer)
    client.recv(4096)
    client.sendall(b"GET /last HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    client.shutdown(socket.SHUT_WR)
    time.sleep(0.01)  # The end is there when the request is read.
    server.recv(4096)
    server.sendall(answer)
    client.recv(4096)
    client.close()
    server.close()
"""


@pytest.mark.parametrize("hooks", ["tp_btf", "tracepoint"])
def test_a_request_read_together_with_the_end_of_the_stream_is_no_hole(hooks: str, tmp_path: Path) -> None:
    output = tmp_path / "spans.jsonl"
    tracer = [sys.executable, "-m", "ebpf_otlp_tracer", "attach", "--hooks", hooks, "--output", str(output)]
    command = [*tracer, "--", sys.executable, "-c", TALK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert "holes" not in done.stderr
    spans = [
        span
        for line in output.read_text().splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    last = [span for span in spans if span["name"] == "GET /last"]
    assert len(last) == 2 * CONNECTIONS  # seen at both ends
    servers = [span for span in last if span["kind"] == 2]
    assert len(servers) == CONNECTIONS
    assert all("ebpf_otlp_tracer.capture" not in json.dumps(span) for span in servers)
