"""What every dialect's reader returns and raises, and what they share: bounds, sizes, ``Name: value`` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["FILE_TRANSFER_GUID", "MOST_BYTES", "Offer", "OfferedFile", "UnreadableOfferError", "as_text", "as_view",
           "fields", "files_of", "folded", "lines", "size_of"]  # fmt: skip

#: An offer is some hundred bytes; one with a preview picture in it some ten thousand. What is larger is not read.
MOST_BYTES = 65_536

#: The application that transfers files, in the dialects of Messenger, without its braces and in lower case.
FILE_TRANSFER_GUID = "5d3e02ab-6190-11d3-bbbb-00c04f795683"

_FOLD = re.compile(r"(?:\r\n?|\n)[ \t]+")
#: Not `str.splitlines`: U+2028 in a file's name is part of the name.
_LINE_END = re.compile(r"[\r\n]+")


class UnreadableOfferError(Exception):
    """A body that may offer a file and cannot be read: broken, or beyond a bound. Its text says what is in the way."""


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """One file of an offer.

    Attributes:
        name: its name as the sender gives it; None where there is none.
        size: its size in bytes as the sender gives it; None where there is none.
    """

    name: str | None = None
    size: int | None = None

    def __str__(self) -> str:
        name = self.name or "a file without a name"
        return name if self.size is None else f"{name} ({self.size} bytes)"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered.

    Attributes:
        dialect: ``"msmsgsinvite"``, ``"ms-filetransfer"``, ``"sdp"``, ``"rcs-http"`` or ``"msnslp"``.
        files: the files, in the order of the message; never empty. A name of None may hide any name: whoever refuses
            some names only should refuse that too.
        pull: the sender asks for the files instead of sending them (RFC 5547 section 8.2).
    """

    dialect: str
    files: tuple[OfferedFile, ...] = (OfferedFile(),)
    pull: bool = False

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("an offer has at least one file")

    @property
    def name(self) -> str | None:
        """The first file's name."""
        return self.files[0].name

    @property
    def size(self) -> int | None:
        """The first file's size in bytes."""
        return self.files[0].size

    @property
    def names(self) -> tuple[str | None, ...]:
        """Every file's name."""
        return tuple(file.name for file in self.files)

    def __str__(self) -> str:
        files = ", ".join(map(str, self.files))
        return f"asks for {files}" if self.pull else files


def as_view(data: bytes | memoryview) -> memoryview:
    """The data, if they are few enough to be read.

    Raises:
        UnreadableOfferError: there are more than `MOST_BYTES`.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableOfferError(f"an offer of more than {MOST_BYTES} bytes")
    return memoryview(data)


def as_text(data: bytes | memoryview) -> str:
    """The data as text; what is no UTF-8 becomes U+FFFD. Raises as `as_view` does."""
    return str(as_view(data), "utf-8", "replace")


def lines(text: str) -> list[str]:
    """Lines, whatever ends them: CRLF, LF or CR. NUL, where a reader in C stops, is taken out."""
    return _LINE_END.split(text.replace("\0", ""))


def fields(text: str) -> dict[str, list[str]]:
    """``Name: value`` lines by lower-case name, white space collapsed, folds undone."""
    found: dict[str, list[str]] = {}
    for line in lines(_FOLD.sub(" ", text)):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), []).append(" ".join(value.split()))
    return found


def folded(found: dict[str, list[str]], name: str) -> set[str]:
    """The values of a field in lower case."""
    return {value.lower() for value in found.get(name, ())}


def files_of(names: Iterable[str | None], sizes: Iterable[str | None]) -> tuple[OfferedFile, ...]:
    """A file of the first of the sizes for each of the names, one without a name where there is none.

    A name given twice is two files, for it cannot be known which one the receiver's client goes by.
    """
    size = next(map(size_of, sizes), None)
    return tuple(OfferedFile(name or None, size) for name in names) or (OfferedFile(None, size),)


def size_of(digits: str | None) -> int | None:
    """A size of up to 20 digits: 2**64 has 20, and text of any length must not become a number of any length."""
    return int(digits) if digits is not None and re.fullmatch(r"[0-9]{1,20}", digits) else None
