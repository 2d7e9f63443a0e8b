"""What is to be written to one connection: joined into one write a wake-up, held back while the peer does not read.

Drop policy: what does not fit is refused when it comes, so the last is dropped first, its sender gets an answer, and
what was accepted stays in order. The transport is given no more while it has not got rid of what it has: what is held
here is known message by message, and can be given back when the connection is lost.
"""

from __future__ import annotations

import asyncio

from sipcore.edge.actions import Send

__all__ = ["Budget", "Outbox"]


class Budget:
    """Bytes that all peers together may leave unread.

    Args:
        limit: how many.

    Attributes:
        used: how many there are. May pass the limit by what a transport took before it said that it is full.
        held: how many messages are kept here until their peers read again.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.held = 0

    def admits(self, size: int) -> bool:
        """Whether so many more fit."""
        return self.used + size <= self.limit


class Outbox:
    """The way out of one connection.

    Args:
        transport: where to.
        limit: bytes that may wait; a transport has up to its high-water mark beside them.
        budget: of all connections.

    Attributes:
        is_stalled: the peer does not read; nothing is written until it does.
    """

    __slots__ = ("_budget", "_held", "_limit", "_ready", "_size", "_transport", "_unread", "is_stalled")

    def __init__(self, transport: asyncio.WriteTransport, limit: int, budget: Budget) -> None:
        self._transport = transport
        self._limit = limit
        self._budget = budget
        self._ready: list[bytes] = []
        self._size = 0
        self._held: list[Send] = []
        self._unread = 0
        self.is_stalled = False

    @property
    def is_empty(self) -> bool:
        """Whether all has left."""
        return not (self._ready or self._held or self._transport.get_write_buffer_size())

    def put(self, send: Send) -> bool:
        """Take a message for the next `flush`, or for when the peer reads again; False when there is no room."""
        if self.is_stalled:
            return self._hold(send)
        size = len(send.data)
        if self._size + size > self._limit:
            return False
        self._ready.append(send.data)
        self._size += size
        return True

    def put_all(self, datas: list[bytes]) -> bool:
        """Take messages for the next `flush`: all of them, or none, and False."""
        size = sum(map(len, datas))
        if self.is_stalled or self._size + size > self._limit:
            return False
        self._ready += datas
        self._size += size
        return True

    def put_keep_alive(self, data: bytes) -> None:
        """Put CRLFs behind what is ready; for a peer that does not read there is no use in them."""
        if not self.is_stalled:
            self._ready.append(data)
            self._size += len(data)

    def flush(self) -> bool:
        """Write what is ready in one piece. False when there was nothing."""
        if not self._ready:
            return False
        data = b"".join(self._ready)
        self._ready.clear()
        self._size = 0
        self._transport.write(data)
        return True

    def stall(self) -> None:
        """The transport has more than it likes."""
        self.is_stalled = True
        self._occupy(self._transport.get_write_buffer_size())

    def resume(self) -> None:
        """The transport has room again; it says so too when its connection is closing, and what is held leaves."""
        self.is_stalled = False
        held = self._vacate()
        if held:
            self._transport.write(b"".join(send.data for send in held))

    def abandon(self) -> list[Send]:
        """The connection is gone: what it never took."""
        return self._vacate()

    def _hold(self, send: Send) -> bool:
        size = len(send.data)
        if self._unread + size > self._limit or not self._budget.admits(size):
            return False
        self._held.append(send)
        self._budget.held += 1
        self._occupy(size)
        return True

    def _occupy(self, size: int) -> None:
        self._unread += size
        self._budget.used += size

    def _vacate(self) -> list[Send]:
        self._budget.used -= self._unread
        self._budget.held -= len(self._held)
        self._unread = 0
        held, self._held = self._held, []
        return held
