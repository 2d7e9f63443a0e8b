"""Certificate names: which of them may speak for a row of a table (F165, F204)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipcore.edge.tables.hops import Hop
from sipcore.edge.tables.names import Fault, domain_name, name_fault

__all__ = ["Subject", "subject_faults", "subjects_of"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A name that a certificate may have.

    Attributes:
        name: a DNS name, without wildcards: certificates that name a whole domain prove no server.
        match_cn: believe it in the subject's common name too, also where the certificate has other names. Only what an
            operator has listed can ask for this: certificates of 2005 often have a common name alone.
    """

    name: str
    match_cn: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", domain_name(self.name))


def subjects_of(hop: Hop, listed: tuple[Subject, ...]) -> tuple[Subject, ...]:
    """The names that speak for a row: those that the operator lists, else the name of its hop and nothing else."""
    return listed or (Subject(hop.host),)


def subject_faults(key: str, subjects: tuple[Subject, ...]) -> Iterator[Fault]:
    """What is wrong with a list of names."""
    for index, subject in enumerate(subjects):
        if fault := name_fault(subject.name):
            yield f"{key}[{index}].name", f"{subject.name!r} is not a certificate's name: {fault}"
