"""The engine: bytes in, bytes and counts out, for every row of docs/refusals.md and every duty of a stateless proxy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from edge_world import (
    FABRIKAM,
    FROM_FABRIKAM,
    FROM_INSIDE_STRANGER,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    OUTSIDE,
    OWN,
    TABLES,
    TCP,
    UDP,
    URL,
    answering,
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
from messages import without

from sipcore import EditError, ImFilter, Message, Verdict, parse, respond
from sipcore.edge.actions import Link, Send
from sipcore.edge.tables import Federation, Hop, Side
from sipcore.limits import DEFAULT, WIDEST

MARK = "ms-edge-proxy-message-trust"
UNVERIFIED = (
    "ms-source-type=DirectPartner;ms-ep-fqdn=edge.contoso.example;"
    "ms-source-verified-user=unverified;ms-source-network=federation"
)
TO_TAGGED = "<sip:bob@contoso.example>;tag=b-tag"


class Recorder:
    """A filter that passes everything and remembers what it was asked about."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def check(self, message: Message) -> Verdict:
        self.asked.append(bytes(message))
        return ImFilter().check(message)


def status(send: Send) -> int | None:
    """The status of an answer."""
    return parse(send.data).status


def lines(data: bytes) -> list[str]:
    """A message's lines."""
    return data.decode().split("\r\n")


def answer_to(send: Send, code: int = 200, **arguments: Any) -> bytes:
    """What the next hop answers to what we sent it."""
    return respond(parse(send.data), code, to_tag="far-tag", **arguments)


def back_from(send: Send) -> Link:
    """The link that the answer to what we sent comes on."""
    return Link(50, send.side, send.hop.transport, send.hop.host, send.hop.port)


# -- what passes


def test_a_message_from_a_partner_arrives_with_our_via_and_the_mark_and_is_else_untouched() -> None:
    data = inbound("X-Odd :  kept\t", "s: kept too")
    actions = receive(engine(), data, FROM_FABRIKAM)
    send = only(actions)
    assert (send.side, send.hop, send.link_id) == (INSIDE, TABLES.own.next_hop, None)
    assert counted(actions) == [("forwarded", "inside", "MESSAGE", "partner")]
    added = [line for line in lines(send.data) if line not in lines(data)]
    assert added[0].startswith("Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK")
    assert added[1:] == [
        "Max-Forwards: 69",
        f"{MARK}: {UNVERIFIED}",
    ]
    assert [line for line in lines(data) if line not in lines(send.data)] == ["Max-Forwards: 70"]


def test_a_message_to_a_partner_leaves_with_our_via_and_the_assertion() -> None:
    send = only(receive(engine(), outbound(uri="sip:alice@woodgrove.example"), FROM_SERVER))
    assert (send.side, send.hop) == (OUTSIDE, Hop(TCP, "192.0.2.30", 5065))
    left = parse(send.data)
    assert left.via is not None
    assert (left.via.transport, left.via.host, left.via.port, left.via.rport) == ("TCP", "192.0.2.1", 5060, None)
    assert left["X-Verified-User"] == "verified"
    assert MARK not in left


def test_max_forwards_is_added_where_it_is_missing() -> None:
    assert parse(only(receive(engine(), inbound(max_forwards=None), FROM_FABRIKAM)).data).max_forwards == 70


def test_the_source_is_noted_in_the_clients_via() -> None:
    send = only(
        receive(engine(), inbound(via="SIP/2.0/UDP pool.fabrikam.example;rport;branch=z9hG4bK7"), FROM_FABRIKAM)
    )
    assert str(parse(send.data).vias[1]) == (
        "SIP/2.0/UDP pool.fabrikam.example;branch=z9hG4bK7;received=192.0.2.20;rport=5060"
    )


def test_an_unknown_method_is_carried_if_an_operator_wants_it_and_counted_as_other() -> None:
    tables = replace(TABLES, federation=Federation(methods=frozenset({"JUGGLE"})))
    actions = receive(engine(tables), inbound(method="JUGGLE"), FROM_FABRIKAM)
    assert only(actions).data.startswith(b"JUGGLE ")
    assert counted(actions) == [("forwarded", "inside", "other", "partner")]


# -- refusals, each from both sides

