"""Certificate revocation lists: honoured where given, so that a peer of an authority without one still comes in.

OpenSSL's own switch knows only all or nothing: with it every authority needs a list. So the verified chain is held
against the lists here. A list that should be there but cannot be used - it is out of date, or not signed by the
authority of its name - refuses that authority's certificates: whoever could withhold or replace a list would otherwise
have what was revoked back.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from sipcore.errors import Problem
from sipcore.relay.certificates import described
from sipcore.relay.tls_settings import NamedFile

__all__ = ["Revocations", "read_revocations"]

#: A PEM file may hold several lists; cryptography reads one.
_END = b"-----END X509 CRL-----"


@dataclass(frozen=True, slots=True)
class _List:
    source: x509.CertificateRevocationList
    serials: frozenset[int]

    def is_of(self, authority: x509.Certificate) -> bool:
        """Whether this authority has signed it."""
        try:
            key = authority.public_key()
            return self.source.is_signature_valid(key)  # type: ignore[arg-type] # a key that signs nothing raises
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            return False


class Revocations:
    """The lists by the names of their authorities."""

    def __init__(self, lists: Sequence[x509.CertificateRevocationList] = ()) -> None:
        self._lists: dict[x509.Name, list[_List]] = {}
        for each in lists:
            entry = _List(each, frozenset(revoked.serial_number for revoked in each))
            self._lists.setdefault(each.issuer, []).append(entry)

    def fault(self, chain: Sequence[x509.Certificate], now: datetime.datetime) -> str:
        """What is wrong with a verified chain; empty when nothing in it is revoked."""
        for certificate, authority in pairwise(chain):
            lists = self._lists.get(authority.subject, ())
            if lists and (fault := _fault(certificate, authority, lists, now)):
                return fault
        return ""

    def next_updates(self) -> Iterator[tuple[str, datetime.datetime]]:
        """Each authority, and when the list of it is due to be replaced."""
        for name, lists in self._lists.items():
            for each in lists:
                if (due := each.source.next_update_utc) is not None:
                    yield name.rfc4514_string(), due


def _fault(
    certificate: x509.Certificate, authority: x509.Certificate, lists: Sequence[_List], now: datetime.datetime
) -> str:
    signed = [each for each in lists if each.is_of(authority)]
    if any(certificate.serial_number in each.serials for each in signed):
        return f"{described(certificate)} is revoked"
    if not signed:
        return f"the revocation list of {described(authority)} is not signed by it"
    if all(each.source.next_update_utc is not None and each.source.next_update_utc < now for each in signed):
        return f"the revocation list of {described(authority)} is out of date"
    return ""


def read_revocations(files: Sequence[NamedFile], complain: Callable[[Problem], None]) -> Revocations:
    """Read every list; what is wrong with one is told to ``complain``."""
    found = []
    for file in files:
        source = file.read(complain)
        try:
            lists = [x509.load_pem_x509_crl(part + _END) for part in (source or b"").split(_END)[:-1]]
        except ValueError as error:
            complain(file.problem(f"{file.path} is malformed ({error})"))
            continue
        if source is not None and not lists:
            complain(file.problem(f"{file.path} has no revocation list in PEM"))
        found += lists
        for each in lists:
            if unknown := next((str(part.oid.dotted_string) for part in each.extensions if part.critical), ""):
                what = "is about some of its authority's certificates only"
                complain(file.problem(f"{file.path} {what} (critical extension {unknown}); expected a complete list"))
    return Revocations(found)
