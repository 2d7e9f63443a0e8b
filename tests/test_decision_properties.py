"""Decisions over arbitrary tables, facts, users and flows: there is always one, always the same, and it is safe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from federated_world import (
    BOB,
    CROSSROADS,
    DISABLED,
    FABRIKAM,
    FEDERATED_ONLY,
    INSIDE,
    OUTSIDE,
    PUBLIC_ONLY,
    WITH_DEFAULT,
    link,
    listing,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore.edge.actions import Link
from sipcore.edge.directory import Access, Scope, UserView
from sipcore.edge.facts import Found, SrvFact, Target
from sipcore.edge.flow import Answer, Decision, Discard, Flow, Forward, NeedSrv, PeerEvidence, PeerKind, Srv, Static
from sipcore.edge.identity import Voice, evidence_for, voice_of
from sipcore.edge.routing import decide
from sipcore.edge.steps import Case
from sipcore.edge.tables import (
    BestEffort,
    Domains,
    Federation,
    Hop,
    Partner,
    Provider,
    Side,
    Tables,
    Transport,
    Verification,
    VerificationLevel,
    hop_of,
    served_as,
)
from sipcore.edge.tables.federation import ArchivingNotice
from sipcore.edge.verification import Assertion

EXAMPLES = 600

OURS = ["contoso.example", "emea.contoso.example"]
OTHERS = [
    "fabrikam.example",
    "fabrikam-labs.example",
    "nwtraders.example",
    "tailspin.example",
    "hotmail.example",
    "hosted.example",
    "aim.com",
    "aol.com",
    "domaina.example",
    "a.domaina.example",
    "domainb.example",
    "x.example",
]
STRANGE = [
    None,
    "",
    "spam.example",
    "aol.net",
    "192.0.2.20",
    "edge.contoso.example",
    "-",
    "under_score.example",
    "x" * 64,
]
HOSTS = [
    "edge.fabrikam.example",
    "sip.nwtraders.example",
    "federation.messenger.msn.com",
    "sip.hosting.example",
    "sip.oscar.aol.com",
    "cup.domaina.example",
    "sip.x.example",
    "edge.contoso.example",
    "edge.clearing.example",
]

FAR = st.sampled_from([*OTHERS, *OURS, *STRANGE])
NEAR = st.sampled_from([*OURS, *OURS, *OTHERS[:4], *STRANGE])
SELDOM = st.sampled_from([None, None, None, None, "fabrikam.example", "spam.example", "contoso.example"])


BEST_EFFORTS = [
    *[BestEffort()] * 8,
    BestEffort(enabled=False),
    BestEffort(to_notify=frozenset(Side)),
    BestEffort(to_benotify=frozenset({INSIDE})),
    BestEffort(to_notify=frozenset({INSIDE}), to_benotify=frozenset({OUTSIDE})),
]


@st.composite
def all_tables(draw: st.DrawFn) -> Tables:
    """Tables of every kind, with and without a default route."""
    base = draw(st.sampled_from([CROSSROADS, CROSSROADS, CROSSROADS, WITH_DEFAULT]))
    levels = st.sampled_from(VerificationLevel)
    rarely, mostly = st.sampled_from([False] * 4 + [True]), st.sampled_from([True] * 14 + [False])
    partners = {name: replace(row, verification=draw(levels)) for name, row in base.partners.items()}
    discovered = replace(base.discovered, any_domain=draw(st.booleans()), verification=draw(levels))
    if base.discovered.enabled and draw(rarely):
        discovered = replace(
            discovered, domains=Domains(["fabrikam.example", "x.example"], [draw(st.integers(1, 99)), 3])
        )
    federation = Federation(True, draw(mostly), clearing_house=draw(rarely), remote_access=draw(rarely))
    return replace(
        base,
        partners=partners,
        discovered=discovered if base.discovered.enabled else base.discovered,
        federation=federation,
        verification=Verification(mark_own_users=draw(st.booleans()), enforce_at_edge=draw(rarely)),
        benotify=draw(st.sampled_from(BEST_EFFORTS)),
        archiving_notice=ArchivingNotice(enabled=draw(st.booleans())),
        blocked=replace(base.blocked, answer=draw(st.booleans())),
    )


@st.composite
def all_facts(draw: st.DrawFn) -> Mapping[str, SrvFact]:
    """Facts of some domains, right and wrong ones."""
    known = draw(st.lists(st.sampled_from(OTHERS), unique=True, max_size=6))
    fact = st.one_of(
        st.just((Found.RECORDS, ("sip.{}",))),
        st.just((Found.RECORDS, ("sip.{}",))),
        st.tuples(st.just(Found.RECORDS), st.tuples(st.sampled_from(HOSTS))),
        st.sampled_from([(Found.ABSENT, ()), (Found.FAILED, ())]),
    )
    found: dict[str, SrvFact] = {}
    for domain in known:
        how, hosts = draw(fact)
        found[domain] = SrvFact(domain, how, tuple(Target(host.format(domain)) for host in hosts))
    return found


@st.composite
def all_flows(draw: st.DrawFn, tables: Tables) -> Flow:
    """Requests from both sides: two of three as a neighbour would send them, the third with anything anywhere."""
    side = draw(st.sampled_from([INSIDE, OUTSIDE]))
    plain = draw(st.sampled_from([True, True, False]))
    ours, others = (st.sampled_from(OURS), st.sampled_from(OTHERS)) if plain else (NEAR, FAR)
    near, far = (draw(ours), draw(others)) if side is INSIDE else (draw(others), draw(ours))
    flow = Flow(
        side=side,
        peer=draw(peers(side, near, tables, plain)),
        method=draw(st.sampled_from(["MESSAGE", "SUBSCRIBE", "INVITE", "CANCEL"])),
        in_dialog=False,
        from_user="alice",
        from_domain=near,
        asserted_domain=None,
        request_domain=far,
        to_domain=far,
        assertion=draw(st.sampled_from(Assertion)),
    )
    return flow if plain else draw(disturbed(flow))


@st.composite
def disturbed(draw: st.DrawFn, flow: Flow) -> Flow:
    """The same with anything in it that a sender can write."""
    inside = flow.side is INSIDE
    near, far = flow.from_domain, flow.request_domain
    return replace(
        flow,
        method=draw(st.sampled_from(["MESSAGE", "NOTIFY", "BENOTIFY", "BENOTIFY", "ACK", "ACK", "BYE", "X"])),
        to_subscriber=draw(st.booleans()),
        in_dialog=draw(st.booleans()),
        from_user=draw(st.sampled_from(["alice", "bob", ""])),
        asserted_domain=draw(SELDOM),
        to_domain=draw(st.one_of(st.just(far), FAR)),
        route_near=None if inside else draw(st.one_of(st.just(near), SELDOM)),
        route_far=draw(st.one_of(st.just(far), FAR)) if inside else draw(SELDOM),
        routed_on=draw(st.sampled_from([False, False, False, True])),
        option_tags=draw(st.sampled_from([(), (), (), ("ms-benotify",), ("alpha",)])),
    )


@st.composite
def peers(draw: st.DrawFn, side: Side, near: str | None, tables: Tables, plain: bool) -> PeerEvidence:
    """Our servers, neighbours with certificates that may or may not fit, strangers."""
    if side is INSIDE:
        address = draw(st.sampled_from(["127.0.0.5", "127.0.0.5" if plain else "203.0.113.66"]))
        return evidence_for(Link(1, INSIDE, Transport.UDP, address, 5060), tables)
    fitting = {"tailspin.example": HOSTS[3], "hotmail.example": HOSTS[2], "fabrikam-labs.example": HOSTS[0]}
    name = fitting.get(near or "") or next((host for host in HOSTS if near and host.endswith(near)), f"sip.{near}")
    names = [name] if plain else draw(st.lists(st.sampled_from([name, *HOSTS]), max_size=2))
    return evidence_for(link(*names), tables)


USERS = st.sampled_from(
    [
        None,
        None,
        None,
        None,
        None,
        BOB,
        BOB,
        BOB,
        FEDERATED_ONLY,
        PUBLIC_ONLY,
        DISABLED,
        UserView("new@contoso.example"),
        listing(Scope.ALL, "", Access.BLOCK, Access.BLOCK),
        listing(Scope.DOMAIN, "fabrikam.example", Access.ALLOW),
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Everything that a decision is made of."""
    tables = draw(all_tables())
    return Case(draw(all_flows(tables)), tables, draw(all_facts()), draw(USERS), draw(USERS))


