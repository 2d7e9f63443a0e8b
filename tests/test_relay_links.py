"""Links that could face the Internet: deadlines, keep-alives, caps, reuse, queues, and how they end.

Clocks are moved by hand where time matters, so that no test waits for one.
"""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from patience import PATIENCE_S, eventually
from relay_stage import (
    PARTNER,
    STREAM_PARTNER,
    Connection,
    Peer,
    Stage,
    header,
    inward,
    ok,
    outward,
    stage,
    status,
    text_of_config,
)

from sipcore.configuration import LinkLimits, loads
from sipcore.edge.actions import Link, Send
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.relay.deadlines import Deadlines
from sipcore.relay.outbox import Budget, Outbox
from sipcore.relay.sources import Sources
from sipcore.relay.streams import Stream

OUTSIDE = Side.OUTSIDE


class Clock:
    """The relay's clock, in our hands."""

    def __init__(self, on: Stage) -> None:
        self._shell = on.relay._shell
        self._loop = on.relay._servers[0].get_loop()
        self._now = self._loop.time()
        self._shell.now = lambda: self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, and the relay notice."""
        self._now += seconds
        asyncio.run_coroutine_threadsafe(self._tick(), self._loop).result(PATIENCE_S)

    async def _tick(self) -> None:
        self._shell.tick()


@contextmanager
def clocked(next_hop: str = "udp", limits: str = "") -> Iterator[tuple[Stage, Clock]]:
    """The stage with its clock."""
    with stage(next_hop, f"[limits]\n{limits}\n" if limits else "") as on:
        yield on, Clock(on)


def streams(on: Stage) -> list[Stream]:
    return list(on.relay._shell.links.streams())


def connected(on: Stage, peer: Peer) -> Connection:
    """A connection that the relay knows of."""
    before = len(streams(on))
    connection = on.connect(peer)
    eventually(lambda: len(streams(on)) == before + 1)
    return connection


def closed(on: Stage, why: str, side: str = "outside") -> int:
    return on.count("links_closed", side, why)


# -- deadlines

LIMITS = LinkLimits(
    max_links=10,
    max_links_per_source=10,
    max_new_links_per_source=10,
    max_queue_bytes=1_000,
    max_waiting_bytes=1_000,
    max_unread_bytes=1_000,
    max_unfinished_bytes=1_000,
    idle_seconds=300,
    connect_seconds=4,
    first_message_seconds=10,
    message_seconds=32,
    keep_alive_seconds=120,
    shutdown_seconds=5,
)


def test_who_connects_has_so_long_for_a_first_message_and_is_then_judged_by_others() -> None:
    deadlines = Deadlines(LIMITS, dialled=False, now=100.0)
    assert [deadlines.missed(now) for now in (110.0, 110.1)] == ["", "no-first-message"]
    deadlines.active(109.0)
    assert deadlines.missed(110.1) == "no-first-message", "a keep-alive is no message"
    deadlines.read(messages=True, inside=False, now=109.0)
    assert [deadlines.missed(now) for now in (110.1, 409.0, 409.1)] == ["", "", "idle"]


def test_of_a_connection_that_we_opened_no_first_message_is_expected() -> None:
    assert Deadlines(LIMITS, dialled=True, now=100.0).missed(150.0) == ""


def test_a_message_has_so_long_from_its_first_byte_however_its_bytes_drip() -> None:
    deadlines = Deadlines(LIMITS, dialled=True, now=100.0)
    for now in (101.0, 110.0, 130.0):
        deadlines.read(messages=False, inside=True, now=now)
    assert [deadlines.missed(now) for now in (133.0, 133.1)] == ["", "slow-message"]


def test_each_of_many_messages_in_a_row_has_its_own_time() -> None:
    deadlines = Deadlines(LIMITS, dialled=True, now=100.0)
    deadlines.read(messages=False, inside=True, now=101.0)
    deadlines.read(messages=True, inside=True, now=130.0)
    assert [deadlines.missed(now) for now in (162.0, 162.1)] == ["", "slow-message"]
    deadlines.read(messages=True, inside=False, now=140.0)
    assert deadlines.missed(400.0) == ""


def test_a_peer_has_as_long_to_read_as_to_send() -> None:
    deadlines = Deadlines(LIMITS, dialled=True, now=100.0)
    deadlines.stalled(100.0)
    deadlines.stalled(130.0)
    assert [deadlines.missed(now) for now in (132.0, 132.1)] == ["", "not-read"]
    deadlines.flowing()
    assert deadlines.missed(132.1) == ""


def test_who_has_answered_a_ping_once_has_ten_seconds_for_each() -> None:
    deadlines = Deadlines(LIMITS, dialled=True, now=100.0)
    deadlines.pinged(100.0)
    assert (deadlines.awaits_pong, deadlines.missed(120.0)) == (True, "")
    deadlines.ponged()
    deadlines.pinged(200.0)
    deadlines.pinged(205.0)
    assert [deadlines.missed(now) for now in (210.0, 210.1)] == ["", "no-pong"]
    deadlines.read(messages=True, inside=False, now=209.0)
    assert deadlines.missed(210.1) == "", "a message shows that it lives"


def test_a_connection_that_says_nothing_is_closed_and_counted() -> None:
    with clocked() as (on, clock), connected(on, on.stream_partner) as silent:
        clock.advance(9)
        silent.send(b"\r\n\r\n")
        assert silent.socket.recv(10) == b"\r\n"
        clock.advance(2)
        assert silent.read_to_end() == b""
        assert closed(on, "no-first-message") == 1


def test_a_message_that_drips_is_closed_and_counted_however_often_a_byte_comes() -> None:
    with clocked() as (on, clock), connected(on, on.stream_partner) as dripping:
        (stream,) = streams(on)
        message = inward(1, over="TCP")
        dripping.send(inward(0, over="TCP"))
        on.server.read()
        for count in range(1, 5):
            dripping.send(message[count - 1 : count])
            eventually(lambda count=count: stream._framer.pending == count)
            clock.advance(8)
        assert closed(on, "slow-message") == 0
        clock.advance(1)
        assert dripping.read_to_end() == b""
        assert closed(on, "slow-message") == 1


def test_what_all_links_hold_of_unfinished_messages_is_bounded_at_the_cost_of_who_holds_most() -> None:
    half = inward(0, over="TCP", body="x" * 40_000)[:-1]
    with clocked(limits="body = 50_000\nhead = 10_000\nmax_unfinished_bytes = 100_000") as (on, _), ExitStack() as held:
        honest = held.enter_context(connected(on, on.stream_partner))
        honest.send(inward(1, over="TCP")[:-1])
        greedy = [held.enter_context(connected(on, on.stream_partner)) for _ in range(3)]
        for connection in greedy:
            connection.send(half)
        eventually(lambda: closed(on, "too-much-unfinished") == 1)
        eventually(lambda: on.relay._shell.links.unfinished.holders == 3)
        assert on.relay._shell.links.unfinished.size < 100_000
        honest.send(inward(1, over="TCP")[-1:])
        assert header(on.server.read(), "Call-ID") == "1"
    eventually(lambda: on.relay._shell.links.unfinished.size == 0)


def test_newlines_between_messages_start_no_message() -> None:
    with clocked() as (on, clock), connected(on, on.stream_partner) as sender:
        (stream,) = streams(on)
        sender.send(inward(1, over="TCP"), b"\r\n")
        eventually(lambda: stream._framer.pending == 2)
        clock.advance(40)
        sender.send(inward(2, over="TCP"))
        assert [header(on.server.read(), "Call-ID") for _ in range(2)] == ["1", "2"]
        assert closed(on, "slow-message") == 0


def test_pings_of_a_peer_keep_its_connection_and_silence_ends_it() -> None:
    with clocked() as (on, clock), connected(on, on.stream_partner) as sender:
        sender.send(inward(1, over="TCP"))
        on.server.read()
        for _ in range(3):
            clock.advance(200)
            sender.send(b"\r\n\r\n")
            assert sender.socket.recv(10) == b"\r\n"
        clock.advance(301)
        assert sender.read_to_end() == b""
        assert closed(on, "idle") == 1


def test_an_idle_link_holds_no_block() -> None:
    with clocked() as (on, clock), connected(on, on.stream_partner) as sender:
        sender.send(inward(1, over="TCP"))
        on.server.read()
        clock.advance(1)
        sender.send(inward(2, over="TCP"))
        assert header(on.server.read(), "Call-ID") == "2"


# -- keep-alives


@contextmanager
def opened(on: Stage) -> Iterator[Connection]:
    """A connection that the relay has opened to the partner."""
    on.datagram(on.server, outward(1, "UDP", "nwtraders"))
    with on.stream_partner.accept() as connection:
        connection.read()
        yield connection


def test_what_we_opened_is_pinged_and_a_peer_that_ceases_to_answer_is_given_up() -> None:
    with clocked() as (on, clock), opened(on) as peer:
        (stream,) = streams(on)
        clock.advance(120)
        assert peer.socket.recv(10) == b"\r\n\r\n"
        peer.send(b"\r\n")
        eventually(lambda: not stream._deadlines.awaits_pong)
        clock.advance(11)
        clock.advance(120)
        assert peer.socket.recv(10) == b"\r\n\r\n"
        clock.advance(11)
        assert peer.read_to_end() == b""
        assert closed(on, "no-pong") == 1


def test_a_peer_that_never_answers_pings_is_not_closed_for_it() -> None:
    with clocked() as (on, clock), opened(on) as peer:
        for _ in range(2):
            clock.advance(120)
            assert peer.socket.recv(10) == b"\r\n\r\n"
            clock.advance(11)
        on.datagram(on.server, outward(2, "UDP", "nwtraders"))
        assert header(peer.read(), "Call-ID") == "2"
        assert on.count("links_opened", "outside") == 1


def test_pings_of_ours_keep_no_connection_that_nobody_uses() -> None:
    with clocked() as (on, clock), opened(on) as peer:
        (stream,) = streams(on)
        for _ in range(2):
            clock.advance(120)
            assert peer.socket.recv(10) == b"\r\n\r\n"
            peer.send(b"\r\n")
            eventually(lambda: not stream._deadlines.awaits_pong)
        clock.advance(61)
        assert closed(on, "idle") == 1


def test_a_ping_stands_between_messages() -> None:
    with clocked() as (on, clock), opened(on) as peer:
        on.datagram(on.server, outward(2, "UDP", "nwtraders"))
        second = peer.read()
        clock.advance(120)
        on.datagram(on.server, outward(3, "UDP", "nwtraders"))
        third = b""
        while not third.endswith(b"Lunch at noon?"):
            third += peer.socket.recv(4_096)
        assert second.startswith(b"MESSAGE ")
        assert third.startswith(b"\r\n\r\nMESSAGE ")


def test_pings_can_be_switched_off() -> None:
    with clocked(limits="keep_alive_seconds = 0\nidle_seconds = 3_000") as (on, clock), opened(on) as peer:
        clock.advance(2_000)
        on.datagram(on.server, outward(2, "UDP", "nwtraders"))
        assert peer.read().startswith(b"MESSAGE ")


def test_who_connects_to_us_is_not_pinged() -> None:
    with clocked(limits="idle_seconds = 3_000") as (on, clock), connected(on, on.stream_partner) as sender:
        sender.send(inward(1, over="TCP"))
        on.server.read()
        clock.advance(2_000)
        sender.send(b"\r\n\r\n")
        assert sender.socket.recv(10) == b"\r\n"


# -- caps by source


def test_a_source_has_so_many_connections_and_opens_so_many_in_a_second() -> None:
    sources = Sources(most_open=2, most_new=3)

    def asks(host: str, now: float) -> str:
        if not (why := sources.refuses(host, now)):
            sources.add(host)
        return why

    assert [asks("192.0.2.1", 5.0) for _ in range(4)] == [
        "", "", "too-many-links-of-source", "too-many-new-links-of-source"]  # fmt: skip
    assert asks("192.0.2.2", 5.9) == ""
    assert asks("192.0.2.1", 6.0) == "too-many-links-of-source"
    sources.remove("192.0.2.1")
    assert asks("192.0.2.1", 6.0) == ""


def test_a_source_of_ipv6_is_a_whole_network() -> None:
    sources = Sources(most_open=1, most_new=9)
    sources.add("2001:db8:0:1::1")
    assert sources.refuses("2001:db8:0:1:ffff::2", 1.0) == "too-many-links-of-source"
    assert sources.refuses("2001:db8:0:2::1", 1.0) == ""


def test_sources_that_are_gone_leave_nothing_behind() -> None:
    sources = Sources(most_open=9, most_new=9)
    for number in range(100):
        host = f"192.0.2.{number}"
        assert sources.refuses(host, number) == ""
        sources.add(host)
        sources.remove(host)
    assert (len(sources._open), len(sources._new)) == (0, 1)


@pytest.mark.parametrize("cap", ["max_links_per_source", "max_new_links_per_source"])
def test_one_source_too_many_times_is_closed_at_once_and_another_is_served(cap: str) -> None:
    why = cap.replace("max", "too-many").replace("per", "of").replace("_", "-")
    with clocked(limits=f"{cap} = 1") as (on, _), connected(on, on.stream_partner) as first:
        with on.connect(on.stream_partner) as second, suppress(ConnectionResetError):
            assert second.socket.recv(10) == b""
        assert closed(on, why) == 1
        with on.connect(on.partner) as other:
            for each in (first, other):
                each.send(b"\r\n\r\n")
                assert each.socket.recv(10) == b"\r\n"


def test_inside_sources_have_no_cap_of_their_own() -> None:
    limits = "max_links_per_source = 1\nmax_new_links_per_source = 1"
    with clocked(limits=limits) as (on, _), on.connect(on.server) as first, on.connect(on.server) as second:
        for each in (first, second):
            each.send(b"\r\n\r\n")
            assert each.socket.recv(10) == b"\r\n"


# -- which link


def test_a_request_never_leaves_on_a_connection_that_its_peer_opened() -> None:
    with stage() as on:
        on.stream_partner.listener.close()
        place = on.place(OUTSIDE, Transport.TCP)
        source = (STREAM_PARTNER, on.stream_partner.port)  # the very place of the partner's proxy
        with Connection(socket.create_connection(place, PATIENCE_S, source)) as theirs:
            theirs.send(inward(1, over="TCP"))
            on.datagram(on.server, ok(on.server.read()))
            assert status(theirs.read()) == 200, "an answer does"
            on.datagram(on.server, outward(2, "UDP", "nwtraders"))
            assert status(on.server.read()) == 503
            assert on.count("undelivered", "outside", "tcp", "connect-failed") == 1
            theirs.send(b"\r\n\r\n")
            assert theirs.socket.recv(10) == b"\r\n", "and nothing before it"


def held_back(on: Stage) -> Callable[[], object]:
    """Let no connection be opened until the returned function is called."""
    loop, released = on.relay._servers[0].get_loop(), asyncio.Event()

    async def addresses(side: Side, host: str, port: int) -> list[tuple[str, int]]:
        await released.wait()
        return [(host, port)]

    on.relay._shell._dialler._addresses = addresses
    return lambda: loop.call_soon_threadsafe(released.set)


def test_many_messages_at_once_for_one_place_open_one_connection() -> None:
    with stage() as on:
        release = held_back(on)
        for number in range(50):
            on.datagram(on.server, outward(number, "UDP", "nwtraders"))
        eventually(lambda: on.count("forwarded", "outside", "MESSAGE", "partner") == 50)
        release()
        with on.stream_partner.accept() as receiver:
            assert [header(receiver.read(), "Call-ID") for _ in range(50)] == [str(number) for number in range(50)]
        assert on.count("links_opened", "outside") == 1


def test_nobody_overtakes_those_who_wait_for_a_connection_that_stands_already() -> None:
    with stage() as on:
        shell = on.relay._shell
        link_up, late = shell._engine.link_up, outward(3, "UDP", "nwtraders")

        def comes_late() -> None:
            (stream,) = streams(on)
            assert stream.is_open
            shell.links.send(Send(Hop(Transport.TCP, STREAM_PARTNER, on.stream_partner.port), OUTSIDE, None, late))
            shell.links.flush()

        def stands(link: Link, now: float) -> None:
            link_up(link, now)
            # before the task that waits for the connection is woken
            on.relay._servers[0].get_loop().call_soon(comes_late)

        shell._engine.link_up = stands
        release = held_back(on)
        for number in (1, 2):
            on.datagram(on.server, outward(number, "UDP", "nwtraders"))
        eventually(lambda: on.count("forwarded", "outside", "MESSAGE", "partner") == 2)
        release()
        with on.stream_partner.accept() as receiver:
            assert [header(receiver.read(), "Call-ID") for _ in range(3)] == ["1", "2", "3"]


def via_of_partner(on: Stage, number: int) -> bytes:
    """A request whose Via names the port that the partner listens on."""
    place = f"{STREAM_PARTNER}:{on.stream_partner.port}"
    return inward(number, over="TCP").replace(f"TCP {STREAM_PARTNER}".encode(), f"TCP {place}".encode())


def test_an_answer_whose_connection_is_gone_goes_by_via_on_a_new_one() -> None:
    with stage() as on:
        with connected(on, on.stream_partner) as sender:
            sender.send(via_of_partner(on, 1).replace(b";rport", b""))
            delivered = on.server.read()
        eventually(lambda: not streams(on))
        on.datagram(on.server, ok(delivered))
        with on.stream_partner.accept() as receiver:
            assert status(receiver.read()) == 200


def test_an_answer_by_via_that_reaches_nobody_is_counted() -> None:
    with stage() as on:
        with connected(on, on.stream_partner) as sender:
            sender.send(via_of_partner(on, 1))
            delivered = on.server.read()
        eventually(lambda: not streams(on))
        on.stream_partner.listener.close()
        on.datagram(on.server, ok(delivered))
        eventually(lambda: on.count("discarded", "outside", "undelivered") == 1)


def test_of_several_addresses_of_a_hop_the_first_that_answers_is_taken() -> None:
    asked: list[tuple[Side, str, int]] = []
    with stage() as on, Peer(PARTNER) as refusing:
        refusing.listener.close()

        async def addresses(side: Side, host: str, port: int) -> list[tuple[str, int]]:
            asked.append((side, host, port))
            return [("::1", port), (PARTNER, refusing.port), (host, port)]

        on.relay._shell._dialler._addresses = addresses
        on.datagram(on.server, outward(1, "UDP", "nwtraders"))
        with on.stream_partner.accept() as receiver:
            assert header(receiver.read(), "Call-ID") == "1"
        assert asked == [(OUTSIDE, STREAM_PARTNER, on.stream_partner.port)]


# -- queues


class Sink(asyncio.WriteTransport):
    """A transport that keeps what it is given until it is drained."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.left = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        self.left += len(data)

    def get_write_buffer_size(self) -> int:
        return self.left


