"""OTLP over gRPC: a generic unary call that carries the engine's bytes as they are."""

from __future__ import annotations

import grpc

from ebpf_otlp_tracer.export.otlp_settings import OtlpSettings
from ebpf_otlp_tracer.export.otlp_transport import USER_AGENT, Answer, Outcome, read_pem
from ebpf_otlp_tracer.export.otlp_wire import rejected_spans, retry_delay

_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_RETRYABLE = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""As the OTLP specification lists them; RESOURCE_EXHAUSTED only with a RetryInfo."""
_OPTIONS = (
    ("grpc.primary_user_agent", USER_AGENT),
    ("grpc.enable_retries", 0),  # we do it, and count it
    # The library reconnects at its own pace, up to 2 minutes apart: too long for "the collector is back".
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_send_message_length", -1),
)


class GrpcTransport:
    """One channel."""

    def __init__(self, settings: OtlpSettings) -> None:
        if settings.secure:
            credentials = grpc.ssl_channel_credentials(
                root_certificates=read_pem(settings.certificate),
                private_key=read_pem(settings.client_key),
                certificate_chain=read_pem(settings.client_certificate),
            )
            self._channel = grpc.secure_channel(settings.endpoint, credentials, options=_OPTIONS)
        else:
            self._channel = grpc.insecure_channel(settings.endpoint, options=_OPTIONS)
        # No serializers: bytes in, bytes out.
        self._export = self._channel.unary_unary(_METHOD, request_serializer=None, response_deserializer=None)
        self._metadata = settings.headers
        self._compression = grpc.Compression.Gzip if settings.gzip else grpc.Compression.NoCompression

    def send(self, request: bytes, timeout: float) -> Answer:
        """Send one request."""
        try:
            response: bytes = self._export(
                request, timeout=timeout, metadata=self._metadata, compression=self._compression
            )
        except grpc.RpcError as error:
            return _answer(error)
        rejected, words = rejected_spans(response)
        return Answer(Outcome.DELIVERED, words, rejected=rejected)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _answer(error: grpc.RpcError) -> Answer:
    code = error.code()
    details = error.details() or ""
    words = f"{code.name}: {details}" if details else code.name
    delay = None
    for datum in error.trailing_metadata() or ():
        if datum.key == "grpc-status-details-bin" and isinstance(datum.value, bytes):
            delay = retry_delay(datum.value)
    if code in _RETRYABLE:
        return Answer(Outcome.RETRY, words, delay)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        if delay is not None:
            return Answer(Outcome.RETRY, words, delay)
        # The receiver's message limit has the same code and only its words to tell it apart (grpc-go, grpc core, java).
        if "larger than" in details or "exceeds maximum" in details:
            return Answer(Outcome.TOO_LARGE, words)
    return Answer(Outcome.REFUSED, words)
