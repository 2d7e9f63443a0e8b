"""NOTIFY becomes BENOTIFY and the reverse: in which dialogs, what leaves, who is answered, and what comes back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from edge_world import (
    FROM_FABRIKAM,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    KEYS,
    OUTSIDE,
    SIDES,
    TABLES,
    URL,
    counted,
    engine,
    fate,
    in_dialog,
    inbound,
    only,
    outbound,
    receive,
    record,
    route_set,
    sent,
)
from federated_world import CROSSROADS, link
from hypothesis import given
from hypothesis import strategies as st

from sipcore import ImFilter, parse, respond
from sipcore.edge.actions import Count, Failure, Link, Resolve, Send, Trace
from sipcore.edge.engine import Engine
from sipcore.edge.explaining import explain
from sipcore.edge.facts import SrvFact
from sipcore.edge.hashes import Keys
from sipcore.edge.summary import summary
from sipcore.edge.tables import BestEffort, Federation, Side, Tables

OFFER = "Supported: eventlist, MS-Benotify"
PLAIN = replace(TABLES, benotify=BestEffort(to_notify=frozenset(SIDES)))
EAGER = replace(TABLES, benotify=BestEffort(to_benotify=frozenset(SIDES)))
#: what comes, over which tables; what leaves
TURNS = [("BENOTIFY", PLAIN, "NOTIFY"), ("NOTIFY", EAGER, "BENOTIFY")]


def subscribed(subscriber: Side, tables: Tables, *extra: str, **changes: Any) -> str:
    """The route that the notifier's requests follow, in a dialog that the subscriber has begun."""
    fields = {"method": "SUBSCRIBE", "body": b""} | changes
    return route_set(subscriber, subscriber.opposite, engine(tables), *(extra or (OFFER,)), **fields)


def notified(subscriber: Side, tables: Tables, method: str, *extra: str, **changes: Any) -> tuple[bytes, Link]:
    """What the notifier sends along that route, and on which link."""
    route = changes.pop("route", None) or subscribed(subscriber, tables)
    return in_dialog(subscriber.opposite, route, *extra, method=method, **{"body": b"<presence/>"} | changes)


def left(sends: list[Send], side: Side) -> Send:
    """The one message that leaves by that side."""
    (found,) = [send for send in sends if send.side is side]
    return found


# -- what leaves


@pytest.mark.parametrize("subscriber", SIDES)
@pytest.mark.parametrize(("came", "tables", "leaves"), TURNS)
def test_the_method_changes_in_both_places_and_nothing_else_does(
    came: str, tables: Tables, leaves: str, subscriber: Side
) -> None:
    data, notifier = notified(subscriber, tables, came, cseq=7)
    turned = parse(left(sent(receive(engine(tables), data, notifier)), subscriber).data)
    assert (turned.method, turned["CSeq"]) == (leaves, f"7 {leaves}")
    as_it_is, _ = notified(subscriber, TABLES, came, cseq=7, route=subscribed(subscriber, TABLES))
    untouched = only(receive(engine(), as_it_is, notifier)).data
    assert untouched.startswith(came.encode())
    changed_back = re.sub(rb"(?m)^(CSeq: 7 )\w+", rb"\g<1>%s" % came.encode(), bytes(turned.buffer))
    assert _without_via(changed_back).partition(b" ")[2] == _without_via(untouched).partition(b" ")[2]


def _without_via(data: bytes) -> bytes:
    """Without ours, which says of one of them that the response is for us."""
    return bytes(parse(data).edit().pop_via())


def test_the_number_of_cseq_is_the_notifiers_own_to_the_letter() -> None:
    data, notifier = notified(INSIDE, PLAIN, "BENOTIFY")
    data = data.replace(b"CSeq: 1 ", b"CSeq: 0001\t ")
    assert parse(only(receive(engine(PLAIN), data, notifier)).data)["CSeq"] == "0001 NOTIFY"


@pytest.mark.parametrize("subscriber", SIDES)
def test_the_branch_is_that_of_the_transaction_whatever_the_method(subscriber: Side) -> None:
    route = subscribed(subscriber, PLAIN)
    branches = set()
    for tables in (PLAIN, EAGER):
        for method in ("NOTIFY", "BENOTIFY"):
            data, notifier = notified(subscriber, tables, method, route=route)
            branches.add(parse(left(sent(receive(engine(tables), data, notifier)), subscriber).data).vias[0].branch)
    assert len(branches) == 1


