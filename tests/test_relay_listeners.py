"""Several addresses on one side of the relay, and IPv6: what peers are told, and where answers leave from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from addresses import require_ipv6
from relay_stage import SERVER, Peer, Stage, header, inward, ok, outward, request, running_relay, status

from sipcore.edge.tables import Hop, Side, Transport

CONFIG = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [
    {{ transport = "udp", address = "127.0.0.31", port = 0, insecure = true }},
    {{ transport = "tcp", address = "127.0.0.31", port = 0, insecure = true }},
]
next_hop = {{ transport = "{transport}", address = "{server.host}", port = {server.port}, insecure = true }}
[outside]
listen = [
    {{ transport = "udp", address = "127.0.0.33", port = 0, insecure = true }},
    {{ transport = "tcp", address = "127.0.0.33", port = 0, insecure = true }},
    {{ transport = "udp", address = "127.0.0.36", port = 0, insecure = true }},
    {{ transport = "tcp", address = "127.0.0.36", port = 0, insecure = true }},
    {{ transport = "udp", address = "::1", port = 0, insecure = true }},
    {{ transport = "tcp", address = "::1", port = 0, insecure = true }},
]
[[partner]]
domain = "fabrikam.example"
proxy = {{ transport = "{transport}", address = "{old.host}", port = {old.port}, insecure = true }}
[[partner]]
domain = "nwtraders.example"
proxy = {{ transport = "{transport}", address = "::1", port = {new.port}, insecure = true }}
"""


@pytest.fixture(autouse=True)
def _ipv6_is_there() -> None:
    require_ipv6()


class Listeners(Stage):
    """A relay with three addresses outside for each transport: ``partner`` is reached over IPv4, ``new`` over IPv6."""

    new: Peer

    def outside(self, transport: Transport) -> list[Hop]:
        """Its addresses outside: the first of IPv4, the second, the one of IPv6."""
        own, key = self.relay.own, (Side.OUTSIDE, transport)
        return [own.listen[key], *own.further[key]]


@contextmanager
def listeners(transport: str) -> Iterator[Listeners]:
    """The relay in a thread of its own, its peers around it."""
    with (
        Peer(SERVER) as server,
        Peer("127.0.0.34") as old,
        Peer("::1") as new,
        running_relay(CONFIG.format(transport=transport, server=server, old=old, new=new)) as relay,
    ):
        on = Listeners(relay, server, old, old)
        on.new = new
        yield on


def from_old(number: int, method: str = "MESSAGE", over: str = "UDP") -> bytes:
    return inward(number, method=method).replace(b"SIP/2.0/UDP 127.0.0.34", b"SIP/2.0/%s 127.0.0.34" % over.encode())


def from_new(number: int, over: str, method: str = "MESSAGE") -> bytes:
    return request(number, "bob@nwtraders.example", "alice@contoso.example", f"{over} [::1]", method, "Hello")


def test_a_request_over_ipv6_reaches_the_inside_and_its_answer_the_sender() -> None:
    with listeners("udp") as on:
        place = on.outside(Transport.UDP)[2]
        on.new.udp.sendto(from_new(1, "UDP"), (place.host, place.port))
        delivered = on.server.read()
        assert header(delivered, "Via").startswith("SIP/2.0/UDP 127.0.0.31:")
        on.datagram(on.server, ok(delivered))
        answer, source = on.new.udp.recvfrom(65_535)
        assert status(answer) == 200
        assert source[:2] == (place.host, place.port)


def test_over_tcp_and_ipv6_the_answer_comes_on_the_connection() -> None:
    with listeners("tcp") as on:
        place = on.outside(Transport.TCP)[2]
        with on.new.connect((place.host, place.port)) as sender:
            sender.send(from_new(1, "TCP"))
            with on.server.accept() as receiver:
                receiver.send(ok(receiver.read()))
                assert status(sender.read()) == 200


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_peer_over_ipv6_is_told_our_ipv6_address_in_brackets(transport: str) -> None:
    with listeners(transport) as on:
        place = on.outside(Transport(transport))[2]
        on.datagram(on.server, outward(1, "UDP", "nwtraders", method="SUBSCRIBE"))
        if transport == "udp":
            arrived, source = on.new.udp.recvfrom(65_535)
            assert source[:2] == ("::1", place.port)
        else:
            with on.new.accept() as receiver:
                arrived = receiver.read()
                assert receiver.socket.getpeername()[0] == "::1"
        assert place.authority == f"[::1]:{place.port}"
        assert f"SIP/2.0/{transport.upper()} {place.authority};branch=" in arrived.decode()
        assert f"<sip:{place.authority};transport={transport};lr" in header(arrived, "Record-Route")


def test_the_answer_to_a_request_over_ipv6_may_come_on_another_connection_by_its_via() -> None:
    with listeners("tcp") as on:
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        with on.new.accept() as receiver:
            arrived = receiver.read()
        named = re.search(r"SIP/2.0/TCP \[::1\]:(\d+);", header(arrived, "Via"))
        assert named
        with on.new.connect(("::1", int(named[1]))) as again:
            again.send(ok(arrived))
            assert status(on.server.read()) == 200


def test_a_request_leaves_by_the_first_address_of_its_family_and_an_answer_by_the_one_it_is_heard_on() -> None:
    with listeners("udp") as on:
        first, second, _ = on.outside(Transport.UDP)
        on.partner.udp.sendto(from_old(1), (second.host, second.port))
        on.datagram(on.server, ok(on.server.read()))
        assert on.partner.udp.recvfrom(65_535)[1] == (second.host, second.port)
        on.datagram(on.server, outward(2, "UDP", "fabrikam"))
        arrived, source = on.partner.udp.recvfrom(65_535)
        assert source == (first.host, first.port)
        assert f"UDP {first.authority};" in header(arrived, "Via")


def test_our_own_refusal_leaves_by_the_address_that_the_request_came_to() -> None:
    with listeners("udp") as on:
        for place in on.outside(Transport.UDP)[:2]:
            with Peer(on.partner.host) as caller:
                caller.udp.sendto(from_old(1, method="MESSAGE").replace(b"Lunch at noon?", b"http://a.test/"),
                                  (place.host, place.port))  # fmt: skip
                answer, source = caller.udp.recvfrom(65_535)
            assert status(answer) == 606
            assert source == (place.host, place.port)


def test_the_route_back_names_the_address_that_the_peer_itself_came_to() -> None:
    with listeners("tcp") as on:
        for place in on.outside(Transport.TCP)[:2]:
            with on.partner.connect((place.host, place.port)) as sender:
                sender.send(from_old(1, "SUBSCRIBE", "TCP"))
                with on.server.accept() as receiver:
                    routes = re.findall(rb"\r\nRecord-Route: <sip:([^;]+);", receiver.read())
            assert routes[1].decode() == place.authority
            assert routes[0].startswith(b"127.0.0.31:")
