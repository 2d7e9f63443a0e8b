"""What the tables say, in rows and words; `report` shows it on a terminal, `markdown` writes it into a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from sipcore_bench.noise import Noise
from sipcore_bench.questions import QUESTIONS
from sipcore_bench.results import QuestionResult, RelayRow, RunResults
from sipcore_bench.runner import Cell, Timing
from sipcore_bench.stats import differs, paired_ratios

__all__ = [
    "RELAY_LEGEND",
    "RELAY_TITLE",
    "Figure",
    "RelayTable",
    "Row",
    "absences",
    "legend",
    "noise_lines",
    "number",
    "objection_lines",
    "ratio_lines",
    "relay_tables",
    "rows_of",
]

RELAY_TITLE = "relay: a whole edge, messages through real sockets"
RELAY_LEGEND = (
    "On loopback; generator and sink have one core, all relays another, where they stand at once and take turns mix by "
    "mix, round by round. messages/s: as fast as it goes with that many on the way (window); CPU: user and system of "
    "all processes of the relay meanwhile, by messages that arrived or came back refused. p50, p99: at the fixed rate, "
    "from when a message was due; p99 is the machine's noise here, and not compared. All figures are medians of the "
    "turns; noise: the interval that holds the median of the turns with 95 %, or all of them where they are few."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One contestant in one cell.

    Attributes:
        ratio: its time over that of the first contestant of ours, None for that one and where ours was not timed.
        real: False where the ratio is inside the noise.
    """

    median: float
    minimum: float
    spread: float
    mb_per_s: float
    ratio: float | None
    real: bool

    def headline(self) -> str:
        """``402``, ``19.9k x49``, ``410 ~``."""
        if self.ratio is None:
            return number(self.median)
        # A difference of a few per cent may be real: two digits behind the point, where others do with one.
        times = f"x{self.ratio:.2f}" if self.ratio < 10 else f"x{number(self.ratio)}"
        return f"{number(self.median)} {times if self.real else '~'}"

    def detail(self) -> str:
        """``380 ±3%``."""
        return f"{number(self.minimum)} ±{self.spread:.0%}" if self.spread < 10 else f"{number(self.minimum)} ±>999%"


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant in all cells of a question; a figure is None where it was not timed.

    Attributes:
        mb_per_s: over all kinds that it was timed on.
    """

    name: str
    kind: str
    version: str
    figures: tuple[Figure | None, ...]
    mb_per_s: float
    instructions: float | None


def number(value: float) -> str:
    """A figure with as many digits as it deserves: ``0.41``, ``6.2``, ``402``, ``19.9k``, ``1.10M``."""
    if value < 1:
        return f"{value:.2f}"
    if value < 10:
        return f"{value:.1f}"
    if value < 9_999.5:
        return f"{value:.0f}"
    return f"{value / 1000:.1f}k" if value < 999_950 else f"{value / 1_000_000:.2f}M"


def rows_of(question: QuestionResult, floor: float) -> list[Row]:
    """A row for everybody who was timed at all, the fastest first.

    Args:
        question: with its cells.
        floor: see `sipcore_bench.noise.Noise`.
    """
    reference = next(iter(question.ours), "")
    by_cell = [{timing.contestant: timing for timing in cell.timings} for cell in question.cells]
    rows = []
    for entrant in question.entrants:
        timings = [found.get(entrant.name) for found in by_cell]
        figures = tuple(
            None
            if timing is None
            else _figure(cell, timing, found.get(reference) if reference != entrant.name else None, floor)
            for cell, found, timing in zip(question.cells, by_cell, timings, strict=True)
        )
        if any(figures):
            counted = next((timing.instructions for timing in timings if timing and timing.instructions), None)
            rows.append(Row(entrant.name, entrant.kind, entrant.version, figures, _rate(question, figures), counted))
    return sorted(rows, key=_pace)


def _figure(cell: Cell, timing: Timing, reference: Timing | None, floor: float) -> Figure:
    summary = timing.summary
    rate = cell.size / summary.median * 1000
    if reference is None:
        return Figure(summary.median, summary.minimum, summary.spread, rate, None, False)
    ratios = paired_ratios(timing.rounds_ns, reference.rounds_ns)
    return Figure(summary.median, summary.minimum, summary.spread, rate, median(ratios), differs(ratios, floor))


def _rate(question: QuestionResult, figures: tuple[Figure | None, ...]) -> float:
    """Megabytes a second (10**6 bytes) when every kind that was timed comes equally often."""
    timed = [(cell.size, figure.median) for cell, figure in zip(question.cells, figures, strict=True) if figure]
    return sum(size for size, _ in timed) / sum(spent for _, spent in timed) * 1000


def _pace(row: Row) -> float:
    """What rows are sorted by. By the rate, as not everybody was timed on every kind."""
    return -row.mb_per_s


def legend(question: QuestionResult) -> str:
    """How a table is read."""
    compared = next(iter(question.ours), "nobody")
    return (
        f"Nanoseconds per {question.unit}: median, then how many times (x) that of {compared} in the same rounds; then "
        "the minimum and the spread (quartile distance by median). ~: inside the noise, no difference is claimed. "
        "MB/s: over all kinds that it was timed on."
    )


def plain(value: str | float) -> str:
    """One value of a relay row; what was counted has no decimals."""
    return number(value) if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class RelayTable:
    """The relays that did the same.

    Attributes:
        title: the mix, the transport, and whatever else is the same in all rows.
        columns, rows: the others.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def relay_tables(relays: list[RelayRow]) -> Iterator[RelayTable]:
    """A table for each mix and transport."""
    groups: dict[tuple[str | float, ...], list[dict[str, str | float]]] = {}
    for relay in relays:
        groups.setdefault((relay.row["mix"], relay.row["transport"]), []).append(relay.row)
    for (mix, transport), rows in groups.items():
        same = [name for name in rows[0] if len(rows) > 1 and len({row[name] for row in rows}) == 1]
        facts = [f"{name} {plain(rows[0][name])}" for name in same if name not in ("mix", "transport")]
        columns = tuple(name for name in rows[0] if name not in (*same, "mix", "transport"))
        yield RelayTable(
            f"{mix}, {transport}" + (f" ({', '.join(facts)})" if facts else ""),
            columns,
            tuple(tuple(plain(row[name]) for name in columns) for row in rows),
        )


