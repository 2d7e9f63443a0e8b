"""Puts up the stage: the edge with the embedded configuration, the inside user and the partner, all on loopback."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from typing import Literal

from sipcore.configuration import Config, loads
from sipcore.demo.agents import Agent, Watcher
from sipcore.demo.scenarios import ALICE, BOB
from sipcore.edge.actions import Trace
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import Side, Transport
from sipcore.relay.server import Relay

__all__ = ["EDGE_INSIDE", "EDGE_OUTSIDE", "FIXED_PORT", "INSIDE", "PARTNER", "Stage", "configuration", "open_stage"]

#: Who lives where, and at which port when ports are fixed: the same as in edge.toml.
INSIDE, EDGE_INSIDE, EDGE_OUTSIDE, PARTNER = "127.0.0.11", "127.0.0.10", "127.0.0.20", "127.0.0.21"
FIXED_PORT = 5060

#: So many traces are kept, and with each its message: plenty for one row.
_TRACES = 64

_KEY_BYTES = 32
_PLACE = re.compile(r'address = "([^"]+)", port = \d+')


def embedded_text() -> str:
    """edge.toml as it ships."""
    return files("sipcore.demo").joinpath("edge.toml").read_text("utf-8")


def configuration(ports: Mapping[str, int]) -> Config:
    """The embedded edge.toml with these ports put in, by address, and with a key that nothing outlives."""
    config = loads(_PLACE.sub(lambda place: f'address = "{place[1]}", port = {ports[place[1]]}', embedded_text()))
    return dataclasses.replace(config, keys=Keys(secrets.token_bytes(_KEY_BYTES)))


class Stage:
    """Everybody who takes part, connected."""

    def __init__(self, relay: Relay, inside: Agent, partner: Agent, traces: deque[Trace]) -> None:
        self.relay = relay
        self.inside = inside
        self.partner = partner
        self._traces = traces

    @property
    def places(self) -> list[tuple[str, str]]:
        """Who lives where, for a person: name and addresses."""
        return [
            ("inside user", f"{BOB}, {self.inside.host}:{self.inside.port}"),
            ("edge, inside", _both(self.relay, Side.INSIDE)),
            ("edge, outside", _both(self.relay, Side.OUTSIDE)),
            ("partner", f"{ALICE}, {self.partner.host}:{self.partner.port}"),
        ]

    def sides(self, sender: Literal["partner", "inside"]) -> tuple[Agent, Agent]:
        """Who sends and who is on the far side."""
        return (self.partner, self.inside) if sender == "partner" else (self.inside, self.partner)

    def reasons(self, call_id: str, method: str) -> tuple[str, ...]:
        """How the edge explains what it did with that request: the decision's chain, then the filter's verdict."""
        for trace in self._traces:
            if trace.message.call_id == call_id and trace.message.method == method:
                return (*trace.decision.chain, *_verdict(trace))
        return ("the edge never read it",)


def _both(relay: Relay, side: Side) -> str:
    return ", ".join(str(hop) for (listening, _), hop in relay.listen.items() if listening is side)


def _verdict(trace: Trace) -> Iterator[str]:
    if trace.verdict is None:
        yield "filter: not asked"
    elif not trace.verdict.findings:
        yield f"filter: {trace.verdict.action}"
    else:
        for finding in trace.verdict.findings:
            yield f"filter: {finding.action}, {finding.rule} in {finding.text}: {finding.matched}"


@asynccontextmanager
async def open_stage(
    fixed_ports: bool,
    on_read: Watcher = lambda agent, arrival: None,
    on_trace: Callable[[Trace], None] = lambda trace: None,
) -> AsyncIterator[Stage]:
    """Start the edge and both agents; stop them in the end.

    Args:
        fixed_ports: those of edge.toml, so that a person can be told; otherwise any that are free.
        on_read: told of each message that an agent reads.
        on_trace: told of each message that the edge has dealt with.

    Raises:
        OSError: a port is taken.
    """
    port = FIXED_PORT if fixed_ports else 0
    inside, partner = Agent("inside", INSIDE, port, on_read), Agent("partner", PARTNER, port, on_read)
    traces: deque[Trace] = deque(maxlen=_TRACES)

    def observe(trace: Trace) -> None:
        traces.append(trace)
        on_trace(trace)

    async with AsyncExitStack() as stack:
        for agent in (inside, partner):
            await agent.listen()
            stack.push_async_callback(agent.stop)
        ports = {INSIDE: inside.port, EDGE_INSIDE: port, EDGE_OUTSIDE: port, PARTNER: partner.port}
        relay = await stack.enter_async_context(Relay(configuration(ports), observe))
        await inside.connect(relay.listen[Side.INSIDE, Transport.UDP], relay.listen[Side.INSIDE, Transport.TCP])
        await partner.connect(relay.listen[Side.OUTSIDE, Transport.UDP], relay.listen[Side.OUTSIDE, Transport.TCP])
        yield Stage(relay, inside, partner, traces)