def test_every_case_has_one_decision_and_it_is_safe() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, database=None, derandomize=True)
    @given(cases())
    def holds(case: Case) -> None:
        decision = decide(*case)
        seen[type(decision).__name__] += 1
        assert decision == decide(*case)
        assert decision.chain
        assert all(line.isprintable() for line in decision.chain)
        check(case, decision)

    holds()
    total = sum(seen.values())
    print(f"{total} cases:", ", ".join(f"{name} {count / total:.0%}" for name, count in seen.most_common()))
    assert {name for name, count in seen.items() if count * 10 >= total} == {"Forward", "NeedSrv", "Answer", "Discard"}


def check(case: Case, decision: Decision) -> None:
    """What must hold of a decision, said without the code that made it."""
    if isinstance(decision, Answer):
        assert case.flow.method not in {"ACK", "BENOTIFY"}
        assert case.flow.side is INSIDE or "ms-diagnostics" not in dict(decision.headers)
        return
    if isinstance(decision, NeedSrv):
        assert decision.domain not in case.facts
        asks_nothing_in_vain(case, decision.domain)
        return
    if isinstance(decision, Discard):
        return
    reaches_nobody_blocked(case)
    speaks_for_itself(case)
    leads_where_it_may(case, decision)
    is_marked_on_one_side(case, decision)
    is_turned_for_who_asked(case, decision)


