"""Targets of which one is taken, and the next one when it fails: nothing but a failure and time moves a request."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from edge_world import FROM_SERVER, counted, engine, only, outbound, receive, sent
from federated_world import AOL_ROUTE, CROSSROADS, tls
from hypothesis import given
from hypothesis import strategies as st

from sipcore import parse, respond
from sipcore.edge.actions import Action, Failure, Resolve, Send
from sipcore.edge.engine import Engine
from sipcore.edge.facts import Found, SrvFact, Target
from sipcore.edge.health import SICK_SECONDS, Health
from sipcore.edge.tables import Hop, Pattern, Side, StaticRoute, StaticRoutes, Transport

NW = "nwtraders.example"
#: Three of the first priority with different shares, two to fall back on.
TARGETS = (
    Target(f"a.{NW}", weight=10),
    Target(f"b.{NW}", weight=30),
    Target(f"c.{NW}"),
    Target(f"d.{NW}", 5062, priority=1),
    Target(f"e.{NW}", priority=1),
)
FIRST, LAST = {tls(f"{letter}.{NW}") for letter in "abc"}, {Hop(Transport.TLS, f"d.{NW}", 5062), tls(f"e.{NW}")}


def edge_that_knows(*targets: Target) -> Engine:
    edge = engine(CROSSROADS)
    edge.resolved(SrvFact.of(NW, *targets, expires=1e6), 0.0)
    return edge


def asked(edge: Engine, number: int = 1, method: str = "MESSAGE", now: float = 0.0) -> Send:
    """The request of that number for somebody at the domain, as it leaves."""
    data = outbound(uri=f"sip:joe@{NW}", call_id=f"call-{number}", method=method, body=b"")
    return only(receive(edge, data, FROM_SERVER, now))


def down(edge: Engine, send: Send, now: float = 0.0, failure: Failure = Failure.DOWN) -> Send:
    """What leaves in place of a request that could not."""
    return only(edge.undelivered(send, now, failure))


# -- one request


def test_what_fails_goes_to_every_target_in_turn_and_then_its_sender_is_told() -> None:
    edge = edge_that_knows(*TARGETS[:3], *TARGETS[3:4])
    send = first = asked(edge)
    hops = [send.hop]
    for _ in range(3):
        send = down(edge, send)
        assert (send.data, send.came_from) == (first.data, Side.INSIDE)
        hops.append(send.hop)
    assert set(hops[:3]) == FIRST, "those of the first priority come first"
    assert hops[3] in LAST
    answer = down(edge, send)
    assert (answer.side, parse(answer.data).status) == ("inside", 503)


def test_that_it_was_moved_is_counted() -> None:
    edge = edge_that_knows(*TARGETS)
    assert counted(edge.undelivered(asked(edge), 0.0)) == [("retargeted", "outside")]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Failure.DOWN, 503, ""),
        (Failure.UNTRUSTED, 504, "1010;"),
        (Failure.NO_TLS, 504, "1047;"),
        (Failure.UNRESOLVED, 504, "1014;"),
    ],
)
def test_the_sender_is_told_how_the_last_one_failed(failure: Failure, status: int, code: str) -> None:
    edge = edge_that_knows(*TARGETS[:2])
    answer = parse(down(edge, down(edge, asked(edge)), failure=failure).data)
    assert (answer.status, (answer.get("ms-diagnostics") or "")[:5]) == (status, code)


def test_want_of_room_is_no_failure_of_the_hop() -> None:
    edge = edge_that_knows(*TARGETS)
    send = asked(edge)
    assert parse(down(edge, send, failure=Failure.LOCAL).data).status == 503
    assert asked(edge).hop == send.hop


def test_it_is_not_moved_when_its_client_may_have_given_up() -> None:
    edge = edge_that_knows(*TARGETS)
    assert parse(down(edge, asked(edge), now=16.0).data).status == 503
    assert down(edge, asked(edge, now=20.0), now=35.9).side == "outside"


def test_a_benotify_is_moved_like_anything_else_and_discarded_in_the_end() -> None:
    edge = edge_that_knows(*TARGETS[:2])
    send = down(edge, asked(edge, method="BENOTIFY"))
    assert counted(edge.undelivered(send, 0.0)) == [("discarded", "inside", "undelivered")]


# -- all others


def test_who_was_not_aimed_at_what_failed_stays_where_it_was() -> None:
    edge = edge_that_knows(*TARGETS)
    before = {number: asked(edge, number) for number in range(300)}
    failed = before[0]
    moved_to = down(edge, failed).hop
    after = {number: asked(edge, number).hop for number in before}
    assert after[0] == moved_to
    assert {number for number, send in before.items() if after[number] != send.hop} == {
        number for number, send in before.items() if send.hop == failed.hop
    }
    assert failed.hop not in after.values()
    assert set(after.values()) <= FIRST, "the next priority is for when all of the first are down"


def test_a_moved_requests_copies_cancel_and_ack_follow_it_with_its_branch() -> None:
    edge = edge_that_knows(*TARGETS)
    invite = asked(edge, method="INVITE")
    moved = down(edge, invite)
    branch = parse(invite.data).vias[0].branch
    for method in ("INVITE", "CANCEL", "ACK"):
        follows = asked(edge, method=method, now=32.0)
        assert (follows.hop, parse(follows.data).vias[0].branch) == (moved.hop, branch)


def test_the_next_priority_serves_while_all_of_the_first_are_down_and_no_longer() -> None:
    edge = edge_that_knows(*TARGETS)
    for number in range(300):
        if (send := asked(edge, number)).hop in FIRST:
            edge.undelivered(send, 5.0)
    assert {asked(edge, number, now=5.0 + SICK_SECONDS - 0.1).hop for number in range(50)} == LAST
    edge.tick(5.0 + SICK_SECONDS)
    assert {asked(edge, number, now=5.0 + SICK_SECONDS).hop for number in range(50)} <= FIRST


def test_when_all_are_down_the_first_is_tried_all_the_same() -> None:
    edge = edge_that_knows(*TARGETS[:2])
    first = asked(edge)
    down(edge, down(edge, first))
    again = asked(edge)
    assert (again.hop, again.others) == (first.hop, ())


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 40)), max_size=40))
def test_nothing_but_a_failure_of_its_target_or_its_recovery_moves_a_transaction(
    steps: list[tuple[int, bool, int]],
) -> None:
    edge, now, sick = edge_that_knows(*TARGETS), 0.0, dict[Hop, float]()
    drawn = {number: (send.hop, *send.others) for number in range(21) for send in [asked(edge, number)]}
    for number, fails, later in steps:
        now += later
        send = asked(edge, number, now=now)
        well = [hop for hop in drawn[number] if sick.get(hop, 0.0) <= now]
        if well:
            assert send.hop == well[0]
        if fails:
            sick[send.hop] = now + SICK_SECONDS
            edge.undelivered(send, now)


def test_a_second_edge_of_the_array_draws_the_same_targets() -> None:
    shares = [
        Counter(asked(edge_that_knows(*targets), number).hop for number in range(200))
        for targets in (TARGETS, TARGETS[::-1])
    ]
    assert shares[0] == shares[1]
    assert shares[0][tls(f"b.{NW}")] > shares[0][tls(f"a.{NW}")] > 0


# -- chains


def test_the_steps_of_aols_chain_stand_in_for_each_other() -> None:
    hosted = StaticRoute(Pattern.parse("hosted.example"), tls("edge.hosted.example"))
    edge = engine(replace(CROSSROADS, static_routes=StaticRoutes([hosted, AOL_ROUTE])))
    edge.resolved(SrvFact("hosted.example", expires=1e6), 0.0)
    send = only(receive(edge, outbound(uri="sip:x@hosted.example"), FROM_SERVER))
    assert send.hop == hosted.next_hop
    moved = down(edge, send)
    assert (moved.hop, moved.data) == (AOL_ROUTE.next_hop, send.data)
    assert only(receive(edge, outbound(uri="sip:x@hosted.example", cseq=2), FROM_SERVER)).hop == AOL_ROUTE.next_hop


TO_AOL = outbound(uri="sip:x@aol.com")


def edge_with_a_route_to_aol() -> Engine:
    return engine(replace(CROSSROADS, static_routes=StaticRoutes([AOL_ROUTE])))


def asked_for(actions: list[Action]) -> list[str]:
    return [action.domain for action in actions if isinstance(action, Resolve)]


@pytest.mark.parametrize("method", ["MESSAGE", "BENOTIFY", "INVITE", "CANCEL"])
def test_what_finds_the_static_route_down_waits_for_the_record_behind_it_and_goes_there(method: str) -> None:
    edge = edge_with_a_route_to_aol()
    first = only(receive(edge, outbound(uri="sip:x@aol.com", method=method, body=b""), FROM_SERVER))
    assert first.hop == AOL_ROUTE.next_hop
    actions = edge.undelivered(first, 1.0)
    assert (asked_for(actions), sent(actions)) == (["aol.com"], [])
    assert ("retargeted", "outside") in counted(actions)
    moved = only(edge.resolved(SrvFact.of("aol.com", "sip2.aol.com", expires=9.0), 2.0))
    assert (moved.hop, moved.data, moved.came_from) == (tls("sip2.aol.com"), first.data, Side.INSIDE)


def test_those_that_come_then_wait_for_it_as_well_until_the_route_is_well_again() -> None:
    edge = edge_with_a_route_to_aol()
    edge.undelivered(only(receive(edge, TO_AOL, FROM_SERVER)), 1.0)
    assert sent(receive(edge, TO_AOL, FROM_SERVER, 1.0)) == []
    moved = sent(edge.resolved(SrvFact.of("aol.com", "sip2.aol.com", expires=9.0), 1.0))
    assert [send.hop for send in moved] == [tls("sip2.aol.com")] * 2
    assert only(receive(edge, TO_AOL, FROM_SERVER, 2.0 + SICK_SECONDS)).hop == AOL_ROUTE.next_hop


@pytest.mark.parametrize(
    "fact",
    [
        SrvFact.of("aol.com", "edge.evil.example", expires=9.0),
        SrvFact("aol.com", expires=9.0),
        SrvFact("aol.com", Found.FAILED, expires=1.0),
    ],
    ids=["against the rules", "without a record", "not found out"],
)
def test_a_record_that_leads_nowhere_does_not_stand_in_for_a_route_that_is_down(fact: SrvFact) -> None:
    edge = edge_with_a_route_to_aol()
    edge.undelivered(only(receive(edge, TO_AOL, FROM_SERVER)), 1.0)
    again = only(edge.resolved(fact, 1.0))
    assert again.hop == AOL_ROUTE.next_hop, "better tried in vain than not tried"
    assert parse(down(edge, again, 1.0).data).status == 503, "and once"


def test_it_does_not_wait_for_a_record_when_its_client_may_have_given_up_by_then() -> None:
    edge = edge_with_a_route_to_aol()
    assert parse(down(edge, only(receive(edge, TO_AOL, FROM_SERVER)), 6.0).data).status == 503


def test_a_second_target_is_tried_before_a_record_is_asked_for() -> None:
    hosted = StaticRoute(Pattern.parse("hosted.example"), tls("edge.hosted.example"))
    edge = engine(replace(CROSSROADS, static_routes=StaticRoutes([hosted, AOL_ROUTE])))
    edge.resolved(SrvFact("hosted.example", expires=1e6), 0.0)
    moved = down(edge, only(receive(edge, outbound(uri="sip:x@hosted.example"), FROM_SERVER)))
    assert moved.hop == AOL_ROUTE.next_hop
    assert asked_for(edge.undelivered(moved, 1.0)) == ["aol.com"]


def test_what_another_transport_needs_rewritten_is_written_anew_for_it() -> None:
    """Our Via names the transport, so it is judged again as it came; its branch stays the same."""
    hosted = StaticRoute(Pattern.parse("hosted.example"), Hop(Transport.TCP, "192.0.2.77", 5060))
    edge = engine(replace(CROSSROADS, static_routes=StaticRoutes([hosted, AOL_ROUTE])))
    edge.resolved(SrvFact("hosted.example", expires=1e6), 0.0)
    to_hosted = outbound(uri="sip:x@hosted.example")
    first = only(receive(edge, to_hosted, FROM_SERVER))
    again = down(edge, first)
    assert (again.hop, again.data.split(b"\r\n")[1][:16]) == (AOL_ROUTE.next_hop, b"Via: SIP/2.0/TLS")
    assert parse(again.data).via.branch == parse(first.data).via.branch
    assert parse(down(edge, again).data).status == 503, "it is judged again once"


# -- memory


def test_an_answer_that_cannot_be_delivered_says_nothing_of_hops() -> None:
    edge = edge_that_knows(*TARGETS)
    send = asked(edge)
    answer = respond(parse(send.data), 200)
    edge.undelivered(Send(send.hop, send.side, None, answer), 0.0)
    assert asked(edge).hop == send.hop


def test_health_is_told_by_side_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipcore.edge.health._REMEMBERED_HOPS", 2)
    health = Health()
    hops = [tls(f"{number}.example") for number in range(3)]
    for hop in hops:
        health.failed(Side.OUTSIDE, hop, 0.0)
    assert [health.is_well(Side.OUTSIDE, hop, 1.0) for hop in hops] == [True, False, False]
    assert health.is_well(Side.INSIDE, hops[2], 1.0)


def test_what_waits_for_a_record_goes_round_what_has_failed_too() -> None:
    edge = edge_that_knows(*TARGETS)
    first = asked(edge)
    moved = down(edge, first)
    late = 1e6 + 1
    assert not sent(receive(edge, outbound(uri=f"sip:joe@{NW}", call_id="call-1", body=b""), FROM_SERVER, late))
    edge.undelivered(first, late)
    assert only(edge.resolved(SrvFact.of(NW, *TARGETS, expires=2e6), late)).hop == moved.hop
