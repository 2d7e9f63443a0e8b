"""BENOTIFY: who keeps quiet, and which extensions are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from edge_world import (
    FROM_FABRIKAM,
    FROM_SERVER,
    FROM_STRANGER,
    TABLES,
    counted,
    engine,
    inbound,
    only,
    outbound,
    receive,
    sent,
)

from sipcore import parse, respond
from sipcore.edge.benotify import keeps_quiet, supported_tags, unsupported_tags
from sipcore.edge.tables import BestEffort, Tables, WhenOff


@pytest.mark.parametrize(
    ("method", "cseq", "quiet"),
    [
        ("BENOTIFY", "2 BENOTIFY", True),
        ("ACK", "1 ACK", True),
        ("NOTIFY", "2 NOTIFY", False),
        ("NOTIFY", "2 BENOTIFY", True),
        ("BENOTIFY", "2 NOTIFY", True),
        ("BENOTIFY", "", True),
        ("NOTIFY", "", False),
        ("benotify", "2 benotify", False),
    ],
)
def test_a_request_that_says_benotify_anywhere_is_not_answered(method: str, cseq: str, quiet: bool) -> None:
    assert keeps_quiet(method, cseq) is quiet


def test_the_extension_is_supported_when_benotify_is_on() -> None:
    assert supported_tags(benotify=True) == {"ms-benotify"}
    assert supported_tags(benotify=False) == frozenset()
    assert unsupported_tags("SUBSCRIBE", ["ms-benotify"], benotify=True) == ()
    assert unsupported_tags("SUBSCRIBE", ["ms-benotify"], benotify=False) == ("ms-benotify",)


def test_unknown_extensions_are_named_in_one_order() -> None:
    assert unsupported_tags("INVITE", ["zeta", "ms-benotify", "alpha"], benotify=True) == ("alpha", "zeta")


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_proxy_require_is_ignored_where_a_refusal_would_leave_a_call_hanging(method: str) -> None:
    assert unsupported_tags(method, ["alpha"], benotify=True) == ()


# -- through the engine

OFF = replace(TABLES, benotify=BestEffort(enabled=False))
FORWARDING = replace(TABLES, benotify=BestEffort(enabled=False, when_off=WhenOff.FORWARD))


def test_f143_while_it_is_off_whoever_requires_it_is_answered_420() -> None:
    asking = outbound("Proxy-Require: ms-benotify", method="SUBSCRIBE", body=b"")
    answer = parse(only(receive(engine(OFF), asking, FROM_SERVER)).data)
    assert (answer.status, answer.get("Unsupported")) == (420, "ms-benotify")
    assert only(receive(engine(), asking, FROM_SERVER)).data.startswith(b"SUBSCRIBE ")


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (["Supported: ms-benotify"], []),
        (["Supported: eventlist, MS-BENotify, ms-piggyback-first-notify"], ["eventlist, ms-piggyback-first-notify"]),
        (["k: ms-benotify, ms-benotify", "Supported: eventlist"], ["eventlist"]),
        (["Supported: eventlist"], ["eventlist"]),
        ([], []),
    ],
)
def test_f143_while_it_is_off_nobody_is_offered_it(fields: list[str], left: list[str]) -> None:
    edge = engine(OFF)
    asked = parse(only(receive(edge, outbound(*fields, method="SUBSCRIBE", body=b""), FROM_SERVER)).data)
    assert asked.get_all("Supported") == left
    offered = [("Supported", field.partition(":")[2].strip()) for field in fields]
    accepted = parse(only(receive(edge, respond(asked, 200, headers=offered), FROM_FABRIKAM)).data)
    assert accepted.get_all("Supported") == left


def test_f143_while_it_is_on_the_offer_is_left_alone() -> None:
    asked = parse(only(receive(engine(), outbound("Supported: ms-benotify", method="SUBSCRIBE"), FROM_SERVER)).data)
    assert asked.get_all("Supported") == ["ms-benotify"]


@pytest.mark.parametrize(("tables", "leaves"), [(TABLES, True), (OFF, False), (FORWARDING, True)])
def test_f143_one_that_comes_all_the_same_goes_where_it_is_told_to(tables: Tables, leaves: bool) -> None:
    actions = receive(engine(tables), inbound(method="BENOTIFY"), FROM_FABRIKAM)
    assert bool(sent(actions)) is leaves
    assert counted(actions) == [
        ("forwarded", "inside", "BENOTIFY", "partner") if leaves else ("discarded", "outside", "benotify-off")
    ]


def test_f144_a_benotify_is_never_answered_whatever_is_wrong_with_it() -> None:
    for data, link in [
        (inbound(method="BENOTIFY", max_forwards=0), FROM_FABRIKAM),
        (inbound(method="BENOTIFY", uri="sip:x@spam.example"), FROM_FABRIKAM),
        (inbound(method="BENOTIFY", uri="sip:x@nowhere.example"), FROM_FABRIKAM),
        (inbound("Proxy-Require: alpha", method="BENOTIFY"), FROM_FABRIKAM),
        (inbound(method="BENOTIFY"), FROM_STRANGER),
        (outbound(method="BENOTIFY", uri="sip:x@nowhere.example"), FROM_SERVER),
    ]:
        actions = receive(engine(), data, link)
        assert sent(actions) == []
        assert [count[0] for count in counted(actions)] == ["discarded"]
    lost = only(receive(engine(), inbound(method="BENOTIFY"), FROM_FABRIKAM))
    assert sent(engine().undelivered(lost, 0.0)) == []
