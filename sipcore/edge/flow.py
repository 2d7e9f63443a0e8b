"""What policy sees of a message, and what it can answer. No bytes, no content, no addresses of senders.

A `Flow` is all that `routing.decide` knows of a request, a `Reply` all that it knows of a response; both are small,
frozen and hashable, so that decisions can be repeated and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sipcore.edge.tables import Hop, Partner, Side
from sipcore.edge.verification import Assertion, Mark

__all__ = [
    "Answer",
    "Decision",
    "Discard",
    "Flow",
    "Forward",
    "Header",
    "PeerEvidence",
    "PeerKind",
    "Reply",
    "Static",
]

Header = tuple[str, str]


class PeerKind(StrEnum):
    """What is known of the other end of a link."""

    INSIDE = "inside"
    DIRECT = "direct"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class PeerEvidence:
    """Who the other end of a link is, by what cannot be written into a message.

    Raises:
        ValueError: a direct partner without its row, or a row for somebody else.
    """

    kind: PeerKind
    partner: Partner | None = None

    def __post_init__(self) -> None:
        if (self.kind is PeerKind.DIRECT) != (self.partner is not None):
            raise ValueError("a direct partner, and nobody else, has a row")


@dataclass(frozen=True, slots=True)
class Flow:
    """A request, as policy sees it. Domains are in the spelling of `tables.domain_name`.

    Attributes:
        side: where it came from.
        peer: who the link belongs to.
        method: as sent; methods compare with case.
        in_dialog: the To header has a tag.
        from_domain: host of the From URI; None when that is no sip or sips URI.
        asserted_domain: host of the P-Asserted-Identity's sip URI; None when there is none.
        request_domain: host of the Request-URI; None when its scheme is neither sip nor sips.
        to_domain: host of the To URI; None when that is no sip or sips URI.
        route_domain: the far domain that our own Record-Route named; None when no such route is on top.
        route_broken: a route of ours is on top that was not recorded for this dialog, this end of it or this side.
        routed_on: the message names a next hop beyond us: a Route that is not ours, or ``maddr`` in its Request-URI.
        assertion: what the assertion header says.
        option_tags: of Proxy-Require, in lower case, sorted.
    """

    side: Side
    peer: PeerEvidence
    method: str
    in_dialog: bool
    from_domain: str | None
    asserted_domain: str | None
    request_domain: str | None
    to_domain: str | None
    route_domain: str | None = None
    route_broken: bool = False
    routed_on: bool = False
    assertion: Assertion = Assertion.ABSENT
    option_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that was proven to answer a request of ours, as policy sees it.

    Attributes:
        side: where it came from.
        peer: who the link belongs to.
        method: of the request that it answers (CSeq).
        from_domain, to_domain, asserted_domain: as in `Flow`.
        back_to: where the next Via wants it; None when that names no address.
        assertion: what the assertion header says.
    """

    side: Side
    peer: PeerEvidence
    method: str
    from_domain: str | None
    to_domain: str | None
    asserted_domain: str | None
    back_to: Hop | None
    assertion: Assertion = Assertion.ABSENT


@dataclass(frozen=True, slots=True)
class Static:
    """A candidate that needs no look-up."""

    hop: Hop


@dataclass(frozen=True, slots=True)
class Forward:
    """Send it on.

    Attributes:
        side: where it leaves.
        candidates: where it may go, best first; never empty.
        far_domain: the federated domain at the other end, for Record-Route; empty for responses.
        mark: to be written on what goes inside.
        assertion: whether to assert outward that the sender is verified; None on what goes inside.
        chain: the rules that led here, one readable line each.
    """

    side: Side
    candidates: tuple[Static, ...]
    far_domain: str
    mark: Mark | None
    assertion: bool | None
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer it here.

    Attributes:
        status: 400 to 699.
        reason: the reason phrase.
        headers: to be added to the answer.
        why: the name of the refusal in docs/refusals.md, for counters.
        chain: the rules that led here, one readable line each.
    """

    status: int
    reason: str
    headers: tuple[Header, ...]
    why: str
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Discard:
    """Say nothing. ``why`` and ``chain`` as in `Answer`."""

    why: str
    chain: tuple[str, ...]


Decision = Forward | Answer | Discard
