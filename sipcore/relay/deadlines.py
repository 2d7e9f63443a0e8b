"""What a connection may take its time for, and how long: its first message, every whole message, to read, to answer.

Each deadline is a moment, so that one comparison tells whether it has passed; what is not awaited is due never. Looked
at once a second or so: a deadline in seconds needs nothing finer, and a timer a connection would cost more.
"""

from __future__ import annotations

import math

from sipcore.configuration import LinkLimits

__all__ = ["Deadlines"]

_NEVER = math.inf
#: How long a pong may take (RFC 5626 section 4.4.1).
_PONG_SECONDS = 10.0


class Deadlines:
    """When a connection will have taken too long. All moments are seconds on one clock.

    Args:
        limits: how long each thing may take.
        dialled: whether we opened it; then the first word is ours.
        now: the moment since which it stands.

    Attributes:
        awaits_pong: a ping of ours has not been answered yet.
    """

    __slots__ = ("_active_at", "_answers", "_first_by", "_limits", "_message_by", "_pong_by", "_read_by", "awaits_pong")

    def __init__(self, limits: LinkLimits, *, dialled: bool, now: float) -> None:
        self._limits = limits
        self._active_at = now
        self._first_by = _NEVER if dialled else now + limits.first_message_seconds
        self._message_by = self._read_by = self._pong_by = _NEVER
        self._answers = self.awaits_pong = False

    def missed(self, now: float) -> str:
        """The first deadline that has passed, by its reason for metrics; empty while there is none."""
        if now > self._first_by:
            return "no-first-message"
        if now > self._message_by:
            return "slow-message"
        if now > self._read_by:
            return "not-read"
        if now > self._pong_by:
            return "no-pong"
        return "idle" if now > self._active_at + self._limits.idle_seconds else ""

    def active(self, now: float) -> None:
        """It carried something whole: bytes alone do not count, or one byte a minute would hold it for ever."""
        self._active_at = now

    def read(self, *, messages: bool, inside: bool, now: float) -> None:
        """Bytes came.

        Args:
            messages: whether they completed one or more.
            inside: whether an incomplete one is left.
        """
        if messages:
            self._active_at = now
            self._first_by = self._pong_by = _NEVER  # a message is a sign of life as good as a pong
        if not inside:
            self._message_by = _NEVER
        elif messages or self._message_by == _NEVER:
            self._message_by = now + self._limits.message_seconds

    def stalled(self, now: float) -> None:
        """The peer has ceased to read. As long as a message may take to come, so long it may take to leave."""
        self._read_by = min(self._read_by, now + self._limits.message_seconds)

    def flowing(self) -> None:
        """It reads again, and has taken what waited."""
        self._read_by = _NEVER

    def pinged(self, now: float) -> None:
        """We sent a ping. Nobody has promised to answer: who never did is not held to it (RFC 6223)."""
        self.awaits_pong = True
        if self._answers:
            self._pong_by = min(self._pong_by, now + _PONG_SECONDS)

    def ponged(self) -> None:
        """A ping of ours was answered, and from now on we count on that."""
        self._answers, self.awaits_pong = True, False
        self._pong_by = _NEVER
