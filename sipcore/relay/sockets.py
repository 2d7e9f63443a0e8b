"""Bound sockets for the addresses that the edge listens on."""

from __future__ import annotations

import os
import socket

from sipcore.edge.tables import Hop, Side, Transport
from sipcore.errors import SipError

__all__ = ["ListenError", "bind", "refused"]

#: Asked of the kernel, which gives what ``net.core.rmem_max`` allows: a burst waits here while Python works.
_DATAGRAM_BUFFER = 4 << 20


class ListenError(SipError, OSError):
    """An address cannot be listened on: taken, not ours, or not allowed. The text names it and why, in one line."""


def bind(side: Side, hop: Hop) -> socket.socket:
    """A bound, non-blocking socket; port 0 lets the system choose.

    Raises:
        ListenError: the system refused.
    """
    family = socket.AF_INET6 if ":" in hop.host else socket.AF_INET
    kind = socket.SOCK_DGRAM if hop.transport is Transport.UDP else socket.SOCK_STREAM
    bound = socket.socket(family, kind)
    try:
        bound.setblocking(False)
        _set_options(bound, hop.transport)
        bound.bind((hop.host, hop.port))
        if hop.transport is not Transport.UDP:
            bound.listen(socket.SOMAXCONN)  # here already: two may bind with SO_REUSEADDR, but only one may listen
    except OSError as error:
        bound.close()
        raise refused(side, str(hop), error) from None
    return bound


def refused(who: str, address: str, error: OSError) -> ListenError:
    """The system's refusal in one line."""
    return ListenError(f"{who}: cannot listen on {address}: {os.strerror(error.errno or 0)}")


def _set_options(bound: socket.socket, transport: Transport) -> None:
    if transport is not Transport.UDP:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for TIME_WAIT
        return
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        bound.setsockopt(socket.SOL_SOCKET, option, _DATAGRAM_BUFFER)
