"""Two engines alike but for the express lane: whatever they are told, they must say the same, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge_world import (
    FROM_FABRIKAM,
    FROM_SERVER,
    FROM_WOODGROVE,
    INSIDE,
    KEYS,
    OUTSIDE,
    TABLES,
    engine,
    in_dialog,
    inbound,
    outbound,
    route_set,
    sent,
)

from sipcore import ParseError, parse, respond
from sipcore.edge.actions import Action, Link
from sipcore.edge.engine import Engine

PLAIN = "text/plain; charset=UTF-8"
_TEXT = (("Content-Type", PLAIN),)


@dataclass
class Both:
    """An engine with the lane and one without.

    Args:
        arguments: of both engines.

    Attributes:
        carried: messages that took the lane.
        tried: messages that were held against it, taken together left out.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    carried: int = 0
    tried: int = 0

    def __post_init__(self) -> None:
        self.fast = engine(**self.arguments)
        self.slow = engine(**self.arguments, remember_decisions=False)
        lane = self.fast._lane
        assert lane is not None
        carry = lane.carry

        def counted(*given: Any) -> list[Action] | None:
            self.tried += 1
            actions = carry(*given)
            self.carried += actions is not None
            return actions

        lane.carry = counted  # type: ignore[method-assign]

    def receive(self, data: bytes, link: Link, now: float = 0.0) -> list[Action]:
        """What both say; nothing where the bytes are no message."""
        try:
            message = parse(data)
        except ParseError:
            return []
        actions = self.slow.receive(message, link, now)
        assert self.fast.receive(message, link, now) == actions
        return actions

    def tell(self, what: str, *given: Any) -> list[Action]:
        """Something else than a message is told to both, by the name of the engine's method."""
        actions: list[Action] = getattr(self.slow, what)(*given)
        assert getattr(self.fast, what)(*given) == actions
        return actions

    def takes_lane(self, data: bytes, link: Link) -> bool:
        """Whether a message is carried once one like it has been decided."""
        self.receive(data, link)
        before = self.carried
        self.receive(data, link)
        return self.carried > before


def traffic() -> list[tuple[bytes, Link]]:
    """What an edge carries all day, each on its link: requests of both sides, in dialogs too, and their responses."""
    woodgrove = {"from_": "<sip:w@woodgrove.example>;tag=w", "via": "SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK-w"}
    requests = [
        (inbound(content_type=PLAIN), FROM_FABRIKAM),
        (inbound("X-Verified-User: verified", method="OPTIONS", body=b""), FROM_FABRIKAM),
        (inbound(method="BENOTIFY", content_type="application/pidf+xml", body=b"<presence/>"), FROM_FABRIKAM),
        (inbound(**woodgrove), FROM_WOODGROVE),
        (inbound(via="SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK-nat"), FROM_FABRIKAM),
        (outbound(content_type=PLAIN), FROM_SERVER),
        (outbound("ms-edge-proxy-message-trust: forged", body=b"Hi"), FROM_SERVER),
        (outbound(uri="sip:w@woodgrove.example", to="<sip:w@woodgrove.example>"), FROM_SERVER),
        *(
            in_dialog(said_by, route_set(begun_by, said_by), method=method)
            for said_by in (INSIDE, OUTSIDE)
            for begun_by in (INSIDE, OUTSIDE)
            for method in ("MESSAGE", "NOTIFY", "BENOTIFY", "BYE")
        ),
    ]
    edge = engine(TABLES, keys=KEYS)
    return [*requests, *(pair for data, link in requests for pair in _answers(edge, data, link))]


def linked(make: Callable[..., bytes], *extra: str, **changes: Any) -> bytes:
    """A message with a link, which the default filter refuses."""
    body = b"Have a look at http://www.woodgrove.example/invoice.scr now!"
    return make(*extra, **{"content_type": PLAIN, "body": body} | changes)


def spim() -> list[tuple[bytes, Link]]:
    """Requests with links, each on its link: their answers have a note in the Via or none, and a tag or theirs."""
    asking, elsewhere = ("SIP/2.0/UDP 192.0.2.20;rport;branch=z9hG4bK-x", "SIP/2.0/UDP 10.0.0.1:7000;branch=z9hG4bK-y")
    route = route_set(OUTSIDE, OUTSIDE)
    woodgrove = {"from_": "<sip:w@woodgrove.example>;tag=w", "via": "SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK-w"}
    return [
        (linked(inbound), FROM_FABRIKAM),
        (linked(inbound, via=asking), FROM_FABRIKAM),
        (linked(inbound, via=f"{elsewhere};received=192.0.2.9, SIP/2.0/UDP c.example"), FROM_FABRIKAM),
        (linked(inbound, "Via: SIP/2.0/UDP b.example", "Subject: www.a.example", via=elsewhere), FROM_FABRIKAM),
        (linked(inbound, **woodgrove), FROM_WOODGROVE),
        (linked(outbound), FROM_SERVER),
        in_dialog(OUTSIDE, route, method="MESSAGE", content_type=PLAIN, body=b"http://www.woodgrove.example"),
    ]


def _answers(edge: Engine, data: bytes, link: Link) -> list[tuple[bytes, Link]]:
    """What comes back to a request that is forwarded."""
    (left,) = sent(edge.receive(parse(data), link, 0.0))
    back = {INSIDE: FROM_SERVER, OUTSIDE: FROM_WOODGROVE if "woodgrove" in str(data) else FROM_FABRIKAM}[left.side]
    asked = parse(left.data)
    if asked.method == "BENOTIFY":
        return []
    return [
        (respond(asked, 200), back),
        (respond(asked, 486, headers=_TEXT, body=b"Not now"), back),
        (respond(asked, 180), back),
    ]
