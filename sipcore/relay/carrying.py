"""What this build of the relay can carry: a configuration may ask for more, and is then refused before anything starts.

Whoever wants discovered partners needs a listener with TLS for them, and is refused for that. To look at such a
configuration (`sipcore check`, `sipcore explain`) no sockets are needed, so there it passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore.edge.tables import FederatedDomain, Hop, Lookup, Tables, Transport, is_address
from sipcore.errors import ConfigError, Problem

__all__ = ["check_carried"]

_LIMIT = "this build of the relay opens udp and tcp links to addresses only"


def check_carried(tables: Tables) -> None:
    """Let pass what can be carried.

    Raises:
        ConfigError: with the first key that cannot.
    """
    for key, hop in _places(tables):
        if hop.transport is Transport.TLS:
            raise ConfigError([Problem("", key, f"{hop} wants TLS; {_LIMIT}")])
        if not is_address(hop.host):
            raise ConfigError([Problem("", key, f"{hop} is a name; {_LIMIT}")])
    for index, row in enumerate(tables.federated.rows.values()):
        if not _has_static_route(row, tables):
            what = f"{row.domain} has no static route; this build of the relay looks nothing up in DNS"
            raise ConfigError([Problem("", f"federated_domain[{index}].domain", f"{what}; add a [[static_route]]")])


def _has_static_route(row: FederatedDomain, tables: Tables) -> bool:
    steps = tables.federated.chain(row)
    return any(tables.static_routes.find(domain) for lookup, domain in steps if lookup is Lookup.STATIC_ROUTE)


def _places(tables: Tables) -> Iterator[tuple[str, Hop]]:
    """Every place that is listened on or may be sent to, with its key."""
    yield from ((f"{side}.listen", hop) for side, hop in tables.own.addresses())
    yield "inside.next_hop", tables.own.next_hop
    yield from tables.hops()
