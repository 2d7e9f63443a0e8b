"""The signed Record-Route: recorded for one dialog, of use in that dialog alone, from either end, on its own side."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from edge_world import (
    FABRIKAM,
    FROM_FABRIKAM,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    KEYS,
    OUTSIDE,
    SIDES,
    TABLES,
    counted,
    engine,
    in_dialog,
    inbound,
    only,
    outbound,
    receive,
    record,
    route_set,
    sent,
)
from hypothesis import given
from hypothesis import strategies as st

from sipcore import parse
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import Side

EITHER_WAY = [(begun_by, said_by) for begun_by in SIDES for said_by in SIDES]
NEXT_HOP = {OUTSIDE: TABLES.own.next_hop, INSIDE: FABRIKAM.proxy}
#: What each side is told of a route that leads nowhere.
OWED = {INSIDE: 481, OUTSIDE: 403}


# -- recording


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "REFER"])
def test_what_may_begin_a_dialog_records_a_signed_route_for_each_side(method: str) -> None:
    left = parse(only(receive(engine(), outbound(method=method, uri="sip:a@WOODGROVE.example"), FROM_SERVER)).data)
    routes = [str(route) for route in left.record_routes]
    assert [re.sub(r";sig=[0-9a-f]{32}>", ">", route) for route in routes] == [
        "<sip:192.0.2.1:5060;transport=tcp;lr;fd=woodgrove.example>",
        "<sip:127.0.0.1:5060;transport=udp;lr;fd=woodgrove.example>",
    ]
    first, second = (route.uri.params["sig"] for route in left.record_routes)
    assert first != second


def test_what_begins_no_dialog_records_no_route() -> None:
    assert parse(only(receive(engine(), outbound(), FROM_SERVER)).data).record_routes == []


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_a_request_in_the_dialog_records_the_routes_that_its_first_request_did(begun_by: Side, said_by: Side) -> None:
    data, link = in_dialog(said_by, route_set(begun_by, said_by), method="INVITE")
    again = parse(only(receive(engine(), data, link)).data).record_routes
    recorded = record(begun_by)
    assert [str(route) for route in again] == (recorded if begun_by is said_by else recorded[::-1])


# -- following


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_either_end_follows_the_route_and_what_lies_beyond_us_stays(begun_by: Side, said_by: Side) -> None:
    data, link = in_dialog(said_by, route_set(begun_by, said_by), "Route: <sip:next.example;lr>")
    send = only(receive(engine(), data, link))
    assert send.hop == NEXT_HOP[said_by]
    assert [str(route) for route in parse(send.data).routes] == ["<sip:next.example;lr>"]


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_the_route_of_ones_own_side_is_enough(begun_by: Side, said_by: Side) -> None:
    upper = route_set(begun_by, said_by).partition(",")[0]
    assert only(receive(engine(), *in_dialog(said_by, upper))).hop == NEXT_HOP[said_by]


@pytest.mark.parametrize("method", ["ACK", "BENOTIFY", "NOTIFY", "INVITE", "BYE", "MESSAGE", "CANCEL"])
def test_every_method_follows_it(method: str) -> None:
    data, link = in_dialog(OUTSIDE, route_set(INSIDE, OUTSIDE), method=method)
    assert only(receive(engine(), data, link)).hop == TABLES.own.next_hop


def test_the_case_of_a_domain_does_not_matter_to_the_route() -> None:
    changes = {"from_": "<sip:alice@FABRIKAM.example.>;tag=a-tag", "to": "<sip:bob@Contoso.EXAMPLE>;tag=b-tag"}
    data, link = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), **changes)
    assert only(receive(engine(), data, link)).side is INSIDE


def test_a_route_is_followed_on_any_edge_with_the_key_and_after_a_change_of_keys() -> None:
    data, link = in_dialog(INSIDE, route_set(OUTSIDE, INSIDE))
    changed = Keys(b"the key of tomorrow", previous=KEYS.current)
    assert only(receive(engine(), data, link)).side is OUTSIDE
    assert only(receive(engine(keys=changed), data, link)).side is OUTSIDE
    assert parse(only(receive(engine(keys=Keys(b"the key of tomorrow")), data, link)).data).status == 481


# -- replays: the route of alice's and bob's dialog, on a request that it was not recorded for


def resigned(route: str) -> str:
    return re.sub(r"sig=(.)", lambda match: f"sig={'1' if match[1] == '0' else '0'}", route)


def unsigned(route: str) -> str:
    return re.sub(r";sig=[0-9a-f]+", "", route)


def reversed_(route: str) -> str:
    return "Route: " + ", ".join(route.removeprefix("Route: ").split(", ")[::-1])


def twice(route: str) -> str:
    return f"{route}, {route.removeprefix('Route: ')}"


#: what is done to the route, and what is said with it: each is refused on both sides, whoever began the dialog
REPLAYS: dict[str, tuple[Callable[[str], str], dict[str, Any]]] = {
    "another Call-ID": (str, {"call_id": "c2@192.0.2.10"}),
    "no signature": (unsigned, {}),
    "a broken signature": (resigned, {}),
    "a signature cut short": (lambda route: re.sub(r"(sig=[0-9a-f]{31}).", r"\1", route), {}),
    "a signature in upper case": (lambda route: re.sub(r"sig=\w+", lambda m: f"sig={m[0][4:].upper()}A", route), {}),
    "another federated domain": (lambda route: route.replace("fd=fabrikam", "fd=woodgrove"), {}),
    "a domain with a partner's name in it": (lambda route: route.replace("fd=fabrikam", "fd=xfabrikam"), {}),
    "two federated domains": (lambda route: route.replace("fd=fabrikam", "fd=woodgrove", 1), {}),
    "the routes in reverse": (reversed_, {}),
    "the other side's route alone": (lambda route: reversed_(route).partition(",")[0], {}),
    "the routes twice": (twice, {}),
    "a place that is not ours": (lambda route: route.replace(":5060;", ":5061;"), {}),
    "somebody else's route above": (lambda route: route.replace("Route: ", "Route: <sip:198.51.100.1;lr>, "), {}),
    "no route": (lambda _: "", {}),
}


def answer_to(data: bytes, link: Any) -> tuple[int | None, list[tuple[str, ...]]]:
    """The status of what the engine answers, and what it counts."""
    actions = receive(engine(), data, link)
    return parse(only(actions).data).status, counted(actions)


def refusal(side: Side) -> tuple[int, list[tuple[str, ...]]]:
    """What is owed to a request whose route leads nowhere."""
    return OWED[side], [("refused", side, "no-route", str(OWED[side]))]


@pytest.mark.parametrize("replay", REPLAYS)
@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_a_route_of_another_making_leads_nowhere(begun_by: Side, said_by: Side, replay: str) -> None:
    done, changes = REPLAYS[replay]
    data, link = in_dialog(said_by, done(route_set(begun_by, said_by)), **changes)
    assert answer_to(data, link) == refusal(said_by)


#: begun by, said by, and another end: who began it is known by tag and domain, the other one by domain
ENDS: list[tuple[str, Side, Side, dict[str, str]]] = [
    ("another From tag", OUTSIDE, OUTSIDE, {"from_": "<sip:alice@fabrikam.example>;tag=z-tag"}),
    ("another From tag", INSIDE, INSIDE, {"from_": "<sip:bob@contoso.example>;tag=z-tag"}),
    ("no From tag", OUTSIDE, OUTSIDE, {"from_": "<sip:alice@fabrikam.example>"}),
    ("another To tag", OUTSIDE, INSIDE, {"to": "<sip:alice@fabrikam.example>;tag=z-tag"}),
    ("another To tag", INSIDE, OUTSIDE, {"to": "<sip:bob@contoso.example>;tag=z-tag"}),
    ("tags changed places", OUTSIDE, OUTSIDE, {
        "from_": "<sip:alice@fabrikam.example>;tag=b-tag", "to": "<sip:bob@contoso.example>;tag=a-tag"}),
    ("another own domain", INSIDE, INSIDE, {"from_": "<sip:bob@emea.contoso.example>;tag=b-tag"}),
    ("another own domain", OUTSIDE, INSIDE, {"from_": "<sip:bob@emea.contoso.example>;tag=b-tag"}),
    ("another To domain", INSIDE, INSIDE, {"to": "<sip:alice@woodgrove.example>;tag=a-tag"}),
    ("another To domain", INSIDE, OUTSIDE, {"to": "<sip:bob@emea.contoso.example>;tag=b-tag"}),
    ("another To domain", OUTSIDE, OUTSIDE, {"to": "<sip:bob@emea.contoso.example>;tag=b-tag"}),
    ("no domain in To", OUTSIDE, OUTSIDE, {"to": "<tel:+12025550100>;tag=b-tag"}),
]  # fmt: skip


@pytest.mark.parametrize(("begun_by", "said_by", "changes"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_a_route_is_of_no_use_to_another_end(begun_by: Side, said_by: Side, changes: dict[str, str]) -> None:
    data, link = in_dialog(said_by, route_set(begun_by, said_by), **changes)
    assert answer_to(data, link) == refusal(said_by)


def test_the_tag_of_the_other_end_is_not_signed_for_an_invite_may_have_many_of_them() -> None:
    forked = {"to": "<sip:bob@contoso.example>;tag=of-another-branch"}
    assert only(receive(engine(), *in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), **forked))).side is INSIDE


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_the_route_of_one_side_leads_nowhere_on_the_other(begun_by: Side, said_by: Side) -> None:
    stolen = route_set(begun_by, said_by.opposite)
    assert answer_to(*in_dialog(said_by, stolen)) == refusal(said_by)


VIA_OF_WOODGROVE = "SIP/2.0/TCP 192.0.2.30:5060;branch=z9hG4bKwoodgrove"


def test_a_partner_cannot_speak_along_the_route_of_another_one() -> None:
    as_woodgrove = {"from_": "<sip:alice@woodgrove.example>;tag=a-tag", "via": VIA_OF_WOODGROVE}
    data, _ = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), **as_woodgrove)
    assert answer_to(data, FROM_WOODGROVE) == refusal(OUTSIDE)


@pytest.mark.parametrize(
    ("changes", "link", "why"),
    [
        ({}, FROM_STRANGER, "stranger"),
        ({"from_": "<sip:bob@contoso.example>;tag=a-tag"}, FROM_FABRIKAM, "claims-our-domain"),
        ({"via": VIA_OF_WOODGROVE}, FROM_WOODGROVE, "claims-other-domain"),
    ],
)
def test_who_may_speak_at_all_is_asked_inside_a_dialog_too(changes: dict[str, str], link: Any, why: str) -> None:
    data, _ = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), **changes)
    assert counted(receive(engine(), data, link)) == [("refused", "outside", why, "403")]


@pytest.mark.parametrize(
    ("header", "value"),
    [("To", "<sip:bob@spam.example>;tag=b"), ("P-Asserted-Identity", "<sip:x@spam.example>")],
)
def test_a_blocked_domain_is_blocked_inside_a_dialog_too(header: str, value: str) -> None:
    extra, changes = ([f"{header}: {value}"], {}) if header != "To" else ([], {"to": value})
    data, link = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), *extra, **changes)
    assert counted(receive(engine(), data, link)) == [("discarded", "outside", "blocked")]


# -- what is never answered


@pytest.mark.parametrize("method", ["BENOTIFY", "ACK"])
@pytest.mark.parametrize("said_by", SIDES)
@pytest.mark.parametrize("replay", ["another Call-ID", "no signature", "a broken signature", "the routes in reverse"])
def test_what_is_never_answered_is_discarded_on_a_route_of_another_making(
    said_by: Side, method: str, replay: str
) -> None:
    done, changes = REPLAYS[replay]
    # An ACK without any route follows its Request-URI: with a route of another making it does not even then.
    uri = "sip:bob@contoso.example" if said_by is OUTSIDE else "sip:alice@fabrikam.example"
    data, link = in_dialog(said_by, done(route_set(INSIDE, said_by)), method=method, uri=uri, **changes)
    actions = receive(engine(), data, link)
    assert (sent(actions), counted(actions)) == ([], [("discarded", said_by, "no-route")])


def test_the_ack_to_a_refusal_has_the_preloaded_route_of_its_invite_and_follows_it() -> None:
    ack = inbound("Route: <sip:edge.contoso.example;lr>", method="ACK", to="<sip:bob@contoso.example>;tag=b-tag")
    assert only(receive(engine(), ack, FROM_FABRIKAM)).hop == TABLES.own.next_hop


# -- properties

TAGS = st.text("ab-", min_size=1, max_size=3)
DIALOGS = st.fixed_dictionaries({"call_id": TAGS, "tag": TAGS, "fd": st.sampled_from(["fabrikam", "woodgrove"])})


@given(DIALOGS, DIALOGS)
def test_a_route_leads_on_in_its_own_dialog_and_in_no_other(recorded: dict[str, str], said: dict[str, str]) -> None:
    def fields(dialog: dict[str, str]) -> dict[str, str]:
        return {"call_id": dialog["call_id"], "from_": f"<sip:bob@contoso.example>;tag={dialog['tag']}"}

    begin = fields(recorded) | {"uri": f"sip:alice@{recorded['fd']}.example"}
    route = route_set(INSIDE, INSIDE, **begin).replace(f"fd={recorded['fd']}", f"fd={said['fd']}")
    data, link = in_dialog(INSIDE, route, **fields(said))
    assert (only(receive(engine(), data, link)).side is OUTSIDE) is (recorded == said)
