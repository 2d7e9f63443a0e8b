"""All tables of one edge together, and what can be looked up in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from sipcore.edge.tables.best_effort import BestEffort
from sipcore.edge.tables.blocked import Blocked
from sipcore.edge.tables.content import ContentSwitches
from sipcore.edge.tables.default_route import DefaultRoute
from sipcore.edge.tables.discovered import Discovered
from sipcore.edge.tables.errors import errors_in
from sipcore.edge.tables.federated import FederatedDomains
from sipcore.edge.tables.federation import ArchivingNotice, Federation
from sipcore.edge.tables.hops import Hop, Side, Transport
from sipcore.edge.tables.names import canonical_host, domain_name
from sipcore.edge.tables.own import OwnSide
from sipcore.edge.tables.partners import Partner
from sipcore.edge.tables.providers import PRELOADED, Provider
from sipcore.edge.tables.static_routes import StaticRoute, StaticRoutes
from sipcore.edge.tables.subjects import Subject, subjects_of
from sipcore.edge.tables.verification import Verification
from sipcore.errors import ConfigError, Problem

__all__ = ["Row", "Speaker", "Tables", "hop_of"]

#: Everything outside that an operator has named with a proxy or next hop.
Row = Partner | Provider | StaticRoute | DefaultRoute


class Speaker(NamedTuple):
    """A row that a certificate name may speak for.

    Attributes:
        row: the row.
        by_cn: a common name will do, beside other names.
    """

    row: Row
    by_cn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The configuration that decisions are made over.

    Domain names and addresses are in one spelling, so comparing them is comparing text; every look-up takes the same
    time however long the tables are.

    Raises:
        ConfigError: all faults at once, each with the key that ``edge.toml`` has for it.
    """

    own: OwnSide
    partners: Mapping[str, Partner] = field(default_factory=dict)  #: by domain
    discovered: Discovered = field(default_factory=Discovered)
    providers: tuple[Provider, ...] = PRELOADED
    default_route: DefaultRoute | None = None
    blocked: Blocked = field(default_factory=Blocked)
    static_routes: StaticRoutes = field(default_factory=StaticRoutes)
    federated: FederatedDomains = field(default_factory=FederatedDomains)
    federation: Federation = field(default_factory=Federation)
    verification: Verification = field(default_factory=Verification)
    benotify: BestEffort = field(default_factory=BestEffort)
    archiving_notice: ArchivingNotice = field(default_factory=ArchivingNotice)
    content: ContentSwitches = field(default_factory=ContentSwitches)
    #: Nothing that anybody exchanges is exempt from the filter or limited. Computed.
    content_is_uniform: bool = field(init=False, repr=False, compare=False)
    _providers_by_proxy: Mapping[str, Provider] = field(init=False, repr=False, compare=False)
    _providers_by_domain: Mapping[str, Provider] = field(init=False, repr=False, compare=False)
    _rows_at: Mapping[str, tuple[Row, ...]] = field(init=False, repr=False, compare=False)
    _rows_to: Mapping[str, tuple[Row, ...]] = field(init=False, repr=False, compare=False)
    _speakers: Mapping[str, tuple[Speaker, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        partners = {domain_name(domain): row for domain, row in self.partners.items()}
        object.__setattr__(self, "partners", MappingProxyType(partners))
        object.__setattr__(self, "providers", tuple(self.providers))
        for name, index in _indexes(self).items():
            object.__setattr__(self, name, index)
        object.__setattr__(self, "content_is_uniform", _content_is_uniform(self))
        if problems := [Problem("", key, message) for key, message in errors_in(self)]:
            raise ConfigError(problems)

    def direct_partner(self, domain: str) -> Partner | None:
        """The direct partner that a domain is; None also where an earlier line has it among the discovered (F064)."""
        row = self.partners.get(domain)
        return None if row is None or self.discovered.lists_before(domain, row.line) else row

    def provider_at(self, proxy: str) -> Provider | None:
        """The enabled provider whose proxy has this name: what a domain's SRV record is compared with (F086)."""
        return self._providers_by_proxy.get(proxy)

    def provider_of(self, domain: str) -> Provider | None:
        """The enabled provider that an operator lists this domain under; most are told by their SRV record alone."""
        return self._providers_by_domain.get(domain)

    def is_unlisted(self, domain: str) -> bool:
        """Whether a domain is in no table and may come all the same, if its record and its certificate say so."""
        if not (self.discovered.enabled and self.discovered.any_domain):
            return False
        listed = (self.direct_partner(domain), self.federated.find(domain), self.provider_of(domain))
        return not any(listed) and domain not in self.discovered.domains and domain not in self.own.domains

    @property
    def has_providers(self) -> bool:
        """Whether a domain's SRV record could name a provider."""
        return bool(self._providers_by_proxy)

    def rows_at(self, address: str) -> tuple[Row, ...]:
        """The rows that this address is the hop of, where there is no TLS and the address is all that tells."""
        return self._rows_at.get(canonical_host(address), ())

    def rows_to(self, host: str) -> tuple[Row, ...]:
        """The rows that lead to a host over TLS, at whatever port; disabled providers are none."""
        return self._rows_to.get(host, ())

    def speakers(self, name: str) -> tuple[Speaker, ...]:
        """The rows that a certificate of this name may speak for; disabled providers are none."""
        return self._speakers.get(domain_name(name), ())

    def hops(self) -> Iterator[tuple[str, Hop]]:
        """Every place outside that may be sent to without asking DNS, with its key; disabled providers are none."""
        yield from ((f"partner[{index}].proxy", row.proxy) for index, row in enumerate(self.partners.values()))
        yield from ((f"provider[{index}].proxy", row.proxy) for index, row in enumerate(self.providers) if row.enabled)
        yield from ((f"static_route[{i}].next_hop", row.next_hop) for i, row in enumerate(self.static_routes.rows))
        if self.default_route is not None:
            yield "default_route.proxy", self.default_route.proxy

    def known_peer(self, side: Side, address: str) -> bool:
        """Whether anything may be sent to this address on this side."""
        return self.own.may_send_outward(address) if side is Side.INSIDE else bool(self.rows_at(address))


def hop_of(row: Row) -> Hop:
    """Where a row leads to."""
    return row.next_hop if isinstance(row, StaticRoute) else row.proxy


def _indexes(tables: Tables) -> dict[str, dict[str, object]]:
    enabled = [row for row in tables.providers if row.enabled]
    return {
        "_providers_by_proxy": {row.proxy.host: row for row in enabled},
        "_providers_by_domain": {domain: row for row in enabled for domain in row.domains},
        # With TLS an address proves nothing: whoever has it would be believed without the certificate.
        "_rows_at": _grouped(
            (hop_of(row).host, row) for row in _rows(tables) if hop_of(row).transport is not Transport.TLS
        ),
        "_rows_to": _grouped(
            (hop_of(row).host, row) for row in _rows(tables) if hop_of(row).transport is Transport.TLS
        ),
        "_speakers": _grouped(
            (subject.name, Speaker(row, subject.match_cn)) for row in _rows(tables) for subject in _subjects(row)
        ),
    }


def _rows(tables: Tables) -> Iterator[Row]:
    yield from tables.partners.values()
    yield from (row for row in tables.providers if row.enabled)
    yield from tables.static_routes.rows
    if tables.default_route is not None:
        yield tables.default_route


def _subjects(row: Row) -> tuple[Subject, ...]:
    return subjects_of(hop_of(row), row.subjects)


def _content_is_uniform(tables: Tables) -> bool:
    said = [*(row.content for row in tables.partners.values()), *(row.content for row in tables.providers)]
    said += [*(row.content for row in tables.federated.rows.values()), tables.discovered.content]
    if tables.default_route is not None:
        said.append(tables.default_route.content)
    limited = any(row.enabled and row.public for row in tables.providers)
    return tables.content == ContentSwitches() and not limited and all(each.says_nothing for each in said)


def _grouped(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, list[object]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}