#: name, what is wrong, status inside, status outside: None says nothing, ... cannot arise
ROWS: list[tuple[str, dict[str, Any], int | Any | None, int | Any | None]] = [
    ("invalid", {"drop": "Call-ID"}, 400, 400),
    ("invalid", {"extra": ["P-Asserted-Identity: <sip:a@fabrikam.example>, <sip:b@fabrikam.example>"]}, 400, 400),
    ("invalid", {"extra": ["P-Asserted-Identity: <sip:>"]}, 400, 400),
    ("invalid", {"extra": ["Proxy-Require: a b"]}, 400, 400),
    ("invalid", {"via": "SIP/2.0/SCTP 192.0.2.20;branch=z9hG4bK1"}, 400, 400),
    ("invalid", {"uri": "tel:+12025550100"}, 416, 416),
    ("too-many-hops", {"max_forwards": 0}, 483, 483),
    ("blocked", {"from_": "<sip:x@SPAM.example.>;tag=1"}, 403, None),
    ("blocked", {"uri": "sip:x@spam.example"}, 403, None),
    ("blocked", {"to": "<sip:x@spam.example>"}, 403, None),
    ("blocked", {"extra": ['P-Asserted-Identity: "X, <y>" <sip:x@spam.example>, <tel:+1>']}, 403, None),
    ("stranger", {"stranger": True}, 403, 403),
    ("claims-our-domain", {"from_": "<sip:bob@CONTOSO.example.>;tag=1"}, ..., 403),
    ("claims-our-domain", {"extra": ["P-Asserted-Identity: sip:bob@contoso.example"]}, ..., 403),
    ("claims-other-domain", {"from_": "<sip:x@woodgrove.example>;tag=1"}, 403, 403),
    ("claims-other-domain", {"from_": "<tel:+12025550100>;tag=1"}, 403, 403),
    ("bad-extension", {"extra": ["Proxy-Require: ms-benotify, Alpha"]}, 420, 420),
    ("no-route", {"to": "<sip:x@contoso.example>;tag=1"}, 481, 403),
    ("no-route", {"to": "<sip:x@contoso.example>;tag=1", "extra": ["Route: <sip:198.51.100.1;lr>"]}, 481, 403),
    ("not-our-domain", {"uri": "sip:x@woodgrove.example"}, ..., 403),
    ("not-our-domain", {"extra": ["Route: <sip:192.0.2.1;lr>, <sip:198.51.100.1;lr>"]}, ..., 403),
    ("not-our-domain", {"uri": "sip:bob@contoso.example;maddr=198.51.100.1"}, ..., 403),
    ("unknown-domain", {"uri": "sip:alice@fabrikam.example;maddr=198.51.100.1"}, 404, ...),
    ("unknown-domain", {"uri": "sip:x@nowhere.example"}, 404, ...),
    ("unknown-domain", {"uri": "sip:edge.contoso.example"}, 404, ...),
    ("unknown-domain", {"uri": "sip:bob@contoso.example"}, 404, ...),
    ("filtered", {"body": URL}, 606, 606),
]
CASES = [
    (name, wrong, side, owed)
    for name, wrong, inside, outside in ROWS
    for side, owed in ((INSIDE, inside), (OUTSIDE, outside))
    if owed is not ...
]


def faulty(side: Side, wrong: dict[str, Any], method: str) -> tuple[bytes, Link]:
    """A request with that fault, and the link that it comes on."""
    wrong = dict(wrong)
    extra, drop, stranger = wrong.pop("extra", []), wrong.pop("drop", None), wrong.pop("stranger", False)
    data = (inbound if side is OUTSIDE else outbound)(*extra, method=method, **wrong)
    links = {INSIDE: (FROM_SERVER, FROM_INSIDE_STRANGER), OUTSIDE: (FROM_FABRIKAM, FROM_STRANGER)}
    return without(data, drop) if drop else data, links[side][stranger]


@pytest.mark.parametrize(("name", "wrong", "side", "owed"), CASES)
def test_a_refusal_tells_each_side_what_the_table_says(
    name: str, wrong: dict[str, Any], side: Side, owed: int | None
) -> None:
    data, link = faulty(side, wrong, "MESSAGE")
    actions = receive(engine(filter=ImFilter()), data, link)
    if owed is None:
        assert sent(actions) == []
        assert counted(actions) == [("discarded", side, name)]
        return
    send = only(actions)
    assert (status(send), send.side, send.hop.host) == (owed, side, link.remote_host)
    assert fate(actions) == [("refused", side, name, str(owed))]


@pytest.mark.parametrize(("name", "wrong", "side", "owed"), CASES)
def test_whatever_is_wrong_with_a_benotify_it_is_discarded_and_counted(
    name: str, wrong: dict[str, Any], side: Side, owed: int | None
) -> None:
    data, link = faulty(side, wrong, "BENOTIFY")
    actions = receive(engine(answering(), filter=ImFilter()), data, link)
    assert (sent(actions), fate(actions)) == ([], [("discarded", side, name)])