def reaches_nobody_blocked(case: Case) -> None:
    flow = case.flow
    ends = {
        flow.from_domain,
        flow.asserted_domain,
        flow.request_domain,
        flow.to_domain,
        flow.route_near,
        flow.route_far,
    }
    assert {served_as(end) for end in ends if end is not None}.isdisjoint({"spam.example", "aol.net"})


def speaks_for_itself(case: Case) -> None:
    flow, own = case.flow, case.tables.own.domains
    claimed = {flow.from_domain, flow.asserted_domain} - {None} | {flow.from_domain}
    if flow.side is INSIDE:
        assert flow.peer.kind is PeerKind.INSIDE
        assert claimed <= own
    elif claimed & own:
        assert claimed <= own
        assert case.tables.federation.remote_access
        assert flow.peer.kind is PeerKind.STRANGER
    else:
        assert all(domain is not None and may_speak(domain, case) for domain in claimed)


def asks_nothing_in_vain(case: Case, domain: str) -> None:
    """What a sender outside claims is asked for only where the answer could bear out the peer."""
    flow, rows = case.flow, case.flow.peer.rows
    claimed = {served_as(end) for end in (flow.from_domain, flow.asserted_domain) if end is not None}
    if flow.side is INSIDE or domain not in claimed or case.tables.federation.clearing_house:
        return
    zones = (f".{domain}", ".aol.com") if domain in {"aol.com", "hosted.example"} else ()
    named = {name for name in flow.peer.names if name.partition(".")[2] == domain or name.endswith(zones)}
    assert named or any(isinstance(row, Provider) for row in rows)


def may_speak(domain: str, case: Case) -> bool:
    """By the rules read backwards: which domains could this evidence be for?"""
    rows, names, domain = case.flow.peer.rows, set(case.flow.peer.names), served_as(domain)
    if any(isinstance(row, Partner) and row.domain == domain for row in rows):
        return True
    if any(isinstance(row, Provider) and domain in row.domains for row in rows):
        return True
    if domain in case.tables.federated.rows:
        return bool(rows) or bool(names)
    hosts = set(case.facts[domain].hosts) if domain in case.facts else set()
    if hosts & {hop_of(row).host for row in rows if isinstance(row, Provider)}:
        return True
    agreed = {host for host in hosts & names if host.partition(".")[2] == domain}
    return (bool(agreed) and case.tables.discovered.admits(domain)) or case.tables.default_route in rows


