"""A larger world for the tests of decisions: one edge with a row in every table, its neighbours, and its users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge_world import OWN

from sipcore.edge.actions import Certificate, Link
from sipcore.edge.directory import Access, Entry, Scope, Users, UserView
from sipcore.edge.facts import Found, SrvFact, Target
from sipcore.edge.flow import Flow
from sipcore.edge.identity import evidence_for
from sipcore.edge.tables import (
    PRELOADED,
    Blocked,
    DefaultRoute,
    Discovered,
    Domains,
    DomainType,
    FederatedDomain,
    FederatedDomains,
    Federation,
    Hop,
    Partner,
    Pattern,
    Provider,
    Side,
    StaticRoute,
    StaticRoutes,
    Subject,
    Tables,
    Transport,
    VerificationLevel,
)

INSIDE, OUTSIDE = Side.INSIDE, Side.OUTSIDE


def tls(name: str) -> Hop:
    """A proxy as most of them are."""
    return Hop(Transport.TLS, name, 5061)


FABRIKAM = Partner("fabrikam.example", "Fabrikam", tls("edge.fabrikam.example"), line=10)
LABS = Partner("fabrikam-labs.example", "Labs", tls("edge.fabrikam.example"), VerificationLevel.CONTACT_LIST, line=14)
MSN = replace(PRELOADED[1], enabled=True, line=20)
HOSTING = Provider("Hosting", tls("sip.hosting.example"), enabled=True, domains=Domains(["tailspin.example"]), line=24)
EXCHANGE = DefaultRoute(tls("edge.clearing.example"), "Exchange", VerificationLevel.CONTACT_LIST, line=30)
CUP = StaticRoute(
    Pattern.parse(".example.domaina.*"), tls("cup.domaina.example"), (Subject("fw.domaina.example", match_cn=True),), 40
)
AOL_ROUTE = StaticRoute(Pattern.parse("aol.com"), tls("sip.oscar.aol.com"), line=44)
DOMAIN_A = FederatedDomain("domaina.example", line=50)
DOMAIN_B = FederatedDomain("domainb.example", line=52)
AOL = FederatedDomain("aol.com", DomainType.AOL, line=54)
HOSTED = FederatedDomain("hosted.example", DomainType.AOL, line=56)

#: Everything at once but for a default route, which providers exclude.
CROSSROADS = Tables(
    own=replace(
        OWN,
        listen={
            **OWN.listen,
            (INSIDE, Transport.TLS): Hop(Transport.TLS, "127.0.0.1", 5061),
            (OUTSIDE, Transport.TLS): Hop(Transport.TLS, "192.0.2.1", 5061),
        },
    ),
    partners={row.domain: row for row in (FABRIKAM, LABS)},
    discovered=Discovered(True, Domains(["nwtraders.example", "alpine.example"], [60, 61])),
    providers=(MSN, HOSTING, PRELOADED[0]),
    blocked=Blocked(Domains(["spam.example", "aol.net"], [70, 71])),
    static_routes=StaticRoutes([CUP, AOL_ROUTE]),
    federated=FederatedDomains({row.domain: row for row in (DOMAIN_A, DOMAIN_B, AOL, HOSTED)}),
)
#: The same with a clearing house to go to, instead of providers and discovered peers.
WITH_DEFAULT = replace(CROSSROADS, providers=(), discovered=Discovered(), default_route=EXCHANGE)
#: The same, being a clearing house.
HOUSE = replace(CROSSROADS, federation=Federation(clearing_house=True))

ALICE = "alice@fabrikam.example"
#: Rights one by one, and lists.
BOB = UserView("bob@contoso.example", True, federation=True, option_flags=1, line=3)
FEDERATED_ONLY = UserView("fay@contoso.example", True, federation=True)
PUBLIC_ONLY = UserView("pam@contoso.example", True, option_flags=1)
REMOTE_ONLY = UserView("rex@contoso.example", True, remote_access=True)
DISABLED = UserView("dora@contoso.example", False, federation=True, remote_access=True, option_flags=17)


def listing(scope: Scope, who: str, presence: Access | None = None, communication: Access | None = None) -> UserView:
    """Bob with one entry."""
    return replace(BOB, entries=(Entry(scope, who, presence, communication),))


USERS = Users.of([BOB, FEDERATED_ONLY, PUBLIC_ONLY, REMOTE_ONLY, DISABLED])


def link(*names: str, common_name: str = "", side: Side = OUTSIDE, number: int = 1) -> Link:
    """A TLS link whose peer has a certificate of these names."""
    return Link(number, side, Transport.TLS, "203.0.113.9", 40_000 + number, Certificate(names, common_name))


def inward(from_domain: str, *names: str, tables: Tables = CROSSROADS, common_name: str = "", **changes: Any) -> Flow:
    """A request of alice's at that domain for our bob, from a peer with a certificate of these names."""
    flow = Flow(
        side=OUTSIDE,
        peer=evidence_for(link(*names, common_name=common_name), tables),
        method="MESSAGE",
        in_dialog=False,
        from_user="alice",
        from_domain=from_domain,
        asserted_domain=None,
        request_domain="contoso.example",
        to_domain="contoso.example",
    )
    return replace(flow, **changes)


def outward(to_domain: str, tables: Tables = CROSSROADS, **changes: Any) -> Flow:
    """A request of our bob's for somebody at that domain."""
    server = Link(2, INSIDE, Transport.UDP, "127.0.0.5", 5070)
    flow = Flow(
        side=INSIDE,
        peer=evidence_for(server, tables),
        method="MESSAGE",
        in_dialog=False,
        from_user="bob",
        from_domain="contoso.example",
        asserted_domain=None,
        request_domain=to_domain,
        to_domain=to_domain,
    )
    return replace(flow, **changes)


def srv(domain: str, *hosts: str | Target) -> dict[str, SrvFact]:
    """That a domain's records point there; that it has none."""
    return {domain: SrvFact.of(domain, *hosts)}


def no_answer(domain: str) -> dict[str, SrvFact]:
    """That the look-up failed."""
    return {domain: SrvFact(domain, Found.FAILED)}
