"""What a relay under test is, to those who start, load and check it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sipcore_bench.relay.dialog import recorded_routes
from sipcore_bench.relay.mixes import FAR_DOMAIN, MIXES, Mix
from sipcore_bench.relay.places import Places

__all__ = ["PATIENCE", "Relay"]

PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay under test.

    Attributes:
        name: as tables show it, with the version where that is another project's.
        does: what it does with a message.
        command: the program for these places; files that it needs go into the folder, and over TLS certificates are
            there (`sipcore_bench.relay.certificates`). None: there is nothing to start.
        parses: it adds a Via; what does not leaves every byte as it came.
        filters: it answers a link with 606.
        records: it is an edge, and BENOTIFY needs the route that it recorded.
        mixes: what it is measured with.
        patience: how long it may take to get ready, in seconds.
    """

    name: str
    does: str
    command: Callable[[Places, Path], list[str]] | None
    parses: bool = False
    filters: bool = False
    records: bool = False
    mixes: tuple[Mix, ...] = MIXES
    patience: float = PATIENCE

    def target(self, places: Places) -> Places:
        """The places as the generator needs them: without a relay it sends straight to the sink."""
        if self.command is not None:
            return places
        return Places(places.transport, places.partner, places.sink, places.relay_inside, places.sink)

    def routes(self, places: Places, folder: Path) -> tuple[str, ...]:
        """The Route values of a BENOTIFY; as long, for those that do not read them, as those of an edge.

        Raises: BrokenRelay.
        """
        if self.records:
            return recorded_routes(places, folder)
        sides = (places.relay, places.relay_inside)
        return tuple(f"<sip:{host}:{port};transport={places.transport};lr;fd={FAR_DOMAIN}>" for host, port in sides)
