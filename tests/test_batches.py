"""Datagrams many at a time (`sipcore.relay._batches`): by the system's batches, and one by one where it has none."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from relay_stage import inward

from sipcore import Limits
from sipcore._parser import Message
from sipcore.limits import DEFAULT
from sipcore.relay._batches import HAS_BATCHES, Arrivals, send_all

#: What one call takes at most.
AT_ONCE = 64
#: What IP and UDP leave of 65,535 bytes.
LONGEST = {"127.0.0.1": 65_507, "::1": 65_527}
BUFFER = 8 << 20
PATIENCE = 10.0

each_way = pytest.mark.parametrize("singly", [False, True], ids=["batches", "singly"])
each_family = pytest.mark.parametrize("host", ["127.0.0.1", "::1"])


class Place(NamedTuple):
    """Stands for a link: one for each time that one was asked for."""

    number: int
    host: str
    port: int


@dataclass
class Reader:
    """A socket with what arrives at it."""

    socket: socket.socket
    arrivals: Arrivals
    garbage: list[str]
    links: list[Place]

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.socket.getsockname()[1]
        return port

    def wait(self) -> None:
        """Until there is something to read."""
        self.socket.settimeout(PATIENCE)
        self.socket.recv(1, socket.MSG_PEEK)

    def read(self) -> list[tuple[Place, str]]:
        """What one wake-up brings: each message's link and Call-ID."""
        self.wait()
        self.arrivals.receive()
        return self.taken()

    def taken(self) -> list[tuple[Place, str]]:
        """What has been read and not been taken."""
        found = []
        while link := self.arrivals.next_link():
            while message := self.arrivals.next_message():
                found.append((link, str(message.call_id)))
        return found