def sends(*texts: str) -> list[Send]:
    return [Send(Hop(Transport.TCP, "192.0.2.1", 5060), OUTSIDE, None, text.encode()) for text in texts]


def test_what_is_put_within_one_wake_up_leaves_in_one_write() -> None:
    sink = Sink()
    outbox = Outbox(sink, 100, Budget(100))
    assert not outbox.flush()
    assert all(map(outbox.put, sends("one", "two")))
    outbox.put_keep_alive(b"\r\n")
    assert outbox.flush()
    assert sink.written == [b"onetwo\r\n"]


def test_what_does_not_fit_is_refused_and_what_was_taken_leaves_in_order() -> None:
    sink, budget = Sink(), Budget(100)
    outbox = Outbox(sink, 10, budget)
    assert [outbox.put(send) for send in sends("12345", "678901", "6789")] == [True, False, True]
    outbox.flush()
    outbox.stall()
    assert [outbox.put(send) for send in sends("a", "bc", "d")] == [True, False, False]
    outbox.put_keep_alive(b"\r\n\r\n")
    assert (outbox.flush(), outbox.is_empty, budget.used) == (False, False, 10)
    sink.left = 0
    outbox.resume()
    assert (sink.written, budget.used) == ([b"123456789", b"a"], 0)


def test_all_that_is_unread_is_bounded_across_links_and_no_link_is_kept_from_who_reads() -> None:
    budget = Budget(10)
    boxes = [Outbox(Sink(), 8, budget) for _ in range(3)]
    for box in boxes[:2]:
        box.stall()
    assert [box.put(send) for box, send in zip(boxes, sends("12345678", "901", "12345678"), strict=True)] == [
        True,
        False,
        True,
    ]
    assert boxes[1].put(*sends("90"))
    assert budget.used == 10
    assert [send.data for send in boxes[0].abandon()] == [b"12345678"]
    assert budget.used == 2


