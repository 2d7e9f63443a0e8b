"""Decisions: every row of the table of refusals from both sides, and what holds of all flows there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from edge_world import (
    DIRECT,
    FABRIKAM,
    INSIDE,
    OUTSIDE,
    SERVER,
    STRANGER,
    TABLES,
    TCP,
    UDP,
    WOODGROVE,
    answering,
    with_level,
)
from hypothesis import given
from hypothesis import strategies as st

from sipcore.edge import refusals
from sipcore.edge.flow import Answer, Discard, Flow, Forward, PeerEvidence, PeerKind, Reply, Static
from sipcore.edge.refusals import DISCARDS, REFUSALS, render
from sipcore.edge.responses import decide_response
from sipcore.edge.routing import decide
from sipcore.edge.tables import BestEffort, Hop, Verification, VerificationLevel
from sipcore.edge.verification import Assertion, Mark

IN = Flow(
    side=OUTSIDE,
    peer=DIRECT,
    method="MESSAGE",
    in_dialog=False,
    from_domain="fabrikam.example",
    asserted_domain=None,
    request_domain="contoso.example",
    to_domain="contoso.example",
)
OUT = Flow(
    side=INSIDE,
    peer=SERVER,
    method="MESSAGE",
    in_dialog=False,
    from_domain="contoso.example",
    asserted_domain=None,
    request_domain="fabrikam.example",
    to_domain="fabrikam.example",
)
REPLY = Reply(
    side=OUTSIDE,
    peer=DIRECT,
    method="MESSAGE",
    from_domain="contoso.example",
    to_domain="fabrikam.example",
    asserted_domain=None,
    back_to=Hop(UDP, "127.0.0.5", 5070),
)


def refused(flow: Flow, **tables: Any) -> tuple[int, str]:
    """Status and name of a refusal."""
    decision = decide(flow, replace(TABLES, **tables), {})
    assert isinstance(decision, Answer), decision
    return decision.status, decision.why


def discarded(flow: Flow, **tables: Any) -> str:
    """Name of a discard."""
    decision = decide(flow, replace(TABLES, **tables), {})
    assert isinstance(decision, Discard), decision
    return decision.why


def headers(flow: Flow) -> dict[str, str]:
    """What a refusal carries."""
    decision = decide(flow, TABLES, {})
    assert isinstance(decision, Answer), decision
    return dict(decision.headers)


# -- what passes


def test_a_partners_message_to_us_goes_to_the_inside_next_hop_with_a_mark() -> None:
    decision = decide(IN, TABLES, {})
    assert isinstance(decision, Forward)
    assert (decision.side, decision.candidates) == (INSIDE, (Static(TABLES.own.next_hop),))
    assert (decision.mark, decision.assertion) == (Mark(verified=False), None)
    assert (decision.near_domain, decision.far_domain) == ("fabrikam.example", "")


def test_our_message_to_a_partner_goes_to_its_proxy_with_an_assertion() -> None:
    decision = decide(OUT, TABLES, {})
    assert isinstance(decision, Forward)
    assert (decision.side, decision.candidates) == (OUTSIDE, (Static(FABRIKAM.proxy),))
    assert (decision.mark, decision.assertion) == (None, True)


def test_users_can_be_asserted_as_not_verified() -> None:
    decision = decide(OUT, replace(TABLES, verification=Verification(mark_own_users=False)), {})
    assert isinstance(decision, Forward)
    assert decision.assertion is False


def test_the_mark_follows_the_partners_level() -> None:
    tables = with_level(VerificationLevel.CONTACT_LIST)
    peer = PeerEvidence(PeerKind.LISTED, (tables.partners["fabrikam.example"],))
    decision = decide(replace(IN, peer=peer, assertion=Assertion.VERIFIED), tables, {})
    assert isinstance(decision, Forward)
    assert decision.mark == Mark(verified=False)


def test_a_decision_tells_how_it_came_about() -> None:
    assert decide(replace(IN, assertion=Assertion.VERIFIED), TABLES, {}).chain == (
        "from direct partner 'Fabrikam' ([[partner]])",
        "From: fabrikam.example is direct partner 'Fabrikam' ([[partner]]), whose link this is",
        "contoso.example is ours",
        "level verified-by-provider, asserted verified: marked verified",
        "to udp 127.0.0.5:5070 on the inside",
    )
    assert decide(replace(OUT, request_domain="nowhere.example"), TABLES, {}).chain == (
        "from a server of ours",
        "From: our contoso.example",
        "no table leads to nowhere.example",
        "answered 404 Not Found: unknown-domain",
    )


def test_an_asserted_identity_of_the_links_own_domain_passes() -> None:
    assert isinstance(decide(replace(IN, asserted_domain="fabrikam.example"), TABLES, {}), Forward)
    assert isinstance(decide(replace(OUT, asserted_domain="emea.contoso.example"), TABLES, {}), Forward)


# -- blocked domains


@pytest.mark.parametrize(
    "end", ["from_domain", "asserted_domain", "request_domain", "to_domain", "route_near", "route_far"]
)
def test_a_blocked_domain_at_any_end_stops_a_request(end: str) -> None:
    blocked = {end: "spam.example", "in_dialog": end.startswith("route_")}
    assert refused(replace(OUT, **blocked)) == (403, "blocked")
    assert discarded(replace(IN, **blocked)) == "blocked"
    assert refused(replace(IN, **blocked), blocked=answering().blocked) == (403, "blocked")


@pytest.mark.parametrize(
    "also_wrong",
    [
        {"peer": STRANGER},
        {"request_domain": None},
        {"request_domain": "nowhere.example"},
        {"option_tags": ("alpha",)},
        {"in_dialog": True},
        {"asserted_domain": "contoso.example"},
    ],
)
def test_a_blocked_domain_beats_everything_else(also_wrong: dict[str, Any]) -> None:
    assert discarded(replace(IN, from_domain="spam.example", **also_wrong)) == "blocked"


def test_blocking_a_domain_does_not_block_the_one_below_it() -> None:
    assert refused(replace(IN, from_domain="not.spam.example")) == (403, "claims-other-domain")


# -- who may speak


def test_a_stranger_is_refused_on_both_sides() -> None:
    assert refused(replace(IN, peer=STRANGER)) == (403, "stranger")
    assert refused(replace(OUT, peer=STRANGER)) == (403, "stranger")


def test_evidence_from_the_other_side_is_no_evidence() -> None:
    assert refused(replace(IN, peer=SERVER)) == (403, "stranger")
    assert refused(replace(OUT, peer=DIRECT)) == (403, "stranger")


@pytest.mark.parametrize("header", ["from_domain", "asserted_domain"])
def test_a_partner_speaks_for_its_own_domain_only(header: str) -> None:
    assert refused(replace(IN, **{header: "woodgrove.example"})) == (403, "claims-other-domain")


@pytest.mark.parametrize("header", ["from_domain", "asserted_domain"])
def test_nobody_outside_speaks_for_us(header: str) -> None:
    assert refused(replace(IN, **{header: "emea.contoso.example"})) == (403, "claims-our-domain")


@pytest.mark.parametrize("header", ["from_domain", "asserted_domain"])
def test_our_servers_speak_for_our_domains_only(header: str) -> None:
    assert refused(replace(OUT, **{header: "fabrikam.example"})) == (403, "claims-other-domain")


def test_a_sender_without_a_domain_is_nobody() -> None:
    assert refused(replace(IN, from_domain=None)) == (403, "claims-other-domain")
    assert refused(replace(OUT, from_domain=None)) == (403, "claims-other-domain")


@pytest.mark.parametrize("header", ["from_domain", "asserted_domain"])
def test_identity_is_checked_inside_a_dialog_too(header: str) -> None:
    in_dialog = {"in_dialog": True, "route_near": "fabrikam.example"}
    assert refused(replace(IN, **in_dialog, **{header: "woodgrove.example"})) == (403, "claims-other-domain")


def test_evidence_of_a_partner_needs_its_row() -> None:
    with pytest.raises(ValueError, match="row"):
        PeerEvidence(PeerKind.LISTED)
    with pytest.raises(ValueError, match="row"):
        PeerEvidence(PeerKind.STRANGER, (FABRIKAM,))


# -- where to


def test_from_outside_only_our_domains_are_reached() -> None:
    assert refused(replace(IN, request_domain="woodgrove.example")) == (403, "not-our-domain")
    assert refused(replace(IN, request_domain="edge.contoso.example")) == (403, "not-our-domain")


def test_to_does_not_route() -> None:
    assert refused(replace(IN, request_domain="woodgrove.example", to_domain="contoso.example")) == (
        403,
        "not-our-domain",
    )
    assert isinstance(decide(replace(IN, to_domain="woodgrove.example"), TABLES, {}), Forward)


@pytest.mark.parametrize("domain", ["nowhere.example", "contoso.example", "edge.contoso.example", "192.0.2.20"])
def test_from_inside_a_domain_that_no_table_leads_to_is_not_found(domain: str) -> None:
    flow = replace(OUT, request_domain=domain)
    assert refused(flow) == (404, "unknown-domain")
    assert headers(flow) == {
        "ms-diagnostics": '1005;reason="Cannot route to destination domain";source="edge.contoso.example"'
    }


def test_the_outside_learns_no_diagnostics() -> None:
    assert headers(replace(IN, request_domain="woodgrove.example")) == {}
    assert headers(replace(IN, in_dialog=True)) == {}


def test_another_scheme_is_refused() -> None:
    assert refused(replace(IN, request_domain=None)) == (416, "unsupported-scheme")
    assert refused(replace(OUT, request_domain=None)) == (416, "unsupported-scheme")


def test_a_route_beyond_us_does_not_lead_out_of_a_dialog() -> None:
    assert refused(replace(IN, routed_on=True)) == (403, "not-our-domain")
    assert refused(replace(OUT, routed_on=True)) == (404, "unknown-domain")


# -- extensions


def test_an_unknown_extension_is_refused_and_named() -> None:
    flow = replace(IN, option_tags=("alpha", "ms-benotify", "zeta"))
    assert refused(flow) == (420, "bad-extension")
    assert headers(flow) == {"Unsupported": "alpha, zeta"}


def test_the_benotify_extension_is_known_when_benotify_is_on() -> None:
    flow = replace(OUT, method="SUBSCRIBE", option_tags=("ms-benotify",))
    assert isinstance(decide(flow, TABLES, {}), Forward)
    assert refused(flow, benotify=BestEffort(enabled=False)) == (420, "bad-extension")


def test_benotify_that_is_switched_off_is_discarded() -> None:
    assert discarded(replace(IN, method="BENOTIFY"), benotify=BestEffort(enabled=False)) == "benotify-off"


# -- in a dialog


def test_in_a_dialog_the_recorded_route_leads_both_ways() -> None:
    in_dialog = {"in_dialog": True, "request_domain": "192.0.2.77"}
    inward = decide(replace(IN, route_near="fabrikam.example", **in_dialog), TABLES, {})
    outward = decide(replace(OUT, route_far="fabrikam.example", **in_dialog), TABLES, {})
    assert isinstance(inward, Forward)
    assert isinstance(outward, Forward)
    assert inward.candidates == (Static(TABLES.own.next_hop),)
    assert outward.candidates == (Static(FABRIKAM.proxy),)


def test_in_a_dialog_without_our_route_nothing_passes() -> None:
    assert refused(replace(IN, in_dialog=True)) == (403, "no-route")
    assert refused(replace(OUT, in_dialog=True)) == (481, "no-route")
    assert headers(replace(OUT, in_dialog=True)) == {
        "ms-diagnostics": '1004;reason="Route set is no longer valid";source="edge.contoso.example"'
    }


def test_a_forged_route_reaches_configured_peers_only() -> None:
    assert refused(replace(OUT, in_dialog=True, route_far="nowhere.example")) == (481, "no-route")
    assert refused(replace(IN, in_dialog=True, route_near="woodgrove.example")) == (403, "no-route")


def test_a_route_of_ours_outside_a_dialog_leads_nowhere_by_itself() -> None:
    flow = replace(IN, route_near="fabrikam.example", request_domain="woodgrove.example")
    assert refused(flow) == (403, "not-our-domain")


def test_an_ack_without_a_route_follows_its_request_uri_like_its_invite() -> None:
    ack = {"method": "ACK", "in_dialog": True}
    assert decide(replace(OUT, **ack), TABLES, {}).chain[-1] == "to udp 192.0.2.20:5060 on the outside"
    assert decide(replace(IN, **ack), TABLES, {}).chain[-1] == "to udp 127.0.0.5:5070 on the inside"
    assert discarded(replace(OUT, **ack, request_domain="nowhere.example")) == "unknown-domain"


@pytest.mark.parametrize("method", ["BENOTIFY", "ACK"])
@pytest.mark.parametrize(
    "wrong",
    [
        replace(IN, peer=STRANGER),
        replace(IN, request_domain=None),
        replace(IN, request_domain="woodgrove.example"),
        replace(IN, from_domain="contoso.example"),
        replace(OUT, request_domain="nowhere.example"),
        replace(OUT, from_domain="spam.example"),
        replace(OUT, in_dialog=True, route_far="nowhere.example"),
    ],
)
def test_what_is_never_answered_is_discarded_instead(method: str, wrong: Flow) -> None:
    assert discarded(replace(wrong, method=method), blocked=answering().blocked)


def test_a_benotify_with_an_unknown_extension_is_discarded() -> None:
    assert discarded(replace(IN, method="BENOTIFY", option_tags=("alpha",))) == "bad-extension"


# -- responses


def test_a_partners_response_goes_back_inside_with_a_mark() -> None:
    decision = decide_response(replace(REPLY, assertion=Assertion.VERIFIED), TABLES, {})
    assert isinstance(decision, Forward)
    assert (decision.side, decision.candidates) == (INSIDE, (Static(Hop(UDP, "127.0.0.5", 5070)),))
    assert (decision.mark, decision.assertion) == (Mark(verified=True), None)


def test_our_response_goes_back_outside_with_an_assertion() -> None:
    reply = replace(REPLY, side=INSIDE, peer=SERVER, back_to=Hop(TCP, "192.0.2.30", 5065))
    decision = decide_response(reply, TABLES, {})
    assert isinstance(decision, Forward)
    assert (decision.side, decision.mark, decision.assertion) == (OUTSIDE, None, True)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"from_domain": "spam.example"}, "response-blocked"),
        ({"to_domain": "spam.example"}, "response-blocked"),
        ({"asserted_domain": "spam.example"}, "response-blocked"),
        ({"peer": STRANGER}, "response-from-stranger"),
        ({"peer": SERVER}, "response-from-stranger"),
        ({"asserted_domain": "contoso.example"}, "response-claims-domain"),
        ({"back_to": None}, "response-to-nowhere"),
        ({"back_to": Hop(UDP, "127.0.0.77", 25)}, "response-to-nowhere"),
        ({"back_to": Hop(UDP, "192.0.2.30", 5065)}, "response-to-nowhere"),
    ],
)
def test_a_response_that_should_not_be_is_discarded(changes: dict[str, Any], why: str) -> None:
    decision = decide_response(replace(REPLY, **changes), TABLES, {})
    assert isinstance(decision, Discard)
    assert decision.why == why


# -- of all flows

DOMAINS = st.sampled_from(
    [
        None,
        "",
        "contoso.example",
        "emea.contoso.example",
        "fabrikam.example",
        "woodgrove.example",
        "spam.example",
        "x.example",
    ]
)
FLOWS = st.builds(
    Flow,
    side=st.sampled_from([INSIDE, OUTSIDE]),
    peer=st.sampled_from([SERVER, DIRECT, STRANGER, PeerEvidence(PeerKind.LISTED, (WOODGROVE,))]),
    method=st.sampled_from(["MESSAGE", "INVITE", "ACK", "CANCEL", "BYE", "BENOTIFY", "SUBSCRIBE", "FOO", ""]),
    in_dialog=st.booleans(),
    from_domain=DOMAINS,
    asserted_domain=DOMAINS,
    request_domain=DOMAINS,
    to_domain=DOMAINS,
    route_near=DOMAINS,
    route_far=DOMAINS,
    routed_on=st.booleans(),
    assertion=st.sampled_from(Assertion),
    option_tags=st.sampled_from([(), ("ms-benotify",), ("alpha",)]),
)


@given(FLOWS, st.booleans(), st.booleans())
def test_every_flow_has_one_decision_that_is_safe(flow: Flow, answer_blocked: bool, benotify: bool) -> None:
    blocked = replace(TABLES.blocked, answer=answer_blocked)
    tables = replace(TABLES, blocked=blocked, benotify=BestEffort(enabled=benotify))
    decision = decide(flow, tables, {})
    assert decision == decide(flow, tables, {})
    assert decision.chain
    if isinstance(decision, Forward):
        _check_forward(flow, decision)
    elif isinstance(decision, Answer):
        assert flow.method not in {"ACK", "BENOTIFY"}
        assert flow.side is INSIDE or "ms-diagnostics" not in dict(decision.headers)


def _check_forward(flow: Flow, decision: Forward) -> None:
    assert decision.side is flow.side.opposite
    proxies = {row.proxy for row in TABLES.partners.values()}
    (hop,) = (candidate.hop for candidate in decision.candidates)
    assert hop in ({TABLES.own.next_hop} if decision.side is INSIDE else proxies)
    assert flow.peer.kind is (PeerKind.INSIDE if flow.side is INSIDE else PeerKind.LISTED)
    ends = {
        flow.from_domain,
        flow.asserted_domain,
        flow.request_domain,
        flow.to_domain,
        flow.route_near,
        flow.route_far,
    }
    assert "spam.example" not in ends
    assert (decision.mark is None) is (decision.side is OUTSIDE)
    assert (decision.assertion is None) is (decision.side is INSIDE)


# -- the table of refusals


def test_the_document_is_the_table() -> None:
    document = Path(__file__).parent.parent / "docs" / "refusals.md"
    assert document.read_text(encoding="utf-8") == render()


def test_every_refusal_and_discard_is_in_the_table_once() -> None:
    names = [row.name for row in REFUSALS] + [disposal.name for disposal in DISCARDS]
    assert len(set(names)) == len(names) - 1  # "blocked" has two rows: told, and not told
    defined = {value.name for value in vars(refusals).values() if isinstance(value, refusals.Row | refusals.Disposal)}
    assert defined == set(names)
