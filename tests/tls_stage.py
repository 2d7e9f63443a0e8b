"""Peers with certificates around a relay, and handshakes without sockets, for tests of TLS.

The peers are plain ``ssl``: they trust one authority, show one leaf, and share no code with sipcore.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authority import FOR_CLIENTS, FOR_SERVERS, Authority, Leaf, bundle
from patience import PATIENCE_S
from relay_stage import Connection

from sipcore.configuration import Config, loads
from sipcore.relay.tls.handshakes import HandshakeFault, fault_of

PUBLIC, PRIVATE, CONTOSO = Authority("Public Root"), Authority("Fabrikam's Own Root"), Authority("Contoso's Own Root")

#: Ours has both purposes, so that peers can insist on client authentication.
EDGE = PUBLIC.leaf("edge.contoso.example", purposes=(FOR_SERVERS, FOR_CLIENTS))
EDGE_INSIDE = CONTOSO.leaf("edge.contoso.example", purposes=(FOR_SERVERS, FOR_CLIENTS))

#: Public authorities for everybody outside, a partner's own for partners alone, and ours for the inside.
TRUST = """
[tls]
inside = "inside.pem"
outside = "outside.pem"
[tls.roots]
inside = ["contoso.pem"]
partner = ["public.pem", "private.pem"]
provider = ["public.pem"]
discovered = ["public.pem"]
"""


def write_files(folder: Path, outside: Leaf = EDGE) -> None:
    """The files that `TRUST` names."""
    outside.write(folder / "outside.pem")
    EDGE_INSIDE.write(folder / "inside.pem")
    for name, authority in (("public", PUBLIC), ("private", PRIVATE), ("contoso", CONTOSO)):
        authority.write(folder / f"{name}.pem")


def config_in(folder: Path, text: str) -> Config:
    """A configuration whose files are in a folder."""
    return loads(text, folder / "edge.toml")


# -- peers


def connecting(folder: Path, leaf: Leaf | None, *trusted: Authority) -> ssl.SSLContext:
    """A peer that connects: it shows ``leaf``, and trusts these authorities; by default all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _armed(context, folder, leaf, trusted)


def serving(folder: Path, leaf: Leaf, *trusted: Authority) -> ssl.SSLContext:
    """A peer that is connected to, and wants a certificate of whoever does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _armed(context, folder, leaf, trusted)


def _armed(context: ssl.SSLContext, folder: Path, leaf: Leaf | None, trusted: tuple[Authority, ...]) -> ssl.SSLContext:
    context.load_verify_locations(bundle(trusted or (PUBLIC, PRIVATE, CONTOSO), folder / "peer-roots.pem"))
    if leaf is not None:
        context.load_cert_chain(leaf.write(folder / "peer.pem"))
    return context


@contextmanager
def connected(place: tuple[str, int], context: ssl.SSLContext, host: str = "127.0.0.1") -> Iterator[Connection]:
    """A peer's TLS connection to the edge, from its own address."""
    plain = socket.create_connection(place, PATIENCE_S, (host, 0))
    with plain, context.wrap_socket(plain, server_hostname="edge.contoso.example") as secured:
        yield Connection(secured)


@contextmanager
def accepted(listener: socket.socket, context: ssl.SSLContext) -> Iterator[Connection]:
    """The next TLS connection that the edge opens."""
    plain, _ = listener.accept()
    plain.settimeout(PATIENCE_S)
    with plain, context.wrap_socket(plain, server_side=True) as secured:
        yield Connection(secured)


# -- handshakes without sockets


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "edge.contoso.example") -> list[ssl.SSLObject]:
    """A whole handshake in memory: (client, server). Raises: ssl.SSLError, of whoever was not content first."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    both = [
        client.wrap_bio(to_client, to_server, server_hostname=name or None),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    going = list(both)
    for _ in range(10):  # flights of a handshake: there are at most five
        for each in tuple(going):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
            going.remove(each)
        if not going:
            return both
    raise AssertionError("a handshake without an end")


def refused(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "edge.contoso.example") -> HandshakeFault:
    """Why a handshake came to nothing."""
    try:
        shake(client, server, name)
    except ssl.SSLError as error:
        return fault_of(error)
    raise AssertionError("the handshake was fine")
