"""What strangers' links hold of messages that are not whole yet: bounded in all, at the cost of who holds most.

A message may be a megabyte, and somebody may open hundreds of connections and send all but the last byte on each. A
bound on each link alone would make that gigabytes. So whoever holds most has to let go: the source with all its links,
for otherwise one with many smaller ones could have an honest peer's larger one closed. It has as many links as it
likes; an honest peer is hurt only where more sources than `limit` divided by a message's size work against it.
"""

from __future__ import annotations

from collections import Counter
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
        self._held: dict[_Holder, tuple[str, int]] = {}
        self._by_source: Counter[str] = Counter()
        self.size = 0

    @property
    def holders(self) -> int:
        """How many hold something."""
        return len(self._held)

    def note(self, holder: _Holder, source: str, size: int) -> list[_Holder]:
        """Somebody holds so many bytes now. While that is too much in all, who has to let go; they are forgotten here.

        Args:
            holder: a link.
            source: where it comes from.
        """
        self._forget(holder)
        if size:
            self._held[holder] = source, size
            self._by_source[source] += size
            self.size += size
        gone = []
        while self.size > self._limit:
            gone.append(self._greediest())
            self._forget(gone[-1])
        return gone

    def _greediest(self) -> _Holder:
        ((greediest, _),) = self._by_source.most_common(1)
        its_own = {each: held for each, (source, held) in self._held.items() if source == greediest}
        return max(its_own, key=its_own.__getitem__)

    def _forget(self, holder: _Holder) -> None:
        source, size = self._held.pop(holder, ("", 0))
        self.size -= size
        self._by_source[source] -= size
        if not self._by_source[source]:
            del self._by_source[source]
