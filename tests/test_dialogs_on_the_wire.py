"""Dialogs through the running relay: along its doubled, signed routes, from either end, over either transport.

That something was refused is seen by the answer, and that nothing of it reached the other side by what arrives there
next: agents fail on any message that they do not wait for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dialog_agents import Agent, Dialog, Heard
from relay_process import RelayProcess, relay_process

pytestmark = pytest.mark.timeout(180)

BOB, ALICE = "bob@contoso.example", "alice@fabrikam.example"
TRANSPORTS = ("udp", "tcp")
SIDES = ("inside", "outside")
EITHER_WAY = [(begun_by, said_by) for begun_by in SIDES for said_by in SIDES]
OLD, NEW = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
#: What each side is told of a route that leads nowhere.
REFUSED = {"inside": "481", "outside": "403"}


class Stage(NamedTuple):
    """A relay with somebody on each side of it."""

    relay: RelayProcess
    inside: Agent
    outside: Agent

    def ends(self, first: str) -> tuple[Agent, Agent]:
        """The agent on that side, and the other one."""
        return (self.inside, self.outside) if first == "inside" else (self.outside, self.inside)


@contextmanager
def agents(relay: RelayProcess, inside: str, outside: str) -> Iterator[Stage]:
    """Bob inside and Alice outside, each by his transport."""
    with (
        Agent(BOB, relay.inside, relay.edge_inside, inside) as bob,
        Agent(ALICE, relay.partner, relay.edge_outside, outside) as alice,
    ):
        yield Stage(relay, bob, alice)


@pytest.fixture(scope="module", params=[(here, there) for here in TRANSPORTS for there in TRANSPORTS], ids="-".join)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One relay for all tests of one pair of transports; each test ends with nothing on its way."""
    with ExitStack() as held:
        relay = held.enter_context(relay_process(*request.param, tmp_path_factory.mktemp("relay")))
        yield held.enter_context(agents(relay, *request.param))


def begin(caller: Agent, called: Agent, method: str = "INVITE") -> tuple[Dialog, Dialog]:
    """A dialog as both ends keep it, begun with that method; a call is acknowledged."""
    near = Dialog.begun(caller, called.user)
    near.say(method, *(["Event: presence", "Supported: ms-benotify"] if method == "SUBSCRIBE" else []))
    first = called.hear(method)
    far = Dialog.joined(called, first, f"tag-of-{called.user[0]}")
    called.answer(first, "200 OK", f"tag-of-{called.user[0]}")
    near.accepted(caller.hear("200"))
    if method == "INVITE":
        acknowledge(near, far)
    return near, far


def acknowledge(speaker: Dialog, other: Dialog) -> None:
    """The ACK to a 2xx: a transaction of its own, along the route set (RFC 3261 section 13.2.2.4)."""
    speaker.say("ACK")
    assert other.agent.hear("ACK").one("CSeq") == f"{speaker.number} ACK"


def ask(speaker: Dialog, other: Dialog, method: str, *extra: str) -> Heard:
    """A request inside the dialog, which arrives at the other end's contact without our routes, and its 200."""
    speaker.say(method, *extra)
    heard = other.agent.hear(method)
    assert (heard.target, heard.all("Route")) == (speaker.target, [])
    assert speaker.target == other.agent.contact.strip("<>")
    other.agent.answer(heard, "200 OK")
    speaker.agent.hear("200")
    return heard


# -- along the recorded routes


@pytest.mark.parametrize("begun_by", SIDES)
def test_a_call_is_recorded_with_a_signed_route_for_each_side_by_its_own_transport(stage: Stage, begun_by: str) -> None:
    caller, called = stage.ends(begun_by)
    near, far = begin(caller, called)
    wanted = [
        f"<sip:{host}:{port};transport={agent.transport};lr;fd=fabrikam.example;sig=>"
        for agent in (called, caller)
        for host, port in [agent.edge]
    ]
    assert [re.sub(r"sig=[0-9a-f]{32}", "sig=", route) for route in far.routes] == wanted
    assert near.routes == far.routes[::-1]
    assert len(set(far.routes)) == 2


@pytest.mark.parametrize(("begun_by", "ended_by"), EITHER_WAY)
def test_a_call_goes_on_in_both_directions_and_is_ended_from_either_end(
    stage: Stage, begun_by: str, ended_by: str
) -> None:
    near, far = begin(*stage.ends(begun_by))
    recorded = far.routes
    for speaker, other in ((near, far), (far, near)):
        heard = ask(speaker, other, "INVITE")  # a re-INVITE records the routes that the first INVITE did
        assert heard.all("Record-Route") == (recorded if speaker is near else recorded[::-1])
        acknowledge(speaker, other)
        ask(speaker, other, "MESSAGE")
    by_caller = begun_by == ended_by
    ask(near if by_caller else far, far if by_caller else near, "BYE")


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_a_route_of_the_own_side_alone_leads_on(stage: Stage, begun_by: str, said_by: str) -> None:
    near, far = begin(*stage.ends(begun_by))
    speaker, other = (near, far) if begun_by == said_by else (far, near)
    ask(replace(speaker, routes=speaker.routes[:1]), other, "BYE")