#: Small enough to be full soon; a message is 50,000 bytes.
SMALL_QUEUES = "head = 4_000\nbody = 60_000\nmax_queue_bytes = 200_000\nmax_unread_bytes = 300_000"
#: What a transport takes before it says that it is full (asyncio's and uvloop's default).
HIGH_WATER = 64 << 10


def fill(on: Stage, sender: Connection) -> int:
    """Send to the partner, which does not read, until something is refused; how many were taken."""
    on.stream_partner.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    for number in range(1_000):
        sender.send(outward(number, "TCP", "nwtraders", "a" * 50_000))
        eventually(lambda number=number: on.count("received", "inside", "MESSAGE") == number + 1)
        eventually(lambda: bool(on.relay._shell.links._ways))
        if on.count("undelivered", "outside", "tcp", "queue-full"):
            return number
    raise AssertionError("never full")


def full(on: Stage) -> Stream:
    """The link to the partner that does not read."""
    return next(stream for stream in streams(on) if stream.hop is not None)


def test_a_peer_that_never_reads_costs_bounded_memory_and_no_other_peer_anything() -> None:
    with clocked(limits=SMALL_QUEUES) as (on, _), on.connect(on.server) as sender:
        fill(on, sender)
        stalled = full(on)
        unread = on.relay._shell.links.unread
        for number in range(20):
            on.datagram(on.server, outward(2_000 + number, "UDP", "nwtraders", "b" * 50_000))
            on.datagram(on.server, outward(3_000 + number, "UDP", "fabrikam"))
            assert header(on.partner.read(), "Call-ID") == str(3_000 + number)
            assert unread.used <= 200_000 + 64_000
            assert stalled._transport.get_write_buffer_size() <= 200_000 + HIGH_WATER
        on.stream_partner.accept().socket.close()  # so that the end need not wait for it
        assert on.count("undelivered", "outside", "tcp", "queue-full") >= 20


