"""What is wrong with a configuration: each table asked by itself, then what they say against each other.

Each fault is the key that ``edge.toml`` has for it, and a sentence that says what to remove or to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sipcore.edge.tables.federated import Lookup
from sipcore.edge.tables.hops import Side, Transport
from sipcore.edge.tables.names import Fault, host_fault, is_address
from sipcore.edge.tables.partners import partner_faults
from sipcore.edge.tables.providers import PRELOADED, provider_faults

if TYPE_CHECKING:
    from sipcore.edge.tables.model import Tables

__all__ = ["errors_in"]


def errors_in(tables: Tables) -> Iterator[Fault]:
    """All of them."""
    yield from _sections(tables)
    yield from _rows(tables)
    yield from _reach(tables)
    yield from _known_by_address(tables)
    yield from _own_domains(tables)
    yield from _doubled_domains(tables)
    yield from _default_route(tables)
    yield from _switched_off(tables)
    yield from _turned_methods(tables)


def _sections(tables: Tables) -> Iterator[Fault]:
    yield from tables.own.faults()
    yield from tables.discovered.faults()
    yield from tables.blocked.faults()
    yield from tables.static_routes.faults()
    yield from tables.federated.faults()
    yield from tables.federation.faults()
    yield from tables.verification.faults()
    yield from tables.benotify.faults()
    yield from tables.archiving_notice.faults()
    if tables.default_route is not None:
        yield from tables.default_route.faults()


def _rows(tables: Tables) -> Iterator[Fault]:
    for index, (key, partner) in enumerate(tables.partners.items()):
        where = f"partner[{index}]"
        yield from partner_faults(where, partner)
        if key != partner.domain:
            yield f"{where}.domain", f"the row for {key} is about {partner.domain}"
    names: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for index, row in enumerate(tables.providers):
        where = f"provider[{index}]"
        yield from provider_faults(where, row)
        if names.setdefault(row.name, where) != where:
            yield f"{where}.name", f"{row.name!r} is a provider already; remove one of the two"
        if hosts.setdefault(row.proxy.host, where) != where:
            yield f"{where}.proxy.address", f"{row.proxy.host} is another provider's too; remove one of the two"


# -- reaching them


def _reach(tables: Tables) -> Iterator[Fault]:
    """Every hop outside that is in use must be one that we can send to, and be answered by."""
    for key, hop in tables.hops():
        yield from tables.own.reach_faults(key, Side.OUTSIDE, hop)
    if (Side.OUTSIDE, Transport.TLS) in tables.own.listen:
        return
    if tables.discovered.enabled:
        yield "discovered.enabled", "discovered peers are reached over TLS only; add a TLS address to outside.listen"
    for index, row in enumerate(tables.federated.rows.values()):
        steps = tables.federated.chain(row)
        if not any(tables.static_routes.find(name) for lookup, name in steps if lookup is Lookup.STATIC_ROUTE):
            what = f"{row.domain} has no static route, and by its SRV record it is reached over TLS only"
            yield f"federated_domain[{index}].domain", f"{what}; add a [[static_route]], or a TLS address outside"


def _known_by_address(tables: Tables) -> Iterator[Fault]:
    """Over TLS certificates tell partners apart, or show that one proxy serves several. Without, only addresses can."""
    for key, hop in tables.hops():
        named = not is_address(hop.host) and not host_fault(hop.host)
        if named and hop.transport is not Transport.TLS and not key.startswith("provider"):  # theirs is TLS always
            yield f"{key}.address", f"{hop.host} is a name; without TLS a peer is known by its address alone: give that"
    seen: dict[str, str] = {}
    for index, row in enumerate(tables.partners.values()):
        other = seen.setdefault(row.proxy.host, row.domain)
        if other != row.domain and row.proxy.transport is not Transport.TLS:
            what = f"{row.proxy.host} is {other}'s too; without TLS the address is what tells partners apart"
            yield f"partner[{index}].proxy.address", what


# -- one domain in two tables


def _own_domains(tables: Tables) -> Iterator[Fault]:
    """Our own domains are inside; no other table may lead them out."""
    for key, domain in _listed(tables):
        if domain in tables.own.domains:
            yield key, f"{domain} is our own domain; remove it here"


def _listed(tables: Tables) -> Iterator[tuple[str, str]]:
    for key, domains in (("blocked", tables.blocked.domains), ("discovered", tables.discovered.domains)):
        yield from ((f"{key}.domains[{domains.index(domain)}]", domain) for domain in domains)
    yield from ((f"partner[{index}].domain", row.domain) for index, row in enumerate(tables.partners.values()))
    yield from ((f"federated_domain[{i}].domain", name) for i, name in enumerate(tables.federated.rows))
    for index, provider in enumerate(tables.providers):
        places = ((f"provider[{index}].domains[{provider.domains.index(name)}]", name) for name in provider.domains)
        yield from places
    for index, route in enumerate(tables.static_routes.rows):
        if route.pattern.itself:
            yield f"static_route[{index}].pattern", route.pattern.domain


def _doubled_domains(tables: Tables) -> Iterator[Fault]:
    for index, row in enumerate(tables.partners.values()):
        if row.domain in tables.blocked.domains:
            what = "is blocked too; remove this row, or take the domain from blocked.domains"
            yield f"partner[{index}].domain", f"{row.domain} {what}"
    for index, domain in enumerate(tables.federated.rows):
        key = f"federated_domain[{index}].domain"
        if domain in tables.blocked.domains:
            yield key, f"{domain} is blocked too; remove this row, or take the domain from blocked.domains"
        if domain in tables.partners:
            yield key, f"{domain} is a direct partner too; remove this row, or the [[partner]]"
    yield from _provider_domains(tables)


def _provider_domains(tables: Tables) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for index, provider in enumerate(tables.providers):
        for domain in provider.domains:
            if owner.setdefault(domain, provider.name) != provider.name:
                key = f"provider[{index}].domains[{provider.domains.index(domain)}]"
                yield key, f"{domain} is {owner[domain]}'s already; remove it from one of the two"


# -- what excludes what


def _default_route(tables: Tables) -> Iterator[Fault]:
    """Both of these would take every domain that has a record, and the default route none (F062, F063, F088, F108)."""
    if tables.default_route is None:
        return
    if tables.discovered.enabled:
        way_out = "remove [default_route] and list the clearing house as a [[provider]], or set enabled = false"
        yield "discovered.enabled", f"discovered peers and a default route exclude each other; {way_out}"
    if tables.providers:
        yield "default_route", f"provider rows, disabled ones too, exclude a default route; {_removal(tables)}"


def _removal(tables: Tables) -> str:
    preloaded = [row.name for row in tables.providers if row in PRELOADED]
    others = [row.name for row in tables.providers if row not in PRELOADED]
    ways = [f"remove {_named(preloaded)} by federation.preload_providers = false"] if preloaded else []
    ways += [f"remove the [[provider]] of {_named(others)}"] if others else []
    return ", and ".join(ways)


def _named(names: Iterable[str]) -> str:
    return ", ".join(names)


def _switched_off(tables: Tables) -> Iterator[Fault]:
    """What the switch of the edge unlocks cannot be on without it (F066, F085, F102)."""
    if tables.federation.enabled:
        return
    needs = "needs federation.enabled = true; switch that on, or"
    if tables.default_route is not None:
        yield "default_route", f"a default route {needs} remove this section"
    if tables.federation.clearing_house:
        yield "federation.clearing_house", f"a clearing house {needs} remove this key"
    if tables.archiving_notice.enabled:
        yield "archiving_notice.enabled", f"the archiving notice {needs} remove this key"
    if tables.discovered.enabled:
        yield "discovered.enabled", f"looking for partners {needs} remove this key; the list may stay"
    for index, row in enumerate(tables.providers):
        if row.enabled:
            yield f"provider[{index}].enabled", f"an enabled provider {needs} remove this key"


def _turned_methods(tables: Tables) -> Iterator[Fault]:
    """What a method is turned into crosses the border too."""
    best_effort = tables.benotify
    for key, sides, method in (
        ("to_notify", best_effort.to_notify, "NOTIFY"),
        ("to_benotify", best_effort.to_benotify, "BENOTIFY"),
    ):
        if sides and method not in tables.federation.methods:
            yield f"benotify.{key}", f"{method} may not cross; add it to federation.methods, or remove this key"
