"""The relay as a whole: binds, starts, stops; and the process that runs one until it is told to end."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import uvloop

from sipcore.edge.actions import Trace
from sipcore.edge.engine import Engine
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.imfilter import ImFilter
from sipcore.relay.carrying import check_carried
from sipcore.relay.config import Config
from sipcore.relay.datagrams import DatagramPort
from sipcore.relay.logs import configure_logging, log_refusals, logger
from sipcore.relay.metrics import Metrics, MetricsServer
from sipcore.relay.shell import Shell
from sipcore.relay.sockets import ListenError, bind, refused

__all__ = ["ListenError", "Relay", "run"]

_Sockets = Mapping[tuple[Side, Transport], socket.socket]
_KEY_BYTES = 32
#: How often the engine forgets and idle connections are looked for, in seconds.
_TICK = 1.0


class Relay:
    """One edge on its sockets. Use it as an asynchronous context, or call `start` and `stop`.

    Args:
        config: what to be.
        observer: is told why each message went the way it went; without one, refusals are logged.

    Raises:
        ConfigError: the configuration asks for more than this build carries.

    Attributes:
        metrics: the counters.
        listen: where it listens; once started, with the ports that the system chose for port 0.
        metrics_port: where counters are served, once started; None for nowhere.
    """

    def __init__(self, config: Config, observer: Callable[[Trace], None] | None = None) -> None:
        check_carried(config.tables)
        self.metrics = Metrics()
        self.listen: Mapping[tuple[Side, Transport], Hop] = config.tables.own.listen
        self.metrics_port: int | None = None
        self._config = config
        self._observer = observer
        self._held = ExitStack()
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Bind every address, then begin to read.

        Raises:
            ListenError: an address cannot be listened on; then none is.
        """
        loop = asyncio.get_running_loop()
        with ExitStack() as held:
            sockets = {key: held.enter_context(bind(key[0], hop)) for key, hop in self.listen.items()}
            self._serve_metrics(held)
            self._held = held.pop_all()
        self.listen = {key: Hop(key[1], *bound.getsockname()[:2]) for key, bound in sockets.items()}
        own = dataclasses.replace(self._config.tables.own, listen=self.listen)
        tables = dataclasses.replace(self._config.tables, own=own)
        config = dataclasses.replace(self._config, tables=tables)
        observer, whole = self._observer or log_refusals(loop.time), self._observer is not None
        content = ImFilter(config.filter) if config.filter else None
        engine = Engine(tables, content, config.keys or _random_keys(), observer, config.users, observe_forwarded=whole)
        self._shell = Shell(engine, config, self.metrics, loop.time)
        await self._listen(sockets, config)
        self._timer = loop.call_later(_TICK, self._tick)

    async def stop(self) -> None:
        """Stop listening, let out what is queued, give every address back."""
        self._timer.cancel()
        for server in self._servers:
            server.close()
        await self._shell.links.close()
        self._held.close()

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
            server = MetricsServer(self.metrics, listen)
        except OSError as error:
            raise refused("metrics", listen, error) from None
        held.callback(server.close)
        self.metrics_port = server.port

    async def _listen(self, sockets: _Sockets, config: Config) -> None:
        loop = asyncio.get_running_loop()
        for (side, transport), bound in sockets.items():
            if transport is Transport.UDP:
                self._shell.links.ports[side] = port = DatagramPort(self._shell, side, bound, config.limits)
                port.start(loop)
            else:
                make_stream = functools.partial(self._shell.make_stream, side, str(side))
                self._servers.append(await loop.create_server(make_stream, sock=bound, backlog=socket.SOMAXCONN))

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)
        self._shell.tick()


def _random_keys() -> Keys:
    """Keys for as long as this process lives."""
    consequence = "responses to requests from before a restart, or from another edge of an array, will be dropped"
    logger().warning("no edge.key_file: a random key was made", consequence=consequence)
    return Keys(secrets.token_bytes(_KEY_BYTES))


def run(config: Config) -> None:
    """Be a relay until SIGTERM or SIGINT.

    Raises:
        ConfigError: the configuration asks for more than this build carries.
        ListenError: an address cannot be listened on.
    """
    relay = Relay(config)
    configure_logging()
    uvloop.run(_serve(relay, config))


async def _serve(relay: Relay, config: Config) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    async with relay:
        _announce(relay, config)
        await told_to_stop.wait()
        logger().info("stopping")


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error of ours: it cost the message or connection that it happened with, and nothing else."""
    logger().error("internal error", where=context.get("message"), exc_info=context.get("exception"))


def _announce(relay: Relay, config: Config) -> None:
    """Say what is listened on; each listener and each hop without TLS by name: nobody should find that out later."""
    for (side, _), hop in relay.listen.items():
        logger().warning("listening without TLS, as configured (insecure = true)", side=str(side), address=str(hop))
    for key, hop in (("inside.next_hop", config.tables.own.next_hop), *config.tables.hops()):
        if hop.transport is not Transport.TLS:
            logger().warning("sending without TLS, as configured (insecure = true)", to=str(hop), key=key)
    for warning in config.warnings:
        logger().warning(warning.message, key=warning.key, where=warning.where)
    if relay.metrics_port is not None:
        logger().info("serving metrics", port=relay.metrics_port)