#: What does not hold for ACK: its Proxy-Require is ignored, and without a route it follows its Request-URI.
NOT_FOR_ACK = {"bad-extension", "no-route"}


@pytest.mark.parametrize(("name", "wrong", "side", "owed"), [case for case in CASES if case[0] not in NOT_FOR_ACK])
def test_whatever_is_wrong_with_an_ack_it_is_discarded_and_counted(
    name: str, wrong: dict[str, Any], side: Side, owed: int | None
) -> None:
    data, link = faulty(side, wrong, "ACK")
    actions = receive(engine(answering(), filter=ImFilter()), data, link)
    assert (sent(actions), fate(actions)) == ([], [("discarded", side, name)])


def test_a_cseq_that_says_benotify_is_enough_to_keep_quiet() -> None:
    data = inbound(method="NOTIFY").replace(b"CSeq: 1 NOTIFY", b"CSeq: 1 BENOTIFY")
    actions = receive(engine(), data, FROM_FABRIKAM)
    assert sent(actions) == []
    assert counted(actions) == [("discarded", "outside", "invalid")]


def test_the_filters_refusal_carries_the_warning() -> None:
    edge = engine(filter=ImFilter())
    assert parse(only(receive(edge, inbound(body=URL), FROM_FABRIKAM)).data)["Warning"] == (
        '309 edge.contoso.example "Message contents not allowed by policy"'
    )


def test_only_the_inside_is_told_diagnostics() -> None:
    told = only(receive(engine(), outbound(uri="sip:x@nowhere.example"), FROM_SERVER))
    assert "ms-diagnostics: 1005;" in told.data.decode()
    told = only(receive(engine(), inbound(to=TO_TAGGED), FROM_FABRIKAM))
    assert b"ms-diagnostics" not in told.data


def test_f081_the_inside_is_told_our_inside_name_in_diagnostics_and_marks() -> None:
    named = replace(TABLES, own=replace(OWN, inside_fqdn="edge-in.contoso.example"))
    told = only(receive(engine(named), outbound(uri="sip:x@nowhere.example"), FROM_SERVER))
    assert 'source="edge-in.contoso.example"' in told.data.decode()
    marked = only(receive(engine(named), inbound(), FROM_FABRIKAM))
    assert "ms-ep-fqdn=edge-in.contoso.example;" in marked.data.decode()
    refused = only(receive(engine(named, filter=ImFilter()), inbound(body=URL), FROM_FABRIKAM))
    assert 'Warning: 309 edge.contoso.example "' in refused.data.decode()


def test_the_filter_reads_only_what_access_control_lets_pass() -> None:
    recorder = Recorder()
    edge = engine(filter=recorder, remember_decisions=False)
    receive(edge, inbound(uri="sip:x@woodgrove.example"), FROM_FABRIKAM)
    receive(edge, inbound(), FROM_STRANGER)
    assert recorder.asked == []
    receive(edge, inbound(), FROM_FABRIKAM)
    assert recorder.asked == [inbound()]


def test_without_a_filter_content_is_not_looked_at() -> None:
    assert only(receive(engine(filter=None), inbound(body=URL), FROM_FABRIKAM)).side is INSIDE


@pytest.mark.parametrize("via", ["SIP/2.0/UDP", "SIP/2.0/UDP :5060;branch=z9hG4bK1", "garbage"])
def test_a_request_without_a_usable_via_is_discarded(via: str) -> None:
    actions = receive(engine(), inbound(via=via), FROM_FABRIKAM)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "outside", "no-usable-via")])
    actions = receive(engine(), without(inbound(), "Via"), FROM_FABRIKAM)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "outside", "no-usable-via")])


def test_a_via_that_readers_could_take_apart_differently_is_discarded() -> None:
    actions = receive(engine(), inbound(via="SIP/2.0/UDP 192.0.2.20;rport;branch=<z9hG4bK1"), FROM_FABRIKAM)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "outside", "no-usable-via")])


def test_what_an_edit_refuses_to_write_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_to_write(*_: object, **__: object) -> bytes:
        raise EditError("a value that would end its field")

    monkeypatch.setattr("sipcore.edge.engine.forwarded_request", refuse_to_write)
    actions = receive(engine(), inbound(), FROM_FABRIKAM)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "outside", "unwritable")])


