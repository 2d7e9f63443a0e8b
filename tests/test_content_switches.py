"""For whom content is filtered and limited: by direction, far end and row; and plain text only (F093, F114)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from edge_world import (
    FABRIKAM,
    FROM_FABRIKAM,
    FROM_SERVER,
    INSIDE,
    KEYS,
    OUTSIDE,
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
    route_set,
    sent,
)
from federated_world import CROSSROADS, EXCHANGE, HOUSE, MSN, link
from hypothesis import given
from hypothesis import strategies as st

from sipcore import ImFilter, parse, respond
from sipcore.edge.actions import Link
from sipcore.edge.chains import Line, told
from sipcore.edge.content import content_between
from sipcore.edge.engine import Engine
from sipcore.edge.explaining import explain
from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import EVERYTHING, Content
from sipcore.edge.media import unfit_for_plain_text, unfit_session
from sipcore.edge.summary import summary
from sipcore.edge.tables import (
    ContentSwitches,
    FarEnd,
    Federation,
    Media,
    RowContent,
    Tables,
)

FILTER = ImFilter()
PLAIN = RowContent(media=Media.PLAIN_TEXT)


def saying(content: RowContent, tables: Tables = TABLES) -> Tables:
    """The tables, where Fabrikam's row says that."""
    fabrikam = replace(tables.partners["fabrikam.example"], content=content)
    return replace(tables, partners={**tables.partners, "fabrikam.example": fabrikam})


def exempting(inbound: tuple[FarEnd, ...] = (), outbound: tuple[FarEnd, ...] = ()) -> Tables:
    """The tables, with those far ends left alone."""
    return replace(TABLES, content=ContentSwitches(frozenset(inbound), frozenset(outbound)))


def passes(edge: Engine, data: bytes, link: Link) -> bool:
    """Whether it is sent on, and not refused for its content: the first of its flow and those that come after it."""
    sends = [only(receive(edge, data, link)) for _ in range(3)]
    send = sends[0]
    assert send.came_from is not None or parse(send.data).status == 606
    assert sends == [send] * 3
    return send.came_from is not None


def answered_with_url(edge: Engine, data: bytes, asks: Link, answers: Link) -> bool:
    """Whether a response with a link goes back."""
    asked = only(receive(edge, data, asks))
    reply = respond(parse(asked.data), 200, headers=[("Content-Type", "text/plain")], body=URL)
    sends = [sent(receive(edge, reply, answers)) for _ in range(3)]
    assert sends == [sends[0]] * 3
    return bool(sends[0])


# -- the switches of the filter


@pytest.mark.parametrize(
    ("tables", "comes", "goes"),
    [
        (TABLES, False, False),
        (exempting(inbound=(FarEnd.PARTNER,)), True, False),
        (exempting(outbound=(FarEnd.PARTNER,)), False, True),
        (exempting(inbound=tuple(set(FarEnd) - {FarEnd.PARTNER})), False, False),
        (saying(RowContent(filter=False)), True, True),
        (saying(RowContent(filter=True), exempting(tuple(FarEnd), tuple(FarEnd))), False, False),
    ],
)
def test_f114_a_direction_a_kind_and_a_row_have_switches_of_their_own(tables: Tables, comes: bool, goes: bool) -> None:
    edge = engine(tables, filter=FILTER)
    assert passes(edge, inbound(body=URL), FROM_FABRIKAM) is comes
    assert passes(edge, outbound(body=URL), FROM_SERVER) is goes
    assert answered_with_url(edge, outbound(), FROM_SERVER, FROM_FABRIKAM) is comes
    assert answered_with_url(edge, inbound(), FROM_FABRIKAM, FROM_SERVER) is goes
    assert passes(edge, inbound(body=b"lunch?"), FROM_FABRIKAM)


@pytest.mark.parametrize(("sender_filters", "receiver_filters"), list(product([True, False], repeat=2)))
def test_f114_f115_of_two_edges_either_is_enough_and_each_filters_for_itself(
    sender_filters: bool, receiver_filters: bool
) -> None:
    """Theirs and ours: what leaves one comes to the other."""
    theirs = engine(filter=FILTER if sender_filters else None)
    ours = engine(filter=FILTER if receiver_filters else None)
    leaves = only(receive(theirs, outbound(body=URL), FROM_SERVER))
    assert (leaves.came_from is INSIDE) is not sender_filters
    if leaves.came_from is None:
        assert parse(leaves.data).status == 606
        return
    arriving = inbound("X-Verified-User: verified", body=bytes(parse(leaves.data).body))
    assert passes(ours, arriving, FROM_FABRIKAM) is not receiver_filters


