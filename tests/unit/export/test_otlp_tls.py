"""Both transports against a TLS server with a certificate of our own, with and without client certificates."""

from __future__ import annotations

import datetime
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from conftest import said
from fake_engine import SpanBatch
from test_otlp import GrpcCollector, HttpCollector, impatient  # noqa: F401

from ebpf_otlp_tracer.errors import InputError
from ebpf_otlp_tracer.export import otlp_settings
from ebpf_otlp_tracer.export.otlp import Limits, OtlpExporter
from ebpf_otlp_tracer.export.otlp_transport import connect
from ebpf_otlp_tracer.export.spans import Spans
from ebpf_otlp_tracer.export.way_out import Surroundings

x509 = pytest.importorskip("cryptography.x509", reason="the certificates of this test are made with cryptography")
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for localhost, and its key."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("pem")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


class TlsGrpcCollector(GrpcCollector):
    def secure(self, certificate: str, key: str) -> None:
        cert, private = Path(certificate).read_bytes(), Path(key).read_bytes()
        self.start(credentials=grpc.ssl_server_credentials([(private, cert)], cert, require_client_auth=True))


class TlsHttpCollector(HttpCollector):
    def secure(self, certificate: str, key: str) -> None:
        self.start()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        # The connection is wrapped where it is served, so that a refused handshake ends no other.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]


@pytest.mark.parametrize("kind", [TlsGrpcCollector, TlsHttpCollector])
def test_spans_travel_over_mutual_tls(
    kind: type[TlsGrpcCollector | TlsHttpCollector],
    pem: tuple[str, str],
    surroundings: Callable[..., Surroundings],
) -> None:
    certificate, key = pem
    collector = kind()
    collector.secure(certificate, key)
    around = surroundings()
    environment = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": kind.protocol,
        "OTEL_EXPORTER_OTLP_CERTIFICATE": certificate,
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": certificate,
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": key,
    }
    settings = otlp_settings.read(f"https://127.0.0.1:{collector.port}", environment)
    out = OtlpExporter(connect(settings), settings.title, 5, Limits(flush_seconds=5), around)
    out.write(Spans(SpanBatch(0, 4)))
    lines = out.close().lines
    collector.stop()
    assert collector.ids == [1, 2, 3, 4], said(around)
    assert lines[0].startswith("4 spans delivered")


def test_a_certificate_nobody_vouches_for_keeps_the_spans_here(
    pem: tuple[str, str], surroundings: Callable[..., Surroundings]
) -> None:
    collector = TlsHttpCollector()
    collector.secure(*pem)
    around = surroundings()
    settings = otlp_settings.read(f"https://127.0.0.1:{collector.port}/v1/traces", {})
    out = OtlpExporter(connect(settings), settings.title, 5, Limits(flush_seconds=0.3), around)
    out.write(Spans(SpanBatch(0, 4)))
    until = time.monotonic() + 5
    while "certificate" not in said(around) and time.monotonic() < until:
        threading.Event().wait(0.01)
    out.close()
    collector.stop()
    assert collector.ids == []
    assert "CERTIFICATE_VERIFY_FAILED" in said(around)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_missing_certificate_file_is_named_at_the_start(protocol: str) -> None:
    environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/ca.pem"}
    with pytest.raises(InputError, match=r"/no/such/ca\.pem"):
        connect(otlp_settings.read("https://localhost:1", environment))
