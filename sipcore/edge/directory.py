"""What the edge knows of our users: their rights, and whom they allow or block (docs/protocol.md "Users").

Decisions see a snapshot held in memory and nothing behind it, so that they stay pure and take no longer for a large
organisation. Where the snapshot comes from is the `Directory`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType
from typing import Protocol

from sipcore.edge.tables import domain_name

__all__ = [
    "PUBLIC_IM",
    "REMOTE_CALL_CONTROL",
    "Access",
    "Archiving",
    "Directory",
    "Entry",
    "Right",
    "Scope",
    "UserView",
    "Users",
    "user_address",
]

#: Bits of ``msRTCSIP-OptionFlags`` (F137). The others are kept as they are.
PUBLIC_IM, REMOTE_CALL_CONTROL = 1, 16

_FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)


class Right(StrEnum):
    """What a user may be entitled to, each apart from the others (F075)."""

    FEDERATION = "federation"
    PUBLIC_IM = "public-im"
    REMOTE_ACCESS = "remote-access"


class Archiving(IntEnum):
    """``msRTCSIP-ArchivingEnabled`` (F132), by its values."""

    DEFAULT = 0
    ARCHIVE = 1
    NEVER = 2
    WITHOUT_BODY = 3


class Access(StrEnum):
    """What a user wants done with a request."""

    ALLOW = "allow"
    BLOCK = "block"
    PROMPT = "prompt"


class Scope(StrEnum):
    """Whom an entry is about."""

    USER = "user"
    DOMAIN = "domain"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a user's list.

    Attributes:
        scope: a user, a domain, or everybody.
        who: the user's address or the domain; empty for everybody.
        presence: for SUBSCRIBE; None when the entry says nothing of it.
        communication: for INVITE and MESSAGE; likewise.
    """

    scope: Scope
    who: str = ""
    presence: Access | None = None
    communication: Access | None = None

    def __post_init__(self) -> None:
        who = user_address(self.who) if self.scope is Scope.USER else domain_name(self.who)
        object.__setattr__(self, "who", "" if self.scope is Scope.ALL else who)


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as decisions see them.

    Attributes:
        address: ``user@domain``, in the spelling of `user_address`.
        enabled: ``msRTCSIP-UserEnabled``; without it no right holds (F106).
        federation: ``msRTCSIP-FederationEnabled``.
        remote_access: ``msRTCSIP-InternetAccessEnabled``.
        option_flags: ``msRTCSIP-OptionFlags``, all bits as they came.
        archiving: whether messages are to be archived. Stored, and not acted on yet.
        entries: whom the user allows and blocks.
        line: where the user stands in the file; 0 where there is none.
    """

    address: str
    enabled: bool = False
    federation: bool = False
    remote_access: bool = False
    option_flags: int = 0
    archiving: Archiving = Archiving.DEFAULT
    entries: tuple[Entry, ...] = ()
    line: int = field(default=0, compare=False)
    _entry_for: Mapping[tuple[Scope, str], Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", user_address(self.address))
        entries = {(entry.scope, entry.who): entry for entry in self.entries}
        object.__setattr__(self, "_entry_for", entries)

    def may(self, right: Right) -> bool:
        """Whether the user has a right. Those who are not enabled have none, whatever else is said of them."""
        if not self.enabled:
            return False
        if right is Right.PUBLIC_IM:
            return bool(self.option_flags & PUBLIC_IM)
        return self.federation if right is Right.FEDERATION else self.remote_access

    def presence_for(self, address: str) -> Access | None:
        """What the user says of being watched by somebody; None where no entry does (F097).

        The entry for the person counts before that for the domain, and that before the one for everybody.
        """
        return next((entry.presence for entry in self._about(address) if entry.presence), None)

    def communication_for(self, address: str) -> Access | None:
        """What the user says of being written to or called by somebody; None where no entry does."""
        return next((entry.communication for entry in self._about(address) if entry.communication), None)

    def _about(self, address: str) -> Iterable[Entry]:
        address = user_address(address)
        keys = ((Scope.USER, address), (Scope.DOMAIN, address.rpartition("@")[2]), (Scope.ALL, ""))
        return (entry for key in keys if (entry := self._entry_for.get(key)) is not None)


class Directory(Protocol):
    """Our users, at one moment."""

    @property
    def generation(self) -> int:
        """Another number for another snapshot: decisions that were made over an older one are forgotten."""

    def user(self, address: str) -> UserView | None:
        """The user of an address, in any case; None when it is nobody's."""


@dataclass(frozen=True, slots=True)
class Users:
    """A directory that is a list.

    Attributes:
        rows: by address.
        generation: as in `Directory`.
    """

    rows: Mapping[str, UserView]
    generation: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", MappingProxyType(dict(self.rows)))

    @classmethod
    def of(cls, users: Iterable[UserView], generation: int = 0) -> Users:
        """The directory of these users."""
        return cls({user.address: user for user in users}, generation)

    def user(self, address: str) -> UserView | None:
        """As in `Directory`."""
        return self.rows.get(user_address(address))


def user_address(text: str) -> str:
    """An address ``user@domain`` as directories compare them: without case, without ``sip:`` and the root's dot.

    RFC 3261 section 19.1.4 tells users of different case apart, the directory does not, and neither may a block list:
    a blocked person would only have to write the name in capitals. Only ASCII letters are folded, as in domains.
    """
    scheme, colon, rest = text.partition(":")
    bare = rest if colon and scheme.lower() in {"sip", "sips"} else text
    return bare.rstrip(".").translate(_FOLD)