class Stage(ExitStack):
    """Sockets that are closed in the end."""

    def socket(self, host: str = "127.0.0.1") -> socket.socket:
        """A bound UDP socket with room for everything that a test sends."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = self.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        made.settimeout(PATIENCE)
        made.bind((host, 0))
        return made

    def reader(
        self, host: str = "127.0.0.1", *, limits: Limits = DEFAULT, longest: int = 65_535, peers: int = 8192,
        singly: bool = False, told: Callable[[str], None] | None = None,
    ) -> Reader:  # fmt: skip
        """A socket to read from, one call for each datagram or many."""
        bound, garbage, links = self.socket(host), list[str](), list[Place]()

        def link_to(host: str, port: int) -> Place:
            links.append(Place(len(links), host, port))
            return links[-1]

        arrivals = Arrivals(
            bound.fileno(), limits, link_to, told or garbage.append, peers=peers, longest=longest, singly=singly
        )
        return Reader(bound, arrivals, garbage, links)


@pytest.fixture
def on() -> Iterator[Stage]:
    """Somewhere to open sockets."""
    with Stage() as stage:
        yield stage


def test_linux_has_batches() -> None:
    assert sys.platform.startswith("linux") == HAS_BATCHES


# -- arriving


@each_way
@each_family
def test_messages_come_in_order_each_on_the_link_of_its_sender(on: Stage, host: str, singly: bool) -> None:
    reader = on.reader(host, singly=singly)
    one, other = on.socket(host), on.socket(host)
    for number, sender in enumerate((one, one, other, one)):
        sender.sendto(inward(number), (host, reader.port))
    first = Place(0, host, one.getsockname()[1])
    second = Place(1, host, other.getsockname()[1])
    assert reader.read() == [(first, "0"), (first, "1"), (second, "2"), (first, "3")]
    assert not reader.arrivals.left


@each_way
def test_a_link_is_the_same_as_long_as_its_messages_last_and_then_that_of_the_next(on: Stage, singly: bool) -> None:
    reader = on.reader(singly=singly)
    one, other = on.socket(), on.socket()
    for number, sender in enumerate((one, one, other)):
        sender.sendto(inward(number), ("127.0.0.1", reader.port))
    reader.wait()
    reader.arrivals.receive()
    links = [reader.arrivals.next_link() for _ in range(2)]
    for _ in range(2):
        assert reader.arrivals.next_message() is not None
    assert reader.arrivals.next_message() is None
    links.append(reader.arrivals.next_link())
    assert [link.number for link in links] == [0, 0, 1]
    assert reader.arrivals.next_message() is not None
    assert reader.arrivals.next_link() is None


@each_way
def test_before_anything_came_there_is_no_link_and_no_message(on: Stage, singly: bool) -> None:
    reader = on.reader(singly=singly)
    reader.arrivals.receive()
    assert (reader.arrivals.next_link(), reader.arrivals.next_message(), reader.arrivals.left) == (None, None, False)


@each_way
def test_a_sender_keeps_its_link_from_one_wake_up_to_the_next(on: Stage, singly: bool) -> None:
    reader, sender = on.reader(singly=singly), on.socket()
    for number in range(3):
        sender.sendto(inward(number), ("127.0.0.1", reader.port))
        reader.read()
    assert len(reader.links) == 1


@each_way
def test_more_than_one_call_takes_are_there_for_the_next(on: Stage, singly: bool) -> None:
    reader, sender = on.reader(singly=singly), on.socket()
    for number in range(2 * AT_ONCE + 2):
        sender.sendto(inward(number), ("127.0.0.1", reader.port))
    wake_ups = [[name for _, name in reader.read()] for _ in range(3)]
    assert [len(names) for names in wake_ups] == [AT_ONCE, AT_ONCE, 2]
    assert [name for names in wake_ups for name in names] == [str(number) for number in range(2 * AT_ONCE + 2)]


@each_way
def test_nothing_is_read_over_what_has_not_been_taken(on: Stage, singly: bool) -> None:
    reader, sender = on.reader(singly=singly), on.socket()
    sender.sendto(inward(1), ("127.0.0.1", reader.port))
    sender.sendto(inward(2), ("127.0.0.1", reader.port))
    reader.wait()
    reader.arrivals.receive()
    reader.arrivals.next_link()
    assert reader.arrivals.next_message().call_id == "1"
    sender.sendto(inward(3), ("127.0.0.1", reader.port))
    reader.wait()
    reader.arrivals.receive()
    assert [name for _, name in reader.taken()] == ["2"]
    assert [name for _, name in reader.read()] == ["3"]


@each_way
def test_a_message_that_is_kept_keeps_its_bytes(on: Stage, singly: bool) -> None:
    reader, sender = on.reader(singly=singly), on.socket()
    sender.sendto(inward(1, "first"), ("127.0.0.1", reader.port))
    reader.wait()
    reader.arrivals.receive()
    reader.arrivals.next_link()
    kept = reader.arrivals.next_message()
    for number in range(AT_ONCE):
        sender.sendto(inward(number, "other"), ("127.0.0.1", reader.port))
    reader.read()
    assert bytes(kept.edit()) == inward(1, "first")


@each_way
@each_family
def test_the_longest_datagram_arrives_whole(on: Stage, host: str, singly: bool) -> None:
    limits = Limits(body=LONGEST[host])
    reader, sender = on.reader(host, limits=limits, singly=singly), on.socket(host)
    head = len(inward(1, ""))
    text = "x" * (LONGEST[host] - head - len(str(LONGEST[host])) + 1)  # its length takes more digits than 0
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    sender.sendto(inward(1, text), (host, reader.port))
    reader.wait()
    reader.arrivals.receive()
    reader.arrivals.next_link()
    message = reader.arrivals.next_message()
    assert (message.size, message.truncated) == (LONGEST[host], False)
    assert bytes(message.body) == text.encode()


@each_way
def test_what_the_system_had_to_cut_is_no_message(on: Stage, singly: bool) -> None:
    size = len(inward(1))
    reader, sender = on.reader(longest=size, singly=singly), on.socket()
    for datagram in (inward(1), inward(2) + b"!", inward(3)):
        sender.sendto(datagram, ("127.0.0.1", reader.port))
    assert [name for _, name in reader.read()] == ["1", "3"]
    assert reader.garbage == ["datagram-too-long"]


@pytest.mark.parametrize("longest", [0, 65_536])
def test_no_datagram_is_longer_than_its_length_can_say(on: Stage, longest: int) -> None:
    with pytest.raises(ValueError, match=f"longest is {longest}, expected 1 to 65535"):
        on.reader(longest=longest)


@each_way
def test_what_is_no_message_is_told_by_its_fault_and_makes_no_link(on: Stage, singly: bool) -> None:
    reader, sender, stranger = on.reader(singly=singly), on.socket(), on.socket()
    for datagram in (b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"noise"):
        stranger.sendto(datagram, ("127.0.0.1", reader.port))
    sender.sendto(inward(1), ("127.0.0.1", reader.port))
    stranger.sendto(b"\r\n\r\n\r\n", ("127.0.0.1", reader.port))
    assert [name for _, name in reader.read()] == ["1"]
    assert reader.garbage == [*["keep-alive"] * 4, "no-end-of-head", "no-end-of-head"]
    assert [link.port for link in reader.links] == [sender.getsockname()[1]]


@each_way
def test_limits_and_leniencies_hold_for_datagrams(on: Stage, singly: bool) -> None:
    reader, sender = on.reader(limits=Limits(dangerous_bare_lf=True, body=20), singly=singly), on.socket()
    for datagram in (inward(1).replace(b"\r\n", b"\n"), inward(2, "far too long for that limit")):
        sender.sendto(datagram, ("127.0.0.1", reader.port))
    assert [name for _, name in reader.read()] == ["1"]
    assert reader.garbage == ["body-too-large"]


@each_way
def test_an_error_while_garbage_is_counted_costs_that_datagram_alone(on: Stage, singly: bool) -> None:
    def stumble(code: str) -> None:
        raise RuntimeError(code)

    reader, sender = on.reader(singly=singly, told=stumble), on.socket()
    for datagram in (inward(1), b"noise", inward(2)):
        sender.sendto(datagram, ("127.0.0.1", reader.port))
    reader.wait()
    reader.arrivals.receive()
    reader.arrivals.next_link()
    assert reader.arrivals.next_message().call_id == "1"
    with pytest.raises(RuntimeError, match="no-end-of-head"):
        reader.arrivals.next_message()
    assert [name for _, name in reader.taken()] == ["2"]


@each_way
def test_an_error_while_a_link_is_made_leaves_its_message_for_the_next_try(on: Stage, singly: bool) -> None:
    tries = iter([RuntimeError("no link"), None])

    def link_to(host: str, port: int) -> Place:
        if error := next(tries):
            raise error
        return Place(0, host, port)

    bound, sender = on.socket(), on.socket()
    arrivals = Arrivals(bound.fileno(), DEFAULT, link_to, list[str]().append, singly=singly)
    sender.sendto(inward(1), bound.getsockname())
    bound.recv(1, socket.MSG_PEEK)
    arrivals.receive()
    with pytest.raises(RuntimeError, match="no link"):
        arrivals.next_link()
    assert arrivals.next_message() is None
    assert arrivals.next_link() == Place(0, *sender.getsockname())
    assert isinstance(arrivals.next_message(), Message)


def test_an_address_is_heard_while_it_keeps_its_link(on: Stage) -> None:
    reader = on.reader(peers=1)
    senders = [on.socket() for _ in range(3)]
    for sender in senders:
        sender.sendto(inward(1), ("127.0.0.1", reader.port))
    reader.read()
    heard = [reader.arrivals.hears("127.0.0.1", sender.getsockname()[1]) for sender in senders]
    assert heard == [False, True, True]
    assert not reader.arrivals.hears("::1", senders[2].getsockname()[1])
    assert not reader.arrivals.hears("edge.contoso.example", 5060)


@each_way
def test_that_nobody_took_a_datagram_of_ours_is_no_error_of_reading(on: Stage, singly: bool) -> None:
    with on.socket() as gone:
        place = gone.getsockname()
    reader = on.reader(singly=singly)
    reader.socket.connect(place)  # only then the system tells
    reader.socket.send(b"is anybody there?")
    reader.arrivals.receive()
    assert not reader.arrivals.left


@each_way
def test_a_socket_that_is_closed_cannot_be_read(on: Stage, singly: bool) -> None:
    reader = on.reader(singly=singly)
    reader.socket.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        reader.arrivals.receive()
    assert not reader.arrivals.left


@each_way
def test_it_waits_for_nothing_though_the_socket_would(on: Stage, singly: bool) -> None:
    reader = on.reader(singly=singly)
    reader.socket.setblocking(True)
    reader.arrivals.receive()
    assert not reader.arrivals.left


def test_room_for_the_longest_costs_no_memory_until_they_come(on: Stage) -> None:
    before = resident()
    kept = [Arrivals(0, DEFAULT, Place, list[str]().append) for _ in range(50)]
    assert resident() - before < 100 << 20  # of more than 200 MiB
    assert len(kept) == 50


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    return pages * 4096


# -- leaving


def received(at: socket.socket, number: int) -> list[bytes]:
    """So many datagrams."""
    return [at.recv(65_535) for _ in range(number)]


@each_way
@each_family
def test_datagrams_leave_in_order_however_many(on: Stage, host: str, singly: bool) -> None:
    sender, target = on.socket(host), on.socket(host)
    datas = [b"datagram %d" % number for number in range(3 * AT_ONCE + 1)]
    assert send_all(sender.fileno(), host, target.getsockname()[1], datas, singly=singly) == []
    assert received(target, len(datas)) == datas


@each_way
def test_they_come_from_the_address_of_the_socket(on: Stage, singly: bool) -> None:
    sender, target = on.socket(), on.socket()
    assert send_all(sender.fileno(), *target.getsockname(), [b"whose?"], singly=singly) == []
    assert target.recvfrom(10) == (b"whose?", sender.getsockname())


@each_way
@pytest.mark.parametrize("refused", [{0}, {64}, {1, 2, 70}, {63, 64, 129}, set(range(130))])
def test_what_the_system_refuses_is_given_back_and_the_others_go(on: Stage, refused: set[int], singly: bool) -> None:
    sender, target = on.socket(), on.socket()
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    datas = [b"%d" % each if each not in refused else b"%d" % each + b"!" * 65_508 for each in range(130)]
    left = send_all(sender.fileno(), *target.getsockname(), datas, singly=singly)
    assert left == [data for data in datas if len(data) > 65_507]
    assert received(target, 130 - len(refused)) == [data for data in datas if len(data) <= 65_507]


@each_way
def test_nothing_and_empty_datagrams_can_be_sent(on: Stage, singly: bool) -> None:
    sender, target = on.socket(), on.socket()
    assert send_all(sender.fileno(), *target.getsockname(), [], singly=singly) == []
    assert send_all(sender.fileno(), *target.getsockname(), [b"", b"end"], singly=singly) == []
    assert received(target, 2) == [b"", b"end"]


@each_way
@each_family
def test_the_longest_datagram_leaves_whole(on: Stage, host: str, singly: bool) -> None:
    sender, target = on.socket(host), on.socket(host)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    data = random.Random(1).randbytes(LONGEST[host])
    assert send_all(sender.fileno(), host, target.getsockname()[1], [data], singly=singly) == []
    assert received(target, 1) == [data]


@each_way
@pytest.mark.parametrize("host", ["edge.contoso.example", "", "127.0.0.1.", "::1%1", "[::1]", "fe80::%", "1:2"])
def test_to_what_is_no_address_nothing_is_sent(on: Stage, host: str, singly: bool) -> None:
    sender = on.socket()
    datas = [b"one", b"two"]
    assert send_all(sender.fileno(), host, 5060, datas, singly=singly) == datas


@each_way
def test_a_socket_that_is_closed_takes_nothing(on: Stage, singly: bool) -> None:
    sender = on.socket()
    descriptor = sender.fileno()
    sender.close()
    assert send_all(descriptor, "127.0.0.1", 5060, [b"one", b"two"], singly=singly) == [b"one", b"two"]


def test_only_bytes_are_sent(on: Stage) -> None:
    sender = on.socket()
    with pytest.raises(TypeError):
        send_all(sender.fileno(), "127.0.0.1", 5060, [bytearray(b"one")])  # type: ignore[list-item]


# -- both ways of each


@dataclass
class Told:
    """What came of datagrams, read in one of the ways."""

    messages: list[tuple[int, str]] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)


@pytest.mark.parametrize("seed", range(5))
def test_batches_and_single_calls_read_and_send_the_same(on: Stage, seed: int) -> None:
    chance = random.Random(seed)
    readers = [on.reader(longest=700, singly=singly) for singly in (False, True)]
    senders = [on.socket() for _ in range(3)]
    told = [Told(), Told()]
    for _ in range(20):
        runs = [(chance.randrange(3), [some_datagram(chance) for _ in range(chance.randrange(1, 70))]) for _ in "ab"]
        for reader, each in zip(readers, told, strict=True):
            for who, datas in runs:
                singly = chance.random() < 0.5
                assert send_all(senders[who].fileno(), "127.0.0.1", reader.port, datas, singly=singly) == []
            for _ in range(3):
                reader.arrivals.receive()
                each.messages += [(link.port, name) for link, name in reader.taken()]
    assert told[0].messages == told[1].messages
    assert readers[0].garbage == readers[1].garbage
    assert len(told[0].messages) > 100
    assert {"keep-alive", "datagram-too-long", "no-end-of-head"} <= set(readers[0].garbage)


def some_datagram(chance: random.Random) -> bytes:
    """A message, one that is too long, a keep-alive, or noise."""
    text = "x" * chance.choice((0, 10, 10, 10, 600))
    whole = inward(chance.randrange(1000), text)
    return chance.choice((whole, whole, whole, whole[: chance.randrange(300)], b"\r\n\r\n"))
