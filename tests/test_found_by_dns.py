"""Domains that are found by DNS: from their record over the name of their proxy to a TLS link, with nothing played.

A real name server holds the records, the relay runs on real sockets, and peers are plain sockets with certificates.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from authority import FOR_CLIENTS, FOR_SERVERS, Authority
from name_server import BROKEN, NameServer, name_server
from patience import PATIENCE_S
from relay_stage import SERVER, Connection, Peer, Stage, header, ok, request, running_relay, status

from sipcore import Message
from sipcore.edge.actions import Action, Link
from sipcore.edge.facts import SrvFact
from sipcore.edge.tables import Side, Transport

#: Where partners' proxies are, and where nobody is.
PROXY, SECOND_PROXY, NOBODY = "127.0.0.34", "127.0.0.35", "127.0.0.38"
ROOT = Authority("Public Root")
CONFIG = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{{ transport = "udp", address = "127.0.0.31", port = 0, insecure = true }}]
next_hop = {{ transport = "udp", address = "{server.host}", port = {server.port}, insecure = true }}
[outside]
listen = [{{ address = "127.0.0.33", port = 0 }}]
[discovered]
enabled = true
domains = ["listed.example", "{broken}"]
any_domain = true
[[federated_domain]]
domain = "chained.example"
type = "aol"
[[static_route]]
pattern = "chained.example"
next_hop = "gone.chained.example"
[[provider]]
name = "Hosting"
proxy = "sip.hosting.example"
enabled = true
[tls]
outside = "edge.pem"
[tls.roots]
inside = ["root.pem"]
partner = ["root.pem"]
provider = ["root.pem"]
discovered = ["root.pem"]
[limits]
connect_seconds = 10
[dns]
outside = ["{names}"]
lookup_seconds = {look_up_seconds}
min_ttl = 1
"""


class Edge(Stage):
    """A relay whose outside knows nobody but by DNS; the inside is a server on UDP.

    Attributes:
        folder: with its certificates.
    """

    folder: Path

    def send(self, number: int, domain: str) -> None:
        """A message of ours to somebody at that domain."""
        self.datagram(self.server, to(domain, number))

    def answered(self) -> tuple[int, str]:
        """What the inside is told next: status, and the code of its diagnostics."""
        answer = self.server.read()
        code = re.search(rb"\r\nms-diagnostics: (\d+);", answer)
        return status(answer), code[1].decode() if code else ""

    def proxy(self, name: str, host: str = PROXY) -> Proxy:
        """A proxy that has a certificate of that name."""
        return Proxy(self.folder, name, host)


class Proxy:
    """A TLS server on a port that the system chooses."""

    def __init__(self, folder: Path, name: str, host: str) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(ROOT.leaf(name).write(folder / f"{name}.pem"))
        self._listener = socket.create_server((host, 0))
        self._listener.settimeout(PATIENCE_S)
        self.port: int = self._listener.getsockname()[1]

    @contextmanager
    def accept(self) -> Iterator[Connection]:
        """The next connection that the edge opens."""
        plain, _ = self._listener.accept()
        plain.settimeout(PATIENCE_S)
        with plain, self._context.wrap_socket(plain, server_side=True) as secured:
            yield Connection(secured)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()


def to(domain: str, number: int) -> bytes:
    """A message of ours to somebody at that domain."""
    return request(number, "alice@contoso.example", f"bob@{domain}", f"UDP {SERVER}", "MESSAGE", "Lunch at noon?")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with name_server(tmp_path_factory.mktemp("knot")) as server:
        yield server


@pytest.fixture
def edge(names: NameServer, tmp_path: Path) -> Iterator[Edge]:
    with running_edge(f"{names.host}:{names.port}", tmp_path) as on:
        yield on


