"""A text to its readings: what finders search in place of what was sent.

A person sees neither tags nor zero-width characters, and a client follows an address that it shows nowhere. So each
text is read as often as it may be taken differently: as it stands, as its type is shown, and once more with the tricks
undone. Every reading leads back to the bytes of the text, where a finding is reported and an underscore is put.

What a text is, is told by its type and by its beginning (docs/protocol.md "What a client shows"). Plain text without
tricks, nearly all there is, is one reading: the text's own data, after one test that a text of plain ASCII passes in
about a nanosecond a byte. All else is read in linear time, however it is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sipcore.imfilter.hiding import PLAIN_BYTES, undone
from sipcore.imfilter.html import read_html
from sipcore.imfilter.rtf import read_rtf
from sipcore.imfilter.traces import Traced

if TYPE_CHECKING:
    from sipcore.imfilter.content import Text

__all__ = ["RTF_BEGINNINGS", "Kind", "Reading", "readings"]

#: What a reading is to a person: shown, followed on a click (or fetched at once), or neither.
Kind = Literal["text", "link", "hidden"]

_HTML = frozenset(("text/html", "application/xhtml+xml"))
_RTF = frozenset(("text/rtf", "application/rtf", "text/richtext"))
#: Types whose tags no client reads: a rich edit control shows RTF that does not begin as such letter by letter.
_AS_SENT = frozenset(("text/plain", "text/x-msmsgsinvite", "text/rtf", "application/rtf"))
#: What makes a rich edit control take any text for RTF, whatever its type says.
RTF_BEGINNINGS = (b"{\\rtf", b"{urtf")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text.

    Attributes:
        kind: ``"text"`` (shown), ``"link"`` (followed: one a line, where an attribute names it as ``href=target``), or
            ``"hidden"`` (comments, scripts, attributes and destinations that are neither).
        data: the bytes to search: the text's own, or others in which ASCII stands for itself too.
        editable: whether an underscore put into the text at a place of this reading leaves the rest of it as it was.
    """

    kind: Kind
    data: bytes | memoryview
    editable: bool
    _way_back: Traced | None = field(default=None, repr=False, compare=False)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The span in the text's data that ``data[start:end]`` stands for, in bytes.

        A character that stands for another, a reference or an escape counts whole. What lies between two characters of
        the reading and shows nothing lies inside a span over both, and outside of spans that begin or end there.
        """
        return (start, end) if self._way_back is None else self._way_back.source(start, end)


def readings(text: Text, tricks: bool = True) -> Iterator[Reading]:
    """Every reading of a text. Raises nothing for what the text contains.

    Plain text that hides nothing gives exactly one, which holds ``text.data`` itself.

    Args:
        tricks: whether to read once more with the tricks undone; what the type itself means is undone in any case.

    Source: docs/protocol.md "What a client shows" (F110, F111).
    """
    essence = text.essence
    begins_as_rtf = text.data[:5] in RTF_BEGINNINGS
    if begins_as_rtf:
        yield from _read_as_rtf(text, tricks)
        if essence in _RTF:
            return
    # Where RTF may be meant, an underscore behind a backslash is a control symbol.
    editable = not begins_as_rtf
    if essence in _HTML:
        yield from _read_as_html(text, tricks, editable)
        return
    yield from _read_as_it_stands(text, tricks, editable)
    if essence not in _AS_SENT and b"<" in bytes(text.data):
        # Nobody knows what a client makes of text/enriched, text/xml or text/x-unheard-of: with tags, HTML too.
        yield from _read_as_html(text, tricks, editable)


def _read_as_it_stands(text: Text, tricks: bool, editable: bool) -> Iterator[Reading]:
    yield Reading("text", text.data, editable)
    if tricks and (data := bytes(text.data)).translate(None, PLAIN_BYTES):
        plain = undone(Traced(data), text.codec)
        if plain is not None:
            yield Reading("text", plain.data, editable, plain)


def _read_as_html(text: Text, tricks: bool, editable: bool) -> Iterator[Reading]:
    for kind, traced in read_html(bytes(text.data), text.codec):
        yield from _read_part(kind, traced, text.codec, tricks, editable)


def _read_as_rtf(text: Text, tricks: bool) -> Iterator[Reading]:
    # An underscore before a letter, an escape or a brace is one more letter; in a field or a destination it is not.
    for kind, traced in read_rtf(bytes(text.data), text.codec):
        yield from _read_part(kind, traced, "utf-8", tricks, editable=kind == "text")


def _read_part(kind: Kind, traced: Traced, codec: str, tricks: bool, editable: bool) -> Iterator[Reading]:
    """Part of a text as its type has it, and with the tricks undone."""
    for way_back in (traced, undone(traced, codec) if tricks else None):
        if way_back is not None and way_back.data:
            yield Reading(kind, way_back.data, editable, way_back)
