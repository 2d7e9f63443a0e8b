"""The edge left running: how to reach it, and what it does with what a person sends."""

from __future__ import annotations

import asyncio
import signal

from rich.console import Console
from rich.text import Text

from sipcore.demo import wire
from sipcore.demo.agents import Agent, Arrival
from sipcore.demo.stage import EDGE_INSIDE, EDGE_OUTSIDE, FIXED_PORT, INSIDE, PARTNER
from sipcore.edge.actions import Trace

__all__ = ["Onlooker", "first_message", "keep_serving"]

#: Where the ready commands send from: beside the port that the partner's agent listens on.
_OWN_PORT = 5099


def first_message() -> bytes:
    """What the ready command sends, as the partner's user over UDP."""
    headers = [
        ("Via", f"SIP/2.0/UDP {PARTNER}:{_OWN_PORT};rport;branch=z9hG4bK-me-1"),
        ("Max-Forwards", "70"),
        ("From", "<sip:me@fabrikam.example>;tag=me"),
        ("To", "<sip:bob@contoso.example>"),
        ("Call-ID", "me-1"),
        ("CSeq", "1 MESSAGE"),
        ("Content-Type", "text/plain"),
    ]
    return wire.compose("MESSAGE sip:bob@contoso.example SIP/2.0", headers, "Hello from my own client")


class Onlooker:
    """Tells a person what happens, from the moment on that it is asked to."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.awake = False

    def read(self, agent: Agent, arrival: Arrival) -> None:
        """An agent has read a message."""
        if self.awake:
            agent.arrivals.clear()  # no row is computed any more, and a person may send for hours
            self._say(f"{agent.name} read {len(arrival.data)} bytes: {wire.lines_of(arrival.data)[0]}", "bold")

    def decided(self, trace: Trace) -> None:
        """The edge has dealt with a message."""
        if self.awake:
            message, link = trace.message, trace.link
            what = message.method or f"{message.status} {message.reason}"
            who = f"{link.remote_host}:{link.remote_port} over {link.transport}"
            self._say(f"edge: {what} from {who}", "cyan")
            for line in trace.decision.chain:
                self._say(f"      {line}", "dim")

    def _say(self, line: str, style: str) -> None:
        # what a client sends is not to steer the terminal
        printable = "".join(character if character.isprintable() else "?" for character in line)
        self._console.print(Text(printable, style), soft_wrap=True)


async def keep_serving(onlooker: Onlooker, console: Console) -> None:
    """Say how to reach the edge, then show what happens until SIGINT or SIGTERM."""
    for line, style in _directions():
        # Commands are to be copied, so no line is broken by us.
        console.print(Text(line, style), soft_wrap=True)
    onlooker.awake = True
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await over.wait()


def _directions() -> list[tuple[str, str]]:
    """What a person needs to know, line by line with its style."""
    outside = f"{EDGE_OUTSIDE}:{FIXED_PORT}"
    literal = first_message().decode().replace("\r\n", "\\r\\n")
    return [
        ("", ""),
        ("The edge goes on running. Ctrl-C ends it.", "bold"),
        ("It knows its peers by the address that they send from:", ""),
        (f"  as the partner (fabrikam.example), send from {PARTNER} to {outside}, UDP or TCP", ""),
        (f"  as one of us (contoso.example), send from {INSIDE} to {EDGE_INSIDE}:{FIXED_PORT}, UDP or TCP", ""),
        ("A first message, as the partner; the answer is printed by nc:", ""),
        (f"  printf '{literal}' | nc -u -w 1 -s {PARTNER} -p {_OWN_PORT} {EDGE_OUTSIDE} {FIXED_PORT}", "green"),
        ("Five more with SIPp, from a checkout:", ""),
        (f"  sipp {outside} -sf tests/sipp/message_uac.xml -m 5 -i {PARTNER} -p {_OWN_PORT} -bind_local", "green"),
        ("", ""),
    ]
