"""The least that a relay in Python can do: pass bytes on and look at none of them.

Run as a program: ``passthrough.py udp|tcp|tls LISTEN-PORT TARGET-PORT [FOLDER]``, both on 127.0.0.1; TLS asks for a
certificate on both sides and has its own from the folder. It ends when it is told to. It is run by its path, so that
nothing but uvloop is in its process.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from pathlib import Path
from typing import cast

import uvloop

_HOST = "127.0.0.1"
#: As sipcore's relay asks for; the system's default holds a burst of a hundred.
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

    def __init__(self, target: tuple[str, int], secure: ssl.SSLContext | None) -> None:
        self._target = target
        self._secure = secure
        self._waiting: list[bytes] = []
        self._out: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the connection onward."""
        self._dial = asyncio.get_running_loop().create_task(self._connect(cast(asyncio.Transport, transport)))

    async def _connect(self, accepted: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._out, _ = await loop.create_connection(lambda: Downstream(accepted), *self._target, ssl=self._secure)
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


def _context(folder: Path, protocol: int) -> ssl.SSLContext:
    """The edge's certificate on either side; the chain of the other end is verified, as an edge does it."""
    made = ssl.SSLContext(protocol)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(folder / "authority.pem")
    made.load_cert_chain(folder / "edge.pem")
    return made


async def _serve(transport: str, listen: int, target: tuple[str, int], folder: Path) -> None:
    loop = asyncio.get_running_loop()
    if transport == "udp":
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            bound.setsockopt(socket.SOL_SOCKET, option, _DATAGRAM_BUFFER)
        bound.bind((_HOST, listen))
        await loop.create_datagram_endpoint(lambda: Datagrams(target), sock=bound)
    else:
        onward, back = (
            (_context(folder, ssl.PROTOCOL_TLS_CLIENT), _context(folder, ssl.PROTOCOL_TLS_SERVER))
            if transport == "tls"
            else (None, None)
        )
        await loop.create_server(lambda: Upstream(target, onward), _HOST, listen, ssl=back)
    await asyncio.Event().wait()


def main(transport: str, listen: str, target: str, folder: str = "") -> None:
    """Pass bytes on until the process is ended."""
    uvloop.run(_serve(transport, int(listen), (_HOST, int(target)), Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
