"""The table of decisions: one row or more for each feature of the edge that is one of deciding.

A row says what comes, over which tables, with which facts and which users; then the decision in short and a part of the
chain that led to it. Features that no decision shows are in `WITHOUT_A_ROW`, each with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from federated_world import (
    ALICE,
    BOB,
    CROSSROADS,
    DISABLED,
    FEDERATED_ONLY,
    HOUSE,
    INSIDE,
    MSN,
    PUBLIC_ONLY,
    REMOTE_ONLY,
    WITH_DEFAULT,
    inward,
    listing,
    no_answer,
    outward,
    srv,
)

from sipcore.edge.directory import Access, Scope, UserView
from sipcore.edge.facts import SrvFact, Target
from sipcore.edge.flow import Flow
from sipcore.edge.tables import (
    BestEffort,
    Blocked,
    ContentSwitches,
    Discovered,
    Domains,
    FarEnd,
    FederatedDomains,
    Federation,
    Hop,
    Media,
    RowContent,
    StaticRoutes,
    Tables,
    Transport,
    Verification,
    VerificationLevel,
)
from sipcore.edge.tables.federation import ArchivingNotice
from sipcore.edge.verification import Assertion

INSIDE_HOP = "inside: udp 127.0.0.5:5070"
EDGE = "edge.fabrikam.example"
NW = "sip.nwtraders.example"
VERIFIED, DENIED = Assertion.VERIFIED, Assertion.UNVERIFIED
CONTACT_LIST, ALL = VerificationLevel.CONTACT_LIST, VerificationLevel.ALL


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    feature: str
    subject: str
    flow: Flow
    decision: str
    chain: str
    tables: Tables = CROSSROADS
    facts: Mapping[str, SrvFact] = field(default_factory=dict)
    sender: UserView | None = None
    recipient: UserView | None = None


def tables(**changes: object) -> Tables:
    """The crossroads, changed."""
    return replace(CROSSROADS, **changes)  # type: ignore[arg-type]


def discovering(**changes: object) -> Tables:
    """The crossroads, discovering in another way."""
    return tables(discovered=replace(CROSSROADS.discovered, **changes))  # type: ignore[arg-type]


def level(of: VerificationLevel) -> Tables:
    """The crossroads with that level for Fabrikam."""
    partners = {
        **CROSSROADS.partners,
        "fabrikam.example": replace(CROSSROADS.partners["fabrikam.example"], verification=of),
    }
    return tables(partners=partners)


def saying(content: RowContent) -> Tables:
    """The crossroads, where Fabrikam's row says that of content."""
    fabrikam = replace(CROSSROADS.partners["fabrikam.example"], content=content)
    return tables(partners={**CROSSROADS.partners, "fabrikam.example": fabrikam})


EXEMPT = tables(content=ContentSwitches(exempt_outbound=frozenset({FarEnd.PARTNER})))
UNLIMITED = tables(providers=(replace(MSN, content=RowContent(media=Media.ANY)), *CROSSROADS.providers[1:]))
OFF = tables(discovered=Discovered(), providers=())
OPEN = discovering(any_domain=True)
AOL_BARE = tables(static_routes=StaticRoutes())
NW_FACT = srv("nwtraders.example", NW)
SUBSCRIBE, INVITE = {"method": "SUBSCRIBE"}, {"method": "INVITE"}
ENFORCED = replace(level(CONTACT_LIST), verification=Verification(enforce_at_edge=True))
#: Along our route, to who began the dialog by a SUBSCRIBE that asked for BENOTIFY.
SERVED = {"in_dialog": True, "route_near": "fabrikam.example", "to_subscriber": True}
REMOTE = tables(federation=Federation(remote_access=True))
EARLIER = discovering(domains=Domains(["fabrikam.example"], [5]))
LATER = discovering(domains=Domains(["fabrikam.example"], [90]))

