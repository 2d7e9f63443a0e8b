"""Who is at the other end of a link, and for which domains it may speak.

On links without TLS the address is all that tells; with TLS it is the certificate. From there on the tables say whose
words count for a domain, in the same order in which a message to that domain would be routed, so that what comes from a
domain and what goes to it always pass the same neighbour:

    direct partner      its own rows' domains
    federated domain    by the static routes and records of its chain
    provider            the domains listed for it, and those whose record names its proxy
    discovered peer     the one domain that its certificate and its record agree on
    default route       whatever no other table knows

Source: docs/protocol.md "Routing and refusals" (F059, F086, F190, F204).
"""

from __future__ import annotations

from typing import NamedTuple

from sipcore.edge.actions import Certificate, Link
from sipcore.edge.chains import Line
from sipcore.edge.discovery import (
    below_domain,
    fact_of,
    is_askable,
    may_be_target,
    provider_named,
    serves,
    typed_target,
)
from sipcore.edge.flow import NeedSrv, PeerEvidence, PeerKind
from sipcore.edge.steps import Case, Closed, Stop, place
from sipcore.edge.tables import (
    DefaultRoute,
    Discovered,
    FederatedDomain,
    LinkClass,
    Lookup,
    Partner,
    Provider,
    Row,
    Side,
    Tables,
    Transport,
    VerificationLevel,
    domain_name,
    served_as,
)
from sipcore.edge.verification import Network, Source

__all__ = ["Voice", "called", "class_of", "evidence_for", "introduction", "voice_of", "where"]

_STRANGER = PeerEvidence(PeerKind.STRANGER)
_INSIDE = PeerEvidence(PeerKind.INSIDE)
_ON_INSIDE, _PARTNER = Side.INSIDE, Source.DIRECT_PARTNER
_BY_PROVIDER = VerificationLevel.VERIFIED_BY_PROVIDER


# -- who


def evidence_for(link: Link, tables: Tables) -> PeerEvidence:
    """Who a link belongs to."""
    if link.side is Side.INSIDE:
        return _INSIDE if _is_our_server(link, tables) else _STRANGER
    if link.certificate is not None:
        return _by_certificate(link.certificate, tables)
    rows = () if link.transport is Transport.TLS else tables.rows_at(link.remote_host)
    return PeerEvidence(PeerKind.LISTED, rows) if rows else _STRANGER


def _is_our_server(link: Link, tables: Tables) -> bool:
    if link.certificate is None:
        return link.transport is not Transport.TLS and tables.own.may_send_outward(link.remote_host)
    if LinkClass.INSIDE not in link.certificate.classes:
        return False
    named = any(tables.own.may_speak(name) for name in link.certificate.names)
    return named or tables.own.may_speak(link.certificate.common_name, common_name=True)


def _by_certificate(certificate: Certificate, tables: Tables) -> PeerEvidence:
    """A common name counts only for the rows whose operator has asked for that (F204).

    No name counts for a row of a class whose authorities did not vouch for it (F038).
    """
    names = tuple(domain_name(name) for name in certificate.names)
    speakers = [(speaker, False) for name in names for speaker in tables.speakers(name)]
    speakers += [(speaker, True) for speaker in tables.speakers(certificate.common_name)]
    named = dict.fromkeys(speaker.row for speaker, by_cn in speakers if speaker.by_cn or not by_cn)
    rows = tuple(row for row in named if class_of(row) in certificate.classes)
    findable = names if LinkClass.DISCOVERED in certificate.classes else ()
    if rows:
        return PeerEvidence(PeerKind.LISTED, rows, findable)
    return PeerEvidence(PeerKind.NAMED, (), findable) if findable else _STRANGER


def class_of(row: Row) -> LinkClass:
    """The class of the links that belong to a row."""
    return LinkClass.PROVIDER if isinstance(row, Provider) else LinkClass.PARTNER


def introduction(side: Side, peer: PeerEvidence) -> Line:
    """Who the link belongs to, in words; empty for a stranger, and for evidence that does not fit the side."""
    if side is _ON_INSIDE:
        return "from a server of ours" if peer.kind is PeerKind.INSIDE else ""
    if peer.rows:
        return lambda: f"from {_listed(peer)}"
    if peer.kind is PeerKind.NAMED:
        return f"from a peer with the certificate of {peer.names[0]}, which no table knows"
    return ""


def _listed(peer: PeerEvidence) -> str:
    first, others = peer.rows[0], len(peer.rows) - 1
    more = f" and {others} more of the same proxy" if others else ""
    return f"{_KINDS[type(first).__name__]}{called(first)}{more}"


def called(row: Row) -> str:
    """What an operator would call a row."""
    name = getattr(row, "name", "")
    return f"{name!r} {where(row)}" if name else f"a static route's next hop {where(row)}"


def where(row: Row) -> str:
    """Where a row stands."""
    return place(_TABLES[type(row).__name__], row.line)


_KINDS = {"Partner": "direct partner ", "Provider": "provider ", "StaticRoute": "", "DefaultRoute": "default route "}
_TABLES = {
    "Partner": "[[partner]]",
    "Provider": "[[provider]]",
    "StaticRoute": "[[static_route]]",
    "DefaultRoute": "[default_route]",
}


# -- for whom


