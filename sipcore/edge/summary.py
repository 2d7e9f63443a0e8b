"""A configuration in a few lines, as an operator would say it."""

from __future__ import annotations

from collections.abc import Iterator

from sipcore.edge.directory import Archiving, Right, Users
from sipcore.edge.tables import Discovered, Hop, Provider, Tables, Transport

__all__ = ["summary"]


def summary(tables: Tables, users: Users | None) -> Iterator[str]:
    """Who we are, where we listen, and with whom we federate by which table."""
    own = tables.own
    for side, hop in own.addresses():
        yield f"{side} listens on {_place(hop)}"
    yield f"inside is {', '.join(own.domains)}, next hop {_place(own.next_hop)}"
    for what, on in (("edge", tables.federation.enabled), ("organisation", tables.federation.organisation)):
        if not on:
            yield f"nobody is federated with: the switch of the {what} is off"
    yield from _peers(tables)
    if tables.blocked.domains:
        yield f"blocked are {', '.join(tables.blocked.domains)}"
    if users is not None:
        yield from _users(users)


def _peers(tables: Tables) -> Iterator[str]:
    for partner in tables.partners.values():
        yield f"{partner.domain} is {partner.name}, at {_place(partner.proxy)}, {partner.verification}"
    for row in tables.federated.rows.values():
        steps = ", then ".join(f"{lookup} of {domain}" for lookup, domain in tables.federated.chain(row))
        yield f"{row.domain} is federated with ({row.type}): {steps}"
    for route in tables.static_routes.rows:
        yield f"{route.pattern}: to {_place(route.next_hop)}"
    yield from (_provider(row) for row in tables.providers if row.enabled)
    if disabled := [row.name for row in tables.providers if not row.enabled]:
        yield f"disabled providers are {', '.join(disabled)}"
    if tables.discovered.enabled or tables.discovered.domains:
        yield _discovered(tables.discovered)
    if (default := tables.default_route) is not None:
        yield f"everybody else is reached through {default.name}, at {_place(default.proxy)}, {default.verification}"
    if tables.federation.clearing_house:
        yield "this edge is a clearing house: what comes from outside may leave to outside"


def _provider(row: Provider) -> str:
    kind = "public" if row.public else "private"
    return f"{kind} provider {row.name} is at {_place(row.proxy)}, {row.verification}"


def _discovered(discovered: Discovered) -> str:
    who = "anybody" if discovered.any_domain else ", ".join(discovered.domains) or "nobody"
    if not discovered.enabled:
        return f"discovered would be {who}, but that is off"
    return f"discovered may be {who}, {discovered.verification}"


def _users(users: Users) -> Iterator[str]:
    counts = ", ".join(f"{sum(user.may(right) for user in users.rows.values())} {right}" for right in Right)
    yield f"{len(users.rows)} users are listed; of these may: {counts}"
    if archived := sum(user.archiving is not Archiving.DEFAULT for user in users.rows.values()):
        yield f"archiving modes are stored and not acted on yet, here of {archived}"


def _place(hop: Hop) -> str:
    return str(hop) if hop.transport is Transport.TLS else f"{hop} without TLS"
