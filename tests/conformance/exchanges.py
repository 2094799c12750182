"""What both readers of a capture say, in one shape; and the interface of `tests/protocols/<name>/dissection.py`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from xml.etree.ElementTree import Element

Attributes = Mapping[str, str | int | bool]
Stream = tuple[str, ...]
"""Both ends of a TCP connection, each `address:port`, sorted."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as tshark reads it."""

    operation: str
    target: str


@dataclass(frozen=True, slots=True)
class Response:
    """A response, as tshark reads it."""

    status: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response; `status` is None where none was seen."""

    operation: str
    target: str
    status: str | None

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.operation} {self.target} -> {self.status}"


class Dissection(Protocol):
    """What `dissection.py` of a protocol has: the one thing that the comparison needs to know of it."""

    FILTER: str
    """tshark's name of the protocol."""
    PORTS: tuple[int, ...]
    """Where tshark expects it; elsewhere it is told to."""

    def messages(self, element: Element, from_client: bool | None) -> Iterator[Request | Response]:
        """Return what one dissected part of a packet says. `from_client` is None where the packet's way is unknown."""

    def exchange(self, attributes: Attributes) -> Exchange | None:
        """Return what a span says, or None for a span of another protocol."""

    def agree(self, ours: Exchange, theirs: Exchange) -> bool:
        """Say whether both mean the same."""


def dissection(protocol: str) -> Dissection:
    """Load the dissection of a protocol."""
    module: Dissection = importlib.import_module(f"protocols.{protocol}.dissection")
    return module
