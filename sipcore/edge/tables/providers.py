"""IM service providers: operators who host many domains behind one proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sipcore.edge.tables.content import RowContent
from sipcore.edge.tables.hops import TLS_PORT, Hop, Transport, tls_faults
from sipcore.edge.tables.names import Domains, Fault, is_address, name_faults
from sipcore.edge.tables.subjects import Subject, subject_faults
from sipcore.edge.tables.verification import VerificationLevel

__all__ = ["PRELOADED", "Provider", "provider_faults", "with_preloaded"]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider (F084 to F086, F090). Which domains it hosts is said by their SRV records, which name its proxy.

    Attributes:
        name: what the operator calls it.
        proxy: its edge: always a name, always TLS (F096).
        enabled: a row is off until somebody switches it on.
        public: it takes the user's right for public IM rather than that for federation, and the mark says so.
        verification: the level for what its users send.
        domains: domains that the operator takes for its own without asking DNS.
        subjects: certificate names that speak for it, where they are others than the proxy's.
        line: where the row stands in the file; 0 for a preloaded one.
        content: whether its messages are filtered, and what may be exchanged.
    """

    name: str
    proxy: Hop
    enabled: bool = False
    public: bool = False
    verification: VerificationLevel = VerificationLevel.VERIFIED_BY_PROVIDER
    domains: Domains = field(default_factory=Domains)
    subjects: tuple[Subject, ...] = ()
    line: int = field(default=0, compare=False)
    content: RowContent = field(default_factory=RowContent)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", Domains(self.domains))


def _public(name: str, proxy: str) -> Provider:
    return Provider(name, Hop(Transport.TLS, proxy, TLS_PORT), public=True)


#: The three that came with the server of 2005, disabled (F089). All of them have closed their service since.
PRELOADED = (
    _public("AOL", "sip.oscar.aol.com"),
    _public("MSN", "federation.messenger.msn.com"),
    _public("Yahoo!", "lcsap.msg.yahoo.com"),
)


def with_preloaded(rows: tuple[Provider, ...]) -> tuple[Provider, ...]:
    """An operator's rows and the preloaded ones, but for those whose proxy or name an operator's row has."""
    taken = {row.proxy.host for row in rows} | {row.name for row in rows}
    return (*rows, *(row for row in PRELOADED if taken.isdisjoint((row.proxy.host, row.name))))


def provider_faults(key: str, row: Provider) -> Iterator[Fault]:
    """What is wrong with a row by itself, be it enabled or not."""
    yield from tls_faults(f"{key}.proxy", row.proxy, "a provider")
    if is_address(row.proxy.host):
        yield f"{key}.proxy.address", f"{row.proxy.host} is an address; expected the name that SRV records point to"
    yield from name_faults(f"{key}.domains", row.domains)
    yield from subject_faults(f"{key}.subjects", row.subjects)
