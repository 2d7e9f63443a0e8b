"""Blocked domains: nothing is exchanged with them, whatever another table says (F065)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sipcore.edge.tables.names import Domains, Fault, name_faults

__all__ = ["Blocked"]


@dataclass(frozen=True, slots=True)
class Blocked:
    """The block list.

    Attributes:
        domains: exact names; the domain below a blocked one is another.
        answer: tell a blocked outside peer 403 instead of nothing.
    """

    domains: Domains = field(default_factory=Domains)
    answer: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", Domains(self.domains))

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the list by itself."""
        yield from name_faults("blocked.domains", self.domains)
