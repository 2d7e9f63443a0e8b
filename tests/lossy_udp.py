"""A UDP path that loses and repeats datagrams by a seed, and remembers what passed through it.

    client  <-->  near socket | far socket  <-->  server

A datagram's fate depends on the seed, its direction, its transaction and on how many copies of it came before; not on
the clock. So every run of one seed sees the same weather, however the copies interleave.
"""

from __future__ import annotations

import random
import re
import selectors
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from addresses import Address

Transaction = tuple[bytes, bytes]

#: Larger than any datagram (RFC 768).
DATAGRAM = 65_536

CALL_ID = re.compile(rb"^Call-ID:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
CSEQ = re.compile(rb"^CSeq:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
TOP_BRANCH = re.compile(rb"^Via:[^\r\n]*?;branch=([^;,\s]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Weather:
    """How bad the path is: the chance (0 to 1) that a datagram is lost, and that it is repeated."""

    seed: int = 0
    lost: float = 0.0
    repeated: float = 0.0

    def copies(self, direction: str, transaction: Transaction, number: int) -> int:
        """How many copies of the number-th datagram of a transaction come through: 0, 1 or 2."""
        dice = random.Random(f"{self.seed} {direction} {transaction} {number}").random()
        if dice < self.lost:
            return 0
        return 2 if dice < self.lost + self.repeated else 1


@dataclass
class Record:
    """What went one way through the path: datagrams in and out, top branches and source addresses by transaction."""

    direction: str
    arrived: Counter[Transaction] = field(default_factory=Counter)
    passed: Counter[Transaction] = field(default_factory=Counter)
    branches: dict[Transaction, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    senders: dict[Transaction, set[Address]] = field(default_factory=lambda: defaultdict(set))
    lost: int = 0
    repeated: int = 0

    def note(self, datagram: bytes, sender: Address, weather: Weather) -> int:
        """Write one arrival down; gives how many copies of it come through."""
        transaction = transaction_of(datagram)
        self.arrived[transaction] += 1
        self.branches[transaction].update(TOP_BRANCH.findall(datagram)[:1])
        self.senders[transaction].add(sender)
        copies = weather.copies(self.direction, transaction, self.arrived[transaction])
        self.passed[transaction] += copies
        self.lost += copies == 0
        self.repeated += copies == 2
        return copies


class LossyUdp:
    """The path, as a context manager: datagrams to `near` go on from `far` to `server`, and answers back."""

    def __init__(self, near: Address, far: Address, server: Address, weather: Weather) -> None:
        self.near, self.server = near, server
        self._weather = weather
        self._client: Address | None = None
        self._near, self._far = _bound(near), _bound(far)
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        #: From the client to the server, and back.
        self.requests, self.answers = Record("request"), Record("answer")

    def __enter__(self) -> LossyUdp:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waker.send(b".")
        self._thread.join()
        for each in (self._near, self._far, self._wake, self._waker):
            each.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._near, selectors.EVENT_READ, self._from_client)
            selector.register(self._far, selectors.EVENT_READ, self._from_server)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    _drain(key.fileobj, key.data)  # type: ignore[arg-type]

    def _from_client(self, datagram: bytes, sender: Address) -> None:
        self._client = sender
        for _ in range(self.requests.note(datagram, sender, self._weather)):
            self._far.sendto(datagram, self.server)

    def _from_server(self, datagram: bytes, sender: Address) -> None:
        if self._client is None:
            return
        for _ in range(self.answers.note(datagram, sender, self._weather)):
            self._near.sendto(datagram, self._client)


def transaction_of(datagram: bytes) -> Transaction:
    """Call-ID and CSeq of a SIP message; empty where they are missing."""
    call_id, cseq = CALL_ID.search(datagram), CSEQ.search(datagram)
    return (call_id[1] if call_id else b"", cseq[1] if cseq else b"")


def _bound(address: Address) -> socket.socket:
    """A non-blocking UDP socket there, with as much room as the system gives: only the weather may lose anything."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    bound.bind(address)
    bound.setblocking(False)
    return bound


def _drain(readable: socket.socket, take: Callable[[bytes, Address], None]) -> None:
    while True:
        try:
            datagram, sender = readable.recvfrom(DATAGRAM)
        except BlockingIOError:
            return
        take(datagram, sender)