def cancelled(speaker: Dialog, other: Agent) -> None:
    """An INVITE that rings and is cancelled: CANCEL and the ACK to the 487 have its branch on both sides."""
    speaker.say("INVITE")
    invite = other.hear("INVITE")
    other.answer(invite, "180 Ringing", "rings")
    speaker.agent.hear("180")
    speaker.agent.send(speaker.request("CANCEL"))
    cancel = other.hear("CANCEL")
    assert cancel.all("Via") == invite.all("Via")
    assert cancel.target == invite.target
    other.answer(cancel, "200 OK", "rings")
    assert speaker.agent.hear("200").one("CSeq") == f"{speaker.number} CANCEL"
    other.answer(invite, "487 Request Terminated", "rings")
    ended = speaker.agent.hear("487")
    speaker.agent.send(speaker.request("ACK", far=ended.one("To")))
    acknowledged = other.hear("ACK")
    assert acknowledged.branch == invite.branch
    assert acknowledged.one("To") == ended.one("To")


@pytest.mark.parametrize("begun_by", SIDES)
def test_a_cancel_follows_its_invite_and_so_does_the_ack_to_what_it_ends(stage: Stage, begun_by: str) -> None:
    caller, called = stage.ends(begun_by)
    cancelled(Dialog.begun(caller, called.user), called)


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_a_reinvite_may_be_cancelled_and_the_call_goes_on(stage: Stage, begun_by: str, said_by: str) -> None:
    near, far = begin(*stage.ends(begun_by))
    speaker, other = (near, far) if begun_by == said_by else (far, near)
    cancelled(speaker, other.agent)
    ask(other, speaker, "BYE")


@pytest.mark.parametrize("begun_by", SIDES)
def test_a_subscription_is_notified_refreshed_and_ended_from_either_side(stage: Stage, begun_by: str) -> None:
    near, far = begin(*stage.ends(begun_by), "SUBSCRIBE")
    for state in ("active", "active;expires=60"):
        ask(far, near, "NOTIFY", "Event: presence", f"Subscription-State: {state}")
        ask(near, far, "SUBSCRIBE", "Event: presence")
    far.say("BENOTIFY", "Event: presence", "Subscription-State: active")
    near.agent.hear("BENOTIFY")
    ask(far, near, "NOTIFY", "Event: presence", "Subscription-State: terminated")


@pytest.mark.parametrize("begun_by", SIDES)
def test_a_notify_may_come_before_the_answer_to_its_subscribe(stage: Stage, begun_by: str) -> None:
    subscriber, notifier = stage.ends(begun_by)
    near = Dialog.begun(subscriber, notifier.user)
    near.say("SUBSCRIBE", "Event: presence")
    first = notifier.hear("SUBSCRIBE")
    far = Dialog.joined(notifier, first, "early")
    far.say("NOTIFY", "Event: presence", "Subscription-State: active")
    subscriber.answer(subscriber.hear("NOTIFY"), "200 OK")
    notifier.hear("200")
    notifier.answer(first, "200 OK", "early")
    subscriber.hear("200")


# -- replayed


def without_signature(dialog: Dialog) -> dict[str, Any]:
    return {"routes": [re.sub(r";sig=[0-9a-f]+", "", route) for route in dialog.routes]}


def with_another_signature(dialog: Dialog) -> dict[str, Any]:
    return {"routes": [re.sub(r"sig=(.)", lambda m: f"sig={'1' if m[1] == '0' else '0'}", r) for r in dialog.routes]}


def with_another_domain(dialog: Dialog) -> dict[str, Any]:
    return {"routes": [route.replace("fd=fabrikam", "fd=woodgrove") for route in dialog.routes]}


