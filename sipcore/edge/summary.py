"""A configuration in a few lines, as an operator would say it."""

from __future__ import annotations

from collections.abc import Iterator

from sipcore.edge.content import media_of
from sipcore.edge.directory import Archiving, Right, Users
from sipcore.edge.tables import (
    DefaultRoute,
    Discovered,
    FederatedDomain,
    Hop,
    Media,
    Partner,
    Provider,
    Tables,
    Transport,
)

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
    yield from _turned(tables)
    yield from _exempt(tables)
    yield from _peers(tables)
    if tables.blocked.domains:
        yield f"blocked are {', '.join(tables.blocked.domains)}"
    if users is not None:
        yield from _users(users)


def _turned(tables: Tables) -> Iterator[str]:
    for sides, came, left in (
        (tables.benotify.to_notify, "BENOTIFY", "NOTIFY"),
        (tables.benotify.to_benotify, "NOTIFY", "BENOTIFY"),
    ):
        yield from (
            f"{came} becomes {left} toward the {side}, where the subscriber knows both" for side in sorted(sides)
        )


def _exempt(tables: Tables) -> Iterator[str]:
    for direction, ends in (("from", tables.content.exempt_inbound), ("to", tables.content.exempt_outbound)):
        if ends:
            yield f"content is not filtered {direction} ends outside of the kind {', '.join(sorted(ends))}"


def _content(row: Partner | Provider | FederatedDomain | Discovered | DefaultRoute) -> str:
    """What differs from the usual, behind a row's other words."""
    switch = {None: "", True: ", filtered", False: ", not filtered"}[row.content.filter]
    return switch + ", plain text only" * (media_of(row) is Media.PLAIN_TEXT)


def _peers(tables: Tables) -> Iterator[str]:
    for partner in tables.partners.values():
        how = f"at {_place(partner.proxy)}, {partner.verification}{_content(partner)}"
        yield f"{partner.domain} is {partner.name}, {how}"
    for row in tables.federated.rows.values():
        steps = ", then ".join(f"{lookup} of {domain}" for lookup, domain in tables.federated.chain(row))
        yield f"{row.domain} is federated with ({row.type}): {steps}{_content(row)}"
    for route in tables.static_routes.rows:
        yield f"{route.pattern}: to {_place(route.next_hop)}"
    yield from (_provider(row) for row in tables.providers if row.enabled)
    if disabled := [row.name for row in tables.providers if not row.enabled]:
        yield f"disabled providers are {', '.join(disabled)}"
    if tables.discovered.enabled or tables.discovered.domains:
        yield _discovered(tables.discovered)
    if (default := tables.default_route) is not None:
        how = f"at {_place(default.proxy)}, {default.verification}{_content(default)}"
        yield f"everybody else is reached through {default.name}, {how}"
    if tables.federation.clearing_house:
        yield "this edge is a clearing house: what comes from outside may leave to outside"


def _provider(row: Provider) -> str:
    kind = "public" if row.public else "private"
    return f"{kind} provider {row.name} is at {_place(row.proxy)}, {row.verification}{_content(row)}"


def _discovered(discovered: Discovered) -> str:
    who = "anybody" if discovered.any_domain else ", ".join(discovered.domains) or "nobody"
    if not discovered.enabled:
        return f"discovered would be {who}, but that is off"
    return f"discovered may be {who}, {discovered.verification}{_content(discovered)}"


def _users(users: Users) -> Iterator[str]:
    counts = ", ".join(f"{sum(user.may(right) for user in users.rows.values())} {right}" for right in Right)
    yield f"{len(users.rows)} users are listed; of these may: {counts}"
    if archived := sum(user.archiving is not Archiving.DEFAULT for user in users.rows.values()):
        yield f"archiving modes are stored and not acted on yet, here of {archived}"


def _place(hop: Hop) -> str:
    return str(hop) if hop.transport is Transport.TLS else f"{hop} without TLS"
