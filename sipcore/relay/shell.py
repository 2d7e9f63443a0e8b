"""What happens between a socket and the engine, always in the same order: count, ask, act, flush."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from sipcore._parser import Message
from sipcore.configuration import Config
from sipcore.edge.actions import Action, Count, Failure, Link, Resolve, Send
from sipcore.edge.engine import Engine
from sipcore.edge.facts import Found, SrvFact
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.relay.aliases import Aliases
from sipcore.relay.dialling import Dialler
from sipcore.relay.links import Links
from sipcore.relay.logs import Quota, logger
from sipcore.relay.metrics import Metrics
from sipcore.relay.resolver import Resolver, families_of
from sipcore.relay.streams import DIALLED, Stream
from sipcore.relay.tls.book import TlsBook
from sipcore.relay.tls.handshakes import HandshakeFault, fault_of
from sipcore.relay.unheard import Unheard

__all__ = ["Shell"]

#: Log lines about failed handshakes.
_LINES_PER_SECOND = 10


class Shell:
    """The engine's surroundings: hands it messages and the time, performs what it asks for.

    Args:
        engine: decides.
        config: limits of messages and links, and our addresses.
        metrics: where everything is counted.
        now: the clock, in seconds, monotonic.
        tls: certificates, ours and others'.

    Attributes:
        wake: notes when what is read now was read.
    """

    def __init__(
        self, engine: Engine, config: Config, metrics: Metrics, now: Callable[[], float], tls: TlsBook
    ) -> None:
        self._engine = engine
        self._config = config
        self._metrics = metrics
        self.now = now
        self._resolver = Resolver(config.dns, families_of(config.tables.own), metrics, now)
        self._latency = metrics.latency
        self.wake = metrics.latency.wake
        self._look_ups: set[asyncio.Task[None]] = set()
        self._tls_quota = Quota(_LINES_PER_SECOND)
        self.links = self._links(tls)
        self._watch_queues()

    def _links(self, tls: TlsBook) -> Links:
        limits, aliases = self._config.links, Aliases()
        self._dialler = Dialler(
            limits.connect_seconds,
            self._config.tables.own,
            aliases,
            addresses=self._resolver.addresses,
            make_stream=self._stream_to,
            client_context=tls.client_context,
            may_stand_for=tls.may_stand_for,
            tls_failed=self.tls_failed,
            reused=lambda side: self._metrics.count("links_reused", side),
        )
        return Links(limits, aliases, self._dialler.way_to, self._undelivered)

    def _watch_queues(self) -> None:
        watch, unread, unfinished = self._metrics.queues.watch, self.links.unread, self.links.unfinished
        watch("peer", lambda: (unread.held, unread.used))
        watch("rest", lambda: (unfinished.holders, unfinished.size))
        watch("connection", lambda: self.links.waiting)
        watch("record", lambda: self._engine.waiting)

    def make_stream(self, side: Side, kind: str, arrived_at: Hop | None = None, hop: Hop | None = None) -> Stream:
        """A stream that reports here; the arguments as in `Stream`."""
        limits, links = (self._config.limits, self._config.links), self.links
        unfinished = links.unfinished if kind == Side.OUTSIDE else None
        return Stream(self, side, kind, *limits, links.unread, unfinished, arrived_at, hop)

    def _stream_to(self, side: Side, hop: Hop) -> Stream:
        return self.make_stream(side, DIALLED, hop=hop)

    # -- what links report

    def next_link_id(self) -> int:
        """A number that no other link has."""
        return self.links.next_id()

    def stream_opened(self, stream: Stream, host: str, port: int) -> Link | None:
        """Give a connection its link, or None when there are too many."""
        if why := self.links.refuses(stream, host, self.now()):
            self._metrics.count("links_closed", stream.side, why)
            return None
        link = self.links.add(stream, host, port)
        self._metrics.count("links_opened", stream.side)
        self._metrics.links(stream.side, +1)
        self._engine.link_up(link, self.now())
        return link

    def stream_closed(self, stream: Stream, why: str) -> None:
        """Forget a connection."""
        self.links.remove(stream)
        self._metrics.count("links_closed", stream.side, why)
        self._metrics.links(stream.side, -1)
        self._engine.link_down(stream.link, self.now())

    def receive_some(self, take: Callable[[], Message | None], link: Link) -> bool:
        """Do what the engine says of the next messages; they leave with the next flush.

        Args:
            take: gives the next one, None when there is none.

        Returns:
            Whether there was one; then there may be more.
        """
        runs, message = self._engine.receive_all(take, link, self.now())
        for run in runs:
            self.links.send_run(run)  # first: what counts can wait
            for tally in run.tallies:
                self._metrics.tally_all(tally.counts, tally.times)
            self._latency.messages += len(run.datas)
        if message is not None:
            self._latency.messages += 1
            self.perform(self._engine.receive(message, link, self.now()))
        return message is not None or bool(runs)

    def introduced(self, stream: Stream, first: Message) -> None:
        """Know whether a peer offers its connection for our requests too."""
        self.links.introduced(stream, first)

    def lost(self, send: Send) -> None:
        """Say that a message left for nowhere: its link has gone down."""
        self._undelivered(send, "link-lost", Failure.LOCAL)

    def unheard(self, stream: Stream, unheard: Unheard, exc: Exception | None) -> None:
        """Say that a hop has not let us in, and that what was sent to it has not arrived."""
        what = fault_of(exc).what if isinstance(exc, OSError) else "the connection ended before anything was said"
        self.tls_failed(stream.side, str(stream.hop), HandshakeFault("not-let-in", what, Failure.NO_TLS))
        given_up = Count("undelivered", (stream.side, stream.transport, "not-let-in"))
        self._metrics.tally(given_up, unheard.given_up)
        for send in unheard.sends:
            self._undelivered(send, "not-let-in", Failure.NO_TLS)

    def tls_failed(self, side: Side, peer: str, fault: HandshakeFault) -> None:
        """There is no link with a peer, because TLS or its certificate was not what it should be."""
        self._metrics.count("tls_failed", side, fault.why)
        if (left_out := self._tls_quota.take(self.now())) is not None:
            logger().warning(
                "no TLS link", side=str(side), peer=peer, why=fault.why, what=fault.what, left_out=left_out
            )

    def garbage(self, side: Side, transport: Transport, code: str) -> None:
        """Count bytes that are no message."""
        self._metrics.count("garbage", side, transport, code)

    def flush(self) -> None:
        """Let leave what was queued."""
        self.links.flush()
        self._latency.flushed()

    # -- what the engine asks for

    def perform(self, actions: Iterable[Action]) -> None:
        """Send, count, and begin to look up."""
        tally = self._metrics.tally
        for action in actions:
            if type(action) is Count:
                tally(action)
            elif isinstance(action, Send):
                self.links.send(action)
            elif isinstance(action, Resolve):
                task = asyncio.get_running_loop().create_task(self._look_up(action))
                self._look_ups.add(task)
                task.add_done_callback(self._look_ups.discard)

    async def _look_up(self, wanted: Resolve) -> None:
        """Tell the engine what DNS says of a domain, and do what follows."""
        fact = SrvFact(wanted.domain, Found.FAILED, expires=self.now())
        try:
            fact = await self._resolver.srv(wanted.domain, wanted.side)
        finally:  # a shutdown cancels this task, and then too nobody may be left waiting
            for go_on in self._engine.released(fact, self.now(), wanted.side):
                self._step(go_on)
            self.flush()

    def _step(self, go_on: Callable[[], Iterable[Action]]) -> None:
        """Go on with one of several messages: an error of ours costs that one, and none of the others."""
        try:
            self.perform(go_on())
        except Exception as error:
            context = {"message": "a message that waited for DNS was lost", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _undelivered(self, send: Send, why: str, failure: Failure) -> None:
        self._metrics.count("undelivered", send.side, send.hop.transport, why)
        self.perform(self._engine.undelivered(send, self.now(), failure))

    def tick(self) -> None:
        """What has to happen although nothing comes in."""
        now = self.now()
        self.perform(self._engine.tick(now))
        self.links.tick(now)
        self.flush()

    async def close(self) -> None:
        """Tell those who wait for a name that none will come, let out what is queued, close every link."""
        for task in tuple(self._look_ups):
            task.cancel()
        await asyncio.gather(*self._look_ups, return_exceptions=True)
        await self.links.close()
        await self._resolver.close()
