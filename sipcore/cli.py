"""The command line: look at a message, judge it, explain what an edge would do with it, run an edge.

Exit status: 0 well, 1 the answer is no (a finding, a refused address, a failed demo), 2 the input is at fault.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

try:
    import typer
    from rich.console import Console
    from rich.text import Text
except ModuleNotFoundError as missing:
    sys.exit(f"sipcore: the command line needs {missing.name}: pip install 'sipcore[cli]'")

from sipcore.errors import ConfigError, ParseError

if TYPE_CHECKING:
    from sipcore._parser import Message
    from sipcore.relay.config import Config

__all__ = ["app", "main"]

_NO, _FAULT = 1, 2

app = typer.Typer(name="sipcore", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(highlight=False, soft_wrap=True, stderr=True)

MessageFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file with one SIP message, or - for standard input.")]
ConfigFile = Annotated[Path, typer.Argument(metavar="EDGE.TOML", help="The configuration of an edge.")]
ConfigOption = Annotated[Path, typer.Option("--config", metavar="EDGE.TOML", help="The configuration of the edge.")]


class FromSide(StrEnum):
    """The sides of an edge, as an option has them."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Over(StrEnum):
    """The transports, as an option has them."""

    UDP = "udp"
    TCP = "tcp"


@app.callback(help=__doc__.splitlines()[0])
def _options(
    _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=lambda on: _version(on))] = False,
) -> None:
    """Options of the program as a whole."""
