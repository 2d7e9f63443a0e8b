"""What waits in the relay, by the room it waits in. It is counted where it comes and goes, and read by a scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily

from sipcore.relay.catalogue import HELP

__all__ = ["Queues"]


class Queues:
    """The rooms in which messages wait."""

    def __init__(self) -> None:
        self._rooms: dict[str, Callable[[], tuple[int, int]]] = {}

    def watch(self, room: str, load: Callable[[], tuple[int, int]]) -> None:
        """Tell of a room.

        Args:
            room: what is waited for there.
            load: how many messages wait in it, and how many bytes; safe to be called from another thread.
        """
        self._rooms[room] = load

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a scrape gets: the registry asks for it, from a thread of its own."""
        messages = GaugeMetricFamily("sipcore_queued_messages", HELP["queued_messages"], labels=("room",))
        size = GaugeMetricFamily("sipcore_queued_bytes", HELP["queued_bytes"], labels=("room",))
        for room, load in self._rooms.items():
            many, much = load()
            messages.add_metric((room,), many)
            size.add_metric((room,), much)
        yield messages
        yield size
