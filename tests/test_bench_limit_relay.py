"""The limit of relays, in C: what it passes on is the same message with a Via more, and links come back refused."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sanitizers import SANITIZE, sanitized_environment

from sipcore import Framer, parse, validate
from sipcore_bench.contestant import Unavailable
from sipcore_bench.limits import relay
from sipcore_bench.texts import PREFIXES

PATIENCE = 20
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion")


@pytest.fixture(params=[(), SANITIZE], ids=["as-shipped", "sanitized"])
def flags(request) -> tuple[str, ...]:
    """Of the relay under test: a fault that a sanitizer sees ends it, and with it the test."""
    if request.param:
        sanitized_environment()
    return request.param


def message(number: int, text: str = "Lunch at noon?", method: str = "MESSAGE") -> bytes:
    return (
        f"{method} sip:alice@contoso.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{number}\r\n"
        f"Max-Forwards: 69\r\nFrom: <sip:bob@fabrikam.example>;tag=f\r\nTo: <sip:alice@contoso.example>\r\n"
        f"Call-ID: {number}\r\nCSeq: 1 {method}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(text)}\r\n\r\n{text}"
    ).encode()


@contextmanager
def running(program: Path, target: int, folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A relay, and the port where it listens."""
    prefixes = folder / "prefixes"
    prefixes.write_bytes(relay.prefix_table())
    process = subprocess.Popen([program, prefixes, "0", str(target)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().split()[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


@contextmanager
def over_udp(folder: Path, flags: tuple[str, ...] = ()) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client before a relay, and its target."""
    with socket.socket(type=socket.SOCK_DGRAM) as client, socket.socket(type=socket.SOCK_DGRAM) as target:
        for end in (client, target):
            end.settimeout(PATIENCE)
            end.bind(("127.0.0.1", 0))
        with running(relay.relay_udp(flags), target.getsockname()[1], folder) as (_, port):
            client.connect(("127.0.0.1", port))
            yield client, target


def framed(connection: socket.socket, count: int) -> list[bytes]:
    """So many messages from a stream."""
    framer, found = Framer(), []
    while len(found) < count:
        data = connection.recv(65536)
        assert data, "the relay closed the connection"
        framer.feed(data)
        found += [bytes(each) for each in framer]
    return found


def without_first_via(data: bytes) -> bytes:
    start, via, rest = data.split(b"\r\n", 2)
    assert via.startswith(b"Via: ")
    return start + b"\r\n" + rest


@pytest.fixture(autouse=True)
def _can_be_built() -> None:
    try:
        relay.relay_udp(STRICT)
        relay.relay_tcp(STRICT)
    except Unavailable as missing:
        if "warning" in missing.reason or "error" in missing.reason:
            raise
        pytest.skip(f"the limit cannot be built: {missing.reason}")


def test_a_datagram_goes_on_with_a_via_that_depends_on_its_branch_alone(tmp_path, flags):
    with over_udp(tmp_path, flags) as (client, target):
        branches = []
        for number in (1, 2, 1):
            client.send(message(number))
            arrived = target.recv(65536)
            assert without_first_via(arrived) == message(number)
            via = parse(arrived).via
            assert via is not None
            assert (via.transport, via.port) == ("UDP", client.getpeername()[1])
            branches.append(via.branch)
        assert branches[0] == branches[2] != branches[1]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_message_with_a_link_is_answered_606_and_goes_nowhere(prefix, tmp_path):
    with over_udp(tmp_path) as (client, target):
        client.send(message(1, f"look: {prefix.upper()}//x"))
        answer = parse(client.recv(65536))
        assert (answer.status, answer.call_id, answer.content_length) == (606, "1", 0)
        assert answer.to is not None
        assert answer.to.tag
        assert validate(answer) is None
        client.send(message(2))
        assert parse(target.recv(65536)).call_id == "2"


def test_only_message_is_searched(tmp_path):
    with over_udp(tmp_path) as (client, target):
        client.send(message(1, "http://x", "BENOTIFY"))
        assert parse(target.recv(65536)).method == "BENOTIFY"


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"nonsense", message(1)[:-1], b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n"])
def test_what_is_no_whole_request_is_dropped(data, tmp_path, flags):
    with over_udp(tmp_path, flags) as (client, target):
        client.send(data)
        client.send(message(2))
        assert parse(target.recv(65536)).call_id == "2"


def test_what_the_target_sends_goes_back_as_it_is(tmp_path):
    with over_udp(tmp_path) as (client, target):
        client.send(message(1))
        _, source = target.recvfrom(65536)
        target.sendto(b"an answer", source)
        assert client.recv(65536) == b"an answer"


@pytest.mark.parametrize("step", [1, 7, 400, 100_000])
def test_a_stream_is_cut_into_its_messages_however_it_comes(step, tmp_path, flags):
    sent = [message(number, "x" * number) for number in range(1, 40)]
    stream = b"".join(sent[:20]) + message(99, "http://x") + b"".join(sent[20:])
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        running(relay.relay_tcp(flags), server.getsockname()[1], tmp_path) as (_, port),
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client,
    ):
        server.settimeout(PATIENCE)
        for at in range(0, len(stream), step):
            client.sendall(stream[at : at + step])
        with server.accept()[0] as onward:
            onward.settimeout(PATIENCE)
            assert [without_first_via(each) for each in framed(onward, len(sent))] == sent
        assert client.recv(65536).startswith(b"SIP/2.0 606 ")


def test_a_target_that_was_away_is_found_again(tmp_path, flags):
    """What is written before its end is noticed is lost, so the second message is sent until it comes."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        running(relay.relay_tcp(flags), server.getsockname()[1], tmp_path) as (_, port),
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client,
    ):
        server.settimeout(PATIENCE)
        client.sendall(message(1))
        server.accept()[0].close()
        server.settimeout(0.1)
        for _ in range(10 * PATIENCE):
            client.sendall(message(2))
            with suppress(TimeoutError), server.accept()[0] as onward:
                onward.settimeout(PATIENCE)
                assert parse(framed(onward, 1)[0]).call_id == "2"
                return
        raise AssertionError("the target was not found again")


@pytest.mark.parametrize("words", [[], ["prefixes"], ["/nowhere", "0", "1"]])
def test_it_says_what_is_wrong_with_its_arguments(words):
    done = subprocess.run([relay.relay_udp(), *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "usage" in done.stderr or "PREFIXES must be" in done.stderr
