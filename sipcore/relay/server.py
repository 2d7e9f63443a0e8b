"""The relay as a whole: binds, starts, stops; and the process that runs one until it is told to end."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import secrets
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import uvloop

from sipcore.edge.actions import Trace
from sipcore.edge.engine import Engine
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import Hop, OwnSide, Side, Transport
from sipcore.errors import ConfigError, Problem
from sipcore.imfilter import ImFilter
from sipcore.relay.acceptor import TlsAcceptor
from sipcore.relay.config import Config, LinkLimits
from sipcore.relay.datagrams import DatagramPort
from sipcore.relay.descriptors import claim_descriptors, descriptor_warning
from sipcore.relay.logs import Quota, configure_logging, log_refusals, logger
from sipcore.relay.metrics import Metrics
from sipcore.relay.operations import Health, OperationsServer
from sipcore.relay.shell import Shell
from sipcore.relay.sockets import ListenError, bind, refused
from sipcore.relay.sources import Sources
from sipcore.relay.streams import Stream
from sipcore.relay.tls import TlsBook, time_of_day

__all__ = ["ListenError", "Relay", "run"]

#: Each side's sockets with their addresses, in the order of `OwnSide.addresses`.
_Sockets = Sequence[tuple[Side, Hop, socket.socket]]
_KEY_BYTES = 32
#: How often the engine forgets and idle connections are looked for, in seconds.
_TICK = 1.0
#: How often what should be known of our certificates is said again, in seconds.
_DAY = 86_400.0
#: Log lines, with their tracebacks, about errors of ours: a peer who has found one may cause it as often as it likes.
_ERRORS_PER_SECOND = 2


class Relay:
    """One edge on its sockets. Use it as an asynchronous context, or call `start` and `stop`.

    Args:
        config: what to be.
        observer: is told why each message went the way it went; without one, refusals are logged.

    Raises:
        ConfigError: a file of certificates cannot be used.

    Attributes:
        metrics: the counters.
        own: who it is and where it listens; once started, with the ports that the system chose for port 0.
        metrics_port: where counters and health are served, once started; None for nowhere.
    """

    def __init__(self, config: Config, observer: Callable[[Trace], None] | None = None) -> None:
        self._tls = TlsBook(config.tls, config.tables, time_of_day)
        self.metrics = Metrics()
        self.own = config.tables.own
        self.metrics_port: int | None = None
        self._config = config
        self._observer = observer
        self._held = ExitStack()
        self._servers: list[asyncio.Server] = []
        self._acceptors: list[TlsAcceptor] = []

    async def start(self) -> None:
        """Bind every address, then begin to read.

        Raises:
            ListenError: an address cannot be listened on; then none is.
        """
        loop = asyncio.get_running_loop()
        self._health = Health(loop.time)
        with ExitStack() as held:
            sockets = [_bound(side, hop, held) for side, hop in self.own.addresses()]
            self._serve_metrics(held)
            self._held = held.pop_all()
        self.own = _with_addresses(self.own, sockets)
        tables = dataclasses.replace(self._config.tables, own=self.own)
        config = dataclasses.replace(self._config, tables=tables)
        refusals = log_refusals(loop.time, with_text=config.log.text)
        observer, whole = self._observer or refusals, self._observer is not None
        content = ImFilter(config.filter) if config.filter else None
        engine = Engine(
            tables,
            content,
            config.keys or _random_keys(),
            observer,
            config.users,
            limits=config.limits,
            observe_forwarded=whole,
        )
        self._shell = Shell(engine, config, self.metrics, loop.time, self._tls)
        self._tell_expiries()
        await self._listen(sockets, config)
        self._timer = loop.call_later(_TICK, self._tick)
        self._daily = loop.call_later(_DAY, self._warn_daily)

    async def stop(self) -> None:
        """Stop listening, let out what is queued, give every address back."""
        self._timer.cancel()
        self._health.stop()
        self._daily.cancel()
        for server in self._servers:
            server.close()
        for acceptor in self._acceptors:
            await acceptor.close()
        await self._shell.close()
        self._held.close()

    def reload(self) -> None:
        """Read the files of certificates, roots and revocations again: links stand, new handshakes use what is new.

        What is wrong with them is logged, and then everything stays as it was.
        """
        try:
            self._tls.reload()
        except ConfigError as error:
            for problem in error.problems:
                logger().error(
                    problem.message, key=problem.key, where=problem.where, consequence="nothing was reloaded"
                )
        else:
            self._tell_expiries()
            logger().info("certificates were read again; everything else is read at start alone")

    @property
    def warnings(self) -> Sequence[Problem]:
        """What an operator should know of the configuration and of its certificates."""
        return *self._config.warnings, *self._tls.warnings

    def _tell_expiries(self) -> None:
        for side, expires in self._tls.expiries().items():
            self.metrics.certificate_expires(side, expires.timestamp())

    def _warn_daily(self) -> None:
        """What was said at start is long gone from the screen when a certificate ends."""
        self._daily = asyncio.get_running_loop().call_later(_DAY, self._warn_daily)
        for warning in self._tls.warnings:
            logger().warning(warning.message, key=warning.key, where=warning.where)

    @property
    def listen(self) -> Mapping[tuple[Side, Transport], Hop]:
        """Where it listens, see `OwnSide`."""
        return self.own.listen

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _serve_metrics(self, held: ExitStack) -> None:
        if (listen := self._config.metrics) is None:
            return
        try:
            server = OperationsServer(self.metrics.registry, self._health, listen)
        except OSError as error:
            raise refused("metrics", listen, error) from None
        held.callback(server.close)
        self.metrics_port = server.port

    async def _listen(self, sockets: _Sockets, config: Config) -> None:
        loop = asyncio.get_running_loop()
        for side, hop, bound in sockets:
            arrived_at = None if hop == self.listen[side, hop.transport] else hop
            if hop.transport is Transport.UDP:
                port = DatagramPort(self._shell, side, bound, config.limits, arrived_at)
                self._shell.links.ports[side].append(port)
                port.start(loop)
                continue
            make_stream = functools.partial(self._shell.make_stream, side, str(side), arrived_at)
            if hop.transport is Transport.TLS:
                self._acceptors.append(self._tls_acceptor(side, bound, make_stream, config.links))
            else:
                self._servers.append(await loop.create_server(make_stream, sock=bound, backlog=socket.SOMAXCONN))

    def _tls_acceptor(
        self, side: Side, bound: socket.socket, make_stream: Callable[[], Stream], limits: LinkLimits
    ) -> TlsAcceptor:
        outside = side is Side.OUTSIDE
        return TlsAcceptor(
            bound,
            make_stream,
            functools.partial(self._tls.server_context, side),
            functools.partial(self._shell.tls_failed, side),
            seconds=limits.connect_seconds,
            most=limits.max_links,
            sources=Sources(limits.max_links_per_source, limits.max_new_links_per_source) if outside else None,
        )

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)
        self._health.beat()
        self._shell.tick()


def _bound(side: Side, hop: Hop, held: ExitStack) -> tuple[Side, Hop, socket.socket]:
    bound = held.enter_context(bind(side, hop))
    return side, Hop(hop.transport, *bound.getsockname()[:2]), bound


def _with_addresses(own: OwnSide, sockets: _Sockets) -> OwnSide:
    hops: dict[tuple[Side, Transport], list[Hop]] = {}
    for side, hop, _ in sockets:
        hops.setdefault((side, hop.transport), []).append(hop)
    listen = {key: each[0] for key, each in hops.items()}
    return dataclasses.replace(own, listen=listen, further={key: tuple(each[1:]) for key, each in hops.items()})


def _random_keys() -> Keys:
    """Keys for as long as this process lives."""
    consequence = "responses to requests from before a restart, or from another edge of an array, will be dropped"
    logger().warning("no edge.key_file: a random key was made", consequence=consequence)
    return Keys(secrets.token_bytes(_KEY_BYTES))


def run(config: Config) -> None:
    """Be a relay until SIGTERM or SIGINT.

    Raises:
        ConfigError: a file of certificates cannot be used.
        ListenError: an address cannot be listened on.
    """
    relay = Relay(config)
    with configure_logging(config.log, functools.partial(relay.metrics.count, "log_lines_lost")):
        uvloop.run(_serve(relay, config))


async def _serve(relay: Relay, config: Config) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_reporter())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    loop.add_signal_handler(signal.SIGHUP, relay.reload)
    async with relay:
        _announce(relay, config)
        await told_to_stop.wait()
        logger().info("stopping")


def _reporter() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Tells of errors of ours: each cost the message or connection that it happened with, and nothing else."""
    quota = Quota(_ERRORS_PER_SECOND)

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if (left_out := quota.take(loop.time())) is not None:
            what = {"where": context.get("message"), "exc_info": context.get("exception"), "left_out": left_out}
            logger().error("internal error", **what)

    return report


def _announce(relay: Relay, config: Config) -> None:
    """Say what is listened on; each listener and each hop without TLS by name: nobody should find that out later."""
    for side, hop in relay.own.addresses():
        if hop.transport is Transport.TLS:
            logger().info("listening", side=str(side), address=str(hop))
            continue
        logger().warning("listening without TLS, as configured (insecure = true)", side=str(side), address=str(hop))
    for key, hop in (("inside.next_hop", config.tables.own.next_hop), *config.tables.hops()):
        if hop.transport is not Transport.TLS:
            logger().warning("sending without TLS, as configured (insecure = true)", to=str(hop), key=key)
    for warning in relay.warnings:
        logger().warning(warning.message, key=warning.key, where=warning.where)
    if short := descriptor_warning(config.links, claim_descriptors()):
        logger().warning(short, key="limits.max_links")
    if relay.metrics_port is not None:
        logger().info("serving metrics", port=relay.metrics_port)
