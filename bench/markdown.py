"""Results as Markdown: the whole report, with nothing in it that is written by hand."""

from __future__ import annotations

from collections.abc import Iterator

from sipcore_bench.callgrind import METHOD
from sipcore_bench.noise import histogram
from sipcore_bench.results import Claim, QuestionResult, RelayRow, RunResults
from sipcore_bench.rows import (
    RELAY_LEGEND,
    RELAY_TITLE,
    absences,
    legend,
    noise_lines,
    number,
    objection_lines,
    ratio_lines,
    relay_tables,
    rows_of,
)

__all__ = ["markdown"]


def markdown(results: RunResults) -> str:
    """The report, ending in a newline."""
    return "\n".join(_markdown_lines(results)) + "\n"


def _markdown_lines(results: RunResults) -> Iterator[str]:
    yield from ("# Benchmarks", "", f"Written by `{results.command}` on {results.made}; not edited.", "")
    facts = [f"| {name} | {_cell(value)} |" for name, value in {**results.machine, **results.versions}.items()]
    yield from ("| | |", "|---|---|", *facts, "")
    effort = results.effort
    yield (
        f"Seed {results.seed}; {effort.pool:,} different messages a kind, {effort.checked} of them checked first; "
        f"{effort.rounds} rounds, contestants in turns of {effort.turn_ns / 1e6:.0f} ms or more."
    )
    yield from ("", "## The machine's own noise", "", *noise_lines(results.noise), "")
    yield from ("| spin | samples |", "|---:|---:|")
    for low, high, count in histogram(results.noise.samples_ns):
        yield f"| {low / 1000:.0f} to {high / 1000:.0f} us | {count} |"
    if any(question.instructions_of for question in results.questions):
        yield from ("", f"Instructions per message: {METHOD}.")
    for question in results.questions:
        yield from ("", f"## {question.id}: {question.title}", "", *_markdown_question(question, results.noise.floor))
    if results.relay:
        yield from ("", f"## {RELAY_TITLE}", "", *_markdown_relay(results.relay, results.claims))
    if results.absent or results.notes:
        yield from ("", "## Not measured", "", *(f"- {_cell(line)}" for line in (*absences(results), *results.notes)))


def _markdown_question(question: QuestionResult, floor: float) -> Iterator[str]:
    rows = rows_of(question, floor)
    if rows:
        yield from (_cell(legend(question)), "")
        heads = [f"{_cell(cell.kind)}, {cell.size:.0f} B" for cell in question.cells]
        counted = [f"instructions, {_cell(question.instructions_of)}"] if question.instructions_of else []
        yield "| | version | MB/s | " + " | ".join(heads + counted) + " |"
        yield "|---|---|---:|" + "---:|" * len(heads + counted)
        for row in rows:
            name = f"**{_cell(row.name)}**" if row.kind == "ours" else _cell(row.name)
            cells = [f"{figure.headline()}<br>{figure.detail()}" if figure else "-" for figure in row.figures]
            cells += [number(row.instructions) if row.instructions else "-"] * len(counted)
            yield f"| {name} | {_cell(row.version)} | {number(row.mb_per_s)} | {' | '.join(cells)} |"
    remarks = [f"- {_cell(line)}" for line in (*ratio_lines(question), *objection_lines(question))]
    if remarks:
        yield from ("", *remarks)


def _markdown_relay(relays: list[RelayRow], claims: list[Claim]) -> Iterator[str]:
    yield from (RELAY_LEGEND, "", *(f"- {_cell(str(claim))}" for claim in claims), "")
    for found in relay_tables(relays):
        yield from (f"### {_cell(found.title)}", "", f"| {' | '.join(found.columns)} |")
        yield "|" + "---|" * len(found.columns)
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in found.rows)
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
