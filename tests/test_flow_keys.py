"""The key of a flow, and decisions kept by it: whoever remembers decides as one who does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from edge_world import (
    DIRECT,
    FROM_FABRIKAM,
    FROM_INSIDE_STRANGER,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    KEYS,
    OUTSIDE,
    SIDES,
    TABLES,
    engine,
    in_dialog,
    inbound,
    only,
    outbound,
    receive,
    route_set,
)
from federated_world import CROSSROADS, USERS
from federated_world import link as certified
from guard import flush_against_guard_page
from hypothesis import given
from hypothesis import strategies as st
from messages import without

from sipcore import HeaderError, ImFilter, Message, parse
from sipcore.edge.actions import Link
from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import Flow
from sipcore.edge.hashes import Keys
from sipcore.edge.judging import REMEMBERED_DECISIONS
from sipcore.edge.memory import RecentlyUsed
from sipcore.edge.reading import OwnRoutes, own_routes, read_flow
from sipcore.edge.tables import LinkClass
from sipcore.errors import ParseError

ASSERTION = TABLES.verification.assertion_header
FLOWS = KEYS.flows(ASSERTION)
LINKS = [FROM_SERVER, FROM_FABRIKAM, FROM_WOODGROVE, FROM_STRANGER, FROM_INSIDE_STRANGER]


def key_of(message: Message, link: Link = FROM_FABRIKAM, generation: int = 0, keys: Keys = KEYS) -> bytes | None:
    """The key of a request on that link."""
    routes = own_routes(message, link.side, TABLES, keys)
    where = (link.side is INSIDE, link.remote_host, routes.domains, routes.more, routes.broken)
    return keys.flows(ASSERTION).of(message, *where, generation)


def flow_of(message: Message, link: Link) -> Flow | None:
    """What policy sees of it where there is no directory, so that users are nobody's business; None where it cannot be
    read. With one, the judge puts the users into the key."""
    try:
        return replace(read_flow(message, link, own_routes(message, link.side, TABLES, KEYS), TABLES), from_user="")
    except HeaderError:
        return None


# -- the key


def test_a_key_is_128_bits() -> None:
    key = key_of(parse(inbound()))
    assert key is not None
    assert len(key) == 16


DIFFERENT: list[bytes] = [
    inbound(method="NOTIFY"),
    inbound(method="message"),
    inbound(uri="sip:bob@emea.contoso.example"),
    inbound(uri="sips:bob@spam.example"),
    inbound(uri="tel:+12025550100"),
    inbound(uri="sip:bob@contoso.example;maddr=192.0.2.9"),
    inbound(from_="<sip:alice@woodgrove.example>;tag=a-tag"),
    inbound(from_="<tel:+12025550100>;tag=a-tag"),
    inbound(to="<sip:bob@woodgrove.example>"),
    inbound(to="<sip:bob@contoso.example>;tag=x"),
    inbound("P-Asserted-Identity: <sip:alice@fabrikam.example>"),
    inbound("P-Asserted-Identity: <sip:alice@fabrikam.example>", "P-Asserted-Identity: <tel:+1>"),
    inbound("P-Asserted-Identity: <sip:alice@fabrikam.example>, <tel:+1>"),
    inbound("Proxy-Require: ms-benotify"),
    inbound("Proxy-Require: ms-benotify", "Proxy-Require: ms-benotify"),
    inbound(f"{ASSERTION}: verified"),
    inbound(f"{ASSERTION}: ms-benotify"),
    inbound(f"{ASSERTION}: unverified"),
    inbound(f"{ASSERTION}:"),
    inbound(f"{ASSERTION}:", f"{ASSERTION}:"),
    inbound("Route: <sip:next.example;lr>"),
    inbound(route_set(OUTSIDE, OUTSIDE), to="<sip:bob@contoso.example>;tag=x"),
    inbound("Route: <sip:192.0.2.1;lr;fd=x>"),
    without(inbound(), "From"),
    without(inbound(), "To"),
]
SAME: list[bytes] = [
    inbound(body=b"something else", call_id="c2", cseq=7, max_forwards=3),
    inbound(via="SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK9"),
    inbound("Subject: x", "X-Verified-Users: verified", "Contact: <sip:x@y.example>"),
    inbound(uri="sip:carol:secret@contoso.example:5061;x=1?h=maddr"),
    inbound(from_='"Alice" <sip:other@fabrikam.example;maddr=1>;x=1;tag=b'),
    inbound(to="sip:carol@contoso.example", from_="sip:alice@fabrikam.example"),
    inbound("Route: <sip:edge.contoso.example;lr>"),
]


def test_every_part_of_a_flow_is_in_its_key() -> None:
    keys = [key_of(parse(data)) for data in (inbound(), *DIFFERENT)]
    assert None not in keys
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("data", SAME)
def test_nothing_else_is_in_the_key(data: bytes) -> None:
    assert key_of(parse(data)) == key_of(parse(inbound()))


def test_the_link_the_generation_and_the_secret_are_in_the_key() -> None:
    data = parse(inbound())
    same_address = replace(FROM_FABRIKAM, side=INSIDE)
    keys = [key_of(data, link) for link in (*LINKS, same_address)]
    keys += [key_of(data, generation=number) for number in (1, 2, 2**64 - 1)]
    keys += [key_of(data, keys=Keys(b"another key of ours"))]
    assert len(set(keys)) == len(keys)
    with pytest.raises(OverflowError):
        key_of(data, generation=2**64)


@pytest.mark.parametrize(
    "data",
    [
        inbound(from_="<sip:@fabrikam.example>"),
        inbound(from_="*"),
        inbound(to="<sip:bob@contoso.example>, <sip:b@x.example>"),
        inbound(to='"bob <sip:bob@contoso.example>'),
        inbound(to="<sip:bob@contoso.example" + ";x" * 200 + ">"),
        inbound(uri="sip:bob@contoso.example:99999"),
    ],
)
def test_a_flow_that_cannot_be_read_has_no_key(data: bytes) -> None:
    assert key_of(parse(data)) is None
    assert flow_of(parse(data), FROM_FABRIKAM) is None


# -- messages that mean nearly the same

HOSTS = st.sampled_from(
    ["contoso.example", "Contoso.example", "contoso.example.", "fabrikam.example", "spam.example", "x", "[::1]", ""]
)
URIS = st.builds(
    "{0}:{1}{2}{3}".format,
    st.sampled_from(["sip", "sips", "SIP", "tel", ""]),
    st.sampled_from(["", "a@", "a:b@", "@"]),
    HOSTS,
    st.sampled_from(["", ":5060", ":x", ";maddr", ";Maddr=1", ";x=maddr", "?maddr=1"]),
)
ADDRESSES = st.builds(
    "{0}{1}{2}".format,
    st.sampled_from(["<", '"A, <x>" <', "A <", ""]),
    URIS,
    st.sampled_from([">", ">;tag=1", ">;tag", ">;x=1;TAG=2", ">, <sip:b@spam.example>", ";tag=1", ""]),
)
EXTRA = st.lists(
    st.one_of(
        ADDRESSES.map("P-Asserted-Identity: {}".format),
        st.sampled_from(["", "verified", " Verified ", "unverified", "\x85verified"]).map(f"{ASSERTION}: {{}}".format),
        st.sampled_from(["ms-benotify", "MS-benotify", "alpha", "a b", "a,b", ""]).map("Proxy-Require: {}".format),
        st.sampled_from(["<sip:192.0.2.1;lr>", "<sip:127.0.0.1;lr;fd=x>", "<sip:x>"]).map("Route: {}".format),
    ),
    max_size=3,
)  # fmt: skip
METHODS = st.sampled_from(["MESSAGE", "SUBSCRIBE", "ACK", "BENOTIFY", "message"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Requests that differ in what policy reads, well-formed or not, as often as not from one of two partners."""
    make = draw(st.sampled_from([inbound, outbound]))
    changes: dict[str, Any] = {"method": draw(METHODS)}
    for name, values in (("uri", URIS), ("from_", ADDRESSES), ("to", ADDRESSES)):
        if draw(st.integers(0, 3)) == 0:
            changes[name] = draw(values)
    data = make(*draw(EXTRA), **changes)
    return without(data, draw(st.sampled_from(["From", "To"]))) if draw(st.integers(0, 9)) == 0 else data


