"""SIPVicious' scanners against the running relay: they learn that somebody is there, and nothing else.

https://github.com/EnableSecurity/sipvicious is what most of the Internet's SIP scans are made with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from patience import eventually
from peer_programs import require_module
from surrounded_relay import OUTSIDE, Surrounded, surrounded_relay

pytestmark = pytest.mark.timeout(180)

#: Longer than a scan of so few takes on a busy machine, in seconds.
LONGEST_S = 60
#: How often svmap asks for each method, and what svcrack is let try.
ROUNDS, TRIES = 40, 300


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surrounded]:
    """One relay for all scanners."""
    require_module("sipvicious")
    with surrounded_relay(tmp_path_factory.mktemp("relay")) as surrounded:
        yield surrounded


@contextmanager
def scanning(world: Surrounded, sender: str, home: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A scanner that sends from that place of ours; what it would keep is kept in a folder of the test's."""
    host = world.sinks[sender].place[0]
    command = [sys.executable, "-m", f"sipvicious.{name}", "-b", host, "-x", host, "-t", "0.001", *arguments]
    environment = {**os.environ, "HOME": str(home)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as scan:
        try:
            yield scan
        finally:
            scan.kill()


def said(scan: subprocess.Popen[str]) -> str:
    """What a scanner has printed when it has ended."""
    return scan.communicate(timeout=LONGEST_S)[0]


def all_was_refused(world: Surrounded) -> None:
    """What came was refused or absorbed, but for what we ourselves have said to see that the relay serves."""
    world.nothing_went_through()
    counted = world.relay.counted
    eventually(lambda: counted("received") == sum(map(counted, ("forwarded", "refused", "discarded"))))


def test_svmap_finds_a_device_without_a_name_whoever_asks(world: Surrounded, tmp_path: Path) -> None:
    host, port = world.relay.edge_outside
    asks = ("-p", str(port), "-m", "OPTIONS,INVITE,REGISTER", *[host] * ROUNDS)
    before = world.relay.counted("refused", status="403")
    with ExitStack() as held:
        scans = [held.enter_context(scanning(world, sender, tmp_path, "svmap", *asks)) for sender in OUTSIDE]
        for scan in scans:
            assert f"{host}:{port} | unknown" in said(scan)
    assert world.relay.counted("refused", status="403") - before > ROUNDS
    all_was_refused(world)


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS"])
def test_svwar_finds_no_user(world: Surrounded, method: str, tmp_path: Path) -> None:
    host, port = world.relay.edge_outside
    asks = ("--force", "-e100-199", "-m", method, "--domain", "contoso.example", f"udp://{host}:{port}")
    with scanning(world, "nobody", tmp_path, "svwar", *asks) as scan:
        assert "found nothing" in said(scan)
    all_was_refused(world)


def test_svcrack_tries_for_ever_and_is_never_told_that_there_is_a_password(world: Surrounded, tmp_path: Path) -> None:
    host, port = world.relay.edge_outside
    before = world.relay.counted("refused", status="403")
    with scanning(world, "nobody", tmp_path, "svcrack", "-u", "100", "-r1-9999", f"udp://{host}:{port}") as scan:
        deadline = time.monotonic() + LONGEST_S
        while world.relay.counted("refused", status="403") - before < TRIES:
            assert scan.poll() is None, "it has given up"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        scan.kill()
        assert "password" not in said(scan)
    all_was_refused(world)
