"""The relay proven with SIPp on both sides: somebody else's SIP, as a user would run it.

The relay is a stateless proxy without timers (RFC 3261 section 16.11). So it must never lose what it read, never answer
for others, and treat every copy of a message like the first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from addresses import Address, free_port
from lossy_udp import LossyUdp, Weather
from relay_process import INSIDE, PARTNER, RelayProcess, relay_process
from sipp_runs import ASKED_ONCE, OPEN_CALLS, SippRun, assert_sound, require_sipp, sipp

pytestmark = pytest.mark.timeout(300)

TRANSPORTS = ("udp", "tcp")
#: How many messages none of which may be lost; a night has time for more.
MESSAGES = int(os.environ.get("SIPCORE_SIPP_MESSAGES", "20000"))
BOB, ALICE = "bob@contoso.example", "alice@fabrikam.example"
#: SIPp behind a lossy path has addresses of its own; to the relay, the path is the partner or the inside server.
BEHIND_PARTNER, BEHIND_INSIDE = "127.0.0.22", "127.0.0.12"
#: Worked out from the dice: with the seeds below, no transaction needs more than 6 of its 20 copies.
BAD = {"lost": 0.06, "repeated": 0.06}
#: Retransmissions every half second; Call-IDs without a process id, so that a seed is one weather.
LOSSY_OPTIONS = (*OPEN_CALLS, "-T2", "500", "-max_retrans", "20", "-cid_str", "%u@lossy.fabrikam.example")


@pytest.fixture(autouse=True)
def _sipp_is_there() -> None:
    require_sipp()


class Direction(NamedTuple):
    """Which side begins, and by which transport each side is reached."""

    begins: str
    inside: str
    outside: str

    def __str__(self) -> str:
        return f"from-{self.begins}-{self.inside}-{self.outside}"


@contextmanager
def both_sides(
    direction: Direction, scenario: str, calls: int, folder: Path
) -> Iterator[tuple[RelayProcess, SippRun, SippRun]]:
    """A relay between the ends of a scenario, each at its side's address: the one that begins, and the other one."""
    with relay_process(direction.inside, direction.outside, folder) as relay:
        ends: list[tuple[Address, str, str, Address]] = [
            (relay.inside, direction.inside, BOB, relay.edge_inside),
            (relay.partner, direction.outside, ALICE, relay.edge_outside),
        ]
        (here, via, me, edge), (there, by, peer, _) = ends if direction.begins == "inside" else ends[::-1]
        with (
            sipp(f"{scenario}_uas", there, by, calls, folder, "-nr", me=peer, peer=me) as called,
            sipp(f"{scenario}_uac", here, via, calls, folder, *ASKED_ONCE, me=me, peer=peer, to=edge) as caller,
        ):
            yield relay, caller, called