def test_it_leaves_by_the_sides_that_are_named_and_by_no_other() -> None:
    for named in SIDES:
        tables = replace(TABLES, benotify=BestEffort(to_notify=frozenset({named})))
        for subscriber in SIDES:
            data, notifier = notified(subscriber, tables, "BENOTIFY")
            method = parse(only(receive(engine(tables), data, notifier)).data).method
            assert method == ("NOTIFY" if subscriber is named else "BENOTIFY")


def test_a_clearing_house_turns_what_it_carries_from_one_neighbour_to_another() -> None:
    tables = replace(PLAIN, federation=Federation(clearing_house=True))
    subscribe = inbound(
        OFFER, method="SUBSCRIBE", uri="sip:w@woodgrove.example", to="<sip:w@woodgrove.example>", body=b""
    )
    routes = parse(only(receive(engine(tables), subscribe, FROM_FABRIKAM)).data).record_routes
    notify = inbound(
        "Route: " + ", ".join(map(str, routes)),
        method="BENOTIFY",
        via="SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK-w",
        from_="<sip:w@woodgrove.example>;tag=w-tag",
        to="<sip:alice@fabrikam.example>;tag=a-tag",
    )
    send = only(receive(engine(tables), notify, FROM_WOODGROVE))
    assert (send.side, parse(send.data).method) == (OUTSIDE, "NOTIFY")


# -- in which dialogs


@pytest.mark.parametrize("begun_by", SIDES)
@pytest.mark.parametrize("tables", [PLAIN, EAGER])
def test_only_a_subscription_that_asks_records_that_it_did(tables: Tables, begun_by: Side) -> None:
    for method, offer, asked in [
        ("SUBSCRIBE", "k: ms-benotify", True),
        ("SUBSCRIBE", "Supported: ms-benotify2, x-ms-benotify", False),
        ("SUBSCRIBE", "Require: ms-benotify", False),
        ("INVITE", OFFER, False),
        ("REFER", OFFER, False),
    ]:
        routes = record(begun_by, engine(tables), offer, method=method, body=b"")
        assert [";be>" in route for route in routes] == [asked, asked], offer


def test_where_nothing_is_turned_routes_are_as_ever() -> None:
    assert not [route for route in record(INSIDE, engine(), OFFER, method="SUBSCRIBE") if ";be" in route]


@pytest.mark.parametrize("subscriber", SIDES)
@pytest.mark.parametrize(("came", "tables", "leaves"), TURNS)
def test_in_a_dialog_that_did_not_ask_and_from_the_subscriber_it_stays_what_it_is(
    came: str, tables: Tables, leaves: str, subscriber: Side
) -> None:
    edge = engine(tables)
    silent = subscribed(subscriber, tables, "Supported: eventlist")
    begun_before = subscribed(subscriber, TABLES)
    for route in (silent, begun_before):
        data, notifier = notified(subscriber, tables, came, route=route)
        assert parse(only(receive(edge, data, notifier)).data).method == came
    own = route_set(subscriber, subscriber, edge, OFFER, method="SUBSCRIBE", body=b"")
    data, own_link = in_dialog(subscriber, own, method=came)
    assert parse(only(receive(edge, data, own_link)).data).method == came
    data, notifier = notified(subscriber, tables, came)
    assert parse(left(sent(receive(edge, data, notifier)), subscriber).data).method == leaves


@pytest.mark.parametrize("subscriber", SIDES)
@pytest.mark.parametrize("tables", [PLAIN, EAGER])
def test_that_a_dialog_asked_is_signed(tables: Tables, subscriber: Side) -> None:
    asked = subscribed(subscriber, tables)
    silent = subscribed(subscriber, tables, "Supported: eventlist")
    for forged in (asked.replace(";be", ""), asked.replace(";be", "", 1), re.sub("(sig=[0-9a-f]+)", r"\1;be", silent)):
        for method in ("NOTIFY", "BENOTIFY"):
            data, notifier = notified(subscriber, tables, method, route=forged)
            actions = receive(engine(tables), data, notifier)
            assert [name for name, *_ in counted(actions)] == ["discarded" if method == "BENOTIFY" else "refused"]
            assert "no-route" in counted(actions)[0]


