"""The two readers of a capture: tshark and our engine. Each gives the exchanges of each TCP connection, in order."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from conformance.exchanges import Attributes, Dissection, Exchange, Request, Response, Stream

TRACER = Path(__file__).parent.parent.parent / ".venv/bin/ebpf-otlp-tracer"
ANCHORS = (".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz")
"""What a capture's name ends in."""

Found = dict[Stream, list[Exchange]]


def ours(capture: Path, dissection: Dissection) -> tuple[Found, list[int]]:
    """Return what our engine finds, and the server ports it found it on."""
    command = [str(TRACER), "replay", "--quiet", "--json", str(capture)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        print(f"{capture}: {process.stderr.strip()}", file=sys.stderr)
    spans: list[tuple[int, Stream, Exchange]] = []
    ports = set()
    for span in _spans(process.stdout):
        attributes = _attributes(span)
        exchange = dissection.exchange(attributes)
        if exchange is None:
            continue
        ends = [(attributes[f"network.{end}.address"], attributes[f"network.{end}.port"]) for end in ("local", "peer")]
        spans.append(
            (int(span["startTimeUnixNano"]), _stream(*(f"{address}:{port}" for address, port in ends)), exchange)
        )
        ports.add(int(ends[1][1]))
    found: Found = defaultdict(list)
    for _, stream, exchange in sorted(spans, key=lambda one: one[0]):
        found[stream].append(exchange)
    return dict(found), sorted(ports)


def _spans(lines: str) -> Iterator[dict[str, Any]]:
    for line in lines.splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                yield from scope["spans"]


def _attributes(span: dict[str, Any]) -> Attributes:
    found: dict[str, str | int | bool] = {}
    for attribute in span.get("attributes", []):
        ((kind, value),) = attribute["value"].items()
        if kind != "arrayValue":
            found[attribute["key"]] = int(value) if kind == "intValue" else value
    return found


def _stream(one: str, other: str) -> Stream:
    return tuple(sorted((one, other)))


def theirs(capture: Path, dissection: Dissection, ports: list[int]) -> Found:
    """Return what tshark finds."""
    command = ["tshark", "-2", "-r", str(capture), "-Y", dissection.FILTER, "-T", "pdml"]
    # Both are told the same: checksums of a capture on the sending machine are wrong, and no name is looked up.
    command += ["-n", "-o", "tcp.check_checksum:FALSE", "-o", "ip.check_checksum:FALSE"]
    for port in ports:
        if port not in dissection.PORTS:
            command += ["-d", f"tcp.port=={port},{dissection.FILTER}"]
    process = subprocess.run(command, capture_output=True, check=False)
    conversations: dict[Stream, _Pairs] = defaultdict(_Pairs)
    clients: dict[Stream, str] = {}
    for packet in _packets(process.stdout):
        source, target = _ends(packet)
        stream = _stream(source, target)
        from_client = source == clients[stream] if stream in clients else None
        for element in packet.iter("proto"):
            if element.get("name") != dissection.FILTER:
                continue
            for message in dissection.messages(element, from_client):
                if isinstance(message, Request):
                    clients.setdefault(stream, source)
                    from_client = source == clients[stream]
                conversations[stream].add(message)
    return {stream: pairs.exchanges() for stream, pairs in conversations.items() if pairs.requests}


def _packets(pdml: bytes) -> Iterator[Element]:
    for _, element in ElementTree.iterparse(io.BytesIO(pdml)):
        if element.tag == "packet":
            yield element
            element.clear()


def _ends(packet: Element) -> tuple[str, str]:
    def show(*names: str) -> str:
        for name in names:
            for field in packet.iter("field"):
                if field.get("name") == name:
                    return field.get("show", "")
        return ""

    source = f"{show('ip.src', 'ipv6.src')}:{show('tcp.srcport')}"
    return source, f"{show('ip.dst', 'ipv6.dst')}:{show('tcp.dstport')}"


class _Pairs:
    """The nth response answers the nth request; what comes before the first request answers none."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._responses: list[Response] = []

    def add(self, message: Request | Response) -> None:
        """Take the next message."""
        if isinstance(message, Request):
            self.requests.append(message)
        elif len(self._responses) < len(self.requests):
            self._responses.append(message)

    def exchanges(self) -> list[Exchange]:
        """Return all of them."""
        statuses = [response.status for response in self._responses]
        padded = [*statuses, *[None] * (len(self.requests) - len(statuses))]
        return [Exchange(one.operation, one.target, status) for one, status in zip(self.requests, padded, strict=True)]


def captures(directory: Path) -> list[Path]:
    """Return all captures below a directory, or the one that it is."""
    if directory.is_file():
        return [directory]
    return sorted(path for path in directory.rglob("*") if path.name.endswith(ANCHORS) and _is_capture(path))


def _is_capture(path: Path) -> bool:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return file.read(4) in {
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\xc3\xd4",
            b"\x4d\x3c\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
            b"\x0a\x0d\x0d\x0a",
        }
