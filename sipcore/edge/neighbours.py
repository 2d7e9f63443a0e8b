"""Who should be at the other end of a link that we open, and for which class of links a certificate was proven.

`identity` says who *came*, by the names of a certificate; this is the same question for whom we went to. A hop is known
by the rows that lead there, and where several do, its certificate has to satisfy each of them.

Source: docs/protocol.md "Certificates" (F038, F059, F165, F204).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sipcore.edge.actions import Certificate, Link
from sipcore.edge.flow import PeerKind
from sipcore.edge.identity import class_of, evidence_for
from sipcore.edge.tables import Hop, LinkClass, Side, Subject, Tables, hop_of, is_address, subjects_of

__all__ = ["Expected", "expected_at", "is_ruled_out"]


@dataclass(frozen=True, slots=True)
class Expected:
    """Who is expected at a hop.

    Attributes:
        link_class: whose trust roots count.
        subjects: for each row that leads there the names of which one has to be in the certificate.
        server_name: what to ask for by name in the handshake; None where only an address is known.
    """

    link_class: LinkClass
    subjects: tuple[tuple[Subject, ...], ...]
    server_name: str | None

    def admits(self, certificate: Certificate) -> bool:
        """Whether a certificate is theirs."""
        return all(any(_has(certificate, subject) for subject in row) for row in self.subjects)

    def __str__(self) -> str:
        return " and ".join(" or ".join(subject.name for subject in row) for row in self.subjects)


def expected_at(side: Side, hop: Hop, tables: Tables) -> Expected:
    """Who is expected at a hop. No row leads to a discovered peer's, which is known by its own name alone."""
    if side is Side.INSIDE:
        return _expected(LinkClass.INSIDE, hop, (_inside_subjects(hop, tables),))
    rows = tables.rows_to(hop.host)
    classes = {class_of(row) for row in rows}
    if not rows:
        return _expected(LinkClass.DISCOVERED, hop, ((Subject(hop.host),),))
    strictest = LinkClass.PROVIDER if LinkClass.PROVIDER in classes else LinkClass.PARTNER
    return _expected(strictest, hop, tuple(dict.fromkeys(subjects_of(hop_of(row), row.subjects) for row in rows)))


def is_ruled_out(link: Link, tables: Tables) -> bool:
    """Whether a peer would be somebody by its names, and is nobody only because of who vouches for it."""
    assert link.certificate is not None
    anyhow = replace(link, certificate=replace(link.certificate, classes=frozenset(LinkClass)))
    strangers = [evidence_for(each, tables).kind is PeerKind.STRANGER for each in (link, anyhow)]
    return strangers == [True, False]


def _expected(link_class: LinkClass, hop: Hop, subjects: tuple[tuple[Subject, ...], ...]) -> Expected:
    named = (subject.name for row in subjects for subject in row if not is_address(subject.name))
    return Expected(link_class, subjects, next(named, None) if is_address(hop.host) else hop.host)


def _inside_subjects(hop: Hop, tables: Tables) -> tuple[Subject, ...]:
    """The next hop's, which may be a pool whose servers are listed; anybody else's inside is his own name."""
    own = tables.own
    if hop != own.next_hop:
        return (Subject(hop.host, own.match_cn),)
    listed = own.subjects or tuple(map(Subject, sorted({hop.host, *own.servers})))
    return tuple(replace(subject, match_cn=subject.match_cn or own.match_cn) for subject in listed)


def _has(certificate: Certificate, subject: Subject) -> bool:
    return subject.name in certificate.names or (subject.match_cn and subject.name == certificate.common_name)