@pytest.mark.parametrize("subscriber", SIDES)
def test_routes_of_two_subscriptions_in_one_dialog_ask_only_where_both_do(subscriber: Side) -> None:
    asked, silent = (subscribed(subscriber, EAGER, offer) for offer in (OFFER, "Supported: eventlist"))
    mixed = f"{asked.partition(', ')[0]}, {silent.partition(', ')[2]}"
    data, notifier = notified(subscriber, EAGER, "NOTIFY", route=mixed)
    assert parse(only(receive(engine(EAGER), data, notifier)).data).method == "NOTIFY"


def test_a_restart_and_a_change_of_keys_forget_nothing() -> None:
    data, notifier = notified(INSIDE, PLAIN, "BENOTIFY")
    tomorrow = Keys(b"the key of tomorrow", previous=KEYS.current)
    for keys in (KEYS, tomorrow):
        assert parse(only(receive(engine(PLAIN, keys=keys), data, notifier)).data).method == "NOTIFY"
    asked = parse(only(receive(engine(PLAIN), data, notifier)).data)
    actions = receive(engine(PLAIN, keys=tomorrow), respond(asked, 200), FROM_SERVER)
    assert (sent(actions), counted(actions)) == ([], [("discarded", INSIDE, "notify-answered")])


# -- BENOTIFY that left as NOTIFY: the response is for us


@pytest.mark.parametrize("subscriber", SIDES)
@pytest.mark.parametrize(
    ("status", "why"),
    [(100, "notify-answered"), (200, "notify-answered"), (302, "notify-refused"), (481, "notify-refused"),
     (606, "notify-refused")],
)  # fmt: skip
def test_no_response_to_it_reaches_the_notifier(status: int, why: str, subscriber: Side) -> None:
    data, notifier = notified(subscriber, PLAIN, "BENOTIFY")
    asked = parse(only(receive(engine(PLAIN), data, notifier)).data)
    back = FROM_SERVER if subscriber is INSIDE else FROM_FABRIKAM
    actions = receive(engine(PLAIN), respond(asked, status), back)
    assert (sent(actions), counted(actions)) == ([], [("discarded", subscriber, why)])


@pytest.mark.parametrize("subscriber", SIDES)
def test_whose_response_is_for_us_is_signed(subscriber: Side) -> None:
    back = FROM_SERVER if subscriber is INSIDE else FROM_FABRIKAM
    data, notifier = notified(subscriber, PLAIN, "BENOTIFY")
    quiet = only(receive(engine(PLAIN), data, notifier)).data
    data, notifier = notified(subscriber, TABLES, "NOTIFY", route=subscribed(subscriber, TABLES))
    loud = only(receive(engine(), data, notifier)).data
    assert (quiet.count(b";be"), loud.count(b";be")) == (1, 0)
    for forged in (quiet.replace(b";be", b""), re.sub(rb"(sig=[0-9a-f]+)", rb"\1;be", loud, count=1)):
        actions = receive(engine(PLAIN), respond(parse(forged), 200), back)
        assert (sent(actions), counted(actions)) == ([], [("discarded", subscriber, "response-redirected")])


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize(("came", "tables", "leaves"), TURNS)
def test_one_that_could_not_be_delivered_is_counted_and_nobody_is_told(
    came: str, tables: Tables, leaves: str, failure: Failure
) -> None:
    data, notifier = notified(INSIDE, tables, came)
    edge = engine(tables)
    lost = left(sent(receive(edge, data, notifier)), INSIDE)
    actions = edge.undelivered(lost, 1.0, failure)
    assert sent(actions) == []
    assert [name for name, *_ in counted(actions)] == ["discarded"]


# -- NOTIFY that left as BENOTIFY: the answer is ours


@pytest.mark.parametrize("subscriber", SIDES)
def test_each_copy_is_sent_on_and_answered_once_as_its_dialog_has_it(subscriber: Side) -> None:
    data, notifier = notified(subscriber, EAGER, "NOTIFY", cseq=3)
    edge, came = engine(EAGER), parse(data)
    first, again = (receive(edge, data, notifier) for _ in range(2))
    assert first == again
    assert b";be" not in left(sent(first), subscriber).data, "no response to it is awaited"
    answer = parse(left(sent(first), subscriber.opposite).data)
    assert (answer.status, answer.reason, answer["CSeq"]) == (200, "OK", "3 NOTIFY")
    assert [answer[name] for name in ("To", "From", "Call-ID")] == [came[name] for name in ("To", "From", "Call-ID")]
    assert [str(via) for via in answer.vias] == [str(via) for via in came.vias]
    assert (len(sent(first)), len(answer.body)) == (2, 0)
    assert counted(first) == [("forwarded", subscriber, "NOTIFY", "partner"), ("turned", subscriber, "BENOTIFY")]


