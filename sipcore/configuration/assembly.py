"""The sections of ``edge.toml`` to `Tables`, which check themselves; what they find gets the lines of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sipcore.configuration.hop_tables import HopTable, ListenTable, SubjectTable
from sipcore.configuration.sections import Document
from sipcore.edge.tables import (
    METHODS,
    ArchivingNotice,
    BestEffort,
    Blocked,
    ContentSwitches,
    DefaultRoute,
    Discovered,
    Domains,
    FederatedDomain,
    FederatedDomains,
    Federation,
    Hop,
    OwnSide,
    Partner,
    Pattern,
    Provider,
    RateLimits,
    RowContent,
    Side,
    StaticRoute,
    StaticRoutes,
    Subject,
    Tables,
    Transport,
    Verification,
    warnings_in,
    with_preloaded,
)
from sipcore.errors import ConfigError, Problem
from sipcore.settings.decoding import Decoder
from sipcore.settings.positions import Path, undotted

__all__ = ["assemble", "warnings_of"]


def assemble(decoder: Decoder, document: Document) -> Tables | None:
    """The tables of a document; None when they contradict themselves, which has then been noted."""
    reading = _Reading(decoder, document)
    try:
        return Tables(
            own=reading.own(),
            partners=reading.partners(),
            discovered=reading.discovered(),
            providers=reading.providers(),
            default_route=reading.default_route(),
            blocked=reading.blocked(),
            static_routes=reading.static_routes(),
            federated=reading.federated(),
            federation=reading.federation(),
            verification=reading.verification(),
            benotify=reading.benotify(),
            archiving_notice=reading.archiving_notice(),
            content=reading.content(),
        )
    except ConfigError as error:
        for problem in error.problems:
            _relay_problem(decoder, problem)
        return None


def warnings_of(decoder: Decoder, tables: Tables) -> Iterator[Problem]:
    """What an operator should know of good tables, each with its place."""
    for key, message in warnings_in(tables):
        yield decoder.problem(undotted(key), message)


def _relay_problem(decoder: Decoder, problem: Problem) -> None:
    """Note what the tables found, unless it only follows from something that has been noted already."""
    path = undotted(problem.key)
    side = "inside" if path[0] == "inside" else "outside"
    causes: tuple[Path, ...] = ((side, "listen"), (*path[:-1], "insecure")) if path[-1] == "transport" else ()
    if path == ("inside", "servers"):
        causes = (("inside", "next_hop"),)
    if not decoder.is_mended(path) and not any(map(decoder.has_faults, causes)):
        decoder.complain(path, problem.message)


class _Reading:
    """One document's sections, each as the table that it describes."""

    def __init__(self, decoder: Decoder, document: Document) -> None:
        self._decoder = decoder
        self._document = document

    # -- sections

    def own(self) -> OwnSide:
        edge, inside = self._document.edge, self._document.inside
        listen = self._listen()
        return OwnSide(
            fqdn=edge.fqdn,
            inside_fqdn=edge.inside_fqdn or "",
            federation_fqdn=edge.federation_fqdn or "",
            domains=self._domains(("edge", "domains"), edge.domains),
            next_hop=self._hop(("inside", "next_hop"), inside.next_hop),
            servers=frozenset(inside.servers),
            subjects=_subjects(inside.subjects),
            match_cn=inside.match_cn,
            listen={key: hops[0] for key, hops in listen.items()},
            further={key: tuple(hops[1:]) for key, hops in listen.items() if hops[1:]},
        )

    def _listen(self) -> Mapping[tuple[Side, Transport], Sequence[Hop]]:
        """The addresses of each side and transport, in the order of the file."""
        found: dict[tuple[Side, Transport], list[Hop]] = {}
        sides = ((Side.INSIDE, self._document.inside.listen), (Side.OUTSIDE, self._document.outside.listen))
        for side, index, table in (
            (side, index, table) for side, tables in sides for index, table in enumerate(tables)
        ):
            path: Path = (str(side), "listen", index)
            hop = self._hop(path, table)
            hops = found.setdefault((side, hop.transport), [])
            if hop not in hops or not hop.port:  # the system chooses another port each time
                hops.append(hop)
            elif not self._decoder.has_faults(path):
                self._decoder.complain(path, f"{hop} is there already; expected it once")
        return found

    def partners(self) -> Mapping[str, Partner]:
        """The partners by domain. A repeated domain is kept under another key, so that the others keep their places."""
        found: dict[str, Partner] = {}
        for index, table in enumerate(self._document.partner):
            path: Path = ("partner", index)
            domain = self._once(path, table.domain, found, "a partner")
            proxy = self._hop((*path, "proxy"), table.proxy)
            name, line = table.name or domain, self._decoder.line(path)
            subjects, content = _subjects(table.subjects), RowContent(table.filter, table.media)
            found[domain] = Partner(domain, name, proxy, table.verification, subjects, line, content)
        return found

    def discovered(self) -> Discovered:
        section = self._document.discovered
        limits = RateLimits(section.per_second, section.suspicious_per_second, section.watched_targets)
        domains = self._domains(("discovered", "domains"), section.domains)
        switches = (section.enabled, domains, section.any_domain, section.verification)
        return Discovered(*switches, limits, RowContent(section.filter, section.media))

    def providers(self) -> tuple[Provider, ...]:
        rows = tuple(self._provider(index) for index in range(len(self._document.provider)))
        return with_preloaded(rows) if self._document.federation.preload_providers else rows

    def _provider(self, index: int) -> Provider:
        table, path = self._document.provider[index], ("provider", index)
        return Provider(
            name=table.name,
            proxy=_bare_hop(table.proxy),  # whether it says insecure does not matter: it must not be
            enabled=table.enabled,
            public=table.public,
            verification=table.verification,
            domains=self._domains((*path, "domains"), table.domains),
            subjects=_subjects(table.subjects),
            line=self._decoder.line(path),
            content=RowContent(table.filter, table.media),
        )

    def default_route(self) -> DefaultRoute | None:
        section = self._document.default_route
        if section is None:
            return None
        proxy, line = self._hop(("default_route", "proxy"), section.proxy), self._decoder.line(("default_route",))
        subjects = _subjects(section.subjects)
        return DefaultRoute(
            proxy, section.name, section.verification, subjects, line, RowContent(section.filter, section.media)
        )

    def blocked(self) -> Blocked:
        section = self._document.blocked
        return Blocked(self._domains(("blocked", "domains"), section.domains), section.answer)

    def static_routes(self) -> StaticRoutes:
        rows = []
        for index, table in enumerate(self._document.static_route):
            path: Path = ("static_route", index)
            hop, line = self._hop((*path, "next_hop"), table.next_hop), self._decoder.line(path)
            rows.append(StaticRoute(Pattern.parse(table.pattern), hop, _subjects(table.subjects), line))
        return StaticRoutes(rows)

    def federated(self) -> FederatedDomains:
        found: dict[str, FederatedDomain] = {}
        for index, table in enumerate(self._document.federated_domain):
            path: Path = ("federated_domain", index)
            domain = self._once(path, table.domain, found, "a federated domain")
            line, content = self._decoder.line(path), RowContent(table.filter, table.media)
            found[domain] = FederatedDomain(domain, table.type, table.description, line, content)
        return FederatedDomains(found, self._document.federation.default_routing_domain)

    def federation(self) -> Federation:
        section = self._document.federation
        switches = (section.enabled, section.organisation, section.clearing_house, section.remote_access)
        methods = METHODS if section.methods is None else frozenset(section.methods)
        return Federation(*switches, methods)

    def benotify(self) -> BestEffort:
        section = self._document.benotify
        to_notify, to_benotify = frozenset(section.to_notify), frozenset(section.to_benotify)
        return BestEffort(section.enabled, section.when_off, to_notify, to_benotify)

    def verification(self) -> Verification:
        section = self._document.verification
        headers = (section.assertion_header, section.mark_header)
        return Verification(*headers, section.mark_own_users, section.enforce_at_edge)

    def archiving_notice(self) -> ArchivingNotice:
        section = self._document.archiving_notice
        return ArchivingNotice(section.enabled, section.header, section.value)

    def content(self) -> ContentSwitches:
        section = self._document.filter
        return ContentSwitches(frozenset(section.exempt_inbound), frozenset(section.exempt_outbound))

    # -- parts of sections

    def _domains(self, path: Path, names: Sequence[str]) -> Domains:
        """A list of domains with their lines."""
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self._decoder.complain((*path, index), f'"{name}" is there already; expected it once')
            seen.add(name)
        return Domains(names, [self._decoder.line((*path, index)) for index in range(len(names))])

    def _once(self, path: Path, domain: str, found: Mapping[str, object], what: str) -> str:
        """The domain of a row; something else where another row has it."""
        if domain not in found:
            return str(domain)
        self._decoder.complain((*path, "domain"), f'"{domain}" is {what} already; expected one table for it')
        return f"repeated-{path[-1]}.invalid"

    def _hop(self, path: Path, table: HopTable | ListenTable) -> Hop:
        """A hop, and whether clear text has been asked for where there is any."""
        secure, where = table.transport is Transport.TLS, (*path, "insecure")
        if not (self._decoder.is_mended((*path, "transport")) or self._decoder.is_mended(where)):
            if not secure and not table.insecure:
                what = "missing: expected insecure = true"
                over = f"{table.transport} carries clear text, and the configuration has to say so"
                self._decoder.complain(where, f"{what} ({over}), or no transport, which means TLS")
            if secure and table.insecure:
                self._decoder.complain(where, 'a link over TLS is secure; remove the key, or say transport = "tcp"')
        return _bare_hop(table)


def _bare_hop(table: HopTable | ListenTable) -> Hop:
    port = table.transport.default_port if table.port is None else table.port
    return Hop(table.transport, table.address, port)


def _subjects(tables: Sequence[SubjectTable]) -> tuple[Subject, ...]:
    return tuple(Subject(table.name, table.match_cn) for table in tables)
