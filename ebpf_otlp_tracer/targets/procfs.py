"""Reads /proc. The only file that does, so that a test can put another tree in its place.

A process may end between two reads: that is an answer (`None`, nothing), never an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator


class Proc:
    """One /proc file system."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root
        self.own_pid = os.getpid()

    def pids(self) -> Iterator[int]:
        """Every process (not threads)."""
        for name in os.listdir(self.root):
            if name.isdigit():
                yield int(name)

    def text(self, *path: str | int) -> str | None:
        """Return a file's text; bytes that are no UTF-8 survive as surrogates."""
        try:
            with open(self._path(path), "rb") as file:
                return file.read().decode("utf-8", "surrogateescape")
        except OSError:
            return None

    def lines(self, *path: str | int) -> Iterator[str]:
        """Return a file's lines, one at a time: /proc/net/tcp of a busy machine is large."""
        try:
            with open(self._path(path), encoding="utf-8", errors="surrogateescape") as file:
                yield from file
        except OSError:
            return

    def link(self, *path: str | int) -> str | None:
        """Where a symbolic link points."""
        try:
            return os.readlink(self._path(path))
        except OSError:
            return None

    def names(self, *path: str | int) -> list[str]:
        """Return what a folder holds."""
        try:
            return os.listdir(self._path(path))
        except OSError:
            return []

    def _path(self, parts: tuple[str | int, ...]) -> str:
        return "/".join((self.root, *map(str, parts)))
