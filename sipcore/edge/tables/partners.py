"""Direct partners: domains whose proxy the operator knows and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sipcore.edge.tables.content import RowContent
from sipcore.edge.tables.hops import Hop, Transport
from sipcore.edge.tables.names import Fault, domain_name, name_fault
from sipcore.edge.tables.subjects import Subject, subject_faults
from sipcore.edge.tables.verification import VerificationLevel

__all__ = ["Partner", "partner_faults"]


@dataclass(frozen=True, slots=True)
class Partner:
    """A domain that is federated with directly (F037, F087).

    Attributes:
        domain: its SIP domain; a partner with several has a row for each, and all of them may name one proxy.
        name: what the operator calls it.
        proxy: its edge. Requests go there, and only what comes from it speaks for the domain.
        verification: the level for what its users send.
        subjects: certificate names that speak for it, where they are others than the proxy's.
        line: where the row stands in the file; 0 where there is none.
        content: whether its messages are filtered, and what may be exchanged.
    """

    domain: str
    name: str
    proxy: Hop
    verification: VerificationLevel = VerificationLevel.VERIFIED_BY_PROVIDER
    subjects: tuple[Subject, ...] = ()
    line: int = field(default=0, compare=False)
    content: RowContent = field(default_factory=RowContent)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", domain_name(self.domain))


def partner_faults(key: str, row: Partner) -> Iterator[Fault]:
    """What is wrong with a row by itself; how its proxy is reached is our own side's to say."""
    if fault := name_fault(row.domain):
        yield f"{key}.domain", f"{row.domain!r} is not a domain name: {fault}"
    yield from subject_faults(f"{key}.subjects", row.subjects)
    if row.subjects and row.proxy.transport is not Transport.TLS:
        yield f"{key}.subjects", f"there are no certificates over {row.proxy.transport}; remove the key"
