"""What this build of the relay can carry: a configuration may ask for more, and is then refused before anything starts.

To look at such a configuration (`sipcore check`, `sipcore explain`) no sockets are needed, so there it passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore.edge.tables import Hop, Tables, Transport
from sipcore.errors import ConfigError, Problem

__all__ = ["check_carried"]


def check_carried(tables: Tables) -> None:
    """Let pass what can be carried.

    Raises:
        ConfigError: with the first key that cannot.
    """
    for key, hop in _places(tables):
        if hop.transport is Transport.TLS:
            raise ConfigError([Problem("", key, f"{hop} wants TLS; this build of the relay opens udp and tcp links")])


def _places(tables: Tables) -> Iterator[tuple[str, Hop]]:
    """Every place that is listened on or may be sent to, with its key."""
    yield from ((f"{side}.listen", hop) for side, hop in tables.own.addresses())
    yield "inside.next_hop", tables.own.next_hop
    yield from tables.hops()
