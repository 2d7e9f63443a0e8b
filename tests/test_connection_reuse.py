"""Connections that peers open and offer for our requests (RFC 5923): taken when they have proven to be the hop's."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from authority import FOR_CLIENTS, Leaf
from patience import PATIENCE_S
from relay_stage import (
    EDGE_IN,
    EDGE_OUT,
    SERVER,
    Connection,
    Peer,
    header,
    ok,
    outward,
    request,
    running_relay,
    status,
)
from tls_stage import PRIVATE, PUBLIC, TRUST, accepted, connected, connecting, serving, write_files

from sipcore.edge.tables import Side, Transport
from sipcore.relay.server import Relay

#: Behind one address live the proxies of two partners, and of a provider.
NAT, PLAIN = "127.0.0.34", "127.0.0.35"
FABRIKAM, NWTRADERS = PUBLIC.leaf("edge.fabrikam.example"), PUBLIC.leaf("edge.nwtraders.example")
HOSTING = PUBLIC.leaf("sip.hosting.example")

CONFIG = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{{ transport = "udp", address = "{EDGE_IN}", port = 0, insecure = true }}]
next_hop = {{ transport = "udp", address = "{SERVER}", port = {server}, insecure = true }}
[outside]
listen = [
    {{ address = "{EDGE_OUT}", port = 0 }},
    {{ transport = "tcp", address = "{EDGE_OUT}", port = 0, insecure = true }},
]
[[partner]]
domain = "fabrikam.example"
proxy = {{ address = "edge.fabrikam.example", port = {fabrikam} }}
[[partner]]
domain = "nwtraders.example"
proxy = {{ address = "edge.nwtraders.example", port = {nwtraders} }}
[[partner]]
domain = "default.example"
proxy = "edge.fabrikam.example"
[[partner]]
domain = "plain.example"
proxy = {{ transport = "tcp", address = "{PLAIN}", port = {plain}, insecure = true }}
[[provider]]
name = "Hosting"
proxy = {{ address = "sip.hosting.example", port = {hosting} }}
enabled = true
domains = ["hosted.example"]
[limits]
keep_alive_seconds = 2
"""


class Stage:
    """A running relay between an inside server and three neighbours behind one address."""

    def __init__(self, relay: Relay, server: Peer, proxies: dict[str, Peer], folder: Path) -> None:
        self.relay = relay
        self.server = server
        self.proxies = proxies
        self.folder = folder

    def place(self, transport: Transport = Transport.TLS) -> tuple[str, int]:
        """Where the edge listens outside."""
        hop = self.relay.listen[Side.OUTSIDE, transport]
        return hop.host, hop.port

    def port(self, who: str) -> int:
        """Where a neighbour listens."""
        return self.proxies[who].port

    @contextmanager
    def peer(
        self, leaf: Leaf, offers: int | None, alias: str = ";alias", domain: str = "fabrikam"
    ) -> Iterator[Connection]:
        """A connection that a neighbour has opened; its first request, which was answered, has offered that port."""
        with connected(self.place(), connecting(self.folder, leaf), NAT) as peer:
            self.introduce(peer, f"TLS {NAT}" + (f":{offers}" if offers else "") + alias, domain)
            yield peer

    def introduce(self, peer: Connection, via: str, domain: str = "fabrikam", number: int = 1) -> None:
        """A request of a peer, with its answer from inside."""
        peer.send(request(number, f"bob@{domain}.example", "alice@contoso.example", via, "MESSAGE", "Lunch at noon?"))
        delivered = self.server.read()
        assert header(delivered, "Call-ID") == str(number)
        self._from_inside(ok(delivered))
        assert status(peer.read()) == 200

    def ask(self, number: int, domain: str = "fabrikam") -> None:
        """Let the inside server write to somebody at a domain."""
        self._from_inside(outward(number, "UDP", domain))

    def arrives(self, peer: Connection, number: int) -> bytes:
        """What the inside server has asked arrives there, and its answer back."""
        delivered = peer.read()
        assert header(delivered, "Call-ID") == str(number)
        peer.send(ok(delivered))
        assert status(self.server.read()) == 200
        return delivered

    def arrives_afresh(self, who: str, leaf: Leaf, number: int) -> None:
        """The same on a new connection of the edge's own."""
        with accepted(self.proxies[who].listener, serving(self.folder, leaf)) as proxy:
            self.arrives(proxy, number)
        assert self.reused == 0

    @property
    def reused(self) -> int:
        """How often a peer's connection has become the way to a hop."""
        return self.relay.metrics.value("links_reused", "outside")

    def _from_inside(self, data: bytes) -> None:
        hop = self.relay.listen[Side.INSIDE, Transport.UDP]
        self.server.udp.sendto(data, (hop.host, hop.port))


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    """The relay in a thread of its own, its peers around it."""
    write_files(tmp_path)
    with ExitStack() as held:
        server = held.enter_context(Peer(SERVER))
        proxies = {who: held.enter_context(Peer(NAT)) for who in ("fabrikam", "nwtraders", "hosting")}
        proxies["plain"] = held.enter_context(Peer(PLAIN))
        ports = {who: peer.port for who, peer in proxies.items()}
        hosts = {"EDGE_IN": EDGE_IN, "EDGE_OUT": EDGE_OUT, "SERVER": SERVER, "NAT": NAT, "PLAIN": PLAIN}
        text = CONFIG.format(server=server.port, **hosts, **ports) + TRUST.replace(
            "[tls]", '[tls]\nrevoked = ["list.pem"]'
        )
        (tmp_path / "list.pem").write_bytes(PUBLIC.revocations())
        relay = held.enter_context(running_relay(text, tmp_path / "edge.toml"))

        async def addresses(side: Side, host: str, port: int) -> list[tuple[str, int]]:
            return [(NAT if host.endswith(".example") else host, port)]

        relay._shell._dialler._addresses = addresses
        yield Stage(relay, server, proxies, tmp_path)


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it has never come true"
        time.sleep(0.01)