# -- in words


def noise_lines(noise: Noise) -> Iterator[str]:
    """The noise in words."""
    summary = noise.summary
    yield (
        f"The same work took {summary.median / 1000:.0f} us (median of {summary.count}), at best "
        f"{summary.minimum / 1000:.0f} us; quartile distance {summary.spread:.1%}."
    )
    if noise.speeds:
        fast, slow, share = noise.speeds
        yield (
            f"Two speeds: {fast / 1000:.0f} us and {slow / 1000:.0f} us (1:{slow / fast:.2f}), "
            f"the slow one {share:.0%} of the time."
        )
    else:
        yield "One speed."
    where = f"on core {noise.core}" if noise.core is not None else "not pinned to a core: this system offers no way"
    yield f"Two equal contestants came out up to {noise.floor:.1%} apart: less than that is marked ~. Measured {where}."


def ratio_lines(question: QuestionResult) -> Iterator[str]:
    """How many times as long as their counterparts those take that are held against one, median of the rounds."""
    for name, other in QUESTIONS[question.id].held_against:
        ratios = {}
        for cell in question.cells:
            timings = {timing.contestant: timing.rounds_ns for timing in cell.timings}
            if name in timings and other in timings:
                ratios[cell.kind] = median(paired_ratios(timings[name], timings[other]))
        if ratios:
            each = ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items())
            yield f"{name} takes x{median(ratios.values()):.2f} as long as {other} ({each})"


def objection_lines(question: QuestionResult) -> Iterator[str]:
    """Who was not timed where: a line for each contestant and reason, with the kinds that it holds for."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for cell in question.cells:
        for objection in cell.objections:
            grouped.setdefault((objection.contestant, objection.verdict, objection.why), []).append(cell.kind)
    for (contestant, verdict, why), kinds in grouped.items():
        wrong = contestant in question.ours and verdict != "unreadable"
        mark = "WRONG ANSWER OF OURS: " if wrong else "not timed: "
        yield f"{mark}{contestant}: {verdict} ({', '.join(kinds)}): {' '.join(why.split())}"


def absences(results: RunResults) -> Iterator[str]:
    """Who could not take part at all."""
    for absent in results.absent:
        yield f"not here: {absent.name}: {' '.join(absent.reason.split())}"
