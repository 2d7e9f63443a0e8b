"""Two runs against each other: what became faster, what slower, and what only looks so.

The runs did not take turns, so the machine may have run at another speed. A difference counts only when it shows twice:
in nanoseconds as measured, and in units of the spin that ran in the same round (see `sipcore_bench.noise`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sipcore_bench.results import RunResults
from sipcore_bench.rows import number
from sipcore_bench.runner import Cell, Timing
from sipcore_bench.stats import median_interval

__all__ = ["Change", "changes", "remarks", "show_changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One contestant in one cell, then and now.

    Attributes:
        ratio: new time by old time, in units of the spin; below 1 is faster.
        real: whether it is outside the noise of both runs.
    """

    question: str
    kind: str
    contestant: str
    old_ns: float
    new_ns: float
    ratio: float
    real: bool

    def mark(self) -> str:
        """``x0.50 faster``, ``x1.30 slower``, ``~``."""
        if not self.real:
            return "~"
        return f"x{self.ratio:.2f} {'faster' if self.ratio < 1 else 'slower'}"


def changes(old: RunResults, new: RunResults) -> list[Change]:
    """Everything that was timed in both runs, in the order of the new one."""
    floor = max(old.noise.floor, new.noise.floor)
    before = {(cell.question, cell.kind, timing.contestant): (cell, timing) for cell, timing in _timed(old)}
    found = []
    for cell, timing in _timed(new):
        earlier = before.get((cell.question, cell.kind, timing.contestant))
        if earlier:
            found.append(_change(*earlier, cell, timing, floor))
    return found


def _timed(results: RunResults) -> Iterator[tuple[Cell, Timing]]:
    for question in results.questions:
        for cell in question.cells:
            for timing in cell.timings:
                yield cell, timing


def _change(old_cell: Cell, old: Timing, new_cell: Cell, new: Timing, floor: float) -> Change:
    old_spins, new_spins = _in_spins(old_cell, old), _in_spins(new_cell, new)
    return Change(
        new_cell.question,
        new_cell.kind,
        new.contestant,
        median(old.rounds_ns),
        median(new.rounds_ns),
        median(new_spins) / median(old_spins),
        _apart(old.rounds_ns, new.rounds_ns, floor) and _apart(old_spins, new_spins, floor),
    )


def _in_spins(cell: Cell, timing: Timing) -> list[float]:
    return [spent / spin for spent, spin in zip(timing.rounds_ns, cell.spin_ns, strict=True)]


def _apart(old: list[float], new: list[float], floor: float) -> bool:
    """Whether the intervals of the medians leave a gap, and the medians are farther apart than the floor."""
    (old_low, old_high), (new_low, new_high) = median_interval(old), median_interval(new)
    ratio = median(new) / median(old)
    return (old_high < new_low or new_high < old_low) and max(ratio, 1 / ratio) > 1 + floor


def remarks(old: RunResults, new: RunResults) -> Iterator[str]:
    """What makes the two runs hard to compare."""
    speed = new.noise.summary.median / old.noise.summary.median
    yield f"The machine itself: the spin took {speed:.2f} times as long as then."
    for name in sorted(old.machine.keys() | new.machine.keys()):
        if old.machine.get(name) != new.machine.get(name):
            yield f"Not the same {name}: {old.machine.get(name, 'none')} then, {new.machine.get(name, 'none')} now."
    if old.effort != new.effort or old.seed != new.seed:
        yield "Not run alike: rounds, pool or seed differ."
    versions = {entrant.name: entrant.version for question in old.questions for entrant in question.entrants}
    for name, version in sorted({(e.name, e.version) for question in new.questions for e in question.entrants}):
        if versions.get(name, version) != version:
            yield f"{name}: {versions[name]} then, {version} now."


def show_changes(console: Console, old: RunResults, new: RunResults) -> None:
    """Print the comparison, what is real first in each question."""
    console.print(Text(f"\nCompared with the run of {old.made} ({old.command})", "bold"))
    for line in remarks(old, new):
        console.print(Text(line, "dim"))
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name in ("question", "kind", "contestant"):
        table.add_column(name, overflow="fold")
    for name in ("then ns", "now ns", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for change in sorted(changes(old, new), key=lambda change: (change.question, not change.real)):
        style = ("green" if change.ratio < 1 else "red") if change.real else "dim"
        names = (escape(name) for name in (change.question, change.kind, change.contestant))
        table.add_row(*names, number(change.old_ns), number(change.new_ns), Text(change.mark(), style))
    console.print(table)
    console.print(Text("~: inside the noise. Times changes are in units of the spin of the same round.", "dim"))