def test_the_answer_leaves_on_the_connection_of_its_notify() -> None:
    fields = {"from_": "<sip:w@woodgrove.example>;tag=w-tag", "to": "<sip:bob@contoso.example>;tag=b-tag"}
    subscribe = outbound(OFFER, method="SUBSCRIBE", uri="sip:w@woodgrove.example", to="<sip:w@woodgrove.example>")
    routes = parse(only(receive(engine(EAGER), subscribe, FROM_SERVER)).data).record_routes
    notify = inbound(
        "Route: " + ", ".join(map(str, routes)),
        method="NOTIFY",
        via="SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK-w",
        **fields,
    )
    answer = left(sent(receive(engine(EAGER), notify, FROM_WOODGROVE)), OUTSIDE)
    assert answer.link_id == FROM_WOODGROVE.id
    assert parse(answer.data).vias[0].params["ms-received-port"] == str(FROM_WOODGROVE.remote_port)


@pytest.mark.parametrize(
    ("changes", "notifier", "refused"),
    [
        ({"max_forwards": 0}, FROM_FABRIKAM, "483"),
        ({"body": URL}, FROM_FABRIKAM, "606"),
        ({"call_id": "c2@192.0.2.10"}, FROM_FABRIKAM, "403"),
        ({}, FROM_STRANGER, "403"),
        ({"via": "SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK-w"}, FROM_WOODGROVE, "403"),
        ({"from_": "<sip:bob@contoso.example>;tag=a-tag"}, FROM_FABRIKAM, "403"),
    ],
)
def test_one_that_is_refused_is_told_so_and_not_answered_200(
    changes: dict[str, Any], notifier: Link, refused: str
) -> None:
    data, _ = notified(INSIDE, EAGER, "NOTIFY", **changes)
    actions = receive(engine(EAGER, filter=ImFilter()), data, notifier)
    assert [(name, labels[-1]) for name, *labels in fate(actions)] == [("refused", refused)]
    assert parse(only(actions).data).status == int(refused)


def test_a_blocked_end_is_blocked_and_not_answered() -> None:
    for method, tables in (("NOTIFY", EAGER), ("BENOTIFY", PLAIN)):
        data, notifier = notified(INSIDE, tables, method, "P-Asserted-Identity: <sip:x@spam.example>")
        actions = receive(engine(tables), data, notifier)
        assert (sent(actions), counted(actions)) == ([], [("discarded", OUTSIDE, "blocked")])


def test_one_that_waits_for_dns_is_answered_when_it_leaves() -> None:
    tables = replace(CROSSROADS, benotify=BestEffort(to_benotify=frozenset({OUTSIDE})))
    fact, peer = SrvFact.of("nwtraders.example", "sip.nwtraders.example", expires=9.0), link("sip.nwtraders.example")
    far = "<sip:n@nwtraders.example>;tag=n-tag"
    edge = engine(tables)
    edge.resolved(fact, 0.0)
    via = "SIP/2.0/TLS sip.nwtraders.example:5061;branch=z9hG4bK-n"
    subscribe = inbound(OFFER, method="SUBSCRIBE", via=via, from_=far, body=b"")
    routes = parse(only(receive(edge, subscribe, peer)).data).record_routes
    ours = {"from_": "<sip:bob@contoso.example>;tag=b-tag", "to": far, "uri": "sip:n@nwtraders.example"}
    notify = outbound("Route: " + ", ".join(map(str, routes)), method="NOTIFY", **ours)
    edge = engine(tables)
    waiting = receive(edge, notify, FROM_SERVER)
    assert [type(action) for action in waiting] == [Count, Resolve, Count]
    sends = sent(edge.resolved(fact, 1.0))
    assert [parse(send.data).method or parse(send.data).status for send in sends] == ["BENOTIFY", 200]


# -- kept decisions, explanations


