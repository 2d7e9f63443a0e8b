"""From a message and its link to what policy sees: the only place in `edge` that reads headers for a decision."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipcore._parser import Message
from sipcore._values import NameAddr, Uri, Via
from sipcore.edge.actions import Link
from sipcore.edge.flow import Flow, PeerEvidence, PeerKind, Reply
from sipcore.edge.hashes import Transaction
from sipcore.edge.tables import Hop, Side, Tables, domain_name
from sipcore.edge.verification import Assertion, assertion_of
from sipcore.errors import HeaderError

__all__ = ["FAR_DOMAIN", "OwnRoutes", "evidence_for", "own_routes", "read_flow", "read_reply", "transaction_of"]

#: The parameter of our Record-Route URIs that names the federated domain.
FAR_DOMAIN = "fd"

_ASSERTED = "P-Asserted-Identity"
_PROXY_REQUIRE = "Proxy-Require"

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")

_STRANGER = PeerEvidence(PeerKind.STRANGER)
_INSIDE = PeerEvidence(PeerKind.INSIDE)


def evidence_for(link: Link, tables: Tables) -> PeerEvidence:
    """Who a link belongs to. Its address is all that there is to go by on links without TLS."""
    if link.side is Side.INSIDE:
        return _INSIDE if tables.own.may_send_outward(link.remote_host) else _STRANGER
    partner = tables.partner_at(link.remote_host)
    return PeerEvidence(PeerKind.DIRECT, partner) if partner else _STRANGER


def transaction_of(message: Message, via: Via) -> Transaction:
    """The transaction that a message belongs to, as the author of that Via sees it.

    What is absent or malformed is None: a faulty request is answered too.
    """
    return Transaction(via.branch, message.call_id, _from_tag(message), _cseq_number(message))


def _from_tag(message: Message) -> str | None:
    try:
        return message.from_.tag if message.from_ else None
    except HeaderError:
        return None


def _cseq_number(message: Message) -> int | None:
    try:
        return message.cseq.number if message.cseq else None
    except HeaderError:
        return None


@dataclass(frozen=True, slots=True)
class OwnRoutes:
    """The Route values on top that are ours.

    Attributes:
        count: how many.
        far_domain: what they name; None when they name nothing, or two things.
        more: others follow.
    """

    count: int
    far_domain: str | None
    more: bool


def own_routes(message: Message, tables: Tables) -> OwnRoutes:
    """How far the route set leads through us. Record-Route is doubled, so two are usual (RFC 5658).

    Raises:
        HeaderError: a Route is malformed.
    """
    routes = message.routes
    count, domains = 0, set()
    for route in routes:
        uri = route.uri
        if uri.host is None or not tables.own.is_own_place(uri.host, uri.port):
            break
        count += 1
        if named := uri.params.get(FAR_DOMAIN):
            domains.add(domain_name(named))
    return OwnRoutes(count, domains.pop() if len(domains) == 1 else None, count < len(routes))


def read_flow(message: Message, link: Link, routes: OwnRoutes, tables: Tables) -> Flow:
    """A request as policy sees it.

    Raises:
        HeaderError: a header that the decision needs is malformed.
    """
    to = message.to
    return Flow(
        side=link.side,
        peer=evidence_for(link, tables),
        method=message.method or "",
        in_dialog=to is not None and to.tag is not None,
        from_domain=_domain(message.from_),
        asserted_domain=_asserted_domain(message),
        request_domain=_host(message.uri),
        to_domain=_domain(to),
        route_domain=routes.far_domain,
        routed_on=routes.more or "maddr" in message.uri.params,
        assertion=_assertion(message, tables),
        option_tags=_option_tags(message),
    )


def read_reply(message: Message, link: Link, back_to: Hop | None, tables: Tables) -> Reply:
    """A response as policy sees it.

    Raises:
        HeaderError: a header that the decision needs is malformed.
    """
    return Reply(
        side=link.side,
        peer=evidence_for(link, tables),
        method=message.cseq.method if message.cseq else "",
        from_domain=_domain(message.from_),
        to_domain=_domain(message.to),
        asserted_domain=_asserted_domain(message),
        back_to=back_to,
        assertion=_assertion(message, tables),
    )


def _host(uri: Uri) -> str | None:
    return None if uri.host is None else domain_name(uri.host)


def _domain(address: NameAddr | None) -> str | None:
    return None if address is None else _host(address.uri)


def _assertion(message: Message, tables: Tables) -> Assertion:
    return assertion_of(message.get_all(tables.verification.assertion_header))


def _asserted_domain(message: Message) -> str | None:
    """The host of the one sip or sips identity; a tel identity says nothing of domains (RFC 3325 section 9.1)."""
    if _ASSERTED not in message:
        return None
    hosts = [host for value in message.values(_ASSERTED) if (host := _host(_identity(value, message))) is not None]
    if len(hosts) > 1:
        raise _fault(message, _ASSERTED, "repeated-identity")
    return hosts[0] if hosts else None


def _identity(value: str, message: Message) -> Uri:
    try:
        return NameAddr.parse(value).uri
    except HeaderError as error:
        raise _fault(message, _ASSERTED, error.code) from error


def _option_tags(message: Message) -> tuple[str, ...]:
    if _PROXY_REQUIRE not in message:
        return ()
    tags = message.values(_PROXY_REQUIRE)
    if not all(map(_TOKEN.fullmatch, tags)):
        raise _fault(message, _PROXY_REQUIRE, "bad-option-tag")
    return tuple(sorted({tag.lower() for tag in tags}))


def _fault(message: Message, header: str, code: str) -> HeaderError:
    span = message.span_of(header)
    return HeaderError(code, span[0] if span else 0, header)
