"""A Redis client for the demo: one connection, one command at a time, the replies the demo gets."""

from __future__ import annotations

import socket


class Redis:
    """A connection that is opened once and kept."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=10)
        self._replies = self._socket.makefile("rb")

    def command(self, *words: str) -> str | None:
        """Send a command and return its reply; None for a key that does not exist."""
        parts = [word.encode() for word in words]
        message = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(message)
        kind, rest = self._line()
        if kind == "-":
            raise RuntimeError(rest)
        if kind != "$":
            return rest
        length = int(rest)
        return self._replies.read(length + 2)[:-2].decode() if length >= 0 else None

    def _line(self) -> tuple[str, str]:
        line = self._replies.readline().decode().removesuffix("\r\n")
        if not line:
            raise ConnectionError("Redis closed the connection")
        return line[0], line[1:]
