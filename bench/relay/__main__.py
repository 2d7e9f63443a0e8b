"""``python -m sipcore_bench.relay``: relays under load, without the rest of the benchmark.

    python -m sipcore_bench.relay cost --relay sipcore --relay kamailio --transport udp --mix MESSAGE --rounds 3
    python -m sipcore_bench.relay memory --messages 10000000
    python -m sipcore_bench.relay profile --transport tcp

Which sipcore is measured is the interpreter's choice, as always: the first on its path.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sipcore_bench.contestant import Unavailable
from sipcore_bench.relay.claims import claims, weight_claim
from sipcore_bench.relay.edges import edge
from sipcore_bench.relay.measure import run
from sipcore_bench.relay.memory import weigh
from sipcore_bench.relay.mixes import MIXES, Mix
from sipcore_bench.relay.places import Transport
from sipcore_bench.relay.processes import BrokenRelay
from sipcore_bench.relay.profile import Share, profile
from sipcore_bench.relay.standing import Effort, standing
from sipcore_bench.report import show_relay
from sipcore_bench.results import RelayRow

__all__ = ["app"]

app = typer.Typer(name="python -m sipcore_bench.relay", add_completion=False, pretty_exceptions_enable=False)
_WIDE, _ROWS = 160, 25


class Over(StrEnum):
    """The transports, as a choice on the command line."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"

    @property
    def transport(self) -> Transport:
        """As everybody else names it."""
        return self.value


@app.command()
def cost(
    relay: Annotated[list[str] | None, typer.Option(help="A part of its name; all without.")] = None,
    transport: Annotated[list[Over] | None, typer.Option(help="All without.")] = None,
    mix: Annotated[list[str] | None, typer.Option(help="How its name begins; all without.")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="Of each phase.")] = 0.5,
) -> None:
    """Rate, processor time a message, and latency, in turns over rounds."""
    console = Console(highlight=False, width=_WIDE)
    found = run(
        _mixes(mix or [""]),
        Effort(rounds, seconds / 3, seconds, seconds),
        lambda said: console.print(said, style="dim", markup=False),
        transports=[each.transport for each in transport or Over],
        wanted=relay or [""],
    )
    show_relay(console, [RelayRow(result.to_row(), {}) for result in found.results], list(claims(found)))


@app.command()
def memory(
    messages: Annotated[int, typer.Option(min=1)] = 1_000_000,
    seconds: Annotated[float, typer.Option(help="When to stop although it were not so many.")] = 300,
    transport: Over = Over.TCP,
) -> None:
    """Whether sipcore's memory stays flat over many messages. Exit status: 0 it does, 1 it does not."""
    try:
        with standing(edge(), transport.transport) as found:
            claim = weight_claim(weigh(found, messages, seconds))
    except (BrokenRelay, Unavailable) as fault:
        typer.echo(f"not weighed: {fault}")
        raise typer.Exit(1) from fault
    typer.echo(str(claim))
    if not claim.holds:
        raise typer.Exit(1)


@app.command("profile")
def show_profile(
    transport: Over = Over.UDP,
    mix: Annotated[str, typer.Option(help="How its name begins.")] = "MESSAGE",
    rows: Annotated[int, typer.Option(min=1, help="Of each table.")] = _ROWS,
) -> None:
    """Where each microsecond of sipcore's relay goes: half a minute, most of it under valgrind."""
    console = Console(highlight=False, width=_WIDE)
    chosen = _mixes([mix])[0]
    found = profile(transport.transport, chosen)
    console.print(f"{chosen.name}, {transport}: {found.user:.2f} us outside the kernel, {found.system:.2f} us in it")
    _show_shares(console, "Python functions, with what they call in C and in the kernel", found.functions[:rows])
    _show_shares(console, "native modules, outside the kernel", found.modules[:rows])
    _show_shares(console, "native functions, outside the kernel", found.natives[:rows])
    if found.left_out:
        console.print(found.left_out, markup=False)


def _mixes(beginnings: list[str]) -> list[Mix]:
    chosen = [each for each in MIXES if any(each.name.startswith(name) for name in beginnings)]
    if not chosen:
        raise typer.BadParameter(f"there are {', '.join(each.name for each in MIXES)}", param_hint="--mix")
    return chosen


def _show_shares(console: Console, title: str, shares: list[Share]) -> None:
    if not shares:
        return
    table = Table("us/message", "instructions", title, box=None, padding=(0, 1), header_style="bold")
    for share in shares:
        counted = f"{share.instructions:,.0f}" if share.instructions is not None else ""
        table.add_row(f"{share.microseconds:.2f}", counted, share.name)
    console.print()
    console.print(table)


if __name__ == "__main__":
    app()
