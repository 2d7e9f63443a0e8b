"""Where things are, by DNS: the SRV record of a domain for the engine, the addresses of a hop's name for the links.

Each side has name servers of its own, for inside names are often known inside only (F079). However many messages want a
name, it is asked for once; how many may be asked for at a time is bounded, and so is what is remembered. SRV records
are remembered by the engine, addresses here; both for as long as the record says, within bounds: less would let the
owner of a name make us ask for every message, more would keep us from a host that has moved.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence

import dns.asyncresolver
from dns.nameserver import Do53Nameserver
from dns.rdatatype import AAAA, SRV, A, RdataType
from dns.resolver import NoResolverConfiguration

from sipcore.edge.facts import SrvFact
from sipcore.edge.tables import OwnSide, Side, is_address
from sipcore.relay.config import DnsSettings
from sipcore.relay.logs import Quota, logger
from sipcore.relay.lookups import SRV_SERVICE, Outcome, Reply, fact_from, look_up
from sipcore.relay.metrics import Metrics

__all__ = ["Address", "Resolver", "families_of"]

#: Host and port.
Address = tuple[str, int]
#: What a look-up is known by while it is under way: side, name, type.
_Question = tuple[Side, str, RdataType]

#: What an answer may have over UDP, in bytes; a longer one comes over TCP. It fits into the smallest packet that IPv6
#: carries whole (RFC 8200 section 5), so there are no fragments, which could be forged.
_UDP_PAYLOAD = 1_232
#: Names whose addresses are remembered; past it the one that was learnt first is asked for again.
_REMEMBERED_NAMES = 10_000
_LINES_PER_SECOND = 10

_ANSWERED = frozenset({Outcome.FOUND, Outcome.ABSENT})


def families_of(own: OwnSide) -> dict[Side, set[RdataType]]:
    """The types of addresses that each side can send to: those that it listens on, or no answer could come back."""
    return {
        side: {AAAA if hop.is_ipv6 else A for listening, hop in own.addresses() if listening is side} for side in Side
    }


class Resolver:
    """Looks names up. All calls come from the loop's thread.

    Args:
        settings: whom to ask, for how long, and for how long answers hold.
        families: the types of addresses that each side can send to.
        metrics: where look-ups are counted.
        now: the engine's clock, in seconds, monotonic.
    """

    def __init__(
        self,
        settings: DnsSettings,
        families: Mapping[Side, Collection[RdataType]],
        metrics: Metrics,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._families = families
        self._metrics = metrics
        self._now = now
        self._clients: dict[Side, dns.asyncresolver.Resolver] = {}
        self._asking: dict[_Question, asyncio.Task[Reply]] = {}
        self._known: OrderedDict[tuple[Side, str], tuple[tuple[str, ...], float]] = OrderedDict()
        self._log = Quota(_LINES_PER_SECOND)

    async def srv(self, domain: str, asker: Side = Side.INSIDE) -> SrvFact:
        """What DNS says of a domain's federation record, be it that nothing could be learnt.

        Args:
            domain: whose record.
            asker: where the message came from that needs it. For the outside half of all look-ups may be under way:
                whoever sends us domains that are slow to look up takes no place of what our users ask for.
        """
        most = self._settings.max_queries
        most = most if asker is Side.INSIDE else (most + 1) // 2
        reply = await self._shared((Side.OUTSIDE, f"{SRV_SERVICE}.{domain}", SRV), most)
        return fact_from(reply, domain, self._now() + self._lifetime(reply))

    async def addresses(self, side: Side, host: str, port: int) -> Sequence[Address]:
        """Where a hop of that side is, in the order in which to try; nowhere when its name has no address, or none
        could be learnt.

        A hop always has a port (5061 unless the table says another), so its name is that of a host, and no SRV record
        of its own is asked for (RFC 3263 section 4.2).
        """
        if is_address(host):
            return ((host, port),)
        found, expires = self._known.get((side, host), ((), 0.0))
        if self._now() < expires:
            self._metrics.count("dns_remembered", side)
        else:
            found = await self._fresh(side, host)
        return tuple((address, port) for address in found)

    async def close(self) -> None:
        """Give up every look-up."""
        tasks = tuple(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- addresses

    async def _fresh(self, side: Side, host: str) -> tuple[str, ...]:
        """One family's failure does not hide the other's addresses."""
        questions = [(side, host, family) for family in (AAAA, A) if family in self._families[side]]
        most = self._settings.max_queries
        replies = await asyncio.gather(*(self._shared(question, most) for question in questions))
        found = tuple(record.to_text() for reply in replies for record in reply.records)
        self._known[side, host] = found, self._now() + min(map(self._lifetime, replies))
        self._known.move_to_end((side, host))
        if len(self._known) > _REMEMBERED_NAMES:
            self._known.popitem(last=False)
        return found

    def _lifetime(self, reply: Reply) -> float:
        """How long to go by it. A failure holds for the shortest time, so that nobody can have us ask without end."""
        if reply.outcome is Outcome.CROWDED:
            return 0.0
        ttl = reply.ttl if reply.outcome in _ANSWERED else 0
        return min(max(ttl, self._settings.min_ttl), self._settings.max_ttl)

    # -- look-ups

    async def _shared(self, question: _Question, most: int) -> Reply:
        """The outcome of the look-up that is under way, or of a new one unless so many are."""
        task = self._asking.get(question)
        if task is None:
            if len(self._asking) >= most:
                reply = Reply(Outcome.CROWDED, why=f"{len(self._asking)} look-ups are under way")
                self._ended(question, reply)
                return reply
            task = self._asking[question] = asyncio.get_running_loop().create_task(self._ask(question))
        return await asyncio.shield(task)  # whose patience ends must not end it for the others

    async def _ask(self, question: _Question) -> Reply:
        side, name, kind = question
        self._metrics.waiting_for_dns(+1)
        try:
            reply = await look_up(self._client(side), name, kind)
        except NoResolverConfiguration as error:
            reply = Reply(Outcome.FAILED, why=f"the system has no name servers: {error}")
        finally:
            del self._asking[question]
            self._metrics.waiting_for_dns(-1)
        self._ended(question, reply)
        return reply

    def _ended(self, question: _Question, reply: Reply) -> None:
        side, name, kind = question
        self._metrics.count("dns_lookups", side, kind.name, reply.outcome)
        if reply.why and (left_out := self._log.take(self._now())) is not None:
            logger().warning(
                "look-up failed",
                name=name,
                type=kind.name,
                side=str(side),
                outcome=str(reply.outcome),
                why=reply.why,
                left_out=left_out,
            )

    def _client(self, side: Side) -> dns.asyncresolver.Resolver:
        """Made when it is needed: a relay whose tables have no names asks nobody, and needs nobody to ask."""
        client = self._clients.get(side)
        if client is None:
            servers = self._settings.servers[side]
            client = dns.asyncresolver.Resolver(configure=not servers)
            if servers:
                client.nameservers = [Do53Nameserver(*server) for server in servers]
            client.timeout, client.lifetime = self._settings.timeout_seconds, self._settings.lookup_seconds
            client.use_edns(0, 0, _UDP_PAYLOAD)
            self._clients[side] = client
        return client
