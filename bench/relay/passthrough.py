"""The least that a relay in Python can do: pass bytes on and look at none of them.

Run as a program: ``passthrough.py asyncio|uvloop udp|tcp LISTEN-PORT TARGET-PORT``, both on 127.0.0.1. It ends when it
is told to. It is run by its path, so that nothing but the loop is in its process.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import cast

_HOST = "127.0.0.1"
#: As sipcore's relay asks for; asyncio alone would leave the system's default, which holds a burst of a hundred.
_DATAGRAM_BUFFER = 4 << 20


class Datagrams(asyncio.DatagramProtocol):
    """Sends every datagram on."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _: object) -> None:
        """Send it on."""
        self._transport.sendto(data, self._target)


class Upstream(asyncio.Protocol):
    """An accepted connection: what comes goes out on a connection of its own."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._waiting: list[bytes] = []
        self._out: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the connection onward."""
        self._dial = asyncio.get_running_loop().create_task(self._connect(cast(asyncio.Transport, transport)))

    async def _connect(self, accepted: asyncio.Transport) -> None:
        make = asyncio.get_running_loop().create_connection(lambda: Downstream(accepted), *self._target)
        self._out, _ = await make
        self._out.writelines(self._waiting)

    def data_received(self, data: bytes) -> None:
        """Write it on."""
        if self._out is None:
            self._waiting.append(data)
        else:
            self._out.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other one too."""
        self._dial.cancel()
        if self._out is not None:
            self._out.close()


class Downstream(asyncio.Protocol):
    """The connection onward: what comes back goes back."""

    def __init__(self, accepted: asyncio.Transport) -> None:
        self._accepted = accepted

    def data_received(self, data: bytes) -> None:
        """Write it back."""
        self._accepted.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other one too."""
        self._accepted.close()


async def _serve(transport: str, listen: int, target: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    if transport == "tcp":
        await loop.create_server(lambda: Upstream(target), _HOST, listen)
    else:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            bound.setsockopt(socket.SOL_SOCKET, option, _DATAGRAM_BUFFER)
        bound.bind((_HOST, listen))
        await loop.create_datagram_endpoint(lambda: Datagrams(target), sock=bound)
    await asyncio.Event().wait()


def main(loop: str, transport: str, listen: str, target: str) -> None:
    """Pass bytes on until the process is ended."""
    served = _serve(transport, int(listen), (_HOST, int(target)))
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - the process without it shall be without it

        uvloop.run(served)
    else:
        asyncio.run(served)


if __name__ == "__main__":
    main(*sys.argv[1:])