def leads_where_it_may(case: Case, decision: Forward) -> None:
    assert decision.candidates
    if decision.side is INSIDE:
        assert case.flow.side is OUTSIDE
        assert decision.candidates == (Static(case.tables.own.next_hop),)
        return
    assert case.flow.side is INSIDE or case.tables.federation.clearing_house
    hops = {hop for _, hop in case.tables.hops()}
    for candidate in decision.candidates:
        if isinstance(candidate, Srv):
            fact = case.facts.get(candidate.domain)
            assert fact is None or fact.targets
            assert fact is None or candidate.must_equal is None or set(fact.hosts) == {candidate.must_equal.host}
            if fact is not None and not candidate.must_equal and decision.far_domain not in case.tables.federated.rows:
                assert {host.partition(".")[2] for host in fact.hosts} == {candidate.domain}
        else:
            assert candidate.hop in hops


def is_marked_on_one_side(case: Case, decision: Forward) -> None:
    assert (decision.mark is None) is (decision.side is OUTSIDE)
    assert (decision.assertion is None) is (decision.side is INSIDE)
    assert (decision.notice is not None) <= (decision.side is OUTSIDE)
    if decision.mark is not None and decision.mark.verified:
        assert case.flow.assertion is Assertion.VERIFIED or VerificationLevel.ALL in _levels(case)


def is_turned_for_who_asked(case: Case, decision: Forward) -> None:
    if not decision.method:
        return
    assert case.flow.to_subscriber
    assert {case.flow.method, decision.method} == {"NOTIFY", "BENOTIFY"}
    best_effort = case.tables.benotify
    assert decision.side in (best_effort.to_notify if decision.method == "NOTIFY" else best_effort.to_benotify)


def _levels(case: Case) -> set[VerificationLevel]:
    rows = {getattr(row, "verification", VerificationLevel.CONTACT_LIST) for row in case.flow.peer.rows}
    return rows | {case.tables.discovered.verification}


#: Domains that nothing but their record leads to.
BY_RECORD = ["nwtraders.example", "hotmail.example", "x.example"]


@st.composite
def introduced(draw: st.DrawFn) -> Case:
    """A good request, but for whose link it comes on and for whom it speaks."""
    tables = draw(all_tables())
    names = draw(st.lists(st.sampled_from([*HOSTS, "fw.domaina.example"]), min_size=1, max_size=2))
    flow = Flow(
        side=OUTSIDE,
        peer=evidence_for(link(*names), tables),
        method="MESSAGE",
        in_dialog=False,
        from_domain=draw(st.sampled_from([*OTHERS, *BY_RECORD * 4])),
        asserted_domain=draw(st.sampled_from([None] * 12 + OTHERS)),
        request_domain="contoso.example",
        to_domain="contoso.example",
    )
    host = st.sampled_from(["sip.{}", "sip.{}", "a.sip.{}", *HOSTS])
    facts = {domain: SrvFact.of(domain, draw(host).format(domain)) for domain in OTHERS}
    return Case(flow, replace(tables, federation=Federation()), facts, None, None)


def test_a_link_speaks_for_its_own_domains_whatever_else_is_good() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, database=None, derandomize=True)
    @given(introduced())
    def holds(case: Case) -> None:
        decision = decide(*case)
        seen[type(decision).__name__] += 1
        if isinstance(decision, Forward):
            speaks_for_itself(case)

    holds()
    print(f"{seen.total()} links:", ", ".join(f"{name} {count}" for name, count in seen.most_common()))
    assert min(seen["Forward"], seen["Answer"]) * 20 >= seen.total()


@settings(derandomize=True)
@given(st.booleans(), st.booleans(), st.sampled_from([*OTHERS, "contoso.example"]), st.sampled_from([None, *OTHERS]))
def test_from_outside_only_a_clearing_house_leads_outside(
    house: bool, in_dialog: bool, domain: str, recorded: str | None
) -> None:
    """A good request of Fabrikam's but for where it leads, by its Request-URI or by a route."""
    tables = replace(CROSSROADS, federation=Federation(clearing_house=house))
    flow = Flow(
        side=OUTSIDE,
        peer=evidence_for(link("edge.fabrikam.example"), tables),
        method="MESSAGE",
        in_dialog=in_dialog,
        from_domain="fabrikam.example",
        asserted_domain=None,
        request_domain=domain,
        to_domain=domain,
        route_near="fabrikam.example" if in_dialog else None,
        route_far=recorded if in_dialog else None,
    )
    facts = {each: SrvFact.of(each, f"sip.{each}") for each in OTHERS}
    decision = decide(flow, tables, facts)
    assert not isinstance(decision, Forward) or decision.side is INSIDE or house
    if domain == "tailspin.example" and not in_dialog:
        assert isinstance(decision, Forward) is house


