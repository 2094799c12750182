"""HTTP/2: nginx, nghttpd and gRPC, with curl, nghttp, h2load and grpcio. In clear text, as between services."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from conformance.recipes import HOST, Recipe, Setting

RECIPE = Recipe(
    packages=["grpcio==1.74.0"],
    programs=[["nginx", "-v"], ["curl", "--version"], ["nghttpd", "--version"], ["h2load", "--version"]],
)

_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_SERVICE = "shop.v1.Prices"
_NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    default_type text/plain; client_max_body_size 100k; sendfile off;
    server {{
        listen 127.0.0.1:{port} http2;
        root {root};
        location /text {{ return 200 "hello"; }}
        location /moved {{ return 301 /text; }}
        location /broken {{ return 503; }}
    }}
}}
"""


def _files(setting: Setting) -> str:
    root = setting.directory / "www"
    root.mkdir(mode=0o755)
    (root / "index.html").write_text("<p>hello</p>\n")
    (root / "style.css").write_text("p { color: black }\n")
    (root / "small.txt").write_text("0123456789\n" * 200)
    (root / "large.txt").write_text("0123456789abcde\n" * 3_000)
    return str(root)


def _nginx(setting: Setting) -> list[list[str]]:
    config = setting.directory / "nginx.conf"
    config.write_text(_NGINX.format(port=setting.port, root=_files(setting)))
    return [["nginx", "-p", str(setting.directory), "-c", str(config)]]


def _nghttpd(setting: Setting) -> list[list[str]]:
    options = ["--no-tls", "--address", HOST, "--htdocs", _files(setting), "--push", "/index.html=/style.css"]
    return [["nghttpd", *options, "--trailer", "checksum: none", "--echo-upload", str(setting.port)]]


def _grpc(setting: Setting) -> list[list[str]]:
    return [[setting.python, "-m", "protocols.http2.recipe", str(setting.port)]]


def _url(setting: Setting, path: str) -> str:
    return f"http://{HOST}:{setting.port}{path}"


def _run(*command: str) -> None:
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _curl(setting: Setting, path: str, *options: str) -> None:
    _run("curl", "--silent", "--http2-prior-knowledge", *options, _url(setting, path))


@RECIPE.case("nginx-curl", _nginx)
def nginx_curl(setting: Setting) -> None:
    """curl and nghttp: GET, HEAD, POST, 206, 301, 404, 405, 413, 503, a query, secrets, traceparent, many streams."""
    _curl(setting, "/")
    _curl(setting, "/text?user=7&token=secret", "--header", "Authorization: Bearer secret")
    _curl(setting, "/small.txt", "--head")
    _curl(setting, "/small.txt", "--range", "10-99")
    _curl(setting, "/moved")
    _curl(setting, "/absent/12345")
    _curl(setting, "/index.html", "--data", "a=b")
    _curl(setting, "/text", "--data", "x" * 110_000)
    _curl(setting, "/broken")
    _curl(setting, "/text", "--request", "BREW")
    _curl(setting, "/text", "--header", f"traceparent: {_TRACEPARENT}", "--header", "tracestate: vendor=1")
    _run("nghttp", *(_url(setting, path) for path in ("/large.txt", "/text", "/small.txt", "/absent", "/text?n=5")))


@RECIPE.case("nghttpd-push", _nghttpd, both=True)
def nghttpd_push(setting: Setting) -> None:
    """nghttp: pushed responses, trailers, padding, an echoed body, small windows. Both ends are traced."""
    body = setting.directory / "body"
    body.write_bytes(b"y" * 3_000)
    _run("nghttp", _url(setting, "/index.html"))
    _run("nghttp", "--padding", "100", "--no-push", _url(setting, "/index.html"), _url(setting, "/small.txt"))
    _run("nghttp", "--data", str(body), "--trailer", "mine: secret", _url(setting, "/upload"))
    _run("nghttp", "--window-bits", "10", _url(setting, "/large.txt"))
    _run("nghttp", "--header-table-size", "0", "--continuation", _url(setting, "/absent"))


@RECIPE.case("h2load", _nghttpd)
def h2load(setting: Setting) -> None:
    """h2load: 48 requests on two connections, eight at a time."""
    _run("h2load", "--requests", "48", "--clients", "2", "--max-concurrent-streams", "8", _url(setting, "/small.txt"))


@RECIPE.case("grpc", _grpc, both=True)
def grpc_(setting: Setting) -> None:
    """grpcio: unary and streaming calls, metadata, errors, an unknown method, a deadline, a cancel. Both ends."""
    import grpc  # type: ignore[import-not-found, import-untyped, unused-ignore]

    with grpc.insecure_channel(f"{HOST}:{setting.port}") as channel:
        get = channel.unary_unary(f"/{_SERVICE}/Get")
        for number in range(3):
            get(b"secret-%d" % number)
        get(b"x" * 20_000, metadata=[("authorization", "secret"), ("traceparent", _TRACEPARENT)], timeout=10)
        list(channel.unary_stream(f"/{_SERVICE}/List")(b"all"))
        channel.stream_unary(f"/{_SERVICE}/Put")(iter([b"one", b"two", b"three"]))
        list(channel.stream_stream(f"/{_SERVICE}/Talk")(iter([b"a", b"b"])))
        for method in ("Refuse", "Fail", "NoSuchMethod"):
            with suppress(grpc.RpcError):
                channel.unary_unary(f"/{_SERVICE}/{method}")(b"secret")
        with suppress(grpc.RpcError):
            channel.unary_unary(f"/{_SERVICE}/Slow")(b"", timeout=0.1)
        call = channel.unary_stream(f"/{_SERVICE}/Slowly")(b"")
        next(call)
        call.cancel()
        time.sleep(0.5)


def _serve(port: int) -> None:
    import grpc  # type: ignore[import-not-found, import-untyped, unused-ignore]

    def refuse(_: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "secret")
        return b""

    def fail(_: bytes, context: Any) -> bytes:
        context.abort(grpc.StatusCode.INTERNAL, "secret")
        return b""

    def slow(_: bytes, __: Any) -> bytes:
        time.sleep(0.3)
        return b"late"

    def slowly(_: bytes, __: Any) -> Iterator[bytes]:
        yield b"first"
        time.sleep(0.3)
        yield b"second"

    handlers = {
        "Get": grpc.unary_unary_rpc_method_handler(lambda request, _: request),
        "List": grpc.unary_stream_rpc_method_handler(lambda _, __: iter([b"one", b"two", b"three", b"four"])),
        "Put": grpc.stream_unary_rpc_method_handler(lambda requests, _: b"".join(requests)),
        "Talk": grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Slow": grpc.unary_unary_rpc_method_handler(slow),
        "Slowly": grpc.unary_stream_rpc_method_handler(slowly),
    }
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, handlers)])
    server.add_insecure_port(f"{HOST}:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
