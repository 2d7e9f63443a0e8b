"""``[tls]``: which files have our certificates, whom we trust, and what has been revoked.

Here are the names of the files. What is in them is read by `tls`, at start and again when the edge is told to.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path as FilePath
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from sipcore.edge.tables import LinkClass, Side
from sipcore.errors import Problem
from sipcore.settings.decoding import Decoder
from sipcore.settings.positions import Path

__all__ = ["Identity", "NamedFile", "TlsSection", "TlsSettings", "tls_settings"]

#: In a list of trust roots: the system's store.
SYSTEM = "system"

_PemFile = Annotated[str, Meta(min_length=1, description='the path of a PEM file, "edge.pem"')]
_File = Annotated[str, Meta(min_length=1, description='the path of a file, "ca.pem"')]
_Roots = Annotated[list[_File], Meta(min_length=1, description='"system" or paths of files, ["system", "ca.pem"]')]
_Lists = Annotated[list[_File], Meta(description='paths of files, ["revoked.pem"]')]


def _system() -> list[str]:
    return [SYSTEM]


class Version(Enum):
    """The lowest version of TLS that is spoken. Those before 1.2 are broken (RFC 8996)."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


class IdentityTable(Struct, frozen=True):
    """``[tls.inside]`` and ``[tls.outside]``: who we are there; a text alone is a file with certificates and key."""

    short_form: ClassVar[str] = "certificate"

    certificate: _PemFile
    key: _PemFile | None = None


class RootsTable(Struct, frozen=True):
    """``[tls.roots]``: for each class of links the authorities that are trusted."""

    inside: _Roots = field(default_factory=_system)
    partner: _Roots = field(default_factory=_system)
    provider: _Roots = field(default_factory=_system)
    discovered: _Roots = field(default_factory=_system)


class TlsSection(Struct, frozen=True):
    """``[tls]``: certificates and trust."""

    inside: IdentityTable | None = None
    outside: IdentityTable | None = None
    roots: RootsTable = field(default_factory=RootsTable)
    revoked: _Lists = []
    minimum: Annotated[Version, Meta(description='"1.2" or "1.3"')] = Version.TLS_1_2


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that the configuration names, and where it does.

    Attributes:
        path: of the file.
        key: the key that names it.
        where: file and line of that key.
    """

    path: FilePath
    key: str
    where: str

    def problem(self, message: str) -> Problem:
        """A fault in it."""
        return Problem(self.where, self.key, message)

    def read(self, complain: Callable[[Problem], None]) -> bytes | None:
        """What is in it; None when it cannot be read, which ``complain`` has then been told."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            complain(self.problem(f"{self.path} cannot be read ({error.strerror})"))
            return None


@dataclass(frozen=True, slots=True)
class Identity:
    """The files of one side's certificate, with what authorities stand between it and a root, and of its key."""

    certificate: NamedFile
    key: NamedFile


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What ``[tls]`` says.

    Attributes:
        minimum: the lowest version that is spoken.
        identities: who we are, for the sides where that is said.
        roots: the files of each class; None among them is the system's store.
        revoked: lists of revoked certificates.
        file: the name of the configuration, for what is missing in it.
    """

    minimum: ssl.TLSVersion
    identities: Mapping[Side, Identity]
    roots: Mapping[LinkClass, Sequence[NamedFile | None]]
    revoked: Sequence[NamedFile]
    file: str


def tls_settings(decoder: Decoder, section: TlsSection, folder: FilePath) -> TlsSettings:
    """The section with the places of its files, which are relative to ``folder``."""

    def named(path: Path, name: str) -> NamedFile:
        problem = decoder.problem(path, "")
        return NamedFile(folder / name, problem.key, problem.where)

    def identity(side: Side, table: IdentityTable) -> Identity:
        certificate = named(("tls", str(side), "certificate"), table.certificate)
        return Identity(certificate, named(("tls", str(side), "key"), table.key) if table.key else certificate)

    def roots(link_class: LinkClass) -> Sequence[NamedFile | None]:
        names = enumerate(getattr(section.roots, link_class))
        path = ("tls", "roots", str(link_class))
        return [None if name == SYSTEM else named((*path, index), name) for index, name in names]

    tables = {side: table for side in Side if (table := getattr(section, side)) is not None}
    return TlsSettings(
        minimum=ssl.TLSVersion[section.minimum.name.replace("TLS_", "TLSv")],
        identities={side: identity(side, table) for side, table in tables.items()},
        roots={each: roots(each) for each in LinkClass},
        file=decoder.problem((), "").where.rpartition(":")[0],
        revoked=[named(("tls", "revoked", index), name) for index, name in enumerate(section.revoked)],
    )
