"""The relay on real sockets: links, queues, bounds and the process around them (`sipcore.relay`).

That nothing arrived is seen by what arrives next, not by waiting.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest
import structlog
import uvloop
from patience import PATIENCE_S
from relay_stage import (
    EDGE_IN,
    EDGE_OUT,
    PARTNER,
    SERVER,
    STREAM_PARTNER,
    Peer,
    header,
    inward,
    ok,
    outward,
    running_loop,
    stage,
    status,
    text_of_config,
)

from sipcore._parser import Message
from sipcore.configuration import loads
from sipcore.edge.actions import Action, Link
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.edge.waiting import WaitingRoom
from sipcore.limits import DEFAULT
from sipcore.relay import datagrams
from sipcore.relay.datagrams import DatagramPort
from sipcore.relay.logs import Quota
from sipcore.relay.metrics import Metrics
from sipcore.relay.server import ListenError, Relay
from sipcore.relay.sockets import bind

# -- the roads through


def test_a_request_over_udp_reaches_the_inside_and_its_answer_the_sender() -> None:
    with stage() as on:
        on.datagram(on.partner, inward(1))
        delivered = on.server.read()
        assert delivered.endswith(b"\r\n\r\nLunch at noon?")
        host, port = on.place(Side.INSIDE, Transport.UDP)
        assert header(delivered, "Via").startswith(f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK")
        on.datagram(on.server, ok(delivered))
        answer = on.partner.read()
        assert status(answer) == 200
        assert header(answer, "Via").startswith(f"SIP/2.0/UDP {PARTNER};branch=z9hG4bK-test-1")


def test_a_request_over_tcp_reaches_the_inside_and_its_answer_the_same_connection() -> None:
    with stage("tcp") as on, on.connect(on.stream_partner) as sender:
        sender.send(inward(1, over="TCP"))
        with on.server.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert status(sender.read()) == 200


def test_a_request_may_come_over_tcp_and_leave_over_udp() -> None:
    with stage("udp") as on, on.connect(on.stream_partner) as sender:
        sender.send(inward(1, over="TCP"))
        on.datagram(on.server, ok(on.server.read()))
        assert status(sender.read()) == 200


def test_a_request_may_come_over_udp_and_leave_over_tcp() -> None:
    with stage() as on:
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        with on.stream_partner.accept() as receiver:
            receiver.send(ok(receiver.read()))
            assert status(on.server.read()) == 200


def test_what_the_filter_refuses_is_answered_and_the_far_side_sees_only_the_next_message() -> None:
    with stage() as on:
        on.datagram(on.partner, inward(1, "look at http://tailspin.example/"))
        assert status(on.partner.read()) == 606
        on.datagram(on.partner, inward(2))
        assert header(on.server.read(), "Call-ID") == "2"
        assert on.count("refused", "outside", "filtered", "606") == 1


# -- streams


def test_connections_of_ours_come_from_the_address_that_peers_know() -> None:
    with stage() as on:
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        with on.stream_partner.accept() as receiver:
            assert receiver.socket.getpeername()[0] == EDGE_OUT


def test_an_open_connection_is_used_again() -> None:
    with stage() as on:
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        with on.stream_partner.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"
            on.datagram(on.server, outward(2, "UDP", "nwtraders"))
            assert header(receiver.read(), "Call-ID") == "2"
            assert on.count("links_opened", "outside") == 1


def test_a_closed_connection_is_opened_again() -> None:
    with stage() as on:
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        with on.stream_partner.accept() as receiver:
            receiver.read()
            receiver.socket.shutdown(socket.SHUT_WR)
            assert receiver.read_to_end() == b""
        on.datagram(on.server, outward(2, "UDP", "nwtraders"))
        with on.stream_partner.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "2"


def test_messages_of_one_read_leave_in_order_and_whole() -> None:
    with stage("tcp") as on, on.connect(on.stream_partner) as sender:
        sender.send(*(inward(number, f"number {number}", over="TCP") for number in range(200)))
        with on.server.accept() as receiver:
            received = [receiver.read() for _ in range(200)]
        assert [header(message, "Call-ID") for message in received] == [str(number) for number in range(200)]
        assert received[-1].endswith(b"number 199")


def test_a_message_may_come_one_byte_at_a_time() -> None:
    with stage() as on, on.connect(on.stream_partner) as sender:
        sender.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in inward(1, over="TCP"):
            sender.send(bytes([byte]))
        assert header(on.server.read(), "Call-ID") == "1"


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: edge\r\n\r\n", "http-request"),
        (b"MESSAGE sip:a@contoso.example SIP/2.0\r\nContent-Length: nine\r\n\r\n", "bad-content-length"),
    ],
)
def test_garbage_on_a_stream_closes_it_and_what_came_before_is_served(garbage: bytes, code: str) -> None:
    with stage() as on, on.connect(on.stream_partner) as sender:
        sender.send(inward(1, over="TCP"), garbage, inward(2, over="TCP"))
        assert sender.read_to_end() == b""
        on.datagram(on.partner, inward(3))
        assert [header(on.server.read(), "Call-ID") for _ in range(2)] == ["1", "3"]
        assert on.count("garbage", "outside", "tcp", code) == 1
        assert on.count("links_closed", "outside", "garbage") == 1


def test_a_ping_on_a_stream_is_answered_with_a_pong() -> None:
    with stage() as on, on.connect(on.stream_partner) as sender:
        sender.send(b"\r\n\r\n")
        assert sender.socket.recv(100) == b"\r\n"
        sender.send(inward(1, over="TCP"), b"\r\n\r\n\r\n\r\n", inward(2, over="TCP"))
        assert [header(on.server.read(), "Call-ID") for _ in range(2)] == ["1", "2"]
        assert sender.socket.recv(100) == b"\r\n\r\n"


def test_a_connection_that_ends_inside_a_message_is_counted() -> None:
    with stage() as on, on.connect(on.stream_partner) as sender:
        sender.send(inward(1, over="TCP")[:-5])
        sender.socket.shutdown(socket.SHUT_WR)
        assert sender.read_to_end() == b""
        assert on.count("links_closed", "outside", "ended-inside-a-message") == 1


def test_a_connection_too_many_is_closed_at_once() -> None:
    with stage(more="[limits]\nmax_links = 1\n") as on, on.connect(on.stream_partner) as first:
        first.send(b"\r\n\r\n")
        assert first.socket.recv(100) == b"\r\n"
        with on.connect(on.stream_partner) as second, pytest.raises((ConnectionResetError, AssertionError)):
            second.read()
        assert on.count("links_closed", "outside", "too-many-links") == 1
        first.send(b"\r\n\r\n")
        assert first.socket.recv(100) == b"\r\n"


# -- datagrams


@pytest.mark.parametrize("words", [280, 1_800, 12_000])
def test_a_message_of_more_than_1300_bytes_leaves_over_udp_as_it_came(words: int) -> None:
    body = "long " * words
    with stage() as on:
        on.datagram(on.partner, inward(1, body))
        delivered = on.server.read()
        assert delivered.endswith(f"\r\n\r\n{body}".encode())
        on.datagram(on.server, ok(delivered))
        assert status(on.partner.read()) == 200


def test_garbage_datagrams_are_dropped_and_counted() -> None:
    with stage() as on:
        on.datagram(on.partner, b"\x16\x03\x01\x00\xa5 hello there")
        on.datagram(on.partner, bytes(range(256)) * 10)
        on.datagram(on.partner, inward(1))
        assert header(on.server.read(), "Call-ID") == "1"
        samples = (sample for each in on.relay.metrics.registry.collect() for sample in each.samples)
        assert sum(sample.value for sample in samples if sample.name == "sipcore_garbage_total") == 2


@pytest.mark.parametrize("keep_alive", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0"])
def test_keep_alives_over_udp_are_ignored_and_counted(keep_alive: bytes) -> None:
    with stage() as on:
        on.datagram(on.partner, keep_alive)
        on.datagram(on.partner, inward(1))
        on.datagram(on.server, ok(on.server.read()))
        assert status(on.partner.read()) == 200  # and nothing before it
        assert on.count("garbage", "outside", "udp", "keep-alive") == 1


def test_a_peer_keeps_its_link_until_too_many_others_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "_MAX_PEERS", 1)
    owner = Owner()
    with running_loop() as loop, ExitStack() as held:
        bound = bind(Side.OUTSIDE, Hop(Transport.UDP, EDGE_OUT, 0))
        place = bound.getsockname()
        port = DatagramPort(owner, Side.OUTSIDE, bound, DEFAULT)
        loop.call_soon_threadsafe(port.start, loop)
        peers = [held.enter_context(Peer(PARTNER)) for _ in range(3)]
        for which in (0, 0, 1, 0, 2, 0, 1):
            peers[which].udp.sendto(inward(1), place)
            assert owner.heard.acquire(timeout=PATIENCE_S)
        ids = [link.id for link in owner.links]
        loop.call_soon_threadsafe(port.close)
    assert ids == [1, 1, 2, 1, 3, 1, 4]
    assert [link.remote_port for link in owner.links[:3:2]] == [peers[0].port, peers[1].port]


def test_an_error_of_ours_costs_the_datagram_that_it_happened_with_and_no_other() -> None:
    owner = Stumbling()
    with running_loop() as loop, ExitStack() as held:
        bound = bind(Side.OUTSIDE, Hop(Transport.UDP, EDGE_OUT, 0))
        port = DatagramPort(owner, Side.OUTSIDE, bound, DEFAULT)
        peers = [held.enter_context(Peer(PARTNER)) for _ in range(2)]
        for which in (0, 0, 0, 1):
            peers[which].udp.sendto(inward(1), bound.getsockname())
        loop.call_soon_threadsafe(port.start, loop)
        for _ in range(3):
            assert owner.heard.acquire(timeout=PATIENCE_S)
        loop.call_soon_threadsafe(port.close)
    assert [link.id for link in owner.links] == [1, 1, 2]


def test_a_closed_port_takes_nothing_though_its_descriptor_is_anothers_by_then() -> None:
    with running_loop() as loop, Peer(PARTNER) as peer:
        bound = bind(Side.OUTSIDE, Hop(Transport.UDP, EDGE_OUT, 0))
        port = DatagramPort(Owner(), Side.OUTSIDE, bound, DEFAULT)
        closed = threading.Event()
        for step in (partial(port.start, loop), port.close, closed.set):
            loop.call_soon_threadsafe(step)
        assert closed.wait(PATIENCE_S)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):  # gets the lowest number that is free
            assert port.send_all(Hop(Transport.UDP, PARTNER, peer.port), [b"lost"]) == [b"lost"]


class Owner:
    """A port's owner that keeps the links it hears of."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.heard = threading.Semaphore(0)
        self._ids = iter(range(1, 100))

    def next_link_id(self) -> int:
        return next(self._ids)

    def wake(self) -> None:
        """No time is taken here."""

    def receive_some(self, take: Callable[[], object], link: Link) -> bool:
        if take() is None:
            return False
        self.links.append(link)
        self.heard.release()
        return True

    def garbage(self, side: Side, transport: Transport, code: str) -> None:
        raise AssertionError(code)

    def flush(self) -> None:
        """Nothing is queued here."""