def parsed(data: bytes) -> Message | None:
    """The message, if it is one."""
    try:
        return parse(data)
    except ParseError:
        return None


@given(requests(), requests(), st.sampled_from(LINKS), st.sampled_from(LINKS))
def test_flows_with_one_key_are_one_flow(one: bytes, other: bytes, link: Link, other_link: Link) -> None:
    messages = [(parsed(one), link), (parsed(other), other_link)]
    seen: dict[bytes, Flow | None] = {}
    for message, came_on in messages:
        if message is None:
            continue
        flow = flow_of(message, came_on)
        try:
            key = key_of(message, came_on)
        except HeaderError:
            continue
        if key is not None:
            assert seen.setdefault(key, flow) == flow


@given(requests(), st.sampled_from(LINKS))
def test_a_key_is_made_of_nothing_behind_the_message(data: bytes, link: Link) -> None:
    with flush_against_guard_page(data) as view:
        try:
            message = parse(view)
        except ParseError:
            return
        key = FLOWS.of(message, link.side is INSIDE, link.remote_host, None, False, False, 0)
        assert key == FLOWS.of(parse(bytes(view)), link.side is INSIDE, link.remote_host, None, False, False, 0)


# -- decisions that are kept

DIALOGS = [in_dialog(said_by, route_set(begun_by, said_by)) for begun_by in SIDES for said_by in SIDES]
STEPS = st.lists(st.tuples(requests(), st.sampled_from(LINKS)) | st.sampled_from(DIALOGS), max_size=12)


