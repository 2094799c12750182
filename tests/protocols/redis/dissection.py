"""RESP as tshark dissects it: RESP2 only (4.0), and values that span packets only when all of them were captured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from conformance.exchanges import Attributes, Exchange, Request, Response

FILTER = "resp"
PORTS = (6379,)
_VALUES = {"resp.array", "resp.bulk_string", "resp.string", "resp.integer", "resp.error"}
_WORD = re.compile(r'"(?:\\.|[^"\\])*"(?:\.\.\.)?|\S+')


def messages(element: Element, from_client: bool | None) -> Iterator[Request | Response]:
    """Return the values of one dissected part; an array of strings from a client is a command."""
    for field in element.findall("field"):
        name = field.get("name")
        if name not in _VALUES:
            continue
        words = [_text(each) for each in field.findall("field") if each.get("name") == "resp.bulk_string"]
        if from_client is None:
            command = name == "resp.array" and bool(words) and words[0].isalpha()
        else:
            command = from_client
        if command:
            if words:
                yield Request(words[0].upper(), "\n".join(words[1:]))
        else:
            error = field.get("show", "").split(" ")[0] if name == "resp.error" else "ok"
            yield Response(error)


def _text(field: Element) -> str:
    value = field.find("field[@name='resp.bulk_string.value']")
    return "" if value is None else bytes.fromhex(value.get("value", "")).decode(errors="replace")


def exchange(attributes: Attributes) -> Exchange | None:
    """Return what a span says."""
    if attributes.get("db.system.name") != "redis":
        return None
    incomplete = attributes.get("ebpf_otlp_tracer.capture.incomplete") is True
    status = None if incomplete else str(attributes.get("db.response.status_code", attributes.get("error.type", "ok")))
    return Exchange(str(attributes.get("db.operation.name", "")), str(attributes.get("db.query.text", "")), status)


def agree(ours: Exchange, theirs: Exchange) -> bool:
    """Compare word by word: ours hides values as `?`, quotes odd keys, and shows options in capitals."""
    if ours.status != theirs.status:
        return False
    words = [theirs.operation, *theirs.target.split("\n")] if theirs.target else [theirs.operation]
    shown = _WORD.findall(ours.target)
    cut = bool(shown) and shown[-1] == "?..."
    if (len(shown) > len(words)) if cut else (len(shown) != len(words)):
        return False
    return all(_same(one, word) for one, word in zip(shown, words, strict=False))


def _same(shown: str, word: str) -> bool:
    if shown in {"?", "?..."} or shown.startswith('"'):
        return True
    if shown.endswith("..."):
        return word.startswith(shown[:-3])
    return shown.upper() == word.upper()
