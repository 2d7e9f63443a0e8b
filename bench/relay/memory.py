"""Whether a relay's memory stays flat: what its processes hold before and after very many messages."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sipcore_bench.relay.checking import check_counts
from sipcore_bench.relay.mixes import MIXED
from sipcore_bench.relay.processes import resident
from sipcore_bench.relay.standing import Standing, window_for

__all__ = ["ALLOWED_GROWTH", "Weight", "weigh"]

#: What may be held more at the end, in bytes: an allocator moves within that, a leak of a byte a message does not.
ALLOWED_GROWTH = 1 << 20
#: Messages before it is weighed first: everything that remembers the last so many is full then.
_FILLING = 50_000
_PIECE = 20_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Memory of a relay's processes, in bytes.

    Attributes:
        messages, seconds: how many went through between `before` and `after`, and how long that took.
        wanted: how many were to go through; time may have been up earlier.
        before, after, most: resident size, and its maximum meanwhile.
        lost: how many of the messages did not come through.
    """

    messages: int
    wanted: int
    seconds: float
    before: int
    after: int
    most: int
    lost: int

    @property
    def is_flat(self) -> bool:
        """Whether it grew by no more than an allocator moves within."""
        return self.after - self.before <= ALLOWED_GROWTH


def weigh(standing: Standing, messages: int, seconds: float) -> Weight:
    """Send messages of the last mix, as fast as it goes.

    Args:
        standing: the relay.
        messages: how many.
        seconds: when to stop although it were not so many.

    Raises: BrokenRelay.
    """
    assert standing.session is not None, "without a relay there is nothing to weigh"
    _send(standing, min(_FILLING, messages), seconds)
    before, _ = resident(standing.session, forget=True)
    began, done, lost = time.monotonic(), 0, 0
    while done < messages and (left := began + seconds - time.monotonic()) > 0:
        came, missed = _send(standing, min(_PIECE, messages - done), left)
        done, lost = done + came, lost + missed
    after, most = resident(standing.session)
    return Weight(done, messages, time.monotonic() - began, before, after, most, lost)


def _send(standing: Standing, messages: int, seconds: float) -> tuple[int, int]:
    """(done, lost)."""
    counts = standing.load.closed(MIXED.order, window_for(standing.transport), seconds, messages)
    check_counts(standing.relay, counts)
    return counts.done, counts.lost
