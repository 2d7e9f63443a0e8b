"""The little that a stateless proxy remembers, bounded.

Which requests it has refused, for 32 seconds: a CANCEL has no content that the filter could refuse a second time, and
the ACK to an answer inside a dialog carries the peer's tag instead of ours. Both can only be told by remembering the
request. And, to save time only, what it has computed lately.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from sipcore.edge.tables import Side, canonical_host

__all__ = ["REMEMBERED_REQUESTS", "REMEMBERED_SECONDS", "ExpiringSet", "RecentlyUsed", "request_name"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

#: How long copies, ACK or CANCEL of an answered request may still come: 64 * T1 (RFC 3261 section 17.1.1.2).
REMEMBERED_SECONDS = 32.0
#: Requests in memory at once, some 10 MB when full. Past it the oldest goes; its CANCEL is then answered further on.
REMEMBERED_REQUESTS = 65_536


def request_name(branch: str, side: Side, source: str) -> str:
    """By which a request is remembered: the transaction, which is all that the branch says, and its source.

    Without the source a stranger who copies a transaction could have the CANCEL or ACK of its owner taken for his.

    Args:
        branch: of the Via that we push on it, or would.
        side: where it came from.
        source: the address that it came from.
    """
    return f"{branch} {side} {canonical_host(source)}"


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


class RecentlyUsed(Generic[_Key, _Value]):
    """A bounded mapping that keeps what is used.

    Two generations of entries. New ones go into the young; when that is full it becomes the old one, and the old one
    is dropped. What is found among the old is young again. So an entry that is used stays, and a hit on a young one,
    which is nearly every hit, is one look-up that writes nothing; an `OrderedDict` would move an entry at each.

    Args:
        capacity: the most entries of a generation; with 0 nothing is kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._young: dict[_Key, _Value] = {}
        self._old: dict[_Key, _Value] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: _Key) -> _Value | None:
        """The value under that key, None where there is none, or no more."""
        value = self._young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self.put(key, value)
        return value

    def put(self, key: _Key, value: _Value) -> None:
        """Keep a value, which is not None."""
        if not self._capacity:
            return
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}
        self._young[key] = value