def test_what_a_clearing_house_carries_is_filtered_unless_both_ends_are_exempt() -> None:
    house = replace(TABLES, federation=Federation(clearing_house=True))
    data = inbound(uri="sip:w@woodgrove.example", to="<sip:w@woodgrove.example>", body=URL)
    both = ContentSwitches(frozenset({FarEnd.PARTNER}), frozenset({FarEnd.PARTNER}))
    for switches, expected in [
        (ContentSwitches(), False),
        (ContentSwitches(exempt_inbound=both.exempt_inbound), False),
        (ContentSwitches(exempt_outbound=both.exempt_outbound), False),
        (both, True),
    ]:
        edge = engine(replace(house, content=switches), filter=FILTER)
        assert passes(edge, data, FROM_FABRIKAM) is expected


def test_one_of_our_users_outside_is_a_far_end_of_his_own_kind() -> None:
    stranger = Link(9, OUTSIDE, FROM_FABRIKAM.transport, "203.0.113.50", 5060)
    data = inbound(via="SIP/2.0/UDP 203.0.113.50;branch=z9hG4bK-r", from_="<sip:rex@contoso.example>;tag=r", body=URL)
    for exempt in ((), (FarEnd.REMOTE_USER,)):
        tables = replace(exempting(exempt, exempt), federation=Federation(remote_access=True))
        assert passes(engine(tables, filter=FILTER), data, stranger) is bool(exempt)
        clean = data.replace(URL, b"x" * len(URL))
        assert answered_with_url(engine(tables, filter=FILTER), clean, stranger, FROM_SERVER) is bool(exempt)


def test_who_answers_without_having_been_called_is_filtered() -> None:
    edge = engine(exempting(tuple(FarEnd), tuple(FarEnd)), filter=FILTER)
    asked = parse(only(receive(edge, outbound(), FROM_SERVER)).data)
    moved = respond(asked, 200, headers=[("Content-Type", "text/plain")], body=URL)
    assert sent(receive(edge, moved, FROM_FABRIKAM))
    moved = moved.replace(b"To: <sip:alice@fabrikam.example>", b"To: <sip:alice@elsewhere.example>")
    actions = receive(edge, moved, FROM_FABRIKAM)
    assert (sent(actions), fate(actions)) == ([], [("discarded", OUTSIDE, "response-filtered")])


@pytest.mark.parametrize("name", FarEnd)
def test_every_kind_is_of_some_end_and_exempt_by_its_name_alone(name: FarEnd) -> None:
    ends = {
        FarEnd.PARTNER: FABRIKAM,
        FarEnd.FEDERATED_DOMAIN: next(iter(CROSSROADS.federated.rows.values())),
        FarEnd.STATIC_ROUTE: CROSSROADS.static_routes.rows[0],
        FarEnd.PROVIDER: CROSSROADS.providers[1],
        FarEnd.PUBLIC_PROVIDER: MSN,
        FarEnd.DISCOVERED: CROSSROADS.discovered,
        FarEnd.DEFAULT_ROUTE: EXCHANGE,
        FarEnd.REMOTE_USER: FarEnd.REMOTE_USER,
    }
    for other in FarEnd:
        switches = replace(TABLES, content=ContentSwitches(exempt_inbound=frozenset({other})))
        chain: list[Line] = []
        content = content_between(switches, chain, coming=(ends[name],))
        assert content.filtered is (other is not name)
        assert content_between(switches, [], going=(ends[name],)).filtered
        told_of = [told(line) for line in chain if "not filtered" in told(line)]
        assert told_of == [f"content is not filtered: {name} is in [filter] exempt_inbound"] * (other is name)


def test_nobody_at_all_is_filtered() -> None:
    everybody = ContentSwitches(frozenset(FarEnd), frozenset(FarEnd))
    for ends in ((), (None,)):
        assert content_between(replace(TABLES, content=everybody), [], coming=ends) == Content()


