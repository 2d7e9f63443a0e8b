"""What was sent to a peer that may still refuse us is kept, within bounds, to be answered (`sipcore.relay.unheard`)."""

from __future__ import annotations

from sipcore.edge.actions import Send
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.relay.unheard import Unheard

HOP = Hop(Transport.TLS, "edge.fabrikam.example", 5061)


def sent(*texts: str) -> Unheard:
    """What is known of messages with these bytes, where ten bytes are kept."""
    unheard = Unheard(10)
    for text in texts:
        unheard.add(Send(HOP, Side.OUTSIDE, None, text.encode(), Side.INSIDE))
    return unheard


def test_all_are_kept_while_they_fit() -> None:
    unheard = sent("1234", "567890")
    assert ([send.data for send in unheard.sends], unheard.given_up) == ([b"1234", b"567890"], 0)


def test_past_the_bound_the_first_are_given_up_and_counted() -> None:
    unheard = sent("1234", "5678", "abcdefg", "h")
    assert ([send.data for send in unheard.sends], unheard.given_up) == ([b"abcdefg", b"h"], 2)


def test_one_that_is_too_long_alone_is_counted_too() -> None:
    unheard = sent("12345678901", "a")
    assert ([send.data for send in unheard.sends], unheard.given_up) == ([b"a"], 1)
