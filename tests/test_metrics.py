"""What `/metrics` tells: names, latency, what waits (`sipcore.relay.metrics`, `latency`, `queues`, `catalogue`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import eventually
from prometheus_client import CollectorRegistry
from relay_stage import inward, outward, stage
from test_relay_links import SMALL_QUEUES, fill, full, held_back

from sipcore.edge.actions import Send
from sipcore.edge.tables import Hop, Side, Transport
from sipcore.edge.waiting import WaitingRoom
from sipcore.relay.catalogue import HELP
from sipcore.relay.latency import Latency
from sipcore.relay.metrics import COUNTERS, Metrics
from sipcore.relay.queues import Queues

PAGE = Path(__file__).parent.parent / "docs" / "running-an-edge.md"


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"sipcore_{name}", labels)


# -- names


def test_whatever_is_served_has_its_row_with_its_labels_in_the_operators_page() -> None:
    metrics = Metrics()
    for name, labels in COUNTERS.items():
        metrics.count(name, *labels)
    metrics.links("outside", 1)
    metrics.certificate_expires("outside", 1.0)
    metrics.queues.watch("peer", lambda: (0, 0))
    served = {}
    for family in metrics.registry.collect():
        name = family.name + "_total" * (family.type == "counter")
        labels = {label for sample in family.samples for label in sample.labels}
        served[name] = (labels, family.documentation)
    rows = re.findall(r"^\| `(sipcore_\w+)` \|(.*?)\| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert served == {name: (set(re.findall(r"`(\w+)`", labels)), what) for name, labels, what in rows}


def test_every_sentence_belongs_to_something_that_is_served() -> None:
    families = {family.name.removeprefix("sipcore_") for family in Metrics().registry.collect()}
    assert families | {"queued_messages", "queued_bytes"} == set(HELP)


# -- latency


def stopwatch(*moments: float) -> Latency:
    """A latency whose clock shows these moments, one a reading."""
    readings = iter(moments)
    return Latency(lambda: next(readings))


def read(latency: Latency, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(latency)
    return value(registry, f"latency_seconds_{name}", **labels)


def test_all_messages_of_a_wake_up_were_here_as_long_as_it_lasted() -> None:
    latency = stopwatch(5.0, 5.003, 9.0, 9.3)
    for messages in (4, 2):
        latency.wake()
        latency.messages += messages
        latency.flushed()
    assert [read(latency, "bucket", le=bound) for bound in ("0.002", "0.005", "0.2", "0.5", "+Inf")] == [0, 4, 4, 6, 6]
    assert read(latency, "count") == 6
    assert read(latency, "sum") == pytest.approx(4 * 0.003 + 2 * 0.3)


def test_a_wake_up_or_a_flush_without_messages_is_nobodys_latency() -> None:
    latency = stopwatch(1.0, 2.0, 2.5)
    latency.flushed()
    latency.wake()
    latency.flushed()
    latency.wake()
    latency.messages += 1
    latency.flushed()
    latency.flushed()
    assert read(latency, "count") == 1
    assert read(latency, "sum") == pytest.approx(0.5)


def test_longer_than_every_bucket_is_still_counted() -> None:
    latency = stopwatch(0.0, 99.0)
    latency.wake()
    latency.messages += 1
    latency.flushed()
    assert (read(latency, "bucket", le="1.0"), read(latency, "bucket", le="+Inf")) == (0, 1)


@pytest.mark.parametrize("over", ["UDP", "TCP"])
def test_every_message_that_a_relay_receives_has_a_latency(over: str) -> None:
    with stage() as on:
        if over == "UDP":
            for number in range(3):
                on.datagram(on.partner, inward(number))
            for _ in range(3):
                on.server.read()
        else:
            with on.connect(on.stream_partner) as sender:
                sender.send(*(inward(number, over="TCP") for number in range(3)))
                for _ in range(3):
                    on.server.read()
        eventually(lambda: value(on.relay.metrics.registry, "latency_seconds_count") == 3)
        assert on.count("received", "outside", "MESSAGE") == 3


# -- what waits


def test_rooms_are_told_of_as_they_are_when_asked() -> None:
    registry, queues, load = CollectorRegistry(), Queues(), [(0, 0), (3, 700)]
    registry.register(queues)
    queues.watch("peer", lambda: load[-1])
    assert value(registry, "queued_messages", room="peer") == 3
    assert value(registry, "queued_bytes", room="peer") == 700
    load.pop()
    assert value(registry, "queued_bytes", room="peer") == 0


def test_a_waiting_room_knows_how_many_are_in_it() -> None:
    room = WaitingRoom[str, Send](100, 150)
    send = Send(Hop(Transport.TCP, "192.0.2.1", 5060), Side.OUTSIDE, None, b"")
    for place in "ab":
        room.open(place)
    assert [room.admit(*each) for each in (("a", send, 60), ("a", send, 60), ("b", send, 70), ("b", send, 30))] == [
        True,
        False,
        True,
        False,
    ]
    assert (room.guests, room.size) == (2, 130)
    room.leave("a")
    assert (room.guests, room.size) == (1, 70)
    room.leave("b")
    assert (room.guests, room.size) == (0, 0)


def test_what_waits_for_a_peer_that_does_not_read_is_seen() -> None:
    with stage(more=f"[limits]\n{SMALL_QUEUES}\n") as on, on.connect(on.server) as sender:
        taken = fill(on, sender)
        registry, held = on.relay.metrics.registry, len(full(on)._outbox._held)
        assert value(registry, "queued_messages", room="peer") == held > 0
        assert 50_000 * held < (value(registry, "queued_bytes", room="peer") or 0) <= 300_000
        with on.stream_partner.accept() as receiver:
            for _ in range(taken):
                receiver.read()
            for name in ("queued_messages", "queued_bytes"):
                eventually(at(registry, name, 0, room="peer"))


def test_what_waits_for_a_connection_is_seen() -> None:
    with stage() as on:
        release, registry = held_back(on), on.relay.metrics.registry
        for number in range(3):
            on.datagram(on.server, outward(number, "UDP", "nwtraders"))
        eventually(at(registry, "queued_messages", 3, room="connection"))
        assert (value(registry, "queued_bytes", room="connection") or 0) > 3 * 300
        release()
        with on.stream_partner.accept() as receiver:
            for _ in range(3):
                receiver.read()
        assert value(registry, "queued_bytes", room="connection") == 0


def test_every_room_of_a_relay_is_watched() -> None:
    with stage() as on:
        rooms = [
            value(on.relay.metrics.registry, "queued_bytes", room=room) for room in ("peer", "connection", "record")
        ]
        assert rooms == [0, 0, 0]


def at(registry: CollectorRegistry, name: str, number: int, **labels: str) -> Callable[[], bool]:
    """Whether a figure stands at that."""
    return lambda: value(registry, name, **labels) == number
