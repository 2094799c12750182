"""A peer that closes right behind its last byte: the receive that takes the byte takes the end of the stream too."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

CLIENT = """
import socket, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(b"GET /one HTTP/1.0\\r\\n\\r\\n")
time.sleep(0.2)  # the response and the end behind it have arrived
while connection.recv(int(sys.argv[2])):
    pass
"""
RESPONSE = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def answer_and_close(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(RESPONSE)


@pytest.mark.skipif(os.geteuid() != 0, reason="live test: needs root")
@pytest.mark.parametrize("hooks", ["tp_btf", "tracepoint"])
@pytest.mark.parametrize("read_size", [65536, 16], ids=["at once", "in pieces"])
def test_a_response_whose_connection_closes_at_once_is_whole(hooks: str, read_size: int, tmp_path: Path) -> None:
    output, client = tmp_path / "spans.jsonl", tmp_path / "client.py"
    client.write_text(CLIENT)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=answer_and_close, args=(listener,))
        server.start()
        tracer = [sys.executable, "-m", "ebpf_otlp_tracer", "attach", "--hooks", hooks, "--output", str(output)]
        command = ["--", sys.executable, str(client), str(listener.getsockname()[1]), str(read_size)]
        done = subprocess.run([*tracer, *command], capture_output=True, text=True, timeout=50, check=False)
        server.join(10)
    assert done.returncode == 0, done.stderr
    assert "nothing lost" in done.stderr
    requests = [json.loads(line) for line in output.read_text().splitlines()]
    spans = [
        span
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert [span["name"] for span in spans] == ["GET /one"]
    keys = {attribute["key"]: attribute["value"] for attribute in spans[0]["attributes"]}
    assert keys["http.response.status_code"] == {"intValue": "200"}
