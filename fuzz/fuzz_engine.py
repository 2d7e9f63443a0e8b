"""An engine under a sequence of messages, look-ups and ticks, whoever sends them.

Contract: nothing is raised; at most one message leaves for each that came; an answer goes back to its sender, and
never to ACK or BENOTIFY; the mark stays inside and the assertion outside, one of either at most and ours; nothing of a
blocked domain is sent on; what waits has left after the last tick; the same sequence gives the same actions, and gives
them to an engine without the express lane too.

Allowed: `ParseError` where the bytes are no message.
"""

from __future__ import annotations

from edges import LINKS, MESSAGES, TABLES
from pieces import join, split

from sipcore import ImFilter, ParseError, parse
from sipcore.edge.actions import Action, Count, Resolve, Send
from sipcore.edge.engine import Engine, Keys
from sipcore.edge.facts import SrvFact
from sipcore.edge.tables import Side

FILTER = ImFilter()
SEEDS = [join(b"\0".join(MESSAGES), *range(32)), join(MESSAGES[0] + b"\0" + MESSAGES[2], 0, 2, 200, 255)]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    steps = list(zip(content.split(b"\0")[:32], [*decisions, *bytes(32)], strict=False))
    # Twice the same, so that the lane has seen each of them.
    assert _play(steps * 2) == _play(steps * 2, remember_decisions=False)


def _play(steps: list[tuple[bytes, int]], *, remember_decisions: bool = True) -> list[list[Action]]:
    edge, played = Engine(TABLES, FILTER, Keys(bytes(16)), remember_decisions=remember_decisions), []
    for now, (data, choice) in enumerate(steps):
        link = LINKS[choice % len(LINKS)]
        try:
            message = parse(data)
        except ParseError:
            continue
        actions = edge.receive(message, link, now)
        for action in [each for each in actions if isinstance(each, Resolve) and choice >= 128]:
            actions += edge.resolved(SrvFact.of(action.domain, f"sip.{action.domain}", expires=now + choice), now)
        played.append(actions)
    played.append(edge.tick(1e6) + edge.tick(2e6) + edge.tick(3e6))
    actions = [action for each in played for action in each]
    received = sum(isinstance(action, Count) and action.name == "received" for action in actions)
    ended = [a for a in actions if isinstance(a, Count) and a.name in {"forwarded", "refused", "discarded"}]
    assert len(ended) == received
    for send in [action for action in actions if isinstance(action, Send)]:
        _check(send)
    return played


def _check(send: Send) -> None:
    left = parse(send.data)
    marks, words = left.get_all("ms-edge-proxy-message-trust"), left.get_all("X-Verified-User")
    if left.status is not None and send.came_from is None and not marks and not words:
        assert (left.get("CSeq") or "").split()[-1:] not in (["ACK"], ["BENOTIFY"])
        return
    assert (len(marks), len(words)) == ((1, 0) if send.side is Side.INSIDE else (0, 1))
    assert "forged" not in marks
    ends = [end.uri.host or "" for end in (left.from_, left.to) if end is not None]
    assert "spam.example" not in {host.lower().rstrip(".") for host in ends}
