"""The end of a real process: a signal, and what was buffered still leaves (`sipcore relay`)."""

from __future__ import annotations

import os
import select
import signal
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from patience import PATIENCE_S, eventually
from prometheus_client.parser import text_string_to_metric_families
from relay_process import INSIDE, RelayProcess, relay_process
from relay_stage import Connection, header, outward

#: Of one message: a few dozen are more than the system holds for a peer that does not read.
BODY = "a" * 50_000
MOST = 400


def queued(relay: RelayProcess) -> int:
    """How many messages wait in the relay for a peer that does not read."""
    host, port = relay.places.metrics
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PATIENCE_S) as reply:
        families = text_string_to_metric_families(reply.read().decode())
    samples = (sample for family in families for sample in family.samples)
    return sum(
        int(each.value) for each in samples if each.name == "sipcore_queued_messages" and each.labels["room"] == "peer"
    )


def health(relay: RelayProcess) -> str:
    host, port = relay.places.metrics
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=PATIENCE_S) as reply:
            return str(reply.read().decode().strip())
    except urllib.error.HTTPError as refused:
        return str(refused.read().decode().strip())


def test_told_to_end_it_lets_a_slow_reader_take_all_that_was_queued_and_then_ends_well(tmp_path: Path) -> None:
    with relay_process("tcp", "tcp", tmp_path, more="[limits]\nshutdown_seconds = 60\n") as relay:
        listener = socket.create_server(relay.partner)
        listener.settimeout(PATIENCE_S)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with listener, Connection(socket.create_connection(relay.edge_inside, PATIENCE_S, (INSIDE, 0))) as sender:
            taken = until_some_wait(relay, sender)
            assert health(relay) == "ok"
            relay.process.send_signal(signal.SIGTERM)
            eventually(lambda: health(relay) == "stopping")
            accepted, _ = listener.accept()
            with Connection(accepted) as receiver:
                assert [header(receiver.read(), "Call-ID") for _ in range(taken)] == [str(n) for n in range(taken)]
                assert receiver.read_to_end() == b""
        assert relay.process.wait(PATIENCE_S) == 0
        assert "stopping" in relay.log.read_text()


def until_some_wait(relay: RelayProcess, sender: Connection) -> int:
    """Send to the partner, which does not read, until the relay itself holds messages for it; how many were sent."""
    for number in range(MOST):
        sender.send(outward(number, "TCP", "fabrikam", BODY))
        assert relay.comes_to(number + 1, "forwarded")
        if queued(relay) > 2:
            return number + 1
    raise AssertionError("nothing ever waits")


def test_a_log_that_nobody_reads_any_more_costs_no_answer_and_no_good_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "relay.log")
    reading = os.open(tmp_path / "relay.log", os.O_RDONLY | os.O_NONBLOCK)
    with relay_process("udp", "udp", tmp_path) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(relay.inside)
        sender.settimeout(PATIENCE_S)
        said = b""
        while b"serving metrics" not in said:  # the last that it says of itself
            assert select.select([reading], [], [], PATIENCE_S)[0], said
            said += os.read(reading, 65_535)
        os.close(reading)
        for number in range(3):
            sender.sendto(outward(number, "UDP", "nobody-knows"), relay.edge_inside)
            assert sender.recv(65_535).startswith(b"SIP/2.0 404 ")
        assert relay.comes_to(3, "log_lines_lost")
        relay.process.terminate()
        assert relay.process.wait(PATIENCE_S) == 0


def fill_up(pipe: Path) -> None:
    """Write to a pipe until it takes no more."""
    writing = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x")
    os.close(writing)


def test_a_log_whose_reader_hangs_keeps_nobody_waiting_not_even_the_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "relay.log")
    reading = os.open(tmp_path / "relay.log", os.O_RDONLY | os.O_NONBLOCK)
    with relay_process("udp", "udp", tmp_path) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(relay.inside)
        sender.settimeout(PATIENCE_S)
        fill_up(tmp_path / "relay.log")
        for number in range(3):
            sender.sendto(outward(number, "UDP", "nobody-knows"), relay.edge_inside)
            assert sender.recv(65_535).startswith(b"SIP/2.0 404 ")
        relay.process.terminate()
        assert relay.process.wait(PATIENCE_S) == 0
    os.close(reading)
