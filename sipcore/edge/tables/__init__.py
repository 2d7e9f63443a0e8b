"""What an operator has configured, frozen: who we are, where each side lies, who our partners are, who is blocked.

Everything in `edge` decides over these tables and over nothing else, so a decision can be repeated from a file and a
message. `Tables` checks itself: an edge that starts cannot contradict itself. One file a table:

    names          one spelling for names            static_routes  by pattern, the most specific one
    hops           sides, transports, places         federated      typed domains, the chains of AOL
    own            our own side                      subjects       which certificate names speak for a row
    partners       direct partners                   federation     global switches, archiving notice
    discovered     partners found by DNS             verification   levels, headers
    providers      IM service providers              best_effort    BENOTIFY
    default_route  the clearing house that we use    link_classes   whose trust roots count
    blocked        with whom nothing is exchanged    errors         what cannot be
    content        filter switches, media limits     warnings       what should be known
    model          all of them together
"""

from sipcore.edge.tables.best_effort import BestEffort, WhenOff
from sipcore.edge.tables.blocked import Blocked
from sipcore.edge.tables.content import ContentSwitches, FarEnd, Media, RowContent
from sipcore.edge.tables.default_route import DefaultRoute
from sipcore.edge.tables.discovered import Discovered, RateLimits
from sipcore.edge.tables.federated import (
    ALIASES,
    DomainType,
    FederatedDomain,
    FederatedDomains,
    Lookup,
    Step,
    served_as,
)
from sipcore.edge.tables.federation import METHODS, ArchivingNotice, Federation
from sipcore.edge.tables.hops import DEFAULT_PORT, TLS_PORT, Hop, Side, Transport
from sipcore.edge.tables.link_classes import LinkClass
from sipcore.edge.tables.model import Row, Speaker, Tables, hop_of
from sipcore.edge.tables.names import Domains, canonical_host, domain_name, is_address, name_fault
from sipcore.edge.tables.own import OwnSide
from sipcore.edge.tables.partners import Partner
from sipcore.edge.tables.providers import PRELOADED, Provider, with_preloaded
from sipcore.edge.tables.static_routes import Pattern, StaticRoute, StaticRoutes
from sipcore.edge.tables.subjects import Subject, subjects_of
from sipcore.edge.tables.verification import MARK_HEADER, Verification, VerificationLevel
from sipcore.edge.tables.warnings import warnings_in

__all__ = [
    "ALIASES",
    "DEFAULT_PORT",
    "MARK_HEADER",
    "METHODS",
    "PRELOADED",
    "TLS_PORT",
    "ArchivingNotice",
    "BestEffort",
    "Blocked",
    "ContentSwitches",
    "DefaultRoute",
    "Discovered",
    "DomainType",
    "Domains",
    "FarEnd",
    "FederatedDomain",
    "FederatedDomains",
    "Federation",
    "Hop",
    "LinkClass",
    "Lookup",
    "Media",
    "OwnSide",
    "Partner",
    "Pattern",
    "Provider",
    "RateLimits",
    "Row",
    "RowContent",
    "Side",
    "Speaker",
    "StaticRoute",
    "StaticRoutes",
    "Step",
    "Subject",
    "Tables",
    "Transport",
    "Verification",
    "VerificationLevel",
    "WhenOff",
    "canonical_host",
    "domain_name",
    "hop_of",
    "is_address",
    "name_fault",
    "served_as",
    "subjects_of",
    "warnings_in",
    "with_preloaded",
]