ENHANCED = [
    Row(
        "F053",
        "nobody is discovered by default",
        outward("x.example", OFF),
        "404 unknown-domain",
        "no table leads",
        OFF,
    ),
    Row(
        "F053",
        "when on, the list alone counts",
        outward("x.example"),
        "404 unknown-domain",
        "SRV of x.example: none",
        facts=srv("x.example"),
    ),
    Row(
        "F054",
        "any domain is everybody",
        outward("x.example"),
        "outside: the SRV record of x.example",
        "(any_domain)",
        OPEN,
        srv("x.example", "sip.x.example"),
    ),
    Row(
        "F055",
        "an empty list is nobody",
        outward("x.example"),
        "404 unknown-domain",
        "no table leads",
        discovering(domains=Domains()),
        srv("x.example", "sip.x.example"),
    ),
    Row(
        "F055",
        "an empty list is nobody who comes",
        inward("x.example", "sip.x.example"),
        "403 claims-other-domain",
        "no table lets this link speak",
        discovering(domains=Domains()),
    ),
    Row(
        "F057",
        "the list is kept while it is off",
        inward("nwtraders.example", NW),
        "403 claims-other-domain",
        "nwtraders.example is listed, but discovering is off ([discovered], line 60)",
        discovering(enabled=False),
    ),
    Row(
        "F059",
        "record and certificate agree",
        inward("nwtraders.example", NW),
        INSIDE_HOP,
        "agrees with the certificate",
        facts=NW_FACT,
    ),
    Row(
        "F059",
        "a record that names another's proxy",
        inward("nwtraders.example", "edge.nwtraders.example"),
        "403 claims-other-domain",
        "does not agree",
        facts=NW_FACT,
    ),
    Row(
        "F059",
        "a certificate that no record of the domain could name is not worth a question",
        inward("nwtraders.example", "edge.evil.example", "nwtraders.example", "a.sip.nwtraders.example"),
        "403 claims-other-domain",
        "no name is one label below nwtraders.example in the certificate of edge.evil.example, nwtraders.example",
    ),
    Row(
        "F059",
        "a record that cannot be looked up proves nothing against who comes",
        inward("nwtraders.example", NW),
        "504 no-srv",
        "SRV of nwtraders.example: the look-up failed",
        facts=no_answer("nwtraders.example"),
    ),
    Row(
        "F190",
        "nor does that of a federated domain",
        inward("domainb.example", "sip.domainb.example"),
        "504 no-srv",
        "SRV of domainb.example: the look-up failed",
        facts=no_answer("domainb.example"),
    ),
    Row(
        "F059",
        "in a dialog either",
        inward("nwtraders.example", NW, in_dialog=True, route_near="nwtraders.example"),
        "504 no-srv",
        "SRV of nwtraders.example: the look-up failed",
        facts=no_answer("nwtraders.example"),
    ),
    Row(
        "F060",
        "of several names one that a record could name is enough to ask",
        inward("nwtraders.example", "edge.evil.example", NW),
        "SRV of nwtraders.example?",
        "which no table knows",
    ),
    Row(
        "F086",
        "a provider's domains are told by their records alone, so those are asked for",
        inward("y.example", "sip.hosting.example"),
        "SRV of y.example?",
        "from provider 'Hosting'",
    ),
    Row(
        "F059",
        "a spoofed record toward an attacker",
        outward("nwtraders.example"),
        "504 srv-conflict",
        "not one label below",
        facts=srv("nwtraders.example", "edge.evil.example"),
    ),
    Row(
        "F059",
        "before the record is known",
        inward("nwtraders.example", NW),
        "SRV of nwtraders.example?",
        "which no table knows",
    ),
    Row(
        "F060",
        "a second domain behind one certificate",
        inward("alpine.example", NW),
        "403 claims-other-domain",
        "is a [[partner]] for each, a [[provider]], or comes through a clearing house",
        facts=srv("alpine.example", NW),
    ),
    Row(
        "F061",
        "two labels below the domain",
        outward("nwtraders.example"),
        "504 srv-conflict",
        "not one label below",
        facts=srv("nwtraders.example", "a.sip.nwtraders.example"),
    ),
    Row(
        "F061",
        "the domain itself is no proxy of it",
        outward("nwtraders.example"),
        "504 srv-conflict",
        "not one label",
        facts=srv("nwtraders.example", "nwtraders.example"),
    ),
    Row(
        "F064",
        "direct comes first: its proxy",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061",
        "direct partner",
        LATER,
    ),
    Row(
        "F064",
        "discovered comes first: its record",
        outward("fabrikam.example"),
        "outside: the SRV record of fabrikam.example",
        "([discovered], line 5)",
        EARLIER,
        srv("fabrikam.example", EDGE),
    ),
    Row(
        "F065",
        "blocked beats discovered",
        outward("nwtraders.example"),
        "403 blocked",
        "([blocked], line 7)",
        tables(blocked=Blocked(Domains(["nwtraders.example"], [7]))),
    ),
    Row(
        "F065",
        "an alias is blocked with its domain",
        outward("aim.com"),
        "403 blocked",
        "aim.com is blocked",
        tables(blocked=Blocked(Domains(["aol.com"])), federated=FederatedDomains()),
    ),
    Row(
        "F067",
        "a user blocks a federated user",
        inward("fabrikam.example", EDGE),
        "403 user-blocks",
        f"says block of {ALICE}",
        recipient=listing(Scope.USER, ALICE, None, Access.BLOCK),
    ),
    Row(
        "F067",
        "a user restricts to the allow list",
        inward("fabrikam.example", EDGE),
        "403 user-blocks",
        "says block",
        recipient=listing(Scope.ALL, "", None, Access.BLOCK),
    ),
    Row(
        "F068",
        "partners are told of archiving",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061",
        "told of archiving ([archiving_notice]): X-Archiving-Notice: archived",
        tables(archiving_notice=ArchivingNotice(enabled=True)),
    ),
    Row(
        "F071",
        "the organisation's switch is off",
        outward("fabrikam.example"),
        "403 federation-off",
        "([federation] organisation = false)",
        tables(federation=Federation(organisation=False)),
        sender=BOB,
    ),
    Row(
        "F071",
        "the switch inward",
        inward("fabrikam.example", EDGE),
        "403 federation-off",
        "federation is off",
        tables(federation=Federation(organisation=False)),
        recipient=BOB,
    ),
    Row(
        "F072", "the next hop inside takes everything", inward("fabrikam.example", EDGE), INSIDE_HOP, "to udp 127.0.0.5"
    ),
    Row(
        "F074",
        "TLS on 5061 where nothing else is said",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061",
        f"to tls {EDGE}:5061 on the outside",
    ),
    Row(
        "F075",
        "federation alone",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061",
        "the right for federation",
        sender=FEDERATED_ONLY,
    ),
    Row(
        "F075",
        "public IM alone does not federate",
        outward("fabrikam.example"),
        "403 no-federation-right",
        "no right for federation",
        sender=PUBLIC_ONLY,
    ),
    Row(
        "F075",
        "federation alone has no public IM",
        outward("hotmail.example"),
        "403 no-public-im-right",
        "no right for public",
        facts=srv("hotmail.example", "federation.messenger.msn.com"),
        sender=FEDERATED_ONLY,
    ),
    Row(
        "F075",
        "remote access alone sends to nobody outside",
        outward("fabrikam.example"),
        "403 no-right",
        "has neither",
        sender=REMOTE_ONLY,
    ),
    Row(
        "F075",
        "remote access comes in",
        inward("contoso.example", from_user="rex"),
        INSIDE_HOP,
        "has the right for remote-access",
        REMOTE,
        sender=REMOTE_ONLY,
    ),
    Row(
        "F075",
        "without the right nobody comes in",
        inward("contoso.example"),
        "403 no-remote-access-right",
        "no right for",
        REMOTE,
        sender=BOB,
    ),
    Row(
        "F076",
        "discovered peers take the right for federation",
        outward("nwtraders.example"),
        "403 no-federation-right",
        "no right for federation",
        facts=NW_FACT,
        sender=PUBLIC_ONLY,
    ),
    Row(
        "F077",
        "the record's port and target",
        outward("nwtraders.example"),
        "outside: the SRV record of nwtraders.example",
        f"SRV of nwtraders.example: {NW}",
        facts=srv("nwtraders.example", Target(NW, 5062)),
    ),
    Row("F078", "a private provider's domain needs its record", outward("x.example"), "SRV of x.example?", "looked up"),
    Row(
        "F083",
        "discovering off: direct works",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061",
        "direct partner",
        discovering(enabled=False),
    ),
    Row(
        "F083",
        "discovering off: providers work",
        outward("tailspin.example"),
        "outside: tls sip.hosting.example:5061",
        "listed for provider",
        discovering(enabled=False),
    ),
    Row(
        "F083",
        "discovering off: the clearing house works",
        outward("x.example"),
        "outside: tls edge.clearing.example:5061",
        "takes the default route",
        WITH_DEFAULT,
    ),
]

