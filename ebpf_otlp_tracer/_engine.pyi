"""The Rust engine, as Python sees it: from kernel events or files to encoded spans. No network I/O.

Every class is used by one thread at a time (a `SpanBatch` may be handed to another thread). Calls that can take long
release the interpreter. Everything that can fail raises `EngineError` and nothing else.

`options_json` is one JSON object; an absent key means the engine's default::

    hooks         "auto" | "tp_btf" | "tracepoint"
    protocols     [names of the registry]; empty: all
    max_payload   bytes copied of one send or receive
    service_name  text or null: service.name of every span, instead of what the process says
    all           true: every process of the machine (but never the tracer itself)
    ports         [int]: a process that listens on one of them, now or later, is traced
    exe           [glob]: a process that runs such an executable later is traced (basename, or path if it has a "/")
    record        path or null: also write the events there
    record_only   true: write the events and build no spans
    ring_bytes    int or null: size of the ring buffer
"""

class EngineError(Exception):
    """What the engine could not do."""

    kind: str
    """One of "privilege", "kernel", "verifier", "input", "io", "usage"."""
    message: str
    """One sentence for people, with the values."""
    details: str
    """More of it (the verifier's log, the system's error); may be empty, may be long."""

class SpanBatch:
    """Finished spans, in the order in which they ended. Immutable."""

    def __len__(self) -> int:
        """How many spans."""

    def otlp_protobuf(self) -> bytes:
        """One ExportTraceServiceRequest; empty bytes for an empty batch."""

    def otlp_json(self) -> bytes:
        """Return the same in OTLP's JSON encoding, on one line and without the newline."""

    def rows(self) -> list[tuple[str, str, str, str, str, int, int, str, bool, str, str, str]]:
        """Return the columns that people look at, one tuple for each span.

        (trace_id hex, span_id hex, parent span_id hex or "", name, kind ("SERVER", "CLIENT", "PRODUCER", "CONSUMER"),
        start_unix_nano, end_unix_nano, service, error, status text, peer "addr:port", evidence of the parent)
        """

class Capture:
    """A live capture. Making it loads and attaches; it traces what `watch_process`, `all`, `ports` and `exe` name."""

    def __init__(self, options_json: str) -> None: ...
    def watch_process(self, pid: int) -> None:
        """Add a process (and its later children) to the kernel's filter. A process that has ended is no error."""

    def poll(self, timeout_ms: int) -> SpanBatch:
        """Wait for spans at most this long. Returns early when a batch is full; an empty batch when nothing ended.

        A full batch is about a megabyte encoded (2,000 spans): collectors accept 4 MB in one gRPC request by default.
        The interpreter is released while waiting.
        """

    def appeared(self) -> list[tuple[int, str]]:
        """Processes that ran exec since the last call, with the path of their executable."""

    def stop(self) -> SpanBatch:
        """Detach, drain the ring, close the recording: the last spans. A second call returns an empty batch."""

    def summary(self) -> str:
        """Return what happened so far, as a JSON object.

        {"spans": {protocol: n}, "events": n, "bytes_copied": n, "bytes_moved": n, "connections": n, "lost": {cause: n},
        "notices": n, "hooks": name, "hooks_refused": [text], "duration_ns": n}
        """

class Replay:
    """Reads recordings and packet captures, as one stream."""

    def __init__(self, paths: list[str], options_json: str) -> None: ...
    def next(self, max_spans: int) -> SpanBatch | None:
        """Return at most this many spans; None at the end. Batches are never empty."""

    def summary(self) -> str:
        """Return the same keys as `Capture.summary` plus "warnings": [text] and "damaged_files": n."""

def protocols() -> list[tuple[str, str, str]]:
    """Return the registry of protocols: (name for --protocol, title, what is covered)."""
