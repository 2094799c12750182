from __future__ import annotations

import pytest

from ebpf_otlp_tracer.errors import UsageError
from ebpf_otlp_tracer.export.otlp_settings import GRPC, HTTP, read, wanted

P = "OTEL_EXPORTER_OTLP_"


@pytest.mark.parametrize(
    ("option", "variables", "protocol", "endpoint", "secure"),
    [
        ("http://c:4317", {}, GRPC, "c:4317", False),
        ("https://c:4317", {}, GRPC, "c:4317", True),
        ("http://c:4318", {}, HTTP, "http://c:4318/v1/traces", False),
        ("https://c/otlp/", {}, HTTP, "https://c/otlp/v1/traces", True),
        ("http://c:4318/v1/traces", {}, HTTP, "http://c:4318/v1/traces", False),
        ("http://c:9000", {"PROTOCOL": "grpc"}, GRPC, "c:9000", False),
        ("https://c", {"PROTOCOL": "grpc"}, GRPC, "c:443", True),
        ("http://[::1]:4317", {}, GRPC, "[::1]:4317", False),
        ("c:4317", {}, GRPC, "c:4317", True),
        ("c:4317", {"INSECURE": "true"}, GRPC, "c:4317", False),
        ("unix:///run/c.sock", {}, GRPC, "unix:///run/c.sock", False),
        (None, {"ENDPOINT": "http://c:4318/base"}, HTTP, "http://c:4318/base/v1/traces", False),
        (None, {"TRACES_ENDPOINT": "http://c:4318/as/is"}, HTTP, "http://c:4318/as/is", False),
        (None, {"ENDPOINT": "http://a:4318", "TRACES_ENDPOINT": "http://b:4317"}, GRPC, "b:4317", False),
        ("http://o:4318", {"TRACES_ENDPOINT": "http://b:4317"}, HTTP, "http://o:4318/v1/traces", False),
        ("http://c:4317/v1/traces", {"TRACES_PROTOCOL": HTTP, "PROTOCOL": GRPC}, HTTP, "http://c:4317/v1/traces", 0),
    ],
)  # fmt: skip
def test_option_and_variables_give_the_endpoint(
    option: str | None, variables: dict[str, str], protocol: str, endpoint: str, secure: bool
) -> None:
    settings = read(option, {P + name: value for name, value in variables.items()})
    assert (settings.protocol, settings.endpoint, settings.secure) == (protocol, endpoint, secure)


def test_variables_of_the_traces_family_win_and_empty_ones_are_unset() -> None:
    environment = {
        P + "HEADERS": "a=general",
        P + "TRACES_HEADERS": "Authorization=Bearer%20x%3D%2C,b=",
        P + "TIMEOUT": "2500",
        P + "TRACES_TIMEOUT": "",
        P + "COMPRESSION": "gzip",
        P + "TRACES_COMPRESSION": "none",
        P + "CERTIFICATE": "/ca.pem",
        P + "CLIENT_KEY": "/key.pem",
        P + "TRACES_CLIENT_CERTIFICATE": "/cert.pem",
    }
    settings = read("http://c:4318", environment)
    assert settings.headers == (("authorization", "Bearer x=,"), ("b", ""))
    assert settings.timeout == 2.5
    assert not settings.gzip
    assert (settings.certificate, settings.client_key, settings.client_certificate) == (
        "/ca.pem",
        "/key.pem",
        "/cert.pem",
    )


@pytest.mark.parametrize(
    ("option", "variables", "words"),
    [
        ("collector", {}, "no http or https URL"),
        ("ftp://c:21", {}, "no http or https URL"),
        ("http://", {}, "no http or https URL"),
        ("http://c:70000", {}, "no valid port"),
        ("http://c:4318", {"PROTOCOL": "http/json"}, "not spoken"),
        ("http://c:4318", {"COMPRESSION": "zstd"}, "COMPRESSION"),
        ("http://c:4318", {"TIMEOUT": "10s"}, "milliseconds"),
        ("http://c:4318", {"HEADERS": "a=1,secret"}, "entry 2"),
        ("http://c:4318", {"HEADERS": "a=1%0d%0aHost: evil"}, "entry 1"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(option: str, variables: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read(option, {P + name: value for name, value in variables.items()})
    assert "secret" not in caught.value.text()


def test_otlp_is_wanted_when_the_option_or_an_endpoint_is_there() -> None:
    assert wanted("http://c", {})
    assert wanted(None, {P + "ENDPOINT": "http://c"})
    assert wanted(None, {P + "TRACES_ENDPOINT": "http://c"})
    assert not wanted(None, {P + "PROTOCOL": "grpc", P + "ENDPOINT": " "})
