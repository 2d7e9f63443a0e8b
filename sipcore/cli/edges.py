"""The commands about edges: explain, check, relay, demo, bench."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from sipcore.cli.filtering import show_verdict
from sipcore.cli.input import MessageFile, read_message
from sipcore.cli.output import FAULT, NO, err, extra, leave, out
from sipcore.describe import printable
from sipcore.errors import ConfigError

if TYPE_CHECKING:
    from sipcore.edge.actions import Trace
    from sipcore.relay.config import Config

__all__ = ["bench", "check", "demo", "explain", "relay"]

_ConfigFile = Annotated[Path, typer.Argument(metavar="EDGE.TOML", help="The configuration of an edge.")]
_ConfigOption = Annotated[Path, typer.Option("--config", metavar="EDGE.TOML", help="The configuration of the edge.")]


class FromSide(StrEnum):
    """The sides of an edge; `sipcore.edge.Side`, without importing it for every command."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Over(StrEnum):
    """The transports."""

    UDP = "udp"
    TCP = "tcp"


def explain(
    file: MessageFile,
    config: _ConfigOption,
    from_side: Annotated[FromSide, typer.Option(help="The side that the message comes from.")],
    source: Annotated[str, typer.Option(metavar="ADDR", help="The address that it comes from.")],
    over: Annotated[Over, typer.Option(help="The transport that it comes over.")] = Over.UDP,
) -> None:
    """Say what an edge would do with a message, and by which rules. Nothing is sent."""
    settings = _config(config)
    with extra("relay"):
        from sipcore.edge.actions import Link, Send
        from sipcore.edge.engine import Engine, Keys
        from sipcore.edge.tables import DEFAULT_PORT, Side, Transport
        from sipcore.imfilter import ImFilter
        from sipcore.relay.leaves import IpAddress
    try:
        link = Link(1, Side(from_side), Transport(over), IpAddress.read(source), DEFAULT_PORT)
    except ValueError:
        leave(FAULT, f"--source {source}: expected an IP address")
    message = read_message(file, settings.limits)
    if settings.keys is None and not message.is_request:
        err.print(
            Text("Without an edge.key_file no response can be recognised as one to this edge's requests.", "yellow")
        )
    traces: list[Trace] = []
    content = ImFilter(settings.filter) if settings.filter else None
    # Without a key file any key will do: what is explained does not depend on it, apart from the above.
    keys = settings.keys or Keys(bytes(32))
    actions = Engine(settings.tables, content, keys, traces.append).receive(message, link, 0.0)
    _show_trace(traces[0])
    for action in actions:
        if isinstance(action, Send):
            out.print(Text(f"sent {action.side} to {action.hop}: {printable(_first_line(action.data))}"))


def _show_trace(trace: Trace) -> None:
    for number, rule in enumerate(trace.decision.chain, start=1):
        out.print(Text(f"{number:>3}. {printable(rule)}"))
    show_verdict(trace.verdict, trace.message.buffer)


def _first_line(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode("utf-8", "backslashreplace")


def check(config: _ConfigFile) -> None:
    """Check a configuration: every fault with file, line and key. Exit status: 0 good, 1 with warnings, 2 faulty."""
    settings = _config(config)
    from sipcore.edge.summary import summary

    out.print(Text(f"{config}: good", "green"))
    for line in summary(settings.tables, settings.users):
        out.print(Text(f"  {printable(line)}"))
    for warning in settings.warnings:
        err.print(Text(f"warning: {printable(str(warning))}", "yellow"))
    if settings.warnings:
        raise typer.Exit(NO)


def relay(config: _ConfigOption) -> None:
    """Run an edge until SIGTERM or SIGINT."""
    settings = _config(config)
    with extra("relay"):
        from sipcore.relay.server import ListenError, run
    try:
        run(settings)
    except ListenError as error:
        leave(NO, str(error))
    except ConfigError as error:
        leave(FAULT, *(f"{config}: {problem}" for problem in error.problems))


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


def _config(path: Path) -> Config:
    """Load a configuration, or list all that is wrong with it and leave."""
    with extra("relay"):
        from sipcore.relay.config import load
    try:
        return load(path)
    except ConfigError as error:
        leave(FAULT, *(str(problem) for problem in error.problems))