class Stumbling(Owner):
    """An owner that makes a mistake with the second message."""

    taken = 0

    def receive_some(self, take: Callable[[], object], link: Link) -> bool:
        self.taken += 1
        if self.taken == 2:
            take()
            raise RuntimeError("a mistake of ours")
        return super().receive_some(take, link)


# -- what cannot be delivered


def test_a_request_for_a_hop_that_is_down_is_answered_503() -> None:
    with stage() as on:
        on.stream_partner.listener.close()
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        answer = on.server.read()
        assert (status(answer), header(answer, "Call-ID")) == (503, "1")
        assert int(header(answer, "Retry-After")) > 0
        assert on.count("undelivered", "outside", "tcp", "connect-failed") == 1


def test_a_benotify_for_a_hop_that_is_down_is_counted_and_not_answered() -> None:
    with stage("tcp") as on:
        on.server.listener.close()
        on.datagram(on.partner, inward(1, method="BENOTIFY"))
        on.datagram(on.partner, inward(2))
        assert header(on.partner.read(), "Call-ID") == "2"
        assert on.count("discarded", "outside", "undelivered") == 1


def test_a_hop_that_does_not_take_the_connection_is_given_up() -> None:
    with stage(more="[limits]\nconnect_seconds = 1\n") as on, ExitStack() as held:
        on.stream_partner.listener.listen(0)
        for _ in range(2):  # the one that the backlog of 0 still takes, and one that waits like ours will
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((STREAM_PARTNER, on.stream_partner.port))
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        assert status(on.server.read()) == 503


