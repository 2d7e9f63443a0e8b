"""Texts for the question ``match``: is any of seventeen prefixes in it, in any case?

Three lengths, and three shapes of each: ``none`` is prose with full stops and clock times and no prefix; ``one`` is
prose with one link at two thirds; ``near`` is made of what almost is a prefix, to draw out whoever looks for beginnings
or for colons and full stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from random import Random

from sipcore_bench.draw import Draw
from sipcore_bench.messages import Recipe

__all__ = ["PREFIXES", "TEXTS", "holds_prefix"]

#: The default prefixes of the filter as plain strings: "www*." is "www." here, which every matcher can look for.
PREFIXES = (
    "callto:", "file:", "ftp.", "ftp:", "gopher:", "href", "http:", "https:", "ldap:", "mailto:", "news:", "nntp:",
    "sip:", "sips:", "tel:", "telnet:", "www.",
)  # fmt: skip

_SIZES = (60, 600, 4096)

#: None of these holds a prefix, in any case, nor do any of them with a space between.
_NEAR_PREFIXES = (
    "callto", "callt:", "Call:", "file", "fil:", "ft:", "ftps:", "fttp.", "gophe:", "gopher", "hre", "hreef:", "http",
    "HTTP", "htt:", "https", "httpx:", "httpss:", "ldap", "LDA:", "ldapp:", "mailt:", "Mail:", "mailto", "new:",
    "newsy:", "nnt:", "nntpp:", "si:", "SIP", "sipp:", "te:", "tele:", "telne:", "telnet", "w.", "ww.", "WWW",
)  # fmt: skip


def holds_prefix(text: bytes) -> bool:
    """The expected answer: whether any of `PREFIXES` stands in the text, whatever the case of its letters."""
    lowered = text.lower()
    return any(prefix.encode() in lowered for prefix in PREFIXES)


def _none(size: int, random: Random) -> bytes:
    draw = Draw(random)
    start = f"At {draw.number(8, 18)}:{draw.number(10, 59)} {draw.hex(6)}: "
    return _fitted(start + draw.mixed_prose(size), size)


def _one(size: int, random: Random) -> bytes:
    """The prefix is drawn too, and its case."""
    draw = Draw(random)
    prefix = random.choice([prefix for prefix in PREFIXES if prefix != "href"])
    spelt = random.choice((prefix, prefix, prefix.upper(), prefix.title()))
    link = f" {spelt}{draw.hex(8)}.example ".encode()
    before = size * 2 // 3 - len(link) // 2
    behind = size - before - len(link)
    return _fitted(draw.mixed_prose(before), before) + link + _fitted(draw.mixed_prose(behind), behind)


def _near(size: int, random: Random) -> bytes:
    # Only spaces between them: "ftp" with a full stop behind it would be a prefix.
    pieces = random.choices(_NEAR_PREFIXES, k=size // 3)
    return _fitted(" ".join(pieces), size)


def _fitted(text: str, size: int) -> bytes:
    """The beginning of the text in exactly that many bytes of UTF-8."""
    return text.encode()[:size].decode("utf-8", "ignore").encode().ljust(size, b" ")


_SHAPES: tuple[tuple[str, str, Callable[[int, Random], bytes]], ...] = (
    ("none", "no prefix", _none),
    ("one", "a link at two thirds", _one),
    ("near", "made of near misses", _near),
)

#: Every text by its name (``"text-600-near"``), in the order of the tables.
TEXTS: Mapping[str, Recipe] = {
    f"text-{size}-{shape}": Recipe(f"text-{size}-{shape}", f"{size} bytes, {about}", size, partial(write, size))
    for size in _SIZES
    for shape, about, write in _SHAPES
}
