"""The connections that are open, so that an answer can leave by the one its request came on."""

from __future__ import annotations

from sipcore.edge.actions import Link
from sipcore.edge.tables import Side, Transport, canonical_host
from sipcore.edge.vias import WayBack

__all__ = ["OpenLinks", "Place"]

#: The other end of a connection: side, transport, address, port. One port of a peer may hold a connection to each of
#: our listeners, and what came over TLS is never answered in clear text.
Place = tuple[Side, Transport, str, int]


class OpenLinks:
    """Streams by the place of their peer. It holds as many as the shell has open, and the shell bounds those."""

    def __init__(self) -> None:
        self._ids: dict[Place, tuple[int, ...]] = {}

    def add(self, link: Link) -> None:
        """A link is up. Datagrams need no link, so only streams are kept."""
        if link.transport is not Transport.UDP:
            place = _place(link)
            self._ids[place] = (link.id, *self._ids.get(place, ()))

    def remove(self, link: Link) -> None:
        """A link is down; others of the same peer address stay."""
        place = _place(link)
        left = tuple(number for number in self._ids.pop(place, ()) if number != link.id)
        if left:
            self._ids[place] = left

    def leading_to(self, side: Side, back: WayBack) -> int | None:
        """The open connection that the request came on (RFC 3261 section 18.2.2), or None."""
        if back.source_port is None:
            return None
        return self.at((side, back.hop.transport, back.hop.host, back.source_port))

    def at(self, place: Place) -> int | None:
        """The open connection with that place, the newest of several, or None."""
        numbers = self._ids.get(place)
        return numbers[0] if numbers else None


def _place(link: Link) -> Place:
    return link.side, link.transport, canonical_host(link.remote_host), link.remote_port
