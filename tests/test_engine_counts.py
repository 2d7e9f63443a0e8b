"""What the engine counts: by which table a message passed, and what the filter found in it (`sipcore.edge.actions`)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from edge_world import FROM_FABRIKAM, OUTSIDE, STRANGER, counted, engine, inbound, receive
from federated_world import CROSSROADS, HOUSE, WITH_DEFAULT, inward, outward, srv
from file_offers import OFFERS
from instant_messages import request

from sipcore import ImFilter, Rules
from sipcore.edge.actions import COUNTERS
from sipcore.edge.flow import NOBODY, VIA, Flow, Forward
from sipcore.edge.routing import decide
from sipcore.edge.tables import FarEnd, Federation, Tables
from sipcore.imfilter import Finding
from sipcore.imfilter.verdict import FINDINGS

NW = srv("nwtraders.example", "sip.nwtraders.example")
#: No look-up finds these: a default route is asked last.
NOWHERE = srv("elsewhere.example")


def rule(flow: Flow, tables: Tables = CROSSROADS) -> str:
    """By which table a request is forwarded."""
    decision = decide(flow, tables, NW | NOWHERE | srv("domaina.example") | srv("domaina.aol.com"))
    assert isinstance(decision, Forward)
    return decision.rule


@pytest.mark.parametrize(
    ("domain", "expected", "tables"),
    [
        ("fabrikam.example", "partner", CROSSROADS),
        ("domaina.example", "federated-domain", CROSSROADS),
        ("x.domaina.example", "static-route", CROSSROADS),
        ("tailspin.example", "provider", CROSSROADS),
        ("hotmail.com", "public-provider", CROSSROADS),
        ("nwtraders.example", "discovered", CROSSROADS),
        ("elsewhere.example", "default-route", WITH_DEFAULT),
    ],
)
def test_what_leaves_has_the_table_that_knows_where_to(domain: str, expected: str, tables: Tables) -> None:
    if expected == "public-provider":
        provider = replace(CROSSROADS.providers[1], public=True)
        tables, domain = replace(CROSSROADS, providers=(provider,)), "tailspin.example"
    assert rule(outward(domain, tables), tables) == expected


@pytest.mark.parametrize(
    ("domain", "name", "expected", "tables"),
    [
        ("fabrikam.example", "edge.fabrikam.example", "partner", CROSSROADS),
        ("tailspin.example", "sip.hosting.example", "provider", CROSSROADS),
        ("nwtraders.example", "sip.nwtraders.example", "discovered", CROSSROADS),
        ("elsewhere.example", "edge.clearing.example", "default-route", WITH_DEFAULT),
    ],
)
def test_what_comes_in_has_the_table_that_knows_where_from(
    domain: str, name: str, expected: str, tables: Tables
) -> None:
    assert rule(inward(domain, name, tables=tables), tables) == expected


def test_what_passes_a_clearing_house_has_the_table_that_knows_where_to() -> None:
    flow = inward("fabrikam.example", "edge.fabrikam.example", tables=HOUSE, request_domain="tailspin.example")
    assert rule(flow, HOUSE) == "provider"


def test_a_user_of_ours_outside_is_no_table() -> None:
    tables = replace(CROSSROADS, federation=Federation(remote_access=True))
    flow = replace(inward("contoso.example", tables=tables), peer=STRANGER)
    assert rule(flow, tables) == "remote-user"


def test_rules_are_few() -> None:
    """`NOBODY` has no case: there is no way to or from an end that no table knows."""
    assert {*FarEnd, VIA, NOBODY} == {
        "partner",
        "federated-domain",
        "static-route",
        "provider",
        "public-provider",
        "discovered",
        "default-route",
        "remote-user",
        "via",
        "nobody",
    }


# -- what was found

STRICT = Rules(extensions=(".exe",), bare_domains=True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"see http://www.adatum.example/", "prefix"),
        (b"see adatum.com today", "bare-domain"),
        (b"see http://www.adatum.example/setup.exe", "extension"),
    ],
)
def test_what_is_found_is_counted_by_its_kind_and_by_what_is_done(body: bytes, kind: str) -> None:
    for action in ("observe", "block"):
        rules = replace(STRICT, links=action, extension_action=action)
        actions = receive(engine(filter=ImFilter(rules)), inbound(body=body), FROM_FABRIKAM)
        assert [each for each in counted(actions) if each[0] == "filtered"] == [("filtered", OUTSIDE, action, kind)]


def test_every_finding_has_one_of_the_kinds() -> None:
    rules = {"http:": "prefix", "www.": "prefix", ".exe": "extension"}
    rules |= {name: name for name in ("bare-domain", "undecodable", "unseen")}
    assert [Finding(rule, "body", (0, 1), "x").kind for rule in rules] == list(rules.values())
    (offered,) = ImFilter().check(request(OFFERS["text/x-msmsgsinvite"], "text/x-msmsgsinvite")).findings
    assert (offered.rule, offered.kind) == ("file-transfer", "offer")
    assert {*rules.values(), offered.kind} == set(FINDINGS)


def test_the_worst_finding_is_the_one_that_is_counted() -> None:
    rules = replace(STRICT, links="observe", extension_action="block")
    verdict = ImFilter(rules).check_text("see http://adatum.example/ and http://adatum.example/setup.exe")
    assert len(verdict.findings) == 2
    assert verdict.worst is not None
    assert (verdict.worst.kind, verdict.worst.action) == ("extension", verdict.action)


def test_each_count_has_the_labels_that_it_is_declared_with() -> None:
    actions = receive(engine(filter=ImFilter()), inbound(body=b"http://adatum.example/"), FROM_FABRIKAM)
    names = [name for name, *_ in counted(actions)]
    assert names == ["refused", "filtered"]
    assert [len(labels) for _, *labels in counted(actions)] == [len(COUNTERS[name]) for name in names]