PROVIDERS = [
    Row(
        "F084",
        "a public provider is the public cloud",
        inward("hotmail.example", "federation.messenger.msn.com"),
        f"{INSIDE_HOP}, plain text only",
        "the proxy of provider 'MSN' ([[provider]], line 20)",
        facts=srv("hotmail.example", "federation.messenger.msn.com"),
    ),
    Row(
        "F085",
        "no provider while federation is off",
        outward("tailspin.example"),
        "403 federation-off",
        "federation is off",
        tables(federation=Federation(organisation=False)),
    ),
    Row(
        "F086",
        "the record points to the provider",
        outward("y.example"),
        "outside: the SRV record of y.example, tls sip.hosting.example:5061",
        "the proxy of provider 'Hosting'",
        facts=srv("y.example", "sip.hosting.example"),
    ),
    Row(
        "F086",
        "the record points elsewhere",
        outward("y.example"),
        "404 unknown-domain",
        "no table leads to y.example",
        facts=srv("y.example", "sip.elsewhere.example"),
    ),
    Row(
        "F086",
        "the record points to two",
        outward("y.example"),
        "404 unknown-domain",
        "no table leads",
        facts=srv("y.example", "sip.hosting.example", "sip.elsewhere.example"),
    ),
    Row(
        "F086",
        "a provider for a domain that is not its own",
        inward("y.example", "sip.hosting.example"),
        "403 claims-other-domain",
        "no table lets",
        facts=srv("y.example", "sip.elsewhere.example"),
    ),
    Row(
        "F087",
        "a discovered peer needs no row",
        outward("nwtraders.example"),
        "outside: the SRV record of nwtraders.example",
        "is discovered",
        facts=NW_FACT,
    ),
    Row(
        "F089",
        "the preloaded rows are off",
        inward("aol.example", "sip.oscar.aol.com"),
        "403 claims-other-domain",
        "no table",
        tables(static_routes=StaticRoutes()),
        srv("aol.example", "sip.oscar.aol.com"),
    ),
    Row(
        "F090",
        "a listed domain needs no record",
        outward("tailspin.example"),
        "outside: tls sip.hosting.example:5061",
        "tailspin.example is listed for provider 'Hosting' ([[provider]], line 24)",
    ),
    Row(
        "F091",
        "the public flag takes the right for public IM",
        outward("hotmail.example"),
        "outside: the SRV record of hotmail.example, tls federation.messenger.msn.com:5061, plain text only",
        "the right for public-im",
        facts=srv("hotmail.example", "federation.messenger.msn.com"),
        sender=PUBLIC_ONLY,
    ),
    Row(
        "F093",
        "to a public provider plain text only",
        outward("hotmail.example"),
        "outside: the SRV record of hotmail.example, tls federation.messenger.msn.com:5061, plain text only",
        "plain text only: 'MSN' ([[provider]], line 20) is a public provider",
        facts=srv("hotmail.example", "federation.messenger.msn.com"),
    ),
    Row(
        "F093",
        "and from one",
        inward("hotmail.example", "federation.messenger.msn.com"),
        f"{INSIDE_HOP}, plain text only",
        "is a public provider",
        facts=srv("hotmail.example", "federation.messenger.msn.com"),
    ),
    Row(
        "F093",
        "unless its row says more",
        outward("hotmail.example", UNLIMITED),
        "outside: the SRV record of hotmail.example, tls federation.messenger.msn.com:5061",
        "the proxy of provider 'MSN'",
        UNLIMITED,
        srv("hotmail.example", "federation.messenger.msn.com"),
    ),
    Row(
        "F093",
        "a private provider takes anything",
        outward("tailspin.example"),
        "outside: tls sip.hosting.example:5061",
        "listed for provider",
    ),
    Row(
        "F093",
        "a partner whose row says so",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061, plain text only",
        "plain text only: 'Fabrikam' ([[partner]], line 10) has media = \"plain-text\"",
        saying(RowContent(media=Media.PLAIN_TEXT)),
    ),
    Row(
        "F095",
        "of three providers one is on",
        outward("aol.example"),
        "404 unknown-domain",
        "no table leads",
        facts=srv("aol.example", "sip.oscar.aol.com"),
    ),
    Row(
        "F097",
        "on the allow list",
        inward("fabrikam.example", EDGE, **SUBSCRIBE),
        INSIDE_HOP,
        "says allow",
        recipient=listing(Scope.USER, ALICE, Access.ALLOW),
    ),
    Row(
        "F097",
        "on neither list",
        inward("fabrikam.example", EDGE, **SUBSCRIBE),
        INSIDE_HOP,
        "the right for federation",
        recipient=BOB,
    ),
    Row(
        "F097",
        "on the block list: no presence",
        inward("fabrikam.example", EDGE, **SUBSCRIBE),
        "403 user-blocks",
        "says block",
        recipient=listing(Scope.DOMAIN, "fabrikam.example", Access.BLOCK),
    ),
    Row(
        "F097",
        "on the block list: no call",
        inward("fabrikam.example", EDGE, **INVITE),
        "403 user-blocks",
        "says block",
        recipient=listing(Scope.USER, ALICE, None, Access.BLOCK),
    ),
    Row(
        "F098",
        "one right for all public providers",
        outward("hotmail.example"),
        "403 no-public-im-right",
        "public-im",
        facts=srv("hotmail.example", "federation.messenger.msn.com"),
        sender=FEDERATED_ONLY,
    ),
    Row(
        "F103",
        "rights are off until given",
        outward("fabrikam.example"),
        "403 no-right",
        "is not enabled",
        sender=UserView("new@contoso.example"),
    ),
    Row(
        "F103",
        "also for who is addressed",
        inward("fabrikam.example", EDGE),
        "403 no-federation-right",
        "no right",
        recipient=UserView("new@contoso.example", True),
    ),
    Row(
        "F106",
        "who is not enabled has no right",
        outward("fabrikam.example"),
        "403 no-right",
        "is not enabled",
        sender=DISABLED,
    ),
    Row(
        "F107",
        "a default route takes what nobody knows",
        outward("x.example"),
        "outside: tls edge.clearing.example:5061",
        "takes the default route 'Exchange' ([default_route], line 30)",
        WITH_DEFAULT,
    ),
    Row(
        "F107",
        "and speaks for it",
        inward("x.example", "edge.clearing.example", tables=WITH_DEFAULT),
        INSIDE_HOP,
        "level contact-list",
        WITH_DEFAULT,
    ),
    Row(
        "F107",
        "but not for a partner",
        inward("fabrikam.example", "edge.clearing.example", tables=WITH_DEFAULT),
        "403 claims-other-domain",
        "this is not its link",
        WITH_DEFAULT,
    ),
    Row(
        "F109",
        "no open relay",
        inward("fabrikam.example", EDGE, request_domain="nwtraders.example"),
        "403 not-our-domain",
        "is not ours",
    ),
    Row(
        "F109",
        "a clearing house carries between neighbours",
        inward("fabrikam.example", EDGE, request_domain="tailspin.example"),
        "outside: tls sip.hosting.example:5061",
        "as a clearing house: tailspin.example is listed",
        HOUSE,
    ),
    Row(
        "F109",
        "but to nobody unknown",
        inward("fabrikam.example", EDGE, request_domain="x.example"),
        "403 not-our-domain",
        "no table leads",
        HOUSE,
        srv("x.example"),
    ),
]

