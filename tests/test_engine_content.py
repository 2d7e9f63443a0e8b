"""What the engine makes of a verdict: refused, changed on the way, or counted and let pass (`sipcore.edge`)."""

from __future__ import annotations

import pytest
from edge_world import (
    FROM_FABRIKAM,
    FROM_SERVER,
    INSIDE,
    OUTSIDE,
    URL,
    counted,
    engine,
    inbound,
    only,
    outbound,
    receive,
    sent,
)

from sipcore import ImFilter, Rules, parse, respond
from sipcore.edge.actions import Send, Trace
from sipcore.imfilter import Action

CLEAN = b"lunch?"
DEFANG = ImFilter(Rules(links="defang"))
WARN = ImFilter(Rules(links="warn", notice="Careful."))
OBSERVE = ImFilter(Rules(links="observe"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (DEFANG, b"look at _http://www.adatum.example/"),
        (WARN, b"Careful.\r\nlook at http://www.adatum.example/"),
        (OBSERVE, URL),
    ],
)
@pytest.mark.parametrize(("write", "link"), [(inbound, FROM_FABRIKAM), (outbound, FROM_SERVER)])
def test_a_message_goes_on_as_the_verdict_says_and_is_counted_by_its_action(content, expected, write, link):
    actions = receive(engine(filter=content), write(body=URL), link)
    send = only(actions)
    far = parse(send.data)
    assert (bytes(far.body), far.content_length) == (expected, len(expected))
    assert len(far.vias) == 2
    assert counted(actions) == [
        ("forwarded", link.side.opposite, "MESSAGE", "partner"),
        ("filtered", link.side, content.rules.links, "prefix"),
    ]


def test_a_message_that_is_changed_and_one_that_is_not_leave_with_the_same_head():
    def head(content: ImFilter) -> bytes:
        return only(receive(engine(filter=content), inbound(body=URL), FROM_FABRIKAM)).data.partition(b"\r\n\r\n")[0]

    length = str(len(URL)).encode()
    assert head(DEFANG) == head(OBSERVE).replace(b"Content-Length: " + length, b"Content-Length: %d" % (len(URL) + 1))


def test_a_clean_message_is_not_counted_as_filtered():
    actions = receive(engine(filter=DEFANG), inbound(body=CLEAN), FROM_FABRIKAM)
    assert counted(actions) == [("forwarded", INSIDE, "MESSAGE", "partner")]


def test_a_datagram_without_content_length_is_told_the_length_of_the_changed_body():
    data = inbound(body=URL).replace(b"Content-Length: %d\r\n" % len(URL), b"")
    assert parse(data).content_length is None
    far = parse(only(receive(engine(filter=DEFANG), data, FROM_FABRIKAM)).data)
    assert far.content_length == len(far.body) == len(URL) + 1


def test_what_cannot_be_changed_is_refused_as_content_is():
    nested = b",".join([b"http://a"] * 20)
    actions = receive(engine(filter=DEFANG), inbound(body=nested), FROM_FABRIKAM)
    answer = parse(only(actions).data)
    assert (answer.status, answer["Warning"][:3]) == (606, "309")
    assert counted(actions) == [
        ("refused", OUTSIDE, "filtered", "606"),
        ("filtered", OUTSIDE, "block", "prefix"),
    ]


@pytest.mark.parametrize("content", [DEFANG, WARN, OBSERVE])
def test_a_response_with_a_link_goes_back_as_the_verdict_says(content):
    edge = engine(filter=content)
    asked = only(receive(edge, outbound(), FROM_SERVER))
    reply = respond(parse(asked.data), 200, headers=[("Content-Type", "text/plain")], body=URL)
    actions = receive(edge, reply, FROM_FABRIKAM)
    back = parse(only(actions).data)
    assert content.check(back).passed
    assert back.content_length == len(back.body)
    assert ("filtered", OUTSIDE, content.rules.links, "prefix") in counted(actions)


def test_a_benotify_with_a_link_goes_on_defanged_or_is_discarded_but_never_answered():
    data = inbound(method="BENOTIFY", body=URL)
    assert bytes(parse(only(receive(engine(filter=DEFANG), data, FROM_FABRIKAM)).data).body).startswith(
        b"look at _http"
    )
    actions = receive(engine(filter=ImFilter()), data, FROM_FABRIKAM)
    assert sent(actions) == []
    assert counted(actions) == [("discarded", OUTSIDE, "filtered"), ("filtered", OUTSIDE, "block", "prefix")]


def test_copies_of_a_message_leave_changed_in_the_same_way():
    edge = engine(filter=DEFANG)
    first, again = (only(receive(edge, inbound(body=URL), FROM_FABRIKAM)) for _ in range(2))
    assert first == again


def test_a_changed_message_that_could_not_be_delivered_is_answered_503():
    edge = engine(filter=DEFANG)
    send = only(receive(edge, inbound(body=URL), FROM_FABRIKAM))
    (answer,) = [action for action in edge.undelivered(send, 1.0) if isinstance(action, Send)]
    assert parse(answer.data).status == 503


def test_the_trace_has_the_verdict_with_its_findings():
    traces: list[Trace] = []
    receive(engine(filter=OBSERVE, observe=traces.append), inbound(body=URL), FROM_FABRIKAM)
    (trace,) = traces
    assert trace.verdict is not None
    assert (trace.verdict.action, trace.verdict.findings[0].rule) == (Action.OBSERVE, "http:")
