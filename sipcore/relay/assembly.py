"""The sections of ``edge.toml`` to `Tables`, which check themselves; what they find gets the lines of its keys."""

from __future__ import annotations

from collections.abc import Mapping

from sipcore.edge.tables import Hop, Partner, Side, Tables, Transport
from sipcore.errors import ConfigError, Problem
from sipcore.relay.sections import Document, HopTable, ListenTable
from sipcore.settings.decoding import Decoder
from sipcore.settings.positions import Path, undotted

__all__ = ["assemble"]


def assemble(decoder: Decoder, document: Document) -> Tables | None:
    """The tables of a document; None when they contradict themselves, which has then been noted."""
    listen = _listen(decoder, document)
    partners = _partners(decoder, document)
    _check_domain_lists(decoder, document)
    try:
        return Tables(
            fqdn=document.edge.fqdn,
            domains=frozenset(document.edge.domains),
            inside_next_hop=_hop(document.inside.next_hop),
            inside_servers=frozenset(document.inside.servers),
            listen=listen,
            partners=partners,
            blocked=frozenset(document.blocked.domains),
            answer_blocked=document.blocked.answer,
            assertion_header=document.verification.assertion_header,
            mark_own_users=document.verification.mark_own_users,
            benotify=document.benotify.enabled,
        )
    except ConfigError as error:
        for problem in error.problems:
            _relay_problem(decoder, problem)
        return None


def _relay_problem(decoder: Decoder, problem: Problem) -> None:
    """Note what the tables found, unless it only follows from something that has been noted already."""
    path = undotted(problem.key)
    side = "inside" if path[0] == "inside" else "outside"
    misses_listener = path[-1] == "transport" and decoder.has_faults((side, "listen"))
    if not decoder.is_mended(path) and not misses_listener:
        decoder.complain(path, problem.message)


def _listen(decoder: Decoder, document: Document) -> Mapping[tuple[Side, Transport], Hop]:
    """One address a side and transport: it is what Via and Record-Route name."""
    found: dict[tuple[Side, Transport], Hop] = {}
    for side, tables in ((Side.INSIDE, document.inside.listen), (Side.OUTSIDE, document.outside.listen)):
        for index, table in enumerate(tables):
            path: Path = (str(side), "listen", index)
            if found.setdefault((side, table.transport), _hop(table)) != _hop(table) and not decoder.has_faults(path):
                decoder.complain(path, f"a second {table.transport} address; expected one for each transport")
    return found


def _partners(decoder: Decoder, document: Document) -> Mapping[str, Partner]:
    """The partners by domain. A repeated domain is kept under another key, so that the others keep their places."""
    found: dict[str, Partner] = {}
    for index, table in enumerate(document.partner):
        domain = str(table.domain)
        if domain in found:
            message = f'"{domain}" is a partner already; expected one table for it'
            decoder.complain(("partner", index, "domain"), message)
            domain = f"repeated-{index}.invalid"
        found[domain] = Partner(domain, table.name or domain, _hop(table.proxy), table.verification)
    return found


def _check_domain_lists(decoder: Decoder, document: Document) -> None:
    for section, names in (("edge", document.edge.domains), ("blocked", document.blocked.domains)):
        for index, name in enumerate(names):
            if name in names[:index]:
                decoder.complain((section, "domains", index), f'"{name}" is there already; expected it once')


def _hop(table: HopTable | ListenTable) -> Hop:
    return Hop(table.transport, str(table.address), table.port)
