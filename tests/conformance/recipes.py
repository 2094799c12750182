"""What a recipe is made of: servers, and cases that talk to them. One in `tests/protocols/<name>/recipe.py`.

A case runs in a process of its own, with the Python of the recipe's own virtual environment: packages are imported
inside the functions that need them, because the recorder imports the recipe too.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROTOCOLS = Path(__file__).parent.parent / "protocols"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a server runs and a case talks to."""

    directory: Path
    """Temporary, its own."""
    port: int
    """On the loopback, free until now."""
    second_port: int
    """Another one, for what stands behind the server."""
    python: str
    """The Python of the recipe's virtual environment."""


Server = Callable[[Setting], list[list[str]]]
"""Writes its files into the directory and returns the command lines to run, the one that listens on `port` last."""
Talk = Callable[[Setting], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One recording."""

    name: str
    about: str
    server: Server
    talk: Talk
    both: bool
    """The clients are traced too."""


@dataclass(slots=True)
class Recipe:
    """How the recordings of a protocol are made."""

    packages: Sequence[str] = ()
    """From PyPI, with versions."""
    programs: Sequence[Sequence[str]] = ()
    """Commands that print the version of what is recorded."""
    cases: dict[str, Case] = field(default_factory=dict)

    def case(self, name: str, server: Server, *, both: bool = False) -> Callable[[Talk], Talk]:
        """Register a function that talks to a server; its docstring says what it shows."""

        def register(talk: Talk) -> Talk:
            if name in self.cases:
                raise ValueError(f"two cases have the name {name}")
            about = " ".join((talk.__doc__ or "").split())
            self.cases[name] = Case(name, about, server, talk, both)
            return talk

        return register


def load(protocol: str) -> Recipe:
    """Return the recipe of a protocol."""
    recipe = importlib.import_module(f"protocols.{protocol}.recipe").RECIPE
    if not isinstance(recipe, Recipe):
        raise TypeError(f"protocols/{protocol}/recipe.py: RECIPE is no Recipe")
    return recipe


def protocols_with(module: str) -> list[str]:
    """Return the protocols that have this Python module."""
    folders = (info.name for info in pkgutil.iter_modules([str(PROTOCOLS)]))
    present = {path.parent.name for path in PROTOCOLS.glob(f"*/{module}.py")}
    return sorted(present | {name for name in folders if name in present})
