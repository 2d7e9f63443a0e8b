"""Counts the instructions of contestants: the parent asks, a child runs them all, marked, under callgrind.

One child for all of them, as it is the start of Python that takes long under valgrind. It looks up the contestants
again by name, on fewer messages: instructions do not need many.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sipcore_bench import callgrind
from sipcore_bench.contestant import Contestant, roster
from sipcore_bench.questions import QUESTIONS, Inputs
from sipcore_bench.results import QuestionResult
from sipcore_bench.runner import Timing

__all__ = ["count_instructions", "main", "works_elsewhere"]

#: Messages in a pass; of a question that takes chunks, one chunk.
MESSAGES = 50
_OWN_IO = Path("/proc/self/io")


def count_instructions(results: list[QuestionResult], present: list[Contestant], seed: int) -> list[str]:
    """Count, for everybody who was timed on the counted kind, and write it into the results.

    Returns: who was not counted and why.
    Raises: Unavailable when nobody could be.
    """
    timings = _counted_timings(results)
    inside, remarks = [], []
    for name, contestant in _named(present):
        if name not in timings:
            continue
        if works_elsewhere(contestant, _items(contestant, seed)):
            remarks.append(f"instructions of {name} were not counted: it works in a process of its own")
        else:
            inside.append(name)
    if inside:
        counted, failed = callgrind.count(["-P", "-m", "sipcore_bench.instructions", str(seed), json.dumps(inside)])
        for name, instructions in counted.items():
            timings[name].instructions = instructions
        remarks += [f"instructions of {name} were not counted: {why}" for name, why in failed.items()]
    for question in results:
        counted_here = any(timing.instructions for cell in question.cells for timing in cell.timings)
        question.instructions_of = QUESTIONS[question.id].counted if counted_here else None
    return remarks


def _counted_timings(results: list[QuestionResult]) -> dict[str, Timing]:
    return {
        f"{question.id}/{timing.contestant}": timing
        for question in results
        for cell in question.cells
        if cell.kind == QUESTIONS[question.id].counted
        for timing in cell.timings
    }


def works_elsewhere(contestant: Contestant, items: list[bytes]) -> bool:
    """Whether a pass makes this process write, to a pipe or a socket: whoever works here has no need to."""
    one_pass = contestant.timed(items)
    one_pass()
    before = _bytes_written()
    one_pass()
    return _bytes_written() > before


def _bytes_written() -> int:
    """What this process has handed to the kernel so far; 0 where the kernel does not count it."""
    try:
        return int(_OWN_IO.read_text().partition("wchar:")[2].split()[0])
    except (OSError, IndexError):
        return 0


def _named(present: list[Contestant]) -> Iterator[tuple[str, Contestant]]:
    for contestant in present:
        yield f"{contestant.question}/{contestant.name}", contestant


def _items(contestant: Contestant, seed: int) -> list[bytes]:
    question = QUESTIONS[contestant.question]
    return list(Inputs(seed, max(MESSAGES, question.per_item)).of(question, question.counted).items)


# -- in the child


def main(seed: int, wanted: list[str], present: list[Contestant]) -> None:
    """Run the wanted ones of those present, each ``question/name``, marked for callgrind."""
    callgrind.run_marked(_works(seed, set(wanted), present))


def _works(
    seed: int, wanted: set[str], present: list[Contestant]
) -> Iterator[tuple[str, int, Callable[[], Callable[[], object]]]]:
    for name, contestant in _named(present):
        if name in wanted:
            items = _items(contestant, seed)
            yield name, len(items) * QUESTIONS[contestant.question].per_item, partial(contestant.timed, items)


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]), roster().present)
