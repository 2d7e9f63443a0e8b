"""The commands about edges: check, relay, demo, bench."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from sipcore.cli.output import FAULT, NO, err, extra, leave, out
from sipcore.describe import printable
from sipcore.errors import ConfigError, Problem

if TYPE_CHECKING:
    from sipcore.configuration import Config

__all__ = ["ConfigOption", "bench", "check", "config_of", "demo", "relay"]

_ConfigFile = Annotated[Path, typer.Argument(metavar="EDGE.TOML", help="The configuration of an edge.")]
ConfigOption = Annotated[Path, typer.Option("--config", metavar="EDGE.TOML", help="The configuration of the edge.")]


def check(config: _ConfigFile) -> None:
    """Check a configuration: every fault with file, line and key. Exit status: 0 good, 1 with warnings, 2 faulty."""
    settings = config_of(config)
    from sipcore.edge.summary import summary

    warnings = (*settings.warnings, *_tls_warnings(settings))
    out.print(Text(f"{config}: good", "green"))
    for line in summary(settings.tables, settings.users):
        out.print(Text(f"  {printable(line)}"))
    for warning in warnings:
        err.print(Text(f"warning: {printable(str(warning))}", "yellow"))
    if warnings:
        raise typer.Exit(NO)


def _tls_warnings(settings: Config) -> tuple[Problem, ...]:
    """What an operator should know of the certificates that a configuration names; faults end the command."""
    with extra("relay"):
        from sipcore.relay.tls.book import TlsBook, time_of_day
        from sipcore.relay.tls.openssl import OpenSslError
    try:
        return TlsBook(settings.tls, settings.tables, time_of_day).warnings
    except ConfigError as error:
        leave(FAULT, *(str(problem) for problem in error.problems))
    except OpenSslError as error:
        leave(NO, str(error))


def relay(config: ConfigOption) -> None:
    """Run an edge until SIGTERM or SIGINT. SIGHUP makes it read certificates again."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # of one that comes before there is anything to read again
    settings = config_of(config)
    with extra("relay"):
        from sipcore.relay.server import ListenError, run
        from sipcore.relay.tls.openssl import OpenSslError
    try:
        run(settings)
    except (ListenError, OpenSslError) as error:
        leave(NO, str(error))
    except ConfigError as error:
        leave(FAULT, *(str(problem) if problem.where else f"{config}: {problem}" for problem in error.problems))


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Leave the edge running for a client of your own.")] = False,
) -> None:
    """Run an edge on loopback and send real SIP through it. Exit status: 0 every row came out as stated, 1 not."""
    with extra("relay"):
        from sipcore.demo import main as play
    raise typer.Exit(play(serve, out))


def bench(context: typer.Context) -> None:
    """Measure sipcore, its limits and its peers. Its own --help says how."""
    with extra("bench"):
        from sipcore_bench.cli import main as measure
    measure(context.args)


def config_of(path: Path) -> Config:
    """Load a configuration, or list all that is wrong with it and leave."""
    with extra("relay"):
        from sipcore.configuration import load
    try:
        return load(path)
    except ConfigError as error:
        leave(FAULT, *(str(problem) for problem in error.problems))