class Voice(NamedTuple):
    """A neighbour that may speak for a domain.

    Attributes:
        line: why, for the chain.
        level: what its claims are worth.
        source, network: what the mark says of it.
        public: it takes the recipient's right for public IM.
        paced: the domain, where it is nobody that an operator has listed.
        row: by which it is known; None for nobody.
    """

    line: Line
    level: VerificationLevel
    source: Source
    network: Network = Network.FEDERATION
    public: bool = False
    paced: str = ""
    row: Partner | Provider | DefaultRoute | FederatedDomain | Discovered | None = None


def voice_of(domain: str, case: Case) -> Voice | Stop | str:
    """Who speaks for a domain on the flow's link; why nobody does; or what has to be looked up first, or cannot be."""
    domain = served_as(domain)
    tables, rows = case.tables, case.flow.peer.rows
    if (partner := tables.direct_partner(domain)) is not None:
        if partner not in rows:
            return f"{domain} is direct partner {called(partner)}, and this is not its link"
        return Voice(
            lambda: f"{domain} is direct partner {called(partner)}, whose link this is",
            partner.verification,
            _PARTNER,
            row=partner,
        )
    if (federated := tables.federated.find(domain)) is not None:
        return _voice_of_federated(federated, case)
    if (provider := tables.provider_of(domain)) is not None:
        if provider not in rows:
            return f"{domain} is listed for provider {called(provider)}, and this is not its link"
        return _provider_voice(provider, lambda: f"{domain} is listed for provider {called(provider)}")
    return _voice_by_record(domain, case)


def _voice_of_federated(row: FederatedDomain, case: Case) -> Voice | Stop | str:
    """By the row's chain (F190, F209). A static route alone gives no permission: the row does."""
    line = f"{row.domain} is federated {place('[[federated_domain]]', row.line)}"
    unknown: Closed | None = None
    for lookup, domain in case.tables.federated.chain(row):
        if lookup is Lookup.STATIC_ROUTE:
            route = case.tables.static_routes.find(domain)
            if route is not None and route in case.flow.peer.rows:
                by = f"{line}, by the static route of {domain} {where(route)}"
                return Voice(by, _BY_PROVIDER, Source.DIRECT_PARTNER, row=row)
        elif _may_agree(domain, case, row):
            fact = fact_of(domain, case)
            if isinstance(fact, NeedSrv):
                return fact
            if isinstance(fact, Closed):
                unknown = fact
            elif typed_target(fact, row, case) and serves(fact, case.flow.peer.names):
                return Voice(f"{line}, by the {fact}", _BY_PROVIDER, Source.AUTO_FEDERATION, row=row)
    return unknown or f"{line}, and this is not its link"


def _provider_voice(provider: Provider, line: Line) -> Voice:
    network = Network.PUBLIC_CLOUD if provider.public else Network.FEDERATION
    return Voice(line, provider.verification, Source.AUTHORIZED_SERVER, network, provider.public, row=provider)


def _voice_by_record(domain: str, case: Case) -> Voice | Stop | str:
    """Whoever the domain's own record names, if that is a provider on its link, or a peer that may be discovered."""
    peer, discovered = case.flow.peer, case.tables.discovered
    if not is_askable(domain):
        return _voice_of_the_rest(domain, case)
    admitted = discovered.admits(domain) and bool(peer.names)
    may_be_found = admitted and _may_agree(domain, case)
    if may_be_found or any(isinstance(row, Provider) for row in peer.rows):
        fact = fact_of(domain, case)
        if isinstance(fact, Stop):
            return fact
        provider = provider_named(fact, case)
        if provider is not None and provider in peer.rows:
            return _provider_voice(provider, f"{fact}, the proxy of provider {called(provider)}")
        if may_be_found and below_domain(fact, case) and serves(fact, peer.names):
            known = domain in discovered.domains
            line = f"{domain} is {_discovered(domain, case)}, and the {fact} agrees with the certificate"
            paced = "" if known else domain
            return Voice(line, discovered.verification, Source.AUTO_FEDERATION, paced=paced, row=discovered)
        if may_be_found:
            return f"{fact}, which does not agree with the certificate of {', '.join(peer.names)}; {_SEVERAL}"
    if admitted:
        return f"no name is one label below {domain} in the certificate of {', '.join(peer.names)}; {_SEVERAL}"
    return _voice_of_the_rest(domain, case)


_SEVERAL = "a peer with several domains is a [[partner]] for each, a [[provider]], or comes through a clearing house"


def _may_agree(domain: str, case: Case, row: FederatedDomain | None = None) -> bool:
    """Whether the domain's record could agree with the certificate; if not it is not looked up, or anybody with some
    certificate could have us ask for whatever name he likes."""
    return any(may_be_target(name, domain, case, row) for name in case.flow.peer.names)


def _discovered(domain: str, case: Case) -> str:
    discovered = case.tables.discovered
    if domain in discovered.domains:
        return f"discovered {place('[discovered]', discovered.domains.line(domain))}"
    return "discovered ([discovered] any_domain)"


def _voice_of_the_rest(domain: str, case: Case) -> Voice | str:
    default = case.tables.default_route
    if default is not None and default in case.flow.peer.rows:
        return Voice(
            lambda: f"{domain} is in no other table, and this is the default route {called(default)}",
            default.verification,
            Source.AUTHORIZED_SERVER,
            row=default,
        )
    discovered = case.tables.discovered
    if domain in discovered.domains and not discovered.enabled:
        return f"{domain} is listed, but discovering is off {place('[discovered]', discovered.domains.line(domain))}"
    return f"no table lets this link speak for {domain or 'a sender without a domain'}"