FILTER_AND_SPIM = [
    Row(
        "F113",
        "access control comes first: strangers are refused unread",
        inward("x.example"),
        "403 stranger",
        "stranger's",
    ),
    Row(
        "F114",
        "a partner's own switch, in both directions",
        inward("fabrikam.example", EDGE, tables=saying(RowContent(filter=False))),
        f"{INSIDE_HOP}, not filtered",
        "content is not filtered: 'Fabrikam' ([[partner]], line 10) has filter = false",
        saying(RowContent(filter=False)),
    ),
    Row(
        "F114",
        "a kind of far end that is exempt in one direction",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061, not filtered",
        "content is not filtered: partner is in [filter] exempt_outbound",
        EXEMPT,
    ),
    Row(
        "F114",
        "and not in the other",
        inward("fabrikam.example", EDGE, tables=EXEMPT),
        INSIDE_HOP,
        "whose link this is",
        EXEMPT,
    ),
    Row(
        "F114",
        "what a row says counts before its kind",
        outward("fabrikam.example"),
        f"outside: tls {EDGE}:5061",
        "direct partner",
        replace(saying(RowContent(filter=True)), content=EXEMPT.content),
    ),
    Row(
        "F114",
        "between two neighbours both have to be exempt",
        inward("fabrikam.example", EDGE, request_domain="tailspin.example"),
        "outside: tls sip.hosting.example:5061",
        "as a clearing house",
        replace(HOUSE, content=ContentSwitches(frozenset(FarEnd) - {FarEnd.PARTNER}, frozenset(FarEnd))),
    ),
    Row(
        "F115",
        "what comes is filtered where nobody says otherwise",
        inward("nwtraders.example", NW),
        INSIDE_HOP,
        "agrees with the certificate",
        facts=NW_FACT,
    ),
    Row(
        "F118",
        "the assertion is read",
        inward("fabrikam.example", EDGE, assertion=VERIFIED),
        INSIDE_HOP,
        "asserted verified",
    ),
    Row(
        "F119",
        "contact list: nothing is believed",
        inward("fabrikam.example", EDGE, tables=level(CONTACT_LIST), assertion=VERIFIED),
        INSIDE_HOP,
        "level contact-list, asserted verified: marked unverified",
        level(CONTACT_LIST),
    ),
    Row(
        "F120",
        "verified by provider: its word counts",
        inward("fabrikam.example", EDGE, assertion=VERIFIED),
        INSIDE_HOP,
        "asserted verified: marked verified",
    ),
    Row(
        "F120",
        "verified by provider: silence is unverified",
        inward("fabrikam.example", EDGE),
        INSIDE_HOP,
        "asserted absent: marked unverified",
    ),
    Row(
        "F121",
        "all: everything is believed",
        inward("fabrikam.example", EDGE, tables=level(ALL), assertion=DENIED),
        INSIDE_HOP,
        "level all, asserted unverified: marked verified",
        level(ALL),
    ),
    Row(
        "F122",
        "an unverified subscription is marked and forwarded",
        inward("fabrikam.example", EDGE, **SUBSCRIBE),
        INSIDE_HOP,
        "marked unverified",
        recipient=BOB,
    ),
    Row(
        "F122",
        "with enforce_at_edge it is refused",
        inward("fabrikam.example", EDGE, tables=ENFORCED, **SUBSCRIBE),
        "403 unverified",
        "no entry that allows the unverified",
        ENFORCED,
        recipient=BOB,
    ),
    Row(
        "F122",
        "but not of an allowed sender",
        inward("fabrikam.example", EDGE, tables=ENFORCED, **SUBSCRIBE),
        INSIDE_HOP,
        "says allow",
        ENFORCED,
        recipient=listing(Scope.USER, ALICE, Access.ALLOW),
    ),
    Row(
        "F122",
        "nor of a verified one",
        inward("fabrikam.example", EDGE, assertion=VERIFIED, **SUBSCRIBE),
        INSIDE_HOP,
        "marked verified",
        tables(verification=Verification(enforce_at_edge=True)),
        recipient=BOB,
    ),
    Row(
        "F123",
        "an unverified invitation is forwarded, marked",
        inward("fabrikam.example", EDGE, tables=ENFORCED, **INVITE),
        INSIDE_HOP,
        "marked unverified",
        ENFORCED,
        recipient=BOB,
    ),
    Row(
        "F124",
        "who wants to be prompted is asked inside",
        inward("fabrikam.example", EDGE, assertion=VERIFIED, **SUBSCRIBE),
        INSIDE_HOP,
        "says prompt",
        recipient=listing(Scope.USER, ALICE, Access.PROMPT),
    ),
    Row(
        "F126",
        "a level for each partner",
        inward("fabrikam-labs.example", EDGE, assertion=VERIFIED),
        INSIDE_HOP,
        "level contact-list",
    ),
    Row(
        "F126",
        "a level for a provider",
        inward("tailspin.example", "sip.hosting.example"),
        INSIDE_HOP,
        "level verified-by-provider",
    ),
    Row(
        "F126",
        "a level for the default route",
        inward("x.example", "edge.clearing.example", tables=WITH_DEFAULT, assertion=VERIFIED),
        INSIDE_HOP,
        "level contact-list, asserted verified: marked unverified",
        WITH_DEFAULT,
    ),
    Row(
        "F127",
        "a level for discovered peers",
        inward("nwtraders.example", NW),
        INSIDE_HOP,
        "level all",
        discovering(verification=ALL),
        NW_FACT,
    ),
]

