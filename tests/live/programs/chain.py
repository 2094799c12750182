"""A service that asks others before it answers: `chain.py PORT [http PORT | redis PORT]...`.

GET /order/<n> asks every HTTP service GET /stock/<n> and every Redis GET stock:<n>, all on connections that it keeps
for each thread of its own; then it answers 200 with what it got. Without others it answers at once. Many threads.
"""

import http.client
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

others = list(zip(sys.argv[2::2], map(int, sys.argv[3::2]), strict=True))
local = threading.local()


def ask_http(port: int, number: str) -> bytes:
    if not hasattr(local, "http"):
        local.http = http.client.HTTPConnection("127.0.0.1", port)
    local.http.request("GET", f"/stock/{number}")
    return bytes(local.http.getresponse().read())


def ask_redis(port: int, number: str) -> bytes:
    if not hasattr(local, "redis"):
        local.redis = socket.create_connection(("127.0.0.1", port))
    key = f"stock:{number}".encode()
    local.redis.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key))
    return bytes(local.redis.recv(1000))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes

    def do_GET(self) -> None:
        number = self.path.rpartition("/")[2]
        answers = [{"http": ask_http, "redis": ask_redis}[kind](port, number) for kind, port in others]
        body = b"".join(answers) + b"done\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Service(ThreadingHTTPServer):
    request_queue_size = 128


Service(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
