"""The endings of files that a receiver's machine would run: the default list, and how a name is held against it.

A name is what the sender says, so it is read as the receiver's system would read it and as an attacker would write it:
Windows drops dots and spaces from its end and takes ``a.exe:stream`` for a part of ``a.exe``; a right-to-left override
shows ``txt.exe`` as ``exe.txt``; a URL may have parameters behind the name and percent signs in it. Where two readings
are possible, one that is listed is enough (docs/protocol.md "File names").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["DEFAULT_EXTENSIONS", "Extensions", "extension_fault"]

#: What later servers of the family refuse by default (docs/protocol.md "File names").
DEFAULT_EXTENSIONS = (
    "ade", "adp", "app", "asp", "bas", "bat", "cer", "chm", "cmd", "com", "cpl", "crt", "csh", "exe", "fxp", "grp",
    "hlp", "hta", "inf", "ins", "isp", "its", "js", "jse", "ksh", "lnk", "mad", "maf", "mag", "mam", "maq", "mar",
    "mas", "mat", "mau", "mav", "maw", "mda", "mdb", "mde", "mdt", "mdw", "mdz", "msc", "msi", "msp", "mst", "ocx",
    "ops", "pcd", "pif", "pl", "pnp", "prf", "prg", "pst", "reg", "scf", "scr", "sct", "shb", "shs", "tmp", "url",
    "vb", "vbe", "vbs", "vsd", "vsmacros", "vss", "vst", "vsw", "ws", "wsc", "wsf", "wsh",
)  # fmt: skip

_SEPARATORS = re.compile(r"[/\\]")
#: What ends the name for one reader and not for another: a stream (``:``), parameters of a URL (``;``), NUL in C.
_POSSIBLE_ENDS = re.compile(r"[:;\0]")


@dataclass(frozen=True, slots=True)
class Extensions:
    """A list of extensions.

    Attributes:
        listed: each with or without its dot, in any case; kept in lower case without. Any iterable of str is taken.
    """

    listed: frozenset[str] = frozenset(DEFAULT_EXTENSIONS)

    def __post_init__(self) -> None:
        object.__setattr__(self, "listed", frozenset(each.removeprefix(".").lower() for each in self.listed))

    def of(self, name: str | None) -> str | None:
        """The listed extension that a name has, ``"exe"``; None where it has none that is listed.

        Args:
            name: the name of a file, with or without a path, as an offer gives it; or the last segment of a URL's path
                (`Destination.file`), as it stands in the URL.
        """
        for reading in _readings(name or ""):
            last = _SEPARATORS.split(_trimmed(reading))[-1]
            for piece in _POSSIBLE_ENDS.split(last):
                _, dot, extension = _trimmed(piece).rpartition(".")
                if dot and (found := extension.strip().lower()) in self.listed:
                    return found
        return None


def extension_fault(extension: object) -> str | None:
    """What is wrong with an extension in a list; None when it is good."""
    if not isinstance(extension, str):
        return "must be a string"
    if not re.fullmatch(r"\.?[A-Za-z0-9_]{1,32}", extension):
        return "must be letters and digits, such as '.exe'"
    return None


def _readings(name: str) -> Iterator[str]:
    """The name as it stands, and with percent encoding undone once and twice, as by a client and a server."""
    yield _visible(name)
    for _ in range(2):
        if "%" not in name:
            return
        name = unquote(name)
        yield _visible(name)


def _visible(name: str) -> str:
    """The name in plain letters, without characters that only steer how it is shown; NUL stays, for it may end it."""
    if name.isascii() and name.isprintable():
        return name
    plain = unicodedata.normalize("NFKC", name)
    return "".join(letter for letter in plain if letter == "\0" or unicodedata.category(letter) not in ("Cc", "Cf"))


def _trimmed(name: str) -> str:
    """The name without the dots, spaces, quotes and brackets at its end."""
    end = len(name)
    while end and not name[end - 1].isalnum():
        end -= 1
    return name[:end]