def test_when_a_peer_reads_again_it_gets_all_that_was_taken_whole_and_in_order() -> None:
    with clocked(limits=SMALL_QUEUES) as (on, _), on.connect(on.server) as sender:
        taken = fill(on, sender)
        with on.stream_partner.accept() as receiver:
            numbers = [int(header(receiver.read(), "Call-ID")) for _ in range(taken)]
            assert numbers == list(range(taken))
            eventually(lambda: on.relay._shell.links.unread.used == 0)
            on.datagram(on.server, outward(9_999, "UDP", "nwtraders"))
            assert header(receiver.read(), "Call-ID") == "9999"


def test_a_peer_that_goes_on_not_reading_is_closed_and_what_was_held_for_it_answered() -> None:
    with clocked(limits=SMALL_QUEUES) as (on, clock), on.connect(on.server) as sender:
        fill(on, sender)
        held = len(full(on)._outbox._held)
        assert held > 0
        clock.advance(33)
        assert [status(sender.read()) for _ in range(1 + held)] == [503] * (1 + held)
        assert closed(on, "not-read") == 1
        assert on.count("undelivered", "outside", "tcp", "link-lost") == held
        assert on.relay._shell.links.unread.used == 0


# -- the end


def stop(on: Stage) -> None:
    loop = on.relay._servers[0].get_loop()
    asyncio.run_coroutine_threadsafe(on.relay._shell.links.close(), loop).result(PATIENCE_S)


