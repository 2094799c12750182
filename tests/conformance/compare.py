"""Compares our engine with tshark, exchange by exchange: `python -m conformance.compare DIRECTORY [--protocol NAME]`.

Exit code 1 when a difference is not explained in `tests/protocols/<name>/DIFFERENCES.md`: a line
`- capture stream: why`, where the capture is the end of its path and the stream is `address:port-address:port` or `*`.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from conformance.exchanges import Dissection, Exchange, Stream, dissection
from conformance.readers import captures, ours, theirs
from conformance.recipes import PROTOCOLS, protocols_with

SHOWN = 20
"""Differences that are printed."""
_EXPLANATION = re.compile(r"- `(?P<capture>[^`]+)` `(?P<stream>[^`]+)`: \S")


@dataclass(slots=True)
class Tally:
    """What was found of one protocol."""

    files: int = 0
    exchanges: int = 0
    """As tshark counts them."""
    agreed: int = 0
    missing: int = 0
    extra: int = 0
    differing: int = 0
    explained: int = 0
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Explanations:
    """The differences of a protocol that are understood."""

    known: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, protocol: str) -> Explanations:
        """Read DIFFERENCES.md."""
        path = PROTOCOLS / protocol / "DIFFERENCES.md"
        lines = path.read_text().splitlines() if path.exists() else []
        matches = (_EXPLANATION.match(line) for line in lines)
        return cls(frozenset((match["capture"], match["stream"]) for match in matches if match))

    def cover(self, capture: Path, stream: Stream) -> bool:
        """Say whether a stream's differences are explained."""
        names = {str(capture).endswith(known) and at in {"*", "-".join(stream)} for known, at in self.known}
        return True in names


def main() -> int:
    """Compare all captures, print the table."""
    parser = argparse.ArgumentParser(prog="scripts/conformance", description="Compare our engine with tshark.")
    parser.add_argument("directory", type=Path, help="packet captures, or a folder of them")
    parser.add_argument("--protocol", action="append", choices=protocols_with("dissection"), help="only this one")
    options = parser.parse_args()
    found = captures(options.directory)
    if not found:
        print(f"{options.directory}: no packet captures", file=sys.stderr)
        return 2
    tallies = {name: _compare_all(name, found) for name in options.protocol or protocols_with("dissection")}
    columns = ("files", "exchanges", "agreed", "missing", "extra", "differing", "explained")
    print(f"{'protocol':<10}" + "".join(f"{column:>11}" for column in columns))
    for name, tally in tallies.items():
        print(f"{name:<10}" + "".join(f"{getattr(tally, column):>11}" for column in columns))
    lines = [line for tally in tallies.values() for line in tally.lines]
    for line in lines[:SHOWN]:
        print(line)
    if len(lines) > SHOWN:
        print(f"... and {len(lines) - SHOWN} more")
    return 1 if lines else 0


def _compare_all(protocol: str, found: list[Path]) -> Tally:
    tally, reader, explanations = Tally(), dissection(protocol), Explanations.read(protocol)
    for capture in found:
        mine, ports = ours(capture, reader)
        other = theirs(capture, reader, ports)
        if mine or other:
            tally.files += 1
        for stream in sorted(mine.keys() | other.keys()):
            explained = explanations.cover(capture, stream)
            for line in _compare(mine.get(stream, []), other.get(stream, []), reader, tally):
                if explained:
                    tally.explained += 1
                else:
                    tally.lines.append(f"{protocol} {capture.name} {'-'.join(stream)}: {line}")
    return tally


class _Same:
    """An exchange that equals those that mean the same."""

    def __init__(self, exchange: Exchange, reader: Dissection) -> None:
        self.exchange, self._reader = exchange, reader

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._reader.agree(self.exchange, other.exchange)

    def __hash__(self) -> int:
        return hash(self.exchange.operation.split()[0])


def _compare(mine: list[Exchange], other: list[Exchange], reader: Dissection, tally: Tally) -> list[str]:
    """Return the differences of one stream, and count."""
    tally.exchanges += len(other)
    matcher = difflib.SequenceMatcher(
        None, [_Same(one, reader) for one in mine], [_Same(one, reader) for one in other], autojunk=False
    )
    lines = []
    for kind, from_mine, to_mine, from_other, to_other in matcher.get_opcodes():
        if kind == "equal":
            tally.agreed += to_mine - from_mine
            continue
        left, right = mine[from_mine:to_mine], other[from_other:to_other]
        both = min(len(left), len(right))
        tally.differing += both
        tally.extra += len(left) - both
        tally.missing += len(right) - both
        lines += [f"ours {one} / tshark {two}" for one, two in zip(left, right, strict=False)]
        lines += [f"extra {one}" for one in left[both:]]
        lines += [f"missing {one}" for one in right[both:]]
    return lines


if __name__ == "__main__":
    sys.exit(main())