CISCO = [
    Row(
        "F190",
        "being listed permits",
        inward("domaina.example", "fw.domaina.example"),
        INSIDE_HOP,
        "domaina.example is federated ([[federated_domain]], line 50), by the static route",
    ),
    Row(
        "F190",
        "and not being listed does not",
        inward("domaina.example", "fw.domaina.example"),
        "403 claims-other-domain",
        "no table lets",
        tables(federated=FederatedDomains()),
    ),
    Row(
        "F191",
        "a domain with a type",
        outward("hosted.example"),
        "outside: tls sip.oscar.aol.com:5061, the SRV record of aol.com",
        "federated, of type aol",
        facts=srv("hosted.example"),
    ),
    Row(
        "F193",
        "aol.com stands for itself",
        outward("aol.com"),
        "outside: tls sip.oscar.aol.com:5061, the SRV record of aol.com",
        "aol.com is federated, of type aol",
    ),
    Row(
        "F194",
        "aim.com is aol.com",
        outward("aim.com"),
        "outside: tls sip.oscar.aol.com:5061, the SRV record of aol.com",
        "aol.com is federated",
    ),
    Row(
        "F194",
        "aim.com speaks by aol.com's link",
        inward("aim.com", "sip.oscar.aol.com"),
        INSIDE_HOP,
        "by the static route of aol.com",
    ),
    Row(
        "F197",
        "the foreign domain's record",
        outward("domainb.example"),
        "outside: the SRV record of domainb.example",
        "SRV of domainb.example: sip.domainb.example",
        facts=srv("domainb.example", "sip.domainb.example"),
    ),
    Row(
        "F200",
        "a static route where the record fails",
        outward("domaina.example"),
        "outside: tls cup.domaina.example:5061",
        "has a static route",
        facts=no_answer("domaina.example"),
    ),
    Row(
        "F201",
        "the reversed pattern takes the domain",
        outward("domaina.example"),
        "outside: tls cup.domaina.example:5061, the SRV record of domaina.example",
        "everything below it ([[static_route]], line 40)",
    ),
    Row(
        "F201",
        "and all below it",
        outward("a.domaina.example"),
        "outside: tls cup.domaina.example:5061",
        "static route",
    ),
    Row(
        "F201",
        "and not what ends like it",
        outward("xdomaina.example"),
        "404 unknown-domain",
        "no table leads",
        facts=srv("xdomaina.example"),
    ),
    Row(
        "F204",
        "a listed subject counts as common name",
        inward("domaina.example", common_name="fw.domaina.example"),
        INSIDE_HOP,
        "by the static route",
    ),
    Row(
        "F204",
        "a common name that is not listed does not",
        inward("fabrikam.example", common_name=EDGE),
        "403 stranger",
        "stranger's",
    ),
    Row(
        "F208",
        "the default routing domain is a setting",
        outward("hosted.example"),
        "outside: the SRV record of aol.example",
        "SRV of aol.example: sip.aol.example",
        replace(AOL_BARE, federated=replace(AOL_BARE.federated, default_routing_domain="aol.example")),
        srv("hosted.example") | srv("aol.example", "sip.aol.example"),
    ),
    Row(
        "F211",
        "a clearing house among the typed domains",
        inward("hosted.example", "sip.oscar.aol.com"),
        INSIDE_HOP,
        "hosted.example is federated ([[federated_domain]], line 56), by the static route of aol.com",
        facts=srv("hosted.example"),
    ),
]

