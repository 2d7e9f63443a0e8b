"""sipsak as a partner's client: what it asks is carried or refused, over UDP and over TCP.

Its own message mode dies of a fault of its own (0.9.8.1), so messages are given to it as files.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dialog_agents import Agent
from peer_programs import require_program
from relay_process import PARTNER, RelayProcess, relay_process

pytestmark = pytest.mark.timeout(180)

TRANSPORTS = ("udp", "tcp")
LONGEST_S = 60
REQUEST = """\
{method} sip:bob@contoso.example SIP/2.0
Max-Forwards: 70
From: <sip:alice@fabrikam.example>;tag=sipsak
To: <sip:bob@contoso.example>
Call-ID: sipsak-{method}
CSeq: 1 {method}
Content-Type: text/plain
Content-Length: {length}

{body}"""


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """One relay for all of it."""
    require_program("sipsak", "sipsak")
    with relay_process("udp", "udp", tmp_path_factory.mktemp("relay")) as running:
        yield running


@contextmanager
def sipsak(relay: RelayProcess, transport: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A run from the partner's address to the edge, for bob; it repeats nothing by itself in that time."""
    host, port = relay.edge_outside
    command = [
        *(require_program("sipsak", "sipsak"), "-vv", "--transport", transport, "--local-ip", PARTNER),
        # before the URI, or it looks up the domain
        *(
            "--outbound-proxy",
            f"{host}:{port}",
            "--timer-t1",
            "20000",
            *options,
            "--sip-uri",
            "sip:bob@contoso.example",
        ),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def said(run: subprocess.Popen[str], status: int) -> str:
    """What it has printed when it has ended, with that exit status: 0 for a 2xx, 1 for another answer."""
    words = run.communicate(timeout=LONGEST_S)[0]
    assert run.returncode == status, words
    return words


def written(folder: Path, method: str, body: str = "") -> str:
    """The path of a file with a request; sipsak adds its Via."""
    path = folder / f"{method}.sip"
    path.write_text(REQUEST.format(method=method, length=len(body), body=body))
    return str(path)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE"])
def test_what_a_partner_asks_is_answered_from_inside(
    relay: RelayProcess, method: str, transport: str, tmp_path: Path
) -> None:
    body = "Lunch at noon?" if method == "MESSAGE" else ""
    with (
        Agent("bob@contoso.example", relay.inside, relay.edge_inside, "udp") as bob,
        sipsak(relay, transport, "--filename", written(tmp_path, method, body)) as run,
    ):
        heard = bob.hear(method)
        assert heard.body == body
        bob.answer(heard, "200 OK", "b")
        assert "SIP/2.0 200 OK" in said(run, 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_message_with_a_link_is_answered_by_the_edge(relay: RelayProcess, transport: str, tmp_path: Path) -> None:
    before = relay.counted("forwarded")
    with sipsak(relay, transport, "--filename", written(tmp_path, "MESSAGE", "See http://tailspin.example")) as run:
        words = said(run, 1)
    assert "SIP/2.0 606 " in words
    assert "Warning: 309 " in words
    assert relay.counted("forwarded") == before


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_its_traceroute_sees_the_edge_and_not_what_is_behind(relay: RelayProcess, transport: str) -> None:
    before = relay.counted("forwarded")
    with sipsak(relay, transport, "--traceroute-mode") as run:
        words = said(run, 1)
    assert "SIP/2.0 483 Too Many Hops" in words
    assert "SIP/2.0 403 Forbidden" in words  # it speaks for its own address
    assert relay.counted("forwarded") == before


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nobody_registers_as_one_of_us(relay: RelayProcess, transport: str) -> None:
    forwarded, refused = relay.counted("forwarded"), relay.counted("refused", why="claims-our-domain")
    with sipsak(relay, transport, "--usrloc-mode") as run:
        assert "SIP/2.0 403 Forbidden" in said(run, 1)
    assert relay.comes_to(refused + 1, "refused", why="claims-our-domain")
    assert relay.counted("forwarded") == forwarded
