"""The engine at the limits of typed access, and far past them: whatever comes in numbers has one end.

What there is too much of in one header is in no accessor's reach (`HeaderError`), and each room asks for other values.
What leaves has more than what came, and is within the limits nevertheless.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from edge_world import (
    FROM_FABRIKAM,
    FROM_INSIDE_STRANGER,
    FROM_SERVER,
    FROM_STRANGER,
    FROM_WOODGROVE,
    INSIDE,
    engine,
    fate,
    inbound,
    only,
    outbound,
    receive,
    sent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore import Framer, ImFilter, Limits, Message, parse, respond
from sipcore.edge.actions import Failure, Link
from sipcore.edge.engine import Engine

FILTER = ImFilter()
#: Wide enough for a thousand values; of parameters the limit is the ordinary one, 64.
LIMITS = Limits(head=1 << 20, header=65_535, headers=2_000, start_line=1 << 16, via=2_000)
#: At the limit of parameters, beside it, and far past it.
COUNTS = [63, 64, 65, 1000]

ADDRESS, BELOW = "<sip:alice@fabrikam.example;lr>", "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK-below"
#: What is added to an ordinary request; what it has already is put in its place.
FIELDS = {
    "Via": BELOW,
    "Route": ADDRESS,
    "Record-Route": ADDRESS,
    "Contact": ADDRESS,
    "P-Asserted-Identity": ADDRESS,
    "From": "<sip:alice@fabrikam.example>;tag=a-tag",
    "To": "<sip:bob@contoso.example>;tag=b-tag",
    "Supported": "ms-benotify",
    "Proxy-Require": "ms-benotify",
    "Content-Type": "text/plain",
    "X-Verified-User": "verified",
    "ms-edge-proxy-message-trust": "ms-source-verified-user=verified",
}
#: What there may be too much of.
FORMS: dict[str, Callable[[str, int], str]] = {
    "values": lambda value, count: ", ".join([value] * count),
    "parameters": lambda value, count: value + numbered(";p", count),
    "parameters of a URI": lambda value, count: value.replace(">", numbered(";p", count) + ">"),
    "headers of a URI": lambda value, count: value.replace(">", "?" + numbered("&p", count, "=1")[1:] + ">"),
}
METHODS = ["MESSAGE", "INVITE", "ACK", "BYE", "CANCEL", "SUBSCRIBE", "NOTIFY", "BENOTIFY"]
SENDERS = [
    (inbound, FROM_FABRIKAM),
    (outbound, FROM_SERVER),
    (inbound, FROM_STRANGER),
    (outbound, FROM_INSIDE_STRANGER),
]


def numbered(before: str, count: int, behind: str = "") -> str:
    return "".join(f"{before}{number}{behind}" for number in range(count))


def with_field(request: bytes, name: str, value: str) -> bytes:
    """The request with this field for those it has of the name; Via is put below its own."""
    head, body = request.split(b"\r\n\r\n", 1)
    first, *lines = head.decode().split("\r\n")
    kept = [line for line in lines if name == "Via" or not line.startswith(f"{name}:")]
    return "\r\n".join([first, *kept, f"{name}: {value}", "", ""]).encode() + body


def crowded(field: str, form: str, count: int, make: Callable[..., bytes], method: str) -> Message:
    return parse(with_field(make(method=method), field, FORMS[form](FIELDS[field], count)), LIMITS)


def deal(edge: Engine, message: Message, link: Link, now: float) -> str:
    """Let the engine have it, and with it every loss of what leaves, and an answer to it. Returns what became of it."""
    actions = edge.receive(message, link, now)
    ((end, *_),) = fate(actions)
    for send in sent(actions):
        for failure in Failure:
            assert len(fate(edge.undelivered(send, now, failure))) == 1
        if send.side is not link.side and message.method not in {"ACK", "BENOTIFY"}:
            answer = parse(respond(parse(send.data, LIMITS), 200), LIMITS)
            answered = edge.receive(answer, FROM_SERVER if send.side is INSIDE else FROM_FABRIKAM, now)
            assert [each[0] for each in fate(answered)] == ["forwarded"]
    return end


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(field=st.sampled_from(list(FIELDS)), method=st.sampled_from(METHODS), sender=st.sampled_from(SENDERS))
def test_whatever_comes_in_numbers_has_one_end_and_its_answer_goes_back(
    count: int, form: str, field: str, method: str, sender: tuple[Callable[..., bytes], Link]
) -> None:
    make, link = sender
    edge, slow = engine(filter=FILTER, limits=LIMITS), engine(filter=FILTER, limits=LIMITS, remember_decisions=False)
    message = crowded(field, form, count, make, method)
    ends = [deal(edge, message, link, now) for now in (0.0, 1.0, 2.0)]
    assert ends == [deal(slow, message, link, now) for now in (0.0, 1.0, 2.0)]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("method", ["MESSAGE", "BENOTIFY"])
def test_a_flow_that_was_decided_is_not_led_astray_by_a_crowded_message(method: str, count: int) -> None:
    """What the express lane has learnt from ordinary messages does not go for these."""
    edge, slow = engine(filter=FILTER, limits=LIMITS), engine(filter=FILTER, limits=LIMITS, remember_decisions=False)
    for each in (edge, slow):
        for _ in range(2):
            receive(each, inbound(method=method), FROM_FABRIKAM)
    for field, form in product(FIELDS, FORMS):
        message = crowded(field, form, count, inbound, method)
        assert edge.receive(message, FROM_FABRIKAM, 3.0) == slow.receive(message, FROM_FABRIKAM, 3.0)


# -- what leaves is within the limits, too

STEADY = {"via": "SIP/2.0/TCP 192.0.2.30:5065;branch=z9hG4bK-in", "from_": "<sip:w@woodgrove.example>;tag=w"}


def padded(room: int) -> list[str]:
    """Lines of so many bytes together, no one of them too long."""
    sizes = [*[8_000] * (room // 8_000 - 1), 4_000, 4_000 + room % 8_000]
    return ["X-Padding: " + "x" * (size - len("X-Padding: \r\n")) for size in sizes]


#: Requests that come ever nearer to one of the limits, and why the last of them are refused.
GROWING: dict[str, tuple[Callable[[int], bytes], range, str]] = {
    "Vias": (lambda vias: inbound(*[f"Via: {BELOW}"] * (vias - 1), **STEADY), range(66, 71), "too-many-vias"),
    "Vias in one line": (
        lambda vias: inbound("Via: " + ", ".join([BELOW] * (vias - 1)), **STEADY), range(66, 71), "too-many-vias"
    ),
    "fields": (lambda fields: inbound(*["X-Field: x"] * (fields - 8), **STEADY), range(245, 257), "too-large"),
    "a field": (
        lambda size: inbound(**STEADY | {"via": f"{STEADY['via']};rport;x=".ljust(size - len("Via: \r\n"), "x")}),
        range(8_040, 8_193, 8), "too-large",
    ),
    "the head": (
        lambda size: inbound(*padded(size - inbound(**STEADY).index(b"\r\n\r\n") - 4), **STEADY),
        range(65_000, 65_537, 16), "too-large",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", GROWING)
def test_what_would_leave_past_the_limits_is_refused_and_what_leaves_is_answered_within_them(what: str) -> None:
    """The answer repeats our Via and our note, and its connection carries other people's messages."""
    make, sizes, why = GROWING[what]
    edge, slow = engine(), engine(remember_decisions=False)
    for each in (edge, slow):
        receive(each, inbound(**STEADY), FROM_WOODGROVE)
    ends = []
    for size in sizes:
        actions = receive(edge, make(size), FROM_WOODGROVE)
        assert actions == receive(slow, make(size), FROM_WOODGROVE)
        ((end, _, reason, *_),) = fate(actions)
        ends.append(end)
        if end == "forwarded":
            framer = Framer()
            framer.feed(respond(parse(only(actions).data), 200))
            (answer,) = framer
            assert [each[0] for each in fate(edge.receive(answer, FROM_SERVER, 0.0))] == ["forwarded"]
        else:
            assert reason == why
    assert ends == sorted(ends), "once it is too much, more of it is, too"
    assert set(ends) == {"forwarded", "refused"}


def test_a_response_that_would_leave_past_the_limits_is_discarded_and_counted() -> None:
    edge = engine()
    answer = respond(parse(only(receive(edge, outbound(), FROM_SERVER)).data), 200)
    lines = "".join(f"{line}\r\n" for line in padded(65_530 - len(answer))).encode()
    actions = receive(edge, answer.replace(b"Content-Length", lines + b"Content-Length"), FROM_FABRIKAM)
    assert fate(actions) == [("discarded", "outside", "response-too-large")]
