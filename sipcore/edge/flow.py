"""What policy sees of a message, and what it can answer. No bytes, no content, no addresses of senders.

A `Flow` is all that `routing.decide` knows of a request, a `Reply` all that it knows of a response; both are small,
frozen and hashable, so that decisions can be repeated and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sipcore.edge.tables import Hop, Row, Side
from sipcore.edge.verification import Assertion, Mark

__all__ = [
    "EVERYTHING",
    "Answer",
    "Candidate",
    "Content",
    "Decision",
    "Discard",
    "Final",
    "Flow",
    "Forward",
    "Header",
    "NeedSrv",
    "PeerEvidence",
    "PeerKind",
    "Reply",
    "Srv",
    "Static",
]

Header = tuple[str, str]


class PeerKind(StrEnum):
    """What is known of the other end of a link."""

    INSIDE = "inside"  #: a server of ours
    LISTED = "listed"  #: an operator has at least one row for it
    NAMED = "named"  #: it has a certificate that no row knows; DNS may
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class PeerEvidence:
    """Who the other end of a link is, by what cannot be written into a message. It follows from link and tables alone.

    Attributes:
        kind: how it is known.
        rows: those that it may speak for: several domains may share one proxy.
        names: of its certificate; none on links without TLS.

    Raises:
        ValueError: rows for somebody who is not listed, or none for who is; a name known without a name.
    """

    kind: PeerKind
    rows: tuple[Row, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind is PeerKind.LISTED) != bool(self.rows):
            raise ValueError("a listed peer, and nobody else, has rows")
        if self.kind is PeerKind.NAMED and not self.names:
            raise ValueError("a peer that is known by its certificate has a name")


@dataclass(frozen=True, slots=True)
class Flow:
    """A request, as policy sees it. Domains are in the spelling of `tables.domain_name`.

    Attributes:
        side: where it came from.
        peer: who the link belongs to.
        method: as sent; methods compare with case.
        in_dialog: the To header has a tag.
        from_user: what stands before the host of the From URI; empty when nothing does.
        from_domain: host of the From URI; None when that is no sip or sips URI.
        asserted_domain: host of the P-Asserted-Identity's sip URI; None when there is none.
        request_domain: host of the Request-URI; None when its scheme is neither sip nor sips.
        to_domain: host of the To URI; None when that is no sip or sips URI.
        route_near: the outside domain that our own Record-Route names on the sender's side. None when it names none,
            when no such route is on top, and always from inside.
        route_far: the outside domain that it leads to; None likewise, and always when it leads inside.
        route_broken: a route of ours is on top that was not recorded for this dialog, this end of it or this side.
        to_subscriber: it goes along our own route to who began the dialog by a SUBSCRIBE that asked for BENOTIFY.
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
    route_near: str | None = None
    route_far: str | None = None
    route_broken: bool = False
    from_user: str = ""
    to_subscriber: bool = False
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


class Static(NamedTuple):
    """A candidate that needs no look-up."""

    hop: Hop

    def __str__(self) -> str:
        return str(self.hop)


@dataclass(frozen=True, slots=True)
class Srv:
    """A candidate that DNS has to tell.

    Attributes:
        domain: whose SRV record.
        must_equal: a provider's proxy, which the record has to name; None where it may name others.
    """

    domain: str
    must_equal: Hop | None = None

    def __str__(self) -> str:
        return f"the SRV record of {self.domain}" + (f", {self.must_equal}" if self.must_equal else "")


Candidate = Static | Srv


class Content(NamedTuple):
    """Which rules hold for the content of a message that is forwarded.

    Attributes:
        filtered: the content filter looks at it, where there is one.
        plain_text: of what people exchange only plain text passes (F093).
    """

    filtered: bool = True
    plain_text: bool = False


#: The rules where nobody has said otherwise.
EVERYTHING = Content()


class Forward(NamedTuple):
    """Send it on. A tuple, for it is made for every new flow, and a frozen dataclass takes four times as long.

    Attributes:
        side: where it leaves.
        candidates: where it may go, best first; never empty.
        near_domain: the outside domain that it came from, for Record-Route; empty from inside, and for responses.
        far_domain: the outside domain that it goes to, likewise; empty when it goes inside.
        mark: to be written on what goes inside.
        assertion: whether to assert outward that the sender is verified; None where nothing is said.
        notice: the archiving notice, on what goes to others outside.
        paced: the discovered domain whose messages are counted; empty for those that are listed.
        method: what the request's method becomes: BENOTIFY, which we answer ourselves as the NOTIFY that it was, or
            NOTIFY, whose response goes no further than to us. Empty where it stays.
        content: which rules hold for its content.
        chain: the rules that led here, one readable line each.
    """

    side: Side
    candidates: tuple[Candidate, ...]
    near_domain: str
    far_domain: str
    mark: Mark | None
    assertion: bool | None
    chain: Sequence[str]
    notice: Header | None = None
    paced: str = ""
    method: str = ""
    content: Content = EVERYTHING


@dataclass(frozen=True, slots=True)
class NeedSrv:
    """Nothing can be decided before the SRV record of a domain is known: look it up, and ask again.

    Attributes:
        domain: whose.
        chain: the rules that led here, one readable line each.
    """

    domain: str
    chain: Sequence[str] = ()


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
    chain: Sequence[str]


@dataclass(frozen=True, slots=True)
class Discard:
    """Say nothing. ``why`` and ``chain`` as in `Answer`."""

    why: str
    chain: Sequence[str]


#: What becomes of a message in the end.
Final = Forward | Answer | Discard
Decision = Final | NeedSrv
