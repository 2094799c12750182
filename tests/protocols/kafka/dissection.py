"""Kafka as tshark dissects it: heads of all requests, bodies only of versions that it knows (4.0: Fetch up to 11)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from conformance.exchanges import Attributes, Exchange, Request, Response

FILTER = "kafka"
PORTS = (9092,)

_BROKEN = {"kafka.pdu_length_mismatch", "_ws.malformed", "kafka.request_missing"}
_THEIR_NAMES = {"Offsets": "ListOffsets"}
_UNKNOWN = "?"


def messages(element: Element, from_client: bool | None) -> Iterator[Request | Response]:
    """Return the request or response of one dissected message, with its version and number as the target."""
    del from_client
    fields = {field.get("name"): field for field in reversed(list(element.iter("field")))}
    key, number = fields.get("kafka.request_key"), fields.get("kafka.correlation_id")
    if number is None:
        return
    if key is None:
        errors = {field.get("show") for field in element.iter("field") if field.get("name") == "kafka.error"}
        yield Response(_UNKNOWN if _is_unreadable(element) else "ok" if errors <= {"0"} else "error")
        return
    name = key.get("showname", "").removeprefix("API Key: ").split(" (")[0]
    version = fields["kafka.api_version"].get("show")
    yield Request(_THEIR_NAMES.get(name, name), f"v{version} {number.get('show')}")
    acks = fields.get("kafka.required_acks")
    if acks is not None and acks.get("show") == "0":
        yield Response("none")


def _is_unreadable(response: Element) -> bool:
    """Say whether tshark does not know the version, or lost its way in it."""
    unsupported = response.find("field[@name='kafka.response.version']//field[@name='kafka.unsupported_api_version']")
    return unsupported is not None or any(field.get("name") in _BROKEN for field in response.iter("field"))


def exchange(attributes: Attributes) -> Exchange | None:
    """Return what a span says."""
    if attributes.get("messaging.system") != "kafka":
        return None
    number, version = (attributes.get(f"ebpf_otlp_tracer.kafka.{key}") for key in ("correlation_id", "api_version"))
    status: str | None = "error" if "error.type" in attributes else "ok"
    if attributes.get("ebpf_otlp_tracer.kafka.acks") == 0:
        status = "none"
    if attributes.get("ebpf_otlp_tracer.capture.incomplete") is True:
        status = None
    return Exchange(str(attributes.get("messaging.operation.name", "")), f"v{version} {number}", status)


def agree(ours: Exchange, theirs: Exchange) -> bool:
    """Compare; what tshark cannot read it cannot judge."""
    same = (ours.operation, ours.target) == (theirs.operation, theirs.target)
    return same and theirs.status in {_UNKNOWN, ours.status}
