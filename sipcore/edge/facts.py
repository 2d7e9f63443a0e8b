"""What DNS has said of domains: the only thing that a decision is told besides the tables, the users and the request.

A fact is about the ``_sipfederationtls._tcp`` record of a domain (F077). That there is none is a fact too. Facts come
from outside and expire; which of them still holds is asked with the time in hand, so that decisions stay pure.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sipcore.edge.tables import TLS_PORT, Hop, Transport, domain_name

__all__ = ["Facts", "FactsNow", "Found", "SrvFact", "Target"]

#: Domains remembered at once, some 5 MB when full; past it the one that was learnt first is asked for again.
REMEMBERED_DOMAINS = 10_000


class Found(StrEnum):
    """How a look-up ended."""

    RECORDS = "records"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Target:
    """One SRV record (RFC 2782).

    Attributes:
        host: the name that it points to.
        port: 1 to 65535.
        priority: the lowest first.
        weight: the share among those of one priority.
    """

    host: str
    port: int = TLS_PORT
    priority: int = 0
    weight: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", domain_name(self.host))

    @property
    def hop(self) -> Hop:
        """Where it leads to; federation by DNS is always TLS."""
        return Hop(Transport.TLS, self.host, self.port)


@dataclass(frozen=True, slots=True)
class SrvFact:
    """What is known of one domain.

    Attributes:
        domain: in canonical spelling.
        found: whether there are records, provably none, or the look-up failed.
        targets: the records, in any order; none unless there are records.
        expires: when it is to be asked for again, on the engine's clock, in seconds.

    Raises:
        ValueError: records without targets, or targets without records.
    """

    domain: str
    found: Found = Found.ABSENT
    targets: tuple[Target, ...] = ()
    expires: float = 0.0

    def __post_init__(self) -> None:
        if (self.found is Found.RECORDS) != bool(self.targets):
            raise ValueError("records have targets, and nothing else has")
        object.__setattr__(self, "domain", domain_name(self.domain))

    @classmethod
    def of(cls, domain: str, *targets: Target | str, expires: float = 0.0) -> SrvFact:
        """A domain whose records point to these hosts; provably none without any."""
        records = tuple(target if isinstance(target, Target) else Target(target) for target in targets)
        return cls(domain, Found.RECORDS if records else Found.ABSENT, records, expires)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Whom the records name."""
        return tuple(target.host for target in self.targets)

    def in_order(self, draw: int) -> Iterator[Target]:
        """The records in the order in which to try them: by priority, within one by weight (RFC 2782).

        Args:
            draw: any number. The same one gives the same order, so that copies of a message and its CANCEL get to the
                same target (RFC 3261 section 16.11; a weight of 0 counts as a little). Whoever is drawn next is drawn
                from those that are left, so without the first everything else stays in place.
        """
        for priority in sorted({target.priority for target in self.targets}):
            of_one = [target for target in self.targets if target.priority == priority]
            choices = sorted(of_one, key=lambda t: (t.weight, t.host, t.port))
            while choices:
                yield choices.pop(_drawn(choices, draw))

    def __str__(self) -> str:
        return f"SRV of {self.domain}: {', '.join(self.hosts) or _IN_WORDS[self.found]}"


_IN_WORDS = {Found.ABSENT: "none", Found.FAILED: "the look-up failed", Found.RECORDS: ""}
#: RFC 2782 gives records of weight 0 "a very small chance" beside others; among themselves they are equal.
_SMALLEST, _UNIT = 1, 100


def _drawn(choices: Sequence[Target], draw: int) -> int:
    left = draw % sum(map(_share, choices))
    for index, choice in enumerate(choices):
        left -= _share(choice)
        if left < 0:
            return index
    return -1


def _share(target: Target) -> int:
    return target.weight * _UNIT or _SMALLEST


class Facts:
    """The facts that the engine has been told, bounded.

    Attributes:
        generation: another number after each fact that was learnt: decisions made before may be others now.
    """

    def __init__(self, capacity: int = REMEMBERED_DOMAINS) -> None:
        self._capacity = capacity
        self._facts: OrderedDict[str, SrvFact] = OrderedDict()
        self.generation = 0

    def __len__(self) -> int:
        return len(self._facts)

    def learn(self, fact: SrvFact) -> None:
        """Know it from now on, in place of what was known of that domain."""
        self.generation += 1
        self._facts[fact.domain] = fact
        self._facts.move_to_end(fact.domain)
        if len(self._facts) > self._capacity:
            self._facts.popitem(last=False)

    def at(self, now: float, *also: SrvFact) -> FactsNow:
        """What holds at that time, and what has just been learnt, be it over already."""
        return FactsNow(self._facts, now, also)

    def ever(self) -> FactsNow:
        """Expired ones too: for what answers a request that was sent when they held."""
        return FactsNow(self._facts, -math.inf, ())


class FactsNow(Mapping[str, SrvFact]):
    """Facts as of one moment.

    Attributes:
        asked: any was asked for: whatever was decided since depends on them, and not for long.
    """

    __slots__ = ("_also", "_facts", "_now", "asked")

    def __init__(self, facts: Mapping[str, SrvFact], now: float, also: Iterable[SrvFact]) -> None:
        self._facts, self._now = facts, now
        self._also = {fact.domain: fact for fact in also}
        self.asked = False

    def __getitem__(self, domain: str) -> SrvFact:
        self.asked = True
        if (fresh := self._also.get(domain)) is not None:
            return fresh
        fact = self._facts[domain]
        if fact.expires <= self._now:
            raise KeyError(domain)
        return fact

    def __iter__(self) -> Iterator[str]:
        held = {domain for domain, fact in self._facts.items() if fact.expires > self._now}
        return iter(held | set(self._also))

    def __len__(self) -> int:
        return sum(1 for _ in self)