def test_a_loop_is_refused() -> None:
    first = only(receive(engine(), inbound(), FROM_FABRIKAM))
    looped = outbound(via="SIP/2.0/UDP 127.0.0.5:5070;branch=z9hG4bK-loop")
    vias = "".join(f"Via: {via}\r\n" for via in parse(first.data).vias)
    looped = looped.replace(b"Max-Forwards", vias.encode() + b"Max-Forwards").replace(b"b-tag", b"a-tag")
    actions = receive(engine(), looped, FROM_SERVER)
    assert (status(only(actions)), counted(actions)) == (482, [("refused", "inside", "loop", "482")])
    forged = looped.replace(parse(first.data).vias[0].branch.encode(), b"z9hG4bK-not-ours")
    assert only(receive(engine(), forged, FROM_SERVER)).side is OUTSIDE


# -- answers of our own


def test_an_answer_goes_to_the_source_and_says_so_in_the_via() -> None:
    link = replace(FROM_STRANGER, remote_port=40999)
    plain = only(receive(engine(), inbound(via="SIP/2.0/UDP 192.0.2.20:5080;branch=z9hG4bK1"), link))
    assert (plain.hop, plain.link_id) == (Hop(UDP, "198.51.100.9", 5080), None)
    assert str(parse(plain.data).via) == "SIP/2.0/UDP 192.0.2.20:5080;branch=z9hG4bK1;received=198.51.100.9"
    asked = only(receive(engine(), inbound(via="SIP/2.0/UDP 192.0.2.20:5080;rport;branch=z9hG4bK1"), link))
    assert asked.hop == Hop(UDP, "198.51.100.9", 40999)


def test_an_answer_on_a_stream_leaves_by_the_connection_it_was_asked_on() -> None:
    data = inbound(
        uri="sip:x@nowhere.example",
        via="SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK1",
        from_="<sip:a@woodgrove.example>;tag=1",
    )
    send = only(receive(engine(), data, FROM_WOODGROVE))
    assert (send.link_id, send.hop) == (FROM_WOODGROVE.id, Hop(TCP, "192.0.2.30", 5065))


def test_every_copy_of_a_refused_request_is_answered_alike() -> None:
    edge = engine()
    data = inbound(uri="sip:x@nowhere.example")
    assert receive(edge, data, FROM_FABRIKAM) == receive(edge, data, FROM_FABRIKAM, now=1.0)
    assert receive(edge, data, FROM_FABRIKAM) == receive(engine(), data, FROM_FABRIKAM)


# -- ACK and CANCEL


def ack_of(request: bytes, answer: Send) -> bytes:
    """The ACK that a client sends for a refusal (RFC 3261 section 17.1.1.3)."""
    to = parse(answer.data)["To"]
    ack = without(request, "To").replace(b"INVITE", b"ACK")
    return ack.replace(b"Call-ID", f"To: {to}\r\n".encode() + b"Call-ID", 1)


def test_the_ack_to_our_answer_is_absorbed_even_by_another_edge_with_the_key() -> None:
    invite = inbound(method="INVITE", body=URL)
    answer = only(receive(engine(filter=ImFilter()), invite, FROM_FABRIKAM))
    actions = receive(engine(), ack_of(invite, answer), FROM_FABRIKAM)
    assert (sent(actions), counted(actions)) == ([], [("discarded", "outside", "ack-absorbed")])


def test_the_ack_to_somebody_elses_answer_follows_its_invite() -> None:
    edge = engine()
    invite = inbound(method="INVITE")
    forwarded = only(receive(edge, invite, FROM_FABRIKAM))
    busy = only(receive(edge, answer_to(forwarded, 486), back_from(forwarded)))
    ack = only(receive(edge, ack_of(invite, busy), FROM_FABRIKAM))
    assert (ack.hop, str(parse(ack.data).via)) == (forwarded.hop, str(parse(forwarded.data).via))


@pytest.mark.parametrize(("later", "absorbed"), [(31.9, True), (32.0, False)])
def test_the_ack_to_an_answer_inside_a_dialog_is_remembered_for_32_seconds(later: float, absorbed: bool) -> None:
    edge = engine(filter=ImFilter())
    invite, _ = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), method="INVITE", body=URL)
    answer = only(receive(edge, invite, FROM_FABRIKAM, now=100.0))
    assert (status(answer), parse(answer.data)["To"]) == (606, TO_TAGGED)
    ack = ack_of(invite, answer).replace(URL, b"x" * len(URL))
    actions = receive(edge, ack, FROM_FABRIKAM, now=100.0 + later)
    assert (sent(actions) == []) is absorbed


def test_what_is_remembered_is_forgotten_by_the_tick() -> None:
    edge = engine()
    receive(edge, inbound(uri="sip:x@nowhere.example", method="INVITE", to=TO_TAGGED), FROM_FABRIKAM, now=0.0)
    assert (len(edge._refused), len(edge._refused_in_dialog)) == (1, 1)
    assert edge.tick(31.0) == []
    assert (len(edge._refused), len(edge._refused_in_dialog)) == (1, 1)
    edge.tick(32.0)
    assert (len(edge._refused), len(edge._refused_in_dialog)) == (0, 0)


