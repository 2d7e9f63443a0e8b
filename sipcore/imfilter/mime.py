"""The structure of MIME in spans: headers of a part (RFC 2045), parts of a multipart (RFC 2046), one media type.

Readers of MIME are many and lenient in different ways: about line ends, boundaries, what is given twice. Text that one
of them shows and another takes for something else is how filters are passed by, so whatever two readers may take
differently is refused here. Library parsers repair such input silently, and lose the spans that a rewrite needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sipcore._values import MediaType
from sipcore.errors import HeaderError
from sipcore.imfilter.codings import IDENTITY_CONTENT, IDENTITY_TRANSFER
from sipcore.imfilter.places import Span, UnreadableError

__all__ = ["Field", "Header", "Kind", "Split", "Values", "content_of", "kind_of", "read_header", "split", "transfer_of"]

#: The values of a header by its name.
Values = Callable[[str], list[str]]

#: Lines of one header. Mail that was forwarded has a hundred; each costs a turn of a loop.
_MOST_LINES = 256
#: RFC 2046 section 5.1.1.
_LONGEST_BOUNDARY = 70
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*")


# -- the header of a part


class Field(NamedTuple):
    """One field of a header: its name in lower case, its value with folds taken out, and where the value stands."""

    name: str
    value: str
    span: Span


class Header(NamedTuple):
    """The header of a part, and where the body behind it begins."""

    fields: tuple[Field, ...]
    body: int

    def named(self, name: str) -> list[Field]:
        """Every field of that name."""
        return [field for field in self.fields if field.name == name]

    def values(self, name: str) -> list[str]:
        """The values of every field of that name; those of the encodings are lists."""
        found = [field.value for field in self.named(name.lower())]
        return [item.strip() for value in found for item in value.split(",")] if name.endswith("Encoding") else found


def line_end(data: bytes) -> bytes:
    """How lines end here: as the first one does."""
    first = data.find(b"\n")
    return b"\n" if first == 0 or (first > 0 and data[first - 1] != ord("\r")) else b"\r\n"


def read_header(data: bytes, start: int, end: int, eol: bytes) -> Header:
    """The header that begins at ``start``, its lines ended by ``eol``. Raises: UnreadableError."""
    if data.startswith(eol, start, end):
        return Header((), start + len(eol))
    blank = data.find(eol + eol, start, end)
    if blank < 0:
        raise UnreadableError("a header that does not end")
    lines = data[start:blank].split(eol, _MOST_LINES)
    if len(lines) > _MOST_LINES:
        raise UnreadableError("a header of too many lines")
    return Header(tuple(_fields(lines, data, start, eol)), blank + 2 * len(eol))


def _fields(lines: list[bytes], data: bytes, start: int, eol: bytes) -> list[Field]:
    """The fields of a header, refusing lines that one reader takes for a header and another for its end."""
    spans: list[tuple[str, int, int]] = []
    for line in lines:
        if any(control in line for control in (b"\r", b"\n", b"\0")):
            raise UnreadableError("a header with a control character, or with mixed line ends")
        end = start + len(line)
        if line[:1] in (b" ", b"\t") and spans and line.strip():
            name, begin, _ = spans.pop()
            spans.append((name, begin, end))
        elif match := _NAME.match(line):
            spans.append((match[1].decode("ascii").lower(), start + match.end(), end))
        else:
            raise UnreadableError("a header with a line that is no field")
        start = end + len(eol)
    return [Field(name, _text(data[begin:end], eol), (begin, end)) for name, begin, end in spans]


def _text(value: bytes, eol: bytes) -> str:
    return value.replace(eol, b"").strip().decode("utf-8", "surrogateescape")


# -- what a header says of the body behind it


@dataclass(frozen=True, slots=True)
class Kind:
    """A media type whose parameters must be clear when they are asked for."""

    essence: str
    written: str
    params: dict[str, str | None]

    @classmethod
    def parse(cls, written: str) -> Kind:
        """Raises: UnreadableError."""
        try:
            media_type = MediaType.parse(written)
            params = dict(media_type.params.items())
            return cls(media_type.essence, written, {name.lower(): value for name, value in params.items()})
        except (HeaderError, UnicodeEncodeError):
            raise UnreadableError("not a media type") from None

    def param(self, name: str) -> str | None:
        """A parameter of which every reader makes the same; None where it is absent. Raises: UnreadableError.

        Of one given twice another reader may take the other; one in pieces (RFC 2231) or with an escape in it not
        every reader puts together. Counting the name anywhere, even inside a value, errs on the safe side.
        """
        times = len(re.findall(name + r"\s*(?:\*[^=;]*)?=", self.written, re.IGNORECASE))
        value = self.params.get(name)
        if times > 1:
            raise UnreadableError(f"{name} given twice")
        if times != (value is not None) or (value is not None and "\\" in self.written):
            raise UnreadableError(f"{name} is unclear")
        return value


def kind_of(values: Values, default: str) -> Kind:
    """What Content-Type says; ``default`` where there is none. Raises: UnreadableError.

    Some stacks write the same field twice; of these every reader makes the same.
    """
    written = values("Content-Type") or [default]
    if len(set(written)) > 1:
        raise UnreadableError("more than one Content-Type")
    return Kind.parse(written[0])


def transfer_of(values: Values) -> str:
    """The transfer encoding; empty where it changes nothing. Raises: UnreadableError.

    No SIP header, but clients that share their reader with mail honour it.
    """
    codings = [coding.lower() for coding in values("Content-Transfer-Encoding")]
    real = [coding for coding in codings if coding not in IDENTITY_TRANSFER]
    if real and len(codings) > 1:
        raise UnreadableError("more than one Content-Transfer-Encoding")
    return real[0] if real else ""


def content_of(values: Values) -> list[str]:
    """The content encodings in the order in which they were put on. Raises: UnreadableError."""
    return [coding for value in values("Content-Encoding") if (coding := value.lower()) not in IDENTITY_CONTENT]


# -- multiparts


class Split(NamedTuple):
    """A multipart in its spans.

    Attributes:
        preamble, epilogue: what stands before the first and behind the last boundary, which most clients hide.
        parts: each with its header.
        eol: how its lines end.
        whole: no reader can take it for something else; false where the last boundary is missing or lines end in a
            bare LF, so that a strict reader finds no parts.
    """

    preamble: Span
    parts: list[Span]
    epilogue: Span
    eol: bytes
    whole: bool


class _Delimiter(NamedTuple):
    """The line of a boundary, from the line end before it to the one behind it, both included."""

    start: int
    end: int
    last: bool


def split(data: bytes, boundary: str | None, most: int) -> Split:
    """The parts of a multipart, ``most`` of them. Raises: UnreadableError."""
    marker = _marker(boundary)
    eols: set[bytes] = set()
    found: list[_Delimiter] = []
    at = 0 if data.startswith(marker) else data.find(b"\n" + marker) + 1 or -1
    while at >= 0:
        if found and found[-1].last:
            raise UnreadableError("a boundary behind the last one")
        found.append(_delimiter(data, at, len(marker), eols))
        if len(found) > most and not found[-1].last:
            raise UnreadableError("more parts than the limit")
        at = data.find(b"\n" + marker, found[-1].end - 1) + 1 or -1
    if not found:
        raise UnreadableError("a multipart without its boundary")
    if len(eols) > 1 or b"\r" + marker in data:
        raise UnreadableError("boundaries with mixed line ends")
    return _split(found, len(data), eols.pop() if eols else b"\r\n")


def _marker(boundary: str | None) -> bytes:
    """What the line of a boundary begins with."""
    if not boundary or len(boundary) > _LONGEST_BOUNDARY or not boundary.isprintable() or boundary.endswith(" "):
        raise UnreadableError("a multipart without a usable boundary")
    return b"--" + boundary.encode()


def _delimiter(data: bytes, at: int, size: int, eols: set[bytes]) -> _Delimiter:
    """The boundary whose marker begins at ``at``; notes how the lines before it and its own end.

    A line that goes on behind the marker is a boundary for some readers (RFC 2046 section 5.1.1 compares no more than
    the marker), and text for others.
    """
    newline = data.find(b"\n", at) + 1 or len(data)
    line = data[at + size : newline]
    tail = line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
    if line != tail:
        eols.add(line[len(tail) :])
    start = at
    if at:
        start -= 2 if data[at - 2 : at] == b"\r\n" else 1
        eols.add(data[start:at])
    if tail.strip(b" \t") not in (b"", b"--"):
        raise UnreadableError("a line that may be a boundary or not")
    return _Delimiter(start, newline, bool(tail.strip(b" \t")))


def _split(found: list[_Delimiter], size: int, eol: bytes) -> Split:
    closed = found[-1].last
    ends = [each.start for each in found[1:]] + ([] if closed else [size])
    parts = [(each.end, max(each.end, end)) for each, end in zip(found, ends, strict=False)]
    epilogue = (found[-1].end, size) if closed else (size, size)
    return Split((0, found[0].start), parts, epilogue, eol, closed and eol == b"\r\n")
