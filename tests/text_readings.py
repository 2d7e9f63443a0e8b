"""Texts to be read, and what is found in their readings."""

from __future__ import annotations

from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter.content import Text
from sipcore.imfilter.reading import Reading, readings
from sipcore.imfilter.rules import DEFAULT_PREFIXES

LINKS = LinkFinder(DEFAULT_PREFIXES)


def text(data: bytes | str, essence: str = "text/plain", codec: str = "utf-8") -> Text:
    """A text to be read."""
    return Text("body", essence, data.encode(codec) if isinstance(data, str) else data, codec)


def links(reading: Reading) -> list[tuple[int, int]]:
    """The spans, in the text's own data, of the links that a reading has."""
    return [reading.source(start, end) for _, start, end in LINKS.find_all(reading.data)]


def shown(data: bytes | str, essence: str = "text/plain", kind: str = "text") -> list[bytes]:
    """What all readings of that kind say."""
    return [bytes(reading.data) for reading in readings(text(data, essence)) if reading.kind == kind]


def defanged(data: bytes, essence: str, place: int, codec: str = "utf-8") -> list[tuple[int, int]]:
    """The links that are still found at a place after an underscore has been put there."""
    changed = data[:place] + b"_" + data[place:]
    found = [span for reading in readings(text(changed, essence, codec)) for span in links(reading)]
    return [span for span in found if place <= span[0] <= place + 1]
