"""What an operator should know of a configuration that is good."""

from __future__ import annotations

from collections.abc import Iterator

from sipcore.edge.tables.model import Tables
from sipcore.edge.tables.names import Fault
from sipcore.edge.tables.providers import PRELOADED

__all__ = ["warnings_in"]

_KNOWN_PUBLIC = {row.proxy.host for row in PRELOADED}


def warnings_in(tables: Tables) -> Iterator[Fault]:
    """Key and sentence of each."""
    yield from _own_name(tables)
    yield from _discovered(tables)
    yield from _public_flags(tables)


def _own_name(tables: Tables) -> Iterator[Fault]:
    """Who looks for us by SRV accepts a proxy exactly one label below our domain, and no other (F061)."""
    name = tables.own.public_fqdn
    if name.partition(".")[2] not in tables.own.domains:
        key = "edge.federation_fqdn" if tables.own.federation_fqdn else "edge.fqdn"
        yield key, f"{name} is not one label below a domain of ours, so partners who discover us by SRV refuse it"


def _discovered(tables: Tables) -> Iterator[Fault]:
    """Any domain is a risk that has to be known (F054); of a domain in two tables one row is idle (F064, F065)."""
    discovered = tables.discovered
    if discovered.enabled and discovered.any_domain:
        what = "anybody with a certificate from a trusted authority may send to our users"
        yield "discovered.any_domain", f"{what}; list the domains instead where they are known"
    for domain in discovered.domains:
        key = f"discovered.domains[{discovered.domains.index(domain)}]"
        if domain in tables.blocked.domains:
            yield key, f"{domain} is blocked too, and blocked wins; remove it from one of the two"
        if domain in tables.partners:
            yield key, _earlier(tables, domain)


def _earlier(tables: Tables, domain: str) -> str:
    partner, line = tables.partners[domain].line, tables.discovered.domains.line(domain)
    places = f"discovered on line {line} and a direct partner on line {partner}"
    if not tables.discovered.enabled:
        return f"{domain} is {places}; discovering is off, so it is a direct partner; remove it from one of the two"
    winner = "discovered" if tables.discovered.lists_before(domain, partner) else "a direct partner"
    return f"{domain} is {places}; the earlier line wins, so it is {winner}; remove it from one of the two"


def _public_flags(tables: Tables) -> Iterator[Fault]:
    """The three public providers are known by name; a flag that differs from what is known is rarely meant (F091)."""
    for index, row in enumerate(tables.providers):
        if row.public and row.proxy.host not in _KNOWN_PUBLIC:
            what = f"{row.name} is none of the public providers; its users would need the right for public IM"
            yield f"provider[{index}].public", f"{what}; remove the key for a private one"
        if not row.public and row.proxy.host in _KNOWN_PUBLIC:
            what = f"{row.name} is a public provider; without the flag the right for federation is enough to reach it"
            yield f"provider[{index}].public", f"{what}; set public = true"