@given(STEPS)
def test_an_engine_that_remembers_decides_as_one_that_does_not(steps: list[tuple[bytes, Link]]) -> None:
    remembering, forgetful = engine(filter=ImFilter()), engine(filter=ImFilter(), remember_decisions=False)
    for data, link in [*steps, *steps]:
        message = parsed(data)
        if message is not None:
            assert remembering.receive(message, link, 0.0) == forgetful.receive(message, link, 0.0)
    assert len(forgetful._judge._decisions) == 0


def decisions_of(monkeypatch: pytest.MonkeyPatch) -> list[Flow]:
    """The flows that are decided from now on, in order."""
    from sipcore.edge import judging

    decided: list[Flow] = []
    decide = judging.decide

    def deciding(flow: Flow, *arguments: Any) -> Any:
        decided.append(flow)
        return decide(flow, *arguments)

    monkeypatch.setattr(judging, "decide", deciding)
    return decided


def test_a_flow_is_decided_once_for_all_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decisions_of(monkeypatch)
    edge = engine()
    for number in range(1, 6):
        receive(
            edge,
            inbound(cseq=number, call_id=f"c{number}", from_=f"<sip:u{number}@fabrikam.example>;tag=1"),
            FROM_FABRIKAM,
        )
    assert [flow.peer for flow in decided] == [DIRECT]


def test_what_is_refused_is_decided_each_time_and_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decisions_of(monkeypatch)
    edge = engine()
    for _ in range(3):
        receive(edge, inbound(), FROM_STRANGER)
    assert (len(decided), len(edge._judge._decisions)) == (3, 0)


def test_a_dialog_is_decided_once_but_its_route_is_proven_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decisions_of(monkeypatch)
    edge = engine()
    data, link = in_dialog(OUTSIDE, route_set(OUTSIDE, OUTSIDE))
    del decided[:]
    assert receive(edge, data, link) == receive(edge, data, link)
    assert len(decided) == 1
    replayed = data.replace(b"Call-ID: c1", b"Call-ID: c2")
    assert receive(edge, replayed, link) == receive(engine(), replayed, link) != receive(edge, data, link)