OTHERS = [
    Row(
        "F003",
        "the server allows, the user blocks",
        inward("fabrikam.example", EDGE),
        "403 user-blocks",
        "says block",
        recipient=listing(Scope.USER, ALICE, None, Access.BLOCK),
    ),
    Row(
        "F003",
        "the user allows, the server blocks",
        inward("spam.example", EDGE),
        "discard blocked",
        "is blocked",
        recipient=listing(Scope.DOMAIN, "spam.example", None, Access.ALLOW),
    ),
    Row(
        "F036",
        "our own from outside, on a partner's link",
        inward("contoso.example", EDGE),
        "403 claims-our-domain",
        "on another's link",
        REMOTE,
    ),
    Row(
        "F036",
        "our own from outside, remote access off",
        inward("contoso.example"),
        "403 claims-our-domain",
        "remote access is off",
    ),
    Row(
        "F143",
        "BENOTIFY that comes while it is off",
        inward("fabrikam.example", EDGE, method="BENOTIFY"),
        "discard benotify-off",
        "BENOTIFY is off",
        tables(benotify=BestEffort(enabled=False)),
    ),
    Row(
        "F144",
        "BENOTIFY stays what it is, also to a subscriber who asked",
        inward("fabrikam.example", EDGE, **SERVED | {"method": "BENOTIFY"}),
        INSIDE_HOP,
        "to udp 127.0.0.5",
    ),
    Row(
        "F145",
        "where the side does not know BENOTIFY it becomes NOTIFY",
        inward("fabrikam.example", EDGE, **SERVED | {"method": "BENOTIFY"}),
        f"{INSIDE_HOP} as NOTIFY",
        "BENOTIFY becomes NOTIFY on the inside ([benotify] to_notify): the response goes no further than here",
        tables(benotify=BestEffort(to_notify=frozenset({INSIDE}))),
    ),
    Row(
        "F145",
        "but not for a subscriber who did not ask",
        inward("fabrikam.example", EDGE, **SERVED | {"method": "BENOTIFY", "to_subscriber": False}),
        INSIDE_HOP,
        "to udp 127.0.0.5",
        tables(benotify=BestEffort(to_notify=frozenset({INSIDE}))),
    ),
    Row(
        "F145",
        "where it is to be spared the answers NOTIFY becomes BENOTIFY",
        inward("fabrikam.example", EDGE, **SERVED | {"method": "NOTIFY"}),
        f"{INSIDE_HOP} as BENOTIFY",
        "NOTIFY becomes BENOTIFY on the inside ([benotify] to_benotify): answered 200 here",
        tables(benotify=BestEffort(to_benotify=frozenset({INSIDE}))),
    ),
    Row(
        "F146",
        "an inside server that is not listed",
        outward(
            "fabrikam.example", replace(CROSSROADS, own=replace(CROSSROADS.own, servers=frozenset({"127.0.0.77"})))
        ),
        "403 stranger",
        "stranger's",
    ),
]


