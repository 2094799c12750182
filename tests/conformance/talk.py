"""Runs one case against a server: `python -m conformance.talk PROTOCOL CASE PORT SECOND_PORT DIRECTORY`."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.recipes import Setting, load


def main() -> None:
    """Talk."""
    protocol, case, port, second_port, directory = sys.argv[1:]
    setting = Setting(Path(directory), int(port), int(second_port), sys.executable)
    load(protocol).cases[case].talk(setting)


if __name__ == "__main__":
    main()
