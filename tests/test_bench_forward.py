"""The forwarders that do nothing: every byte arrives, nothing mixes, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sanitizers import SANITIZE, sanitized_environment

from sipcore_bench.limits import forward

PATIENCE = 20


@pytest.fixture(params=[(), SANITIZE], ids=["as-shipped", "sanitized"])
def flags(request) -> tuple[str, ...]:
    """Of the forwarder under test: a fault that a sanitizer sees ends it, and with it the test."""
    if request.param:
        sanitized_environment()
    return request.param


@contextmanager
def forwarder(program: Path, target: int, *core: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A forwarder that runs, and the port where it listens."""
    process = subprocess.Popen(
        [program, "0", str(target), *core], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        word, port = process.stdout.readline().split()
        assert word == "ready"
        yield process, int(port)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def udp_socket() -> socket.socket:
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.settimeout(PATIENCE)
    end.bind(("127.0.0.1", 0))
    return end


def test_datagrams_go_to_the_target_and_back(flags):
    with (
        udp_socket() as client,
        udp_socket() as target,
        forwarder(forward.forward_udp(flags), target.getsockname()[1]) as (_, port),
    ):
        for data in (b"one", b"", b"x" * 60000):
            client.sendto(data, ("127.0.0.1", port))
            received, source = target.recvfrom(65536)
            assert received == data
            target.sendto(b"answer to " + data[:10], source)
            assert client.recv(65536) == b"answer to " + data[:10]


def test_datagrams_go_on_after_the_target_was_away(flags):
    with udp_socket() as client, udp_socket() as target:
        address = target.getsockname()
        with forwarder(forward.forward_udp(flags), address[1]) as (_, port):
            target.close()
            for _ in range(3):
                client.sendto(b"lost", ("127.0.0.1", port))
            with udp_socket() as again:
                again.close()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
                back.settimeout(PATIENCE)
                back.bind(address)
                received = b""
                while received != b"found":
                    client.sendto(b"found", ("127.0.0.1", port))
                    received = back.recv(100)


@contextmanager
def echo_server() -> Iterator[int]:
    """Answers every connection with what it was sent, once the sender has ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        threads = []

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(PATIENCE)
                connection.sendall(b"".join(iter(lambda: connection.recv(65536), b"")))

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE)
            for thread in threads:
                thread.join(PATIENCE)


def exchange(port: int, data: bytes) -> bytes:
    """Send everything, end, and read everything."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 5_000_000])
def test_streams_go_both_ways_unchanged(size, flags):
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    with echo_server() as target, forwarder(forward.forward_tcp(flags), target) as (_, port):
        assert exchange(port, data) == data


def test_many_streams_at_once_do_not_mix(flags):
    with (
        echo_server() as target,
        forwarder(forward.forward_tcp(flags), target) as (_, port),
        ThreadPoolExecutor(16) as threads,
    ):
        data = [bytes([number]) * 300_000 for number in range(64)]
        assert list(threads.map(lambda one: exchange(port, one), data)) == data


def test_a_reader_that_waits_slows_the_writer_and_loses_nothing(flags):
    data = os.urandom(1 << 20) * 16
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        with (
            forwarder(forward.forward_tcp(flags), server.getsockname()[1]) as (_, port),
            ThreadPoolExecutor(1) as thread,
        ):
            sending = thread.submit(exchange, port, data)
            connection, _ = server.accept()
            with connection:
                connection.settimeout(PATIENCE)
                assert not sending.done()
                assert b"".join(iter(lambda: connection.recv(65536), b"")) == data
                connection.sendall(b"thanks")
            assert sending.result(PATIENCE) == b"thanks"


def test_a_connection_is_closed_when_the_target_is_not_there(flags):
    with udp_socket() as taken:
        nobody = taken.getsockname()[1]
    with forwarder(forward.forward_tcp(flags), nobody) as (_, port):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                assert connection.recv(1) == b""


def test_a_connection_that_breaks_off_leaves_the_others_alone(flags):
    with echo_server() as target, forwarder(forward.forward_tcp(flags), target) as (process, port):
        for _ in range(20):
            broken = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            broken.sendall(b"x" * 100_000)
            broken.close()
        assert exchange(port, b"still here") == b"still here"
        assert process.poll() is None


@pytest.mark.parametrize("build_program", [forward.forward_udp, forward.forward_tcp])
def test_a_forwarder_ends_in_peace_on_sigterm_and_stays_on_its_core(build_program):
    core = max(os.sched_getaffinity(0))
    with forwarder(build_program(), 9, str(core)) as (process, _):
        assert os.sched_getaffinity(process.pid) == {core}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    "words", [[], ["1"], ["x", "1"], ["1", "0"], ["1", "65536"], ["0", "1", "-1"], ["0", "1", "2", "3"]]
)
@pytest.mark.parametrize("build_program", [forward.forward_udp, forward.forward_tcp])
def test_a_forwarder_says_what_is_wrong_with_its_arguments(build_program, words):
    done = subprocess.run([build_program(), *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "must be a number" in done.stderr or "usage" in done.stderr
