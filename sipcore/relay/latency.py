"""How long messages stay in the relay: from the wake-up that read them to the flush that let them out.

Two readings of the clock a wake-up are enough for all its messages: each is taken to have been here from the first to
the last, which none of them was longer. So the figure is rather too high than too low, and a message costs an addition.
Who waits for a name or a connection meanwhile is not in it: `queues` tells of those.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily

from sipcore.relay.catalogue import HELP

__all__ = ["Latency"]

#: The upper ends of the buckets, in seconds: one message alone takes some 50 us, a full wake-up some milliseconds.
_BOUNDS = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0)


class Latency:
    """A histogram of the time that messages spend here.

    Args:
        clock: seconds, monotonic, and finer than the loop's, which stands still while a wake-up lasts.

    Attributes:
        messages: how many this wake-up has read so far; whoever takes one adds it.
    """

    __slots__ = ("_clock", "_counts", "_sum", "_woke", "messages")

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._woke = 0.0
        self.messages = 0
        self._counts = [0] * (len(_BOUNDS) + 1)
        self._sum = 0.0

    def wake(self) -> None:
        """A wake-up begins: something is there to be read."""
        self._woke = self._clock()
        self.messages = 0

    def flushed(self) -> None:
        """What the wake-up's messages led to has left. A flush without messages is nobody's latency."""
        if not self.messages:
            return
        took = self._clock() - self._woke
        self._counts[bisect_left(_BOUNDS, took)] += self.messages
        self._sum += took * self.messages
        self.messages = 0

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What a scrape gets: the registry asks for it, from a thread of its own."""
        bounds = [*map(str, _BOUNDS), "+Inf"]
        buckets = list(zip(bounds, map(float, accumulate(self._counts)), strict=True))
        yield HistogramMetricFamily("sipcore_latency_seconds", HELP["latency_seconds"], buckets, self._sum)