def test_a_kept_decision_is_kept_for_its_kind_of_dialog() -> None:
    """One flow but for what its routes say, on one engine, in any order."""
    edge = engine(EAGER)
    asked, silent = subscribed(INSIDE, EAGER), subscribed(INSIDE, EAGER, "Supported: eventlist")
    for route, statuses in [(asked, [200]), (silent, []), (asked, [200]), (silent, []), (asked, [200])]:
        data, notifier = notified(INSIDE, EAGER, "NOTIFY", route=route)
        answers = [parse(send.data).status for send in sent(receive(edge, data, notifier)) if send.side is OUTSIDE]
        assert answers == statuses


@pytest.mark.parametrize(
    ("came", "tables", "line"),
    [
        (
            "BENOTIFY",
            PLAIN,
            "BENOTIFY becomes NOTIFY on the inside ([benotify] to_notify): the response goes no further",
        ),
        ("NOTIFY", EAGER, "NOTIFY becomes BENOTIFY on the inside ([benotify] to_benotify): answered 200 here"),
    ],
)
def test_an_explanation_tells_of_it(came: str, tables: Tables, line: str) -> None:
    data, notifier = notified(INSIDE, tables, came)
    found = explain(parse(data), notifier, tables, content=None, keys=KEYS, users=None)
    assert found.trace is not None
    assert found.trace.decision.chain[-1].startswith(line)
    firsts = [line for line in found.outcome if line.startswith("sent ")]
    assert firsts[0].startswith(f"sent inside to udp 127.0.0.5:5070: {'BE' * (came == 'NOTIFY')}NOTIFY sip:")
    assert ["200 OK" in first for first in firsts[1:]] == [True] * (came == "NOTIFY")


def test_a_summary_tells_of_it() -> None:
    assert "BENOTIFY becomes NOTIFY toward the inside, where the subscriber knows both" in list(summary(PLAIN, None))
    assert "NOTIFY becomes BENOTIFY toward the outside, where the subscriber knows both" in list(summary(EAGER, None))


def test_an_answer_to_what_was_turned_leaves_a_trace_of_forwarding_only() -> None:
    traces: list[Trace] = []
    data, notifier = notified(INSIDE, EAGER, "NOTIFY")
    receive(engine(EAGER, observe=traces.append), data, notifier)
    assert [type(trace.decision).__name__ for trace in traces] == ["Forward"]


# -- properties

BOTH = [
    replace(TABLES, benotify=BestEffort(to_notify=frozenset(one), to_benotify=frozenset(other)))
    for one, other in [(SIDES, ()), ((), SIDES), ((INSIDE,), (OUTSIDE,)), ((OUTSIDE,), (INSIDE,))]
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["NOTIFY", "BENOTIFY", "BENOTIFY"]),
        st.sampled_from(SIDES),
        st.booleans(),
        st.sampled_from([{}, {}, {"cseq": 2}, {"max_forwards": 0}, {"body": URL}, {"call_id": "other"}]),
        st.sampled_from(["nothing", "answered", "refused", "lost"]),
    ),
    max_size=8,
)


@given(st.sampled_from(BOTH), STEPS)
def test_a_benotify_is_never_answered_and_a_notify_at_most_once_a_copy(
    tables: Tables, steps: list[tuple[str, Side, bool, dict[str, Any], str]]
) -> None:
    edge = engine(tables, filter=ImFilter())
    for method, subscriber, asked, changes, then in steps:
        route = subscribed(subscriber, tables, OFFER if asked else "Supported: eventlist")
        data, notifier = notified(subscriber, tables, method, route=route, **changes)
        actions = sent(receive(edge, data, notifier))
        leaving = [send for send in actions if send.came_from is not None]
        answers = [send for send in actions if send.came_from is None]
        for send in leaving:
            answers += _what_comes_back(edge, send, then)
        assert all(parse(send.data).status for send in answers)
        assert len(answers) <= (method == "NOTIFY")
        assert {parse(send.data)["CSeq"].split()[1] for send in answers} <= {"NOTIFY"}


def _what_comes_back(edge: Engine, send: Send, then: str) -> list[Send]:
    """What leaves because of what the subscriber does; it answers a NOTIFY alone."""
    if then == "lost":
        return sent(edge.undelivered(send, 0.0))
    if then == "nothing" or parse(send.data).method == "BENOTIFY":
        return []
    back = FROM_SERVER if send.side is INSIDE else FROM_FABRIKAM
    return sent(receive(edge, respond(parse(send.data), 200 if then == "answered" else 481), back))
