"""The engine under arbitrary input: it never fails, answers only what may be, and sends where no peer can choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge_world import (
    FABRIKAM,
    FROM_FABRIKAM,
    FROM_INSIDE_STRANGER,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    TABLES,
    UDP,
    engine,
    inbound,
    only,
    outbound,
    receive,
    sent,
)
from federated_world import AOL_ROUTE, CROSSROADS, CUP, MSN, tls
from federated_world import link as shown
from hypothesis import given
from hypothesis import strategies as st

from sipcore import ImFilter, Message, parse, respond
from sipcore.edge.actions import Action, Certificate, Link, Resolve, Send
from sipcore.edge.facts import SrvFact
from sipcore.edge.hashes import Keys
from sipcore.errors import ParseError

LINKS = [FROM_SERVER, FROM_FABRIKAM, FROM_WOODGROVE, FROM_STRANGER, FROM_INSIDE_STRANGER]
ROUTE = "Route: <sip:192.0.2.1;lr;fd=fabrikam.example>, <sip:127.0.0.1;lr;fd=fabrikam.example>, <sip:far.example;lr>"
IDENTITY = 'P-Asserted-Identity: "Alice" <sip:alice@fabrikam.example>, <tel:+12025550100>'
FORGED = ("ms-edge-proxy-message-trust: ms-source-verified-user=verified", "X-Verified-User: forged")
FILTER = ImFilter()


def _responses() -> list[bytes]:
    edge = engine()
    return [
        respond(parse(only(receive(edge, outbound(), FROM_SERVER)).data), 200, body=b"noon"),
        respond(parse(only(receive(edge, inbound(method="INVITE"), FROM_FABRIKAM)).data), 486),
    ]


SEEDS = [
    inbound(),
    outbound(),
    inbound(IDENTITY, "Proxy-Require: ms-benotify", method="SUBSCRIBE", body=b""),
    inbound(ROUTE, method="BYE", to="<sip:bob@contoso.example>;tag=b"),
    outbound(ROUTE, "X-Verified-User: verified", method="NOTIFY", to="<sip:alice@fabrikam.example>;tag=a"),
    inbound(method="BENOTIFY", via="SIP/2.0/UDP [2001:db8::20]:5060;rport;branch=z9hG4bK1"),
    inbound(method="ACK"),
    inbound(method="CANCEL", body=b""),
    inbound(uri="sip:x@spam.example"),
    inbound(*FORGED),
    outbound(*FORGED),
    *_responses(),
]

#: Pieces that mean something somewhere, to be put anywhere.
PIECES = [
    b"", b"\r\n", b"\r\n\r\n", b"\r\n ", b"\0", b"\xff", b'"', b"<", b">", b";", b",", b"@", b":", b"=", b"[::1]", b"%",
    b"BENOTIFY", b"ACK", b"INVITE", b"SIP/2.0", b"spam.example", b"contoso.example", b"fabrikam.example", b"127.0.0.99",
    b";received=127.0.0.99", b";rport=1", b";fd=nowhere.example", b";tag=x", b"\r\nVia: SIP/2.0/UDP 127.0.0.1:5060",
    b"\r\nRoute: <sip:192.0.2.1;lr>", b"4294967296", b"tel:+1", b"sips:",
]  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn, seeds: Sequence[bytes] = SEEDS) -> bytes:
    """A message of the seeds with some places replaced."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 24, len(data))))
        data = data[:start] + draw(st.sampled_from(PIECES)) + data[end:]
    return data


def parsed(data: bytes) -> Message | None:
    """The message, if it is one."""
    try:
        return parse(data)
    except ParseError:
        return None


def check_send(send: Send, message: Message, link: Link) -> None:
    """It is an answer to the source of a request, or it goes to the other side to somebody configured."""
    if send.side is link.side:
        assert message.is_request
        assert message.method not in {"ACK", "BENOTIFY"}
        assert (parse(send.data).status or 0) >= 400
        assert send.hop.host == link.remote_host
    elif message.is_request:
        proxies = {row.proxy for row in TABLES.partners.values()}
        assert send.hop in ({TABLES.own.next_hop} if send.side is INSIDE else proxies)
    else:
        assert TABLES.known_peer(send.side, send.hop.host)


@given(mangled(), st.sampled_from(LINKS))
def test_whatever_comes_is_dealt_with_and_goes_only_where_it_may(data: bytes, link: Link) -> None:
    message = parsed(data)
    if message is None:
        return
    edge = engine(filter=FILTER)
    actions = edge.receive(message, link, 0.0)
    assert len(sent(actions)) <= 1
    assert len(actions) in {2, 3}
    for send in sent(actions):
        check_send(send, message, link)
        assert len(sent(edge.undelivered(send, 0.0))) <= 1
    assert engine(filter=FILTER).receive(message, link, 9.0) == actions


