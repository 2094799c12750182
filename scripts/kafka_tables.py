"""Makes protocol_parsers/src/kafka/layouts.rs from the message definitions that the Kafka client's jars carry.

Usage: python3 scripts/kafka_tables.py OLD_DIR NEW_DIR > protocol_parsers/src/kafka/layouts.rs

Each directory holds the unpacked common/message/*.json of one kafka-clients jar: an old one for the versions that newer
brokers dropped (3.9.1) and the newest (4.2.0). Only what is needed to walk a message and the meaning of its fields goes
into the table. Messages outside of WHOLE end with REST after their last field that means something.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

Definition = dict[str, Any]
FOREVER = 32767
FIXED = {"bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "float64": 8, "uuid": 16}
SCALARS = {"int8": "I8", "bool": "I8", "int16": "I16", "int32": "I32", "int64": "I64", "uuid": "Uuid"}

# Requests and responses that are walked to their very end, so that their length can be checked.
WHOLE = {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 17, 18, 22, 24, 25, 26, 28, 36, 68}

# (api, direction, path) to meaning; "*" stands for any. The path is the field's, without the versions.
MEANINGS: dict[tuple[str, str], dict[str, str]] = {
    ("Produce", "request"): {"Acks": "Acks", "TopicData.PartitionData.Records": "Records"},
    ("Produce", "response"): {"Responses.PartitionResponses.BaseOffset": "Offset"},
    ("Fetch", "request"): {
        "SessionEpoch": "SessionEpoch",
        "Topics.Partitions.FetchOffset": "Offset",
        "ForgottenTopicsData.Topic": "ForgottenTopic",
        "ForgottenTopicsData.TopicId": "ForgottenTopic",
        "ForgottenTopicsData.Partitions": "ForgottenPartition",
    },
    ("Fetch", "response"): {"Responses.Partitions.Records": "Records"},
    ("ShareFetch", "response"): {"Responses.Partitions.Records": "Records"},
    ("ListOffsets", "response"): {"Topics.Partitions.Offset": "Offset"},
    ("OffsetCommit", "request"): {"Topics.Partitions.CommittedOffset": "Offset"},
    ("TxnOffsetCommit", "request"): {"Topics.Partitions.CommittedOffset": "Offset"},
    ("OffsetFetch", "response"): {
        "Topics.Partitions.CommittedOffset": "Offset",
        "Groups.Topics.Partitions.CommittedOffset": "Offset",
    },
    ("FindCoordinator", "request"): {"Key": "Key", "KeyType": "KeyType", "CoordinatorKeys": "Key"},
    ("EndTxn", "request"): {"Committed": "Committed"},
    ("DeleteRecords", "request"): {"Topics.Partitions.Offset": "Offset"},
}
TOPIC_NAMES = {"topicName"}
PARTITION_NAMES = {"Index", "Partition", "PartitionIndex", "PartitionId", "Partitions", "PartitionIndexes"}
# Responses that list what exists and not what was asked for: their names are learned and never shown.
DIRECTORIES = {("Metadata", "response"), ("DescribeTopicPartitions", "response")}


def load(directory: str) -> dict[tuple[int, str], Definition]:
    """Reads all requests and responses of a directory."""
    found: dict[tuple[int, str], Definition] = {}
    for path in Path(directory).glob("*.json"):
        text = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE)
        definition = json.loads(text)
        if definition["type"] in ("request", "response"):
            if found.get((definition["apiKey"], definition["type"])):
                raise ValueError(path)
            found[definition["apiKey"], definition["type"]] = definition
    return found


def versions(text: str | None) -> tuple[int, int] | None:
    """First and last version of "3-5", "3+", "3"."""
    if text is None or text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), FOREVER
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def common_structs(definition: Definition) -> dict[str, list[Definition]]:
    """The structs that fields may refer to by name."""
    return {struct["name"]: struct["fields"] for struct in definition.get("commonStructs", [])}


def resolve(fields: list[Definition], structs: dict[str, list[Definition]]) -> list[Definition]:
    """Puts the fields of common structs where they are used."""
    result = []
    for field in fields:
        kind = field["type"].removeprefix("[]")
        inner = field.get("fields") or structs.get(kind)
        result.append({**field, "fields": resolve(inner, structs)} if inner else field)
    return result


def merge(old: list[Definition], new: list[Definition], last: int) -> list[Definition]:
    """The new fields, and among them the old ones that were dropped. The new ones know nothing up to version `last`."""
    names = [field["name"] for field in new]
    result = list(new)
    for at, field in enumerate(old):
        if span_of(field)[0] > last:
            continue
        if field["name"] in names:
            twin = next(one for one in result if one["name"] == field["name"])
            place = result.index(twin)
            first = min(span_of(twin)[0], span_of(field)[0])
            end = span_of(twin)[1]
            joined = {**twin, "versions": f"{first}-{end}"}
            if "fields" in twin and "fields" in field:
                joined["fields"] = merge(field["fields"], twin["fields"], last)
            result[place] = joined
        else:
            first, end = span_of(field)
            before = old[at - 1]["name"] if at else None
            place = 1 + next((i for i, one in enumerate(result) if one["name"] == before), -1)
            result.insert(place, {**field, "versions": f"{first}-{min(end, last)}"})
    return result


def span_of(field: Definition) -> tuple[int, int]:
    """Versions of a field; tagged fields stand elsewhere."""
    return versions(field["versions"]) or (0, -1)


class Layout:
    """Writes the fields of one message."""

    def __init__(self, name: str, direction: str, flexible: int, whole: bool) -> None:
        self.name = name
        self.direction = direction
        self.flexible = flexible
        self.whole = whole

    def meaning(self, path: str, field: Definition) -> str:
        """What a field is for."""
        special = MEANINGS.get((self.name, self.direction), {}).get(path)
        if special:
            return special
        name, kind = field["name"], field["type"]
        if "Cursor" in path:  # Where a listing goes on.
            return "Nothing"
        own = "" if (self.name, self.direction) not in DIRECTORIES else "Listed"
        within = {self.meaning(f"{path}.{one['name']}", one) for one in field.get("fields", [])}
        if kind.startswith("[]") and within & {own + "Topic", own + "TopicId"}:
            return own + "Topics"
        entity, element = field.get("entityType"), kind.removeprefix("[]")
        response = self.direction == "response"
        rules = {
            own + "Topic": entity in TOPIC_NAMES
            or (kind == "string" and (name in ("Topic", "TopicName") or path == "Topics.Name")),
            own + "TopicId": name in ("TopicId", "TopicIds") and element == "uuid",
            "Group": entity == "groupId" and element == "string",
            "Transaction": entity == "transactionalId" and not response,
            "Error": name.endswith("ErrorCode") and kind == "int16" and response,
            "Throttle": name == "ThrottleTimeMs" and kind == "int32",
            "Partition": name in PARTITION_NAMES and element == "int32" and "." in path and not own,
        }
        return next((meaning for meaning, holds in rules.items() if holds), "Nothing")

    def means(self, path: str, field: Definition) -> bool:
        """Whether anything in this field means something."""
        if self.meaning(path, field) != "Nothing":
            return True
        return any(self.means(f"{path}.{one['name']}", one) for one in field.get("fields", []))

    def fields(self, fields: list[Definition], path: str, first: int, last: int) -> list[str]:
        """One line or block for each field."""
        lines: list[str] = []
        fields = [field for field in fields if "tag" not in field]
        gap: list[int] | None = None  # Bytes that mean nothing, and their versions.

        def flush() -> None:
            nonlocal gap
            if gap:
                lines.append(entry(f"Fixed({gap[0]})", "Nothing", gap[1], gap[2]))
            gap = None

        for field in fields:
            inside = f"{path}.{field['name']}" if path else field["name"]
            begin, end = span_of(field)
            begin, end = max(begin, first), min(end, last)
            if begin > end:
                continue
            if begin == first:
                begin = 0
            if end == last:
                end = FOREVER
            meaning = self.meaning(inside, field)
            kind = field["type"]
            if kind in FIXED and meaning == "Nothing":
                if gap and gap[1:] == [begin, end]:
                    gap[0] += FIXED[kind]
                else:
                    flush()
                    gap = [FIXED[kind], begin, end]
                continue
            flush()
            lines += self.field(field, inside, (begin, end), (first, last))
        flush()
        return lines

    def field(self, field: Definition, path: str, span: tuple[int, int], known: tuple[int, int]) -> list[str]:
        """One field."""
        kind, meaning = field["type"], self.meaning(path, field)
        begin, end = span
        element = kind.removeprefix("[]")
        inner = field.get("fields")
        if inner:
            low, high = max(known[0], begin), min(known[1], end)
            nested = self.fields(inner, path, low, high)
            wrap = "Array" if kind.startswith("[]") else ("Optional" if field.get("nullableVersions") else "Struct")
            head, tail = entry(f"{wrap}(&[", meaning, begin, end, closing="])").split("\0")
            return [head, *nested, tail]
        scalar = SCALARS.get(element) or {"string": "String"}.get(element, "Bytes")
        if element in FIXED and meaning == "Nothing":
            scalar = f"Fixed({FIXED[element]})"
        if meaning == "Records":
            scalar = "Batches"
        return [entry(f"List(&{scalar})" if kind.startswith("[]") else scalar, meaning, begin, end)]

    def message(self, fields: list[Definition], first: int, last: int) -> list[str]:
        """All of it."""
        if not self.whole:
            kept = [at for at, field in enumerate(fields) if "tag" not in field and self.means(field["name"], field)]
            fields = fields[: kept[-1] + 1] if kept else []
            lines = self.fields(fields, "", first, last)
            return [*lines, "REST,"] if lines else []
        return self.fields(fields, "", first, last)


def entry(kind: str, meaning: str, begin: int, end: int, closing: str = "") -> str:
    """A field as Rust has it."""
    middle = "\0" if closing else ""
    if end == FOREVER:
        if begin == 0:
            return f"always({kind}{middle}{closing}, {meaning}),"
        return f"since({begin}, {kind}{middle}{closing}, {meaning}),"
    return f"between({begin}, {end}, {kind}{middle}{closing}, {meaning}),"


def main() -> None:
    """Prints the table."""
    old, new = load(sys.argv[1]), load(sys.argv[2])
    keys = sorted({key for key, _ in [*old, *new]})
    apis, layouts = [], []
    for key in keys:
        names = {}
        for direction in ("request", "response"):
            recent, former = new.get((key, direction)), old.get((key, direction))
            spans = [versions(one["validVersions"]) for one in (former, recent) if one]
            known = [span for span in spans if span]
            definition = recent if recent and versions(recent["validVersions"]) else former
            if definition is None:
                raise ValueError(key)
            name = definition["name"].removesuffix("Request").removesuffix("Response")
            first, last = min(span[0] for span in known), max(span[1] for span in known)
            flexible = (versions(definition.get("flexibleVersions")) or (FOREVER, 0))[0]
            fields = resolve(definition["fields"], common_structs(definition))
            if former and former is not definition:
                unknown = (versions(definition["validVersions"]) or (0, 0))[0] - 1
                fields = merge(resolve(former["fields"], common_structs(former)), fields, unknown)
            layout = Layout(name, direction, flexible, key in WHOLE)
            lines = layout.message(fields, first, last)
            constant = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_" + direction.upper()
            if lines:
                layouts.append(f"static {constant}: &[Field] = &[\n" + "\n".join(lines) + "\n];\n")
            names[direction] = constant if lines else "NOTHING"
            about = (name, last, flexible)
        name, last, flexible = about
        flexible_text = "NEVER" if flexible == FOREVER else str(flexible)
        apis.append(f'Api::new({key}, "{name}", {last}, {flexible_text}, {names["request"]}, {names["response"]}),')
    print(HEAD)
    print("pub(super) static APIS: &[Api] = &[\n" + "\n".join(apis) + "\n];\n")
    print("\n".join(layouts))


HEAD = """//! Every request of Kafka up to 4.2: names, versions, and how the bodies are laid out. Made by
//! `scripts/kafka_tables.py`; do not edit.
#![allow(clippy::enum_glob_use)] // A table: the names alone are what one reads.

use super::layout::Kind::*;
use super::layout::Meaning::*;
use super::layout::{always, between, since, Api, Field, NEVER, NOTHING, REST};

/// All of them; the key is the place."""

if __name__ == "__main__":
    main()
