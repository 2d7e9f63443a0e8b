"""Words of peers as a line of the log takes them: cut, and so that they neither end the line nor move a cursor."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str, most: int) -> str:
    """So many letters of a text; those that cannot be printed are written with a backslash, and then count as one."""
    shown = text[:most]
    return shown if shown.isprintable() else "".join(map(_escaped, shown))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