def _chain_rows() -> list[Row]:
    """F209: sixteen cases of present and absent for a hosted domain; F210: four for the default domain itself."""
    rows = []
    for case in range(16):
        route, record, default_route, default_record = (bool(case & bit) for bit in (8, 4, 2, 1))
        routes = (
            [
                replace(
                    CROSSROADS.static_routes.rows[1],
                    pattern=_pattern("hosted.example"),
                    next_hop=Hop(Transport.TLS, "sip.hosted.example", 5061),
                )
            ]
            if route
            else []
        )
        routes += [CROSSROADS.static_routes.rows[1]] if default_route else []
        facts = srv("hosted.example", *["a.hosted.example"] * record) | srv(
            "aol.com", *["b.oscar.aol.com"] * default_record
        )
        ways = ["tls sip.hosted.example:5061"] * route + ["the SRV record of hosted.example"] * record
        ways += ["tls sip.oscar.aol.com:5061"] * default_route + ["the SRV record of aol.com"] * default_record
        rows.append(
            Row(
                "F209",
                f"a hosted domain: {', '.join(ways) or 'nothing'}",
                outward("hosted.example"),
                f"outside: {', '.join(ways)}" if ways else "504 no-srv",
                "hosted.example is federated, of type aol",
                tables(static_routes=StaticRoutes(routes)),
                facts,
            )
        )
        if case < 4:
            own = ways if not (route or record) else []
            rows.append(
                Row(
                    "F210",
                    f"aol.com itself: {', '.join(own) or 'nothing'}",
                    outward("aol.com"),
                    f"outside: {', '.join(own)}" if own else "504 no-srv",
                    "aol.com is federated, of type aol",
                    tables(static_routes=StaticRoutes(routes)),
                    facts,
                )
            )
    return rows


