"""Two engines alike but for the express lane: whatever they are told, they must say the same, byte for byte."""

from __future__ import annotations

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
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    carried: int = 0

    def __post_init__(self) -> None:
        self.fast = engine(**self.arguments)
        self.slow = engine(**self.arguments, remember_decisions=False)
        lane = self.fast._lane
        assert lane is not None
        carry = lane.carry

        def counted(*given: Any) -> list[Action] | None:
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
