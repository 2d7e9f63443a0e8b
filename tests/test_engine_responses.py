"""The engine: responses, undelivered messages, traces and counters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from edge_world import (
    FROM_FABRIKAM,
    FROM_INSIDE_STRANGER,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    KEYS,
    OUTSIDE,
    TABLES,
    TCP,
    UDP,
    URL,
    counted,
    engine,
    fate,
    in_dialog,
    inbound,
    only,
    outbound,
    receive,
    route_set,
    sent,
)
from federated_world import CROSSROADS
from messages import without

from sipcore import ImFilter, Message, Rules, Verdict, parse, respond
from sipcore.edge.actions import COUNTERS, Action, Count, Link, Send, Trace
from sipcore.edge.engine import Engine
from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import Answer, Discard, Forward
from sipcore.edge.hashes import Keys
from sipcore.edge.memory import ExpiringSet
from sipcore.edge.tables import BestEffort, Hop


def asked(edge: Engine, **changes: str) -> Send:
    """A request of ours that went out to Fabrikam."""
    return only(receive(edge, outbound(**changes), FROM_SERVER))


def discarded(edge: Engine, data: bytes, link: Link) -> str:
    """Why nothing was sent."""
    actions = receive(edge, data, link)
    assert sent(actions) == []
    ((name, _, why),) = fate(actions)
    assert name == "discarded"
    return why


# -- the way back


def test_a_response_goes_back_to_its_client_without_our_via() -> None:
    edge = engine()
    reply = respond(parse(asked(edge).data), 200, headers=[("X-Odd", "kept")], body=b"kept")
    actions = receive(edge, reply, FROM_FABRIKAM)
    send = only(actions)
    assert (send.side, send.hop, send.link_id) == (INSIDE, Hop(UDP, "127.0.0.5", 5070), None)
    assert counted(actions) == [("forwarded", "inside", "2xx", "via")]
    assert str(parse(send.data).via) == "SIP/2.0/UDP 127.0.0.5:5070;branch=z9hG4bK-out"
    assert len(parse(send.data).vias) == 1
    assert send.data.endswith(b"\r\n\r\nkept")


def test_a_provisional_response_is_passed_on_and_none_is_made() -> None:
    edge = engine()
    actions = receive(edge, outbound(method="INVITE"), FROM_SERVER)
    ringing = respond(parse(only(actions).data), 180)
    assert parse(only(receive(edge, ringing, FROM_FABRIKAM)).data).status == 180


def test_a_response_is_recognised_by_any_edge_with_the_key_and_after_a_change_of_keys() -> None:
    reply = respond(parse(asked(engine()).data), 200)
    changed = Keys(b"the key of tomorrow", previous=KEYS.current)
    assert only(receive(engine(), reply, FROM_FABRIKAM)).side is INSIDE
    assert only(receive(engine(keys=changed), reply, FROM_FABRIKAM)).side is INSIDE
    assert discarded(engine(keys=Keys(b"the key of tomorrow")), reply, FROM_FABRIKAM) == "response-forged"


def stream_request(port: int) -> tuple[bytes, Link]:
    """A request from a client of ours on a connection from that port."""
    via = "SIP/2.0/TCP 127.0.0.6:5070;branch=z9hG4bK-tcp"
    return outbound(via=via), Link(port, INSIDE, TCP, "127.0.0.6", port)


def test_a_response_leaves_by_the_connection_that_its_request_came_on() -> None:
    edge = engine()
    for port in (40001, 40002, 40003):
        edge.link_up(stream_request(port)[1], 0.0)
    request, link = stream_request(40002)
    reply = respond(parse(only(receive(edge, request, link)).data), 200)
    send = only(receive(edge, reply, FROM_FABRIKAM))
    assert (send.link_id, send.hop) == (link.id, Hop(TCP, "127.0.0.6", 5070))
    edge.link_down(link, 1.0)
    assert only(receive(edge, reply, FROM_FABRIKAM)).link_id is None


# -- responses that are none


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"branch=z9hG4bK", b"branch=z9hG4bKx", "response-forged"),
        (b"tag=b-tag", b"tag=c-tag", "response-forged"),
        (b"CSeq: 1 ", b"CSeq: 2 ", "response-forged"),
        (b"Call-ID: c1", b"Call-ID: c2", "response-forged"),
        (b"z9hG4bK-out", b"z9hG4bK-in", "response-forged"),
        (b"UDP 192.0.2.1:5060", b"UDP 192.0.2.1:5061", "response-not-ours"),
        (b"UDP 192.0.2.1:5060", b"UDP 127.0.0.1:5060", "response-not-ours"),
        (b"UDP 192.0.2.1:5060", b"TLS 192.0.2.1:5060", "response-not-ours"),
        (b"UDP 127.0.0.5:5070", b"UDP 127.0.0.99:25", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"UDP 127.0.0.6:5070", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"UDP 127.0.0.5:25", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"TCP 127.0.0.5:5070", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"UDP 127.0.0.5:5070;rport=25", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"UDP 127.0.0.5:5070;received=127.0.0.99", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"SCTP 127.0.0.5:5070", "response-redirected"),
        (b"UDP 127.0.0.5:5070", b"UDP server.contoso.example", "response-redirected"),
        (b";sig=", b";sig=0", "response-redirected"),
        (b";sig=", b";gis=", "response-redirected"),
        (b"alice@fabrikam.example", b"alice@spam.example", "response-blocked"),
        (b"<sip:alice", b"<sip:alice@@", "response-invalid"),
        (b"MESSAGE", b"BENOTIFY", "response-to-benotify"),
        (b"SIP/2.0 200", b"SIP/3.0 200", "response-invalid"),
    ],
)
def test_a_response_that_we_did_not_ask_for_like_this_is_discarded(old: bytes, new: bytes, why: str) -> None:
    edge = engine()
    reply = respond(parse(asked(edge).data), 200)
    assert old in reply
    assert (
        discarded(edge, reply.replace(old, new, 1) if old != b"MESSAGE" else reply.replace(old, new), FROM_FABRIKAM)
        == why
    )


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("<sip:bob@contoso.example>", "response-claims-domain"),
        ("<sip:x@spam.example>", "response-blocked"),
        ("<sip:>", "response-invalid"),
    ],
)
def test_a_response_asserts_an_identity_of_its_own_domain_or_is_discarded(header: str, why: str) -> None:
    edge = engine()
    reply = respond(parse(asked(edge).data), 200, headers=[("P-Asserted-Identity", header)])
    assert discarded(edge, reply, FROM_FABRIKAM) == why


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (FROM_STRANGER, "response-from-stranger"),
        (FROM_SERVER, "response-not-ours"),
        (FROM_INSIDE_STRANGER, "response-not-ours"),
    ],
)
def test_a_true_response_from_somebody_else_is_discarded(link: Link, why: str) -> None:
    edge = engine()
    assert discarded(edge, respond(parse(asked(edge).data), 200), link) == why


def test_a_response_is_not_sent_where_the_tables_no_longer_lead_though_an_edge_with_the_key_signed_it() -> None:
    reply = respond(parse(asked(engine()).data), 200)
    own = replace(TABLES.own, next_hop=Hop(UDP, "127.0.0.6", 5070), servers=frozenset({"127.0.0.6"}))
    assert discarded(engine(replace(TABLES, own=own)), reply, FROM_FABRIKAM) == "response-to-nowhere"


def test_the_connection_that_a_request_came_on_is_signed_too() -> None:
    edge = engine()
    request, link = stream_request(40002)
    reply = respond(parse(only(receive(edge, request, link)).data), 200)
    assert b";ms-received-port=40002" in reply
    stolen = reply.replace(b";ms-received-port=40002", b";ms-received-port=40003")
    assert discarded(edge, stolen, FROM_FABRIKAM) == "response-redirected"


def test_a_response_to_us_is_discarded_for_we_ask_nothing() -> None:
    edge = engine()
    reply = parse(respond(parse(asked(edge).data), 200))
    assert discarded(edge, bytes(reply.edit().remove_value("Via", 1)), FROM_FABRIKAM) == "response-for-us"


def test_a_response_to_benotify_is_discarded_and_the_benotify_itself_was_not_answered() -> None:
    edge = engine()
    request = receive(edge, inbound(method="BENOTIFY"), FROM_FABRIKAM)
    send = only(request)
    assert send.side is INSIDE
    answer = respond(parse(send.data), 200)
    assert discarded(edge, answer, FROM_SERVER) == "response-to-benotify"
    assert discarded(edge, answer.replace(b"branch=z9hG4bK", b"branch=z9hG4bK0", 1), FROM_SERVER) == "response-forged"


def test_no_way_back_is_signed_on_a_benotify_so_that_no_answer_to_it_is_carried_as_another_methods() -> None:
    edge = engine()
    send = only(receive(edge, inbound(method="BENOTIFY"), FROM_FABRIKAM))
    ours = parse(send.data).via
    assert ours is not None
    assert "sig" not in ours.params
    answer = respond(parse(send.data), 200)
    for method in (b"NOTIFY", b"MESSAGE"):
        assert discarded(edge, answer.replace(b"BENOTIFY", method), FROM_SERVER) == "response-redirected"


def test_a_response_whose_content_the_filter_refuses_is_discarded() -> None:
    edge = engine(filter=ImFilter())
    reply = respond(parse(asked(edge).data), 200, headers=[("Content-Type", "text/plain")], body=URL)
    assert discarded(edge, reply, FROM_FABRIKAM) == "response-filtered"
    clean = respond(parse(asked(edge).data), 200, headers=[("Content-Type", "text/plain")], body=b"noon it is")
    assert only(receive(edge, clean, FROM_FABRIKAM)).side is INSIDE


def test_the_filter_is_not_asked_about_a_response_without_a_body() -> None:
    class Unasked(ImFilter):
        def check(self, message: Message) -> Verdict:
            assert message.is_request
            return super().check(message)

    edge = engine(filter=Unasked())
    assert only(receive(edge, respond(parse(asked(edge).data), 200), FROM_FABRIKAM)).side is INSIDE


# -- what could not be delivered


def test_the_sender_of_a_request_that_could_not_be_delivered_is_told_503() -> None:
    edge = engine()
    request, link = stream_request(40001)
    edge.link_up(link, 0.0)
    actions = edge.undelivered(only(receive(edge, request, link)), 1.0)
    send = only(actions)
    answer = parse(send.data)
    assert (send.side, send.hop, send.link_id) == (INSIDE, Hop(TCP, "127.0.0.6", 5070), link.id)
    assert (answer.status, answer["Retry-After"], len(answer.vias)) == (503, "10", 1)
    assert counted(actions) == [("refused", "inside", "undelivered", "503")]


def test_ack_and_cancel_of_an_undelivered_request_are_ours() -> None:
    edge = engine()
    invite = outbound(method="INVITE")
    answer = only(edge.undelivered(only(receive(edge, invite, FROM_SERVER)), 0.0))
    cancel = only(receive(edge, outbound(method="CANCEL"), FROM_SERVER, now=1.0))
    assert parse(cancel.data).status == 481
    ack = outbound(method="ACK", to=parse(answer.data)["To"])
    assert discarded(edge, ack, FROM_SERVER) == "ack-absorbed"


def test_an_undelivered_request_from_outside_is_answered_there() -> None:
    edge = engine()
    via = "SIP/2.0/UDP pool.fabrikam.example;rport;branch=z9hG4bK1"
    link = replace(FROM_FABRIKAM, remote_port=40999)
    send = only(edge.undelivered(only(receive(edge, inbound(via=via), link)), 0.0))
    assert (send.side, send.hop) == (OUTSIDE, Hop(UDP, "192.0.2.20", 40999))


@pytest.mark.parametrize("method", ["BENOTIFY", "ACK"])
def test_what_is_never_answered_is_only_counted_when_it_cannot_be_delivered(method: str) -> None:
    edge = engine()
    actions = edge.undelivered(only(receive(edge, inbound(method=method), FROM_FABRIKAM)), 0.0)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "outside", "undelivered")])


def test_a_response_that_cannot_be_delivered_is_only_counted() -> None:
    edge = engine()
    send = only(receive(edge, respond(parse(asked(edge).data), 200), FROM_FABRIKAM))
    actions = edge.undelivered(send, 0.0)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "inside", "undelivered")])


# -- traces, counters, memory


def test_an_observer_learns_what_became_of_each_message() -> None:
    traces: list[Trace] = []
    edge = engine(filter=ImFilter(), observe=traces.append)
    receive(edge, inbound(), FROM_FABRIKAM)
    receive(edge, inbound(body=URL), FROM_FABRIKAM)
    receive(edge, without(inbound(), "To"), FROM_FABRIKAM)
    receive(edge, inbound(via="garbage"), FROM_FABRIKAM)
    receive(edge, respond(parse(asked(edge).data), 200), FROM_STRANGER)
    passed, filtered, invalid, dumb, _, stray = traces
    assert isinstance(passed.decision, Forward)
    assert passed.verdict is not None
    assert passed.verdict.passed
    assert isinstance(filtered.decision, Answer)
    assert filtered.verdict is not None
    assert [finding.rule for finding in filtered.verdict.findings] == ["http:"]
    assert filtered.decision.chain[-2:] == ("the content filter refuses it", "answered 606 Not Acceptable: filtered")
    assert invalid.refusal is not None
    assert (invalid.refusal.header, invalid.link) == ("To", FROM_FABRIKAM)
    assert isinstance(dumb.decision, Discard)
    assert isinstance(stray.decision, Discard)
    assert all(trace.decision.chain for trace in traces)


def test_counters_have_the_labels_that_are_announced() -> None:
    edge = engine(filter=ImFilter(Rules(links="observe")))
    actions: list[Action] = []
    for data, link in [
        (inbound(), FROM_FABRIKAM),
        (inbound(body=URL), FROM_FABRIKAM),
        (inbound(method="X-" + "Y" * 100), FROM_FABRIKAM),
        (inbound(), FROM_STRANGER),
        (inbound(method="BENOTIFY"), FROM_STRANGER),
        (inbound(via="SIP/2.0/TCP 192.0.2.30;branch=z9hG4bK1"), FROM_WOODGROVE),
        (respond(parse(asked(edge).data), 200), FROM_FABRIKAM),
    ]:
        actions += receive(edge, data, link)
    crossroads = engine(CROSSROADS)
    actions += receive(crossroads, outbound(uri="sip:x@nwtraders.example"), FROM_SERVER)
    two = SrvFact.of("nwtraders.example", "a.nwtraders.example", "b.nwtraders.example", expires=9.0)
    actions += crossroads.undelivered(only(crossroads.resolved(two, 0.0)), 0.0)
    turning = engine(replace(TABLES, benotify=BestEffort(to_benotify=frozenset({INSIDE}))))
    route = route_set(INSIDE, OUTSIDE, turning, "Supported: ms-benotify", method="SUBSCRIBE")
    actions += receive(turning, *in_dialog(OUTSIDE, route, method="NOTIFY"))
    counts = [action for action in actions if isinstance(action, Count)]
    assert {count.name for count in counts} == set(COUNTERS)
    assert all(len(count.labels) == len(COUNTERS[count.name]) for count in counts)
    assert all(len(label) < 30 for count in counts for label in count.labels)


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    held = ExpiringSet(lifetime=10.0, capacity=2)
    held.add("a", 0.0)
    held.add("b", 1.0)
    held.add("a", 2.0)
    held.add("c", 3.0)
    assert len(held) == 2
    assert [held.holds(key, 3.0) for key in "abc"] == [True, False, True]
    assert not held.holds("a", 12.0)
    held.expire(12.0)
    assert (len(held), held.holds("c", 12.0)) == (1, True)


def test_the_tables_of_one_engine_are_its_own() -> None:
    open_edge, shut_edge = engine(), engine(replace(TABLES, partners={}))
    assert only(receive(open_edge, inbound(), FROM_FABRIKAM)).side is INSIDE
    assert parse(only(receive(shut_edge, inbound(), FROM_FABRIKAM)).data).status == 403
