"""sipsak as a partner's client: what it asks is carried or refused, over UDP and over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dialog_agents import Agent
from relay_process import RelayProcess, relay_process
from sipsak_runs import require_sipsak, said, sipsak, written

pytestmark = pytest.mark.timeout(180)

TRANSPORTS = ("udp", "tcp")


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """One relay for all of it."""
    require_sipsak()
    with relay_process("udp", "udp", tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE"])
def test_what_a_partner_asks_is_answered_from_inside(
    relay: RelayProcess, method: str, transport: str, tmp_path: Path
) -> None:
    body = "Lunch at noon?" if method == "MESSAGE" else ""
    with (
        Agent("bob@contoso.example", relay.inside, relay.edge_inside, "udp") as bob,
        sipsak(relay.edge_outside, transport, "--filename", written(tmp_path, method, body)) as run,
    ):
        heard = bob.hear(method)
        assert heard.body == body
        bob.answer(heard, "200 OK", "b")
        assert "SIP/2.0 200 OK" in said(run, 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_message_with_a_link_is_answered_by_the_edge(relay: RelayProcess, transport: str, tmp_path: Path) -> None:
    before = relay.counted("forwarded")
    with sipsak(
        relay.edge_outside, transport, "--filename", written(tmp_path, "MESSAGE", "See http://tailspin.example")
    ) as run:
        words = said(run, 1)
    assert "SIP/2.0 606 " in words
    assert "Warning: 309 " in words
    assert relay.counted("forwarded") == before


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_its_traceroute_sees_the_edge_and_not_what_is_behind(relay: RelayProcess, transport: str) -> None:
    before = relay.counted("forwarded")
    with sipsak(relay.edge_outside, transport, "--traceroute-mode") as run:
        words = said(run, 1)
    assert "SIP/2.0 483 Too Many Hops" in words
    assert "SIP/2.0 403 Forbidden" in words  # it speaks for its own address
    assert relay.counted("forwarded") == before


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nobody_registers_as_one_of_us(relay: RelayProcess, transport: str) -> None:
    forwarded, refused = relay.counted("forwarded"), relay.counted("refused", why="claims-our-domain")
    with sipsak(relay.edge_outside, transport, "--usrloc-mode") as run:
        assert "SIP/2.0 403 Forbidden" in said(run, 1)
    assert relay.comes_to(refused + 1, "refused", why="claims-our-domain")
    assert relay.counted("forwarded") == forwarded
