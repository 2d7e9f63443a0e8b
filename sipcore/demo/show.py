"""What a person sees: one card a row, and a table at the end. Nothing here decides whether a row is right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich import box
from rich.console import Console, Group, OverflowMethod, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sipcore.demo import wire
from sipcore.demo.play import Row

__all__ = ["show_result", "show_row", "show_stage"]

#: Wider lines than this do not help reading; narrower terminals get their own width.
_WIDEST = 120
_LABEL_WIDTH = 9
#: What of a card's width is not for the far side's lines: frame, label, sign and the spaces between them.
_MARGIN = 2 + 2 + _LABEL_WIDTH + 2 + 2

_STYLES = {"+": "green", "-": "red", " ": "dim"}


@dataclass(frozen=True)
class Glyphs:
    """The signs outside ASCII, and what stands for them on a terminal that has ASCII only."""

    arrow: str = "→"
    right: str = "✓"
    wrong: str = "✗"
    overflow: OverflowMethod = "ellipsis"

    @classmethod
    def of(cls, console: Console) -> Glyphs:
        """Those that the console's encoding can print."""
        return cls("->", "ok", "WRONG", "crop") if console.options.ascii_only else cls()

    def mark(self, row: Row) -> Text:
        """Right or wrong."""
        return Text(self.wrong, "bold red") if row.faults else Text(self.right, "bold green")


def width_of(console: Console) -> int:
    """How wide cards and tables are."""
    return min(console.width, _WIDEST)


def show_stage(console: Console, places: Sequence[tuple[str, str]]) -> None:
    """Who takes part, before anything is played."""
    table = Table.grid(padding=(0, 2))
    for name, where in places:
        table.add_row(Text(name, "bold"), where)
    note = Text(
        "Each card is one message. The lines below it are the bytes that the far side read from its socket, "
        "compared with those that were sent: "
    )
    note.append("+ new", "green").append(", ").append("- gone", "red").append(", the rest as sent.")
    console.print(
        Panel(
            Group(table, "", note),
            title="[bold]sipcore demo[/]: a federation edge, real SIP over UDP and TCP",
            title_align="left",
            width=width_of(console),
        ),
        soft_wrap=False,
    )


def show_row(console: Console, number: int, row: Row) -> None:
    """One card."""
    glyphs = Glyphs.of(console)
    title = Text.assemble(f" {number}  ", (row.scenario.title, "bold"), " ", glyphs.mark(row), " ")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=_LABEL_WIDTH, style="cyan")
    grid.add_column(ratio=1, overflow="fold")
    width = width_of(console)
    for label, content in _lines(row, width, glyphs):
        grid.add_row(label, content)
    border = "red" if row.faults else "dim"
    console.print(Panel(grid, title=title, title_align="left", width=width, border_style=border), soft_wrap=False)


def _lines(row: Row, width: int, glyphs: Glyphs) -> Iterator[tuple[str, RenderableType]]:
    far = "inside" if row.scenario.sender == "partner" else "partner"
    arrow = f" {glyphs.arrow} "
    onward = (row.far[0].transport, far) if row.far else ()
    yield "path", Text(arrow.join((row.scenario.sender, row.scenario.over, "edge", *onward)))
    yield "sent", Text(_first_line(row.sent), "bold").append(f"  {len(row.sent)} bytes", "dim")
    yield "", _body_line(row.sent, glyphs)
    yield "came back", _answers(row)
    read = f"{len(row.far[0].data)} bytes" if row.far else "nothing"
    yield far, Text.assemble("read ", (read, "bold"), f"; its counter of messages: {arrow.join(map(str, row.counter))}")
    if row.far:
        yield "", _comparison(row.sent, row.far[0].data, width - _MARGIN, glyphs)
    yield "why", Text("\n".join(row.reasons))
    if row.faults:
        yield "WRONG", Text("\n".join(row.faults), "bold red")


def _first_line(data: bytes) -> str:
    return wire.lines_of(data)[0]


def _body_line(data: bytes, glyphs: Glyphs) -> Text:
    """The body in one line, cut where the card ends."""
    line = "; ".join(wire.body_of(data).split("\r\n")).rstrip("; ")
    return Text(line, no_wrap=True, overflow=glyphs.overflow)


def _answers(row: Row) -> Text:
    if not row.answers:
        return Text("no answer, to anybody", "bold")
    text = Text()
    for answer in row.answers:
        text.append(_first_line(answer).removeprefix("SIP/2.0 "), "bold")
        for name in ("Warning", "ms-diagnostics"):
            for value in wire.values_of(answer, name):
                text.append(f"\n{name}: {value}", "yellow")
    return text


def _comparison(sent: bytes, read: bytes, width: int, glyphs: Glyphs) -> Table:
    """The read bytes line by line, what is as sent folded together, the body last."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(ratio=1, overflow="fold")
    for sign, line in _folded(difflib.ndiff(wire.lines_of(sent), wire.lines_of(read))):
        grid.add_row(Text(sign, _STYLES[sign]), Text(_broken(line, width), _STYLES[sign]))
    grid.add_row("", _body_line(read, glyphs), style="dim")
    return grid


def _broken(line: str, width: int) -> str:
    """A line too long for its column, broken behind semicolons: that is where SIP's values have their joints."""
    lines = [""]
    for piece in re.split("(?<=;)", line):
        if lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _folded(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Runs of unchanged lines become a count, but for the start line; ndiff's hint lines are dropped."""
    changes = [(line[0], line[2:]) for line in lines if line[0] != "?"]
    yield changes[0]
    for sign, run in groupby(changes[1:], key=lambda change: change[0]):
        if sign != " ":
            yield from run
            continue
        count = len(list(run))
        yield " ", f"... {count} header line{'s' if count > 1 else ''} as sent"


def show_result(console: Console, rows: Sequence[Row]) -> None:
    """The table of all rows, and the verdict over them."""
    glyphs = Glyphs.of(console)
    table = Table(box=box.SIMPLE_HEAD, width=width_of(console), pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("scenario", ratio=1)
    for heading in ("over", "came back", "far side read", ""):
        table.add_column(heading, no_wrap=True)
    for number, row in enumerate(rows, 1):
        over = f" {glyphs.arrow} ".join((row.scenario.over, *(arrival.transport for arrival in row.far)))
        status = ", ".join(str(wire.status_of(answer)) for answer in row.answers) or "nothing"
        read = f"{sum(len(arrival.data) for arrival in row.far)} bytes" if row.far else "nothing"
        table.add_row(str(number), row.scenario.title, over, status, read, glyphs.mark(row))
    console.print(table, soft_wrap=False)
    _show_verdict(console, rows)


def _show_verdict(console: Console, rows: Sequence[Row]) -> None:
    wrong = [(number, row) for number, row in enumerate(rows, 1) if row.faults]
    for number, row in wrong:
        for fault in row.faults:
            console.print(Text(f"row {number}, {row.scenario.title}: {fault}", "bold red"))
    right = len(rows) - len(wrong)
    console.print(Text(f"{right} of {len(rows)} rows came out as stated.", "bold red" if wrong else "bold green"))
