"""HTTP/1 as tshark dissects it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from conformance.exchanges import Attributes, Exchange, Request, Response

FILTER = "http"
PORTS = (80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710)


def messages(element: Element, from_client: bool | None) -> Iterator[Request | Response]:
    """Return the requests and final responses of one dissected part."""
    method = None
    for field in element.iter("field"):
        name, show = field.get("name"), field.get("show", "")
        if name == "http.request.method":
            method = show
        elif name == "http.request.uri" and method is not None:
            yield Request(method, show.split("?")[0])
            method = None
        elif name == "http.response.code" and (not show.startswith("1") or show == "101"):
            yield Response(show)


def exchange(attributes: Attributes) -> Exchange | None:
    """Return what a span says."""
    if attributes.get("network.protocol.name") != "http" or attributes.get("network.protocol.version") not in {
        "1.0",
        "1.1",
    }:
        return None
    method = attributes.get("http.request.method_original", attributes.get("http.request.method"))
    status = attributes.get("http.response.status_code")
    return Exchange(str(method), str(attributes.get("url.path", "")), None if status is None else str(status))


def agree(ours: Exchange, theirs: Exchange) -> bool:
    """Say whether both mean the same: a target may be a whole URL, or `host:port` and `*`, which are no path."""
    target = theirs.target.split("://", 1)[-1]
    target = target[target.find("/") :] if "/" in target else ""
    same_target = ours.target in {theirs.target, target}
    return same_target and ours.operation == theirs.operation and ours.status == theirs.status
