"""The tables: one spelling for everything, and no configuration that contradicts itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from edge_world import FABRIKAM, INSIDE, OUTSIDE, TABLES, TCP, UDP, WOODGROVE

from sipcore.edge.tables import Hop, Partner, Side, VerificationLevel, canonical_host, domain_name
from sipcore.errors import ConfigError


def faults(**changes: Any) -> set[str]:
    """The keys that the tables complain about after these changes."""
    with pytest.raises(ConfigError) as caught:
        replace(TABLES, **changes)
    return {problem.key for problem in caught.value.problems}


def listening(**places: Hop) -> dict[Any, Hop]:
    """A listen table from ``inside_udp=...`` arguments."""
    pairs = (name.split("_") for name in places)
    return {
        (Side(side), UDP if transport == "udp" else TCP): places[f"{side}_{transport}"] for side, transport in pairs
    }


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


def test_tables_bring_names_and_addresses_into_one_spelling() -> None:
    tables = replace(
        TABLES,
        fqdn="Edge.Contoso.Example.",
        domains=frozenset({"CONTOSO.example."}),
        blocked=frozenset({"Spam.Example"}),
    )
    assert tables.fqdn == "edge.contoso.example"
    assert tables.domains == {"contoso.example"}
    assert tables.blocked == {"spam.example"}


def test_the_sides_are_opposite() -> None:
    assert INSIDE.opposite is OUTSIDE
    assert OUTSIDE.opposite is INSIDE


def test_a_partner_is_believed_on_the_level_of_its_provider_unless_told_otherwise() -> None:
    assert FABRIKAM.verification is VerificationLevel.VERIFIED_BY_PROVIDER


# -- look-ups


def test_only_the_next_hop_may_send_outward_when_no_servers_are_named() -> None:
    tables = replace(TABLES, inside_servers=frozenset())
    assert tables.may_send_outward("127.0.0.5")
    assert not tables.may_send_outward("127.0.0.6")


def test_a_partner_is_found_by_its_address_in_any_spelling() -> None:
    assert TABLES.partner_at("::ffff:192.0.2.20") == FABRIKAM
    assert TABLES.partner_at("192.0.2.21") is None


@pytest.mark.parametrize(
    ("host", "port", "own"),
    [
        ("127.0.0.1", 5060, True),
        ("192.0.2.1", None, True),
        ("192.0.2.1", 5061, False),
        ("EDGE.contoso.example.", 5099, True),
        ("contoso.example", None, False),
        ("192.0.2.20", 5060, False),
    ],
)
def test_a_place_is_ours_by_listening_address_or_by_name(host: str, port: int | None, own: bool) -> None:
    assert TABLES.is_own_place(host, port) is own


def test_known_peers_are_servers_inside_and_proxies_outside() -> None:
    assert TABLES.known_peer(INSIDE, "127.0.0.6")
    assert not TABLES.known_peer(OUTSIDE, "127.0.0.6")
    assert TABLES.known_peer(OUTSIDE, "192.0.2.30")
    assert not TABLES.known_peer(INSIDE, "192.0.2.30")


def test_an_unconfigured_transport_is_answered_for_by_the_other() -> None:
    udp_only = replace(
        TABLES,
        listen=listening(inside_udp=Hop(UDP, "127.0.0.1", 5060), outside_udp=Hop(UDP, "192.0.2.1", 5060)),
        partners={"fabrikam.example": FABRIKAM},
    )
    assert udp_only.listening(INSIDE, TCP) == Hop(UDP, "127.0.0.1", 5060)


# -- faults


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"fqdn": "edge contoso"}, {"edge.fqdn"}),
        ({"fqdn": 'edge";x="'}, {"edge.fqdn"}),
        ({"domains": frozenset()}, {"edge.domains"}),
        ({"domains": frozenset({"-contoso.example"})}, {"edge.domains"}),
        ({"blocked": frozenset({"a..example"})}, {"blocked.domains"}),
        ({"blocked": frozenset({"contoso.example"})}, {"blocked.domains"}),
        ({"blocked": frozenset({"fabrikam.example"})}, {"partner[0].domain"}),
        ({"domains": frozenset({"woodgrove.example"})}, {"partner[1].domain"}),
        ({"partners": {"adatum.example": FABRIKAM}}, {"partner[0].domain"}),
        ({"inside_next_hop": Hop(UDP, "server.contoso.example", 5070)}, {"inside.next_hop.address"}),
        ({"inside_next_hop": Hop(UDP, "127.0.0.5", 0)}, {"inside.next_hop.port"}),
        ({"inside_next_hop": Hop(UDP, "127.0.0.1", 5060)}, {"inside.next_hop.address"}),
        ({"inside_servers": frozenset({"server"})}, {"inside.servers"}),
        ({"assertion_header": "X Verified"}, {"verification.assertion_header"}),
        ({"assertion_header": "Via"}, {"verification.assertion_header"}),
        ({"assertion_header": "v"}, {"verification.assertion_header"}),
        ({"assertion_header": "MS-Edge-Proxy-Message-Trust"}, {"verification.assertion_header"}),
        ({"mark_header": "From"}, {"verification.mark_header"}),
    ],
)
def test_a_fault_is_named_by_its_key(changes: dict[str, Any], keys: set[str]) -> None:
    assert faults(**changes) == keys


def test_all_faults_are_told_at_once() -> None:
    assert faults(fqdn="", domains=frozenset(), mark_header="") == {
        "edge.fqdn",
        "edge.domains",
        "verification.mark_header",
    }


def test_a_partner_must_be_reachable_by_a_transport_that_is_listened_on() -> None:
    listen = {place: hop for place, hop in TABLES.listen.items() if place != (OUTSIDE, TCP)}
    assert faults(listen=listen) == {"partner[1].proxy.transport"}


def test_each_side_needs_an_address() -> None:
    listen = {place: hop for place, hop in TABLES.listen.items() if place[0] is OUTSIDE}
    assert faults(listen=listen) == {"inside.listen", "inside.next_hop.transport"}


def test_the_sides_must_not_share_an_address() -> None:
    listen = dict(TABLES.listen) | {(OUTSIDE, UDP): Hop(UDP, "127.0.0.1", 5060)}
    assert faults(listen=listen) == {"outside.listen"}


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.5"])
def test_an_address_to_listen_on_is_one_that_peers_can_be_told(address: str) -> None:
    listen = dict(TABLES.listen) | {(OUTSIDE, UDP): Hop(UDP, address, 5060)}
    assert faults(listen=listen) == {"outside.listen.address"}


def test_a_listening_port_may_be_left_to_the_system() -> None:
    listen = {place: Hop(hop.transport, hop.host, 0) for place, hop in TABLES.listen.items()}
    assert replace(TABLES, listen=listen).listen[INSIDE, UDP].port == 0


def test_an_entry_says_the_transport_that_it_stands_under() -> None:
    listen = dict(TABLES.listen) | {(OUTSIDE, UDP): Hop(TCP, "192.0.2.1", 5060)}
    assert faults(listen=listen) == {"outside.listen"}


def test_two_partners_behind_one_address_cannot_be_told_apart() -> None:
    double = Partner("adatum.example", "Adatum", Hop(UDP, FABRIKAM.proxy.host, 5061))
    partners = {"fabrikam.example": FABRIKAM, "woodgrove.example": WOODGROVE, "adatum.example": double}
    assert faults(partners=partners) == {"partner[2].proxy.address"}