@pytest.mark.parametrize("begins", ["inside", "outside"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_of_20000_messages_none_is_lost_and_none_is_answered_twice(transport: str, begins: str, tmp_path: Path) -> None:
    with both_sides(Direction(begins, transport, transport), "message", MESSAGES, tmp_path) as (
        relay,
        sender,
        receiver,
    ):
        assert_sound(MESSAGES, sender, receiver)
        assert sender.count("1_200_Recv") == receiver.count("0_MESSAGE_Recv") == MESSAGES
        to, back = ("outside", "inside") if begins == "inside" else ("inside", "outside")
        assert relay.comes_to(MESSAGES, "forwarded", side=to)
        assert relay.comes_to(MESSAGES, "forwarded", kind="MESSAGE")
        assert relay.comes_to(MESSAGES, "forwarded", side=back)
        assert relay.comes_to(MESSAGES, "forwarded", kind="2xx")
        assert relay.counted("refused") == relay.counted("discarded") == relay.counted("undelivered") == 0


def test_lost_and_repeated_datagrams_cost_copies_but_no_transaction(tmp_path: Path) -> None:
    calls = 3_000
    here = (BEHIND_PARTNER, free_port(BEHIND_PARTNER))
    with (
        relay_process("udp", "udp", tmp_path) as relay,
        lossy_partner(relay.edge_outside, seed=3) as outside,
        lossy_inside(relay.inside, seed=13) as inside,
        sipp("copied_message_uas", inside.server, "udp", calls, tmp_path),
        sipp(
            "message_uac", here, "udp", calls, tmp_path, *LOSSY_OPTIONS, me=ALICE, peer=BOB, to=outside.near
        ) as sender,
    ):
        assert sender.finish().total("SuccessfulCall") == calls
        settle(lambda: outside.requests.passed == inside.requests.arrived)
        settle(lambda: inside.answers.passed == outside.answers.arrived)
    for way in (outside.requests, outside.answers, inside.requests, inside.answers):
        assert way.lost > 100, "the weather was too fine to prove anything"
        assert way.repeated > 100, "the weather was too fine to prove anything"
    # Each copy is forwarded, and nothing else: the relay repeats nothing by itself.
    assert inside.requests.arrived == outside.requests.passed
    assert len(inside.requests.arrived) == calls
    # All copies have one branch, and come from where the edge says it is; where they were read is their target.
    assert {len(branches) for branches in inside.requests.branches.values()} == {1}
    assert set().union(*inside.requests.senders.values()) == {relay.edge_inside}
    # Each answer is forwarded, and nothing else; the receiver answers a copy once at most.
    assert outside.answers.arrived == inside.answers.passed
    assert inside.answers.arrived <= inside.requests.passed


def test_a_refused_message_is_answered_once_a_copy_and_never_reaches_the_far_side(tmp_path: Path) -> None:
    calls = 1_000
    here = (BEHIND_PARTNER, free_port(BEHIND_PARTNER))
    with (
        relay_process("udp", "udp", tmp_path) as relay,
        lossy_partner(relay.edge_outside, seed=4) as outside,
        LossyUdp(relay.inside, (INSIDE, free_port(INSIDE)), relay.inside, Weather()) as inside,
        sipp("refused_message_uac", here, "udp", calls, tmp_path, *LOSSY_OPTIONS, to=outside.near) as sender,
    ):
        assert sender.finish().total("SuccessfulCall") == calls
        settle(lambda: outside.answers.arrived == outside.requests.passed)
        assert relay.counted("forwarded") == 0
    assert outside.answers.arrived == outside.requests.passed
    assert outside.requests.lost > 10
    assert outside.requests.repeated > 10
    assert not inside.requests.arrived


#: Each side begins, over each transport, to each transport.
DIRECTIONS = [
    Direction("inside", "udp", "tcp"),
    Direction("inside", "tcp", "udp"),
    Direction("inside", "tcp", "tcp"),
    Direction("outside", "udp", "udp"),
    Direction("outside", "udp", "tcp"),
    Direction("outside", "tcp", "udp"),
]


@pytest.mark.parametrize("direction", DIRECTIONS, ids=str)
def test_a_dialog_runs_along_record_route_in_both_directions(direction: Direction, tmp_path: Path) -> None:
    calls = 400
    with both_sides(direction, "dialog", calls, tmp_path) as (relay, caller, called):
        assert_sound(calls, caller, called)
        to, back = ("outside", "inside") if direction.begins == "inside" else ("inside", "outside")
        # what belongs to the dialog came through the edge, not past it
        for side, method in ((to, "ACK"), (back, "MESSAGE"), (to, "BYE")):
            assert relay.comes_to(calls, "forwarded", side=side, kind=method)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=str)
def test_a_subscription_is_notified_with_and_without_an_answer(direction: Direction, tmp_path: Path) -> None:
    calls = 400
    with both_sides(direction, "subscription", calls, tmp_path) as (relay, subscriber, notifier):
        assert_sound(calls, subscriber, notifier)
        to, back = ("outside", "inside") if direction.begins == "inside" else ("inside", "outside")
        for side, method in ((to, "SUBSCRIBE"), (back, "NOTIFY"), (back, "BENOTIFY")):
            assert relay.comes_to(2 * calls, "forwarded", side=side, kind=method)
        assert relay.comes_to(4 * calls, "forwarded", kind="2xx")  # to SUBSCRIBE and NOTIFY


@pytest.mark.parametrize("direction", DIRECTIONS, ids=str)
def test_a_call_that_rings_is_cancelled(direction: Direction, tmp_path: Path) -> None:
    calls = 400
    with both_sides(direction, "cancel", calls, tmp_path) as (relay, caller, called):
        assert_sound(calls, caller, called)
        for kind in ("INVITE", "CANCEL", "ACK", "1xx", "2xx", "4xx"):
            assert relay.comes_to(calls, "forwarded", kind=kind)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_invite_with_a_link_in_its_first_message_is_refused_and_its_ack_absorbed(
    transport: str, tmp_path: Path
) -> None:
    calls = 200
    here = (PARTNER, free_port(PARTNER))
    with (
        relay_process(transport, transport, tmp_path) as relay,
        # takes the clean MESSAGE behind each refusal; an INVITE or an ACK would be a failed call
        sipp("message_uas", relay.inside, transport, calls, tmp_path, "-nr") as receiver,
        sipp("refused_invite_uac", here, transport, calls, tmp_path, *ASKED_ONCE, to=relay.edge_outside) as sender,
    ):
        assert_sound(calls, sender, receiver)
        assert sender.count("1_606_Recv") == calls
        assert receiver.count("0_MESSAGE_Recv") == calls
        assert relay.comes_to(calls, "refused", side="outside", status="606")
        assert relay.comes_to(calls, "discarded", side="outside", why="ack-absorbed")
        assert relay.comes_to(calls, "forwarded", side="inside")
        assert relay.comes_to(calls, "forwarded", kind="MESSAGE")


def lossy_partner(edge: tuple[str, int], seed: int) -> LossyUdp:
    """A bad path between the partner and the edge. The edge sees the partner's address."""
    near, far = ((PARTNER, free_port(PARTNER)) for _ in range(2))
    return LossyUdp(near, far, edge, Weather(seed, **BAD))


def lossy_inside(next_hop: tuple[str, int], seed: int) -> LossyUdp:
    """A bad path between the edge and the inside server, at the edge's next hop."""
    far, server = (INSIDE, free_port(INSIDE)), (BEHIND_INSIDE, free_port(BEHIND_INSIDE))
    return LossyUdp(next_hop, far, server, Weather(seed, **BAD))


def settle(done: Callable[[], bool]) -> None:
    """Let datagrams that are still on their way arrive; what is claimed of them is asserted afterwards."""
    deadline = time.monotonic() + 30
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
