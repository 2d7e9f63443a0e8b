"""The connections that are open, so that an answer can leave by the one its request came on."""

from __future__ import annotations

from sipcore.edge.actions import Link
from sipcore.edge.tables import Side, Transport, canonical_host
from sipcore.edge.vias import WayBack

__all__ = ["OpenLinks", "Place"]

#: The place of a connection's other end.
Place = tuple[Side, str, int]


class OpenLinks:
    """Streams by the place of their peer. It holds as many as the shell has open, and the shell bounds those."""

    def __init__(self) -> None:
        self._ids: dict[Place, int] = {}

    def add(self, link: Link) -> None:
        """A link is up. Datagrams need no link, so only streams are kept."""
        if link.transport is not Transport.UDP:
            self._ids[_place(link)] = link.id

    def remove(self, link: Link) -> None:
        """A link is down; a newer one of the same peer address stays."""
        if self._ids.get(_place(link)) == link.id:
            del self._ids[_place(link)]

    def leading_to(self, side: Side, back: WayBack) -> int | None:
        """The open connection that the request came on (RFC 3261 section 18.2.2), or None."""
        if back.source_port is None:
            return None
        return self.at((side, back.hop.host, back.source_port))

    def at(self, place: Place) -> int | None:
        """The open connection with that place, or None."""
        return self._ids.get(place)


def _place(link: Link) -> Place:
    return link.side, canonical_host(link.remote_host), link.remote_port
