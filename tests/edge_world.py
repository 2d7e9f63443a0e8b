"""The small world that the tests of the edge live in: one inside domain, two partners, a blocked domain, a stranger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from messages import message

from sipcore import parse
from sipcore.edge.actions import Action, Count, Link, Send
from sipcore.edge.engine import Engine
from sipcore.edge.flow import PeerEvidence, PeerKind
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import (
    Blocked,
    Domains,
    Hop,
    OwnSide,
    Partner,
    Side,
    Tables,
    Transport,
    VerificationLevel,
)

UDP, TCP = Transport.UDP, Transport.TCP
INSIDE, OUTSIDE = Side.INSIDE, Side.OUTSIDE
SIDES = (INSIDE, OUTSIDE)

FABRIKAM = Partner("fabrikam.example", "Fabrikam", Hop(UDP, "192.0.2.20", 5060))
WOODGROVE = Partner("woodgrove.example", "Woodgrove", Hop(TCP, "192.0.2.30", 5065), VerificationLevel.ALL)

OWN = OwnSide(
    fqdn="edge.contoso.example",
    domains=Domains(["contoso.example", "emea.contoso.example"]),
    next_hop=Hop(UDP, "127.0.0.5", 5070),
    servers=frozenset({"127.0.0.5", "127.0.0.6"}),
    listen={
        (INSIDE, UDP): Hop(UDP, "127.0.0.1", 5060),
        (INSIDE, TCP): Hop(TCP, "127.0.0.1", 5060),
        (OUTSIDE, UDP): Hop(UDP, "192.0.2.1", 5060),
        (OUTSIDE, TCP): Hop(TCP, "192.0.2.1", 5060),
    },
)

TABLES = Tables(
    own=OWN,
    partners={"fabrikam.example": FABRIKAM, "woodgrove.example": WOODGROVE},
    blocked=Blocked(Domains(["spam.example"])),
)

SERVER = PeerEvidence(PeerKind.INSIDE)
DIRECT = PeerEvidence(PeerKind.LISTED, (FABRIKAM,))
STRANGER = PeerEvidence(PeerKind.STRANGER)

#: Links by who is at the other end.
FROM_SERVER = Link(1, INSIDE, UDP, "127.0.0.5", 5070)
FROM_FABRIKAM = Link(2, OUTSIDE, UDP, "192.0.2.20", 5060)
FROM_WOODGROVE = Link(3, OUTSIDE, TCP, "192.0.2.30", 40123)
FROM_STRANGER = Link(4, OUTSIDE, UDP, "198.51.100.9", 5060)
FROM_INSIDE_STRANGER = Link(5, INSIDE, UDP, "127.0.0.99", 5060)

#: What the filter refuses.
URL = b"look at http://www.adatum.example/"

KEYS = Keys(b"a key for these tests only")


def answering(tables: Tables = TABLES) -> Tables:
    """The tables, with blocked peers told so."""
    return replace(tables, blocked=replace(tables.blocked, answer=True))


def with_level(level: VerificationLevel) -> Tables:
    """The tables, with that level for Fabrikam."""
    return replace(TABLES, partners={**TABLES.partners, "fabrikam.example": replace(FABRIKAM, verification=level)})


def inbound(*extra: str, **changes: Any) -> bytes:
    """A request from alice at Fabrikam to bob of ours."""
    return message(*extra, **{"via": "SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-in"} | changes)


def outbound(*extra: str, **changes: Any) -> bytes:
    """A request from our bob to alice at Fabrikam."""
    ours = {
        "uri": "sip:alice@fabrikam.example",
        "via": "SIP/2.0/UDP 127.0.0.5:5070;branch=z9hG4bK-out",
        "from_": "<sip:bob@contoso.example>;tag=b-tag",
        "to": "<sip:alice@fabrikam.example>",
    }
    return message(*extra, **ours | changes)


#: The alice of `inbound` and the bob of `outbound` in one dialog, whoever began it: what each of them writes.
IN_DIALOG = {
    OUTSIDE: {"to": "<sip:bob@contoso.example>;tag=b-tag"},
    INSIDE: {"to": "<sip:alice@fabrikam.example>;tag=a-tag"},
}


def record(begun_by: Side, edge: Engine | None = None, *extra: str, **changes: Any) -> list[str]:
    """The routes that the edge records for a dialog, in the order of the INVITE: that of the other side comes first."""
    begin, link = (inbound, FROM_FABRIKAM) if begun_by is OUTSIDE else (outbound, FROM_SERVER)
    invite = only(receive(edge or engine(), begin(*extra, **{"method": "INVITE"} | changes), link))
    return [str(route) for route in parse(invite.data).record_routes]


def route_set(begun_by: Side, said_by: Side, edge: Engine | None = None, *extra: str, **changes: Any) -> str:
    """The Route header of a request in that dialog: who began it has its routes in reverse (RFC 3261 section 12.1)."""
    recorded = record(begun_by, edge, *extra, **changes)
    return "Route: " + ", ".join(recorded[::-1] if begun_by is said_by else recorded)


def in_dialog(said_by: Side, route: str, *extra: str, **changes: Any) -> tuple[bytes, Link]:
    """A BYE of alice or bob along that route, and the link that it comes on."""
    fields = {"method": "BYE", "uri": "sip:somebody@198.51.100.77:4321", "body": b"", **IN_DIALOG[said_by], **changes}
    make, link = (inbound, FROM_FABRIKAM) if said_by is OUTSIDE else (outbound, FROM_SERVER)
    return make(*((route,) if route else ()), *extra, **fields), link


def engine(tables: Tables = TABLES, **arguments: Any) -> Engine:
    """An engine in this world, without a filter unless one is given."""
    return Engine(tables, arguments.pop("filter", None), arguments.pop("keys", KEYS), **arguments)


def receive(edge: Engine, data: bytes, link: Link, now: float = 0.0) -> list[Action]:
    """What the engine does with these bytes."""
    return edge.receive(parse(data), link, now)


def sent(actions: list[Action]) -> list[Send]:
    """The messages that leave."""
    return [action for action in actions if isinstance(action, Send)]


def only(actions: list[Action]) -> Send:
    """The one message that leaves."""
    (send,) = sent(actions)
    return send


def counted(actions: list[Action]) -> list[tuple[str, ...]]:
    """What was counted, apart from the arrival."""
    return [(a.name, *a.labels) for a in actions if isinstance(a, Count) and a.name != "received"]


def fate(actions: list[Action]) -> list[tuple[str, ...]]:
    """What became of a message by the counters, apart from what the filter found in it."""
    return [each for each in counted(actions) if each[0] != "filtered"]
