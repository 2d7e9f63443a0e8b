"""What an operator's tools ask over HTTP: the counters, and whether the relay is well.

Served from a thread of its own, so that a scrape does not wait for the loop, nor the loop for it; and so that somebody
can still tell when the loop does not turn any more.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app

from sipcore.relay.leaves import HostPort

__all__ = ["Health", "OperationsServer"]

#: Ticks come every second: after so many seconds without one the loop is stuck, or starved.
_LONGEST_SILENCE = 5.0
#: How often the server looks whether it is to end, in seconds.
_LOOKS_UP = 0.05


class Health:
    """Whether the relay does its work.

    Args:
        now: seconds on any clock that does not go back.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._heard = now()
        self._stopping = False

    def beat(self) -> None:
        """The loop has come round."""
        self._heard = self._now()

    def stop(self) -> None:
        """No new work is wanted: what is under way is being finished."""
        self._stopping = True

    @property
    def trouble(self) -> str:
        """What is wrong in one word: ``stopping``, ``stalled``, or nothing."""
        if self._stopping:
            return "stopping"
        return "stalled" if self._now() - self._heard > _LONGEST_SILENCE else ""


class OperationsServer:
    """Serves ``/metrics`` for Prometheus and ``/healthz`` for whoever balances load or restarts what is not well.

    ``/healthz`` is 200 ``ok`` or 503 with the trouble.

    Raises:
        OSError: the address cannot be bound.
    """

    def __init__(self, registry: CollectorRegistry, health: Health, listen: HostPort) -> None:
        kind = _ServerOnIPv6 if ":" in listen.host else _Server
        self._server = make_server(listen.host, listen.port, _application(registry, health), kind, _QuietHandler)
        self.port = self._server.server_port
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(_LOOKS_UP,), name="operations", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the address back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a request: somebody who asks slowly keeps nobody else waiting."""

    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; where that fails, for want of descriptors say, it is not tried again at once and for ever."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_LOOKS_UP)
            raise

    def server_bind(self) -> None:
        """Bind, and no more: the library would ask DNS for a name of the address, for as long as that takes."""
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()


class _ServerOnIPv6(_Server):
    address_family = socket.AF_INET6


class _QuietHandler(WSGIRequestHandler):
    """A scrape every few seconds is not worth a line."""

    #: Seconds that a client may take to say what it wants.
    timeout = 10

    def log_message(self, *_: object) -> None:
        pass


_Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


def _application(registry: CollectorRegistry, health: Health) -> _Application:
    metrics: _Application = make_wsgi_app(registry)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path != "/healthz":
            return _text(start_response, "404 Not Found", "there are /metrics and /healthz")
        trouble = health.trouble
        return _text(start_response, "503 Service Unavailable" if trouble else "200 OK", trouble or "ok")

    return application


def _text(start_response: StartResponse, status: str, text: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]
