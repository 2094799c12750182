"""Real servers in temporary directories, on free loopback ports, stopped by pid."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracer import PATIENCE, wait_until

PROGRAMS = Path(__file__).parent / "programs"


def free_port() -> int:
    """Return a port nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Say whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A child process that serves. Leaving the `with` block stops it."""

    def __init__(self, line: Sequence[str], folder: Path, port: int = 0) -> None:
        self.port = port
        self._log = (folder / f"{Path(line[0]).name}-{port}.log").open("w+b")
        self.process = subprocess.Popen(
            line, cwd=folder, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def __enter__(self) -> Server:
        if self.port:
            wait_until(lambda: accepts(self.port) or self.process.poll() is not None, f"port {self.port}")
            assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end; kill it if it does not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()

    def log(self) -> str:
        """What it printed."""
        self._log.flush()
        return Path(self._log.name).read_text(errors="replace")


def redis(folder: Path, port: int = 0) -> Server:
    """Return a redis-server without persistence."""
    port = port or free_port()
    line = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return Server(line, folder, port)


def python(folder: Path, program: str, *arguments: str, port: int = 0) -> Server:
    """Return one of our small services. It gets its port as first argument."""
    port = port or free_port()
    return Server([sys.executable, "-u", str(PROGRAMS / program), str(port), *arguments], folder, port)


NGINX = """
daemon off;
master_process on;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    log_format exact '$remote_port $request_method $request_uri $status $body_bytes_sent';
    access_log {folder}/access.log exact;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    sendfile on; tcp_nopush on; keepalive_requests 1000000; client_max_body_size 1g;
    server {{
        listen 127.0.0.1:{port} reuseport;
        root {folder}/files;
        location /hello {{ default_type text/plain; return 200 "hello\\n"; }}
        location /missing {{ return 404; }}
        location /broken {{ return 503; }}
        {more}
    }}
}}
"""


@dataclass(frozen=True)
class Logged:
    """One line of nginx's access log: what the server itself says it answered."""

    client_port: int
    method: str
    uri: str
    status: int
    body_bytes: int


class Nginx(Server):
    """nginx with its own configuration. What it says of itself is in `access()`."""

    def __init__(self, folder: Path, *, workers: int = 2, more: str = "", port: int = 0) -> None:
        port = port or free_port()
        (folder / "files").mkdir(exist_ok=True)
        folder.chmod(0o755)
        for parent in folder.parents[:2]:
            parent.chmod(parent.stat().st_mode | 0o011)
        self._folder = folder
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, workers=workers, port=port, more=more))
        super().__init__(["nginx", "-c", str(config), "-e", str(folder / "error.log")], folder, port)

    def access(self) -> list[Logged]:
        """Every request it answered, without the empty connections that looked whether it listens."""
        lines = (self._folder / "access.log").read_text().splitlines()
        fields = [line.split(" ") for line in lines]
        return [Logged(int(port), method, uri, int(status), int(sent)) for port, method, uri, status, sent in fields]