def test_where_nobody_says_anything_nothing_is_computed() -> None:
    assert (TABLES.content_is_uniform, CROSSROADS.content_is_uniform) == (True, False)
    assert content_between(TABLES, [], coming=(FABRIKAM,)) is EVERYTHING


# -- plain text only


def sdp(*media: str) -> bytes:
    """A session description with these media."""
    lines = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", *media]
    return "\r\n".join([*lines, ""]).encode()


IM = "m=message 5060 sip null"
OLD_IM = "m=x-ms-message 5060 sip null"
FILE = "Application-Name: File Transfer\r\nInvitation-Command: INVITE\r\n"

#: a line for the head or none, type, body; what becomes of it in a MESSAGE and in an INVITE: None passes
CONTENT: list[tuple[str, str | None, bytes, int | None, int | None]] = [
    ("", "text/plain", b"lunch?", None, None),
    ("", "TEXT / Plain; charset=UTF-8; msgr=WAA", b"lunch?", None, None),
    ("", None, b"lunch?", None, None),
    ("", "application/im-iscomposing+xml", b"<isComposing/>", None, None),
    ("", "text/html", b"<b>lunch</b>", 415, 415),
    ("", "text/rtf", rb"{\rtf1 lunch}", 415, 415),
    ("", "multipart/alternative; boundary=b", b"--b\r\n\r\nlunch\r\n--b--\r\n", 415, 415),
    ("", "text/x-msmsgsinvite", FILE.encode(), 415, 415),
    ("", "image/gif", b"GIF89a", 415, 415),
    ("Content-Type: text/html", "text/plain", b"lunch?", 415, 415),
    ("", "application/sdp", sdp(IM), 415, None),
    ("", "application/sdp", sdp(OLD_IM), 415, None),
    ("", "application/sdp", sdp("m=audio 49170 RTP/AVP 0"), 415, 488),
    ("", "application/sdp", sdp(IM, "M = Video 49172 RTP/AVP 31"), 415, 488),
    ("", "application/sdp", sdp(IM, "m=audio 0 RTP/AVP 0"), 415, None),
    ("", "application/sdp", sdp("m=applicationsharing 1 TCP/RTP/AVP 127"), 415, 488),
    ("", "application/sdp", sdp("m=message 7654 TCP/MSRP *", 'a=file-selector:name:"a.txt"'), 415, 488),
    ("", "application/sdp", sdp("m="), 415, 488),
    ("Content-Encoding: gzip", "application/sdp", b"\x1f\x8b", 415, 488),
    ("ms-text-format: text/plain; charset=UTF-8;ms-body=bHVuY2g=", "application/sdp", sdp(IM), 415, None),
    ("ms-text-format: text/rtf; charset=UTF-8;ms-body=bHVuY2g=", "application/sdp", sdp(IM), 415, 415),
    ("ms-im-format: text/html; ms-body=bHVuY2g=", "application/sdp", sdp(IM), 415, 415),
    ("ms-text-format: text/x-msmsgsinvite;ms-body=bHVuY2g=", "application/sdp", sdp(IM), 415, 415),
]


@pytest.mark.parametrize(("extra", "of_type", "body", "message", "invite"), CONTENT)
def test_f093_where_plain_text_alone_is_taken_the_rest_is_told_which_it_is(
    extra: str, of_type: str | None, body: bytes, message: int | None, invite: int | None
) -> None:
    edge = engine(saying(PLAIN))
    for method, expected in (("MESSAGE", message), ("INVITE", invite)):
        for make, link_ in ((inbound, FROM_FABRIKAM), (outbound, FROM_SERVER)):
            data = make(*[extra] * bool(extra), method=method, content_type=of_type, body=body)
            for _ in range(3):
                send = only(receive(edge, data, link_))
                assert (parse(send.data).status if send.came_from is None else None) == expected, (method, body)
            assert only(receive(engine(), data, link_)).came_from is not None, "nobody else minds"


