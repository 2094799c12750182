"""OTLP over HTTP/protobuf with the standard library: one connection kept alive. No proxies, no redirects."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
import zlib
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ebpf_otlp_tracer.errors import InputError
from ebpf_otlp_tracer.export.otlp_settings import OtlpSettings
from ebpf_otlp_tracer.export.otlp_transport import USER_AGENT, Answer, Outcome, read_pem
from ebpf_otlp_tracer.export.otlp_wire import rejected_spans, status_message

_RETRYABLE = frozenset({429, 502, 503, 504})
"""As the OTLP specification lists them."""
_MAX_ANSWER = 64 * 1024
"""An answer holds a count and a sentence; a longer one is not read."""
_GZIP_LEVEL, _GZIP_WINDOW = 3, 31


class HttpTransport:
    """One connection, made when it is needed."""

    def __init__(self, settings: OtlpSettings) -> None:
        url = urlsplit(settings.endpoint)
        self._host = url.hostname or ""
        self._port = url.port
        self._path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._gzip = settings.gzip
        self._headers = {"user-agent": USER_AGENT, **dict(settings.headers), "content-type": "application/x-protobuf"}
        if settings.gzip:
            self._headers["content-encoding"] = "gzip"
        self._tls = _tls_context(settings) if settings.secure else None
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: bytes, timeout: float) -> Answer:
        """Send one request. A kept connection that the collector closed meanwhile costs a second try, not a failure."""
        if self._gzip:
            stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
            request = stream.compress(request) + stream.flush()
        reused = self._connection is not None
        try:
            return self._send_once(request, timeout)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            if not reused:
                return _away(error)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _away(error)
        try:
            return self._send_once(request, timeout)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _away(error)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def _send_once(self, request: bytes, timeout: float) -> Answer:
        if self._connection is None:
            if self._tls is not None:
                self._connection = http.client.HTTPSConnection(self._host, self._port, context=self._tls)
            else:
                self._connection = http.client.HTTPConnection(self._host, self._port)
        connection = self._connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request("POST", self._path, body=request, headers=self._headers)
        response = connection.getresponse()
        body = response.read(_MAX_ANSWER)
        if response.will_close or not response.isclosed():
            self.close()
        return _answer(response.status, response.reason, response.getheader("retry-after"), body)


def _away(error: BaseException) -> Answer:
    return Answer(Outcome.RETRY, str(error) or type(error).__name__)


def _answer(status: int, reason: str, retry_after: str | None, body: bytes) -> Answer:
    if 200 <= status < 300:
        rejected, words = rejected_spans(body)
        return Answer(Outcome.DELIVERED, words, rejected=rejected)
    said = status_message(body)
    words = f"HTTP {status} {reason}" + (f": {said}" if said else "")
    if status in _RETRYABLE:
        return Answer(Outcome.RETRY, words, _seconds(retry_after))
    return Answer(Outcome.TOO_LARGE if status == 413 else Outcome.REFUSED, words)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After: seconds or a date. `None` when absent or unreadable."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _tls_context(settings: OtlpSettings) -> ssl.SSLContext:
    read_pem(settings.certificate)  # a missing file is named; the ssl module would not
    read_pem(settings.client_certificate)
    read_pem(settings.client_key)
    try:
        context = ssl.create_default_context(cafile=settings.certificate)
        if settings.client_certificate is not None:
            context.load_cert_chain(settings.client_certificate, settings.client_key)
    except (ssl.SSLError, OSError) as error:
        raise InputError("the OTLP certificates cannot be used", why=str(error)) from error
    return context
