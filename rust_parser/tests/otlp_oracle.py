"""Reads what the Rust encoders wrote with the packages of the OpenTelemetry project and compares both encodings.

Usage: otlp_oracle.py FOLDER. The folder holds pairs `N.pb` and `N.json`. Exit code 3: the packages are not installed.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

try:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

IDS = {"traceId", "spanId", "parentSpanId"}


def to_protobuf_json(value: Any) -> Any:
    """OTLP JSON has ids in hexadecimal where the JSON of protobuf has base64."""
    if isinstance(value, list):
        return [to_protobuf_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in IDS else to_protobuf_json(item)
        for key, item in value.items()
    }


def main() -> None:
    """Compare every pair; the first difference is an assertion."""
    binaries = sorted(Path(sys.argv[1]).glob("*.pb"))
    spans = 0
    for binary in binaries:
        line = binary.with_suffix(".json").read_bytes()
        assert b"\n" not in line, f"{binary}: more than one line"
        from_protobuf = ExportTraceServiceRequest.FromString(binary.read_bytes())
        from_json = json_format.ParseDict(to_protobuf_json(json.loads(line)), ExportTraceServiceRequest())
        assert from_protobuf == from_json, f"{binary}: the encodings differ"
        again = from_protobuf.SerializeToString(deterministic=True)
        assert again == binary.read_bytes(), f"{binary}: not the bytes of the reference encoder"
        spans += sum(len(scope.spans) for group in from_json.resource_spans for scope in group.scope_spans)
    print(f"{len(binaries)} requests, {spans} spans")


if __name__ == "__main__":
    main()
