"""What happens between a socket and the engine, always in the same order: count, ask, act, flush."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sipcore._parser import Message
from sipcore.edge.actions import Action, Count, Link, Resolve, Send
from sipcore.edge.engine import Engine
from sipcore.edge.facts import Found, SrvFact
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.relay.config import Config
from sipcore.relay.links import Links
from sipcore.relay.metrics import Metrics
from sipcore.relay.streams import DIALLED, Stream

__all__ = ["Shell"]


class Shell:
    """The engine's surroundings: hands it messages and the time, performs what it asks for.

    Args:
        engine: decides.
        config: limits of messages and links, and our addresses.
        metrics: where everything is counted.
        now: the clock, in seconds, monotonic.
    """

    def __init__(self, engine: Engine, config: Config, metrics: Metrics, now: Callable[[], float]) -> None:
        self._engine = engine
        self._config = config
        self._metrics = metrics
        self.now = now
        self.links = Links(config.links, config.tables.own, self._stream_to, self._undelivered)

    def make_stream(self, side: Side, kind: str, arrived_at: Hop | None = None, hop: Hop | None = None) -> Stream:
        """A stream that reports here; the arguments as in `Stream`."""
        limits = self._config.limits, self._config.links
        return Stream(self, side, kind, *limits, self.links.unread, arrived_at, hop)

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
        runs, message = self._engine.receive_all(take, link)
        for run in runs:
            self._metrics.tally(run.received, len(run.datas))
            self._metrics.tally(run.forwarded, len(run.datas))
            self.links.send_run(run)
        if message is not None:
            self.perform(self._engine.receive(message, link, self.now()))
        return message is not None or bool(runs)

    def lost(self, send: Send) -> None:
        """Say that a message left for nowhere: its link has gone down."""
        self._undelivered(send, "link-lost")

    def garbage(self, side: Side, transport: Transport, code: str) -> None:
        """Count bytes that are no message."""
        self._metrics.count("garbage", side, transport, code)

    def flush(self) -> None:
        """Let leave what was queued."""
        self.links.flush()

    # -- what the engine asks for

    def perform(self, actions: Iterable[Action]) -> None:
        """Send and count. Nothing is looked up in this build: a table that would need it is refused at start."""
        tally = self._metrics.tally
        for action in actions:
            if type(action) is Count:
                tally(action)
            elif isinstance(action, Send):
                self.links.send(action)
            elif isinstance(action, Resolve):
                now = self.now()
                self.perform(self._engine.resolved(SrvFact(action.domain, Found.FAILED, expires=now), now))

    def _undelivered(self, send: Send, why: str) -> None:
        self._metrics.count("undelivered", send.side, send.hop.transport, why)
        self.perform(self._engine.undelivered(send, self.now()))

    def tick(self) -> None:
        """What has to happen although nothing comes in."""
        now = self.now()
        self.perform(self._engine.tick(now))
        self.links.tick(now)
        self.flush()
