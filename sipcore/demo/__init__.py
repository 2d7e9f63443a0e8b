"""`sipcore demo`: a real edge between two little user agents, real sockets, one row for each promise of the README.

    wire        SIP as text, independent of sipcore's parser
    agents      the two user agents
    scenarios   what is played, and what must come of it
    stage       edge and agents, started and connected
    play        one scenario to one row, computed from what the sockets read
    show        what a person sees
    serve       the edge left running for a person's own client

The edge is the one that operators run; nothing in it knows that it is a demo.
"""

from __future__ import annotations

import uvloop
from rich.console import Console
from rich.text import Text

from sipcore.demo.play import Row, play
from sipcore.demo.scenarios import SCENARIOS
from sipcore.demo.serve import Onlooker, keep_serving
from sipcore.demo.show import show_result, show_row, show_stage
from sipcore.demo.stage import Stage, open_stage

__all__ = ["main"]


def main(serve: bool, console: Console) -> int:
    """Play all scenarios and show them.

    Args:
        serve: use the fixed ports of edge.toml, and leave everything running behind the last row until interrupted.
        console: where to show.

    Returns:
        The exit status: 0 when every row came out as stated, else 1, also where a port is taken.
    """
    try:
        return uvloop.run(_perform(serve, console))
    except OSError as error:
        console.print(Text(f"The demo cannot start: {error}", "bold red"), soft_wrap=True)
        return 1


async def _perform(serve: bool, console: Console) -> int:
    onlooker = Onlooker(console)
    async with open_stage(serve, onlooker.read, onlooker.decided) as stage:
        show_stage(console, stage.places)
        rows = await _play_all(stage, console)
        show_result(console, rows)
        if serve:
            await keep_serving(onlooker, console)
        else:
            console.print(Text("With a client of your own: make demo SERVE=1, or sipcore demo --serve", "dim"))
    return 1 if any(row.faults for row in rows) else 0


async def _play_all(stage: Stage, console: Console) -> list[Row]:
    rows: list[Row] = []
    for number, scenario in enumerate(SCENARIOS, 1):
        rows.append(await play(stage, number, scenario))
        show_row(console, number, rows[-1])
    return rows
