"""Our own certificates: whether key, names, dates and purposes are those that peers will ask for (F040, F050, F082)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from sipcore.edge.tables import OwnSide, Side
from sipcore.errors import Problem
from sipcore.relay.certificates import date_fault, extension_of, spoken_names
from sipcore.relay.tls_settings import Identity, NamedFile

__all__ = ["OwnCertificate", "expiry_warnings", "read_own"]

#: So long before a certificate ends its operator is told.
NOTICE = datetime.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """One side's certificate.

    Attributes:
        files: where it and its key are.
        names: what it names.
        expires: when it ends.
    """

    files: Identity
    names: tuple[str, ...]
    expires: datetime.datetime


def read_own(
    side: Side, files: Identity, own: OwnSide, now: datetime.datetime, complain: Callable[[Problem], None]
) -> tuple[OwnCertificate | None, list[Problem]]:
    """One side's certificate and what its operator should know of it; None with faults, then told to ``complain``."""
    certificate = _certificate(files.certificate, complain)
    same_file = files.key == files.certificate
    key = None if certificate is None and same_file else _public_key(files.key, complain)
    if certificate is None or key is None:
        return None, []
    try:
        names = spoken_names(certificate).names
        faults = list(_faults(certificate, key, files, now))
    except ValueError as error:
        complain(files.certificate.problem(f"{files.certificate.path} is malformed ({error})"))
        return None, []
    for fault in faults:
        complain(fault)
    read = OwnCertificate(files, names, certificate.not_valid_after_utc)
    return (None if faults else read), list(_name_warnings(side, read, own))


def _certificate(file: NamedFile, complain: Callable[[Problem], None]) -> x509.Certificate | None:
    """The first in the file: what follows stands between it and a root."""
    if (source := file.read(complain)) is None:
        return None
    try:
        return x509.load_pem_x509_certificates(source)[0]
    except ValueError:
        complain(file.problem(f"{file.path} has no certificate in PEM"))
        return None


def _public_key(file: NamedFile, complain: Callable[[Problem], None]) -> object:
    """The public half of a private key; None with faults. A key is never quoted."""
    if (source := file.read(complain)) is None:
        return None
    try:
        return load_pem_private_key(source, None).public_key()
    except TypeError:
        complain(file.problem(f"{file.path} is encrypted; expected a key without a passphrase, readable by us alone"))
    except UnsupportedAlgorithm as error:
        complain(file.problem(f"{file.path} has a key of a kind that is not supported ({error})"))
    except ValueError:
        complain(file.problem(f"{file.path} has no private key in PEM"))
    return None


def _key_of(certificate: x509.Certificate) -> object:
    """Its public key; None of a kind that is not supported, which is no key that was read."""
    try:
        return certificate.public_key()
    except UnsupportedAlgorithm:
        return None


def _faults(certificate: x509.Certificate, key: object, files: Identity, now: datetime.datetime) -> Iterator[Problem]:
    if _key_of(certificate) != key:
        yield files.key.problem(f"{files.key.path} is not the key of {files.certificate.path}")
    file = files.certificate
    if fault := date_fault(certificate, now):
        yield file.problem(f"{file.path} {fault}")
    usage = extension_of(certificate, x509.ExtendedKeyUsage)
    if usage is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        yield file.problem(f"{file.path} is not for server authentication, so no peer can connect to us")


def _name_warnings(side: Side, own_certificate: OwnCertificate, own: OwnSide) -> Iterator[Problem]:
    """Peers look for the name that they have been told or have found by SRV (F061, F082)."""
    expected = {own.fqdn, own.public_fqdn} if side is Side.OUTSIDE else {own.inside_fqdn}
    file = own_certificate.files.certificate
    for name in sorted(expected - set(own_certificate.names)):
        yield file.problem(f"{file.path} does not name {name}, so peers that look for that name refuse it")


def expiry_warnings(own_certificate: OwnCertificate, now: datetime.datetime) -> Iterator[Problem]:
    """That a certificate ends soon."""
    if now > own_certificate.expires - NOTICE:
        file = own_certificate.files.certificate
        yield file.problem(f"{file.path} expires on {own_certificate.expires:%Y-%m-%d %H:%M} UTC; renew it")