def test_a_datagram_that_the_system_does_not_take_is_answered_503() -> None:
    with stage("udp") as on, on.connect(on.stream_partner) as sender:
        sender.send(inward(1, "long " * 14_000, over="TCP"))
        assert status(sender.read()) == 503
        assert on.count("undelivered", "inside", "udp", "not-taken") == 1


SMALL = "[limits]\nhead = 2_000\nbody = 2_000\nmax_queue_bytes = 4_000\nmax_waiting_bytes = 8_000\n"


def test_of_a_burst_each_message_is_answered_once_whether_it_could_wait_or_not() -> None:
    with stage(more=SMALL) as on, on.connect(on.server) as sender:
        on.stream_partner.listener.close()
        sender.send(*(outward(number, "TCP", "nwtraders") for number in range(20)))
        answers = [sender.read() for _ in range(20)]
        assert sorted(int(header(answer, "Call-ID")) for answer in answers) == list(range(20))
        assert {status(answer) for answer in answers} == {503}
        full, failed = (
            on.count("undelivered", "outside", "tcp", why) for why in ("waiting-room-full", "connect-failed")
        )
        assert full > 0
        assert failed > 0
        assert full + failed == 20


def test_who_waits_is_bounded_per_destination_and_in_all() -> None:
    room: WaitingRoom[str, str] = WaitingRoom(per_place=10, in_all=15)
    for place in ("a", "b"):
        room.open(place)
    asked = [("a", "first", 6), ("a", "second", 5), ("a", "third", 4), ("b", "fourth", 6), ("b", "fifth", 5)]
    assert [room.admit(*each) for each in asked] == [True, False, True, False, True]
    assert (room.size, "a" in room, "c" in room) == (15, True, False)
    assert room.leave("a") == ["first", "third"]
    assert (room.size, "a" in room) == (5, False)
    assert room.admit("b", "sixth", 5)


