"""Where a text sits in its message: a chain of places, each a span of the one around it, and the way back out.

Reading goes inward: a span of the outer bytes, with its encodings undone, is what the next place lies in. Each undoing
leaves behind a `Redo`, so that changed bytes can go outward again by the same chain (see `sipcore.imfilter.rewriting`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["Data", "Place", "Redo", "Span", "UnreadableError"]

Data = bytes | memoryview
Span = tuple[int, int]

#: Encodes changed bytes as they were encoded. Raises ValueError where that cannot be done.
Redo = Callable[[bytes], bytes]


class UnreadableError(Exception):
    """Why something cannot be read; becomes an `Undecodable` before it leaves this room."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A span of something, and what was found in it.

    Attributes:
        data: what stands here with every encoding undone; the spans of places inside count in these bytes.
        outer: the place around this one; None for the body of the message and for the value of a header.
        span: where it stands in ``outer.data``.
        redos: what encodes it again: the last one first, the first one makes the bytes that stand in ``outer``.
        offset: where ``data`` begins in the message; None where it was decoded.
        depth: how many containers are around it.
        sealed: why it must not be changed; empty where it may be.
        length: where ``outer.data`` has the digits of this part's own Content-Length; None where it has none.
        header: for the value of a SIP header its name and number among the fields of that name; None for the body.
    """

    data: Data
    outer: Place | None = None
    span: Span = (0, 0)
    redos: tuple[Redo, ...] = ()
    offset: int | None = None
    depth: int = 0
    sealed: str = ""
    length: Span | None = None
    header: tuple[str, int] | None = None

    def part(self, start: int, end: int, sealed: str = "", length: Span | None = None) -> Place:
        """The span of this place that runs from ``start`` to ``end``, nothing undone yet."""
        offset = None if self.offset is None else self.offset + start
        data = self.data[start:end]
        return Place(data, self, (start, end), (), offset, self.depth, self.sealed or sealed, length)

    def decoded(self, data: Data, redo: Redo) -> Place:
        """This place with one more encoding undone. Data that stayed what it was keeps its offset."""
        offset = self.offset if data is self.data else None
        return replace(self, data=data, redos=(*self.redos, redo), offset=offset)

    def entered(self) -> Place:
        """This place as a container: in bytes, which can be searched, and one deeper."""
        return replace(self, data=bytes(self.data), depth=self.depth + 1)
