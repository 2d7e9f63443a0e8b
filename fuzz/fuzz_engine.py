"""An engine under a sequence of messages, look-ups, responses, losses and ticks, whoever sends them.

Contract: nothing is raised; each message has one end, and a second one only if it was lost; an answer goes back to its
sender, never to ACK or BENOTIFY, and not more often than it was asked for; the mark stays inside and the assertion
outside, one of either at most and ours; nothing of a blocked domain is sent on; what waits has left after the last
tick; the same sequence gives the same actions, and gives them to an engine without the express lane too.

Allowed: `ParseError` where the bytes are no message.
"""

from __future__ import annotations

from collections import Counter

from edges import CROWDED, MESSAGES, SUBSCRIPTIONS
from pieces import join, split
from playing import ALONG_ROUTES, THEN_ANSWERED, THEN_LOST, Player, method_of

from sipcore import parse
from sipcore.edge.actions import Action, Count, Send
from sipcore.edge.tables import Side

SEEDS = [
    join(b"\0".join(MESSAGES), *range(32)),
    *[join(message, 1 + then) for message in CROWDED for then in (THEN_ANSWERED, THEN_LOST)],
    join(MESSAGES[0] + b"\0" + MESSAGES[2], 0, 2, 200, 255),
    *[
        join(b"\0".join(messages), asks, told + ALONG_ROUTES + then, told + ALONG_ROUTES + then)
        for messages, asks, told in zip(SUBSCRIPTIONS, (0, 1), (1, 0), strict=True)
        for then in (THEN_ANSWERED, THEN_LOST)
    ],
]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    steps = list(zip(content.split(b"\0")[:32], [*decisions, *bytes(32)], strict=False))
    # Twice the same, so that the lane has seen each of them.
    assert _play(steps * 2) == _play(steps * 2, remember_decisions=False)


def _play(steps: list[tuple[bytes, int]], *, remember_decisions: bool = True) -> list[Action]:
    player = Player(remember_decisions=remember_decisions)
    for now, (data, choice) in enumerate(steps):
        player.come(data, choice, now)
    player.end()
    counts = Counter(action.name for action in player.actions if isinstance(action, Count))
    ended = counts["forwarded"] + counts["refused"] + counts["discarded"]
    assert counts["received"] <= ended <= counts["received"] + counts["forwarded"]
    answers = Counter[str]()
    for send in [action for action in player.actions if isinstance(action, Send)]:
        _check(send, answers)
    assert answers <= player.asked
    return player.actions


def _check(send: Send, answers: Counter[str]) -> None:
    left = parse(send.data)
    marks, words = left.get_all("ms-edge-proxy-message-trust"), left.get_all("X-Verified-User")
    if left.status is not None:
        answers[method_of(left)] += 1
        assert method_of(left) not in ("ACK", "BENOTIFY")
        if not marks and not words:
            return
    assert (len(marks), len(words)) == ((1, 0) if send.side is Side.INSIDE else (0, 1))
    assert "forged" not in marks
    ends = [end.uri.host or "" for end in (left.from_, left.to) if end is not None]
    assert "spam.example" not in {host.lower().rstrip(".") for host in ends}
