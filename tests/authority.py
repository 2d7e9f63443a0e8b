"""A certificate authority for tests. Its leaves are for server authentication only, unless a test wants another shape.

That is what edges are given in the world (F046), and what other test authorities hide: theirs carry both purposes.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOR_SERVERS, FOR_CLIENTS, FOR_CODE = (
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.CODE_SIGNING,
)
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)

_Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Leaf:
    """A certificate with its key and what stands between it and its root."""

    certificate: x509.Certificate
    key: _Key
    between: tuple[x509.Certificate, ...]

    @property
    def pem(self) -> bytes:
        """Everything in one file: the certificate first, then the authorities, then the key."""
        return b"".join(map(_pem, (self.certificate, *self.between))) + self.key_pem

    @property
    def key_pem(self) -> bytes:
        """The key alone."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def write(self, path: Path) -> Path:
        """Write everything into one file."""
        path.write_bytes(self.pem)
        return path


class Authority:
    """Signs certificates, and revokes them.

    Args:
        name: its common name.
        above: the authority that has signed it; it is a root without.
        purposes: what it may issue certificates for; everything when None.
        is_authority: what its own certificate says of that.
    """

    def __init__(
        self,
        name: str = "Root",
        above: Authority | None = None,
        *,
        purposes: Iterable[x509.ObjectIdentifier] | None = None,
        is_authority: bool = True,
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.above = above
        subject = _common_name(name)
        signer = above or self
        builder = _builder(
            subject, above.certificate.subject if above else subject, self.key, NOW - DAY, NOW + 99 * DAY
        )
        builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        self.certificate = _with_purposes(builder, purposes).sign(signer.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return _pem(self.certificate)

    def write(self, path: Path) -> Path:
        """Write its certificate."""
        path.write_bytes(self.pem)
        return path

    def leaf(
        self,
        *names: str,
        common_name: str = "",
        purposes: Iterable[x509.ObjectIdentifier] | None = (FOR_SERVERS,),
        begins: datetime.datetime = NOW - DAY,
        ends: datetime.datetime = NOW + 90 * DAY,
        uris: Iterable[str] = (),
        addresses: Iterable[str] = (),
        usage: x509.KeyUsage | None = None,
        others: Iterable[x509.ExtensionType] = (),
    ) -> Leaf:
        """A certificate of these DNS names; without any name it has no subject alternative name.

        Args:
            names, uris, addresses: of the subject alternative name.
            common_name: of the subject, which is empty without.
            purposes: its extended key usage; it has none when None.
            begins, ends: when it is valid.
            usage: its key usage; it has none when None.
            others: further extensions.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _common_name(common_name) if common_name else x509.Name([])
        builder = _builder(subject, self.certificate.subject, key, begins, ends)
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        alternatives += [x509.UniformResourceIdentifier(uri) for uri in uris]
        alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not common_name)
        if usage is not None:
            builder = builder.add_extension(usage, critical=True)
        for other in others:
            builder = builder.add_extension(other, critical=False)
        certificate = _with_purposes(builder, purposes).sign(self.key, hashes.SHA256())
        return Leaf(certificate, key, self._between())

    def revocations(
        self, *revoked: Leaf, until: datetime.datetime = NOW + DAY, signer: Authority | None = None
    ) -> bytes:
        """A list of its revoked certificates, due to be replaced at ``until``."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(min(NOW, until) - DAY).next_update(until)
        for leaf in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(leaf.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(NOW - DAY).build())
        return builder.sign((signer or self).key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _between(self) -> tuple[x509.Certificate, ...]:
        return () if self.above is None else (self.certificate, *self.above._between())


def key_usage(*, signs: bool, certifies: bool = False) -> x509.KeyUsage:
    """A key usage that allows these two and nothing else."""
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=certifies,
        content_commitment=not signs,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _Key, begins: datetime.datetime, ends: datetime.datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)


def _with_purposes(
    builder: x509.CertificateBuilder, purposes: Iterable[x509.ObjectIdentifier] | None
) -> x509.CertificateBuilder:
    return builder if purposes is None else builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def bundle(authorities: Sequence[Authority], path: Path) -> Path:
    """The certificates of several authorities in one file."""
    path.write_bytes(b"".join(each.pem for each in authorities))
    return path
