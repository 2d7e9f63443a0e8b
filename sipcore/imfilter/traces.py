"""Bytes that know where they came from.

What a client shows is made of pieces of what was sent: some taken over as they stand, some put for something else, the
rest left out. `Tracer` makes such bytes from others, and `Traced`, the result, leads from any span of them back to the
span they stand for. Both can be stacked: bytes made of traced bytes lead back to the first ones of all.

The way back is three arrays, one entry a piece, searched by bisection. Pieces come in the order of their sources, so
the way back is monotone: what stands further right never leads further left. Nearly always nothing is found in what a
client shows, and nobody asks for the way: a tracer only notes its steps, and they are worked out when one is wanted,
which halves the time that ordinary HTML takes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

__all__ = ["Traced", "Tracer"]

#: In place of a piece's end: the piece was taken over as it stands, so each of its bytes has a place of its own.
_AS_IT_STANDS = -1


class _Pieces:
    """Where each piece of traced bytes begins, and the span it was made of."""

    __slots__ = ("ends", "places", "starts")

    def __init__(self) -> None:
        self.places, self.starts, self.ends = array("q"), array("q"), array("q")

    def begin(self, place: int, start: int, end: int) -> None:
        """A new piece, unless it goes on where the last one, taken over as it stands, ended."""
        goes_on = end == _AS_IT_STANDS and self.ends and self.ends[-1] == _AS_IT_STANDS
        if goes_on and self.starts[-1] + place - self.places[-1] == start:
            return
        self.places.append(place)
        self.starts.append(start)
        self.ends.append(end)

    def begin_kept(self, place: int, origin: _Pieces, start: int, end: int) -> None:
        """The pieces of a span that is taken over from bytes that are made of pieces themselves."""
        places = origin.places
        piece = bisect_right(places, start) - 1
        while start < end:
            stop = min(end, places[piece + 1]) if piece + 1 < len(places) else end
            if origin.ends[piece] == _AS_IT_STANDS:
                self.begin(place, origin.starts[piece] + start - places[piece], _AS_IT_STANDS)
            else:
                self.begin(place, origin.starts[piece], origin.ends[piece])
            place += stop - start
            start = stop
            piece += 1

    def first(self, place: int) -> int:
        """Where the source of the byte at a place begins."""
        piece = bisect_right(self.places, place) - 1
        start = self.starts[piece]
        return start + place - self.places[piece] if self.ends[piece] == _AS_IT_STANDS else start

    def last(self, place: int) -> int:
        """Where it ends."""
        piece = bisect_right(self.places, place) - 1
        end = self.ends[piece]
        return self.starts[piece] + place - self.places[piece] + 1 if end == _AS_IT_STANDS else end


class Traced:
    """Bytes and the way back from them. Made of bytes as they stand, or by a `Tracer`."""

    __slots__ = ("_pieces", "_tracer", "data")

    def __init__(self, data: bytes, tracer: Tracer | None = None) -> None:
        self.data = data
        self._tracer = tracer
        self._pieces: _Pieces | None = None

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The span that ``data[start:end]`` was made of; whole pieces where something was put for something else.

        An empty span leads to one place. The arguments must be ``0 <= start <= end <= len(data)``.
        """
        pieces = self.pieces()
        if start < end:
            return pieces.first(start), pieces.last(end - 1)
        place = pieces.first(start) if start < len(self.data) or not start else pieces.last(start - 1)
        return place, place

    def pieces(self) -> _Pieces:
        """What these bytes are made of; worked out once."""
        if self._pieces is None:
            self._pieces = self._tracer.pieces() if self._tracer is not None else _Pieces()
            self._tracer = None
            if not self._pieces.places:
                self._pieces.begin(0, 0, _AS_IT_STANDS)
        return self._pieces


class Tracer:
    """Makes `Traced` bytes of others, from left to right.

    Args:
        origin: the bytes that pieces are taken from. Positions given to `keep` and `put` are positions in it and must
            not go down from call to call.
    """

    __slots__ = ("_data", "_ends", "_origin", "_places", "_starts")

    def __init__(self, origin: Traced) -> None:
        self._origin = origin
        self._data = bytearray()
        # The steps: where each has written, and the span it was given; what is put has an end of its own below zero.
        self._places, self._starts, self._ends = array("q"), array("q"), array("q")

    def keep(self, start: int, end: int) -> None:
        """Take ``origin.data[start:end]`` over as it stands."""
        if start < end:
            self._places.append(len(self._data))
            self._starts.append(start)
            self._ends.append(end)
            self._data += self._origin.data[start:end]

    def put(self, data: bytes, start: int, end: int) -> None:
        """Put ``data`` for ``origin.data[start:end]``."""
        if data:
            self._places.append(len(self._data))
            self._starts.append(start)
            self._ends.append(~end)
            self._data += data

    def pieces(self) -> _Pieces:
        """What the steps have made, in pieces of the first bytes of all."""
        made, origin = _Pieces(), self._origin.pieces()
        for place, start, end in zip(self._places, self._starts, self._ends, strict=True):
            if end >= 0:
                made.begin_kept(place, origin, start, end)
            else:
                made.begin(place, *self._origin.source(start, ~end))
        return made

    def traced(self) -> Traced:
        """What has been made. The tracer is used up."""
        return Traced(bytes(self._data), self)
