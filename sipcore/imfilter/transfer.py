"""Offers of a file in ``text/x-msmsgsinvite``, the dialect of Messenger and Communicator.

The text is a list of ``Name: value`` lines. It offers a file when it invites (rather than accepts or cancels) to the
application that transfers files, known by its GUID or its name; other applications and the answers to an offer pass
(docs/protocol.md "File-transfer offers").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Offer", "read_offer"]

_FILE_TRANSFER_GUID = "5d3e02ab-6190-11d3-bbbb-00c04f795683"
_FILE_TRANSFER_NAME = "file transfer"
_FOLD = re.compile(r"\r?\n[ \t]+")


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered.

    Attributes:
        name: the file's name as the sender gives it; None where there is none.
        size: its size in bytes as the sender gives it; None where there is none.
    """

    name: str | None
    size: int | None

    def __str__(self) -> str:
        name = self.name or "a file without a name"
        return name if self.size is None else f"{name} ({self.size} bytes)"


def read_offer(data: bytes | memoryview) -> Offer | None:
    """The file offer in an invitation; None where it is another kind of invitation, or an answer (F112).

    Where a field is given more than once, any of its values can make it an offer: it cannot be known which one the
    receiver's client goes by.
    """
    fields = _fields(str(data, "utf-8", "replace"))
    if "invite" not in _folded(fields, "invitation-command"):
        return None
    guids = {guid.strip("{} ") for guid in _folded(fields, "application-guid")}
    if _FILE_TRANSFER_GUID not in guids and _FILE_TRANSFER_NAME not in _folded(fields, "application-name"):
        return None
    return Offer(_first(fields, "application-file"), _size(_first(fields, "application-filesize")))


def _fields(text: str) -> dict[str, list[str]]:
    """Values by lower-case name, white space collapsed; NUL, where a client in C stops reading a value, taken out."""
    fields: dict[str, list[str]] = {}
    for line in _FOLD.sub(" ", text.replace("\0", "")).splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), []).append(" ".join(value.split()))
    return fields


def _folded(fields: dict[str, list[str]], name: str) -> set[str]:
    """The values of a field in lower case."""
    return {value.lower() for value in fields.get(name, ())}


def _first(fields: dict[str, list[str]], name: str) -> str | None:
    return fields.get(name, [""])[0] or None


def _size(digits: str | None) -> int | None:
    """A size of up to 20 digits: 2**64 has 20, and text of any length must not become a number of any length."""
    return int(digits) if digits is not None and re.fullmatch(r"[0-9]{1,20}", digits) else None
