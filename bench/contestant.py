"""What takes part in a measurement, and how it says that it cannot.

A contestant answers one question. Before it is timed, `Contestant.answer` is compared with the expected answer for
every kind of input; what it rejects or cannot read is listed beside its figures, and it is timed only where it was
right. `roster` collects everybody: the limits (C of ours), sipcore itself, and the peers.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Literal, Protocol, runtime_checkable

__all__ = ["Absent", "Contestant", "Kind", "Rejected", "Roster", "Unavailable", "Unreadable", "roster"]

Kind = Literal["ours", "limit", "peer"]

#: Where contestants live: a module, or a package each of whose modules has some.
_HOMES = ("sipcore_bench.limits", "sipcore_bench.ours", "sipcore_bench.edge", "sipcore_bench.peers")


class Unavailable(Exception):  # noqa: N818 - a state of the machine, not a fault of the program
    """A contestant cannot take part here: no compiler, no library, no such instruction.

    Attributes:
        reason: one line or more, as a person wants to read it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Rejected(Exception):  # noqa: N818 - an answer, raised because no value could stand for it
    """The contestant does not take the input as a valid one; ``why`` in its own words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Unreadable(Exception):  # noqa: N818 - an answer, raised because no value could stand for it
    """The contestant takes the input, but has no way to give these parts of the answer."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(", ".join(self.fields))


@runtime_checkable
class Contestant(Protocol):
    """One way to answer one question.

    Attributes:
        name: as the tables show it: ``"limit: twelve str"``.
        kind: ``"ours"``, ``"limit"`` or ``"peer"``.
        version: of the library that is measured.
        question: the id of the question that it answers.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def version(self) -> str: ...
    @property
    def question(self) -> str: ...

    def answer(self, item: bytes) -> object:
        """The answer for one input, compared with the expected one. Raises: Rejected, Unreadable."""

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        """Prepare everything, then give a function that makes one pass over all items.

        It returns nanoseconds, taken as close to the work as possible: in C around a loop in C, with
        `time.perf_counter_ns` around a loop in Python.
        """


@dataclass(frozen=True, slots=True)
class Absent:
    """Somebody who would take part, and why not here."""

    name: str
    reason: str


@dataclass(slots=True)
class Roster:
    """Who takes part, and who does not and why."""

    present: list[Contestant] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)

    def admit(self, name: str, contestants: Iterator[Contestant | Absent]) -> None:
        """Take what an iterator yields, up to the `Unavailable` that may end it; that one is noted under ``name``."""
        try:
            for entry in contestants:
                if isinstance(entry, Absent):
                    self.absent.append(entry)
                else:
                    self.present.append(entry)
        except Unavailable as missing:
            self.absent.append(Absent(name, missing.reason))


def roster() -> Roster:
    """Ask every module for its contestants.

    A module gives ``contestants() -> Iterator[Contestant | Absent]``: it yields who is there, yields an `Absent` for
    one of several who is not, and raises `Unavailable` when nobody (more) is.
    """
    everybody = Roster()
    for name in _modules():
        short = name.removeprefix("sipcore_bench.")
        try:
            module = importlib.import_module(name)
        except ImportError as missing:
            everybody.absent.append(Absent(short, str(missing)))
            continue
        everybody.admit(short, _contestants_of(module))
    return everybody


def _modules() -> Iterator[str]:
    """The names of all modules at the homes of contestants, in a fixed order."""
    for home in _HOMES:
        if importlib.util.find_spec(home) is None:
            continue
        package = importlib.import_module(home)
        yield home
        if hasattr(package, "__path__"):
            yield from sorted(f"{home}.{found.name}" for found in pkgutil.iter_modules(package.__path__))


def _contestants_of(module: ModuleType) -> Iterator[Contestant | Absent]:
    """What the module gives; nothing where it has none (a package's own module, a helper)."""
    give = getattr(module, "contestants", None)
    return iter(()) if give is None else give()
