"""Whether a relay's memory stays flat: what its processes hold before and after very many messages."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sipcore.edge.memory import REMEMBERED_REQUESTS
from sipcore_bench.relay.checking import check_counts
from sipcore_bench.relay.mixes import MIXED, REFUSED, Mix
from sipcore_bench.relay.processes import resident
from sipcore_bench.relay.standing import Standing, window_for

__all__ = ["ALLOWED_GROWTH", "Weight", "weigh"]

#: What may be held more at the end, in bytes: an allocator moves within that when a table of that size is built anew,
#: and a leak of five bytes a message does not hide in it.
ALLOWED_GROWTH = 4 << 20
#: Before it is weighed first: the edge remembers its last refusals, and grows until it has had so many; and their table
#: is built anew, larger, when its room has been used by those that came and went. After eight times it has its size.
_REFUSED, _MIXED = 8 * REMEMBERED_REQUESTS, 50_000
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
        seconds: when to stop although it were not so many, filling included.

    Raises: BrokenRelay.
    """
    assert standing.session is not None, "without a relay there is nothing to weigh"
    end = time.monotonic() + seconds
    _send(standing, REFUSED, min(_REFUSED, messages), seconds / 2)
    _send(standing, MIXED, min(_MIXED, messages), seconds / 8)
    before, _ = resident(standing.session, forget=True)
    began, done, lost = time.monotonic(), 0, 0
    while done < messages and (left := end - time.monotonic()) > 0:
        came, missed = _send(standing, MIXED, min(_PIECE, messages - done), left)
        done, lost = done + came, lost + missed
    after, most = resident(standing.session)
    return Weight(done, messages, time.monotonic() - began, before, after, most, lost)


def _send(standing: Standing, mix: Mix, messages: int, seconds: float) -> tuple[int, int]:
    """(done, lost)."""
    counts = standing.load.closed(mix.order, window_for(standing.transport), seconds, messages)
    check_counts(standing.relay, counts)
    return counts.done, counts.lost
