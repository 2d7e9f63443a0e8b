"""Where accepted connections come from, so that no single source takes all of them.

Only the outside is counted: inside are our own servers, often behind one balancer's address. UDP is not: a source
address of a datagram is whatever its sender wrote, so a bound on it would be a means to silence a partner.
"""

from __future__ import annotations

import ipaddress
from collections import Counter

__all__ = ["Sources", "source_of"]

#: A host of IPv6 has as many addresses as it likes out of a network of this size (RFC 4291 section 2.5.1).
_IPV6_NETWORK = 64


class Sources:
    """Counts connections by source: an IPv4 address, or a network of IPv6. What it knows is bounded by what is open.

    Args:
        most_open: connections of one source at once.
        most_new: connections that one source may open in one second.
    """

    def __init__(self, most_open: int, most_new: int) -> None:
        self._most_open = most_open
        self._most_new = most_new
        self._open: Counter[str] = Counter()
        self._new: Counter[str] = Counter()
        self._second = 0

    def refuses(self, host: str, now: float) -> str:
        """Why one more connection is too many, for metrics; empty when it is not. Asked once for each."""
        source = source_of(host)
        if int(now) != self._second:
            self._second = int(now)
            self._new.clear()
        self._new[source] += 1
        if self._new[source] > self._most_new:
            return "too-many-new-links-of-source"
        return "too-many-links-of-source" if self._open[source] >= self._most_open else ""

    def add(self, host: str) -> None:
        """A connection stands."""
        self._open[source_of(host)] += 1

    def remove(self, host: str) -> None:
        """It is gone."""
        source = source_of(host)
        self._open[source] -= 1
        if not self._open[source]:
            del self._open[source]


def source_of(host: str) -> str:
    """What counts as one source: an IPv4 address, or a network of IPv6."""
    if ":" not in host:
        return host
    return str(ipaddress.IPv6Network((host.partition("%")[0], _IPV6_NETWORK), strict=False))
