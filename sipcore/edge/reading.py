"""From a message and its link to what policy sees: the only place in `edge` that reads headers for a decision."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipcore._parser import Message
from sipcore._values import NameAddr, Uri, Via
from sipcore.edge.actions import Link
from sipcore.edge.directory import Directory, UserView, user_address
from sipcore.edge.flow import Flow, Reply
from sipcore.edge.hashes import Transaction
from sipcore.edge.identity import evidence_for
from sipcore.edge.tables import Hop, Side, Tables, domain_name
from sipcore.edge.verification import Assertion, assertion_of
from sipcore.errors import HeaderError

__all__ = [
    "FAR_DOMAIN",
    "OwnRoutes",
    "own_routes",
    "read_flow",
    "read_reply",
    "target_of",
    "transaction_of",
    "user_of_ours",
]

#: The parameter of our Record-Route URIs that names the federated domain.
FAR_DOMAIN = "fd"

_ASSERTED = "P-Asserted-Identity"
_PROXY_REQUIRE = "Proxy-Require"

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")


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
        near_domain: the outside domain that the first of them names; None when it names none.
        far_domain: that of the last one. Only in a clearing house it is another one.
        more: others follow.
    """

    count: int
    near_domain: str | None
    far_domain: str | None
    more: bool


def own_routes(message: Message, tables: Tables) -> OwnRoutes:
    """How far the route set leads through us. Record-Route is doubled, so two are usual (RFC 5658).

    Raises:
        HeaderError: a Route is malformed.
    """
    routes = message.routes
    named: list[str | None] = []
    for route in routes:
        uri = route.uri
        if uri.host is None or not tables.own.is_own_place(uri.host, uri.port):
            break
        far = uri.params.get(FAR_DOMAIN)
        named.append(domain_name(far) if far else None)
    near, far = (named[0], named[-1]) if named else (None, None)
    return OwnRoutes(len(named), near, far, len(named) < len(routes))


def read_flow(message: Message, link: Link, routes: OwnRoutes, tables: Tables) -> Flow:
    """A request as policy sees it.

    Raises:
        HeaderError: a header that the decision needs is malformed.
    """
    to = message.to
    near, far = _ends(routes, link.side)
    return Flow(
        side=link.side,
        peer=evidence_for(link, tables),
        method=message.method or "",
        in_dialog=to is not None and to.tag is not None,
        from_domain=_domain(message.from_),
        asserted_domain=_asserted_domain(message),
        request_domain=_host(message.uri),
        to_domain=_domain(to),
        route_near=near,
        route_far=far,
        from_user=_user(message.from_),
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


def _ends(routes: OwnRoutes, side: Side) -> tuple[str | None, str | None]:
    """The outside domains near to the sender and far from it. A route that says one thing twice has one end inside."""
    near, far = routes.near_domain, routes.far_domain
    if side is Side.INSIDE:
        return None, far if near == far else None
    return near, far if near != far else None


def user_of_ours(
    message: Message, side: Side, tables: Tables, directory: Directory | None
) -> tuple[UserView | None, UserView | None]:
    """(sender, recipient), as decisions want them: who of the two is ours, with no right if the directory has nobody.

    Outside a dialog a request is for whom its Request-URI names; in one that is a device, and To is the user.
    """
    if directory is None:
        return None, None
    to = message.to
    in_dialog = to is not None and to.tag is not None
    recipient = to.uri if to is not None and in_dialog else message.uri
    found = (
        _view(message.from_.uri if message.from_ else None, tables, directory),
        _view(recipient, tables, directory),
    )
    return (found[0], None) if side is Side.INSIDE else found


def _view(uri: Uri | None, tables: Tables, directory: Directory) -> UserView | None:
    if uri is None or _host(uri) not in tables.own.domains:
        return None
    address = f"{uri.user or ''}@{_host(uri)}"
    return directory.user(address) or UserView(address)


def target_of(message: Message) -> str:
    """Whom a request is for, as recipients are counted."""
    uri = message.uri
    return user_address(f"{uri.user or ''}@{uri.host or ''}")


def _user(address: NameAddr | None) -> str:
    return "" if address is None else address.uri.user or ""


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
