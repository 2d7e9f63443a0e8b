"""A message as a person or another program wants to look at it: every part with its bytes and what it means.

Nothing here ends at the first fault: a header that cannot be read is described by what is wrong with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sipcore._parser import Message
from sipcore.errors import HeaderError
from sipcore.grammar import COMPACT_FORMS
from sipcore.validate import validate
from sipcore.values import (
    Credentials,
    CSeq,
    MediaType,
    NameAddr,
    Parameterized,
    SipWarning,
    Tokens,
    Uri,
    Via,
)

__all__ = ["describe", "place_of", "printable"]

_Typed = Uri | Via | NameAddr | CSeq | MediaType | Parameterized | SipWarning | Credentials
#: How much of a line is shown on each side of a fault.
_AROUND = 50

#: The typed values of a message, by what gives them.
_READERS: tuple[Callable[[Message], list[Any]], ...] = (
    lambda message: [message.uri] if message.is_request else [],
    lambda message: message.vias,
    lambda message: [message.from_],
    lambda message: [message.to],
    lambda message: [message.cseq],
    lambda message: message.contacts,
    lambda message: message.routes,
    lambda message: message.record_routes,
    lambda message: [message.content_type],
    lambda message: message.accept,
    lambda message: message.asserted_identities,
    lambda message: [message.event],
    lambda message: [message.subscription_state],
    lambda message: [message.content_disposition],
    lambda message: message.reasons,
    lambda message: message.warnings,
    lambda message: message.diagnostics,
    lambda message: _sound(message.max_forwards, message.expires),
    *(
        lambda message, name=name: message.credentials(name)
        for name in ("Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate")
    ),
    *(
        lambda message, name=name: _sound(getattr(message, name))
        for name in ("supported", "require", "proxy_require", "unsupported", "allow")
    ),
)


def _sound(*_values: int | Tokens | None) -> list[Any]:
    """For values that say no more than their text does: they are read only because that tells a fault."""
    return []


def describe(message: Message) -> dict[str, Any]:
    """What a message is made of, as values that JSON has.

    Returns:
        ``kind``, ``size``, ``truncated``; ``parts``: start line, header fields and body in wire order, each with
        ``name``, ``span`` (start and end in bytes), ``text`` and ``means``, its typed values; ``refusal``: what
        `sipcore.validate` finds, or None.
    """
    refusal = validate(message)
    parts = list(_parts(message))
    for meaning in _meanings(message):
        start = meaning["span"][0]
        at = next((part for part in parts if part["span"][0] <= start <= part["span"][1]), parts[0])
        at["means"].append(meaning)
    return {
        "kind": "request" if message.is_request else "response",
        "size": message.size,
        "truncated": message.truncated,
        "parts": parts,
        "refusal": refusal
        and {"status": refusal.status, "reason": refusal.reason, "header": refusal.header, "offset": refusal.offset},
    }


def _parts(message: Message) -> Iterator[dict[str, Any]]:
    data = message.buffer
    end = bytes(data[: message.head_size]).find(b"\r\n")
    yield _part("", (0, end), _decoded(data[:end]))
    seen: Counter[str] = Counter()
    for name, value in message:
        full = COMPACT_FORMS.get(name.lower(), name).lower()
        span = message.span_of(name, seen[full])
        seen[full] += 1
        assert span is not None  # it was just listed
        yield _part(name, span, value)
    if len(message.body):
        start = message.head_size
        yield _part("body", (start, start + len(message.body)), _decoded(message.body))


def _part(name: str, span: tuple[int, int], text: str) -> dict[str, Any]:
    return {"name": name, "span": list(span), "text": text, "means": []}


def _decoded(data: memoryview) -> str:
    return bytes(data).decode("utf-8", "surrogateescape")


def _meanings(message: Message) -> Iterator[dict[str, Any]]:
    for read in _READERS:
        try:
            values = [value for value in read(message) if value is not None]
        except HeaderError as error:
            yield _fault(error)
            continue
        for value in values:
            try:
                yield {"span": list(value.span), **_fields(value)}
            except HeaderError as error:  # what is in a value can be faulty too: the URI of an address
                yield _fault(error)


def _fault(error: HeaderError) -> dict[str, Any]:
    return {"span": [error.offset, error.offset], "error": f"{error.header}: {error.code}"}


def _fields(value: _Typed) -> dict[str, Any]:
    """What a typed value says; what it does not say is left out."""
    match value:
        case Uri():
            found = {name: getattr(value, name) for name in ("scheme", "user", "host", "port")}
        case Via():
            names = ("transport", "host", "port", "branch", "received", "rport")
            found = {name: getattr(value, name) for name in names}
        case NameAddr():
            found = {"name": value.display_name, "uri": None if value.is_star else str(value.uri), "tag": value.tag}
        case CSeq():
            found = {"number": value.number, "method": value.method}
        case MediaType():
            found = {"type": value.essence, **value.params}
        case SipWarning():
            found = {"code": value.code, "agent": value.agent, "text": value.text}
        case Credentials():
            found = {"scheme": value.scheme, **value.params}
        case Parameterized():
            found = {"value": value.value, **value.params}
    return {name: each for name, each in found.items() if each is not None}


def printable(text: str) -> str:
    """A text that cannot disturb a terminal: whatever is not printable is escaped, line ends are kept."""
    return "".join(letter if letter.isprintable() or letter == "\n" else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return ascii(letter)[1:-1]


def place_of(data: bytes, offset: int) -> tuple[str, str, str]:
    """Three lines that show a byte: where it is, the line that it is in, and a caret below it."""
    start = data.rfind(b"\n", 0, offset) + 1
    end = data.find(b"\n", offset) + 1 or len(data)
    first, last = max(start, offset - _AROUND), min(end, offset + _AROUND)
    before = _shown(data[first:offset])
    line = data.count(b"\n", 0, offset) + 1
    where = f"  line {line}, column {offset - start + 1}"
    return where, f"    {before}{_shown(data[offset:last])}", f"    {' ' * len(before)}^"


def _shown(data: bytes) -> str:
    return repr(data)[2:-1]
