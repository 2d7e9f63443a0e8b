"""Two organisations that federate: at each a Kamailio and an edge, set up as docs/federation.md says.

    user - Contoso's Kamailio - Contoso's edge - Fabrikam's edge - Fabrikam's Kamailio - user

Between the edges is mutual TLS; a name server tells each where the other is. All of it is in IPv4, or all in IPv6.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from addresses import Address, is_bound
from authority import Authority
from counters import Counters
from federation_page import CONTOSO, FABRIKAM, lay_out, shown
from loopback import Loopback, reserved_loopback
from name_server import NameServer, name_server
from patience import PATIENCE_S
from peer_programs import require_program
from programs import Program, running
from relay_process import COMMAND
from relay_stage import Connection
from sip_users import User

#: What the page's files name, by organisation.
_SERVERS = {CONTOSO: ("192.0.2.10", 5060), FABRIKAM: ("172.16.0.10", 5060)}
_EDGES = {CONTOSO: ("198.51.100.1", 5061), FABRIKAM: ("203.0.113.7", 5061)}
_METRICS = {CONTOSO: ("192.0.2.1", 9090), FABRIKAM: ("172.16.0.1", 9090)}
#: Domains that Contoso would federate with and cannot send to: the first one's host shows another's certificate, the
#: second one's record leads to another's host, the third one's host has no address. A fourth has no record at all.
_ASTRAY = """\
edge.nwtraders.example.                   3600  A    203.0.113.7
_sipfederationtls._tcp.nwtraders.example. 3600  SRV  0 0 5061 edge.nwtraders.example.
_sipfederationtls._tcp.adatum.example.    3600  SRV  0 0 5061 edge.fabrikam.example.
_sipfederationtls._tcp.tailspin.example.  3600  SRV  0 0 5061 edge.tailspin.example.
"""
#: One process of each kind, and little memory: a world is small, and a container's shared memory may be, too. Much less
#: shared memory would not do: with 4 MB left Kamailio opens no TLS connection any more.
_SMALL = ("-n", "1", "-N", "1", "-m", "64", "-M", "4")


@dataclass(frozen=True)
class Organisation:
    """One of the two.

    Attributes:
        server: its Kamailio, where its users register.
        edge: where its edge listens for others.
        counters: what its edge has counted.
        folder: with everything that its programs read and wrote.
    """

    server: Address
    edge: Address
    counters: Counters
    folder: Path


class World:
    """Both, up and running.

    Attributes:
        contoso: finds its partners by DNS.
        fabrikam: has Contoso for a direct partner.
        authority: whom both edges trust for the other's certificate.
    """

    def __init__(self, loopback: Loopback, folder: Path) -> None:
        self.contoso, self.fabrikam = (
            Organisation(
                loopback.place(*_SERVERS[name]),
                loopback.place(*_EDGES[name]),
                Counters(loopback.place(*_METRICS[name])),
                folder / name,
            )
            for name in (CONTOSO, FABRIKAM)
        )
        self.authority = Authority("Federation")
        self._loopback = loopback
        self._edges = {home: ExitStack() for home in (self.contoso, self.fabrikam)}

    def newcomer(self) -> Address:
        """A place for somebody new."""
        return self._loopback.newcomer()

    def homes(self, address: str) -> tuple[Organisation, Organisation]:
        """Whose user that is, and the other one."""
        ours = address.endswith("@contoso.example")
        return (self.contoso, self.fabrikam) if ours else (self.fabrikam, self.contoso)

    def user(self, address: str, contact: str = "") -> User:
        """Somebody new, registered at the server of their organisation.

        Args:
            contact: where they are reached, when it is not here.
        """
        user = User(address, self.newcomer(), self.homes(address)[0].server)
        user.register(contact)
        return user

    def start_edge(self, home: Organisation) -> Program:
        """Start an organisation's edge, which may not serve yet; it ends with the world, if not before."""
        command = (*COMMAND, home.folder / "edge.toml")
        return self._edges[home].enter_context(running(command, home.folder / "edge.log"))

    @contextmanager
    def without_edge(self, home: Organisation) -> Iterator[None]:
        """An organisation has no edge for a while; in the end it has one again."""
        self._edges[home].close()
        try:
            yield
        finally:
            self.start_edge(home).wait_until(home.counters.are_served)

    def close(self) -> None:
        """End the edges."""
        for edge in self._edges.values():
            edge.close()

    def knock(self, name: str, authority: Authority | None) -> Connection:
        """A connection to Contoso's edge, whose certificate for its own name is held against the federation's root.

        Args:
            name: in the certificate that is shown.
            authority: who has issued it; None for no certificate.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.contoso.folder / "federation-ca.pem")
        if authority is not None:
            context.load_cert_chain(authority.leaf(name).write(self.contoso.folder / "knocking.pem"))
        plain = socket.create_connection(self.contoso.edge, PATIENCE_S)
        return Connection(context.wrap_socket(plain, server_hostname="edge.contoso.example"))


@contextmanager
def kamailio_world(folder: Path, ip_version: int = 4) -> Iterator[World]:
    """Start everything, wait until it serves, end it with the context.

    Args:
        folder: for configurations, certificates and logs.
        ip_version: of all addresses but the name server's own.
    """
    kamailio = require_program("kamailio", "kamailio kamailio-tls-modules")
    with ExitStack() as held:
        loopback = held.enter_context(reserved_loopback(ip_version))
        names = held.enter_context(name_server(folder))
        world = held.enter_context(closing(World(loopback, folder)))
        lay_out(folder, world.authority, loopback.moved)
        for zone in (shown()["public.zone"], shown()["contoso.zone"], _ASTRAY):
            _publish(names, loopback.moved(zone))
        programs = []
        for home in (world.contoso, world.fabrikam):
            own = home.folder
            _ask(names, own / "edge.toml")
            server = (kamailio, "-DD", "-E", *_SMALL, "-f", own / "kamailio.cfg", "-Y", own, "-w", own)
            programs.append((held.enter_context(running(server, own / "kamailio.log")), partial(is_bound, home.server)))
            programs.append((world.start_edge(home), home.counters.are_served))
        for program, serves in programs:
            program.wait_until(serves)
        yield world


def _ask(names: NameServer, configuration: Path) -> None:
    """Let an edge ask our name server, where the page's asks the system's."""
    place = f'["{names.host}:{names.port}"]'
    with configuration.open("a") as file:
        file.write(f"\n[dns]\ninside = {place}\noutside = {place}\n")


def _publish(names: NameServer, zone: str) -> None:
    """Let the name server know these records, each of a name and type of its own."""
    for line in zone.splitlines():
        name, ttl, kind, record = line.split(maxsplit=3)
        names.set(name.removesuffix("."), kind, record, ttl=int(ttl))
