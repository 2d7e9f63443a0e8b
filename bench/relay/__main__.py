"""``python -m sipcore_bench.relay``: relays under load, a few of them or all, without the rest of the benchmark.

    python -m sipcore_bench.relay cost --relay sipcore --relay kamailio --transport udp --mix MESSAGE --rounds 3

Which sipcore is measured is the interpreter's choice, as always: the first on its path.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from sipcore_bench.relay.claims import claims
from sipcore_bench.relay.measure import run
from sipcore_bench.relay.mixes import MIXES
from sipcore_bench.relay.places import TRANSPORTS
from sipcore_bench.relay.standing import Effort
from sipcore_bench.report import show_relay
from sipcore_bench.results import RelayRow

__all__ = ["app"]

app = typer.Typer(name="python -m sipcore_bench.relay", add_completion=False, pretty_exceptions_enable=False)
_WIDE = 160


@app.callback()
def _commands() -> None:
    """Measure relays."""


@app.command()
def cost(
    relay: Annotated[list[str] | None, typer.Option(help="A part of its name; all without.")] = None,
    transport: Annotated[list[str] | None, typer.Option(help="udp, tcp, tls; all without.")] = None,
    mix: Annotated[list[str] | None, typer.Option(help="How its name begins; all without.")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="Of each phase.")] = 0.5,
) -> None:
    """Rate, processor time a message, and latency, in turns over rounds."""
    console = Console(highlight=False, width=_WIDE)
    found = run(
        [each for each in MIXES if any(each.name.startswith(name) for name in mix or [""])],
        Effort(rounds, seconds / 3, seconds, seconds),
        lambda said: console.print(said, style="dim", markup=False),
        transports=[each for each in TRANSPORTS if each in (transport or TRANSPORTS)],
        wanted=relay or [""],
    )
    show_relay(console, [RelayRow(result.to_row(), {}) for result in found.results], list(claims(found)))


if __name__ == "__main__":
    app()