def test_f093_a_refusal_says_what_is_taken() -> None:
    edge = engine(saying(PLAIN))
    html = parse(only(receive(edge, outbound(content_type="text/html", body=b"<b>"), FROM_SERVER)).data)
    assert (html.status, html.reason) == (415, "Unsupported Media Type")
    assert html["Accept"] == "application/sdp, text/plain, application/im-iscomposing+xml"
    call = outbound(method="INVITE", content_type="application/sdp", body=sdp("m=audio 1 RTP/AVP 0"))
    actions = receive(edge, call, FROM_SERVER)
    refused = parse(only(actions).data)
    assert (refused.status, refused["Warning"]) == (488, '304 edge.contoso.example "Media type not available"')
    assert counted(actions) == [("refused", INSIDE, "unfit-session", "488")]


@pytest.mark.parametrize(
    ("method", "of_type", "body", "expected"),
    [
        ("SUBSCRIBE", "application/adrl+xml", b"<adhoclist/>", None),
        ("NOTIFY", "text/xml+msrtc.pidf", b"<presence/>", None),
        ("NOTIFY", "multipart/related; boundary=b", b"--b--", None),
        ("INFO", "application/ms-filetransfer+xml", b"<request/>", 415),
        ("INFO", "text/x-msmsgsinvite", b"", None),
        ("UPDATE", "application/sdp", sdp("m=video 1 RTP/AVP 31"), 488),
        ("REFER", "application/sdp", sdp(IM), None),
    ],
)
def test_f093_presence_passes_and_offers_and_media_do_not_in_any_request(
    method: str, of_type: str, body: bytes, expected: int | None
) -> None:
    data, server = outbound(method=method, content_type=of_type, body=body), FROM_SERVER
    send = only(receive(engine(saying(PLAIN)), data, server))
    assert (parse(send.data).status if send.came_from is None else None) == expected


@pytest.mark.parametrize("method", ["ACK", "BENOTIFY"])
def test_f093_what_is_never_answered_is_discarded(method: str) -> None:
    route = route_set(OUTSIDE, OUTSIDE)
    body = sdp("m=audio 1 RTP/AVP 0")
    data, partner = in_dialog(OUTSIDE, route, method=method, content_type="application/sdp", body=body)
    actions = receive(engine(saying(PLAIN)), data, partner)
    assert (sent(actions), counted(actions)) == ([], [("discarded", OUTSIDE, "unfit-session")])


def test_f093_a_response_begins_no_other_session_either() -> None:
    edge = engine(saying(PLAIN))
    asked = parse(only(receive(edge, outbound(method="INVITE", body=b""), FROM_SERVER)).data)
    for media, passes_ in ((IM, True), ("m=audio 1 RTP/AVP 0", False)):
        reply = respond(asked, 200, headers=[("Content-Type", "application/sdp")], body=sdp(media))
        actions = receive(edge, reply, FROM_FABRIKAM)
        assert bool(sent(actions)) is passes_
        assert passes_ or counted(actions) == [("discarded", OUTSIDE, "response-unfit")]


def test_f093_the_limit_stands_behind_the_filter_and_holds_without_it() -> None:
    html = inbound(content_type="text/html", body=b'<a href="http://www.adatum.example/">x</a>')
    for content, status in ((FILTER, 606), (None, 415)):
        edge = engine(saying(PLAIN), filter=content)
        assert parse(only(receive(edge, html, FROM_FABRIKAM)).data).status == status
    exempt = saying(RowContent(filter=False, media=Media.PLAIN_TEXT))
    assert parse(only(receive(engine(exempt, filter=FILTER), html, FROM_FABRIKAM)).data).status == 415


@pytest.mark.parametrize(("content", "link_in_plain_text"), [(FILTER, 606), (None, None)])
def test_f093_what_a_flow_has_sent_before_lets_it_send_nothing_else(
    content: ImFilter | None, link_in_plain_text: int | None
) -> None:
    html = {"content_type": "text/html", "body": b"<b>lunch</b>"}
    for make, link_ in ((inbound, FROM_FABRIKAM), (outbound, FROM_SERVER)):
        edge = engine(saying(PLAIN), filter=content)
        sends = [only(receive(edge, make(**changes), link_)) for changes in [{}, {}, html, {}, {"body": URL}, html]]
        statuses = [parse(send.data).status if send.came_from is None else None for send in sends]
        assert statuses == [None, None, 415, None, link_in_plain_text, 415]


