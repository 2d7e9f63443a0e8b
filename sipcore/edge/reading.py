"""From a message and its link to what policy sees: the only place in `edge` that reads headers for a decision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

from sipcore._parser import Message
from sipcore._values import NameAddr, Uri
from sipcore.edge.actions import Link
from sipcore.edge.benotify import ASKED
from sipcore.edge.directory import Directory, UserView, user_address
from sipcore.edge.flow import Flow, Reply
from sipcore.edge.hashes import Keys, initiates
from sipcore.edge.identity import evidence_for
from sipcore.edge.tables import Hop, Side, Tables, domain_name
from sipcore.edge.verification import Assertion, assertion_of
from sipcore.errors import HeaderError

__all__ = ["FAR_DOMAIN", "SIGNATURE", "OwnRoutes", "own_routes", "read_flow", "read_reply", "target_of", "user_of_ours"]

#: The parameter of our Record-Route URIs that names the federated domain.
FAR_DOMAIN = "fd"
#: The parameter of our Record-Route URIs by which we know them again, see `hashes`.
SIGNATURE = "sig"

_ASSERTED = "P-Asserted-Identity"
_PROXY_REQUIRE = "Proxy-Require"

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")


@dataclass(frozen=True, slots=True)
class OwnRoutes:
    """The Route values on top that are ours.

    Attributes:
        count: how many.
        near_domain: the outside domain that they name on the sender's side; None when that is the inside, when they
            name nothing, or were not recorded for this dialog.
        far_domain: the outside domain that they lead to; None likewise.
        more: others follow.
        broken: they name a domain, and were not recorded for this dialog, this end of it or this side.
        initiates: the sender of the request is the end that began the dialog; true outside of any.
        asked: they were recorded for this dialog, whose SUBSCRIBE asked for BENOTIFY.
    """

    count: int
    near_domain: str | None
    far_domain: str | None
    more: bool
    broken: bool = False
    initiates: bool = True
    asked: bool = False

    @property
    def to_subscriber(self) -> bool:
        """The request goes to who asked for BENOTIFY."""
        return self.asked and not self.initiates

    @property
    def domains(self) -> str | None:
        """Both in one text, and whether it goes to a subscriber who asked; None where there is neither domain."""
        if self.near_domain is None and self.far_domain is None:
            return None
        return f"{self.near_domain or ''} {self.far_domain or ''}{' asked' * self.to_subscriber}"


_NO_ROUTES = OwnRoutes(0, None, None, False)


def own_routes(message: Message, side: Side, tables: Tables, keys: Keys) -> OwnRoutes:
    """How far the route set leads through us, and whether we recorded it for this very dialog.

    Record-Route is doubled (RFC 5658): the upper route is for the side that the request comes from, the lower for the
    other one. More than these two we never record.

    Raises:
        HeaderError: a Route is malformed.
    """
    if "Route" not in message:
        return _NO_ROUTES
    routes = message.routes
    uris = list(takewhile(lambda uri: _is_ours(uri, tables), (route.uri for route in routes)))
    more = len(uris) < len(routes)
    domains = [domain_name(named) for uri in uris if (named := uri.params.get(FAR_DOMAIN))]
    if not domains:
        return OwnRoutes(len(uris), None, None, more)
    if len(set(domains)) == 1 and (began := _initiates(message, uris, (side, side.opposite), keys)) is not None:
        near, far = (None, domains[0]) if side is Side.INSIDE else (domains[0], None)
        return OwnRoutes(len(uris), near, far, more, initiates=began, asked=_asked(uris))
    if side is Side.OUTSIDE and len(domains) == len(uris) == len(Side):
        # Recorded by a clearing house: each route names the domain of its own end.
        began = _initiates(message, uris, (Side.OUTSIDE, Side.OUTSIDE), keys)
        if began is not None:
            return OwnRoutes(len(uris), domains[0], domains[1], more, initiates=began, asked=_asked(uris))
    return OwnRoutes(len(uris), None, None, more, broken=True)


def _is_ours(uri: Uri, tables: Tables) -> bool:
    return uri.host is not None and tables.own.is_own_place(uri.host, uri.port)


def _initiates(message: Message, uris: list[Uri], sides: tuple[Side, Side], keys: Keys) -> bool | None:
    """Whether the sender began the dialog, if every route says so alike; None where one is not signed for it.

    Args:
        sides: that of the sender, and the one that the routes lead to.
    """
    if len(uris) > len(sides):
        return None
    (near, far), said = sides, set()
    for uri, here in zip(uris, (True, False), strict=False):
        own, across = (near, far) if here else (far, near)
        said.add(initiates(message, uri, own, across, here=here, keys=keys))
    return said.pop() if len(said) == 1 else None


def _asked(uris: list[Uri]) -> bool:
    """Whether every route says so; the signature of each, which has been looked at, covers it."""
    return all(ASKED in uri.params for uri in uris)


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
        route_near=routes.near_domain,
        route_far=routes.far_domain,
        route_broken=routes.broken,
        to_subscriber=routes.to_subscriber,
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
