"""`sipcore bench`, which is also ``python -m sipcore_bench``.

Exit status: 0 the figures stand; 1 sipcore gave a wrong answer; 2 the command line or a file named on it is at fault.
Tables go to standard output, progress to standard error, and only where that is a terminal.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from sipcore_bench.compare import show_changes
from sipcore_bench.contestant import roster
from sipcore_bench.markdown import markdown
from sipcore_bench.pool import BadFolder
from sipcore_bench.report import show
from sipcore_bench.results import ResultsError, RunResults, load, save
from sipcore_bench.run import RELAY, Plan, Selection, SelectionError, run
from sipcore_bench.runner import Effort

__all__ = ["app", "main"]

_WRONG, _FAULT = 1, 2
#: Where it is not a terminal that says how wide it is.
_WIDE = 160

QUICK = Effort(rounds=9, turn_ns=1_000_000, checked=20)

app = typer.Typer(name="sipcore bench", add_completion=False, pretty_exceptions_enable=False)


def main(arguments: list[str] | None = None, name: str = "sipcore bench") -> None:
    """Run the command. Raises: SystemExit, with the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    # What was typed goes into the record, as anybody else would type it: a path of this machine says nothing elsewhere.
    typed = [Path(word).name if Path(word).is_absolute() else word for word in given]
    app(args=given, prog_name=name, obj=shlex.join(["sipcore", "bench", *typed]))


@app.command()
def bench(
    context: typer.Context,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="QUESTION[/CONTESTANT]", help="Ask this only; * and ? are wild. May be repeated."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Less than a minute in all; more noise.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write everything here.")] = None,
    as_markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables here.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="OLD.json", help="Say what has changed since, and what is only noise.")
    ] = None,
    messages: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Messages of your own, one a file, instead of generated ones.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the generator.")] = 1,
    list_: Annotated[bool, typer.Option("--list", help="Show questions, kinds and contestants, and leave.")] = False,
) -> None:
    """Measure sipcore, what limits it, and its peers: answers are checked first, then all take turns.

    Exit status: 0 the figures stand, 1 sipcore gave a wrong answer, 2 usage.
    """
    out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE)
    err = Console(highlight=False, stderr=True)
    selection = _selection(only)
    if list_:
        _show_list(out, selection)
        return
    old = _loaded(compare)
    for path in (as_json, as_markdown):
        _check_writable(path)
    plan = Plan(selection, QUICK if quick else Effort(), seed, quick, messages, context.obj)
    results = _run(plan, err)
    show(out, results)
    if old:
        show_changes(out, old, results)
    if as_json:
        save(results, as_json)
    if as_markdown:
        as_markdown.write_text(markdown(results))
    wrong = results.wrong_answers_of_ours()
    for line in wrong:
        err.print(Text(f"wrong answer of sipcore: {line}", "red"))
    if wrong:
        raise typer.Exit(_WRONG)


def _selection(only: list[str] | None) -> Selection:
    try:
        return Selection(tuple(only or ()))
    except SelectionError as error:
        _leave(f"--only {error}")


def _loaded(path: Path | None) -> RunResults | None:
    try:
        return load(path) if path else None
    except ResultsError as error:
        _leave(str(error))
    except OSError as error:
        _leave(f"{path}: cannot be read: {error.strerror}")


def _check_writable(path: Path | None) -> None:
    """A run takes minutes: it is better told before it that there is no place for what it finds."""
    if path is None:
        return
    try:
        path.open("a").close()
    except OSError as error:
        _leave(f"{path}: cannot be written: {error.strerror}")


def _run(plan: Plan, err: Console) -> RunResults:
    try:
        if not err.is_terminal:
            return run(plan, lambda _: None)
        with err.status("starting") as status:
            return run(plan, lambda doing: status.update(Text(doing)))
    except BadFolder as error:
        _leave(*str(error).splitlines())
    except SelectionError as error:
        _leave(f"--only {error}")


def _show_list(out: Console, selection: Selection) -> None:
    everybody = roster()
    for question in selection.questions():
        out.print(Text.assemble((question.id, "bold"), f"  {question.title}: {', '.join(question.kinds)}"))
        for contestant in everybody.present:
            if contestant.question == question.id and selection.has(contestant):
                out.print(Text(f"    {contestant.kind:<6} {contestant.name}  ({contestant.version})"))
    if selection.asks(RELAY):
        out.print(Text.assemble((RELAY, "bold"), "  a whole edge, messages through real sockets"))
    for absent in everybody.absent:
        out.print(Text(f"not here: {absent.name}: {' '.join(absent.reason.split())}", "dim"))


def _leave(*lines: str) -> NoReturn:
    for line in lines:
        Console(highlight=False, soft_wrap=True, stderr=True).print(Text(line))
    raise typer.Exit(_FAULT)
