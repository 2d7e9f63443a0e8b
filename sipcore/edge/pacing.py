"""How much a discovered peer may send that no operator has listed: anybody with a certificate is one.

Source: docs/protocol.md "Who is federated with" (the rate limits).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from sipcore.edge.tables import RateLimits

__all__ = ["REMEMBERED_PEERS", "Pace"]

#: Peers in memory at once; past it the one that was silent longest is forgotten, with what it did.
REMEMBERED_PEERS = 1_024
#: A share of failures says nothing before there are so many answers.
_ENOUGH_ANSWERS = 20
#: Counts begin anew after so many seconds, so that nobody is watched for ever for what he did once.
_PERIOD = 3_600.0
#: Bytes that a recipient is remembered by: with 1,000 of each peer some 75 KB, and 75 MB of all peers at the worst.
_DIGEST = 8


@dataclass(slots=True)
class _Peer:
    """What a peer did since ``since``; ``allowance`` messages are left of this second's."""

    since: float
    allowance: float
    last: float
    targets: set[bytes] = field(default_factory=set)
    answers: int = 0
    failures: int = 0

    @property
    def is_suspicious(self) -> bool:
        """Most of what it sends fails."""
        return self.answers >= _ENOUGH_ANSWERS and self.failures * 2 > self.answers


class Pace:
    """Counts what discovered peers send.

    Args:
        limits: messages a second, and how many recipients are too many.
        capacity: peers in memory.
    """

    def __init__(self, limits: RateLimits, capacity: int = REMEMBERED_PEERS) -> None:
        self._limits = limits
        self._capacity = capacity
        self._peers: OrderedDict[str, _Peer] = OrderedDict()

    def admits(self, domain: str, target: str, now: float) -> bool:
        """Whether a request of that domain's, for that recipient, may pass now. It is counted in either case."""
        peer = self._peer(domain, now)
        if not self._writes_to_many(peer):
            peer.targets.add(_digest(target))
        rate = self._rate(peer)
        peer.allowance = min(rate, peer.allowance + (now - peer.last) * rate)
        peer.last = now
        if peer.allowance < 1:
            return False
        peer.allowance -= 1
        return True

    def answered(self, domain: str, status: int) -> None:
        """A final answer goes back to a peer; those of domains that are not counted are nobody's business."""
        peer = self._peers.get(domain)
        if peer is not None and status >= 200:
            peer.answers += 1
            peer.failures += status >= 300

    def _writes_to_many(self, peer: _Peer) -> bool:
        """Whether a peer has written to more people than anybody knows."""
        return len(peer.targets) > self._limits.watched_targets

    def _rate(self, peer: _Peer) -> float:
        slow = peer.is_suspicious or self._writes_to_many(peer)
        return float(self._limits.suspicious_per_second if slow else self._limits.per_second)

    def _peer(self, domain: str, now: float) -> _Peer:
        peer = self._peers.get(domain)
        if peer is None or now - peer.since >= _PERIOD:
            peer = self._peers[domain] = _Peer(now, float(self._limits.per_second), now)
        self._peers.move_to_end(domain)
        if len(self._peers) > self._capacity:
            self._peers.popitem(last=False)
        return peer


def _digest(target: str) -> bytes:
    """A recipient in a few bytes, for a peer may write names of kilobytes; those that collide count as one."""
    return hashlib.blake2b(target.encode("utf-8", "surrogateescape"), digest_size=_DIGEST).digest()
