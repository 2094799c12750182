"""HTTP/1: nginx, Python's http.server and uvicorn, with curl, http.client, websockets and bytes written by hand."""

from __future__ import annotations

import asyncio
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conformance.recipes import HOST, Recipe, Setting

RECIPE = Recipe(
    packages=["uvicorn==0.35.0", "h11==0.16.0", "websockets==15.0.1"],
    programs=[["nginx", "-v"], ["curl", "--version"], ["python3", "--version"]],
)

_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    default_type text/plain; client_max_body_size 100k; keepalive_timeout 5s; sendfile {sendfile};
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location /text {{ return 200 "hello"; }}
        location /moved {{ return 301 /text; }}
        location /upload {{ proxy_pass http://127.0.0.1:{behind}; }}
        location /api/ {{
            proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_set_header Connection "";
        }}
        location /nobody {{ proxy_pass http://127.0.0.1:1; }}
    }}
}}
"""


def _nginx(setting: Setting, *, sendfile: str = "off") -> list[list[str]]:
    root = setting.directory / "www"
    root.mkdir(mode=0o755)
    (root / "index.html").write_text("<p>hello</p>\n")
    (root / "small.txt").write_text("0123456789\n" * 200)
    (root / "large.txt").write_text("0123456789abcde\n" * 20_000)
    config = setting.directory / "nginx.conf"
    text = _NGINX.format(port=setting.port, behind=setting.second_port, root=root, sendfile=sendfile)
    config.write_text(text)
    return [["nginx", "-p", str(setting.directory), "-c", str(config)]]


def _nginx_sendfile(setting: Setting) -> list[list[str]]:
    return _nginx(setting, sendfile="on")


def _behind_nginx(setting: Setting) -> list[list[str]]:
    return [_python("http.server", setting.second_port, setting), *_nginx(setting)]


def _python(what: str, port: int, setting: Setting) -> list[str]:
    return [setting.python, "-m", "protocols.http1.recipe", what, str(port)]


def _http_server(setting: Setting) -> list[list[str]]:
    return [_python("http.server", setting.port, setting)]


def _http_server_one_zero(setting: Setting) -> list[list[str]]:
    return [_python("http.server-1.0", setting.port, setting)]


def _uvicorn(setting: Setting) -> list[list[str]]:
    return [_python("uvicorn", setting.port, setting)]


def _curl(setting: Setting, path: str, *options: str) -> None:
    command = [
        "curl",
        "--silent",
        "--output",
        "/dev/null",
        "--http1.1",
        *options,
        f"http://{HOST}:{setting.port}{path}",
    ]
    subprocess.run(command, check=False)


def _by_hand(setting: Setting, *pieces: bytes, pause: float = 0.05, close: bool = True) -> None:
    with socket.create_connection((HOST, setting.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(2)
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            if close:
                connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            pass


def _request(connection: http.client.HTTPConnection, method: str, path: str, **more: Any) -> None:
    connection.request(method, path, **more)
    connection.getresponse().read()


@RECIPE.case("nginx-curl", _nginx)
def nginx_curl(setting: Setting) -> None:
    """curl: GET, HEAD, 206, 304, 301, 404, 405, query, HTTP/1.0, keep-alive, traceparent, secret query values."""
    _curl(setting, "/")
    _curl(setting, "/text?user=7&token=secret")
    _curl(setting, "/small.txt", "--head")
    _curl(setting, "/small.txt", "--range", "10-99")
    _curl(setting, "/small.txt", "--header", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT")
    _curl(setting, "/moved", "--location")
    _curl(setting, "/absent/12345")
    _curl(setting, "/index.html", "--data", "a=b")
    _curl(setting, "/", "--http1.0")
    _curl(setting, "/text", "--header", f"traceparent: {_TRACEPARENT}", "--header", "tracestate: vendor=1")
    twice = f"http://{HOST}:{setting.port}/text"
    _curl(setting, "/small.txt", "--next", "--silent", "--output", "/dev/null", twice)


@RECIPE.case("nginx-pipelining", _nginx)
def nginx_pipelining(setting: Setting) -> None:
    """Requests in one write, and the same cut at awkward places."""
    get = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
    many = [get % path for path in (b"text", b"small.txt", b"absent", b"text?n=4", b"index.html")]
    _by_hand(setting, b"".join(many), close=False, pause=0.2)
    _by_hand(setting, many[0][:7], many[0][7:-2], many[0][-2:] + many[1] + many[2][:20], many[2][20:])
    _by_hand(setting, *(many[0][at : at + 1] for at in range(len(many[0]))), pause=0.002)
    _by_hand(setting, b"\r\n\r\n" + many[0] + b"\r\n" + many[3])
    head = b"HEAD /small.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    _by_hand(setting, head + many[1] + head + many[0])


@RECIPE.case("nginx-errors", _nginx)
def nginx_errors(setting: Setting) -> None:
    """What nginx refuses: no request at all, unknown methods and versions, too large heads and bodies, no backend."""
    _by_hand(setting, b"not http at all\r\n\r\n")
    _by_hand(setting, b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n")
    _by_hand(setting, b"GET /text HTTP/3.7\r\nHost: x\r\n\r\n")
    _by_hand(setting, b"GET /text HTTP/1.1\r\n\r\n")
    _by_hand(setting, b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    _by_hand(setting, b"GET /text HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"y" * 9_000 + b"\r\n\r\n")
    _by_hand(setting, b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\nabc")
    _by_hand(setting, b"GET /nobody HTTP/1.1\r\nHost: x\r\n\r\n")
    _by_hand(setting, b"GET /text HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    _by_hand(setting, b"GET /text HT", pause=0.1)


@RECIPE.case("nginx-sendfile", _nginx_sendfile)
def nginx_sendfile(setting: Setting) -> None:
    """Bodies that never pass through user memory, and one longer than what is copied of a call."""
    connection = http.client.HTTPConnection(HOST, setting.port)
    for path in ("/small.txt", "/large.txt", "/text", "/large.txt", "/small.txt"):
        _request(connection, "GET", path)
    connection.close()


@RECIPE.case("nginx-proxy", _behind_nginx, both=True)
def nginx_proxy(setting: Setting) -> None:
    """curl, nginx and http.server behind it, all traced: who is whose parent."""
    _curl(setting, "/api/items/1")
    _curl(setting, "/api/items/2", "--header", f"traceparent: {_TRACEPARENT}")
    _curl(setting, "/api/slow")
    _curl(setting, "/api/error")


@RECIPE.case("http-server", _http_server)
def http_server(setting: Setting) -> None:
    """http.server and http.client in HTTP/1.1: keep-alive, bodies both ways, chunks, 100 Continue, 204, 500."""
    connection = http.client.HTTPConnection(HOST, setting.port)
    _request(connection, "GET", "/api/items/1")
    _request(connection, "POST", "/api/items", body=b"x" * 5_000)
    _request(connection, "PUT", "/api/items/2", body=iter([b"one", b"two" * 1000, b"three"]), encode_chunked=True)
    _request(connection, "DELETE", "/api/items/2")
    _request(connection, "GET", "/api/error")
    _request(connection, "HEAD", "/api/items/1")
    _request(connection, "OPTIONS", "*")
    connection.close()
    _curl(setting, "/api/items", "--data", "x" * 2_000, "--header", "Expect: 100-continue")
    expecting = (
        b"POST /api/items HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    _by_hand(setting, expecting, b"abc")


@RECIPE.case("http-1.0", _http_server_one_zero)
def one_zero(setting: Setting) -> None:
    """http.server in HTTP/1.0: bodies that the end of the connection delimits."""
    for path in ("/until-close", "/api/items/1", "/api/error"):
        _curl(setting, path, "--http1.0")
        _curl(setting, path)
    _by_hand(setting, b"GET /until-close HTTP/1.0\r\n\r\n", close=False)


@RECIPE.case("uvicorn", _uvicorn, both=True)
def uvicorn_(setting: Setting) -> None:
    """uvicorn with h11: chunked answers, server-sent events, both ends traced in one thread each."""
    connection = http.client.HTTPConnection(HOST, setting.port)
    _request(connection, "GET", "/chunks")
    _request(connection, "POST", "/echo", body=b"y" * 3_000)
    _request(connection, "POST", "/echo", body=iter([b"ab", b"cd" * 40_000]), encode_chunked=True)
    _request(connection, "GET", "/events", headers={"Accept": "text/event-stream"})
    _request(connection, "HEAD", "/chunks")
    _request(connection, "GET", "/fail")
    connection.close()


@RECIPE.case("websocket", _uvicorn)
def websocket(setting: Setting) -> None:
    """A WebSocket: texts, bytes, a fragmented message, ping, close; and one that is refused."""
    from websockets.exceptions import InvalidStatus  # type: ignore[import-not-found, unused-ignore]
    from websockets.sync.client import connect  # type: ignore[import-not-found, unused-ignore]

    with connect(f"ws://{HOST}:{setting.port}/socket", proxy=None, compression=None) as connection:
        connection.send("hello")
        connection.recv()
        connection.send(b"z" * 70_000)
        connection.recv()
        connection.send(["in ", "three ", "parts"])
        connection.recv()
        connection.ping().wait(1)
    try:
        connect(f"ws://{HOST}:{setting.port}/refused", proxy=None)
    except InvalidStatus:
        return


class _Handler(BaseHTTPRequestHandler):
    server_version = "recipe"
    sys_version = ""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") == "chunked":
            self._chunks()
        elif length:
            self.rfile.read(length)
        if self.path == "/until-close":
            self.send_response(200)
            self.end_headers()
            for _ in range(3):
                self.wfile.write(b"some text\n" * 100)
                time.sleep(0.01)
            return
        if self.path == "/api/slow":
            time.sleep(0.05)
        status = {"DELETE": 204}.get(self.command, 500 if self.path.endswith("error") else 200)
        self.send_response(status)
        body = b"" if status == 204 else b'{"item": 1}'
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the base class looks for these

    def _chunks(self) -> None:
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        self.rfile.readline()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing."""


_Message = dict[str, Any]


async def _app(
    scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
) -> None:
    if scope["type"] == "websocket":
        await _socket(scope, receive, send)
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    path = scope["path"]
    status = 503 if path == "/fail" else 200
    headers = [(b"content-type", b"text/event-stream" if path == "/events" else b"text/plain")]
    if path == "/echo":
        headers.append((b"content-length", str(size).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/echo":
        await send({"type": "http.response.body", "body": b"e" * size})
        return
    for number in range(5):
        await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
        await asyncio.sleep(0.005)
    await send({"type": "http.response.body", "body": b""})


async def _socket(
    scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
) -> None:
    await receive()
    if scope["path"] == "/refused":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text") or str(len(message["bytes"]))})


def _serve(what: str, port: int) -> None:
    if what == "uvicorn":
        import uvicorn  # type: ignore[import-not-found, unused-ignore]

        uvicorn.run(_app, host=HOST, port=port, http="h11", ws="websockets-sansio", log_level="critical")
        return
    _Handler.protocol_version = "HTTP/1.0" if what.endswith("1.0") else "HTTP/1.1"
    ThreadingHTTPServer((HOST, port), _Handler).serve_forever()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
