"""Runs contestants against each other: answers checked first, then timed in turns over rounds.

One *cell* is one question and one kind of input. In a cell all contestants take turns (A B C, A B C, ...), so that a
change of the machine's speed meets all of them, and a round compares what ran within the same fraction of a second.
The spin of `noise` runs in every round too, so that the raw figures show at which speed a round ran.

What is timed at a turn is a share of the pool, and the shares move on from round to round: a contestant that needs long
for a message sees few messages a turn, one that is fast sees the whole pool, and none sees the same message over and
over.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import eq

from sipcore_bench.contestant import Contestant, Rejected, Unreadable
from sipcore_bench.noise import Spin
from sipcore_bench.stats import Summary, summarise

__all__ = ["Cell", "Effort", "Input", "Objection", "Timing", "check", "run_cell"]

#: A share of the pool is at least this many items, so that the clock and the call around them do not count.
SMALLEST_SHARE = 50
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done.

    Attributes:
        rounds: turns of each contestant in a cell.
        turn_ns: how long a turn lasts at least, except for what takes longer for `SMALLEST_SHARE` items.
        pool: how many different inputs of a kind.
        checked: how many of them have their answers checked.
    """

    rounds: int = 15
    turn_ns: int = 10_000_000
    pool: int = 10_000
    checked: int = 200


@dataclass(frozen=True, slots=True)
class Input:
    """All inputs of one kind, and what a right answer is.

    Attributes:
        kind: the kind's name: ``"message"``, ``"600 bytes, near"``.
        items: the inputs.
        expected: the right answer for one of them.
        per_item: how many messages one item is: 100 for a chunk of a stream.
        agrees: whether an answer is the expected one; not everybody gives as much as is known.
    """

    kind: str
    items: Sequence[bytes]
    expected: Callable[[bytes], object]
    per_item: int = 1
    agrees: Callable[[object, object], bool] = eq


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a contestant is not timed in a cell.

    Attributes:
        verdict: ``"rejected"``, ``"unreadable"``, ``"wrong"`` or ``"failed"``.
        why: its own words, the parts that it cannot give, or what it said and what is right.
    """

    contestant: str
    kind: str
    verdict: str
    why: str


@dataclass(slots=True)
class Timing:
    """One contestant in one cell: nanoseconds per message, a sample a round."""

    contestant: str
    rounds_ns: list[float] = field(default_factory=list)
    instructions: float | None = None

    @property
    def summary(self) -> Summary:
        """Of the rounds."""
        return summarise(self.rounds_ns)


@dataclass(slots=True)
class Cell:
    """One question, one kind of input, everybody who answers right.

    Attributes:
        size: bytes of a message, on average.
        spin_ns: the spin of each round.
    """

    question: str
    kind: str
    size: float
    timings: list[Timing] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    spin_ns: list[int] = field(default_factory=list)


def check(contestant: Contestant, given: Input, sample: int) -> Objection | None:
    """Compare answers with what is expected, for items spread over the whole pool. None when all are right."""
    step = max(len(given.items) // sample, 1)
    for item in given.items[::step]:
        expected = given.expected(item)
        try:
            answer = contestant.answer(item)
        except Rejected as refusal:
            return Objection(contestant.name, given.kind, "rejected", refusal.why)
        except Unreadable as gap:
            return Objection(contestant.name, given.kind, "unreadable", ", ".join(gap.fields))
        except Exception as error:  # its crash is its result, not the end of the run
            return Objection(contestant.name, given.kind, "failed", f"{type(error).__name__}: {error}"[:_SHOWN])
        if not given.agrees(answer, expected):
            return Objection(contestant.name, given.kind, "wrong", _difference(answer, expected))
    return None


def _difference(answer: object, expected: object) -> str:
    """The first place where two answers part."""
    if isinstance(answer, tuple) and isinstance(expected, tuple) and len(answer) == len(expected):
        place, said, right = next(
            (number, *pair) for number, pair in enumerate(zip(answer, expected, strict=True)) if pair[0] != pair[1]
        )
        name = getattr(expected, "_fields", range(len(expected)))[place]
        return f"{name}: {said!r} instead of {right!r}"[:_SHOWN]
    return f"{answer!r:.70} instead of {expected!r:.70}"


def run_cell(
    question: str,
    given: Input,
    contestants: Iterable[Contestant],
    effort: Effort,
    progress: Callable[[str], None] = lambda _: None,
) -> Cell:
    """Check everybody, then time those who are right.

    Args:
        question: its id.
        given: the inputs.
        contestants: who takes part, in any order.
        effort: how much.
        progress: is told what happens now.
    """
    size = sum(map(len, given.items)) / len(given.items) / given.per_item
    cell = Cell(question, given.kind, size)
    turns: list[_Turns] = []
    for contestant in contestants:
        progress(f"{question}, {given.kind}: checking {contestant.name}")
        objection = check(contestant, given, effort.checked)
        if objection:
            cell.objections.append(objection)
        else:
            turns.append(_Turns(contestant, given, effort))
    cell.timings = [turn.timing for turn in turns]
    for number in _rounds(effort.rounds if turns else 0):
        progress(f"{question}, {given.kind}: round {number + 1} of {effort.rounds}")
        cell.spin_ns.append(Spin()())
        for turn in turns:
            turn.take()
    return cell


def _rounds(count: int) -> Iterator[int]:
    """Number the rounds. The collector stays on, as it is for everybody, but does not walk what the runner holds."""
    gc.collect()
    gc.freeze()
    try:
        yield from range(count)
    finally:
        gc.unfreeze()


class _Turns:
    """One contestant's turns in a cell."""

    def __init__(self, contestant: Contestant, given: Input, effort: Effort) -> None:
        self.timing = Timing(contestant.name)
        self._contestant, self._given, self._turn_ns = contestant, given, effort.turn_ns
        self._share = self._share_for(contestant)
        self._next = 0
        #: Who sees the whole pool at each turn is prepared once.
        self._whole = contestant.timed(list(given.items)) if self._share == len(given.items) else None

    def _share_for(self, contestant: Contestant) -> int:
        """As many items as fit into a turn; found by a run over a few, which also warms up."""
        few = list(self._given.items[:SMALLEST_SHARE])
        pass_over = contestant.timed(few)
        pass_over()
        each = max(pass_over() / len(few), 0.1)
        return min(max(int(self._turn_ns / each), len(few)), len(self._given.items))

    def take(self) -> None:
        """One turn: whole passes until the time is up."""
        pass_over = self._whole or self._contestant.timed(self._slice())
        spent, passes = pass_over(), 1
        while spent < self._turn_ns * 3 // 4:
            spent += pass_over()
            passes += 1
        self.timing.rounds_ns.append(spent / (passes * self._share * self._given.per_item))

    def _slice(self) -> list[bytes]:
        """The next share of the pool, round the corner."""
        items, start = self._given.items, self._next
        self._next = (start + self._share) % len(items)
        taken = list(items[start : start + self._share])
        return taken + list(items[: self._share - len(taken)])
