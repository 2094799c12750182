"""What a transport answers when it was asked to send one request. No transport raises."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from ebpf_otlp_tracer.errors import InputError
from ebpf_otlp_tracer.export.otlp_settings import OtlpSettings

USER_AGENT = "ebpf-otlp-tracer"


class Outcome(enum.Enum):
    """What became of a request."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """Not taken now: the endpoint is away or asks to come back."""
    REFUSED = "refused"
    """Never to be sent again as it is."""
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the collector said."""

    outcome: Outcome
    words: str = ""
    """Its own words, or the system's error."""
    delay: float | None = None
    """Seconds it asked to wait before the next try."""
    rejected: int = 0
    """Spans of a delivered request that it did not accept (partial success)."""


class Transport(Protocol):
    """A connection to a collector, used by one thread."""

    def send(self, request: bytes, timeout: float) -> Answer:
        """Send one encoded ExportTraceServiceRequest and wait for the answer, at most `timeout` seconds."""

    def close(self) -> None:
        """Give the connection back."""


def read_pem(path: str | None) -> bytes | None:
    """Return a certificate or key file. Raises `InputError`."""
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(f"cannot read the certificate or key {path}", why=error.strerror or str(error)) from error


def connect(settings: OtlpSettings) -> Transport:
    """Return the transport for these settings. Does not touch the network: a collector may come later."""
    if settings.protocol == "grpc":
        from ebpf_otlp_tracer.export.otlp_grpc import GrpcTransport  # noqa: PLC0415 - 23 MB when used

        return GrpcTransport(settings)
    from ebpf_otlp_tracer.export.otlp_http import HttpTransport  # noqa: PLC0415 - 7 MB when used

    return HttpTransport(settings)
