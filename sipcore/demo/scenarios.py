"""What the demo plays, and what each row must show to be right. Data only.

The rows are the promises of the README: change one here, and a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sipcore.demo.agents import TransportName

__all__ = ["ALICE", "BOB", "SCENARIOS", "Expected", "Scenario"]

#: The partner's user, outside.
ALICE = "sip:alice@fabrikam.example"
#: Our own user, inside.
BOB = "sip:bob@contoso.example"

PLAIN = {"Content-Type": "text/plain; charset=UTF-8"}
#: How the partner's edge tells us that it knows the sender (docs/protocol.md "Verification levels and marks").
VERIFIED = {"X-Verified-User": "verified"}
UNVERIFIED = {"X-Verified-User": "unverified"}

#: What an edge puts on the way of a message: itself, and who the sender is.
EDGE_INSIDE = ("Via", "127.0.0.10")

FILE_OFFER = """\
Application-Name: File Transfer\r
Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}\r
Invitation-Command: INVITE\r
Invitation-Cookie: 33267\r
Application-File: holiday.jpg\r
Application-FileSize: 48211\r
"""

#: A presence document in its shortest form (RFC 3863 section 4.1).
AVAILABLE = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:alice@fabrikam.example">'
    '<tuple id="pc"><status><basic>open</basic></status></tuple></presence>'
)


@dataclass(frozen=True)
class Expected:
    """What makes a row right.

    Attributes:
        status: of the one answer that the sender gets; None when nobody may answer.
        delivered: whether the far side reads the message, once; otherwise it reads nothing at all.
        far: headers of what the far side reads, each with a piece that one of its values must contain.
        answer: the same, of the answer.
    """

    status: int | None
    delivered: bool
    far: tuple[tuple[str, str], ...] = ()
    answer: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One message, by whom and how it is sent, and what must come of it.

    Attributes:
        by_subscription: sent inside a subscription that the other side makes first, along its Record-Route.
    """

    title: str
    sender: Literal["partner", "inside"]
    over: TransportName
    method: str
    sender_uri: str
    target: str
    expected: Expected
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    by_subscription: bool = False


def _from_partner(
    title: str, over: TransportName, body: str, expected: Expected, headers: Mapping[str, str]
) -> Scenario:
    return Scenario(title, "partner", over, "MESSAGE", ALICE, BOB, expected, headers, body)


_REFUSED_CONTENT = Expected(606, delivered=False, answer=(("Warning", '309 edge.contoso.example "Message contents'),))


def _mark(verdict: str) -> tuple[str, str]:
    return "ms-edge-proxy-message-trust", f"ms-source-verified-user={verdict}"


SCENARIOS: tuple[Scenario, ...] = (
    _from_partner(
        "Clean message from the partner: passes",
        "tcp",
        "Lunch at noon?",
        Expected(200, delivered=True, far=(EDGE_INSIDE, _mark("verified"))),
        PLAIN | VERIFIED,
    ),
    _from_partner(
        "Clickable link: refused",
        "udp",
        "Look at http://tailspin.example/prize",
        _REFUSED_CONTENT,
        PLAIN | VERIFIED,
    ),
    _from_partner(
        "Same link with an underscore: passes",
        "udp",
        "Look at _http://tailspin.example/prize",
        Expected(200, delivered=True, far=(EDGE_INSIDE,)),
        PLAIN | VERIFIED,
    ),
    _from_partner(
        "Offer of a file transfer: refused",
        "tcp",
        FILE_OFFER,
        _REFUSED_CONTENT,
        {"Content-Type": "text/x-msmsgsinvite; charset=UTF-8"} | VERIFIED,
    ),
    Scenario(
        "From inside to an unknown domain: refused",
        sender="inside",
        over="udp",
        method="MESSAGE",
        sender_uri=BOB,
        target="sip:carol@nowhere.example",
        headers=PLAIN,
        body="Hello?",
        expected=Expected(404, delivered=False, answer=(("ms-diagnostics", "1005"),)),
    ),
    Scenario(
        "From outside, not for us: refused",
        sender="partner",
        over="tcp",
        method="MESSAGE",
        sender_uri=ALICE,
        target="sip:carol@nowhere.example",
        headers=PLAIN | VERIFIED,
        body="Pass this on, please.",
        expected=Expected(403, delivered=False),
    ),
    Scenario(
        "BENOTIFY: delivered, nobody answers",
        sender="partner",
        over="tcp",
        method="BENOTIFY",
        sender_uri=ALICE,
        target=BOB,
        headers={
            "Event": "presence",
            "Subscription-State": "active;expires=3600",
            "Content-Type": "application/pidf+xml",
        }
        | VERIFIED,
        body=AVAILABLE,
        by_subscription=True,
        expected=Expected(None, delivered=True, far=(EDGE_INSIDE,)),
    ),
    _from_partner(
        "Unverified sender: delivered, marked so",
        "udp",
        "You do not know me.",
        Expected(200, delivered=True, far=(EDGE_INSIDE, _mark("unverified"))),
        PLAIN | UNVERIFIED,
    ),
    _from_partner(
        "Link behind innocent words in HTML: refused",
        "tcp",
        '<p>See <a href="&#104;ttp://tailspin.example/prize">the agenda</a>.</p>',
        _REFUSED_CONTENT,
        {"Content-Type": "text/html; charset=UTF-8"} | VERIFIED,
    ),
)
