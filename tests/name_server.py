"""A real name server on loopback, Knot DNS, and one of ours that answers what no real one would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import dns.message
import dns.query
import dns.rcode
import dns.rrset
import dns.update
from addresses import free_port
from dns.exception import DNSException
from patience import PATIENCE_S
from peer_programs import require_program
from programs import running

HOST = "127.0.0.71"
#: How long an absence holds, by the zone's SOA record; anything else holds for `TTL` unless it says otherwise.
NEGATIVE_TTL, TTL = 30, 300
#: A domain that Knot is to serve, and has nothing for: asked for it, it says SERVFAIL.
BROKEN = "broken.test"

_CONFIGURATION = """\
server:
    rundir: {folder}
    listen: {host}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {folder}
log:
  - target: stderr
    any: error
acl:
  - id: change
    address: 127.0.0.0/8
    action: update
template:
  - id: default
    storage: {folder}
    acl: change
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: example
  - domain: {broken}
"""
_ZONE = f"""\
$ORIGIN example.
$TTL {TTL}
@ SOA ns admin 1 3600 600 86400 {NEGATIVE_TTL}
@ NS ns
ns A {HOST}
"""


@dataclass(frozen=True)
class NameServer:
    """A running server of the zone ``example``, which tests write into by dynamic updates (RFC 2136)."""

    host: str
    port: int

    def answers(self) -> bool:
        """Whether it serves its zone already."""
        query = dns.message.make_query("ns.example.", "A")
        try:
            return dns.query.tcp(query, self.host, 1, self.port).rcode() == dns.rcode.NOERROR
        except (OSError, EOFError, DNSException):
            return False

    def set(self, name: str, kind: str, *records: str, ttl: int = TTL) -> None:
        """From now on these are all records of that name and type."""
        update = dns.update.UpdateMessage("example.")
        update.delete(f"{name}.", kind)
        for record in records:
            update.add(f"{name}.", ttl, kind, record)
        answer = dns.query.tcp(update, self.host, PATIENCE_S, self.port)
        assert answer.rcode() == dns.rcode.NOERROR, answer

    def federate(self, domain: str, *targets: str, ttl: int = TTL) -> None:
        """Its federation record: each target as "priority weight port host", or a host alone."""
        records = (f"{target}." if " " in target else f"0 0 5061 {target}." for target in targets)
        self.set(f"_sipfederationtls._tcp.{domain}", "SRV", *records, ttl=ttl)


@contextmanager
def name_server(folder: Path) -> Iterator[NameServer]:
    """Start Knot, wait until it answers, stop it in the end.

    Args:
        folder: for its configuration, its zone and its database.
    """
    knotd = require_program("knotd", "knot")
    server = NameServer(HOST, free_port(HOST))
    configuration = folder / "knot.conf"
    places = {"folder": folder, "host": server.host, "port": server.port}
    configuration.write_text(_CONFIGURATION.format(broken=BROKEN, **places))
    (folder / "example.zone").write_text(_ZONE)
    with running((knotd, "-c", configuration), folder / "knot.log") as program:
        program.wait_until(server.answers)
        yield server


# -- ours

Datagrams = Sequence[bytes]


@dataclass
class OddServer(asyncio.DatagramProtocol):
    """Counts the questions, and answers each with whatever it is told to, or not at all.

    Attributes:
        answer: the datagrams that a question is answered by.
        open: answers leave once it is set; it is, unless a test clears it.
        questions: all that came, as "name type".
    """

    answer: Callable[[dns.message.Message], Datagrams]
    questions: list[str] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    place: tuple[str, int] = ("", 0)
    _held: set[asyncio.Task[None]] = field(default_factory=set)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.place = transport.get_extra_info("sockname")
        self.open.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        self.questions.append(f"{question.name.to_text(omit_final_dot=True)} {question.rdtype.name}")
        task = asyncio.get_running_loop().create_task(self._answer(query, addr))
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _answer(self, query: dns.message.Message, addr: tuple[str, int]) -> None:
        await self.open.wait()
        for data in self.answer(query):
            self._transport.sendto(data, addr)


@asynccontextmanager
async def odd_server(answer: Callable[[dns.message.Message], Datagrams]) -> AsyncIterator[OddServer]:
    """Such a server, on a port that the system chooses."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: OddServer(answer), local_addr=(HOST, 0))
    try:
        yield server
    finally:
        transport.close()


def silence(query: dns.message.Message) -> Datagrams:
    """No answer at all."""
    return []


def saying(*records: str, kind: str = "SRV", section: str = "answer") -> Callable[[dns.message.Message], Datagrams]:
    """An answer with these records of the name that was asked for."""

    def answer(query: dns.message.Message) -> Datagrams:
        response = dns.message.make_response(query)
        name = query.question[0].name
        getattr(response, section).append(dns.rrset.from_text(name, TTL, "IN", kind, *records))
        return [response.to_wire(max_size=65_000)]

    return answer
