"""A TOML file of users, one ``[[user]]`` each, as a `Directory`; its faults have places like those of ``edge.toml``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum
from pathlib import Path as FilePath
from typing import Annotated

from msgspec import Meta, Struct

from sipcore.configuration.leaves import DomainName, StandIns, Switch, Text, read_special
from sipcore.edge.directory import PUBLIC_IM, Access, Archiving, Entry, Scope, Users, UserView, user_address
from sipcore.errors import ConfigError
from sipcore.settings.decoding import Decoder
from sipcore.settings.document import read_toml
from sipcore.settings.positions import Path, Positions

__all__ = ["UserAddress", "UserTable", "read_users"]


class UserAddress(Text):
    """``"bob@contoso.example"``."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        address = user_address(text)
        user, at, domain = address.rpartition("@")
        if not (user and at and domain):
            raise ValueError("a user, an @ and a domain are needed")
        return address


class Who(Text):
    """Whom an entry is about: an address, a domain, or ``*`` for everybody."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        if text == "*":
            return text
        return UserAddress.canonical(text) if "@" in text else DomainName.canonical(text)


class ArchivingName(Enum):
    """The modes by name; the directory has numbers (`Archiving`)."""

    DEFAULT = "default"
    ARCHIVE = "archive"
    NEVER = "never"
    WITHOUT_BODY = "without-body"


_Address = Annotated[UserAddress, Meta(description='an address, "bob@contoso.example"')]
_Access = Annotated[Access, Meta(description='"allow" or "block" or "prompt"')]


class EntryTable(Struct, frozen=True):
    """What a user wants of somebody."""

    who: Annotated[Who, Meta(description='"alice@fabrikam.example", "fabrikam.example" or "*"')]
    presence: _Access | None = None
    communication: _Access | None = None


class UserTable(Struct, frozen=True):
    """``[[user]]``: one of ours. Every right is off until it is given."""

    address: _Address
    enabled: Switch = False
    federation: Switch = False
    public_im: Switch | None = None
    remote_access: Switch = False
    option_flags: Annotated[int, Meta(ge=0, description="the number in msRTCSIP-OptionFlags")] = 0
    archiving: Annotated[ArchivingName, Meta(description='"default" or "archive" or "never" or "without-body"')] = (
        ArchivingName.DEFAULT
    )
    contacts: Annotated[list[_Address], Meta(description='addresses, ["alice@fabrikam.example"]')] = []
    entries: list[EntryTable] = []


class UsersDocument(Struct, frozen=True):
    """The whole file."""

    user: list[UserTable] = []


def read_users(decoder: Decoder, name: str, folder: FilePath, domains: Collection[str]) -> Users | None:
    """The users in the file that ``users.file`` names, relative to ``folder``; None with faults, then noted.

    Args:
        decoder: of ``edge.toml``; the faults of both files come out together.
        domains: those inside; everybody's address is in one of them.
    """
    path = folder / name
    try:
        source = path.read_bytes()
        values = read_toml(source, path)
    except OSError as error:
        decoder.complain(("users", "file"), f"{path} cannot be read ({error.strerror})")
        return None
    except ConfigError as error:
        decoder.problems.extend(error.problems)
        return None
    own = Decoder(str(path), Positions(source), read_special, StandIns())
    users = list(_users(own, own.struct(UsersDocument, values), domains))
    decoder.problems.extend(own.problems)
    return None if own.problems else Users.of(users)


def _users(decoder: Decoder, document: UsersDocument, domains: Collection[str]) -> Iterator[UserView]:
    seen: set[str] = set()
    for index, table in enumerate(document.user):
        path: Path = ("user", index)
        if not decoder.is_mended((*path, "address")):
            _check_address(decoder, (*path, "address"), table.address, seen, domains)
        seen.add(table.address)
        yield UserView(
            address=table.address,
            enabled=table.enabled,
            federation=table.federation,
            remote_access=table.remote_access,
            option_flags=_option_flags(decoder, path, table),
            archiving=Archiving[table.archiving.name],
            entries=tuple(_entries(decoder, path, table)),
            line=decoder.line(path),
        )


def _check_address(decoder: Decoder, path: Path, address: str, seen: set[str], domains: Collection[str]) -> None:
    domain = address.rpartition("@")[2]
    if domain not in domains:
        decoder.complain(path, f"{domain} is none of edge.domains; expected a user of ours")
    if address in seen:
        decoder.complain(path, f"{address} is there already; expected one [[user]] for each address")


def _option_flags(decoder: Decoder, path: Path, table: UserTable) -> int:
    """The directory's bits. ``public_im`` is the lowest one by name; the two must not contradict each other (F137)."""
    if table.public_im is None:
        return table.option_flags
    if not table.public_im and table.option_flags & PUBLIC_IM:
        message = f"false, but option_flags = {table.option_flags} has the bit {PUBLIC_IM} of public IM; remove one"
        decoder.complain((*path, "public_im"), message)
    return table.option_flags | (PUBLIC_IM if table.public_im else 0)


def _entries(decoder: Decoder, path: Path, table: UserTable) -> Iterator[Entry]:
    """The user's own entries; a contact is one that allows everything, where the user says nothing else of it."""
    listed: set[tuple[Scope, str]] = set()
    for index, row in enumerate(table.entries):
        place = (*path, "entries", index)
        entry = _entry(row)
        if entry.presence is None and entry.communication is None and not decoder.has_faults(place):
            decoder.complain(place, "an entry says something of presence or communication; expected at least one")
        if (entry.scope, entry.who) in listed:
            decoder.complain((*place, "who"), f'"{row.who}" has an entry already; expected one')
        listed.add((entry.scope, entry.who))
        yield entry
    for contact in dict.fromkeys(table.contacts):
        if (Scope.USER, contact) not in listed:
            yield Entry(Scope.USER, contact, Access.ALLOW, Access.ALLOW)


def _entry(row: EntryTable) -> Entry:
    scope = Scope.ALL if row.who == "*" else Scope.USER if "@" in row.who else Scope.DOMAIN
    return Entry(scope, row.who, row.presence, row.communication)