# -- the process around it


def test_counters_are_served_to_prometheus() -> None:
    with stage(more='[metrics]\nlisten = "127.0.0.1:0"\n') as on:
        on.datagram(on.partner, inward(1))
        on.server.read()
        with urllib.request.urlopen(f"http://127.0.0.1:{on.relay.metrics_port}/metrics", timeout=PATIENCE_S) as page:
            text = page.read().decode()
    assert 'sipcore_received_total{kind="MESSAGE",side="outside"} 1.0' in text


def test_two_relays_count_for_themselves() -> None:
    first, second = Metrics(), Metrics()
    first.count("garbage", "inside", "udp", "keep-alive")
    assert first.value("garbage", "inside", "udp", "keep-alive") == 1
    assert second.value("garbage", "inside", "udp", "keep-alive") == 0


def start(relay: Relay) -> None:
    """Start a relay and stop it again."""

    async def come_and_go() -> None:
        async with relay:
            pass

    uvloop.run(asyncio.wait_for(come_and_go(), PATIENCE_S))


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_taken_port_is_named_in_one_line_and_nothing_stays_bound(transport: Transport) -> None:
    with Peer(SERVER) as taken, Peer(EDGE_IN) as free:
        free_port = free.port
        free.__exit__()
        text = text_of_config().replace("port = 0", f"port = {free_port}", 1)
        bad = text.replace(f'"{transport}", address = "{EDGE_OUT}", port = 0',
                           f'"{transport}", address = "{SERVER}", port = {taken.port}')  # fmt: skip
        with pytest.raises(ListenError) as caught:
            start(Relay(loads(bad)))
        assert str(caught.value) == (
            f"outside: cannot listen on {transport} {SERVER}:{taken.port}: Address already in use"
        )
        start(Relay(loads(text)))


def test_a_taken_metrics_port_is_named_too() -> None:
    with Peer(SERVER) as taken, pytest.raises(ListenError, match=f"metrics: cannot listen on {SERVER}:{taken.port}"):
        start(Relay(loads(f'{text_of_config()}[metrics]\nlisten = "{SERVER}:{taken.port}"\n')))


def test_a_stopped_relay_leaves_its_addresses_and_closes_its_connections() -> None:
    with stage() as on:
        places = [(side, hop) for (side, _), hop in on.relay.listen.items()]
        sender = on.connect(on.stream_partner)
        sender.send(b"\r\n\r\n")
        assert sender.socket.recv(10) == b"\r\n"
    with sender:
        assert sender.read_to_end() == b""
    for side, hop in places:
        bind(side, hop).close()


def test_without_a_key_file_a_random_key_is_made_and_a_warning_says_what_that_means() -> None:
    with structlog.testing.capture_logs() as lines, stage():
        pass
    assert [(line["log_level"], line["event"]) for line in lines if "consequence" in line] == [
        ("warning", "no edge.key_file: a random key was made")
    ]


def test_a_refusal_is_one_log_line_without_the_message() -> None:
    with structlog.testing.capture_logs() as lines, stage() as on:
        on.datagram(on.partner, inward(1, "look at http://tailspin.example/"))
        on.partner.read()
    (line,) = (line for line in lines if line["event"] == "refused")
    assert (line["why"], line["status"], line["side"], line["method"]) == ("filtered", 606, "outside", "MESSAGE")
    assert "tailspin" not in str(lines)


def test_a_flood_of_refusals_does_not_flood_the_log() -> None:
    quota = Quota(2)
    assert [quota.take(now) for now in (5.0, 5.1, 5.2, 5.9, 6.0, 6.1, 6.2)] == [0, 0, None, None, 2, 0, None]


def test_an_error_of_ours_costs_one_message_and_not_the_relay() -> None:
    with stage() as on:
        engine = on.relay._shell._engine
        receive = engine.receive

        def fails_once(message: Message, link: Link, now: float) -> list[Action]:
            engine.receive = receive
            raise ZeroDivisionError

        engine.receive = fails_once
        on.datagram(on.partner, inward(1))
        on.datagram(on.partner, inward(2))
        assert header(on.server.read(), "Call-ID") == "2"
