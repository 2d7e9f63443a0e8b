"""What a peer's certificate says: its names, and what it may be used for.

OpenSSL builds the chain and checks signatures and dates; here is what it leaves to us. Names come with their lengths
out of the DER and are compared whole, so a NUL inside ends nothing: a text with one is no name.

Source: RFC 5922 section 7.1, RFC 5280 section 4.2.1; docs/protocol.md "Certificates" (F046, F181, F204).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sipcore._values import Uri
from sipcore.edge.actions import Certificate
from sipcore.edge.tables import canonical_host, is_address, name_fault
from sipcore.errors import HeaderError
from sipcore.relay.peers_words import printable

__all__ = [
    "common_name_of",
    "date_fault",
    "described",
    "extension_of",
    "names_of",
    "parse_chain",
    "purpose_fault",
    "serves",
    "spoken_names",
]

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

#: A certificate for several domains has some dozens. Each name is looked up for each message.
_MOST_NAMES = 256
_SERVING_OR_CONNECTING = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
#: How much of a certificate's own words a log line takes.
_LONGEST_QUOTE = 120


def parse_chain(chain: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates out of DER, as they were verified: the peer's first, the root last.

    Raises:
        ValueError: a certificate that OpenSSL has read and that is malformed all the same.
    """
    return tuple(map(x509.load_der_x509_certificate, chain))


def spoken_names(certificate: x509.Certificate) -> Certificate:
    """The names that a certificate speaks for.

    Raises:
        ValueError: its extensions are malformed, or it has more names than anybody needs.
    """
    common_name = common_name_of(certificate)
    alternatives = extension_of(certificate, x509.SubjectAlternativeName)
    if alternatives is None:
        return Certificate((common_name,) if common_name else (), common_name)
    names = tuple(dict.fromkeys(names_of(alternatives)))
    if len(names) > _MOST_NAMES:
        raise ValueError(f"it has {len(names)} names; {_MOST_NAMES} are looked at")
    return Certificate(names, common_name)


def names_of(alternatives: x509.SubjectAlternativeName) -> Iterator[str]:
    """The hosts that a subject alternative name names, each in its canonical spelling."""
    for general in alternatives:
        if isinstance(general, x509.DNSName):
            yield from _host(general.value)
        elif isinstance(general, x509.UniformResourceIdentifier):
            yield from _sip_identity(general.value)
        elif isinstance(general, x509.IPAddress):
            yield canonical_host(str(general.value))


def common_name_of(certificate: x509.Certificate) -> str:
    """The common name as a host; empty when there is none, when it is no host's, and when there are several."""
    found = [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return next(_host(found[0]), "") if len(found) == 1 else ""


def _host(text: str) -> Iterator[str]:
    """A name, unless it is none: a wildcard, an address in a name's place, with a NUL or letters beyond ASCII."""
    name = canonical_host(text)
    if not (is_address(name) or name_fault(name)):
        yield name


def _sip_identity(text: str) -> Iterator[str]:
    """The domain of a SIP URI; one with a user is a person's, and no domain's (RFC 5922 section 7.1)."""
    try:
        uri = Uri.parse(text)
    except (HeaderError, ValueError):  # what cannot be encoded is a ValueError
        return
    if uri.scheme == "sip" and uri.user is None and uri.host is not None:
        yield from _host(uri.host)


def date_fault(certificate: x509.Certificate, now: datetime.datetime) -> str:
    """Why a certificate is not valid at a time; empty when it is."""
    if now > certificate.not_valid_after_utc:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    return ""


def serves(chain: Sequence[x509.Certificate]) -> bool:
    """Whether a chain is for serving, which OpenSSL sees to where we connect and not where somebody connects to us.

    Raises:
        ValueError: an extension is malformed.
    """
    usages = (extension_of(certificate, x509.ExtendedKeyUsage) for certificate in chain)
    return all(usage is None or ExtendedKeyUsageOID.SERVER_AUTH in usage for usage in usages)


def purpose_fault(chain: Sequence[x509.Certificate]) -> str:
    """What is wrong with the purposes of a verified chain; empty when nothing is.

    A peer may show a certificate for serving or for connecting (F046). The authorities above it must be allowed to
    issue one of these: OpenSSL, which would see to that, has been told to take any purpose (see `openssl`).

    Raises:
        ValueError: an extension is malformed.
    """
    for certificate in chain:
        usage = extension_of(certificate, x509.ExtendedKeyUsage)
        if usage is not None and _SERVING_OR_CONNECTING.isdisjoint(usage):
            purposes = ", ".join(sorted(getattr(each, "_name", each.dotted_string) for each in usage))
            return f"{described(certificate)} is for {purposes}, and neither for servers nor for clients"
    bits = extension_of(chain[0], x509.KeyUsage)
    if bits is not None and not (bits.digital_signature or bits.key_encipherment or bits.key_agreement):
        return f"the key of {described(chain[0])} may not be used in a handshake"
    return ""


def described(certificate: x509.Certificate) -> str:
    """A certificate's subject for an operator, as a log line takes it."""
    return quoted(certificate.subject.rfc4514_string() or "a certificate without a subject")


def quoted(text: str) -> str:
    """A peer's own words as a log line takes them."""
    return printable(text, _LONGEST_QUOTE)


def extension_of(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """An extension of a certificate, None where it has none of that kind.

    Raises:
        ValueError: its extensions are malformed, one is there twice, or one holds names of a kind that nobody reads.
    """
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:  # no ValueErrors in cryptography
        raise ValueError(str(error)) from error
