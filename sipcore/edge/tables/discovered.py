"""Enhanced federation: peers that nobody has listed a proxy for, found by DNS SRV and proven by their certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sipcore.edge.tables.content import RowContent
from sipcore.edge.tables.names import Domains, Fault, name_faults
from sipcore.edge.tables.verification import VerificationLevel

__all__ = ["Discovered", "RateLimits"]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a discovered peer may send that no list names (docs/protocol.md "Who is federated with").

    Attributes:
        per_second: messages a second.
        suspicious_per_second: messages a second of a peer most of whose requests fail.
        watched_targets: distinct targets past which a peer is on the watch list.
    """

    per_second: int = 20
    suspicious_per_second: int = 1
    watched_targets: int = 1_000

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the limits."""
        if self.suspicious_per_second > self.per_second:
            what = f"a suspicious peer would have more than the {self.per_second} of any other"
            yield "discovered.suspicious_per_second", f"{what}; expected at most that"


@dataclass(frozen=True, slots=True)
class Discovered:
    """Whom we look for in DNS, and who may find us (F053 to F057).

    Attributes:
        enabled: off until somebody asks for it.
        domains: with whom, while it is on. An empty list is nobody. It is kept and checked while it is off.
        any_domain: with everybody who has a certificate, the list notwithstanding.
        verification: the level for what discovered users send. The guide gives none (F127); this is its default for
            everybody else.
        limits: what they may send.
        content: whether their messages are filtered, and what may be exchanged.
    """

    enabled: bool = False
    domains: Domains = field(default_factory=Domains)
    any_domain: bool = False
    verification: VerificationLevel = VerificationLevel.VERIFIED_BY_PROVIDER
    limits: RateLimits = field(default_factory=RateLimits)
    content: RowContent = field(default_factory=RowContent)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", Domains(self.domains))

    def admits(self, domain: str) -> bool:
        """Whether that domain may be looked for, and may come."""
        return self.enabled and (self.any_domain or domain in self.domains)

    def lists_before(self, domain: str, line: int) -> bool:
        """Whether the list names that domain, counts, and does so above that line of the file (F064)."""
        return self.enabled and 0 < self.domains.line(domain) < line

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the section by itself."""
        yield from name_faults("discovered.domains", self.domains)
        yield from self.limits.faults()
