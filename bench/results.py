"""The results of one run: complete, so that tables can be made from the file alone; and their JSON form.

The form has a version of its own (`SCHEMA`). A field may be added without a new one; what changes or goes raises it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sipcore_bench.contestant import Absent
from sipcore_bench.noise import Noise
from sipcore_bench.runner import Cell, Effort

__all__ = ["SCHEMA", "Claim", "Entrant", "QuestionResult", "RelayRow", "ResultsError", "RunResults", "load", "save"]

SCHEMA = "sipcore-bench/1"


class ResultsError(ValueError):
    """A file is not the results of a run that this version can read."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contestant, for the record: see `sipcore_bench.contestant.Contestant`."""

    name: str
    kind: str
    version: str


@dataclass(slots=True)
class QuestionResult:
    """All cells of one question.

    Attributes:
        id, title: of the question.
        unit: what one answer is about: ``"message"``, ``"text"``.
        entrants: who took part.
        cells: one for each kind of input.
        instructions_of: the kind of input whose instructions were counted, None when none were.
    """

    id: str
    title: str
    unit: str
    entrants: list[Entrant]
    cells: list[Cell] = field(default_factory=list)
    instructions_of: str | None = None

    @property
    def ours(self) -> list[str]:
        """The contestants that are sipcore, by name; the others are compared with the first."""
        return [entrant.name for entrant in self.entrants if entrant.kind == "ours"]


@dataclass(frozen=True, slots=True)
class RelayRow:
    """One relay with one mix.

    Attributes:
        row: column to value, the same columns in every row.
        raw: all that was counted, turn by turn.
    """

    row: dict[str, str | float]
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is asked of sipcore, and what was found.

    Attributes:
        says: in words, with its figures.
        holds: None where nothing is asked, and only told.
    """

    says: str
    holds: bool | None

    def __str__(self) -> str:
        return self.says if self.holds is None else f"{self.says}: {'kept' if self.holds else 'NOT KEPT'}"


@dataclass(slots=True)
class RunResults:
    """A whole run.

    Attributes:
        schema: `SCHEMA`.
        made: when, UTC, ISO 8601.
        command: what was typed.
        machine: processor, memory, system, compiler: name to value.
        versions: library to version.
        effort, seed: how it was run.
        noise: of the machine.
        absent: who could not take part at all, and why.
        questions: of those that are asked in this process.
        relay: what `sipcore_bench.relay` found.
        claims: what is asked of the relay.
        notes: what a reader should know: what was left out, and why.
    """

    made: str
    command: str
    machine: dict[str, str]
    versions: dict[str, str]
    effort: Effort
    seed: int
    noise: Noise
    absent: list[Absent] = field(default_factory=list)
    questions: list[QuestionResult] = field(default_factory=list)
    relay: list[RelayRow] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    schema: str = SCHEMA

    def wrong_answers_of_ours(self) -> list[str]:
        """What sipcore answered wrongly, or rejected: a fault of this project. What it says it cannot read is a gap."""
        return [
            f"{objection.contestant}, {cell.question}, {cell.kind}: {objection.verdict}: {objection.why}"
            for question in self.questions
            for cell in question.cells
            for objection in cell.objections
            if objection.verdict != "unreadable" and objection.contestant in question.ours
        ]


def save(results: RunResults, path: Path) -> None:
    """Write the JSON form. Raises: OSError."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def load(path: Path) -> RunResults:
    """Read what `save` wrote. Raises: ResultsError, with the place in the file; OSError."""
    data = path.read_bytes()
    try:
        schema = msgspec.json.decode(data, type=_Schema).schema
        if schema != SCHEMA:
            raise ResultsError(f"{path}: its schema is {schema!r}, this version reads {SCHEMA!r}")
        return msgspec.json.decode(data, type=RunResults)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path}: not the results of a run: {error}") from None


class _Schema(msgspec.Struct):
    """As much as has to be the same in every version."""

    schema: str
