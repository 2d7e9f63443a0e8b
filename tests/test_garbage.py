"""A flood of garbage on the running relay's sockets: it counts what came, keeps nothing of it, and serves on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import cycle

import garbage
import pytest
from patience import eventually
from surrounded_relay import Surrounded, surrounded_relay

pytestmark = pytest.mark.timeout(180)

#: Bytes and datagrams on their way at once: what the socket buffer of a bare system holds.
AT_ONCE, DATAGRAMS_AT_ONCE = 100_000, 40
#: More than the moods of an allocator, and less than a twentieth of what is sent.
MAY_GROW = 8 << 20
PATIENCE_S = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surrounded]:
    """One relay for the whole flood."""
    with surrounded_relay(tmp_path_factory.mktemp("relay")) as surrounded:
        yield surrounded


def flood_of_datagrams(world: Surrounded, seed: int, number: int) -> int:
    """Datagrams from every place in turn; gives how many bytes they were."""
    size = waiting = 0
    for index, (sender, datagram) in enumerate(zip(cycle(world.sinks), garbage.datagrams(seed, number), strict=False)):
        if waiting + len(datagram) > AT_ONCE or index % DATAGRAMS_AT_ONCE == 0:
            world.settle()
            waiting = 0
        world.say(sender, datagram)
        size, waiting = size + len(datagram), waiting + len(datagram)
    world.nothing_went_through()
    return size


def flood_of_streams(world: Surrounded, seed: int, number: int) -> int:
    """One connection after the other, each full of garbage, from every place in turn; gives how many bytes."""
    size = 0
    for sender, data in zip(cycle(world.sinks), garbage.streams(seed, number), strict=False):
        # The relay closes as soon as it knows better, and the system resets what is then still being written.
        with connected(world, sender) as stream, suppress(ConnectionError):
            stream.sendall(data)
            with suppress(OSError):  # not connected any more, on some systems
                stream.shutdown(socket.SHUT_WR)
            while stream.recv(65_536):
                pass
        size += len(data)
    world.nothing_went_through()
    return size


def connected(world: Surrounded, sender: str) -> socket.socket:
    """A connection to the relay from that place."""
    return socket.create_connection(world.edge(sender), PATIENCE_S, (world.sinks[sender].place[0], 0))


def test_every_datagram_of_a_flood_is_counted_and_none_goes_on(world: Surrounded) -> None:
    counted = world.relay.counted
    flood_of_datagrams(world, 1, 5_000)
    eventually(lambda: counted("received") + counted("garbage", transport="udp") == world.said)
    assert counted("garbage", transport="udp") > 100
    eventually(lambda: counted("received") == sum(map(counted, ("forwarded", "refused", "discarded"))))


def test_a_stream_of_garbage_is_closed_and_those_that_stand_are_served(world: Surrounded) -> None:
    counted = world.relay.counted
    with ExitStack() as held:
        for sender, _ in zip(cycle(world.sinks), range(60), strict=False):
            unfinished = held.enter_context(connected(world, sender))
            unfinished.sendall(garbage.WHOLE[:100])
        eventually(lambda: counted("links_opened") >= 60)
        flood_of_streams(world, 2, 60)
        assert counted("garbage", transport="tcp") > 10
        assert counted("links_opened") - counted("links_closed") >= 60
    eventually(lambda: counted("links_closed") == counted("links_opened"))


def test_nothing_of_a_flood_stays_in_memory(world: Surrounded) -> None:
    flood_of_datagrams(world, 3, 2_000)  # what an allocator takes once
    flood_of_streams(world, 4, 50)
    before = world.relay.resident_bytes()
    size = flood_of_datagrams(world, 5, 10_000) + flood_of_streams(world, 6, 300)
    assert size > 20 * MAY_GROW
    assert world.relay.resident_bytes() - before < MAY_GROW
