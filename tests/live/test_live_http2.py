"""HTTP/2: many streams at once, and every request of h2load is a span."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from conftest import needs
from servers import Server, free_port
from tracer import Tracer

REQUESTS = 2000
SIZE = 2000


def test_every_request_of_h2load_is_a_span(
    hooks: str, running: ExitStack, tmp_path: Path, attach: Callable[..., Tracer]
) -> None:
    needs("nghttpd", "h2load")
    (tmp_path / "file").write_bytes(b"x" * SIZE)
    port = free_port()
    server = Server(["nghttpd", "--no-tls", "--htdocs", str(tmp_path), str(port)], tmp_path, port)
    running.enter_context(server)
    tracer = attach("--hooks", hooks, "--pid", server.pid)
    line = ["h2load", "-n", str(REQUESTS), "-c", "4", "-m", "16", f"http://127.0.0.1:{port}/file"]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=50)
    assert f"{REQUESTS} succeeded" in done.stdout
    outcome = tracer.stop()
    outcome.assert_sound()
    keys = ("http.request.method", "url.path", "http.response.status_code", "http.response.body.size")
    said = Counter(tuple(span.attributes.get(key) for key in keys) for span in outcome.spans)
    assert said == {("GET", "/file", 200, SIZE): REQUESTS}
    assert {span.kind for span in outcome.spans} == {"SERVER"}
    assert len({span.attributes["network.peer.port"] for span in outcome.spans}) == 4