def test_a_cancel_goes_where_its_invite_went_with_the_same_branch() -> None:
    edge = engine()
    invite = only(receive(edge, outbound(method="INVITE"), FROM_SERVER))
    cancel = only(receive(edge, outbound(method="CANCEL"), FROM_SERVER))
    assert (cancel.hop, str(parse(cancel.data).via)) == (invite.hop, str(parse(invite.data).via))
    assert parse(cancel.data).method == "CANCEL"


def test_a_cancel_of_what_the_filter_refused_is_answered_481_as_long_as_it_is_remembered() -> None:
    edge = engine(filter=ImFilter())
    receive(edge, inbound(method="INVITE", body=URL), FROM_FABRIKAM, now=0.0)
    cancel = inbound(method="CANCEL", body=b"")
    actions = receive(edge, cancel, FROM_FABRIKAM, now=31.0)
    assert (status(only(actions)), counted(actions)) == (481, [("refused", "outside", "cancel-of-refused", "481")])
    assert only(receive(edge, cancel, FROM_FABRIKAM, now=33.0)).side is INSIDE


def test_a_cancel_of_what_policy_refused_is_answered_481_without_any_memory() -> None:
    cancel = inbound(method="CANCEL", uri="sip:x@nowhere.example")
    assert status(only(receive(engine(), cancel, FROM_FABRIKAM))) == 481
    silent = receive(engine(), inbound(method="CANCEL", to="<sip:x@spam.example>"), FROM_FABRIKAM)
    assert sent(silent) == []


def test_a_stranger_who_copies_a_transaction_does_not_stop_its_cancel_or_ack() -> None:
    edge = engine()
    invite, _ = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE), method="INVITE")
    assert status(only(receive(edge, invite, FROM_STRANGER))) == 403
    for method in (b"CANCEL", b"ACK"):
        assert only(receive(edge, invite.replace(b"INVITE", method), FROM_FABRIKAM)).side is INSIDE


def test_a_faulty_cancel_does_not_speak_for_its_invite() -> None:
    edge = engine()
    receive(edge, without(inbound(method="CANCEL"), "To"), FROM_FABRIKAM)
    assert only(receive(edge, inbound(method="CANCEL"), FROM_FABRIKAM)).side is INSIDE


def test_proxy_require_does_not_stop_a_cancel() -> None:
    assert only(receive(engine(), inbound("Proxy-Require: alpha", method="CANCEL"), FROM_FABRIKAM)).side is INSIDE


# -- copies


def test_a_copy_leaves_alike_on_any_link_from_any_edge_of_the_array() -> None:
    edge = engine()
    first = receive(edge, outbound(), FROM_SERVER)
    assert receive(edge, outbound(), FROM_SERVER, now=0.5) == first
    assert receive(engine(), outbound(), replace(FROM_SERVER, id=77, remote_port=40001)) == first


# -- routes, see also test_dialog_routes.py


def test_a_preloaded_route_to_us_is_taken_off() -> None:
    send = only(receive(engine(), outbound("Route: <sip:edge.contoso.example;lr>"), FROM_SERVER))
    assert (send.hop, parse(send.data).routes) == (FABRIKAM.proxy, [])


@pytest.mark.parametrize("asked", ["", ";rport"])
@pytest.mark.parametrize("link", [FROM_FABRIKAM, FROM_WOODGROVE])
@pytest.mark.parametrize("uri", ["sip:bob@contoso.example", "sip:bob@elsewhere.example"])
def test_a_via_of_more_parameters_than_are_read_is_answered_and_noted_like_any_other(
    uri: str, link: Link, asked: str
) -> None:
    many = "".join(f";p{number}" for number in range(2 * DEFAULT.params))
    via = f"SIP/2.0/{link.transport.upper()} {link.remote_host}:5060;branch=z9hG4bK-a1{asked}"
    domain = "woodgrove.example" if link is FROM_WOODGROVE else "fabrikam.example"
    left, plain = (
        only(receive(engine(), inbound(via=each, uri=uri, from_=f"<sip:a@{domain}>;tag=1"), link))
        for each in (via + many, via)
    )
    assert (left.hop, left.side) == (plain.hop, plain.side)
    above, below = (parse(each.data, WIDEST).get_all("Via")[-1] for each in (left, plain))
    assert above.replace(many, "") == below
    assert many in above
