"""What the demo's services share: HTTP/1.1 with kept connections, a thread for each, JSON, a free port."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers with what `respond` returns."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # buffered: a response leaves in one piece
    timeout = 60

    def respond(self) -> tuple[int, object]:
        """Return the status and the body of the response to this request."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer a request."""
        status, body = self.respond()
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Stay silent: the trace says it all."""


def serve(handler: type[Handler]) -> None:
    """Listen on a free port of loopback, print it, and serve until the process is ended."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