def test_a_relay_that_ends_lets_a_slow_reader_take_all_that_was_queued() -> None:
    with clocked(limits=SMALL_QUEUES) as (on, _), on.connect(on.server) as sender:
        taken = fill(on, sender)
        loop = on.relay._servers[0].get_loop()
        with on.stream_partner.accept() as receiver:
            ending = asyncio.run_coroutine_threadsafe(on.relay._shell.links.close(), loop)
            eventually(lambda: on.relay._shell.links._closing)
            assert len([receiver.read() for _ in range(taken)]) == taken
            assert receiver.read_to_end() == b""
            ending.result(PATIENCE_S)


def test_a_relay_that_ends_waits_no_longer_than_it_is_told_to() -> None:
    with clocked(limits=SMALL_QUEUES) as (on, _), on.connect(on.server) as sender:
        fill(on, sender)
        links = on.relay._shell.links
        links._limits = dataclasses.replace(links._limits, shutdown_seconds=0)
        stop(on)
        assert streams(on) == []
        assert closed(on, "shutdown") == 1


def test_a_relay_that_ends_answers_who_waits_for_a_connection_and_reads_no_more() -> None:
    with stage() as on, connected(on, on.server) as sender:
        held_back(on)
        sender.send(outward(1, "TCP", "nwtraders"))
        eventually(lambda: on.count("forwarded", "outside", "MESSAGE", "partner") == 1)
        stop(on)
        assert status(sender.read()) == 503
        assert sender.read_to_end() == b""
        assert on.count("undelivered", "outside", "tcp", "connect-failed") == 1


def test_the_defaults_leave_a_transaction_its_time() -> None:
    links = loads(text_of_config()).links
    assert links.connect_seconds * 4 < 32 <= links.message_seconds
    assert links.first_message_seconds < links.message_seconds < links.idle_seconds
