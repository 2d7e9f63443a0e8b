"""Results on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sipcore_bench.callgrind import METHOD
from sipcore_bench.noise import Noise, histogram
from sipcore_bench.results import Claim, QuestionResult, RelayRow, RunResults
from sipcore_bench.rows import (
    RELAY_LEGEND,
    RELAY_TITLE,
    Figure,
    Row,
    absences,
    legend,
    noise_lines,
    number,
    objection_lines,
    ratio_lines,
    relay_tables,
    rows_of,
)

__all__ = ["show", "show_noise", "show_relay"]

_NAME_WIDTH, _KIND_WIDTH = 34, 15
_BAR = 40
#: Columns of the relay tables that are read from the left.
_WORDS = ("relay", "does")
_STYLES = {"ours": "bold green", "limit": "cyan", "peer": ""}


def show(console: Console, results: RunResults) -> None:
    """Print everything."""
    for name, value in {**results.machine, **results.versions}.items():
        console.print(Text.assemble((f"{name:>14}  ", "dim"), value))
    show_noise(console, results.noise)
    for question in results.questions:
        _show_question(console, question, results.noise.floor)
    if any(question.instructions_of for question in results.questions):
        console.print(Text(f"Instructions per message: {METHOD}.", "dim"))
    show_relay(console, results.relay, results.claims)
    for line in absences(results):
        console.print(Text(line, "dim"))
    for note in results.notes:
        console.print(Text(f"Note: {note}", "yellow"))


def show_noise(console: Console, noise: Noise) -> None:
    """Print the distribution of the spin."""
    console.print(Text("\nThe machine's own noise", "bold"))
    bars = histogram(noise.samples_ns)
    most = max(count for _, _, count in bars)
    for low, high, count in bars:
        bar = "#" * round(_BAR * count / most)
        console.print(Text(f"{low / 1000:9.0f} .. {high / 1000:5.0f} us {count:>6} {bar}"))
    for line in noise_lines(noise):
        console.print(Text(line))


def _show_question(console: Console, question: QuestionResult, floor: float) -> None:
    rows = rows_of(question, floor)
    console.print(Text(f"\n{question.id}: {question.title}", "bold"))
    fit = max((console.width - _NAME_WIDTH - 10) // _KIND_WIDTH, 1)
    for first in range(0, len(question.cells) if rows else 0, fit):
        console.print(_table(question, rows, slice(first, first + fit)))
    if rows:
        console.print(Text(legend(question), "dim"))
    for line in ratio_lines(question):
        console.print(Text(line, "bold"))
    for line in objection_lines(question):
        console.print(Text(line, "red" if line.startswith("WRONG") else "dim"))


def _table(question: QuestionResult, rows: list[Row], columns: slice) -> Table:
    """As many kinds as fit side by side; who was timed on none of them is left out."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("", overflow="fold", max_width=_NAME_WIDTH)
    table.add_column("MB/s", justify="right")
    for cell in question.cells[columns]:
        table.add_column(f"{escape(cell.kind)}\n{cell.size:.0f} B", justify="right", no_wrap=True)
    if question.instructions_of:
        table.add_column(f"instructions\n{escape(question.instructions_of)}", justify="right")
    for row in rows:
        cells = [_terminal_cell(figure) for figure in row.figures[columns]]
        counted = [number(row.instructions) if row.instructions else "-"] if question.instructions_of else []
        if any(row.figures[columns]):
            table.add_row(Text(row.name, _STYLES[row.kind]), number(row.mb_per_s), *cells, *counted)
    return table


def _terminal_cell(figure: Figure | None) -> Text:
    if figure is None:
        return Text("-", "dim")
    return Text.assemble(figure.headline(), "\n", (figure.detail(), "dim"))


def show_relay(console: Console, relays: list[RelayRow], claims: list[Claim]) -> None:
    """Print a table for each mix and transport, and what is asked of the relay."""
    if relays:
        console.print(Text(f"\n{RELAY_TITLE}", "bold"))
        console.print(Text(RELAY_LEGEND, "dim"))
    for found in relay_tables(relays):
        console.print(Text(f"\n{found.title}"))
        table = Table(box=None, padding=(0, 1), header_style="bold")
        for name in found.columns:
            table.add_column(escape(name), justify="left" if name in _WORDS else "right", overflow="fold")
        for row in found.rows:
            table.add_row(*(Text(value) for value in row))
        console.print(table)
    for claim in claims:
        console.print(Text(str(claim), "red" if claim.holds is False else "bold"))
