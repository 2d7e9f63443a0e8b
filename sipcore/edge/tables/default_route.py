"""The default route: a clearing house that takes whatever no other table knows (F107)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sipcore.edge.tables.content import RowContent
from sipcore.edge.tables.hops import Hop
from sipcore.edge.tables.names import Fault
from sipcore.edge.tables.subjects import Subject, subject_faults
from sipcore.edge.tables.verification import VerificationLevel

__all__ = ["DefaultRoute"]


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """A clearing house that we use. (Whether we are one is `Federation.clearing_house`.)

    Attributes:
        proxy: its edge.
        name: what the operator calls it.
        verification: the level for what comes through it.
        subjects: certificate names that speak for it, where they are others than the proxy's.
        line: where it stands in the file; 0 where there is none.
        content: whether its messages are filtered, and what may be exchanged.
    """

    proxy: Hop
    name: str = "clearing house"
    verification: VerificationLevel = VerificationLevel.VERIFIED_BY_PROVIDER
    subjects: tuple[Subject, ...] = ()
    line: int = field(default=0, compare=False)
    content: RowContent = field(default_factory=RowContent)

    def faults(self) -> Iterator[Fault]:
        """What is wrong with it by itself."""
        yield from subject_faults("default_route.subjects", self.subjects)
