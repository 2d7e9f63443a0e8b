"""What plays a sequence of messages, look-ups, responses, losses and ticks to an engine, and keeps what it did."""

from __future__ import annotations

from collections import Counter

from edges import LINKS, TABLES

from sipcore import ImFilter, Message, ParseError, parse, respond
from sipcore.edge.actions import Action, Resolve, Send
from sipcore.edge.engine import Engine, Keys
from sipcore.edge.facts import SrvFact

__all__ = ["ALONG_ROUTES", "THEN_ANSWERED", "THEN_LOST", "Player", "method_of"]

#: What the byte beside a message says, besides which link it comes on.
ALONG_ROUTES, THEN_ANSWERED, THEN_LOST, RESOLVED = 16, 32, 64, 128


FILTER = ImFilter()


class Player:
    """One engine.

    What comes may follow the routes that were recorded last, and what was sent on may be answered or lost: nobody could
    guess what signs them.

    Args:
        remember_decisions: as of the engine, which must do the same without.
    """

    def __init__(self, *, remember_decisions: bool = True) -> None:
        self.actions: list[Action] = []
        self.asked: Counter[str] = Counter()  #: how many requests came, by the method in CSeq
        self._edge = Engine(TABLES, FILTER, Keys(bytes(16)), remember_decisions=remember_decisions)
        self._routes = b""

    def come(self, data: bytes, choice: int, now: float) -> None:
        """A message comes, records are found, and what leaves is answered or lost."""
        try:
            message = parse(self._along(data) if choice & ALONG_ROUTES else data)
        except ParseError:
            return
        if message.is_request:
            self.asked[method_of(message)] += 1
        actions = self._edge.receive(message, LINKS[choice % len(LINKS)], now)
        for action in [each for each in actions if isinstance(each, Resolve) and choice & RESOLVED]:
            fact = SrvFact.of(action.domain, f"sip.{action.domain}", expires=now + choice)
            actions += self._edge.resolved(fact, now)
        self.actions += actions
        for send in [each for each in actions if isinstance(each, Send) and each.came_from is not None]:
            self._sent_on(send, choice, now)

    def end(self) -> None:
        """Whatever waits has waited for too long."""
        for later in (1e6, 2e6, 3e6):
            self.actions += self._edge.tick(later)

    def _along(self, data: bytes) -> bytes:
        line, end, rest = data.partition(b"\r\n")
        return line + end + self._routes + rest

    def _sent_on(self, send: Send, choice: int, now: float) -> None:
        left = parse(send.data)
        if recorded := left.get_all("Record-Route"):
            self._routes = f"Route: {', '.join(recorded)}\r\n".encode("utf-8", "surrogateescape")
        if choice & THEN_LOST:
            self.actions += self._edge.undelivered(send, now)
        elif choice & THEN_ANSWERED and left.method not in ("ACK", "BENOTIFY"):
            back = next(link for link in LINKS if link.side is send.side)
            self.actions += self._edge.receive(parse(respond(left, 200)), back, now)


def method_of(message: Message) -> str:
    """The method that CSeq names; empty where it names none."""
    return "".join((message.get("CSeq") or "").split()[-1:])
