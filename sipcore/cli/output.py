"""What every command says, and how it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from sipcore.capture import Captured

__all__ = ["FAULT", "NO", "err", "extra", "leave", "out", "title_of"]

#: Exit statuses: the answer is no, and the input is at fault.
NO, FAULT = 1, 2

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say which extra to install when a library of another project is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sipcore"):
            raise
        leave(NO, f"this command needs {error.name}: pip install 'sipcore[{name}]'")


def leave(status: int, *lines: str) -> NoReturn:
    """Leave with that status and these lines on standard error."""
    for line in lines:
        err.print(Text(line))
    raise typer.Exit(status)


def title_of(captured: Captured) -> str:
    """Where a message of a capture stands in it, when it was sent, and by whom."""
    when = datetime.fromtimestamp(captured.time, UTC).isoformat(" ", "milliseconds")
    return f"#{captured.packet} {when} {captured.transport} {captured.source} -> {captured.destination}"
