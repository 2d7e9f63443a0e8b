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
from cryptography.hazmat.primitives import hashes

from sipcore.errors import Problem
from sipcore.relay.certificates import described, quoted
from sipcore.relay.tls_settings import NamedFile

__all__ = ["RevocationList", "Revocations", "read_revocations"]

#: A PEM file may hold several lists; cryptography reads one.
_END = b"-----END X509 CRL-----"
#: How a list in DER begins: as a sequence.
_DER = b"\x30"
_FINGERPRINT = hashes.SHA256()


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list.

    Attributes:
        file: where it is.
        source: the list as it was signed.
        serials: of the certificates that it revokes.
    """

    file: NamedFile
    source: x509.CertificateRevocationList
    serials: frozenset[int]

    def is_of(self, authority: x509.Certificate) -> bool:
        """Whether this authority has signed it."""
        try:
            key = authority.public_key()
            return self.source.is_signature_valid(key)  # type: ignore[arg-type] # a key that signs nothing raises
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            return False

    def is_late(self, now: datetime.datetime) -> bool:
        """Whether it should have been replaced."""
        return self.source.next_update_utc is not None and self.source.next_update_utc < now


class Revocations:
    """The lists by the names of their authorities."""

    def __init__(self, lists: Sequence[RevocationList] = ()) -> None:
        self._lists: dict[x509.Name, list[RevocationList]] = {}
        for each in lists:
            self._lists.setdefault(each.source.issuer, []).append(each)
        self._signed: dict[tuple[NamedFile, bytes, bytes], bool] = {}

    def fault(self, chain: Sequence[x509.Certificate], now: datetime.datetime) -> str:
        """What is wrong with a verified chain; empty when nothing in it is revoked."""
        for certificate, authority in pairwise(chain):
            lists = self._lists.get(authority.subject, ())
            signed = [each for each in lists if self._is_signed(each, authority)]
            if lists and (fault := _fault(certificate, authority, signed, now)):
                return fault
        return ""

    def _is_signed(self, each: RevocationList, authority: x509.Certificate) -> bool:
        """Whether an authority has signed a list. It is found out once: a long list takes some 20 ms, a handshake two.

        Authorities of that name are few: all stand in chains that were verified.
        """
        key = (each.file, each.source.signature, authority.fingerprint(_FINGERPRINT))
        if key not in self._signed:
            self._signed[key] = each.is_of(authority)
        return self._signed[key]

    def warnings(self, now: datetime.datetime) -> Iterator[Problem]:
        """Which lists are out of date."""
        for name, lists in self._lists.items():
            for each in lists:
                if each.is_late(now):
                    what = f"all certificates of {quoted(name.rfc4514_string())} are refused"
                    yield each.file.problem(f"{each.file.path} is out of date; until it is replaced, {what}")


def _fault(
    certificate: x509.Certificate, authority: x509.Certificate, signed: Sequence[RevocationList], now: datetime.datetime
) -> str:
    if any(certificate.serial_number in each.serials for each in signed):
        return f"{described(certificate)} is revoked"
    if not signed:
        return f"the revocation list of {described(authority)} is not signed by it"
    if all(each.is_late(now) for each in signed):
        return f"the revocation list of {described(authority)} is out of date"
    return ""


def _lists(source: bytes) -> Iterator[x509.CertificateRevocationList]:
    in_pem = source.split(_END)[:-1]
    if not in_pem and source.startswith(_DER):
        yield x509.load_der_x509_crl(source)
    for part in in_pem:
        yield x509.load_pem_x509_crl(part + _END)


def read_revocations(files: Sequence[NamedFile], complain: Callable[[Problem], None]) -> Revocations:
    """Read every list; what is wrong with one is told to ``complain``."""
    found: list[RevocationList] = []
    for file in files:
        source = file.read(complain)
        try:
            lists = list(_lists(source or b""))
        except ValueError as error:
            complain(file.problem(f"{file.path} is malformed ({error})"))
            continue
        if source is not None and not lists:
            complain(file.problem(f"{file.path} has no revocation list in PEM or DER"))
        for each in lists:
            found.append(RevocationList(file, each, frozenset(revoked.serial_number for revoked in each)))
            if unknown := next((str(part.oid.dotted_string) for part in each.extensions if part.critical), ""):
                what = "is about some of its authority's certificates only"
                complain(file.problem(f"{file.path} {what} (critical extension {unknown}); expected a complete list"))
    return Revocations(found)