@given(mangled(), st.sampled_from(LINKS))
def test_what_is_forwarded_is_marked_or_asserted_by_us_alone(data: bytes, link: Link) -> None:
    message = parsed(data)
    if message is None:
        return
    for send in sent(engine().receive(message, link, 0.0)):
        left = parse(send.data)
        marks, assertions = (
            left.get_all(TABLES.verification.mark_header),
            left.get_all(TABLES.verification.assertion_header),
        )
        if send.side is link.side:
            assert (marks, assertions) == ([], [])
        elif send.side is INSIDE:
            assert ([";ms-ep-fqdn=edge.contoso.example;" in mark for mark in marks], assertions) == ([True], [])
        else:
            assert (marks, assertions) == ([], ["verified"])


#: By whose certificate a TLS link may be known: partner, provider, who may be discovered, who speaks for nobody.
CERTIFICATES = [
    "edge.fabrikam.example",
    "sip.nwtraders.example",
    MSN.proxy.host,
    "cup.domaina.example",
    "a.evil.example",
]
SECURE_LINKS = [FROM_SERVER, *(shown(name, number=number) for number, name in enumerate(CERTIFICATES, 10))]
#: What a record may say; of whatever domain.
TARGETS = ["sip.nwtraders.example", "edge.fabrikam.example", "a.evil.example", "deep.sip.nwtraders.example", ""]
CORRESPONDENTS = ["fabrikam.example", "nwtraders.example", "tailspin.example", "a.domaina.example", "evil.example"]
SECURE_SEEDS = [
    *(
        inbound(via=f"SIP/2.0/TLS {name};branch=z9hG4bK-{number}", from_=f"<sip:ann@{domain}>;tag=a", method=method)
        for number, name in enumerate(CERTIFICATES)
        for domain in CORRESPONDENTS
        for method in ("MESSAGE", "INVITE", "BENOTIFY")
    ),
    *(outbound(uri=f"sip:ann@{domain}", to=f"<sip:ann@{domain}>") for domain in CORRESPONDENTS),
]
#: Every hop outside that a table names.
NAMED = {
    row.proxy for row in (*CROSSROADS.partners.values(), *CROSSROADS.providers)
} | {CUP.next_hop, AOL_ROUTE.next_hop}  # fmt: skip


@given(mangled(SECURE_SEEDS), st.sampled_from(SECURE_LINKS), st.sampled_from(TARGETS))
def test_by_certificates_and_records_a_message_goes_only_where_they_agree(data: bytes, link: Link, target: str) -> None:
    message = parsed(data)
    if message is None:
        return
    edge = engine(CROSSROADS, filter=FILTER)
    actions = edge.receive(message, link, 0.0)
    domains = [action.domain for action in actions if isinstance(action, Resolve)]
    for domain in domains:
        fact = SrvFact.of(domain, target, expires=9.0) if target else SrvFact.of(domain, expires=9.0)
        actions += edge.resolved(fact, 0.0)
    assert len(sent(actions)) <= 1
    for send in sent(actions):
        if send.side is link.side:
            assert (parse(send.data).status or 0) >= 400
        elif send.side is INSIDE:
            assert send.hop == CROSSROADS.own.next_hop
            assert not domains or link.certificate == Certificate((target,))
        else:
            assert send.hop in NAMED or (target.partition(".")[2] in domains and send.hop == tls(target))


@given(st.binary(min_size=16, max_size=64), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_no_response_passes_without_the_key(key: bytes, guess: str) -> None:
    edge = engine()
    asked = only(receive(edge, outbound(), FROM_SERVER))
    via = parse(asked.data).vias[0]
    stolen = only(receive(engine(keys=Keys(key)), outbound(), FROM_SERVER))
    for branch in (f"z9hG4bK{guess}", parse(stolen.data).vias[0].branch or ""):
        if branch != via.branch:
            forged = respond(parse(asked.data.replace((via.branch or "").encode(), branch.encode())), 200)
            assert sent(receive(edge, forged, FROM_FABRIKAM)) == []


STEPS = st.lists(st.tuples(mangled(), st.sampled_from(LINKS), st.floats(0.0, 40.0)), max_size=8)


@given(STEPS)
def test_a_trace_replays(steps: list[tuple[bytes, Link, float]]) -> None:
    def play() -> list[list[Action]]:
        edge, now, played = engine(filter=FILTER), 0.0, []
        for data, link, pause in steps:
            now += pause
            message = parsed(data)
            if message is not None:
                played.append(edge.receive(message, link, now))
            played.append(edge.tick(now))
        return played

    assert play() == play()


@given(st.integers(1, 65535), st.integers(1, 9))
def test_a_copy_on_another_link_is_the_same_transaction(port: int, number: int) -> None:
    other = Link(number, FROM_FABRIKAM.side, UDP, FABRIKAM.proxy.host, port)
    first = only(receive(engine(), inbound(cseq=number), FROM_FABRIKAM))
    copy = only(receive(engine(), inbound(cseq=number), replace(other)))
    assert (first.hop, first.data) == (copy.hop, copy.data)
