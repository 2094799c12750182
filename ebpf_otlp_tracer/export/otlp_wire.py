"""The few protobuf fields the sender itself must read or cut, without the protobuf package (5 MB, and slower here).

Requests are encoded by the engine; this reads the collector's short answers and cuts a request that is too large.
Bytes from the collector are outside bytes: anything malformed reads as "nothing said".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


class MalformedError(ValueError):
    """These bytes are no protobuf message."""


class Field(NamedTuple):
    """One field of a message: the value is an int, or the bytes of a length-delimited field."""

    number: int
    value: int | memoryview
    start: int
    end: int


def varint(value: int) -> bytes:
    """Encode an unsigned integer."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def fields(message: memoryview) -> Iterator[Field]:
    """Walk the fields of a message. Raises `MalformedError`."""
    at = 0
    while at < len(message):
        start = at
        key, at = _read_varint(message, at)
        wire = key & 7
        value: int | memoryview
        if wire == _VARINT:
            value, at = _read_varint(message, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
            value = int.from_bytes(message[at : at + size], "little")
            at += size
        elif wire == _BYTES:
            size, at = _read_varint(message, at)
            value = message[at : at + size]
            at += size
        else:
            raise MalformedError(f"wire type {wire}")
        if at > len(message):
            raise MalformedError("cut short")
        yield Field(key >> 3, value, start, at)


def rejected_spans(response: bytes) -> tuple[int, str]:
    """`partial_success` of an ExportTraceServiceResponse: spans the collector refused, and what it said."""
    rejected, words = 0, ""
    try:
        for outer in fields(memoryview(response)):
            if outer.number != 1 or not isinstance(outer.value, memoryview):
                continue
            for inner in fields(outer.value):
                if inner.number == 1 and isinstance(inner.value, int):
                    rejected = inner.value
                elif inner.number == 2 and isinstance(inner.value, memoryview):
                    words = bytes(inner.value).decode("utf-8", "replace")
    except MalformedError:
        return 0, ""
    return rejected, words


def status_message(status: bytes) -> str:
    """`message` of a google.rpc.Status (the body of an HTTP error)."""
    try:
        for field in fields(memoryview(status)):
            if field.number == 2 and isinstance(field.value, memoryview):
                return bytes(field.value).decode("utf-8", "replace")
    except MalformedError:
        pass
    return ""


def retry_delay(status: bytes) -> float | None:
    """Seconds of the RetryInfo in a google.rpc.Status (`grpc-status-details-bin`), if there is one."""
    try:
        for detail in fields(memoryview(status)):
            if detail.number != 3 or not isinstance(detail.value, memoryview):
                continue
            parts = {part.number: part.value for part in fields(detail.value)}
            kind, value = parts.get(1), parts.get(2)
            if isinstance(kind, memoryview) and bytes(kind) == RETRY_INFO:
                return _duration(value) if isinstance(value, memoryview) else 0.0
    except MalformedError:
        pass
    return None


def _duration(retry_info: memoryview) -> float:
    seconds = 0.0
    for field in fields(retry_info):
        if field.number == 1 and isinstance(field.value, memoryview):
            for part in fields(field.value):
                if isinstance(part.value, int):
                    seconds += part.value if part.number == 1 else part.value / 1e9
    return seconds


def halves(request: bytes) -> tuple[bytes, bytes] | None:
    """Cut an ExportTraceServiceRequest in two of about half its spans each. `None` when it holds one span (or less).

    Walks down resource_spans (1), scope_spans (2), spans (2): what is not repeated is copied to both sides.
    """
    try:
        return _halve(memoryview(request), (1, 2, 2))
    except MalformedError:
        return None


def _halve(message: memoryview, path: tuple[int, ...]) -> tuple[bytes, bytes] | None:
    found = list(fields(message))
    repeated = [field for field in found if field.number == path[0]]
    common = b"".join(bytes(message[field.start : field.end]) for field in found if field.number != path[0])
    if len(repeated) > 1:
        middle = len(repeated) // 2
        return (
            common + b"".join(bytes(message[field.start : field.end]) for field in repeated[:middle]),
            common + b"".join(bytes(message[field.start : field.end]) for field in repeated[middle:]),
        )
    if not repeated or len(path) == 1 or not isinstance(repeated[0].value, memoryview):
        return None
    inner = _halve(repeated[0].value, path[1:])
    if inner is None:
        return None
    key = varint(path[0] << 3 | _BYTES)
    first, second = (common + key + varint(len(half)) + half for half in inner)
    return first, second


def count_spans(request: bytes) -> int:
    """How many spans a request holds; 0 for bytes that are none."""
    try:
        return _count(memoryview(request), (1, 2, 2))
    except MalformedError:
        return 0


def _count(message: memoryview, path: tuple[int, ...]) -> int:
    found = [field.value for field in fields(message) if field.number == path[0]]
    if len(path) == 1:
        return len(found)
    return sum(_count(value, path[1:]) for value in found if isinstance(value, memoryview))


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(_MAX_VARINT_BYTES):
        if at >= len(message):
            raise MalformedError("cut short")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at
    raise MalformedError("varint too long")