@contextmanager
def running_edge(asked: str, folder: Path, look_up_seconds: int = 6) -> Iterator[Edge]:
    """The relay, asking that name server with that patience."""
    ROOT.leaf("edge.contoso.example", purposes=(FOR_SERVERS, FOR_CLIENTS)).write(folder / "edge.pem")
    ROOT.write(folder / "root.pem")
    with ExitStack() as held:
        server = held.enter_context(Peer(SERVER))
        text = CONFIG.format(server=server, names=asked, broken=BROKEN, look_up_seconds=look_up_seconds)
        edge = Edge(held.enter_context(running_relay(text, folder / "edge.toml")), server, server, server)
        edge.folder = folder
        yield edge


# -- outward


def test_a_domain_is_found_by_its_record_and_reached_by_the_name_that_its_certificate_proves(
    names: NameServer, edge: Edge
) -> None:
    with edge.proxy("sip.nwtraders.example") as proxy:
        names.federate("nwtraders.example", f"0 0 {proxy.port} sip.nwtraders.example")
        names.set("sip.nwtraders.example", "A", PROXY)
        edge.send(1, "nwtraders.example")
        with proxy.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert edge.answered() == (200, "")
            edge.send(2, "nwtraders.example")
            assert header(receiver.read(), "Call-ID") == "2"
        assert edge.count("dns_lookups", "outside", "SRV", "found") == 1
        assert edge.count("links_opened", "outside") == 1


def test_a_burst_for_a_new_domain_waits_for_one_look_up_and_leaves_in_order(names: NameServer, edge: Edge) -> None:
    with edge.proxy("sip.burst.example") as proxy:
        names.federate("burst.example", f"0 0 {proxy.port} sip.burst.example")
        names.set("sip.burst.example", "A", PROXY)
        for number in range(50):
            edge.send(number, "burst.example")
        with proxy.accept() as receiver:
            received = [receiver.read() for _ in range(50)]
        assert [header(message, "Call-ID") for message in received] == [str(number) for number in range(50)]
        assert edge.count("dns_lookups", "outside", "SRV", "found") == 1


def test_a_changed_record_is_followed_when_the_old_one_has_expired(names: NameServer, edge: Edge) -> None:
    with edge.proxy("old.moving.example") as old, edge.proxy("new.moving.example", SECOND_PROXY) as new:
        names.set("old.moving.example", "A", PROXY)
        names.set("new.moving.example", "A", SECOND_PROXY)
        names.federate("moving.example", f"0 0 {old.port} old.moving.example", ttl=60)
        edge.send(1, "moving.example")
        with old.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"
            names.federate("moving.example", f"0 0 {new.port} new.moving.example", ttl=60)
            edge.send(2, "moving.example")
            assert header(receiver.read(), "Call-ID") == "2"
            shell = edge.relay._shell
            now = shell.now
            shell.now = lambda: now() + 61
            edge.send(3, "moving.example")
            with new.accept() as successor:
                assert header(successor.read(), "Call-ID") == "3"


@pytest.mark.parametrize(
    "target", ["sip.deep.f061.example", "sip.evil.example", "f061.example", "edge.contoso.example"]
)
def test_f059_f061_a_record_that_points_out_of_its_domain_is_not_followed(
    names: NameServer, edge: Edge, target: str
) -> None:
    names.federate("f061.example", target)
    names.set(target, "A", PROXY)
    edge.send(1, "f061.example")
    assert edge.answered() == (504, "1009")
    assert edge.count("dns_lookups", "outside", "A", "found") == 0


def test_f086_a_domain_whose_record_names_a_provider_is_the_providers(names: NameServer, edge: Edge) -> None:
    with edge.proxy("sip.hosting.example") as proxy:
        names.federate("hosted.example", f"0 0 {proxy.port} sip.hosting.example")
        names.set("sip.hosting.example", "A", PROXY)
        edge.send(1, "hosted.example")
        with proxy.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"


@pytest.mark.parametrize(
    ("domain", "status", "code"),
    [("listed.example", 504, "1008"), ("unheard-of.example", 404, "1005"), (BROKEN, 504, "1008")],
)
def test_a_domain_without_a_record_is_told_from_one_whose_look_up_failed(
    edge: Edge, domain: str, status: int, code: str
) -> None:
    edge.send(1, domain)
    assert edge.answered() == (status, code)


