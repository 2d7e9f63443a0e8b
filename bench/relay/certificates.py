"""Certificates for a benchmark over TLS: of an authority of its own, for the edge, its partner and our server."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sipcore_bench.relay.mixes import FAR_DOMAIN, FQDN, OUR_DOMAIN

__all__ = ["AUTHORITY", "EDGE", "INSIDE", "NAMES", "PARTNER", "write_certificates"]

#: Files in the folder; but for the authority's, each holds certificate and key.
AUTHORITY, EDGE, PARTNER, INSIDE = "authority.pem", "edge.pem", "partner.pem", "inside.pem"
#: Whose they are.
NAMES = {EDGE: FQDN, PARTNER: f"edge.{FAR_DOMAIN}", INSIDE: f"im.{OUR_DOMAIN}"}
_DAY = datetime.timedelta(days=1)


def write_certificates(folder: Path) -> None:
    """Write an authority that nobody else knows, and what it signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("sipcore benchmark")
    authority = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / AUTHORITY).write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for file, host in NAMES.items():
        _write_leaf(folder / file, host, key, authority)


def _write_leaf(path: Path, host: str, signer: ec.EllipticCurvePrivateKey, authority: x509.Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    leaf = (
        _builder(_name(host), authority.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + plain)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )
