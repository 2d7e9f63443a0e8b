"""The authorities that are trusted, for each class of links; and which classes a verified chain is good for.

The system's store is read here, and not left to OpenSSL, which would load its folder a certificate at a time during
handshakes: then nobody could say which roots a class has.
"""

from __future__ import annotations

import base64
import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from sipcore.edge.tables import LinkClass, Side
from sipcore.errors import Problem
from sipcore.relay.tls_settings import NamedFile

__all__ = ["Roots", "read_roots"]

_PEM = re.compile(rb"-----BEGIN (CERTIFICATE|PKCS7)-----(.+?)-----END \1-----", re.DOTALL)
#: How anything in DER begins that may be in such a file: as a sequence.
_DER = b"\x30"
#: What a bundle of PKCS#7 calls itself at its beginning, behind its length (RFC 2315 section 14).
_SIGNED_DATA, _HEAD = bytes.fromhex("06092a864886f70d010702"), 17


class Roots:
    """The roots of each class, in DER.

    Args:
        by_class: all four of them.
    """

    def __init__(self, by_class: Mapping[LinkClass, frozenset[bytes]]) -> None:
        self._by_class = by_class

    def of(self, link_class: LinkClass) -> bytes:
        """The roots of one class, as OpenSSL takes them."""
        return b"".join(sorted(self._by_class[link_class]))

    def of_side(self, side: Side) -> bytes:
        """The roots of everybody who may come from a side; whose it was is told by `classes_of` afterwards."""
        return b"".join(sorted(frozenset().union(*(self._by_class[each] for each in _CLASSES[side]))))

    def classes_of(self, root: bytes, side: Side) -> frozenset[LinkClass]:
        """The classes of a side that trust a root."""
        return frozenset(each for each in _CLASSES[side] if root in self._by_class[each])


_CLASSES = {
    Side.INSIDE: (LinkClass.INSIDE,),
    Side.OUTSIDE: (LinkClass.PARTNER, LinkClass.PROVIDER, LinkClass.DISCOVERED),
}


def read_roots(files: Mapping[LinkClass, Sequence[NamedFile | None]], complain: Callable[[Problem], None]) -> Roots:
    """Read every bundle; what is wrong with one is told to ``complain``. None among the files is the system's store."""
    read = cache(lambda file: frozenset(_read(file, complain)))
    return Roots({each: frozenset().union(*map(read, files[each])) for each in LinkClass})


def _read(file: NamedFile | None, complain: Callable[[Problem], None]) -> Iterator[bytes]:
    if file is None:
        yield from system_roots()
        return
    source = file.read(complain)
    if source is None:
        return
    found = list(_certificates(source))
    if not found:
        complain(file.problem(f"{file.path} has no certificate in PEM, DER or PKCS#7"))
    for number, der in enumerate(found, start=1):
        try:
            x509.load_der_x509_certificate(der)
        except ValueError as error:
            complain(file.problem(f"{file.path}: certificate {number} is malformed ({error})"))
        else:
            yield der


def system_roots() -> frozenset[bytes]:
    """The system's store: the bundle that OpenSSL reads, else every file of the folder that it looks into."""
    paths = ssl.get_default_verify_paths()
    files = [Path(paths.cafile)] if paths.cafile else sorted(Path(paths.capath or os.devnull).glob("*.*"))
    return frozenset(der for file in files if file.is_file() for der in _certificates(file.read_bytes()))


def _certificates(source: bytes) -> Iterator[bytes]:
    """Every certificate of a file: in PEM or DER, by itself or in a bundle of PKCS#7, as a Windows authority hands them
    out; its bundles in PEM are labelled as certificates. What is malformed is handed on as it is."""
    in_pem = list(_PEM.finditer(source))
    if not in_pem and source.startswith(_DER):
        yield from _unpacked(source)
    for match in in_pem:
        try:
            yield from _unpacked(base64.b64decode(match[2]))
        except ValueError:  # not base64
            yield b""


def _unpacked(der: bytes) -> Sequence[bytes]:
    if _SIGNED_DATA in der[:_HEAD]:
        with suppress(ValueError, UnsupportedAlgorithm):
            return [each.public_bytes(Encoding.DER) for each in pkcs7.load_der_pkcs7_certificates(der)]
    return [der]
