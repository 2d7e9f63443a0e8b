"""What an edit means, on a plain list of (name, value): the model that `sipcore.Edit` must agree with.

Imports nothing of sipcore. Values are text with folds as one space; white space around a value is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from oracle.sip_index import COMPACT

#: RFC 3261 section 7.3.1: commas inside quotes and angle brackets do not separate.
_VALUE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])*', re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
#: A number of 32 bits has ten digits, and zeros before them.
_NUMBER = re.compile("0{0,4000}[0-9]{1,10}")
#: RFC 3261 section 25.1: of the control bytes HTAB alone is white space.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
#: What stands before and behind the Request-URI.
_REQUEST_LINE = re.compile(r"(" + _NAME.pattern + r" ).*( SIP/[0-9]+\.[0-9]+ *)", re.IGNORECASE)
_NO_URI = re.compile(r"[\x00-\x20\x7f]")


class RefusedError(Exception):
    """This edit must be refused, and change nothing."""


class HeaderList:
    """A message as lists and strings; its methods are those of `sipcore.Edit`."""

    def __init__(self, fields: list[tuple[str, str]], start_line: str, body: bytes) -> None:
        self.fields, self.start_line, self.body = fields, start_line, body

    def set(self, name: str, value: str) -> None:
        self._set(checked_name(name), clean(value))

    def add(self, name: str, value: str) -> None:
        places = self._places(checked_name(name))
        self.fields.insert(places[-1] + 1 if places else len(self.fields), (name, clean(value)))

    def insert(self, name: str, value: str) -> None:
        places = self._places(checked_name(name))
        self.fields.insert(places[0] if places else 0, (name, clean(value)))

    def remove(self, name: str) -> None:
        for place in reversed(self._places(checked_name(name))):
            del self.fields[place]

    def remove_value(self, name: str, index: int = 0) -> None:
        place, within, spans = self._find(checked_name(name), index)
        if len(spans) == 1:
            del self.fields[place]
        elif within == 0:
            self._splice(place, spans[0][0], spans[1][0], "")
        else:
            self._splice(place, spans[within - 1][1], spans[within][1], "")

    def replace_value(self, name: str, index: int, value: str) -> None:
        place, within, spans = self._find(checked_name(name), index)
        self._splice(place, *spans[within], clean(value))

    def push_via(self, value: str) -> None:
        self.insert("Via", value)

    def pop_via(self) -> None:
        self.remove_value("Via")

    def pop_route(self) -> None:
        self.remove_value("Route")

    def push_route(self, value: str) -> None:
        self.insert("Route", value)

    def push_record_route(self, value: str) -> None:
        self.insert("Record-Route", value)

    def pop_record_route(self) -> None:
        self.remove_value("Record-Route")

    def decrement_max_forwards(self, default: int = 70) -> None:
        texts = self.get_all("Max-Forwards")
        if texts and (not _NUMBER.fullmatch(texts[0]) or not 0 < int(texts[0]) < 1 << 32):
            raise RefusedError
        self._set("Max-Forwards", str(int(texts[0]) - 1 if texts else default))

    def set_method(self, method: str) -> None:
        line = _REQUEST_LINE.fullmatch(self.start_line)
        if line is None or not _NAME.fullmatch(method):
            raise RefusedError
        self.start_line = f"{method}{self.start_line[len(line[1]) - 1 :]}"

    def set_uri(self, uri: str) -> None:
        uri = clean(uri)
        line = _REQUEST_LINE.fullmatch(self.start_line)
        if line is None or not uri or _NO_URI.search(uri):
            raise RefusedError
        self.start_line = f"{line[1]}{uri}{line[2]}"

    def set_body(self, body: bytes, content_type: str | None = None) -> None:
        if content_type is not None:
            self._set("Content-Type", clean(content_type))
        self.body = body
        self.declare_length()

    def declare_length(self) -> None:
        self._set("Content-Length", str(len(self.body)))

    def get_all(self, name: str) -> list[str]:
        return [self.fields[place][1] for place in self._places(name)]

    def values(self, name: str) -> list[str]:
        return [text[slice(*span)] for text in self.get_all(name) for span in value_spans(text)]

    def _set(self, name: str, value: str) -> None:
        places = self._places(name)
        if not places:
            self.fields.append((name, value))
            return
        for place in reversed(places[1:]):
            del self.fields[place]
        self.fields[places[0]] = (self.fields[places[0]][0], value)

    def _splice(self, place: int, start: int, end: int, value: str) -> None:
        name, text = self.fields[place]
        # Without what stood beside it, a quoted control byte may be one that no parser takes.
        self.fields[place] = (name, clean(text[:start] + value + text[end:]))

    def _find(self, name: str, index: int) -> tuple[int, int, list[tuple[int, int]]]:
        for place in self._places(name):
            # The value and its neighbours are looked at; what is wrong behind them does not matter.
            spans = list(islice(value_spans(self.fields[place][1]), max(index, 0) + 2))
            if 0 <= index < len(spans):
                return place, index, spans
            index -= len(spans)
        raise RefusedError

    def _places(self, name: str) -> list[int]:
        return [place for place, (other, _) in enumerate(self.fields) if full(other) == full(name)]


def full(name: str) -> str:
    """The name in lower case, a compact form as what it stands for."""
    lowered = name.lower().encode("utf-8", "surrogateescape")
    return COMPACT.get(lowered, lowered).decode("utf-8", "surrogateescape")


def checked_name(name: str) -> str:
    """The name of a header that may be edited. Content-Length follows the body."""
    if not _NAME.fullmatch(name) or full(name) == "content-length":
        raise RefusedError
    return name


def clean(value: str) -> str:
    """The value as it will be read: what would end the field, or stand in none, is refused."""
    if _CONTROL.search(value):
        raise RefusedError
    return value.strip(" \t")


def value_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the values of a comma list stand, white space off. Raises: RefusedError at one that is never closed."""
    at = 0
    while True:
        match = _VALUE.match(text, at)
        assert match is not None
        end = match.end()
        if end < len(text) and text[end] != ",":
            raise RefusedError
        piece = text[at:end]
        start = at + len(piece) - len(piece.lstrip(" \t"))
        yield start, max(start, at + len(piece.rstrip(" \t")))
        if end == len(text):
            return
        at = end + 1