#: What is done to a request of the dialog; each is refused whoever began the dialog and whoever says it.
REPLAYS: dict[str, Callable[[Dialog], dict[str, Any]]] = {
    "another Call-ID": lambda dialog: {"call_id": f"{dialog.call_id}-2"},
    "no signature": without_signature,
    "a broken signature": with_another_signature,
    "another federated domain": with_another_domain,
    "the routes in reverse": lambda dialog: {"routes": dialog.routes[::-1]},
    "the other side's route": lambda dialog: {"routes": dialog.routes[1:]},
    "the routes twice": lambda dialog: {"routes": dialog.routes * 2},
    "no route": lambda _: {"routes": []},
    "another domain in To": lambda dialog: {"far": re.sub(r"@[^>]*", "@tailspin.example", dialog.far)},
}


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_a_replayed_route_is_refused_and_the_dialog_goes_on(stage: Stage, begun_by: str, said_by: str) -> None:
    near, far = begin(*stage.ends(begun_by))
    speaker, other = (near, far) if begun_by == said_by else (far, near)
    for done in REPLAYS.values():
        for method in ("BYE", "INVITE", "MESSAGE", "SUBSCRIBE", "NOTIFY"):
            speaker.say(method, **done(speaker))
            speaker.agent.hear(REFUSED[said_by])
        speaker.say("BENOTIFY", **done(speaker))  # never answered
    ask(speaker, other, "BYE")


@pytest.mark.parametrize("begun_by", SIDES)
def test_a_route_is_of_no_use_with_another_from(stage: Stage, begun_by: str) -> None:
    near, far = begin(*stage.ends(begun_by))
    near.say("BYE", near=re.sub("tag=.*", "tag=another", near.near))
    near.agent.hear(REFUSED[begun_by])
    for domain in ("contoso.example", "fabrikam.example", "tailspin.example"):
        if domain not in near.near:  # whose word does not count on this link
            near.say("BYE", near=re.sub(r"@[^>]*", f"@{domain}", near.near))
            near.agent.hear("403")
    ask(near, far, "BYE")


@pytest.mark.parametrize(("begun_by", "said_by"), EITHER_WAY)
def test_a_route_is_of_no_use_to_the_other_side(stage: Stage, begun_by: str, said_by: str) -> None:
    near, far = begin(*stage.ends(begun_by))
    speaker, other = (near, far) if begun_by == said_by else (far, near)
    speaker.say("BYE", routes=other.routes)
    speaker.agent.hear(REFUSED[said_by])
    ask(speaker, other, "BYE")


# -- another key, another process


def test_a_dialog_outlives_the_relay_and_its_key_but_not_the_key_after(tmp_path: Path) -> None:
    transports = ("tcp", "tcp")  # a restart closes the connections, too: what goes on goes on over others
    with ExitStack() as held:
        with relay_process(*transports, tmp_path, keys=[OLD]) as relay:
            on = held.enter_context(agents(relay, *transports))
            calls = [begin(on.inside, on.outside), begin(on.outside, on.inside)]
            ringing = Dialog.begun(on.outside, BOB)
            ringing.say("INVITE")
            waits = on.inside.hear("INVITE")
        for agent in on.inside, on.outside:
            agent.disconnect()

        with relay_process(*transports, tmp_path, places=relay.places, keys=[NEW, OLD]):
            on.inside.answer(replace(waits, way=None), "200 OK", "late")  # to what the process before had forwarded
            ringing.accepted(on.outside.hear("200"))
            acknowledge(ringing, Dialog.joined(on.inside, waits, "late"))
            for near, far in calls:
                for speaker, other in ((near, far), (far, near)):
                    ask(speaker, other, "INVITE")
                    acknowledge(speaker, other)
                    ask(speaker, other, "MESSAGE")
            later = begin(on.inside, on.outside)
        for agent in on.inside, on.outside:
            agent.disconnect()

        with relay_process(*transports, tmp_path, places=relay.places, keys=[NEW]):
            for near, far in calls:
                assert_refused(near, far)
            ask(*later, "MESSAGE")
            ask(*later[::-1], "BYE")


def test_without_a_key_file_a_restart_ends_what_was_begun_as_documented(tmp_path: Path) -> None:
    with ExitStack() as held:
        with relay_process("udp", "udp", tmp_path) as relay:
            on = held.enter_context(agents(relay, "udp", "udp"))
            call = begin(on.inside, on.outside)
            ringing = Dialog.begun(on.outside, BOB)
            ringing.say("INVITE")
            waits = on.inside.hear("INVITE")
        assert "no edge.key_file" in relay.log.read_text()
        with relay_process("udp", "udp", tmp_path, places=relay.places) as again:
            on.inside.answer(waits, "200 OK", "late")  # reaches nobody: Alice hears the answers to what she says next
            assert_refused(*call)
            ask(*begin(on.outside, on.inside), "BYE")
            assert again.counted("discarded", side="inside", why="response-forged") == 1


def assert_refused(near: Dialog, far: Dialog) -> None:
    """Nothing that either end says in that dialog is carried."""
    for speaker in (near, far):
        speaker.say("BYE")
        speaker.agent.hear(REFUSED["inside" if speaker.agent.user == BOB else "outside"])
