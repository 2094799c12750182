"""PostgreSQL as tshark dissects it: message by message. Several statements in one simple query are beyond it.

tshark does not say which statement an Execute runs, so how many there are and how each ended is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from conformance.exchanges import Attributes, Exchange, Request, Response

FILTER = "pgsql"
PORTS = (5432,)
_DONE = {"Command completion", "Portal suspended", "Empty query"}


def messages(element: Element, from_client: bool | None) -> Iterator[Request | Response]:
    """Return what runs a statement, and what ends one."""
    fields = {field.get("name"): field.get("show", "") for field in element.iter("field")}
    kind = fields.get("pgsql.type")
    if fields.get("pgsql.frontend") == "1":
        if kind == "Simple query":
            yield Request("statement", fields.get("pgsql.query", ""))
        elif kind == "Execute":
            yield Request("statement", "")
    elif kind in _DONE:
        yield Response("ok")
    elif kind == "Error":
        yield Response(fields.get("pgsql.code", ""))


def exchange(attributes: Attributes) -> Exchange | None:
    """Return what a span says."""
    if attributes.get("db.system.name") != "postgresql":
        return None
    incomplete = attributes.get("ebpf_otlp_tracer.capture.incomplete") is True
    status = None if incomplete else str(attributes.get("db.response.status_code", "ok"))
    return Exchange("statement", str(attributes.get("db.query.text", "")), status)


def agree(ours: Exchange, theirs: Exchange) -> bool:
    """Compare the status. Texts cannot be: ours lack literals, tshark's Execute lacks the statement."""
    return ours.status == theirs.status