def test_a_proxy_with_somebody_elses_certificate_gets_nothing(names: NameServer, edge: Edge) -> None:
    with edge.proxy("sip.evil.example") as proxy:
        names.federate("victim.example", f"0 0 {proxy.port} sip.victim.example")
        names.set("sip.victim.example", "A", PROXY)
        edge.send(1, "victim.example")
        with proxy.accept() as receiver:
            assert receiver.socket.recv(1) == b"", "closed, and told nothing"
        assert edge.answered() == (504, "1010")


# -- waiting


def test_when_the_name_server_is_silent_waiting_ends(tmp_path: Path) -> None:
    with Peer("127.0.0.72") as silent, running_edge(f"{silent.host}:{silent.port}", tmp_path, 1) as edge:
        edge.send(1, "nwtraders.example")
        assert edge.answered() == (504, "1008")
        assert edge.count("dns_lookups", "outside", "SRV", "timeout") == 1


def test_an_error_of_ours_costs_the_message_it_happened_with_and_none_of_the_others_that_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer("127.0.0.72") as silent, running_edge(f"{silent.host}:{silent.port}", tmp_path, 1) as edge:
        engine = edge.relay._shell._engine
        dealt = engine._dealt

        def broken(message: Message, link: Link, now: float, told: tuple[SrvFact, ...] = ()) -> list[Action]:
            if told and message.call_id == "2":
                raise RuntimeError("an error of ours")
            return dealt(message, link, now, told)

        monkeypatch.setattr(engine, "_dealt", broken)
        for number in range(1, 5):
            edge.send(number, "nwtraders.example")
        answers = [edge.server.read() for _ in range(3)]
        assert [(status(each), header(each, "Call-ID")) for each in answers] == [(504, "1"), (504, "3"), (504, "4")]


def test_who_still_waits_when_the_relay_stops_is_told(tmp_path: Path) -> None:
    with Peer("127.0.0.72") as silent:
        with running_edge(f"{silent.host}:{silent.port}", tmp_path) as edge:
            edge.send(1, "nwtraders.example")
            silent.read()
            told = edge.server.udp.dup()
        with told:
            told.settimeout(PATIENCE_S)
            assert status(told.recv(65_535)) == 504


# -- failover


def test_what_the_first_target_refuses_goes_to_the_second_and_the_next_message_at_once(
    names: NameServer, edge: Edge
) -> None:
    with edge.proxy("b.twin.example") as proxy:
        names.federate("twin.example", "10 0 5061 a.twin.example", f"20 0 {proxy.port} b.twin.example")
        names.set("a.twin.example", "A", NOBODY)
        names.set("b.twin.example", "A", PROXY)
        edge.send(1, "twin.example")
        with proxy.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert edge.answered() == (200, "")
            edge.send(2, "twin.example")
            assert header(receiver.read(), "Call-ID") == "2"
        assert edge.count("undelivered", "outside", "tls", "connect-failed") == 1
        assert edge.count("retargeted", "outside") == 1


def test_a_target_that_is_not_who_it_should_be_or_nowhere_is_passed_over_too(names: NameServer, edge: Edge) -> None:
    with edge.proxy("c.trio.example") as proxy, edge.proxy("sip.evil.example", SECOND_PROXY) as evil:
        targets = "5061 a.trio.example", f"{evil.port} b.trio.example", f"{proxy.port} c.trio.example"
        names.federate("trio.example", *(f"{place} 0 {target}" for place, target in enumerate(targets)))
        names.set("b.trio.example", "A", SECOND_PROXY)
        names.set("c.trio.example", "A", PROXY)
        edge.send(1, "trio.example")
        with evil.accept() as receiver:
            assert receiver.socket.recv(1) == b"", "closed, and told nothing"
        with proxy.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"
        assert edge.count("retargeted", "outside") == 2