# -- what is offered is taken


def test_a_request_leaves_on_the_connection_that_its_hop_has_opened_and_offered(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam")) as peer:
        for number in (2, 3):
            on.ask(number)
            delivered = on.arrives(peer, number)
            assert header(delivered, "Via").startswith(f"SIP/2.0/TLS {EDGE_OUT}:{on.place()[1]};")
        on.introduce(peer, f"TLS {NAT}", number=4)
        assert on.reused == 1
        assert on.relay.metrics.value("links_opened", "outside") == 1


def test_a_via_without_a_port_offers_the_one_of_tls(on: Stage) -> None:
    with on.peer(FABRIKAM, None) as peer:
        on.ask(2, "default")
        on.arrives(peer, 2)


def test_a_provider_is_reached_in_the_same_way(on: Stage) -> None:
    with on.peer(HOSTING, on.port("hosting"), domain="hosted") as peer:
        on.ask(2, "hosted")
        on.arrives(peer, 2)


def test_who_connects_again_and_offers_the_same_gets_what_comes_from_then_on(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam")) as old:
        on.ask(2)
        on.arrives(old, 2)
        with on.peer(FABRIKAM, on.port("fabrikam")) as new:
            on.ask(3)
            on.arrives(new, 3)
            on.introduce(old, f"TLS {NAT}", number=4)


def test_when_the_offered_connection_is_gone_we_open_our_own(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam")) as peer:
        on.ask(2)
        on.arrives(peer, 2)
    eventually(lambda: not on.relay._shell.links.streams())
    on.ask(3)
    with accepted(on.proxies["fabrikam"].listener, serving(on.folder, FABRIKAM)) as proxy:
        on.arrives(proxy, 3)


def test_what_requests_leave_by_is_kept_alive_whoever_opened_it(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam")) as peer:
        on.ask(2)
        on.arrives(peer, 2)
        assert peer.socket.recv(10) == b"\r\n\r\n"


def test_a_connection_of_ours_is_kept_to_although_another_is_offered(on: Stage) -> None:
    on.ask(2)
    with accepted(on.proxies["fabrikam"].listener, serving(on.folder, FABRIKAM)) as ours:
        on.arrives(ours, 2)
        with on.peer(FABRIKAM, on.port("fabrikam")):
            on.ask(3)
            on.arrives(ours, 3)


# -- what is not


@pytest.mark.parametrize("alias", ["", ";alia", ";x=alias"])
def test_a_connection_that_nobody_offers_is_the_peers_own(on: Stage, alias: str) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam"), alias):
        on.ask(2)
        on.arrives_afresh("fabrikam", FABRIKAM, 2)


def test_a_connection_is_offered_for_the_port_that_its_via_names_and_for_no_other(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("nwtraders")):
        on.ask(2)
        on.arrives_afresh("fabrikam", FABRIKAM, 2)


def test_the_address_is_the_connections_own_whatever_the_via_says(on: Stage) -> None:
    with connected(on.place(), connecting(on.folder, FABRIKAM), "127.0.0.37") as peer:
        on.introduce(peer, f"TLS {NAT}:{on.port('fabrikam')};alias")
        on.ask(2)
        on.arrives_afresh("fabrikam", FABRIKAM, 2)


def test_a_neighbour_behind_the_same_address_gets_nothing_of_what_is_for_another(on: Stage) -> None:
    with on.peer(NWTRADERS, on.port("fabrikam"), domain="nwtraders") as neighbour:
        on.ask(2)
        on.arrives_afresh("fabrikam", FABRIKAM, 2)
        on.introduce(neighbour, f"TLS {NAT}", "nwtraders", 3)  # and nothing was there before its answer


def test_a_neighbour_behind_the_same_address_drives_out_no_offer_of_another(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam")) as peer:
        with on.peer(NWTRADERS, on.port("fabrikam"), domain="nwtraders"):
            on.ask(2)
            on.arrives(peer, 2)
        on.ask(3)
        on.arrives(peer, 3)


def test_f038_a_name_from_an_authority_of_another_class_is_not_taken_for_the_hop(on: Stage) -> None:
    leaf = PRIVATE.leaf("edge.fabrikam.example", "sip.hosting.example")
    with on.peer(leaf, on.port("hosting")):
        on.ask(2, "hosted")
        on.arrives_afresh("hosting", HOSTING, 2)


def test_a_certificate_that_is_good_for_connecting_only_is_not_taken_for_the_hop(on: Stage) -> None:
    with on.peer(PUBLIC.leaf("edge.fabrikam.example", purposes=(FOR_CLIENTS,)), on.port("fabrikam")):
        on.ask(2)
        on.arrives_afresh("fabrikam", FABRIKAM, 2)


def test_a_certificate_that_has_been_revoked_since_is_not_taken_for_the_hop(on: Stage) -> None:
    with on.peer(FABRIKAM, on.port("fabrikam")):
        (on.folder / "list.pem").write_bytes(PUBLIC.revocations(FABRIKAM))
        on.relay.reload()
        on.ask(2)
        on.arrives_afresh("fabrikam", PUBLIC.leaf("edge.fabrikam.example"), 2)


def test_without_tls_nothing_is_offered(on: Stage) -> None:
    with on.proxies["plain"].connect(on.place(Transport.TCP)) as peer:
        on.introduce(peer, f"TCP {PLAIN}:{on.port('plain')};alias", "plain")
        on.ask(2, "plain")
        with on.proxies["plain"].accept() as proxy:
            on.arrives(proxy, 2)
        assert on.reused == 0


# -- what we offer


def test_over_tls_we_offer_our_connections_and_take_requests_on_them(on: Stage) -> None:
    on.ask(2)
    with accepted(on.proxies["fabrikam"].listener, serving(on.folder, FABRIKAM)) as peer:
        via = header(on.arrives(peer, 2), "Via")
        assert re.fullmatch(rf"SIP/2.0/TLS {EDGE_OUT}:{on.place()[1]};branch=\w+;sig=\w+;alias", via)
        on.introduce(peer, f"TLS {NAT}:{on.port('fabrikam')};alias", number=3)
        on.ask(4)
        assert header(on.arrives(peer, 4), "Via").endswith(";alias"), "in the express lane too"
        assert on.relay.metrics.value("links_opened", "outside") == 1
