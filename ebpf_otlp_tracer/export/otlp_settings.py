"""Where and how to send OTLP: the standard OTEL_EXPORTER_OTLP_* variables and --otlp-endpoint, as one checked value.

A variable of the TRACES family replaces the general one; an empty one counts as unset; --otlp-endpoint replaces both
endpoints. Without a protocol the endpoint decides: port 4317 is gRPC, anything else HTTP/protobuf (OpenTelemetry's
default). Messages never show header values: they hold credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ebpf_otlp_tracer.errors import UsageError

GRPC = "grpc"
HTTP = "http/protobuf"
TRACES_PATH = "/v1/traces"
DEFAULT_TIMEOUT_SECONDS = 10.0
_GRPC_PORT = 4317
_GRPC_SCHEMES = ("unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "vsock:")


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """Everything a transport needs."""

    protocol: str
    endpoint: str
    """HTTP: the whole URL. gRPC: the target as the gRPC library names it."""
    secure: bool
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = DEFAULT_TIMEOUT_SECONDS
    gzip: bool = False
    certificate: str | None = None
    client_key: str | None = None
    client_certificate: str | None = None

    @property
    def title(self) -> str:
        """What messages call the collector."""
        return self.endpoint


def wanted(endpoint: str | None, environment: Mapping[str, str]) -> bool:
    """Say whether anything asks for OTLP: the option, or an endpoint in the environment."""
    return endpoint is not None or _variable(environment, "ENDPOINT") is not None


def read(endpoint: str | None, environment: Mapping[str, str]) -> OtlpSettings:
    """Put option and environment together. Raises `UsageError`."""
    as_is = False
    if endpoint is None:
        traces = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
        as_is = bool(traces)
        endpoint = traces or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    protocol = _protocol(environment, endpoint)
    if protocol == GRPC:
        target, secure = _grpc_target(endpoint, environment)
    else:
        target, secure = _http_url(endpoint, as_is=as_is)
    return OtlpSettings(
        protocol=protocol,
        endpoint=target,
        secure=secure,
        headers=_headers(_variable(environment, "HEADERS") or ""),
        timeout=_timeout(_variable(environment, "TIMEOUT")),
        gzip=_compression(_variable(environment, "COMPRESSION")),
        certificate=_variable(environment, "CERTIFICATE"),
        client_key=_variable(environment, "CLIENT_KEY"),
        client_certificate=_variable(environment, "CLIENT_CERTIFICATE"),
    )


def _variable(environment: Mapping[str, str], name: str) -> str | None:
    for prefix in ("OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"):
        value = environment.get(prefix + name, "").strip()
        if value:
            return value
    return None


def _protocol(environment: Mapping[str, str], endpoint: str) -> str:
    named = _variable(environment, "PROTOCOL")
    if named in (GRPC, HTTP):
        return named
    if named is not None:
        raise UsageError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL={named} is not spoken here",
            next_step=f"{GRPC} or {HTTP}; any collector has both",
        )
    if endpoint.startswith(_GRPC_SCHEMES):
        return GRPC
    return GRPC if _port(endpoint if "//" in endpoint else "//" + endpoint) == _GRPC_PORT else HTTP


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError as error:
        raise UsageError(f"the OTLP endpoint {url!r} has no valid port", why=str(error)) from error


def _grpc_target(endpoint: str, environment: Mapping[str, str]) -> tuple[str, bool]:
    insecure = (_variable(environment, "INSECURE") or "").lower() == "true"
    if endpoint.startswith(_GRPC_SCHEMES):
        return endpoint, not (insecure or endpoint.startswith("unix"))
    if "://" not in endpoint:
        return endpoint, not insecure
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise _bad_endpoint(endpoint)
    _port(endpoint)
    host = url.netloc.rpartition("@")[2]
    secure = url.scheme == "https"
    return (host if url.port else f"{host}:{443 if secure else 80}"), secure


def _http_url(endpoint: str, *, as_is: bool) -> tuple[str, bool]:
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise _bad_endpoint(endpoint)
    _port(endpoint)
    if not as_is and not url.path.rstrip("/").endswith(TRACES_PATH):
        url = url._replace(path=url.path.rstrip("/") + TRACES_PATH)
    return url.geturl(), url.scheme == "https"


def _bad_endpoint(endpoint: str) -> UsageError:
    return UsageError(
        f"the OTLP endpoint {endpoint!r} is no http or https URL",
        next_step="http://HOST:4317 (gRPC), http://HOST:4318 (HTTP/protobuf), or https://...",
    )


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    headers = []
    for position, pair in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        name, equals, value = pair.partition("=")
        name = unquote(name.strip()).lower()
        value = unquote(value.strip())
        if not equals or not name or any(character in name + value for character in "\r\n\0"):
            raise UsageError(
                f"OTEL_EXPORTER_OTLP_HEADERS: entry {position} is no name=value",
                next_step="name=value,name=value with special characters percent-encoded",
            )
        headers.append((name, value))
    return tuple(headers)


def _timeout(text: str | None) -> float:
    if text is None:
        return DEFAULT_TIMEOUT_SECONDS
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = -1.0
    if not 0 < milliseconds < 1e9:
        raise UsageError(
            f"OTEL_EXPORTER_OTLP_TIMEOUT={text} is no number of milliseconds", next_step="for example 10000"
        )
    return milliseconds / 1000


def _compression(text: str | None) -> bool:
    if text not in (None, "gzip", "none"):
        raise UsageError(f"OTEL_EXPORTER_OTLP_COMPRESSION={text} is not known", next_step="gzip or none")
    return text == "gzip"