@settings(derandomize=True)
@given(st.sampled_from([*OURS, *OTHERS]), st.sampled_from([None, *OURS, *OTHERS]))
def test_from_inside_our_servers_speak_for_our_domains_and_for_no_others(sender: str, asserted: str | None) -> None:
    peer = evidence_for(Link(1, INSIDE, Transport.UDP, "127.0.0.5", 5060), CROSSROADS)
    flow = Flow(INSIDE, peer, "MESSAGE", False, sender, asserted, "fabrikam.example", "fabrikam.example")
    assert isinstance(decide(flow, CROSSROADS, {}), Forward) is ({sender, asserted} <= {None, *OURS})


#: Where a request may name a domain, and from which side.
ENDS = ["from_domain", "asserted_domain", "request_domain", "to_domain", "route_near", "route_far"]


@given(cases(), st.sampled_from(ENDS), st.sampled_from(["spam.example", "aol.net"]))
def test_one_blocked_end_is_enough_whatever_else_is_good(case: Case, end: str, blocked: str) -> None:
    flow = replace(case.flow, **{end: blocked})
    decision = decide(flow, *case[1:])
    assert isinstance(decision, Answer | Discard)
    assert decision.why in {"blocked", "unsupported-scheme"}


@given(cases())
def test_a_request_that_is_told_every_fact_is_decided(case: Case) -> None:
    """So the engine, which tells one after the other, comes to an end."""
    facts = dict(case.facts)
    for _ in range(4):
        decision = decide(case.flow, case.tables, facts, case.sender, case.recipient)
        if not isinstance(decision, NeedSrv):
            return
        assert decision.domain not in facts
        facts[decision.domain] = SrvFact.of(decision.domain, f"sip.{decision.domain}")
    raise AssertionError(f"still asking: {decision}")


@given(cases(), st.sampled_from(OTHERS))
def test_what_comes_from_a_domain_and_what_goes_to_it_pass_the_same_neighbour(case: Case, domain: str) -> None:
    tables = replace(case.tables, federation=Federation())
    going = Flow(INSIDE, PeerEvidence(PeerKind.INSIDE), "MESSAGE", False, "contoso.example", None, domain, domain)
    decision = decide(going, tables, case.facts)
    if not isinstance(decision, Forward) or not isinstance(first := decision.candidates[0], Static):
        return
    neighbour = evidence_for(link(*_names(first.hop.host)), tables)
    coming = Flow(OUTSIDE, neighbour, "MESSAGE", False, domain, None, "contoso.example", "contoso.example")
    voice = voice_of(domain, Case(coming, tables, case.facts, None, None))
    assert isinstance(voice, Voice) or domain == "a.domaina.example"  # a static route is no permission


def _names(host: str) -> list[str]:
    return ["fw.domaina.example"] if host == "cup.domaina.example" else [host]


def test_a_rows_own_certificate_is_the_only_one_that_speaks_for_it() -> None:
    for names in (["edge.fabrikam.example"], ["sip.fabrikam.example"], ["fabrikam.example"], ["*.fabrikam.example"]):
        peer = evidence_for(link(*names), CROSSROADS)
        assert (FABRIKAM in peer.rows) is (names == ["edge.fabrikam.example"])


def test_over_tls_an_address_proves_nothing() -> None:
    proxy = Hop(Transport.TLS, "203.0.113.9", 5061)
    tables = replace(CROSSROADS, partners={"fabrikam.example": replace(FABRIKAM, proxy=proxy)})
    for transport in (Transport.TLS, Transport.TCP):
        client = Link(1, OUTSIDE, transport, "203.0.113.9", 40_000)
        assert evidence_for(client, tables).kind is PeerKind.STRANGER