def test_the_memory_of_decisions_is_bounded() -> None:
    assert REMEMBERED_DECISIONS == 8_192
    recent: RecentlyUsed[int, int] = RecentlyUsed(3)
    for number in range(100):
        recent.put(number, number)
        assert len(recent) <= 6
    assert [number for number in range(100) if recent.get(number) is not None] == [96, 97, 98, 99]


def test_what_is_used_stays_and_what_is_not_goes() -> None:
    recent: RecentlyUsed[str, int] = RecentlyUsed(2)
    recent.put("busy", 1)
    recent.put("idle", 2)
    for number in range(10):
        recent.put(f"new {number}", number)
        assert recent.get("busy") == 1
    assert recent.get("idle") is None


def test_a_memory_without_room_keeps_nothing() -> None:
    recent: RecentlyUsed[str, int] = RecentlyUsed(0)
    recent.put("a", 1)
    assert (recent.get("a"), len(recent)) == (None, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans())), st.integers(1, 4))
def test_a_memory_never_gives_another_value_than_the_last_that_was_put(
    steps: list[tuple[int, bool]], capacity: int
) -> None:
    recent: RecentlyUsed[int, int] = RecentlyUsed(capacity)
    last: dict[int, int] = {}
    for step, (key, puts) in enumerate(steps, 1):
        if puts:
            recent.put(key, step)
            last[key] = step
            assert recent.get(key) == step
        else:
            assert recent.get(key) in {None, last.get(key)}
        assert len(recent) <= 2 * capacity


def test_routes_that_lead_nowhere_of_ours_are_told_apart() -> None:
    assert own_routes(parse(inbound()), OUTSIDE, TABLES, KEYS) == OwnRoutes(0, None, None, False)
    assert own_routes(parse(inbound("Route: <sip:x.example;lr>")), OUTSIDE, TABLES, KEYS) == OwnRoutes(
        0, None, None, True
    )


# -- what else decides: users, certificates, records


def test_what_depends_on_users_is_kept_for_those_two_and_one_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decisions_of(monkeypatch)
    edge = engine(CROSSROADS, directory=USERS)
    for name in ("bob", "bob", "fay", "pam", "bob"):
        receive(edge, outbound(from_=f"<sip:{name}@contoso.example>;tag=1"), FROM_SERVER)
    assert [flow.from_user for flow in decided] == ["bob", "fay", "pam"]


def test_a_link_over_tls_is_known_by_its_certificate_not_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decisions_of(monkeypatch)
    edge = engine(CROSSROADS)
    via = "SIP/2.0/TLS edge.fabrikam.example;branch=z9hG4bK1"
    for name in ("edge.fabrikam.example", "edge.fabrikam.example", "sip.hosting.example"):
        receive(edge, inbound(via=via), certified(name))
    assert [flow.peer.names for flow in decided] == [("edge.fabrikam.example",), ("sip.hosting.example",)]


def test_f038_the_same_names_from_an_authority_of_another_class_are_decided_on_their_own() -> None:
    edge = engine(CROSSROADS)
    trusted = certified("sip.hosting.example")
    assert trusted.certificate is not None
    forged = replace(trusted, certificate=replace(trusted.certificate, classes=frozenset({LinkClass.PARTNER})))
    message = inbound(from_="<sip:joe@tailspin.example>;tag=1", via="SIP/2.0/TLS sip.hosting.example;branch=z9hG4bK1")
    sides = [only(receive(edge, message, link)).side for link in (trusted, trusted, forged, trusted)]
    assert sides == [INSIDE, INSIDE, OUTSIDE, INSIDE]  # outside is its 403


def test_what_a_record_has_decided_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = decisions_of(monkeypatch)
    edge = engine(CROSSROADS)
    edge.resolved(SrvFact.of("nwtraders.example", "sip.nwtraders.example", expires=9.0), 0.0)
    for number in range(1, 4):
        receive(edge, outbound(uri="sip:joe@nwtraders.example", cseq=number), FROM_SERVER)
    assert len(decided) == 3
