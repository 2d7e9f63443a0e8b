"""The sections of ``edge.toml`` about those that are federated with, one struct a table.

A partner needs its domain and its proxy, a provider its proxy, discovered peers nothing at all (F087).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from sipcore.configuration.hop_tables import HopTable, SubjectTable
from sipcore.configuration.leaves import (
    Count,
    Domain,
    DomainName,
    Header,
    Level,
    MediaName,
    PlainName,
    Route,
    Switch,
    Title,
)
from sipcore.edge.tables import DomainType, RateLimits, VerificationLevel

__all__ = [
    "ArchivingNoticeSection",
    "BlockedSection",
    "DefaultRouteSection",
    "DiscoveredSection",
    "FederatedDomainTable",
    "FederationSection",
    "PartnerTable",
    "ProviderTable",
    "StaticRouteTable",
]

_Domains = Annotated[list[Domain], Meta(description='domain names, ["fabrikam.example"]')]
_Method = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.!%*_+`'~-]+$", description='a method by its exact name, "MESSAGE"')]
_Methods = Annotated[list[_Method], Meta(description='methods, ["INVITE", "ACK", "CANCEL"]')]
_LIMITS = RateLimits()
_BY_PROVIDER = VerificationLevel.VERIFIED_BY_PROVIDER


class FederationSection(Struct, frozen=True):
    """``[federation]``: what may cross the border at all."""

    enabled: Switch = True
    organisation: Switch = True
    clearing_house: Switch = False
    remote_access: Switch = False
    preload_providers: Switch = True
    default_routing_domain: Domain = DomainName("aol.com")
    methods: _Methods | None = None


class PartnerTable(Struct, frozen=True):
    """``[[partner]]``: a directly federated domain with its proxy."""

    domain: Domain
    proxy: HopTable
    name: Title = PlainName()
    verification: Level = _BY_PROVIDER
    subjects: list[SubjectTable] = []
    filter: Switch | None = None
    media: MediaName | None = None


class DiscoveredSection(Struct, frozen=True):
    """``[discovered]``: partners found by DNS."""

    enabled: Switch = False
    domains: _Domains = []
    any_domain: Switch = False
    verification: Level = _BY_PROVIDER
    per_second: Count = _LIMITS.per_second
    suspicious_per_second: Count = _LIMITS.suspicious_per_second
    watched_targets: Count = _LIMITS.watched_targets
    filter: Switch | None = None
    media: MediaName | None = None


class ProviderTable(Struct, frozen=True):
    """``[[provider]]``: an IM service provider, known by its proxy."""

    name: Title
    proxy: HopTable
    enabled: Switch = False
    public: Switch = False
    verification: Level = _BY_PROVIDER
    domains: _Domains = []
    subjects: list[SubjectTable] = []
    filter: Switch | None = None
    media: MediaName | None = None


class DefaultRouteSection(Struct, frozen=True):
    """``[default_route]``: the clearing house that takes what no other table knows."""

    proxy: HopTable
    name: Title = PlainName("clearing house")
    verification: Level = _BY_PROVIDER
    subjects: list[SubjectTable] = []
    filter: Switch | None = None
    media: MediaName | None = None


class StaticRouteTable(Struct, frozen=True):
    """``[[static_route]]``: a next hop by pattern."""

    pattern: Route
    next_hop: HopTable
    subjects: list[SubjectTable] = []


class FederatedDomainTable(Struct, frozen=True):
    """``[[federated_domain]]``: a domain with the kind of system that serves it."""

    domain: Domain
    type: Annotated[DomainType, Meta(description='"ocs" or "aol"')] = DomainType.OCS
    description: Annotated[str, Meta(max_length=255, description="a text of at most 255 characters")] = ""
    filter: Switch | None = None
    media: MediaName | None = None


class BlockedSection(Struct, frozen=True):
    """``[blocked]``: domains nobody may exchange messages with."""

    domains: Annotated[list[Domain], Meta(description='domain names, ["spam.example"]')] = []
    answer: Switch = False


class ArchivingNoticeSection(Struct, frozen=True):
    """``[archiving_notice]``: a header that tells partners of archiving."""

    enabled: Switch = False
    header: Header = "X-Archiving-Notice"
    value: Annotated[str, Meta(min_length=1, description="a text of one line")] = "archived"
