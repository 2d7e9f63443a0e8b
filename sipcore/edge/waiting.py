"""What waits for a place: for a connection that is being opened, for a name that is being looked up.

It is bounded for each place and in all: a burst for a new one must end in a defined answer, not in a full memory. What
does not fit is handed back to the caller, who answers 503 or discards.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["WaitingRoom"]

_Place = TypeVar("_Place", bound=Hashable)
_Guest = TypeVar("_Guest")


@dataclass(slots=True)
class _Queue(Generic[_Guest]):
    guests: list[_Guest] = field(default_factory=list)
    size: int = 0


class WaitingRoom(Generic[_Place, _Guest]):
    """First come, first served queues by destination.

    Args:
        per_place: how many bytes may wait for one destination.
        in_all: how many bytes may wait for all of them together.

    Attributes:
        size: bytes that wait.
        guests: how many wait.
    """

    def __init__(self, per_place: int, in_all: int) -> None:
        self._per_place = per_place
        self._in_all = in_all
        self._queues: dict[_Place, _Queue[_Guest]] = {}
        self.size = 0
        self.guests = 0

    def __contains__(self, place: object) -> bool:
        """Whether a destination is being waited for."""
        return place in self._queues

    def open(self, place: _Place) -> None:
        """Begin to wait for a destination."""
        self._queues[place] = _Queue()

    def admit(self, place: _Place, guest: _Guest, size: int) -> bool:
        """Let ``guest``, who carries ``size`` bytes, wait for an opened destination; False when it is full."""
        queue = self._queues[place]
        if queue.size + size > self._per_place or self.size + size > self._in_all:
            return False
        queue.guests.append(guest)
        queue.size += size
        self.size += size
        self.guests += 1
        return True

    def leave(self, place: _Place) -> list[_Guest]:
        """Everybody who waited for the destination, in the order they came; it is not waited for any more."""
        queue = self._queues.pop(place)
        self.size -= queue.size
        self.guests -= len(queue.guests)
        return queue.guests
