"""The shape of ``edge.toml``: one struct a section, one field a key.

Here is what every edge has; `federation_sections` has the tables of those it federates with. The types of single values
and what is expected of them are in `leaves`. Checks that need more than one key are in `assembly`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from sipcore.configuration.federation_sections import (
    ArchivingNoticeSection,
    BlockedSection,
    DefaultRouteSection,
    DiscoveredSection,
    FederatedDomainTable,
    FederationSection,
    PartnerTable,
    ProviderTable,
    StaticRouteTable,
)
from sipcore.configuration.hop_tables import HopTable, ListenTable, SubjectTable
from sipcore.configuration.leaves import (
    Count,
    Domain,
    DomainName,
    FarEnds,
    Header,
    Host,
    HostPort,
    Interval,
    LogFormat,
    LogLevel,
    LookUpSeconds,
    Seconds,
    Server,
    SideName,
    Switch,
    choices,
)
from sipcore.configuration.tls import TlsSection
from sipcore.edge.tables import MARK_HEADER, WhenOff
from sipcore.imfilter.rules_file import RulesTable
from sipcore.limits import DEFAULT

__all__ = [
    "BenotifySection",
    "DnsSection",
    "Document",
    "EdgeSection",
    "FilterSection",
    "InsideSection",
    "LimitsSection",
    "LogSection",
    "MetricsSection",
    "OutsideSection",
    "UsersSection",
    "VerificationSection",
]

_LISTEN = 'addresses to listen on, [{ address = "192.0.2.1" }]'
_Servers = Annotated[list[Server], Meta(description='addresses of name servers, ["192.0.2.53"]')]
_FilePath = Annotated[str, Meta(min_length=1, description="the path of a file")]


class EdgeSection(Struct, frozen=True):
    """``[edge]``: who we are."""

    fqdn: Annotated[DomainName, Meta(description='the name of this edge, "edge.contoso.example"')]
    domains: Annotated[list[Domain], Meta(min_length=1, description='the domains inside, ["contoso.example"]')]
    inside_fqdn: Domain | None = None
    federation_fqdn: Domain | None = None
    key_file: Annotated[str, Meta(min_length=1, description="the path of a file with one or two lines of hex")] = ""


class InsideSection(Struct, frozen=True):
    """``[inside]``: the side of our own servers."""

    listen: Annotated[list[ListenTable], Meta(min_length=1, description=_LISTEN)]
    next_hop: HopTable
    servers: Annotated[list[Host], Meta(min_length=1, description='names or addresses, ["sip.contoso.example"]')] = []
    subjects: list[SubjectTable] = []
    match_cn: Switch = False


class OutsideSection(Struct, frozen=True):
    """``[outside]``: the side of the federated world."""

    listen: Annotated[list[ListenTable], Meta(min_length=1, description=_LISTEN)]


class VerificationSection(Struct, frozen=True):
    """``[verification]``: the headers that say whether a sender is verified."""

    assertion_header: Header = "X-Verified-User"
    mark_header: Header = MARK_HEADER
    mark_own_users: Switch = True
    enforce_at_edge: Switch = False


class FilterSection(RulesTable, frozen=True):
    """``[filter]``: on or off, for whom not, and the rules: the keys of a rules file, or the path of one."""

    enabled: Switch = True
    exempt_inbound: FarEnds = field(default_factory=list)
    exempt_outbound: FarEnds = field(default_factory=list)
    file: Annotated[str, Meta(min_length=1, description='the path of a rules file, "rules.toml"')] = ""


class BenotifySection(Struct, frozen=True):
    """``[benotify]``: whether BENOTIFY is known, and where it becomes NOTIFY."""

    enabled: Switch = True
    when_off: Annotated[WhenOff, Meta(description='"discard" or "forward"')] = WhenOff.DISCARD
    to_notify: Annotated[list[SideName], Meta(description='sides, ["inside"]')] = []
    to_benotify: Annotated[list[SideName], Meta(description='sides, ["inside"]')] = []


class UsersSection(Struct, frozen=True):
    """``[users]``: where our users are listed."""

    file: _FilePath


class LimitsSection(Struct, frozen=True):
    """``[limits]``: of one message, by the names of `sipcore.Limits` and in bytes; of links and of what waits."""

    head: Count = DEFAULT.head
    body: Count = DEFAULT.body
    headers: Count = DEFAULT.headers
    header: Count = DEFAULT.header
    start_line: Count = DEFAULT.start_line
    via: Count = DEFAULT.via
    params: Count = DEFAULT.params
    max_links: Count = 4_096
    max_links_per_source: Count = 256
    max_new_links_per_source: Count = 64
    max_queue_bytes: Count = 4 << 20
    max_waiting_bytes: Count = 16 << 20
    max_unread_bytes: Count = 64 << 20
    max_unfinished_bytes: Count = 64 << 20
    idle_seconds: Seconds = 300
    connect_seconds: Seconds = 4
    first_message_seconds: Seconds = 10
    message_seconds: Seconds = 32
    keep_alive_seconds: Interval = 120
    shutdown_seconds: Seconds = 5


class DnsSection(Struct, frozen=True):
    """``[dns]``: whom each side asks for names, with how much patience, and for how long an answer holds."""

    inside: _Servers = []
    outside: _Servers = []
    timeout_seconds: LookUpSeconds = 2
    lookup_seconds: LookUpSeconds = 6
    min_ttl: Seconds = 5
    max_ttl: Seconds = 3_600
    max_queries: Count = 256


class MetricsSection(Struct, frozen=True):
    """``[metrics]``: where Prometheus may ask."""

    listen: Annotated[HostPort, Meta(description='an address and a port, "127.0.0.1:9090"')]


class LogSection(Struct, frozen=True):
    """``[log]``: what the log says, and how."""

    level: Annotated[LogLevel, Meta(description=choices(LogLevel))] = LogLevel.INFO
    format: Annotated[LogFormat, Meta(description=choices(LogFormat))] = LogFormat.AUTO
    text: Switch = False


class Document(Struct, frozen=True):
    """The whole file."""

    edge: EdgeSection
    inside: InsideSection
    outside: OutsideSection
    federation: FederationSection = field(default_factory=FederationSection)
    partner: list[PartnerTable] = []
    discovered: DiscoveredSection = field(default_factory=DiscoveredSection)
    provider: list[ProviderTable] = []
    default_route: DefaultRouteSection | None = None
    static_route: list[StaticRouteTable] = []
    federated_domain: list[FederatedDomainTable] = []
    blocked: BlockedSection = field(default_factory=BlockedSection)
    users: UsersSection | None = None
    verification: VerificationSection = field(default_factory=VerificationSection)
    archiving_notice: ArchivingNoticeSection = field(default_factory=ArchivingNoticeSection)
    filter: FilterSection = field(default_factory=FilterSection)
    benotify: BenotifySection = field(default_factory=BenotifySection)
    limits: LimitsSection = field(default_factory=LimitsSection)
    dns: DnsSection = field(default_factory=DnsSection)
    tls: TlsSection = field(default_factory=TlsSection)
    metrics: MetricsSection | None = None
    log: LogSection = field(default_factory=LogSection)
