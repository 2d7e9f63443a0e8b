"""Static routes: where domains are that DNS does not tell us of, by pattern; the most specific one wins.

A pattern is spelt in one of two ways, and the whole of a label counts in both: none of these matches
``xdomaina.example`` (F201).

    domaina.example        the domain itself, and nothing below it
    *.domaina.example      everything below it, not the domain itself
    .example.domaina.*     the domain and everything below it: Cisco's spelling, with the labels reversed
    .example.domaina       the domain itself, reversed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sipcore.edge.tables.hops import Hop
from sipcore.edge.tables.names import Fault, domain_name, name_fault
from sipcore.edge.tables.subjects import Subject, subject_faults

__all__ = ["Pattern", "StaticRoute", "StaticRoutes"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a route is for.

    Attributes:
        domain: the domain that the pattern is about.
        itself: it takes that domain.
        below: it takes all domains below it.
    """

    domain: str
    itself: bool
    below: bool

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read either spelling.

        Raises:
            ValueError: it is neither, and says what is wrong.
        """
        spelt = domain_name(text)
        if spelt.startswith("."):
            below = spelt.endswith(".*")
            labels = spelt.removesuffix(".*").split(".")[1:]
            found = cls(".".join(reversed(labels)), itself=True, below=below)
        else:
            below = spelt.startswith("*.")
            found = cls(spelt.removeprefix("*."), itself=not below, below=below)
        if spelt in {"*", ".*"}:
            raise ValueError("a pattern for everything is a default route; use [default_route]")
        if "*" in found.domain:
            raise ValueError("a wildcard is the whole first label, or the whole last one of a reversed pattern")
        if fault := name_fault(found.domain):
            raise ValueError(fault)
        return found

    def __str__(self) -> str:
        if not self.below:
            return self.domain
        return f"{self.domain} and everything below it" if self.itself else f"everything below {self.domain}"


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A next hop for the domains that a pattern takes (F200, F201).

    Attributes:
        pattern: for whom.
        next_hop: where to.
        subjects: certificate names that speak for the next hop, where they are others than its own.
        line: where the row stands in the file; 0 where there is none.
    """

    pattern: Pattern
    next_hop: Hop
    subjects: tuple[Subject, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StaticRoutes:
    """All static routes, found in as many steps as a domain has labels.

    Attributes:
        rows: in the order of the file, which has no meaning but for people.
    """

    rows: Sequence[StaticRoute] = ()
    _at: Mapping[str, StaticRoute] = field(init=False, repr=False, compare=False)
    _below: Mapping[str, StaticRoute] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        at = {row.pattern.domain: row for row in reversed(self.rows) if row.pattern.itself}
        below = {row.pattern.domain: row for row in reversed(self.rows) if row.pattern.below}
        object.__setattr__(self, "_at", at)
        object.__setattr__(self, "_below", below)

    def find(self, domain: str) -> StaticRoute | None:
        """The most specific route for a domain in canonical spelling: its own, else the nearest one from above."""
        if (own := self._at.get(domain)) is not None or not self._below:
            return own
        dot = domain.find(".")
        while dot >= 0:
            if (found := self._below.get(domain[dot + 1 :])) is not None:
                return found
            dot = domain.find(".", dot + 1)
        return None

    def faults(self) -> Iterator[Fault]:
        """Which routes take what another takes already: neither would be more specific."""
        for index, row in enumerate(self.rows):
            pattern, key = row.pattern, f"static_route[{index}]"
            winners = {"": self._at if pattern.itself else {}, "domains below ": self._below if pattern.below else {}}
            for what, taken in winners.items():
                if taken.get(pattern.domain, row) is not row:
                    yield f"{key}.pattern", f"{what}{pattern.domain} have a route already; remove one of the two"
            yield from subject_faults(f"{key}.subjects", row.subjects)
