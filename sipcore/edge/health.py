"""Which hops are well: a hop that could not be reached is passed over for a while, as long as there is another.

Nothing but a failure makes a hop sick and nothing but time makes it well, so copies of a message go where the first one
went unless one of the two has happened in between.
"""

from __future__ import annotations

from sipcore.edge.memory import ExpiringSet
from sipcore.edge.tables import Hop, Side

__all__ = ["SICK_SECONDS", "Health"]

#: Longer than a transaction that does not ring (32 s, RFC 3261 section 17.1): its ACK and CANCEL then find the hop that
#: its request was moved to.
SICK_SECONDS = 60.0
#: Hops in memory at once; past it the one that failed first is tried again.
_REMEMBERED_HOPS = 10_000


class Health:
    """The hops that have failed lately, bounded."""

    def __init__(self) -> None:
        self._sick = ExpiringSet(SICK_SECONDS, _REMEMBERED_HOPS)

    def failed(self, side: Side, hop: Hop, now: float) -> None:
        """It refused a connection, did not answer, was not who it should be, or has no address."""
        self._sick.add(f"{side} {hop}", now)

    def is_well(self, side: Side, hop: Hop, now: float) -> bool:
        """Whether nothing is known against it."""
        return not len(self._sick) or not self._sick.holds(f"{side} {hop}", now)

    def expire(self, now: float) -> None:
        """Forget what is over."""
        self._sick.expire(now)