def _pattern(text: str) -> object:
    return type(CROSSROADS.static_routes.rows[0].pattern).parse(text)


ROWS = [*ENHANCED, *PROVIDERS, *FILTER_AND_SPIM, *CISCO, *_chain_rows(), *OTHERS]

_RELAY = "sockets, certificates or DNS, which the relay has and decisions have not"
_FILE = "a fault or warning of the file, in test_tables and test_config"
_ELSEWHERE = "not the edge's affair: another machine's, a wizard's, a client's or a contract's"
_FILTER = "the filter's, in test_imfilter"
_LATER = "users' mail addresses, which the edge does not map"
_NAMES = "what operators publish or hand out, records of DNS and sheets for partners, which is no part of deciding"
_SEVERAL = "comparing the files of several edges, a tool's affair"

#: Features of these sections that no decision shows. That tests which a reason names do name the feature is held by
#: `test_decisions`.
WITHOUT_A_ROW = {
    "F052": _ELSEWHERE,
    "F056": _FILE,
    "F058": _RELAY,
    "F062": _FILE,
    "F063": _FILE,
    "F066": _FILE,
    "F069": _RELAY,
    "F070": _SEVERAL,
    "F073": _ELSEWHERE,
    "F079": _RELAY,
    "F080": _NAMES,
    "F081": _NAMES,
    "F082": _RELAY,
    "F088": _FILE,
    "F092": _RELAY,
    "F094": _ELSEWHERE,
    "F096": _FILE,
    "F099": "groups of a directory server; a file of users has none",
    "F100": _NAMES,
    "F101": _ELSEWHERE,
    "F102": _FILE,
    "F104": _ELSEWHERE,
    "F105": _ELSEWHERE,
    "F108": _FILE,
    "F110": _FILTER,
    "F111": _FILTER,
    "F112": _FILTER,
    "F116": _FILE,
    "F117": "a name, which docs/protocol.md keeps",
    "F125": _ELSEWHERE,
    "F189": _FILE,
    "F192": _RELAY,
    "F195": _NAMES,
    "F196": _NAMES,
    "F198": _NAMES,
    "F199": _NAMES,
    "F202": _ELSEWHERE,
    "F203": _FILE,
    "F205": _ELSEWHERE,
    "F206": _RELAY,
    "F207": _RELAY,
    "F212": _LATER,
    "F213": _LATER,
    "F214": _LATER,
    "F215": _LATER,
    "F216": _LATER,
    "F217": _LATER,
    "F218": _SEVERAL,
    "F219": _ELSEWHERE,
}
