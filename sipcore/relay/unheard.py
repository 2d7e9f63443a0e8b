"""What was sent to a peer that may still refuse our certificate.

In TLS 1.3 a server looks at it when its client is content already and has begun to send (RFC 8446 section 4.4.2). One
that ends the connection before it has said anything has read nothing, and so every sender is owed an answer.
"""

from __future__ import annotations

from collections import deque

from sipcore.edge.actions import Send

__all__ = ["Unheard"]


class Unheard:
    """Messages in the order in which they were sent.

    Args:
        limit: bytes that are kept; past it the first are given up, for they are the likeliest to have been read.

    Attributes:
        sends: those that are kept.
        given_up: how many are not: should the peer turn out to have refused us, they can be counted, not answered.
    """

    def __init__(self, limit: int) -> None:
        self._room = limit
        self.sends: deque[Send] = deque()
        self.given_up = 0

    def add(self, send: Send) -> None:
        """One more was sent."""
        self.sends.append(send)
        self._room -= len(send.data)
        while self._room < 0:
            self._room += len(self.sends.popleft().data)
            self.given_up += 1
