"""The little that a stateless proxy has to remember: which requests it has refused, bounded and for 32 seconds.

A CANCEL has no content that the filter could refuse a second time, and the ACK to an answer inside a dialog carries the
peer's tag instead of ours. Both can only be told by remembering the request.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["REMEMBERED_REQUESTS", "REMEMBERED_SECONDS", "ExpiringSet"]

#: How long copies, ACK or CANCEL of an answered request may still come: 64 * T1 (RFC 3261 section 17.1.1.2).
REMEMBERED_SECONDS = 32.0
#: Requests in memory at once, some 10 MB when full. Past it the oldest goes; its CANCEL is then answered further on.
REMEMBERED_REQUESTS = 65_536


class ExpiringSet:
    """Keys that are held for a while.

    All keys live equally long and time only goes forward, so the oldest entry is always the first to go: both
    forgetting and making room take from the front.

    Args:
        lifetime: seconds from the last `add` of a key to its end.
        capacity: the most keys at once; the oldest makes room.
    """

    def __init__(self, lifetime: float = REMEMBERED_SECONDS, capacity: int = REMEMBERED_REQUESTS) -> None:
        self._lifetime = lifetime
        self._capacity = capacity
        self._until: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def add(self, key: str, now: float) -> None:
        """Hold a key from now on; one that is held lives longer."""
        self._until[key] = now + self._lifetime
        self._until.move_to_end(key)
        if len(self._until) > self._capacity:
            self._until.popitem(last=False)

    def holds(self, key: str, now: float) -> bool:
        """Whether the key was added and its time is not over."""
        until = self._until.get(key)
        return until is not None and now < until

    def expire(self, now: float) -> None:
        """Forget what is over."""
        while self._until and next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)
