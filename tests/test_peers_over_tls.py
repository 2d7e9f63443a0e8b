"""SIPp behind stunnel, and sipsak, as a partner over mutual TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from addresses import Address, free_port
from dialog_agents import Agent
from relay_process import PARTNER, RelayProcess, relay_process
from sipp_runs import ASKED_ONCE, assert_sound, require_sipp, sipp
from sipsak_runs import require_sipsak, said, sipsak, written
from tls_tunnels import tunnels, write_certificates

pytestmark = pytest.mark.timeout(300)

BOB, ALICE = "bob@contoso.example", "alice@fabrikam.example"
CALLS = 200


class World(NamedTuple):
    """A relay whose outside is TLS alone, and a partner's tunnels."""

    relay: RelayProcess
    folder: Path
    partner: Address
    near: Address


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One relay, and one pair of tunnels, for all of it."""
    require_sipp()
    require_sipsak()
    folder = tmp_path_factory.mktemp("tls")
    write_certificates(folder)
    partner = (PARTNER, free_port(PARTNER))
    with ExitStack() as held:
        relay = held.enter_context(relay_process("udp", "tls", folder))
        near = held.enter_context(tunnels(folder, partner, relay.partner, relay.edge_outside))
        yield World(relay, folder, partner, near)


@pytest.fixture(autouse=True)
def _nothing_is_left_of_the_test_before(world: World) -> None:
    """A connection that is being closed must not be sent to: SIPp over TCP repeats nothing."""
    assert world.relay.comes_to(world.relay.counted("links_opened"), "links_closed")


@pytest.mark.parametrize("scenario", ["message", "dialog", "subscription", "cancel"])
def test_what_begins_inside_reaches_a_partner_over_tls(world: World, scenario: str, tmp_path: Path) -> None:
    inside, edge = world.relay.inside, world.relay.edge_inside
    with (
        sipp(f"{scenario}_uas", world.partner, "tcp", CALLS, tmp_path, me=ALICE, peer=BOB, spoken="TLS") as called,
        sipp(f"{scenario}_uac", inside, "udp", CALLS, tmp_path, *ASKED_ONCE, me=BOB, peer=ALICE, to=edge) as caller,
    ):
        assert_sound(CALLS, caller, called)


@pytest.mark.parametrize("scenario", ["message", "cancel"])
def test_what_a_partner_begins_over_tls_is_answered_on_its_connection(
    world: World, scenario: str, tmp_path: Path
) -> None:
    here, inside = (PARTNER, free_port(PARTNER)), world.relay.inside
    to = {"to": world.near, "spoken": "TLS"}
    with (
        sipp(f"{scenario}_uas", inside, "udp", CALLS, tmp_path, "-nr", me=BOB, peer=ALICE) as called,
        sipp(f"{scenario}_uac", here, "tcp", CALLS, tmp_path, *ASKED_ONCE, me=ALICE, peer=BOB, **to) as caller,
    ):
        assert_sound(CALLS, caller, called)


def test_sipsak_behind_a_tunnel_is_answered_from_inside(world: World, tmp_path: Path) -> None:
    request = written(tmp_path, "MESSAGE", "Lunch at noon?", via="SIP/2.0/TLS 127.0.0.21;branch=z9hG4bK-sipsak;rport")
    with (
        Agent(BOB, world.relay.inside, world.relay.edge_inside, "udp") as bob,
        sipsak(world.near, "tcp", "--no-via", "--filename", request) as run,
    ):
        bob.answer(bob.hear("MESSAGE"), "200 OK", "b")
        assert "SIP/2.0 200 OK" in said(run, 0)


def test_sipsak_over_tls_has_no_certificate_and_is_not_let_in(world: World) -> None:
    counted = world.relay.counted
    received, refused = counted("received"), counted("tls_failed", why="no-certificate")
    with sipsak(world.relay.edge_outside, "tls") as run:
        said(run, 2)
    assert world.relay.comes_to(refused + 1, "tls_failed", why="no-certificate")
    assert counted("received") == received