def test_what_finds_a_static_route_down_waits_for_the_record_behind_it(names: NameServer, edge: Edge) -> None:
    with edge.proxy("sip.chained.example") as proxy:
        names.federate("chained.example", f"0 0 {proxy.port} sip.chained.example")
        names.set("sip.chained.example", "A", PROXY)
        names.set("gone.chained.example", "A", NOBODY)
        edge.send(1, "chained.example")
        with proxy.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert edge.answered() == (200, "")
        assert edge.count("undelivered", "outside", "tls", "connect-failed") == 1
        assert edge.count("retargeted", "outside") == 1
        assert edge.count("dns_lookups", "outside", "SRV", "found") == 1


def test_when_all_targets_are_down_the_sender_is_told_once(names: NameServer, edge: Edge) -> None:
    names.federate("down.example", "0 0 5061 a.down.example", "0 0 5061 b.down.example")
    for host in "ab":
        names.set(f"{host}.down.example", "A", NOBODY)
    edge.send(1, "down.example")
    edge.send(2, "unheard-of.example")
    assert [edge.answered()[0] for _ in range(2)] in ([503, 404], [404, 503])


# -- inward


@contextmanager
def coming(edge: Edge, certificate: str) -> Iterator[Connection]:
    """A connection of a peer that has a certificate of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(edge.folder / "root.pem")
    context.load_cert_chain(ROOT.leaf(certificate).write(edge.folder / "peer.pem"))
    place = edge.place(Side.OUTSIDE, Transport.TLS)
    plain = socket.create_connection(place, PATIENCE_S, (PROXY, 0))
    with plain, context.wrap_socket(plain, server_hostname="edge.contoso.example") as secured:
        yield Connection(secured)


def inward(edge: Edge, domain: str, certificate: str) -> int:
    """What a peer with that certificate is told of its message, sent for somebody at that domain."""
    with coming(edge, certificate) as sender:
        via = f"TLS {certificate}"
        sender.send(request(1, f"bob@{domain}", "alice@contoso.example", via, "MESSAGE", "Lunch at noon?"))
        edge.server.udp.settimeout(PATIENCE_S)
        if (answer := first_of(edge, sender)) is not None:
            return answer
        edge.datagram(edge.server, ok(edge.server.read()))
        return status(sender.read())


def first_of(edge: Edge, sender: Connection) -> int | None:
    """The answer of the edge itself; None when the message has gone inside."""
    readable, _, _ = select.select([edge.server.udp, sender.socket], [], [], PATIENCE_S)
    assert readable, "neither answered nor forwarded"
    return status(sender.read()) if sender.socket in readable else None


@pytest.mark.parametrize(
    ("domain", "certificate", "told"),
    [
        ("caller.example", "sip.caller.example", 200),
        ("caller.example", "sip.other.example", 403),
        ("silent.example", "sip.silent.example", 403),
    ],
)
def test_f060_who_comes_for_a_domain_is_called_back_by_its_record(
    names: NameServer, edge: Edge, domain: str, certificate: str, told: int
) -> None:
    names.federate("caller.example", "sip.caller.example")
    assert inward(edge, domain, certificate) == told


# -- both ways on one connection


def test_rfc_5923_a_discovered_peer_is_reached_on_the_connection_that_it_offers_and_nobody_else_is(
    names: NameServer, edge: Edge
) -> None:
    with edge.proxy("sip.both.example") as proxy, coming(edge, "sip.both.example") as peer:
        for domain in ("both.example", "guest.example"):  # the second one's record leads to the same place
            names.federate(domain, f"0 0 {proxy.port} sip.{domain}")
            names.set(f"sip.{domain}", "A", PROXY)
        via = f"TLS sip.both.example:{proxy.port};alias"
        peer.send(request(1, "bob@both.example", "alice@contoso.example", via, "MESSAGE", "Lunch at noon?"))
        edge.datagram(edge.server, ok(edge.server.read()))
        assert status(peer.read()) == 200
        edge.send(2, "both.example")
        delivered = peer.read()
        assert header(delivered, "Call-ID") == "2"
        peer.send(ok(delivered))
        assert edge.answered() == (200, "")
        edge.send(3, "guest.example")
        with proxy.accept() as stranger:
            assert stranger.socket.recv(1) == b"", "closed, and told nothing"
        assert edge.answered() == (504, "1010")
        assert edge.count("links_reused", "outside") == 1
