"""Plays the scenarios: a real edge between two user agents, and one row for each message sent.

Nothing is waited for in vain. Behind each message a plain probe goes the same way; when the probe has been answered,
all that its forerunner could have caused has been read before it, so "nothing arrived" is seen and not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipcore.demo import wire
from sipcore.demo.agents import Agent, Arrival
from sipcore.demo.scenarios import ALICE, BOB, PLAIN, Expected, Scenario
from sipcore.demo.stage import Stage

__all__ = ["Row", "faults_of", "play"]

_PROBE = "probe-"


@dataclass(frozen=True)
class Row:
    """What became of one scenario.

    Attributes:
        sent: the bytes that left the sender.
        answers: what the sender read in answer, in order.
        far: what the far side read of it, in order.
        counter: how many requests the far side had read before and after, probes left out.
        reasons: how the edge explains itself: the decision's chain, then the filter's verdict.
        faults: what did not come out as stated; empty when the row is right.
    """

    scenario: Scenario
    sent: bytes
    answers: tuple[bytes, ...]
    far: tuple[Arrival, ...]
    counter: tuple[int, int]
    reasons: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class _Dialog:
    """What a notifier keeps of a subscription (RFC 3261 section 12.1.1)."""

    call_id: str
    subscriber: str
    notifier: str
    target: str
    routes: tuple[str, ...] = ()


async def play(stage: Stage, number: int, scenario: Scenario) -> Row:
    """Send one message and collect what it did, as the sockets of both sides saw it."""
    sender, far = stage.sides(scenario.sender)
    dialog = await _subscribe(far, sender, number) if scenario.by_subscription else None
    found = ["the subscription before it was not accepted"] if scenario.by_subscription and dialog is None else []
    sent = _request(scenario, sender, number, dialog)
    call_id = wire.call_id_of(sent)
    seen, before = len(far.arrivals), _count(far)
    answered = len(sender.arrivals)
    sender.send(sent, scenario.over)
    probed = await _probe(sender, scenario, number)
    answers = tuple(a.data for a in sender.arrivals[answered:] if a.status is not None and a.call_id == call_id)
    arrived = tuple(a for a in far.arrivals[seen:] if a.status is None and not a.call_id.startswith(_PROBE))
    found += [] if probed else ["the probe behind it was not answered: the path is broken"]
    return Row(
        scenario,
        sent,
        answers,
        arrived,
        (before, _count(far)),
        stage.reasons(call_id, scenario.method),
        (*found, *faults_of(scenario.expected, answers, arrived)),
    )


def faults_of(expected: Expected, answers: tuple[bytes, ...], far: tuple[Arrival, ...]) -> Iterator[str]:
    """Each way in which what was read differs from what was stated."""
    statuses = [wire.status_of(answer) for answer in answers]
    stated = [] if expected.status is None else [expected.status]
    if statuses != stated:
        yield f"answer: stated {_listed(stated)}, came back {_listed(statuses)}"
    if len(far) != expected.delivered:
        yield f"far side: stated {_messages(int(expected.delivered))}, read {_messages(len(far))}"
    for answer in answers:
        yield from _missing("answer", answer, expected.answer)
    for arrival in far:
        yield from _missing("far side", arrival.data, expected.far)


def _missing(what: str, data: bytes, wanted: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, piece in wanted:
        values = wire.values_of(data, name)
        if not any(piece in value for value in values):
            yield f"{what}: stated {name} with {piece!r}, read {_listed(values)}"


def _messages(count: int) -> str:
    return f"{count or 'no'} message{'s' if count > 1 else ''}"


def _listed(values: list[int | None] | list[int] | list[str]) -> str:
    return ", ".join(map(str, values)) or "none"


def _count(agent: Agent) -> int:
    """The agent's own counter: requests read, apart from probes."""
    return sum(1 for a in agent.arrivals if a.status is None and not a.call_id.startswith(_PROBE))


async def _probe(sender: Agent, scenario: Scenario, number: int) -> bool:
    """Send a plain message the same way and wait for its answer; False where none came in good time."""
    here, there = (ALICE, BOB) if scenario.sender == "partner" else (BOB, ALICE)
    call_id = f"{_PROBE}{number}@{sender.host}"
    headers = [*_head(sender, scenario.over, (here, there), call_id, "MESSAGE"), *PLAIN.items()]
    sender.send(wire.compose(f"MESSAGE {there} SIP/2.0", headers, "Is the path open?"), scenario.over)
    try:
        return (await sender.wait_for(lambda a: a.call_id == call_id and a.status is not None)).status == 200
    except TimeoutError:
        return False


async def _subscribe(subscriber: Agent, notifier: Agent, number: int) -> _Dialog | None:
    """Let the inside user subscribe to the partner's presence; the dialog as the notifier knows it."""
    call_id = f"subscription-{number}@{subscriber.host}"
    headers = [
        *_head(subscriber, "udp", (BOB, ALICE), call_id, "SUBSCRIBE"),
        ("Contact", subscriber.contact("udp")),
        ("Event", "presence"),
        ("Expires", "3600"),
        ("Supported", "ms-benotify"),
        ("Proxy-Require", "ms-benotify"),
    ]
    subscriber.send(wire.compose(f"SUBSCRIBE {ALICE} SIP/2.0", headers), "udp")
    try:
        accepted = await subscriber.wait_for(lambda a: a.call_id == call_id and a.status is not None)
        if accepted.status != 200:
            return None
        asked = await notifier.wait_for(lambda a: a.call_id == call_id and a.status is None)
    except TimeoutError:
        return None
    return _Dialog(
        call_id,
        subscriber=wire.value_of(asked.data, "From"),
        notifier=wire.value_of(accepted.data, "To"),
        target=wire.value_of(asked.data, "Contact").strip("<>"),
        routes=tuple(wire.values_of(asked.data, "Record-Route")),
    )


def _request(scenario: Scenario, sender: Agent, number: int, dialog: _Dialog | None) -> bytes:
    """The scenario's message as it goes to the socket."""
    call_id = f"demo-{number}@{sender.host}"
    ends = (scenario.sender_uri, scenario.target)
    head = _head(sender, scenario.over, ends, call_id, scenario.method, dialog=dialog)
    target = dialog.target if dialog else scenario.target
    return wire.compose(f"{scenario.method} {target} SIP/2.0", [*head, *scenario.headers.items()], scenario.body)


def _head(
    sender: Agent, over: str, ends: tuple[str, str], call_id: str, method: str, *, dialog: _Dialog | None = None
) -> list[tuple[str, str]]:
    """What every request has (RFC 3261 section 8.1.1), and the route set inside a dialog."""
    here, there = ends
    branch = f"z9hG4bK-{method.lower()}-{call_id.partition('@')[0]}"
    return [
        ("Via", f"SIP/2.0/{over.upper()} {sender.host}:{sender.port};branch={branch};rport"),
        ("Max-Forwards", "70"),
        *(("Route", route) for route in (dialog.routes if dialog else ())),
        ("From", dialog.notifier if dialog else f"<{here}>;tag={sender.name}"),
        ("To", dialog.subscriber if dialog else f"<{there}>"),
        ("Call-ID", dialog.call_id if dialog else call_id),
        ("CSeq", f"1 {method}"),
    ]
