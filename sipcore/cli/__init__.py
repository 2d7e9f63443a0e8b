"""The command line: look at messages, judge them, explain what an edge would do with them, run an edge.

Exit status: 0 all is well, 1 the answer is no (a finding, a warning, a taken port, a failed demo), 2 the input is at
fault.
Each command imports what it needs when it runs, so that `sipcore parse` needs nothing of the relay.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from typing import Annotated

try:
    import typer
    from rich.text import Text
except ModuleNotFoundError as missing:
    sys.exit(f"sipcore: the command line needs {missing.name}: pip install 'sipcore[cli]'")

from sipcore.cli import edges, explaining, filtering, parsing
from sipcore.cli.output import out

__all__ = ["app", "main"]

app = typer.Typer(name="sipcore", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


def main() -> None:
    """Run the command line."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(Text(f"sipcore {version_of('sipcore')}"))
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", metavar="", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """SIP messages and a federation edge: parse, filter, explain, relay."""


app.command("parse")(parsing.parse_command)
app.command("filter")(filtering.filter_command)
app.command("explain")(explaining.explain)
app.command("check")(edges.check)
app.command("relay")(edges.relay)
app.command("demo")(edges.demo)
#: The benchmark has a command line of its own, which sees everything behind its name.
app.command(
    "bench", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)(edges.bench)
