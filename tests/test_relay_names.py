"""The relay and names: hops that are names, domains that are found by DNS, with a real name server and real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from addresses import require_ipv6
from name_server import NameServer, name_server
from patience import PATIENCE_S
from relay_stage import (
    SERVER,
    Connection,
    Peer,
    Stage,
    header,
    inward,
    ok,
    running_relay,
    status,
)

from sipcore.edge.tables import Side, Transport

#: Where the server behind a name moves to.
MOVED = "127.0.0.37"
NAME = "pool.contoso.example"
#: A line of the next, and what may stand there instead.
IPV4_ALONE = '{ transport = "tcp", address = "127.0.0.31", port = 0, insecure = true },'
IPV6_TOO = IPV4_ALONE.replace("127.0.0.31", "::1")
CONFIG = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [
    {{ transport = "udp", address = "127.0.0.31", port = 0, insecure = true }},
    {{ transport = "tcp", address = "127.0.0.31", port = 0, insecure = true }},
]
next_hop = {{ transport = "{transport}", address = "{name}", port = {server.port}, insecure = true }}
servers = ["127.0.0.32", "127.0.0.37"]
[outside]
listen = [
    {{ transport = "udp", address = "127.0.0.33", port = 0, insecure = true }},
    {{ transport = "tcp", address = "127.0.0.33", port = 0, insecure = true }},
]
[[partner]]
domain = "fabrikam.example"
proxy = {{ transport = "udp", address = "{partner.host}", port = {partner.port}, insecure = true }}
[dns]
inside = ["{names.host}:{names.port}"]
min_ttl = 1
[limits]
connect_seconds = {connect_seconds}
"""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with name_server(tmp_path_factory.mktemp("knot")) as server:
        yield server


@contextmanager
def named(
    names: NameServer, transport: str, name: str = NAME, connect_seconds: int = 4, listen: str = ""
) -> Iterator[Stage]:
    """A relay whose inside is that name, and two servers that it may stand for, on one port.

    Args:
        listen: where it listens inside over TCP.
    """
    with ExitStack() as held:
        server, partner = held.enter_context(Peer(SERVER)), held.enter_context(Peer("127.0.0.34"))
        places = {"names": names, "server": server, "partner": partner}
        text = CONFIG.format(transport=transport, name=name, connect_seconds=connect_seconds, **places)
        text = text.replace(IPV4_ALONE, listen or IPV4_ALONE)
        yield Stage(held.enter_context(running_relay(text)), server, partner, partner)


def test_a_hop_may_be_a_name_and_its_connection_is_found_again(names: NameServer) -> None:
    names.set(NAME, "A", SERVER)
    with named(names, "tcp") as on:
        on.datagram(on.partner, inward(1))
        with on.server.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert status(on.partner.read()) == 200
            on.datagram(on.partner, inward(2))
            assert header(receiver.read(), "Call-ID") == "2"
        assert on.count("dns_lookups", "inside", "A", "found") == 1
        assert on.count("links_opened", "inside") == 1


def test_datagrams_to_a_name_wait_for_its_address_and_stay_in_order(names: NameServer) -> None:
    names.set(NAME, "A", SERVER)
    with named(names, "udp") as on:
        for number in range(20):
            on.datagram(on.partner, inward(number))
        received = [on.server.read() for _ in range(20)]
        assert [header(message, "Call-ID") for message in received] == [str(number) for number in range(20)]
        on.datagram(on.server, ok(received[0]))
        assert status(on.partner.read()) == 200
        assert on.count("dns_lookups", "inside", "A", "found") == 1


def test_a_name_that_has_moved_is_followed_by_the_next_connection(names: NameServer) -> None:
    names.set(NAME, "A", SERVER)
    with named(names, "tcp") as on, socket.create_server((MOVED, on.server.port)) as moved:
        moved.settimeout(PATIENCE_S)
        on.datagram(on.partner, inward(1))
        with on.server.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"
            names.set(NAME, "A", MOVED)
            receiver.socket.shutdown(socket.SHUT_WR)
            assert receiver.read_to_end() == b""
        on.server.listener.close()
        on.datagram(on.partner, inward(2))
        assert status(on.partner.read()) == 503, "the old address has not expired"
        on.relay._shell._resolver._now = lambda: 1e9
        on.datagram(on.partner, inward(3))
        accepted, _ = moved.accept()
        with Connection(accepted) as receiver:
            assert header(receiver.read(), "Call-ID") == "3"


def test_the_next_address_is_tried_when_the_first_refuses(names: NameServer) -> None:
    names.set(NAME, "A", "127.0.0.38", "127.0.0.39", SERVER)
    with named(names, "tcp") as on:
        on.datagram(on.partner, inward(1))
        with on.server.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"


@pytest.mark.parametrize("first", ["127.0.0.31", "::1"])
def test_a_hop_with_both_families_is_reached_over_the_one_of_the_address_that_its_messages_name(
    names: NameServer, first: str
) -> None:
    require_ipv6()
    names.set(NAME, "A", SERVER)
    names.set(NAME, "AAAA", "::1")
    listen = [IPV4_ALONE, IPV6_TOO] if first != "::1" else [IPV6_TOO, IPV4_ALONE]
    with (
        named(names, "tcp", listen="\n".join(listen)) as on,
        socket.create_server(("::1", on.server.port), family=socket.AF_INET6) as newer,
    ):
        newer.settimeout(PATIENCE_S)
        on.datagram(on.partner, inward(1))
        accepted, source = (newer if first == "::1" else on.server.listener).accept()
        with Connection(accepted) as receiver:
            told = on.relay.own.listen[Side.INSIDE, Transport.TCP]
            assert (told.host, source[0]) == (first, first)
            assert f"SIP/2.0/TCP {told.authority};branch=" in header(receiver.read(), "Via")


def test_a_hop_of_the_other_family_alone_is_reached_all_the_same(names: NameServer) -> None:
    require_ipv6()
    names.set("old.contoso.example", "A", SERVER)
    with named(names, "tcp", "old.contoso.example", listen=f"{IPV6_TOO}\n{IPV4_ALONE}") as on:
        on.datagram(on.partner, inward(1))
        with on.server.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert status(on.partner.read()) == 200


def test_a_name_without_an_address_is_answered_504_and_told_to_the_inside_alone(names: NameServer) -> None:
    with named(names, "tcp", name="nobody.contoso.example") as on:
        on.datagram(on.partner, inward(1))
        answer = on.partner.read()
        assert (status(answer), b"ms-diagnostics" in answer) == (504, False)
        assert on.count("undelivered", "inside", "tcp", "no-address") == 1
