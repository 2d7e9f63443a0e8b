"""What links hold of messages that are not whole yet: bounded in all, at the cost of whoever holds most.

A message may be a megabyte, and a stranger may open hundreds of connections and send all but the last byte on each. A
bound on each link alone would make that gigabytes. Who holds least is never the one to go: it costs an honest peer
nothing that others hold too much.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Unfinished"]

_Holder = TypeVar("_Holder")


class Unfinished(Generic[_Holder]):
    """Who holds how many bytes.

    Args:
        limit: bytes that all may hold together.

    Attributes:
        size: bytes that all hold.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[_Holder, int] = {}
        self.size = 0

    @property
    def holders(self) -> int:
        """How many hold something."""
        return len(self._held)

    def note(self, holder: _Holder, size: int) -> _Holder | None:
        """Somebody holds so many bytes now. When that is too much in all, who has to let go; it is forgotten here."""
        self.size += size - self._held.pop(holder, 0)
        if size:
            self._held[holder] = size
        if self.size <= self._limit:
            return None
        most = max(self._held, key=self._held.__getitem__)
        self.size -= self._held.pop(most)
        return most
