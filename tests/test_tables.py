"""The tables: one spelling for everything, look-ups, and no configuration that contradicts itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from edge_world import FABRIKAM, INSIDE, OUTSIDE, OWN, TABLES, TCP, UDP, WOODGROVE

from sipcore.edge.tables import (
    ALIASES,
    PRELOADED,
    ArchivingNotice,
    BestEffort,
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
    RateLimits,
    Side,
    StaticRoute,
    StaticRoutes,
    Subject,
    Tables,
    Transport,
    Verification,
    VerificationLevel,
    canonical_host,
    domain_name,
    served_as,
    warnings_in,
    with_preloaded,
)
from sipcore.errors import ConfigError, Problem

TLS = Transport.TLS
#: The world of the tests with TLS outside, for those tables whose peers have nothing else.
SECURE = replace(TABLES, own=replace(OWN, listen={**OWN.listen, (OUTSIDE, TLS): Hop(TLS, "192.0.2.1", 5061)}))

HOSTING = Provider("Hosting", Hop(TLS, "sip.hosting.example", 5061), enabled=True)
CLEARING = DefaultRoute(Hop(TLS, "edge.clearing.example", 5061))
ADATUM = Partner("adatum.example", "Adatum", Hop(TLS, "edge.adatum.example", 5061))


def problems(tables: Tables = SECURE, **changes: Any) -> list[Problem]:
    """What the tables complain about after these changes."""
    with pytest.raises(ConfigError) as caught:
        replace(tables, **changes)
    return list(caught.value.problems)


def faults(tables: Tables = TABLES, **changes: Any) -> set[str]:
    """The keys of it."""
    return {problem.key for problem in problems(tables, **changes)}


def own_faults(**changes: Any) -> set[str]:
    """The keys that are complained about after these changes of our own side."""
    return faults(own=replace(OWN, **changes))


def warned(tables: Tables) -> dict[str, str]:
    """Key and sentence of each warning."""
    return dict(warnings_in(tables))


def direct(*rows: Partner) -> dict[str, Partner]:
    return {row.domain: row for row in rows}


def federated(*rows: FederatedDomain, default: str = "aol.com") -> FederatedDomains:
    return FederatedDomains({row.domain: row for row in rows}, default)


# -- spelling


@pytest.mark.parametrize("spelt", ["Fabrikam.Example", "fabrikam.example.", "FABRIKAM.EXAMPLE"])
def test_domains_compare_without_case_and_without_the_roots_dot(spelt: str) -> None:
    assert domain_name(spelt) == "fabrikam.example"


def test_a_letter_that_only_folds_to_ascii_makes_no_partner() -> None:
    kelvin = "fabri\N{KELVIN SIGN}am.example"
    assert kelvin.lower() == "fabrikam.example"
    assert domain_name(kelvin) != "fabrikam.example"


@pytest.mark.parametrize(
    ("spelt", "canonical"),
    [
        ("192.0.2.20", "192.0.2.20"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.20", "192.0.2.20"),
        ("Edge.Contoso.Example.", "edge.contoso.example"),
    ],
)
def test_a_host_has_one_canonical_spelling(spelt: str, canonical: str) -> None:
    assert canonical_host(spelt) == canonical


def test_a_hop_writes_ipv6_in_brackets() -> None:
    assert Hop(UDP, "[2001:DB8::1]", 5060).authority == "[2001:db8::1]:5060"
    assert str(Hop(TCP, "192.0.2.1", 5061)) == "tcp 192.0.2.1:5061"


def test_every_table_brings_names_into_one_spelling() -> None:
    tables = replace(
        SECURE,
        own=replace(SECURE.own, fqdn="Edge.Contoso.Example.", domains=Domains(["CONTOSO.example."])),
        blocked=Blocked(Domains(["Spam.Example"])),
        discovered=Discovered(domains=Domains(["Discovered.EXAMPLE."])),
        partners={
            "Adatum.Example": replace(ADATUM, domain="adatum.example.", subjects=(Subject("GW.Adatum.Example"),))
        },
        federated=federated(FederatedDomain("Hosted.Example", DomainType.AOL), default="AOL.com"),
    )
    assert (tables.own.fqdn, tables.own.domains) == ("edge.contoso.example", {"contoso.example"})
    assert (tables.blocked.domains, tables.discovered.domains) == ({"spam.example"}, {"discovered.example"})
    assert tables.partners["adatum.example"].domain == "adatum.example"
    assert tables.speakers("gw.adatum.example")
    assert (*tables.federated.rows, tables.federated.default_routing_domain) == ("hosted.example", "aol.com")


def test_a_list_of_domains_knows_its_order_and_its_lines() -> None:
    domains = Domains(["B.example", "a.example", "b.example"], [3, 4, 5])
    assert list(domains) == ["b.example", "a.example"]
    assert (domains.index("a.example"), domains.line("a.example"), domains.line("b.example")) == (1, 4, 3)
    assert (domains.line("c.example"), Domains(["a.example"]).line("a.example")) == (0, 0)


def test_lines_are_no_part_of_what_is_configured() -> None:
    assert replace(FABRIKAM, line=7) == FABRIKAM
    assert Domains(["a.example"], [1]) == Domains(["a.example"], [2])


def test_the_sides_are_opposite() -> None:
    assert INSIDE.opposite is OUTSIDE
    assert OUTSIDE.opposite is INSIDE


# -- defaults


@pytest.mark.parametrize(
    ("level", "of"),
    [
        (FABRIKAM.verification, "a direct partner"),
        (HOSTING.verification, "a provider"),
        (CLEARING.verification, "the default route"),
        (Discovered().verification, "discovered partners, of whom the guide says nothing (F127)"),
    ],
    ids=["partner", "provider", "default-route", "discovered-F127"],
)
def test_f126_everybody_is_believed_on_the_level_of_the_provider_unless_told_otherwise(
    level: VerificationLevel, of: str
) -> None:
    assert level is VerificationLevel.VERIFIED_BY_PROVIDER, of


def test_f053_nobody_is_discovered_by_default() -> None:
    assert not Discovered().enabled
    assert not Discovered(domains=Domains(["fabrikam.example"])).admits("fabrikam.example")


def test_f055_discovering_with_an_empty_list_is_discovering_nobody() -> None:
    assert not Discovered(enabled=True).admits("fabrikam.example")


def test_f005_discovering_is_for_listed_domains_or_for_any() -> None:
    listed = Discovered(enabled=True, domains=Domains(["fabrikam.example"]))
    assert listed.admits("fabrikam.example")
    assert not listed.admits("it.fabrikam.example")
    assert replace(listed, any_domain=True).admits("it.fabrikam.example")


def test_f089_the_three_public_providers_are_there_and_disabled() -> None:
    assert [(row.name, row.proxy.host, row.enabled, row.public) for row in PRELOADED] == [
        ("AOL", "sip.oscar.aol.com", False, True),
        ("MSN", "federation.messenger.msn.com", False, True),
        ("Yahoo!", "lcsap.msg.yahoo.com", False, True),
    ]
    assert TABLES.providers == PRELOADED
    assert {str(row.proxy) for row in PRELOADED} == {f"tls {row.proxy.host}:5061" for row in PRELOADED}


@pytest.mark.parametrize("row", [replace(PRELOADED[1], name="Messenger"), replace(HOSTING, name="MSN")])
def test_f001_an_operators_row_takes_the_place_of_the_preloaded_one(row: Provider) -> None:
    assert with_preloaded((row,)) == (row, PRELOADED[0], PRELOADED[2])


def test_f071_the_switches_of_edge_and_organisation_are_both_needed() -> None:
    on = [(e, o) for e in (True, False) for o in (True, False) if Federation(enabled=e, organisation=o).is_on]
    assert on == [(True, True)]


def test_nothing_else_is_on_by_default() -> None:
    switches = Federation()
    others = (TABLES.archiving_notice.enabled, TABLES.verification.enforce_at_edge, TABLES.blocked.answer)
    assert not any((switches.clearing_house, switches.remote_access, *others))
    assert (TABLES.benotify.enabled, TABLES.benotify.to_notify, TABLES.benotify.to_benotify) == (True, set(), set())
    assert TABLES.discovered.limits == RateLimits(20, 1, 1_000)


# -- look-ups


def test_f146_only_the_next_hop_may_send_outward_when_no_servers_are_named() -> None:
    own = replace(OWN, servers=frozenset())
    assert own.may_send_outward("127.0.0.5")
    assert not own.may_send_outward("127.0.0.6")


def test_a_partner_is_found_by_its_address_in_any_spelling() -> None:
    assert TABLES.rows_at("::ffff:192.0.2.20") == (FABRIKAM,)
    assert TABLES.rows_at("192.0.2.21") == ()


@pytest.mark.parametrize(
    ("host", "port", "own"),
    [
        ("127.0.0.1", 5060, True),
        ("192.0.2.1", None, True),
        ("192.0.2.1", 5062, False),
        ("EDGE.contoso.example.", 5099, True),
        ("edge-in.contoso.example", None, True),
        ("sip.contoso.example", 5061, True),
        ("contoso.example", None, False),
        ("192.0.2.20", 5060, False),
    ],
)
def test_a_place_is_ours_by_listening_address_or_by_one_of_our_names(host: str, port: int | None, own: bool) -> None:
    names = {"inside_fqdn": "edge-in.contoso.example", "federation_fqdn": "sip.contoso.example"}
    assert replace(OWN, **names).is_own_place(host, port) is own


def test_a_uri_without_a_port_means_the_port_of_tls_too() -> None:
    only_tls = {(side, TLS): Hop(TLS, host, 5061) for side, host in ((INSIDE, "127.0.0.1"), (OUTSIDE, "192.0.2.1"))}
    assert replace(OWN, listen=only_tls).is_own_place("192.0.2.1", None)


def test_f081_each_side_knows_us_by_a_name_of_its_own() -> None:
    own = replace(OWN, inside_fqdn="edge-in.contoso.example")
    assert (own.name_on(INSIDE), own.name_on(OUTSIDE)) == ("edge-in.contoso.example", "edge.contoso.example")
    assert OWN.name_on(INSIDE) == OWN.name_on(OUTSIDE) == "edge.contoso.example"


def test_f203_partners_find_us_by_the_federation_name_where_there_is_one() -> None:
    assert OWN.public_fqdn == "edge.contoso.example"
    assert replace(OWN, federation_fqdn="sip.contoso.example").public_fqdn == "sip.contoso.example"


def test_f054_unlisted_is_who_may_come_by_a_record_alone() -> None:
    discovering = Discovered(True, Domains(["nwtraders.example"]))
    some, anybody = (replace(SECURE, discovered=replace(discovering, any_domain=each)) for each in (False, True))
    domains = ["x.example", "nwtraders.example", "fabrikam.example", "contoso.example"]
    assert [[each.is_unlisted(domain) for domain in domains] for each in (some, anybody)] == [
        [False] * 4,
        [True, False, False, False],
    ]


def test_known_peers_are_servers_inside_and_proxies_outside() -> None:
    assert TABLES.known_peer(INSIDE, "127.0.0.6")
    assert not TABLES.known_peer(OUTSIDE, "127.0.0.6")
    assert TABLES.known_peer(OUTSIDE, "192.0.2.30")
    assert not TABLES.known_peer(INSIDE, "192.0.2.30")


def test_an_unconfigured_transport_is_answered_for_by_the_other() -> None:
    listen = {(INSIDE, UDP): Hop(UDP, "127.0.0.1", 5060), (OUTSIDE, UDP): Hop(UDP, "192.0.2.1", 5060)}
    assert replace(OWN, listen=listen).listening(INSIDE, TCP) == Hop(UDP, "127.0.0.1", 5060)


SECOND, SIXTH = Hop(UDP, "127.0.0.1", 5080), Hop(UDP, "::1", 5060)
SEVERAL = replace(OWN, further={(INSIDE, UDP): (SECOND, SIXTH)})


def test_of_several_addresses_a_peer_is_told_the_first_of_its_family() -> None:
    told = [SEVERAL.listening(INSIDE, UDP, peer) for peer in ("127.0.0.9", "::9", "pool.contoso.example", "")]
    assert told == [OWN.listen[INSIDE, UDP], SIXTH, OWN.listen[INSIDE, UDP], OWN.listen[INSIDE, UDP]]
    assert SEVERAL.listening(INSIDE, TCP, "::9") == OWN.listen[INSIDE, TCP]


def test_a_peer_with_a_name_is_told_the_first_address_of_whatever_family() -> None:
    turned = replace(OWN, listen={**OWN.listen, (INSIDE, UDP): SIXTH}, further={(INSIDE, UDP): (SECOND,)})
    told = [turned.listening(INSIDE, UDP, peer) for peer in ("pool.contoso.example", "", "127.0.0.9")]
    assert told == [SIXTH, SIXTH, SECOND]


def test_every_one_of_several_addresses_is_ours_on_its_side_only() -> None:
    assert all(SEVERAL.is_own_place(hop.host, hop.port) for _, hop in SEVERAL.addresses())
    assert [SEVERAL.listens(side, SIXTH) for side in (INSIDE, OUTSIDE)] == [True, False]
    assert not SEVERAL.listens(INSIDE, Hop(TCP, SECOND.host, SECOND.port))


@pytest.mark.parametrize(
    "further",
    [
        {(INSIDE, UDP): (OWN.listen[INSIDE, UDP],)},
        {(INSIDE, UDP): (Hop(TCP, "127.0.0.1", 5080),)},
        {(INSIDE, TLS): (Hop(TLS, "127.0.0.1", 5061),)},
    ],
)
def test_a_further_address_stands_behind_another_one_of_its_transport(further: Any) -> None:
    assert own_faults(further=further) == {"inside.listen"}


def test_a_further_address_must_not_be_on_both_sides_either() -> None:
    assert own_faults(further={(OUTSIDE, UDP): (OWN.listen[INSIDE, UDP],)}) == {"outside.listen"}


def test_f086_a_provider_is_known_by_its_proxy_while_it_is_enabled() -> None:
    tables = replace(SECURE, providers=(HOSTING, *PRELOADED))
    assert tables.provider_at("sip.hosting.example") == HOSTING
    assert tables.provider_at("sip.oscar.aol.com") is None


def test_a_provider_has_the_domains_that_the_operator_lists() -> None:
    tables = replace(SECURE, providers=(replace(HOSTING, domains=Domains(["tailspin.example"])),))
    assert tables.provider_of("tailspin.example") == tables.providers[0]
    assert tables.provider_of("contoso.example") is None


def test_certificate_names_speak_for_the_rows_whose_proxy_they_name() -> None:
    second = replace(ADATUM, domain="adatum-labs.example")
    tables = replace(SECURE, partners=direct(ADATUM, second), providers=(HOSTING, *PRELOADED))
    assert [speaker.row for speaker in tables.speakers("EDGE.adatum.example")] == [ADATUM, second]
    assert [speaker.row for speaker in tables.speakers("sip.hosting.example")] == [HOSTING]
    assert tables.speakers("sip.oscar.aol.com") == ()  # disabled
    assert tables.speakers("edge.unknown.example") == ()


def test_f204_listed_subjects_stand_in_for_the_proxys_name_and_may_be_common_names() -> None:
    row = replace(ADATUM, subjects=(Subject("fw.adatum.example", match_cn=True), Subject("gw.adatum.example")))
    tables = replace(SECURE, partners=direct(row))
    assert tables.speakers("edge.adatum.example") == ()
    assert tables.speakers("fw.adatum.example") == ((row, True),)
    assert tables.speakers("gw.adatum.example") == ((row, False),)


def test_f204_no_common_name_is_believed_unless_it_is_listed() -> None:
    tables = replace(SECURE, partners=direct(ADATUM), providers=(HOSTING,))
    assert not any(speaker.by_cn for name in ("edge.adatum.example", "sip.hosting.example")
                   for speaker in tables.speakers(name))  # fmt: skip


@pytest.mark.parametrize(
    ("subjects", "match_cn", "by_name", "by_common_name"),
    [
        ((), False, {"sip"}, set()),
        ((), True, {"sip"}, {"sip"}),
        (
            (Subject("fe1.contoso.example"), Subject("fe2.contoso.example", match_cn=True)),
            False,
            {"fe1", "fe2"},
            {"fe2"},
        ),
        ((Subject("fe1.contoso.example"), Subject("fe2.contoso.example")), True, {"fe1", "fe2"}, {"fe1", "fe2"}),
    ],
)
def test_f204_inside_certificates_are_believed_by_the_names_of_servers_or_by_those_listed(
    subjects: tuple[Subject, ...], match_cn: bool, by_name: set[str], by_common_name: set[str]
) -> None:
    own = replace(OWN, servers=frozenset({"SIP.contoso.example"}), subjects=subjects, match_cn=match_cn)
    names = {"sip", "fe1", "fe2", "fe3"}
    assert {name for name in names if own.may_speak(f"{name}.contoso.example")} == by_name
    assert {name for name in names if own.may_speak(f"{name}.contoso.example", common_name=True)} == by_common_name


LINES = [(30, 12, None), (12, 30, 12), (30, 0, 30), (0, 30, 0)]


@pytest.mark.parametrize(("partner", "discovered", "direct_on"), LINES)
def test_f064_of_a_direct_partner_that_is_discovered_too_the_earlier_line_counts(
    partner: int, discovered: int, direct_on: int | None
) -> None:
    row, domains = replace(ADATUM, line=partner), Domains(["adatum.example"], [discovered])
    tables = replace(SECURE, partners=direct(row), discovered=Discovered(enabled=True, domains=domains))
    found = tables.direct_partner("adatum.example")
    assert (found and found.line) == direct_on


def test_f064_an_earlier_line_of_a_list_that_is_off_does_not_count() -> None:
    row, off = replace(ADATUM, line=30), Discovered(domains=Domains(["adatum.example"], [12]))
    assert replace(SECURE, partners=direct(row), discovered=off).direct_partner("adatum.example") == row


def test_look_ups_take_one_step_in_tables_of_ten_thousand() -> None:
    rows = [Partner(f"d{i}.example", "", Hop(TLS, f"edge.d{i}.example", 5061)) for i in range(10_000)]
    tables = replace(SECURE, partners=direct(*rows))
    assert tables.direct_partner("d9999.example") == rows[9999]
    assert tables.speakers("edge.d5000.example") == ((rows[5000], False),)


# -- AOL


HOSTED = FederatedDomain("hosted.example", DomainType.AOL)
AOL = FederatedDomain("aol.com", DomainType.AOL)
CISCO = FederatedDomain("domaina.example", DomainType.OCS)


def steps(domains: FederatedDomains, domain: str) -> list[str]:
    row = domains.find(domain)
    assert row is not None
    return [f"{lookup} {name}" for lookup, name in domains.chain(row)]


def test_f209_a_hosted_domain_is_looked_for_by_itself_and_then_by_the_default_domain() -> None:
    assert steps(federated(HOSTED), "hosted.example") == [
        "static route hosted.example", "SRV hosted.example", "static route aol.com", "SRV aol.com",
    ]  # fmt: skip


def test_f210_the_default_domain_is_looked_for_by_itself() -> None:
    assert steps(federated(HOSTED, AOL), "aol.com") == ["static route aol.com", "SRV aol.com"]


def test_f208_the_default_domain_can_be_another_and_is_of_use_to_aols_domains_alone() -> None:
    domains = federated(HOSTED, CISCO, default="aol.example")
    assert steps(domains, "hosted.example")[2:] == ["static route aol.example", "SRV aol.example"]
    assert steps(domains, "domaina.example") == ["static route domaina.example", "SRV domaina.example"]


def test_f194_what_is_said_of_aol_com_holds_for_aim_com() -> None:
    assert federated(AOL).find("aim.com") == AOL
    assert steps(federated(AOL), "aim.com") == ["static route aol.com", "SRV aol.com"]


def test_f194_every_table_knows_an_alias_by_the_domain_that_it_stands_for() -> None:
    assert [served_as(domain) for domain in ("aim.com", "aol.com", "hosted.example")] == [
        "aol.com", "aol.com", "hosted.example",
    ]  # fmt: skip


@pytest.mark.parametrize("rows", [(), (HOSTED,), (replace(AOL, type=DomainType.OCS),)])
def test_f193_aim_com_is_nobodys_without_an_aol_com_of_type_aol(rows: tuple[FederatedDomain, ...]) -> None:
    assert federated(*rows).find("aim.com") is None


def test_f190_a_federated_domain_is_permitted_by_being_listed_and_by_nothing_else() -> None:
    assert federated(CISCO).find("domaina.example") == CISCO
    assert federated().find("domaina.example") is None
    assert federated(CISCO).find("a.domaina.example") is None


# -- faults of one table


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"fqdn": "edge contoso"}, {"edge.fqdn"}),
        ({"fqdn": 'edge";x="'}, {"edge.fqdn"}),
        ({"inside_fqdn": "edge-in.-"}, {"edge.inside_fqdn"}),
        ({"federation_fqdn": "sip..contoso.example"}, {"edge.federation_fqdn"}),
        ({"domains": Domains()}, {"edge.domains"}),
        ({"domains": Domains(["contoso.example", "-contoso.example"])}, {"edge.domains[1]"}),
        ({"domains": Domains([f"{'a' * 64}.example"])}, {"edge.domains[0]"}),
        ({"next_hop": Hop(UDP, "server contoso", 5070)}, {"inside.next_hop.address"}),
        ({"next_hop": Hop(UDP, "127.0.0.5", 0)}, {"inside.next_hop.port"}),
        ({"next_hop": Hop(UDP, "127.0.0.1", 5060)}, {"inside.next_hop.address"}),
        ({"next_hop": Hop(UDP, "edge.contoso.example", 5070)}, {"inside.next_hop.address"}),
        ({"servers": frozenset({"server one"})}, {"inside.servers"}),
        ({"servers": frozenset({"pool.contoso.example"})}, {"inside.servers"}),
        ({"next_hop": Hop(UDP, "pool.contoso.example", 5070), "servers": frozenset()}, {"inside.servers"}),
        ({"subjects": (Subject("*.contoso.example"),)}, {"inside.subjects[0].name"}),
    ],
)
def test_a_fault_of_our_own_side_is_named_by_its_key(changes: dict[str, Any], keys: set[str]) -> None:
    assert own_faults(**changes) == keys


def test_f072_the_next_hop_inside_may_be_a_name() -> None:
    pool = replace(OWN, next_hop=Hop(UDP, "Pool.contoso.example", 5070), servers=frozenset())
    assert pool.may_send_outward("pool.contoso.example")
    assert not list(replace(pool, servers=OWN.servers).faults())


@pytest.mark.parametrize("name", ["edge.contoso.example", "edge-in.contoso.example", "EDGE.contoso.example."])
def test_f203_the_federation_name_is_not_the_edges_own(name: str) -> None:
    assert own_faults(federation_fqdn=name, inside_fqdn="edge-in.contoso.example") == {"edge.federation_fqdn"}


def test_f189_the_federation_name_goes_with_the_domain() -> None:
    assert own_faults(federation_fqdn="sip.old.example") == {"edge.federation_fqdn"}


def test_f159_domains_of_our_own_may_be_single_labels_and_have_nothing_in_common_f008() -> None:
    own = replace(OWN, domains=Domains(["fuzzybunny.local", "headquarters", "contoso.example"]))
    assert len(replace(TABLES, own=own).own.domains) == 3


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"blocked": Blocked(Domains(["a..example"]))}, {"blocked.domains[0]"}),
        ({"partners": {"adatum.example": FABRIKAM}}, {"partner[0].domain"}),
        ({"partners": direct(replace(FABRIKAM, subjects=(Subject("a.example"),)))}, {"partner[0].subjects"}),
        ({"verification": Verification(assertion_header="X Verified")}, {"verification.assertion_header"}),
        ({"verification": Verification(assertion_header="Via")}, {"verification.assertion_header"}),
        ({"verification": Verification(assertion_header="v")}, {"verification.assertion_header"}),
        ({"verification": Verification("MS-Edge-Proxy-Message-Trust")}, {"verification.assertion_header"}),
        ({"verification": Verification(mark_header="From")}, {"verification.mark_header"}),
        ({"archiving_notice": ArchivingNotice(header="To")}, {"archiving_notice.header"}),
        ({"archiving_notice": ArchivingNotice(value="a\r\nb")}, {"archiving_notice.value"}),
        ({"federation": Federation(methods=frozenset())}, {"federation.methods"}),
        ({"federation": Federation(methods=frozenset({"INVITE", "ACK"}))}, {"federation.methods"}),
        ({"benotify": BestEffort(to_notify=frozenset({INSIDE}), to_benotify=frozenset(Side))},
         {"benotify.to_benotify"}),
        ({"benotify": BestEffort(False, to_notify=frozenset({INSIDE}), to_benotify=frozenset({OUTSIDE}))},
         {"benotify.to_notify", "benotify.to_benotify"}),
        ({"discovered": Discovered(limits=RateLimits(5, 6))}, {"discovered.suspicious_per_second"}),
        ({"federated": federated(FederatedDomain("a_.-"))}, {"federated_domain[0].domain"}),
        ({"federated": federated(AOL, default="-")},
         {"federation.default_routing_domain", "federated_domain[0].domain"}),
        ({"federated": federated(FederatedDomain("domaina.example"))}, {"federated_domain[0].domain"}),
        ({"partners": direct(replace(FABRIKAM, proxy=Hop(UDP, "edge.fabrikam.example", 5060)))},
         {"partner[0].proxy.address"}),
        ({"static_routes": StaticRoutes([StaticRoute(Pattern.parse("a.example"), Hop(TCP, "sip.a.example", 5060))])},
         {"static_route[0].next_hop.address"}),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_key(changes: dict[str, Any], keys: set[str]) -> None:
    assert faults(**changes) == keys


@pytest.mark.parametrize("enabled", [True, False])
def test_f056_f057_wildcards_are_no_domains_and_the_list_is_checked_while_it_is_off(enabled: bool) -> None:
    (problem,) = problems(discovered=Discovered(enabled=enabled, domains=Domains(["a.example", "*.fabrikam.example"])))
    assert problem.key == "discovered.domains[1]"
    assert "wildcard" in problem.message


@pytest.mark.parametrize("alias", ALIASES)
def test_f193_an_alias_is_not_listed_beside_what_it_stands_for(alias: str) -> None:
    (problem,) = problems(federated=federated(FederatedDomain(alias, DomainType.AOL)))
    assert problem.key == "federated_domain[0].domain"
    assert "list aol.com" in problem.message


@pytest.mark.parametrize("transport", [UDP, TCP])
@pytest.mark.parametrize("enabled", [True, False])
def test_f096_a_provider_is_never_reached_in_clear_text(transport: Transport, enabled: bool) -> None:
    row = replace(HOSTING, proxy=Hop(transport, "sip.hosting.example", 5060), enabled=enabled)
    found = problems(providers=(row,))
    assert {problem.key for problem in found} == {"provider[0].proxy.transport"}
    assert "over TLS only" in found[0].message


def test_f086_a_providers_proxy_is_a_name_for_that_is_what_records_point_to() -> None:
    assert faults(SECURE, providers=(replace(HOSTING, proxy=Hop(TLS, "192.0.2.9", 5061)),)) == {
        "provider[0].proxy.address"
    }


@pytest.mark.parametrize(
    ("second", "key"),
    [
        (replace(HOSTING, proxy=Hop(TLS, "sip.other.example", 5061)), "provider[1].name"),
        (replace(HOSTING, name="Other"), "provider[1].proxy.address"),
    ],
)
def test_two_rows_are_two_providers(second: Provider, key: str) -> None:
    assert faults(SECURE, providers=(HOSTING, second)) == {key}


def test_a_domain_is_hosted_by_one_provider() -> None:
    one = replace(HOSTING, domains=Domains(["tailspin.example"]))
    other = Provider("Other", Hop(TLS, "sip.other.example", 5061), domains=Domains(["a.example", "tailspin.example"]))
    assert faults(SECURE, providers=(one, other)) == {"provider[1].domains[1]"}


def test_all_faults_are_told_at_once() -> None:
    own = replace(OWN, fqdn="", domains=Domains())
    assert faults(own=own, verification=Verification(mark_header="")) == {
        "edge.fqdn",
        "edge.domains",
        "verification.mark_header",
    }


# -- reaching them


def test_a_partner_must_be_reachable_by_a_transport_that_is_listened_on() -> None:
    listen = {place: hop for place, hop in TABLES.own.listen.items() if place != (OUTSIDE, TCP)}
    assert own_faults(listen=listen) == {"partner[1].proxy.transport"}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"partners": direct(ADATUM)}, "partner[0].proxy.transport"),
        ({"providers": (HOSTING,)}, "provider[0].proxy.transport"),
        ({"providers": (), "default_route": CLEARING}, "default_route.proxy.transport"),
        ({"discovered": Discovered(enabled=True)}, "discovered.enabled"),
        ({"static_routes": StaticRoutes([StaticRoute(Pattern.parse("a.example"), HOSTING.proxy)])},
         "static_route[0].next_hop.transport"),
    ],
)  # fmt: skip
def test_whoever_is_reached_over_tls_needs_a_tls_listener_outside(changes: dict[str, Any], key: str) -> None:
    assert faults(**changes) == {key}
    replace(SECURE, **changes)


def test_a_disabled_provider_needs_no_listener() -> None:
    assert replace(TABLES, providers=(replace(HOSTING, enabled=False),)).providers


def test_each_side_needs_an_address() -> None:
    listen = {place: hop for place, hop in TABLES.own.listen.items() if place[0] is OUTSIDE}
    assert own_faults(listen=listen) == {"inside.listen", "inside.next_hop.transport"}


def test_the_sides_must_not_share_an_address() -> None:
    assert own_faults(listen=dict(OWN.listen) | {(OUTSIDE, UDP): Hop(UDP, "127.0.0.1", 5060)}) == {"outside.listen"}


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "224.0.0.5", "edge.contoso.example", "fe80::1", "fe80::1%lo", "2001:db8::1%lo"]
)
def test_an_address_to_listen_on_is_one_that_peers_can_be_told(address: str) -> None:
    assert "outside.listen.address" in own_faults(listen=dict(OWN.listen) | {(OUTSIDE, UDP): Hop(UDP, address, 5060)})


def test_no_hop_has_an_address_that_holds_on_one_link_only() -> None:
    hop = Hop(UDP, "fe80::2%lo", 5070)
    assert {"inside.next_hop.address", "inside.servers"} <= own_faults(next_hop=hop, servers=frozenset({"fe80::3%lo"}))


def test_a_listening_port_may_be_left_to_the_system() -> None:
    listen = {place: Hop(hop.transport, hop.host, 0) for place, hop in OWN.listen.items()}
    assert replace(TABLES, own=replace(OWN, listen=listen)).own.listen[INSIDE, UDP].port == 0


def test_an_entry_says_the_transport_that_it_stands_under() -> None:
    assert own_faults(listen=dict(OWN.listen) | {(OUTSIDE, UDP): Hop(TCP, "192.0.2.1", 5060)}) == {"outside.listen"}


def test_two_partners_behind_one_address_cannot_be_told_apart_without_tls() -> None:
    double = Partner("adatum.example", "Adatum", Hop(UDP, FABRIKAM.proxy.host, 5061))
    assert faults(partners=direct(FABRIKAM, WOODGROVE, double)) == {"partner[2].proxy.address"}


def test_f060_a_partner_with_two_domains_has_two_rows_with_one_proxy_over_tls() -> None:
    both = direct(ADATUM, replace(ADATUM, domain="adatum-labs.example"))
    assert len(replace(SECURE, partners=both).speakers("edge.adatum.example")) == 2


# -- one domain in two tables


OURS = "emea.contoso.example"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"blocked": Blocked(Domains([OURS]))}, "blocked.domains[0]"),
        ({"discovered": Discovered(domains=Domains(["a.example", OURS]))}, "discovered.domains[1]"),
        ({"partners": direct(replace(ADATUM, domain=OURS))}, "partner[0].domain"),
        ({"providers": (replace(HOSTING, domains=Domains([OURS])),)}, "provider[0].domains[0]"),
        ({"federated": federated(FederatedDomain(OURS))}, "federated_domain[0].domain"),
        ({"static_routes": StaticRoutes([StaticRoute(Pattern.parse(OURS), HOSTING.proxy)])}, "static_route[0].pattern"),
    ],
)
def test_no_table_leads_our_own_domain_outside(changes: dict[str, Any], key: str) -> None:
    assert faults(SECURE, **changes) == {key}


def test_a_route_for_what_is_below_our_domain_does_not_take_the_domain() -> None:
    below = StaticRoutes([StaticRoute(Pattern.parse("*.contoso.example"), HOSTING.proxy)])
    assert replace(SECURE, static_routes=below).static_routes.find("apac.contoso.example")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"partners": direct(ADATUM)}, "partner[0].domain"),
        ({"federated": federated(FederatedDomain("adatum.example"))}, "federated_domain[0].domain"),
    ],
)
def test_what_is_blocked_is_not_federated_with(changes: dict[str, Any], key: str) -> None:
    (problem,) = problems(blocked=Blocked(Domains(["adatum.example"])), **changes)
    assert problem.key == key
    assert "remove this row, or take the domain from blocked.domains" in problem.message


def test_f191_a_typed_domain_is_no_direct_partner() -> None:
    both = {"partners": direct(ADATUM), "federated": federated(FederatedDomain("adatum.example"))}
    assert faults(SECURE, **both) == {"federated_domain[0].domain"}


# -- what excludes what


def test_f062_f063_a_default_route_excludes_discovering_and_the_way_out_is_told() -> None:
    (problem,) = problems(discovered=Discovered(enabled=True), default_route=CLEARING, providers=())
    assert problem.key == "discovered.enabled"
    assert "[default_route]" in problem.message
    assert "list the clearing house as a [[provider]]" in problem.message


def test_f057_a_list_that_is_off_does_not_exclude_a_default_route() -> None:
    kept = Discovered(domains=Domains(["fabrikam.example"]))
    assert replace(SECURE, discovered=kept, default_route=CLEARING, providers=()).default_route


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (PRELOADED, "remove AOL, MSN, Yahoo! by federation.preload_providers = false"),
        ((HOSTING,), "remove the [[provider]] of Hosting"),
        ((replace(HOSTING, enabled=False),), "remove the [[provider]] of Hosting"),
        ((HOSTING, PRELOADED[0]), "remove AOL by federation.preload_providers = false, and remove the [[provider]] of"),
    ],
    ids=["preloaded", "enabled", "disabled", "both"],
)
def test_f088_f108_a_default_route_excludes_every_provider_and_what_to_remove_is_told(
    rows: tuple[Provider, ...], said: str
) -> None:
    (problem,) = problems(providers=rows, default_route=CLEARING)
    assert problem.key == "default_route"
    assert said in problem.message


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"default_route": CLEARING, "providers": ()}, "default_route"),
        ({"archiving_notice": ArchivingNotice(enabled=True)}, "archiving_notice.enabled"),
        ({"providers": (*PRELOADED, HOSTING)}, "provider[3].enabled"),
        ({"discovered": Discovered(enabled=True)}, "discovered.enabled"),
    ],
    ids=["F102-default-route", "F102-notice", "F085-provider", "F066-discovered"],
)
def test_what_federation_unlocks_cannot_be_on_while_it_is_off(changes: dict[str, Any], key: str) -> None:
    (problem,) = problems(federation=Federation(enabled=False), **changes)
    assert problem.key == key
    assert "federation.enabled = true" in problem.message
    replace(SECURE, federation=Federation(organisation=False), **changes)  # that switch is for every user at once


def test_f102_a_clearing_house_needs_federation() -> None:
    off = Federation(enabled=False, clearing_house=True)
    assert faults(SECURE, federation=off) == {"federation.clearing_house"}


def test_f083_direct_partners_default_route_and_providers_need_no_discovering() -> None:
    assert replace(SECURE, partners=direct(ADATUM), providers=(HOSTING,))
    assert replace(SECURE, partners=direct(ADATUM), providers=(), default_route=CLEARING)


# -- warnings


def test_good_tables_have_no_warnings() -> None:
    assert warned(TABLES) == {}


@pytest.mark.parametrize(
    "name", ["edge.dmz.contoso.example", "contoso.example", "edge.elsewhere.example", "edge"], ids=str
)
def test_f061_a_name_that_is_not_one_label_below_a_domain_of_ours_is_warned_of(name: str) -> None:
    assert set(warned(replace(TABLES, own=replace(OWN, fqdn=name)))) == {"edge.fqdn"}
    array = replace(OWN, fqdn=name, federation_fqdn="sip.contoso.example")
    assert warned(replace(TABLES, own=array)) == {}


def test_f054_any_domain_is_warned_of_while_it_counts() -> None:
    everybody = Discovered(enabled=True, any_domain=True)
    assert set(warned(replace(SECURE, discovered=everybody))) == {"discovered.any_domain"}
    assert warned(replace(SECURE, discovered=replace(everybody, enabled=False))) == {}


def test_f065_blocked_and_discovered_is_a_warning_for_blocked_wins() -> None:
    listed = Discovered(enabled=True, domains=Domains(["a.example", "spam.example"]))
    assert warned(replace(SECURE, discovered=listed)) == {
        "discovered.domains[1]": "spam.example is blocked too, and blocked wins; remove it from one of the two"
    }


@pytest.mark.parametrize(
    ("partner", "discovered", "enabled", "said"),
    [
        (30, 12, True, "the earlier line wins, so it is discovered"),
        (12, 30, True, "the earlier line wins, so it is a direct partner"),
        (30, 12, False, "discovering is off, so it is a direct partner"),
    ],
)
def test_f064_direct_and_discovered_is_a_warning_that_tells_both_lines(
    partner: int, discovered: int, enabled: bool, said: str
) -> None:
    listed = Discovered(enabled=enabled, domains=Domains(["adatum.example"], [discovered]))
    tables = replace(SECURE, partners=direct(replace(ADATUM, line=partner)), discovered=listed)
    (message,) = warned(tables).values()
    assert f"discovered on line {discovered} and a direct partner on line {partner}" in message
    assert said in message


def test_f091_a_public_flag_on_an_unknown_provider_is_warned_of_and_a_missing_one_on_a_known() -> None:
    private = replace(PRELOADED[0], public=False)
    tables = replace(SECURE, providers=(replace(HOSTING, public=True), private, PRELOADED[1]))
    assert set(warned(tables)) == {"provider[0].public", "provider[1].public"}
