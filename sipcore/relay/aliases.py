"""Connections that peers have opened and offer for our requests too (RFC 5923): where each of them leads.

Over TLS with certificates of both ends the Via of a peer's first request may say ``alias``: requests that are for my
address, at the port that this Via names, may come on this connection. The address is the connection's own (RFC 5923
section 8.2), so nobody offers more than the ports of his address; but behind one address there may be many machines, of
different owners. So an offer is no proof. A request goes that way only if the certificate of the connection is one that
a connection of ours to that hop would have to show (RFC 5923 section 9.2). That is asked whenever a way to a hop is
looked for, see `TlsBook.may_stand_for`; which hop it is has been decided before, SRV records and all (section 10).

Offers of different certificates stand beside each other: if one drove out the other, any neighbour behind the same
address could. Of the same one the last offer counts, for a peer that connects again has usually lost the connection
before. A connection makes one offer, so there are no more of them than connections, and they end with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sipcore._parser import Message
from sipcore.edge.actions import Certificate
from sipcore.edge.tables import Side, Transport, canonical_host
from sipcore.edge.vias import offers_connection
from sipcore.errors import HeaderError
from sipcore.relay.streams import Stream

__all__ = ["Aliases", "Place", "offered_place"]

#: A side, and an address and port there.
Place = tuple[Side, str, int]


def offered_place(stream: Stream, first: Message) -> Place | None:
    """Where requests are for that a connection is offered for, by its peer's first request; None when it is not."""
    try:
        via = first.via
        if via is None or stream.certificate is None or not offers_connection(via):
            return None
    except HeaderError:
        return None
    return stream.side, canonical_host(stream.link.remote_host), via.port or Transport.TLS.default_port


class Aliases:
    """The offers that stand."""

    def __init__(self) -> None:
        self._offers: dict[Place, dict[Certificate, Stream]] = {}
        self._places: dict[Stream, Place] = {}

    def add(self, stream: Stream, place: Place) -> Stream | None:
        """Know an offer; the connection whose offer it replaces, if there is one."""
        assert stream.certificate is not None
        replaced = self._offers.setdefault(place, {}).pop(stream.certificate, None)
        if replaced is not None:
            del self._places[replaced]
        self._offers[place][stream.certificate] = stream
        self._places[stream] = place
        return replaced

    def remove(self, stream: Stream) -> bool:
        """Forget what a connection has offered; whether there was an offer of it."""
        place = self._places.pop(stream, None)
        if place is None or stream.certificate is None:
            return False
        del self._offers[place][stream.certificate]
        if not self._offers[place]:
            del self._offers[place]
        return True

    def at(self, place: Place) -> Sequence[Stream]:
        """The connections that are offered for a place, the last offer first."""
        return tuple(reversed(self._offers.get(place, {}).values()))
