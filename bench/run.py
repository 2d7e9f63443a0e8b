"""One whole run: who takes part, the noise, every question, instructions, the relay; and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from sipcore_bench import machine, noise
from sipcore_bench.contestant import Absent, Contestant, Unavailable, roster
from sipcore_bench.instructions import count_instructions
from sipcore_bench.questions import QUESTIONS, Inputs, Question
from sipcore_bench.results import Entrant, QuestionResult, RelayRow, RunResults
from sipcore_bench.runner import Effort, run_cell

__all__ = ["RELAY", "Plan", "Selection", "SelectionError", "run"]

#: The question that has a package of its own.
RELAY = "relay"
Progress = Callable[[str], None]


class SelectionError(ValueError):
    """Nothing fits what was asked for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which questions, and which contestants of them. Without patterns everything.

    Attributes:
        patterns: ``question`` or ``question/contestant``, with ``*`` and ``?``; a contestant may be cut short.

    Raises: SelectionError for a pattern that no question fits.
    """

    patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        everything = (*QUESTIONS, RELAY)
        for pattern in self.patterns:
            wanted, _, contestant = pattern.partition("/")
            fitting = [question for question in everything if fnmatchcase(question, wanted)]
            if not fitting:
                raise SelectionError(f"{pattern}: no question is called {wanted!r}; there are {', '.join(everything)}")
            if contestant and fitting == [RELAY]:
                raise SelectionError(f"{pattern}: {RELAY} is asked of all relays together")

    def asks(self, question: str) -> bool:
        """Whether a question is asked at all."""
        return not self.patterns or any(fnmatchcase(question, pattern.partition("/")[0]) for pattern in self.patterns)

    def has(self, contestant: Contestant) -> bool:
        """Whether a contestant takes part."""
        return not self.patterns or any(_fits(contestant, pattern) for pattern in self.patterns)

    def of(self, present: list[Contestant]) -> list[Contestant]:
        """Those who take part. Raises: SelectionError for a pattern that nobody fits."""
        for pattern in self.patterns:
            if "/" in pattern and not any(_fits(contestant, pattern) for contestant in present):
                raise SelectionError(f"{pattern}: nobody of that name is here; see --list")
        return [contestant for contestant in present if self.has(contestant)]

    def questions(self) -> list[Question]:
        """Those that are asked in this process."""
        return [question for question in QUESTIONS.values() if self.asks(question.id)]


def _fits(contestant: Contestant, pattern: str) -> bool:
    question, _, name = pattern.partition("/")
    return fnmatchcase(contestant.question, question) and fnmatchcase(contestant.name, f"{name}*")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done; the attributes are those of the command line.

    Attributes:
        command: what was typed, for the record.
    """

    selection: Selection
    effort: Effort
    seed: int = 1
    quick: bool = False
    folder: Path | None = None
    command: str = ""


def run(plan: Plan, progress: Progress) -> RunResults:
    """Do it. Raises: BadFolder, SelectionError."""
    inputs = Inputs(plan.seed, plan.effort.pool, plan.folder)
    # Before pinning: a pinned process sees one core.
    facts = machine.facts()
    progress("building the limits and looking for peers")
    everybody = roster()
    present = plan.selection.of(everybody.present)
    with noise.pinned() as core:
        progress("measuring the machine's own noise")
        results = RunResults(
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            command=plan.command,
            machine=facts,
            versions=machine.versions(),
            effort=plan.effort,
            seed=plan.seed,
            noise=noise.measure(plan.effort.rounds, core, plan.quick),
            absent=everybody.absent,
        )
        for question in plan.selection.questions():
            results.questions.append(_ask(question, inputs, present, plan.effort, progress))
            if not results.questions[-1].cells:
                results.notes.append(f"{question.id} was not asked: {inputs.why_none(question)}")
    results.notes += _instructions(plan, results, present, progress)
    if plan.selection.asks(RELAY):
        _ask_relay(plan, results, progress)
    return results


def _ask(
    question: Question, inputs: Inputs, present: list[Contestant], effort: Effort, progress: Progress
) -> QuestionResult:
    contestants = [contestant for contestant in present if contestant.question == question.id]
    entrants = [Entrant(contestant.name, contestant.kind, contestant.version) for contestant in contestants]
    cells = [run_cell(question.id, given, contestants, effort, progress) for given in inputs.all_of(question)]
    return QuestionResult(question.id, question.title, question.unit, entrants, cells)


def _instructions(plan: Plan, results: RunResults, present: list[Contestant], progress: Progress) -> list[str]:
    """Count instructions; what comes back is for the notes."""
    if plan.quick or plan.folder:
        return ["instructions were not counted: --quick and --messages leave that out"]
    progress("counting instructions")
    try:
        return count_instructions(results.questions, present, plan.seed)
    except Unavailable as missing:
        return [missing.reason]


def _ask_relay(plan: Plan, results: RunResults, progress: Progress) -> None:
    # Imported late: it opens sockets and wants the relay's libraries, which who only parses does not have.
    try:
        from sipcore_bench import relay  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        results.absent.append(Absent(RELAY, f"it needs {missing.name}: pip install 'sipcore[relay]'"))
        return
    try:
        found = relay.run(relay.MIXES, relay.QUICK if plan.quick else relay.FULL, progress, results.absent.append)
    except Unavailable as missing:
        results.absent.append(Absent(RELAY, missing.reason))
        return
    results.relay = [RelayRow(result.to_row(), msgspec.to_builtins(result)) for result in found.results]
    results.claims = list(relay.claims(found))
