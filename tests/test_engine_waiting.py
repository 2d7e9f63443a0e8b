"""The engine and DNS: what waits, for how long, in which order, and that it always ends."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import replace
from unittest.mock import patch

import pytest
from edge_world import (
    FROM_SERVER,
    INSIDE,
    OUTSIDE,
    counted,
    engine,
    in_dialog,
    inbound,
    only,
    outbound,
    receive,
    route_set,
    sent,
)
from federated_world import AOL_ROUTE, CROSSROADS, FEDERATED_ONLY, HOUSE, PUBLIC_ONLY, USERS, link, tls
from hypothesis import given
from hypothesis import strategies as st

from sipcore import parse, respond
from sipcore.edge import engine as engines
from sipcore.edge.actions import Action, Failure, Resolve
from sipcore.edge.directory import Users
from sipcore.edge.engine import Engine
from sipcore.edge.facts import Facts, Found, SrvFact, Target
from sipcore.edge.pacing import Pace
from sipcore.edge.tables import RateLimits, Side, StaticRoutes

NW = "nwtraders.example"
OPEN = replace(CROSSROADS, discovered=replace(CROSSROADS.discovered, any_domain=True))


def to_nw(**changes: object) -> bytes:
    """Our message to somebody at a domain that is found by DNS."""
    return outbound(**{"uri": f"sip:joe@{NW}"} | changes)


def from_nw(**changes: object) -> bytes:
    """A message from such a domain."""
    via = f"SIP/2.0/TLS sip.{NW}:5061;branch=z9hG4bK-nw"
    return inbound(**{"from_": f"<sip:joe@{NW}>;tag=j", "via": via} | changes)


def asked(actions: list[Action]) -> list[str]:
    """The domains to be looked up."""
    return [action.domain for action in actions if isinstance(action, Resolve)]


def found(*hosts: str | Target, domain: str = NW, expires: float = 60.0) -> SrvFact:
    return SrvFact.of(domain, *hosts, expires=expires)


# -- waiting


def test_a_message_waits_for_the_record_and_leaves_when_it_is_there() -> None:
    edge = engine(CROSSROADS)
    first = receive(edge, to_nw(), FROM_SERVER)
    assert (asked(first), sent(first), counted(first)) == ([NW], [], [("waited", "inside")])
    send = only(edge.resolved(found(f"sip.{NW}"), 1.0))
    assert send.hop == tls(f"sip.{NW}")
    assert only(receive(edge, to_nw(cseq=2), FROM_SERVER, 2.0)).hop == send.hop
    assert asked(receive(edge, to_nw(cseq=3), FROM_SERVER, 61.0)) == [NW], "the record is over"


def test_what_waits_leaves_in_the_order_in_which_it_came_and_is_asked_for_once() -> None:
    edge = engine(CROSSROADS)
    waits = [receive(edge, to_nw(cseq=number), FROM_SERVER) for number in range(1, 6)]
    assert [asked(actions) for actions in waits] == [[NW], [], [], [], []]
    left = sent(edge.resolved(found(f"sip.{NW}"), 1.0))
    assert [parse(send.data).cseq.number for send in left] == [1, 2, 3, 4, 5]
    assert edge.resolved(found(f"sip.{NW}"), 1.0) == []


def test_a_waiting_message_owns_its_bytes() -> None:
    edge, buffer = engine(CROSSROADS), bytearray(to_nw())
    edge.receive(parse(buffer), FROM_SERVER, 0.0)
    buffer[:] = b"x" * len(buffer)
    assert b"Lunch at noon?" in only(edge.resolved(found(f"sip.{NW}"), 0.0)).data


def test_one_message_may_wait_for_two_records() -> None:
    edge = engine(replace(HOUSE, discovered=OPEN.discovered))
    request = from_nw(uri="sip:x@alpine.example")
    assert asked(receive(edge, request, link(f"sip.{NW}"))) == [NW]
    assert asked(edge.resolved(found(f"sip.{NW}"), 0.0)) == ["alpine.example"]
    send = only(edge.resolved(found("sip.alpine.example", domain="alpine.example"), 0.0))
    assert (send.side, send.hop) == ("outside", tls("sip.alpine.example"))


def test_a_record_that_is_over_at_once_still_serves_whoever_waited_for_it() -> None:
    edge = engine(CROSSROADS)
    receive(edge, to_nw(), FROM_SERVER)
    assert len(sent(edge.resolved(found(f"sip.{NW}", expires=0.0), 5.0))) == 1


@pytest.mark.parametrize(
    ("fact", "code", "outward"),
    [
        (SrvFact(NW, Found.FAILED), "1008;", 504),
        (SrvFact(NW), "1008;", 403),
        (found("edge.evil.example"), "1009;", 403),
    ],
)
def test_a_record_that_is_missing_or_wrong_is_504_and_told_to_the_inside_alone(
    fact: SrvFact, code: str, outward: int
) -> None:
    edge = engine(CROSSROADS)
    receive(edge, to_nw(), FROM_SERVER)
    inside = parse(only(edge.resolved(fact, 0.0)).data)
    assert (inside.status, inside.reason) == (504, "Server Time-out")
    assert (inside.get("ms-diagnostics") or "").startswith(code)
    receive(edge, from_nw(), link(f"sip.{NW}"), 99.0)
    outside = parse(only(edge.resolved(fact, 99.0)).data)
    assert (outside.status, outside.get("ms-diagnostics")) == (outward, None)


def test_a_look_up_that_takes_too_long_has_failed() -> None:
    edge = engine(CROSSROADS)
    receive(edge, to_nw(), FROM_SERVER)
    assert edge.tick(9.0) == []
    assert parse(only(edge.tick(10.0)).data).status == 504
    assert edge.tick(99.0) == []


def test_a_full_waiting_room_answers_503_and_discards_benotify() -> None:
    edge = engine(CROSSROADS)
    body = b"x" * 60_000
    seen: Counter[str] = Counter()
    for number in range(1, 25):
        actions = receive(edge, to_nw(cseq=number, body=body), FROM_SERVER)
        seen.update(f"{send.data[8:11].decode()}" for send in sent(actions))
    assert seen == {"503": 24 - (1 << 20) // (len(to_nw(body=body)) + 1024)}
    benotify = receive(edge, to_nw(method="BENOTIFY", cseq=90, body=body), FROM_SERVER)
    assert counted(benotify) == [("discarded", "inside", "crowded")]


def to_one_of_many(number: int, body: bytes) -> bytes:
    """What a discovered peer sends to some domain through a clearing house."""
    uri = f"sip:x@d{number}.example"
    return from_nw(uri=uri, to=f"<{uri}>", cseq=number + 1, body=body)


def test_what_waits_of_the_outside_leaves_the_inside_its_room() -> None:
    edge, large = engine(replace(HOUSE, discovered=OPEN.discovered)), b"x" * 900_000
    edge.resolved(found(f"sip.{NW}"), 0.0)
    refused = [number for number in range(12) if sent(receive(edge, to_one_of_many(number, large), link(f"sip.{NW}")))]
    assert (refused, edge.waiting[0]) == ([9, 10, 11], 9)
    assert asked(receive(edge, to_nw(uri="sip:x@alpine.example", body=large), FROM_SERVER)) == ["alpine.example"]


def test_a_look_up_that_fails_one_side_for_want_of_room_fails_nobody_on_the_other() -> None:
    edge = engine(replace(HOUSE, discovered=OPEN.discovered))
    edge.resolved(found(f"sip.{NW}"), 0.0)
    theirs = receive(edge, to_one_of_many(0, b"x"), link(f"sip.{NW}"))
    ours = receive(edge, to_nw(uri="sip:x@d0.example"), FROM_SERVER)
    wanted = [action for action in (*theirs, *ours) if isinstance(action, Resolve)]
    assert wanted == [Resolve("d0.example", OUTSIDE), Resolve("d0.example", INSIDE)]
    refused = only(edge.resolved(SrvFact("d0.example", Found.FAILED), 0.0, OUTSIDE))
    assert (refused.side, parse(refused.data).status) == (OUTSIDE, 504)
    record = found("sip.d0.example", domain="d0.example")
    assert only(edge.resolved(record, 1.0, INSIDE)).hop == tls("sip.d0.example")
    assert edge.waiting == (0, 0)


#: Who sends, to which domain, how much.
BURST = st.lists(st.tuples(st.sampled_from(Side), st.integers(0, 9), st.integers(0, 3_000)), min_size=20, max_size=60)


@given(BURST)
def test_the_inside_fares_as_if_nothing_waited_that_came_from_outside(burst: list[tuple[Side, int, int]]) -> None:
    def fares(*heard: Side) -> list[Action]:
        edge, actions = engine(replace(HOUSE, discovered=OPEN.discovered)), []
        edge.resolved(found(f"sip.{NW}"), 0.0)
        for number, (side, domain, size) in enumerate(burst):
            if side is INSIDE:
                data = to_nw(uri=f"sip:x@d{domain}.example", body=b"x" * size, cseq=number + 1)
                actions += receive(edge, data, FROM_SERVER)
            elif side in heard:
                receive(edge, to_one_of_many(domain, b"x" * size), link(f"sip.{NW}"))
        return [action for action in actions if not isinstance(action, Resolve)]

    with patch.multiple(engines, _WAIT_FOR_ONE=6_000, _WAIT_FOR_ALL=16_000):
        assert fares(*Side) == fares(INSIDE)


def test_a_cancel_waits_behind_its_invite_and_gets_the_same_target() -> None:
    edge = engine(CROSSROADS)
    for method in ("INVITE", "CANCEL"):
        receive(edge, to_nw(method=method, body=b""), FROM_SERVER)
    targets = [Target(f"{letter}.{NW}", weight=10) for letter in "abcdefgh"]
    invite, cancel = sent(edge.resolved(found(*targets), 0.0))
    assert (invite.hop, invite.data[:6]) == (cancel.hop, b"INVITE")
    assert parse(invite.data).vias[0].branch == parse(cancel.data).vias[0].branch


def test_aols_chain_is_asked_for_one_record_after_the_other() -> None:
    edge = engine(replace(CROSSROADS, static_routes=StaticRoutes()))
    assert asked(receive(edge, outbound(uri="sip:x@hosted.example"), FROM_SERVER)) == ["hosted.example"]
    assert asked(edge.resolved(found(domain="hosted.example"), 0.0)) == ["aol.com"]
    assert only(edge.resolved(found("sip.oscar.aol.com", domain="aol.com"), 0.0)).hop == AOL_ROUTE.next_hop


def test_a_response_outlives_the_record_that_its_request_went_by() -> None:
    edge = engine(CROSSROADS)
    receive(edge, to_nw(to=f"<sip:joe@{NW}>"), FROM_SERVER)
    request = only(edge.resolved(found(f"sip.{NW}", expires=2.0), 0.0))
    reply = respond(parse(request.data), 200, headers=[("X-Verified-User", "verified")])
    mark = parse(only(receive(edge, reply, link(f"sip.{NW}"), 500.0)).data).get("ms-edge-proxy-message-trust")
    assert mark is not None
    assert "AutoFederation" in mark
    assert "=verified;" in mark


# -- targets of a record


def test_targets_are_drawn_by_weight_among_those_of_the_lowest_priority() -> None:
    fact = found(
        Target("a.x", weight=30), Target("b.x", weight=10), Target("c.x"), Target("d.x", priority=1, weight=99)
    )
    drawn = Counter(next(fact.in_order(draw)).host for draw in range(4_001))
    assert drawn == {"a.x": 3_000, "b.x": 1_000, "c.x": 1}


@given(st.integers(0, 1 << 48), st.permutations([Target("a.x", weight=1), Target("b.x", 5062, 0, 9), Target("c.x")]))
def test_the_order_of_the_records_does_not_matter(draw: int, targets: list[Target]) -> None:
    assert list(found(*targets).in_order(draw)) == list(found(*sorted(targets, key=str)).in_order(draw))


def test_records_have_targets_and_nothing_else_has() -> None:
    for how, targets in ((Found.RECORDS, ()), (Found.ABSENT, (Target("a.x"),))):
        with pytest.raises(ValueError, match="targets"):
            SrvFact("x.example", how, targets)


def test_facts_are_bounded_and_expire() -> None:
    facts = Facts(capacity=2)
    for number in range(3):
        facts.learn(found("sip.x", domain=f"{number}.example", expires=number))
    assert (len(facts), facts.generation) == (2, 3)
    assert set(facts.at(1.0)) == {"2.example"}
    assert len(facts.at(1.0, found("sip.x", domain="9.example"))) == 2
    assert set(facts.ever()) == {"1.example", "2.example"}


# -- next hops that fail


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(Failure.DOWN, 503, None), (Failure.UNTRUSTED, 504, "1010;"), (Failure.NO_TLS, 504, "1047;")],
)
def test_why_a_next_hop_fails_is_told_inside(failure: Failure, status: int, code: str | None) -> None:
    edge = engine(CROSSROADS)
    send = only(receive(edge, outbound(), FROM_SERVER))
    answer = parse(only(edge.undelivered(send, 0.0, failure)).data)
    assert answer.status == status
    assert (answer.get("ms-diagnostics") or "")[:5] == (code or "")


# -- rates


def test_a_discovered_peer_that_nobody_has_listed_sends_twenty_a_second() -> None:
    edge = Engine(OPEN, None, engine()._keys)
    edge.resolved(found("sip.x.example", domain="x.example"), 0.0)
    peer = link("sip.x.example")

    def burst(count: int, now: float, first: int) -> Counter[str]:
        via, from_ = "SIP/2.0/TLS sip.x.example:5061;branch=z9hG4bK-x", "<sip:eve@x.example>;tag=e"
        messages = [inbound(via=via, from_=from_, cseq=first + n) for n in range(count)]
        return Counter(send.data[:11].decode() for data in messages for send in sent(receive(edge, data, peer, now)))

    assert burst(30, 1.0, 1) == {"MESSAGE sip": 20, "SIP/2.0 503": 10}
    assert burst(30, 1.5, 100) == {"MESSAGE sip": 10, "SIP/2.0 503": 20}


def test_a_listed_discovered_peer_is_not_held_back() -> None:
    edge = engine(CROSSROADS)
    edge.resolved(found(f"sip.{NW}"), 0.0)
    sends = [only(receive(edge, from_nw(cseq=number), link(f"sip.{NW}"))) for number in range(1, 40)]
    assert {send.side for send in sends} == {"inside"}


def test_most_of_whose_requests_fail_sends_one_a_second() -> None:
    pace = Pace(RateLimits())
    assert pace.admits("x.example", "bob", 0.0)
    for status in [404] * 15 + [200] * 5 + [180] * 50:
        pace.answered("x.example", status)
    assert [pace.admits("x.example", "bob", 10.0 + step / 2) for step in range(4)] == [True, False, True, False]
    assert pace.admits("y.example", "bob", 10.0)


def test_who_writes_to_too_many_people_is_slowed_for_an_hour() -> None:
    pace = Pace(RateLimits(watched_targets=10))

    def passing(start: float) -> int:
        """How many of four messages pass, half a second apart, to somebody who has had one."""
        return sum(pace.admits("x.example", "user0", start + step / 2) for step in range(4))

    for number in range(10):
        assert pace.admits("x.example", f"user{number}", number / 10)
    assert passing(1.0) == 4
    pace.admits("x.example", "one more", 3.0)
    assert passing(4.0) == 2
    assert passing(3_700.0) == 4


def test_what_is_remembered_of_recipients_does_not_grow_with_their_names() -> None:
    def taken(name: str) -> int:
        pace = Pace(RateLimits(watched_targets=500))
        tracemalloc.start()
        try:
            for number in range(600):
                pace.admits("x.example", f"{name}{number}@contoso.example", 0.0)
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert taken("u" * 6_000) < 2 * taken("u")


def test_the_memory_of_peers_is_bounded() -> None:
    pace = Pace(RateLimits(per_second=1), capacity=2)
    for domain in ("a", "b", "a", "c"):
        pace.admits(domain, "bob", 0.0)
    assert [pace.admits(domain, "bob", 0.0) for domain in ("a", "c")] == [False, False]
    assert pace.admits("b", "bob", 0.0), "forgotten"


# -- rights


def test_rights_are_asked_of_the_directory_and_a_revoked_one_acts_on_the_next_message() -> None:
    class Changing:
        now = USERS
        generation = 0

        def user(self, address: str) -> object:
            return self.now.user(address)

    directory = Changing()
    edge = Engine(CROSSROADS, None, engine()._keys, None, directory)  # type: ignore[arg-type]
    assert only(receive(edge, outbound(), FROM_SERVER)).side == "outside"
    directory.now, directory.generation = Users.of([]), 1
    answer = parse(only(receive(edge, outbound(cseq=2), FROM_SERVER)).data)
    assert (answer.status, (answer.get("ms-diagnostics") or "")[:5]) == (403, "1012;")


@pytest.mark.parametrize(("user", "code"), [(PUBLIC_ONLY, "1002;"), (FEDERATED_ONLY, None)])
def test_in_a_dialog_the_users_right_still_counts(user: object, code: str | None) -> None:
    edge = Engine(CROSSROADS, None, engine()._keys, None, USERS)
    name = user.address  # type: ignore[attr-defined]
    route = route_set(INSIDE, INSIDE, engine(CROSSROADS))
    bye, _ = in_dialog(INSIDE, route, from_=f"<sip:{name}>;tag=b-tag")
    send = only(receive(edge, bye, FROM_SERVER))
    assert (parse(send.data).get("ms-diagnostics") or "")[:5] == (code or "")


# -- a clearing house


def test_f037_a_clearing_house_carries_a_dialog_both_ways() -> None:
    edge, fabrikam, hosting = engine(HOUSE), link("edge.fabrikam.example"), link("sip.hosting.example", number=2)
    alice, tom = "<sip:alice@fabrikam.example>;tag=a-tag", "<sip:tom@tailspin.example>"
    via = "SIP/2.0/TLS edge.fabrikam.example;branch=z9hG4bK1"
    invite = inbound(uri="sip:tom@tailspin.example", to=tom, from_=alice, method="INVITE", body=b"", via=via)
    carried = only(receive(edge, invite, fabrikam))
    assert (carried.side, carried.hop) == ("outside", tls("sip.hosting.example"))
    recorded = parse(carried.data).get_all("Record-Route")
    for link_, from_, to, routes, hop in (
        (fabrikam, alice, f"{tom};tag=t", recorded[::-1], "sip.hosting.example"),
        (hosting, f"{tom};tag=t", alice, recorded, "edge.fabrikam.example"),
    ):
        lines = [f"Route: {route}" for route in routes]
        bye = inbound(*lines, method="BYE", body=b"", uri="sip:device@198.51.100.7", from_=from_, to=to, via=via)
        assert only(receive(edge, bye, link_)).hop == tls(hop)
        assert counted(receive(engine(CROSSROADS), bye, link_))[0][:3] == ("refused", "outside", "no-route")
        replayed = bye.replace(b"Call-ID: c1", b"Call-ID: c2")
        assert counted(receive(edge, replayed, link_))[0][:3] == ("refused", "outside", "no-route")
        stolen = hosting if link_ is fabrikam else fabrikam
        assert counted(receive(edge, bye, stolen))[0][:3] == ("refused", "outside", "claims-other-domain")


def test_a_clearing_house_gives_a_failure_back_to_where_it_came_from() -> None:
    edge = engine(HOUSE)
    request = inbound(uri="sip:tom@tailspin.example", via="SIP/2.0/TLS edge.fabrikam.example;branch=z9hG4bK1")
    answer = only(edge.undelivered(only(receive(edge, request, link("edge.fabrikam.example"))), 0.0))
    assert (answer.side, parse(answer.data).status) == ("outside", 503)
