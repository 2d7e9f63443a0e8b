"""The express lane: whatever comes, an engine with it does what one without does, and most of the traffic takes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from edge_world import (
    FROM_FABRIKAM,
    FROM_SERVER,
    FROM_WOODGROVE,
    INSIDE,
    KEYS,
    OUTSIDE,
    OWN,
    TABLES,
    engine,
    in_dialog,
    inbound,
    only,
    outbound,
    receive,
    route_set,
    sent,
)
from federated_world import BOB, CROSSROADS
from federated_world import link as certified
from guard import flush_against_guard_page
from hypothesis import given, settings
from hypothesis import strategies as st
from lanes import PLAIN, Both, linked, spim, traffic

from sipcore import Framer, ImFilter, Limits, Message, ParseError, parse, respond
from sipcore.edge._express import Express
from sipcore.edge._places import Places
from sipcore.edge.actions import Action, Count, Link, Trace
from sipcore.edge.directory import UserView
from sipcore.edge.engine import Engine
from sipcore.edge.facts import SrvFact
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import ArchivingNotice, BestEffort, ContentSwitches, FarEnd, Hop, Transport, Verification
from sipcore.imfilter import LCS2005, LYNC, STRICT, Rules
from sipcore.imfilter import Action as ContentAction
from sipcore.limits import DEFAULT

FILTER = ImFilter()
TRAFFIC, SPIM = traffic(), spim()
FROM_CLIENT = replace(FROM_SERVER, remote_host="127.0.0.6", remote_port=40_000, transport=Transport.TCP)


def filtered() -> Both:
    """Both engines, with the filter."""
    return Both({"filter": FILTER})


# -- what takes it


@pytest.mark.parametrize("index", range(len(TRAFFIC)))
def test_everything_that_an_edge_carries_all_day_takes_the_lane(index: int) -> None:
    assert filtered().takes_lane(*TRAFFIC[index])


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "REFER", "ACK", "CANCEL"])
def test_what_is_decided_each_time_does_not(method: str) -> None:
    assert not filtered().takes_lane(inbound(method=method, body=b""), FROM_FABRIKAM)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (inbound(max_forwards=None), "no Max-Forwards"),
        (inbound(max_forwards=0), "no hops left"),
        (inbound(via='SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-q;x="a;received=b"'), "quotes in its Via"),
        (inbound("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-here"), "it says that it has been here"),
        (inbound("Route: <sip:192.0.2.1;lr>, <sip:far.example;lr>"), "a Route that leads on"),
        (inbound(via="SIP/2.0/TLS 192.0.2.20;branch=z9hG4bK-tls"), "a Via of TLS on a link without"),
        (inbound(uri="sip:x@nowhere.example"), "it is refused"),
        (inbound(via="SIP/2.0/UDP [2001:DB8::20];branch=z9hG4bK-6"), "an address that may have another spelling"),
        (inbound(via="SIP/2.0/UDP 192.0.2.20;rport;branch=z9hG4bK-long;x=" + "a" * 800), "a Via that is too long"),
        (inbound(*["P-Asserted-Identity: <tel:+1>"] * 5), "more fields of one name than are looked at"),
    ],
)  # fmt: skip
def test_what_is_not_plain_does_not(data: bytes, why: str) -> None:
    edge = filtered()
    edge.receive(inbound(), FROM_FABRIKAM)
    assert not edge.takes_lane(data, FROM_FABRIKAM), why


@pytest.mark.parametrize("index", range(len(SPIM)))
def test_a_link_is_refused_in_the_lane(index: int) -> None:
    data, link = SPIM[index]
    edge = filtered()
    assert edge.takes_lane(data, link)
    refused = parse(only(edge.receive(data, link)).data)
    assert (refused.status, refused["Warning"].split()[0]) == (606, "309")


def test_a_flow_of_nothing_but_links_is_refused_in_the_lane_and_lets_other_messages_through() -> None:
    edge = filtered()
    edge.receive(linked(inbound), FROM_FABRIKAM)
    assert edge.takes_lane(linked(inbound, call_id="c2"), FROM_FABRIKAM)
    edge.carried = 0
    assert only(edge.receive(inbound(content_type=PLAIN), FROM_FABRIKAM)).side is INSIDE
    assert edge.carried == 1


@pytest.mark.parametrize(
    ("rules", "links", "leaves"),
    [
        (LCS2005, "http://intranet/", 606),
        (LYNC, "http://intranet/", None),
        (LYNC, "http://www.woodgrove.example/a.exe", 606),
        (STRICT, "woodgrove.example", 606),
        (replace(LCS2005, bare_domains=True), "a.example http://b.example", 606),
    ],
)
@pytest.mark.parametrize("content_type", [PLAIN, "text/html"])
def test_what_the_filter_blocks_or_finds_nothing_in_takes_the_lane(
    rules: Rules, links: str, leaves: int | None, content_type: str
) -> None:
    edge = Both({"filter": ImFilter(rules)})
    data = inbound(content_type=content_type, body=f"see {links}".encode())
    assert edge.takes_lane(data, FROM_FABRIKAM)
    assert parse(only(edge.receive(data, FROM_FABRIKAM)).data).status == leaves


@pytest.mark.parametrize("rules", [replace(LCS2005, links=ContentAction.OBSERVE), LYNC])
def test_what_goes_on_though_something_was_found_does_not(rules: Rules) -> None:
    edge = Both({"filter": ImFilter(rules)})
    assert not edge.takes_lane(linked(inbound, body=b"http://www.woodgrove.example/"), FROM_FABRIKAM)


def test_the_filter_looks_once_at_what_the_lane_leaves() -> None:
    asked = []
    edge = engine(filter=ImFilter(LYNC))
    check = edge._judge._filter
    assert check is not None
    edge._judge._filter = SimpleNamespace(check=lambda message: asked.append(message) or check.check(message))  # type: ignore[assignment, func-returns-value]
    for _ in range(3):
        receive(edge, linked(inbound, body=b"http://www.woodgrove.example/"), FROM_FABRIKAM)
    assert len(asked) == 3


def test_a_link_where_nothing_is_filtered_is_not_refused() -> None:
    edge = Both(
        {"filter": FILTER, "tables": replace(TABLES, content=ContentSwitches(exempt_inbound=frozenset(FarEnd)))}
    )
    assert not edge.takes_lane(linked(inbound), FROM_FABRIKAM)
    assert only(edge.receive(linked(inbound), FROM_FABRIKAM)).side is INSIDE


def test_what_is_not_answered_is_not_refused_in_the_lane() -> None:
    edge = filtered()
    data, link = in_dialog(OUTSIDE, route_set(INSIDE, OUTSIDE), method="BENOTIFY", body=b"Hi", content_type=PLAIN)
    assert edge.takes_lane(data, link)
    with_link = data.replace(b"\r\nContent-Length: 2\r\n\r\nHi", b"\r\nContent-Length: 8\r\n\r\nhttp://a")
    assert not edge.takes_lane(with_link, link)
    assert not sent(edge.receive(with_link, link))


def test_a_message_that_the_lane_has_handed_back_is_not_tried_again() -> None:
    edge = filtered()
    message = parse(inbound(uri="sip:x@nowhere.example"))
    assert edge.fast.receive_all(iter([message]).__next__, FROM_FABRIKAM, 0.0) == ([], message)
    assert edge.fast.receive(message, FROM_FABRIKAM, 0.0) == edge.slow.receive(message, FROM_FABRIKAM, 0.0)
    assert edge.tried == 0
    edge.fast.receive(message, FROM_FABRIKAM, 0.0)
    assert edge.tried == 1


def test_who_observes_refusals_is_told_the_same_of_those_in_the_lane() -> None:
    told: dict[bool, list[Trace]] = {True: [], False: []}
    for remembers, traces in told.items():
        edge = engine(filter=FILTER, observe=traces.append, observe_forwarded=False, remember_decisions=remembers)
        for data, link in SPIM * 2:
            receive(edge, data, link)
    assert len(told[True]) == 2 * len(SPIM)
    for fast, slow in zip(told[True], told[False], strict=True):
        assert (fast.decision, fast.verdict, fast.refusal, fast.link) == (slow.decision, slow.verdict, None, slow.link)


def test_refusals_taken_together_are_one_run_for_each_place_that_they_go_to() -> None:
    edge = engine(filter=FILTER)
    ports = [5060, 5060, 7000, 7000, 5060]
    came = [
        parse(linked(inbound, via=f"SIP/2.0/UDP 192.0.2.20:{port};branch=z9hG4bK-{number}"))
        for number, port in enumerate(ports)
    ]
    edge.receive(came[0], FROM_FABRIKAM, 0.0)
    runs, message = edge.receive_all(partial(next, iter(came), None), FROM_FABRIKAM, 0.0)
    assert message is None
    assert [(run.hop.port, len(run.datas), run.link_id, run.came_from) for run in runs] == [
        (5060, 2, None, None),
        (7000, 2, None, None),
        (5060, 1, None, None),
    ]


def test_what_leaves_for_one_place_is_one_run_whatever_its_flow_and_keeps_its_order() -> None:
    edge = engine(filter=FILTER)
    hello, options = inbound(content_type=PLAIN), inbound(method="OPTIONS", body=b"")
    for data in (hello, options, linked(inbound)):
        receive(edge, data, FROM_FABRIKAM)
    came = [parse(data) for data in (hello, options, linked(inbound), options, hello, linked(inbound))]
    (forwarded, refused), message = edge.receive_all(partial(next, iter(came), None), FROM_FABRIKAM, 0.0)
    assert message is None
    assert [parse(data).method for data in forwarded.datas] == ["MESSAGE", "OPTIONS", "OPTIONS", "MESSAGE"]
    assert [(tally.counts[0].labels[1], tally.times) for tally in forwarded.tallies] == [("MESSAGE", 2), ("OPTIONS", 2)]
    assert [parse(data).status for data in refused.datas] == [606, 606]
    assert [(count.name, tally.times) for tally in refused.tallies for count in tally.counts] == [
        ("received", 2),
        ("refused", 2),
        ("filtered", 2),
    ]


def test_what_leaves_for_several_places_is_a_run_each_time_that_the_place_changes() -> None:
    edge = engine()
    requests = [outbound(), outbound(uri="sip:w@woodgrove.example", to="<sip:w@woodgrove.example>")]
    for data in requests:
        receive(edge, data, FROM_SERVER)
    came = [parse(data) for data in (*requests, *requests)]
    runs, _ = edge.receive_all(partial(next, iter(came), None), FROM_SERVER, 0.0)
    assert [str(run.hop.host) for run in runs] == ["192.0.2.20", "192.0.2.30"] * 2


def test_a_first_message_decides_for_those_of_other_users_and_transactions() -> None:
    edge = filtered()
    edge.receive(inbound(), FROM_FABRIKAM)
    other = inbound(from_="<sip:carol@FABRIKAM.example>;tag=c", call_id="c2", cseq=7, uri="sip:dan@contoso.example")
    edge.receive(inbound(from_="<sip:carol@fabrikam.example>;tag=c", call_id="c2", cseq=7), FROM_FABRIKAM)
    assert edge.carried == 1
    edge.receive(other, FROM_FABRIKAM)
    assert edge.carried == 1  # another spelling of a domain has another key


def test_who_observes_all_that_is_forwarded_is_told_of_all() -> None:
    told: list[Trace] = []
    edge = engine(filter=FILTER, observe=told.append)
    for data, link in TRAFFIC * 2:
        receive(edge, data, link)
    assert len(told) == 2 * len(TRAFFIC)


def test_who_observes_refusals_is_told_of_them() -> None:
    told: list[Trace] = []
    edge = engine(filter=FILTER, observe=told.append, observe_forwarded=False)
    for data, link in (*TRAFFIC, *TRAFFIC, (inbound(uri="sip:x@nowhere.example"), FROM_FABRIKAM)):
        receive(edge, data, link)
    assert [trace.message.uri.host for trace in told] == ["nowhere.example"]


@pytest.mark.parametrize("name", ["Proxy-Require", "P-Asserted-Identity", "Max-Forwards", "Route"])
def test_a_mark_that_is_called_like_what_means_something_else_is_left_to_the_engine(name: str) -> None:
    signers = KEYS.signers("X-Verified-User")
    lane = Express(signers, OWN, (name, "X-Verified-User", None), lambda link: "", lambda place: None, Limits())
    said = () if name == "Max-Forwards" else (f"{name}: 1",)
    assert lane.key(parse(inbound(*said)), FROM_FABRIKAM, 0) is None


@pytest.mark.parametrize(("count", "taken"), [(13, True), (20, False)])
def test_what_many_fields_are_taken_off_is_left_to_the_engine(count: int, taken: bool) -> None:
    assert filtered().takes_lane(inbound(*["ms-edge-proxy-message-trust: forged"] * count), FROM_FABRIKAM) is taken


# -- the same, whatever comes

#: Pieces that mean something to somebody on the way, to be put anywhere.
PIECES = [
    b"", b"\r\n", b"\r\n\r\n", b"\r\n ", b"\0", b"\xff", b'"', b"<", b">", b";", b",", b"@", b":", b"=", b"[::1]", b"%",
    b" ", b"\t", b"?", b"0", b"255", b"BENOTIFY", b"ACK", b"INVITE", b"SIP/2.0", b"spam.example", b"contoso.example",
    b"fabrikam.example", b"EXAMPLE.", b"127.0.0.99", b";received=127.0.0.99", b';received="192.0.2.9"', b";rport=1",
    b";rport", b";ms-received-port=9", b";sig=1", b";fd=nowhere.example", b";tag=x", b";maddr=192.0.2.9", b"sips:",
    b"tel:+1", b"4294967296", b"http://www.woodgrove.example", b"\r\nVia: SIP/2.0/UDP 127.0.0.1:5060",
    b"\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", b"\r\nv: SIP/2.0/UDP a", b"\r\nRoute: <sip:192.0.2.1;lr>",
    b"\r\nX-Verified-User: verified", b"\r\nms-edge-proxy-message-trust: x", b"\r\nSupported: a, ms-benotify",
    b"\r\nProxy-Require: a", b"\r\nP-Asserted-Identity: <sip:a@fabrikam.example>", b"\r\nX-Archiving-Notice: no",
]  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> tuple[bytes, Link]:
    """Some of the traffic with a few places replaced, now and then on another link."""
    data, link = draw(st.sampled_from(TRAFFIC + SPIM))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 12, len(data))))
        data = data[:start] + draw(st.sampled_from(PIECES)) + data[end:]
    return data, draw(st.sampled_from([link, link, link, FROM_FABRIKAM, FROM_SERVER, FROM_WOODGROVE]))


NOTICED = replace(TABLES, archiving_notice=ArchivingNotice(enabled=True))
WITHOUT_BENOTIFY = replace(TABLES, benotify=BestEffort(enabled=False))
#: A mark without an id of its own, an assertion with a long name.
RENAMED = replace(TABLES, verification=Verification(assertion_header="X-" + "Said-" * 9 + "So", mark_header="X-Mark"))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"filter": FILTER},
        {"filter": ImFilter(LYNC)},
        {"filter": ImFilter(STRICT)},
        {"tables": NOTICED},
        {"tables": WITHOUT_BENOTIFY},
        {"tables": RENAMED},
        {"keys": Keys(b"the newer of the two keys", b"a key for these tests only")},
    ],
    ids=["bare", "filter", "lync", "strict", "notice", "no-benotify", "renamed", "previous-key"],
)
@settings(max_examples=50, deadline=None)
@given(steps=st.lists(mangled(), min_size=4, max_size=12))
def test_both_engines_do_the_same(arguments: dict[str, Any], steps: list[tuple[bytes, Link]]) -> None:
    edge = Both(dict(arguments))
    for data, link in (*TRAFFIC, *TRAFFIC[:4], *steps):
        edge.receive(data, link)
    assert edge.carried


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(mangled(), min_size=4, max_size=12))
def test_both_do_the_same_with_a_directory_that_changes(steps: list[tuple[bytes, Link]]) -> None:
    users = Changing()
    edge = Both({"directory": users})
    for number, (data, link) in enumerate((*TRAFFIC, *steps)):
        edge.receive(data, link)
        edge.receive(data, link)
        users.generation += number % 5 == 4
    assert edge.carried


class Changing:
    """Everybody of ours may everything, in odd generations."""

    generation = 1

    def user(self, address: str) -> UserView | None:
        """What is known of somebody."""
        return replace(BOB, address=address) if self.generation % 2 else None


@settings(max_examples=25)
@given(steps=st.lists(mangled(), min_size=4, max_size=12))
def test_messages_taken_together_fare_as_each_by_itself(steps: list[tuple[bytes, Link]]) -> None:
    together, alone = engine(filter=FILTER), engine(filter=FILTER, remember_decisions=False)
    for link in (FROM_FABRIKAM, FROM_SERVER, FROM_WOODGROVE):
        came = [data for data, on in (*TRAFFIC, *TRAFFIC, *steps) if on == link]
        messages = [message for message in map(parsed, came) if message is not None]
        expected = [action for message in messages for action in alone.receive(message, link, 0.0)]
        actions = taken_together(together, partial(next, iter(messages), None), link)
        assert by_place(actions) == by_place(expected)
        assert Counter(each for each in actions if isinstance(each, Count)) == Counter(
            each for each in expected if isinstance(each, Count)
        )


def by_place(actions: list[Action]) -> dict[tuple[object, ...], list[bytes]]:
    """What leaves for each place, in order; refusals by themselves, for they may overtake what is forwarded."""
    places: dict[tuple[object, ...], list[bytes]] = {}
    for send in sent(actions):
        place = (send.side, send.hop, send.link_id, send.came_from, send.data.startswith(b"SIP/2.0 606 "))
        places.setdefault(place, []).append(send.data)
    return places


def taken_together(edge: Engine, take: Callable[[], Message | None], link: Link) -> list[Action]:
    """What a shell does with what comes, as actions."""
    done: list[Action] = []
    while True:
        runs, message = edge.receive_all(take, link, 0.0)
        for run in runs:
            done += [*run.sends(), *(count for tally in run.tallies for count in tally.counts * tally.times)]
        if message is not None:
            done += edge.receive(message, link, 0.0)
        elif not runs:
            return done


def parsed(data: bytes) -> Message | None:
    """The message, if it is one."""
    try:
        return parse(data)
    except ParseError:
        return None


def test_what_cannot_be_followed_is_said_after_what_came_before_it() -> None:
    edge = engine()
    receive(edge, inbound(), FROM_FABRIKAM)
    framer = Framer()
    framer.feed(inbound() * 3 + b"nonsense\r\n\r\n")
    runs, message = edge.receive_all(framer.next_message, FROM_FABRIKAM, 0.0)
    assert ([len(run.datas) for run in runs], message) == ([3], None)
    with pytest.raises(ParseError):
        edge.receive_all(framer.next_message, FROM_FABRIKAM, 0.0)


def test_both_remember_the_same_of_what_was_refused() -> None:
    edge = filtered()
    invite, cancel = (inbound(method=method, body=b"", uri="sip:x@nowhere.example") for method in ("INVITE", "CANCEL"))
    for data, link in (*TRAFFIC, (invite, FROM_FABRIKAM), (cancel, FROM_FABRIKAM), *TRAFFIC):
        edge.receive(data, link, 1.0)
    edge.tell("tick", 60.0)
    edge.receive(cancel, FROM_FABRIKAM, 61.0)


@pytest.mark.parametrize("index", range(len(SPIM)))
def test_a_refusal_in_the_lane_is_remembered_for_its_cancel_and_ack(index: int) -> None:
    data, link = SPIM[index]
    edge = filtered()
    edge.receive(linked(inbound, call_id="other"), FROM_FABRIKAM)
    edge.receive(linked(outbound, call_id="other"), FROM_SERVER)
    for _ in range(2):
        answer = parse(only(edge.receive(data, link, 1.0)).data)
        cancel, ack = (
            bytes(parse(data.replace(b"MESSAGE", method)).edit().set_body(b"")) for method in (b"CANCEL", b"ACK")
        )
        assert parse(only(edge.receive(cancel, link, 2.0)).data).status == 481
        assert not sent(edge.receive(bytes(parse(ack).edit().set("To", answer["To"])), link, 2.0))
    edge.tell("tick", 60.0)
    edge.receive(cancel, link, 61.0)


def test_what_a_record_of_dns_decides_is_decided_each_time() -> None:
    edge = Both({"tables": CROSSROADS})
    asking = inbound(from_="<sip:a@nwtraders.example>;tag=n", via="SIP/2.0/TLS sip.nwtraders.example;branch=z9hG4bKn")
    link = certified("sip.nwtraders.example")
    edge.receive(asking, link)
    edge.tell("resolved", SrvFact.of("nwtraders.example", "sip.nwtraders.example", expires=100.0), 0.0)
    assert sent(edge.receive(asking, link, 1.0))
    assert sent(edge.receive(asking, link, 2.0))
    assert not edge.carried
    assert not sent(edge.receive(asking, link, 200.0))


def test_a_discovered_peer_is_counted_each_time_and_keeps_nobody_else_from_the_lane() -> None:
    anybody = replace(CROSSROADS.discovered, any_domain=True)
    edge = Both({"tables": replace(CROSSROADS, discovered=anybody, providers=())})
    peer = certified("sip.x.example")
    edge.tell("link_up", peer, 0.0)
    edge.tell("resolved", SrvFact.of("x.example", "sip.x.example", expires=100.0), 0.0)
    via, from_ = "SIP/2.0/TLS sip.x.example:5061;branch=z9hG4bK-x", "<sip:eve@x.example>;tag=e"
    for number in range(1, 21):
        now = number / 10
        request = sent(edge.receive(inbound(via=via, from_=from_, cseq=number), peer, now))[0]
        edge.receive(respond(parse(request.data), 404), FROM_SERVER, now)
    late = [sent(edge.receive(inbound(via=via, from_=from_, cseq=90 + n), peer, 4.0))[0] for n in range(2)]
    assert late[-1].data.startswith(b"SIP/2.0 503"), "most of what it sends fails"
    assert not edge.carried
    assert edge.takes_lane(outbound(), FROM_SERVER)
    runs, message = edge.fast.receive_all(partial(next, iter([parse(outbound())]), None), FROM_SERVER, 4.0)
    assert (len(runs), message) == (1, None)


def test_an_answer_leaves_by_the_connection_that_its_request_came_on() -> None:
    edge = Both()
    request = outbound(via="SIP/2.0/TCP 127.0.0.6:5062;branch=z9hG4bK-tcp", uri="sip:alice@fabrikam.example")
    asked = only(edge.receive(request, FROM_CLIENT))
    answer = respond(parse(asked.data), 200)
    edge.tell("link_up", FROM_CLIENT, 0.0)
    edge.tell("link_up", replace(FROM_CLIENT, id=99, transport=Transport.TLS), 0.0)
    for _ in range(2):
        assert only(edge.receive(answer, FROM_FABRIKAM)).link_id == FROM_CLIENT.id
    edge.tell("link_down", FROM_CLIENT, 1.0)
    assert only(edge.receive(answer, FROM_FABRIKAM)).link_id is None
    assert edge.carried == 2


@pytest.mark.parametrize("named", Transport)
@pytest.mark.parametrize(
    ("peer", "domain"),
    [
        (FROM_FABRIKAM, "fabrikam.example"),
        (FROM_WOODGROVE, "woodgrove.example"),
        (certified("edge.fabrikam.example"), "fabrikam.example"),
    ],
)
def test_a_via_names_the_transport_that_its_request_came_by(peer: Link, domain: str, named: Transport) -> None:
    edge = Both({"tables": CROSSROADS if peer.certificate else TABLES})

    def over(transport: Transport) -> bytes:
        via = f"SIP/2.0/{transport.upper()} {peer.remote_host}:5060;branch=z9hG4bK1"
        return inbound(via=via, from_=f"<sip:alice@{domain}>;tag=a")

    assert edge.takes_lane(over(peer.transport), peer)
    is_true = named is peer.transport
    assert only(edge.receive(over(named), peer)).data.startswith(b"MESSAGE" if is_true else b"SIP/2.0 400 Unknown tr")
    assert edge.takes_lane(over(named), peer) is is_true


def test_a_link_with_the_number_of_an_earlier_one_is_read_anew() -> None:
    edge = Both()
    edge.receive(inbound(), FROM_FABRIKAM)
    edge.receive(inbound(), FROM_FABRIKAM)
    assert not sent(edge.receive(inbound(), replace(FROM_FABRIKAM, remote_host="198.51.100.9", side=OUTSIDE)))[1:]
    edge.receive(outbound(), replace(FROM_SERVER, id=FROM_FABRIKAM.id))


def test_a_route_of_another_dialog_or_end_takes_no_lane() -> None:
    edge = filtered()
    for said_by in (INSIDE, OUTSIDE):
        data, link = in_dialog(said_by, route_set(INSIDE, said_by), method="MESSAGE")
        assert edge.takes_lane(data, link)
        for wrong in (data.replace(b"c1@", b"c2@"), data.replace(b"fd=f", b"fd=g"), data.replace(b";sig=", b";sig=0")):
            assert not edge.takes_lane(wrong, link)


def test_what_a_dialog_has_proven_is_proven_for_nobody_else() -> None:
    edge = filtered()
    data, link = in_dialog(OUTSIDE, route_set(INSIDE, OUTSIDE), method="MESSAGE")
    of_another, _ = in_dialog(OUTSIDE, route_set(INSIDE, OUTSIDE, call_id="c2@192.0.2.10"), method="MESSAGE")
    assert edge.takes_lane(data, link)
    assert edge.takes_lane(data, link)
    forged = [
        data.replace(b"c1@", b"c2@"),
        data.replace(b";tag=b", b";tag=x", 1),
        data.replace(b"fabrikam.example", b"woodgrove.example", 1),
        of_another,
        re.sub(rb"sig=(.)", lambda sig: b"sig=%d" % (sig[1] == b"0"), data),
        re.sub(rb"Route: [^,]*, ", b"Route: ", data),
        re.sub(rb"Route: ([^,]*), ([^\r]*)", rb"Route: \2, \1", data),
    ]
    for wrong in forged:
        assert wrong != data
        assert not edge.takes_lane(wrong, link)
        assert not edge.takes_lane(data, FROM_WOODGROVE)
        assert edge.takes_lane(data, link)


def test_what_is_read_by_other_limits_is_read_anew() -> None:
    edge = engine()
    data, link = in_dialog(OUTSIDE, route_set(INSIDE, OUTSIDE), method="MESSAGE")
    for _ in range(2):
        assert sent(receive(edge, data, link))
    actions = edge.receive(parse(data, replace(DEFAULT, params=3)), link, 0.0)
    assert Count("refused", (OUTSIDE, "invalid", "400")) in actions


# -- its bounds


def test_more_addresses_than_a_lane_compares_leave_the_engine_without_one() -> None:
    ports = [Hop(Transport.UDP, "192.0.2.1", 6000 + number) for number in range(60)]
    few, many = (replace(OWN, further={(OUTSIDE, Transport.UDP): tuple(ports[:count])}) for count in (20, 60 + 1))
    assert Both({"tables": replace(TABLES, own=few)}).takes_lane(inbound(), FROM_FABRIKAM)
    many = replace(
        many, further=dict(many.further) | {(INSIDE, Transport.UDP): (Hop(Transport.UDP, "127.0.0.1", 6000),)}
    )
    edge = engine(replace(TABLES, own=many))
    assert sent(receive(edge, inbound(), FROM_FABRIKAM) + receive(edge, inbound(), FROM_FABRIKAM))
    with pytest.raises(ValueError, match="too many addresses"):
        Places(many)


def test_what_is_kept_is_bounded() -> None:
    signers = KEYS.signers("X-Verified-User")
    lane = Express(
        signers, OWN, ("X-Mark", "X-Verified-User", None), lambda link: "", lambda place: None, Limits(), capacity=4
    )
    assert lane.carry(parse(inbound()), FROM_FABRIKAM, 0) is None
    keys = {lane.key(parse(inbound(from_=f"<sip:a@{n}.example>;tag=1")), FROM_FABRIKAM, 0) for n in range(20)}
    assert len(keys) == 20
    assert None not in keys


def test_a_key_is_of_one_generation_link_and_mark_of_a_flow() -> None:
    signers = KEYS.signers("X-Verified-User")
    lane = Express(
        signers, OWN, ("X-Mark", "X-Verified-User", None), lambda link: link.remote_host, lambda place: None, Limits()
    )
    message = inbound()
    others = [
        (message, FROM_FABRIKAM, 1),
        (message, FROM_WOODGROVE, 0),
        (inbound("X-Verified-User: verified"), FROM_FABRIKAM, 0),
        (inbound(to="<sip:bob@contoso.example>;tag=1"), FROM_FABRIKAM, 0),
        (inbound(uri="sip:bob@contoso.example;maddr=192.0.2.9"), FROM_FABRIKAM, 0),
        (inbound(method="OPTIONS"), FROM_FABRIKAM, 0),
        (inbound("Proxy-Require: x"), FROM_FABRIKAM, 0),
        (inbound("P-Asserted-Identity: <sip:x@fabrikam.example>"), FROM_FABRIKAM, 0),
    ]
    keys = {
        lane.key(parse(data), link, generation) for data, link, generation in [(message, FROM_FABRIKAM, 0), *others]
    }
    assert len(keys) == 1 + len(others)


def test_no_byte_behind_a_message_is_read() -> None:
    edge = engine(filter=FILTER)
    for data, link in TRAFFIC + SPIM:
        receive(edge, data, link)
    for data, link in TRAFFIC + SPIM:
        for cut in (len(data), *range(len(data) // 2, len(data), 29)):
            with flush_against_guard_page(data[:cut]) as view:
                try:
                    message = parse(view)
                except ParseError:
                    continue
                edge.receive(message, link, 0.0)
                del message