def test_f093_a_public_provider_is_limited_by_default_in_both_directions() -> None:
    edge = engine(CROSSROADS)
    edge.resolved(SrvFact.of("hotmail.example", "federation.messenger.msn.com", expires=9.0), 0.0)
    peer = link("federation.messenger.msn.com")
    far = {"via": "SIP/2.0/TLS federation.messenger.msn.com;branch=z9hG4bK-m", "from_": "<sip:m@hotmail.example>;tag=m"}
    for of_type, expected in (("text/plain", None), ("text/html", 415)):
        comes = only(receive(edge, inbound(content_type=of_type, **far), peer))
        goes = only(receive(edge, outbound(uri="sip:m@hotmail.example", content_type=of_type), FROM_SERVER))
        for send in (comes, goes):
            assert (parse(send.data).status if send.came_from is None else None) == expected
    hosted = outbound(uri="sip:x@tailspin.example", content_type="text/html")
    assert only(receive(edge, hosted, FROM_SERVER)).came_from is INSIDE


def test_f093_what_a_clearing_house_carries_is_limited_for_either_end() -> None:
    house = saying(PLAIN, HOUSE)
    html = inbound(
        uri="sip:x@tailspin.example",
        to="<sip:x@tailspin.example>",
        via="SIP/2.0/TLS edge.fabrikam.example;branch=z9hG4bK-h",
        content_type="text/html",
    )
    for tables, expected in ((HOUSE, None), (house, 415)):
        send = only(receive(engine(tables), html, link("edge.fabrikam.example")))
        assert (parse(send.data).status if send.came_from is None else None) == expected


# -- told


def test_an_explanation_and_a_summary_tell_of_switches_and_limits() -> None:
    tables = saying(RowContent(filter=False, media=Media.PLAIN_TEXT), exempting((), (FarEnd.PARTNER,)))
    html = parse(inbound(content_type="text/html", body=b"<b>lunch</b>"))
    found = explain(html, FROM_FABRIKAM, tables, content=FILTER, keys=KEYS, users=None)
    assert found.trace is not None
    chain = found.trace.decision.chain
    assert "content is not filtered: 'Fabrikam' ([[partner]]) has filter = false" in chain
    assert "plain text only: 'Fabrikam' ([[partner]]) has media = \"plain-text\"" in chain
    assert chain[-2:] == ("MESSAGE with the type 'text/html'", "answered 415 Unsupported Media Type: unfit-type")
    lines = list(summary(tables, None))
    assert "content is not filtered to ends outside of the kind partner" in lines
    (partner,) = [line for line in lines if line.startswith("fabrikam.example is Fabrikam")]
    assert partner.endswith(", verified-by-provider, not filtered, plain text only")


# -- properties

PIECES = st.lists(
    st.sampled_from(
        [b"m=", b"audio", b"message", b" 5060", b" 0", b"/", b"\r\n", b"\n", b"\r", b"\0", b"a=", b" ", b"M"]
    ),
    max_size=12,
)


@given(PIECES, PIECES, st.sampled_from(["\r\n", "\n", "\r"]))
def test_nothing_before_or_behind_it_hides_a_medium_that_is_alive(
    before: list[bytes], behind: list[bytes], end: str
) -> None:
    line = f"{end}m=audio 49170 RTP/AVP 0{end}".encode()
    body = b"".join([*before, line, *behind])
    message = parse(inbound(method="INVITE", content_type="application/sdp", body=body))
    assert unfit_session(message) is not None


@given(PIECES, st.sampled_from(["text/plain", "text/x-msmsgsinvite", ";", "", "a/b, c/d", "multipart/mixed"]))
def test_any_content_of_any_type_is_fit_or_is_not_and_can_be_told(pieces: list[bytes], of_type: str) -> None:
    body = b"".join(pieces)
    for method, passing in (("MESSAGE", {"text/plain"}), ("INVITE", {"text/plain"}), ("NOTIFY", None)):
        message = parse(inbound(f"Content-Type: {of_type}", method=method, content_type=None, body=body))
        unfit = unfit_for_plain_text(message)
        refused = of_type == "text/x-msmsgsinvite" if passing is None else of_type not in passing
        assert (unfit is not None) is (refused and bool(body))
        assert unfit is None or unfit.line.isprintable()
