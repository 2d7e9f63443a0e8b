"""Reads everything that a message can be asked for, and checks what holds for all of it.

The names come from the types themselves, so a value that is added is read without a word here. Used by the fuzz
targets, the leak test and the regression inputs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from sipcore import HeaderError
from sipcore._parser import Message
from sipcore._reader import Reader
from sipcore.values import Tokens, Uri

Span = tuple[int, int]


def read_every_value(message: Message) -> None:
    """Everything a message says, typed or as text.

    Raises: AssertionError when spans, views and texts do not agree; whatever else typed access raises besides
    HeaderError, which is its answer to a malformed value.
    """
    whole = (0, message.size)
    assert message.head_size + len(message.body) == message.size == len(message.buffer)
    for name in _properties(Message):
        if name == "uri" and not message.is_request:
            continue  # documented to be an AttributeError
        _read(message, name, whole)
    _compare_reader(message)
    names = [name for name, _ in message]
    assert len(names) == len(message)
    for name in set(names):
        assert name in message
        _read_fields(message, name)


#: What a `Reader` reads by its own way, and the attributes that say the same.
PATHS: dict[str, Callable[[Message], object]] = {
    "method": lambda message: message.method,
    "status": lambda message: message.status,
    "uri": lambda message: str(message.uri) if message.is_request else None,
    "uri.user": lambda message: message.uri.user if message.is_request else None,
    "uri.host": lambda message: message.uri.host if message.is_request else None,
    "uri.port": lambda message: message.uri.port if message.is_request else None,
    "from": lambda message: message.from_ and str(message.from_),
    "from.tag": lambda message: message.from_ and message.from_.tag,
    "from.uri": lambda message: message.from_ and str(message.from_.uri),
    "to.tag": lambda message: message.to and message.to.tag,
    "via.host": lambda message: message.via and message.via.host,
    "via.port": lambda message: message.via and message.via.port,
    "via.branch": lambda message: message.via and message.via.branch,
    "cseq.number": lambda message: message.cseq and message.cseq.number,
    "cseq.method": lambda message: message.cseq and message.cseq.method,
    "call-id": lambda message: message.call_id,
    "max-forwards": lambda message: message.max_forwards,
    "content-length": lambda message: message.content_length,
    "content-type.essence": lambda message: message.content_type and message.content_type.essence,
    "x-list": lambda message: message.get("X-List"),
}
_READERS = {path: Reader(path) for path in PATHS}
_ALL = Reader(*PATHS)


def _compare_reader(message: Message) -> None:
    """A reader says what the attributes say, path by path and all at once, and fails where they do."""
    expected = [_outcome(lambda read=read: (read(message),)) for read in PATHS.values()]
    assert [_outcome(lambda read=read: read(message)) for read in _READERS.values()] == expected
    together = _outcome(lambda: _ALL(message))
    assert together == (None if None in expected else tuple(each[0] for each in expected))


def _outcome(read: Callable[[], tuple[object, ...]]) -> tuple[object, ...] | None:
    """What is read; None for a HeaderError."""
    try:
        return read()
    except HeaderError:
        return None


def _read_fields(message: Message, name: str) -> None:
    """The fields of one name: as text, as values of a list, and as bytes where they stand."""
    texts, behind = message.get_all(name), 0
    assert message[name] == message.get(name) == texts[0]
    for index, text in enumerate(texts):
        span = message.span_of(name, index)
        assert span is not None
        assert behind <= span[0] <= span[1] <= message.head_size
        behind = span[1]
        raw = bytes(message.view(name, index) or b"")
        assert raw == bytes(message.buffer[slice(*span)])
        assert b"\n" in raw or text.encode("utf-8", "surrogateescape") == raw
    assert message.span_of(name, len(texts)) is None
    for form in (message.values, message.parameterized, message.credentials):
        try:
            values = form(name)
        except HeaderError as error:
            assert 0 <= error.offset <= message.head_size
            continue
        for each in values:
            if not isinstance(each, str):
                _read_value(each, (0, message.head_size))


@functools.cache
def _properties(kind: type) -> tuple[str, ...]:
    """The public attributes of a type that are read, not called."""
    found = ((name, getattr(kind, name)) for name in vars(kind) if not name.startswith("_"))
    return tuple(name for name, attribute in found if not callable(attribute))


def _read(owner: object, name: str, outer: Span) -> None:
    """One attribute, and what it consists of."""
    try:
        value = getattr(owner, name)
    except HeaderError as error:
        assert outer[0] <= error.offset <= outer[1], (name, error)
        return
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            _read_params(each, outer)
        elif isinstance(each, Tokens):
            _read_tokens(each, outer)
        elif hasattr(each, "span"):
            _read_value(each, outer)


def _read_value(value: object, outer: Span) -> None:
    """A typed value, which stands inside the one it is part of."""
    start, end = value.span
    assert outer[0] <= start <= end <= outer[1], (value, outer)
    str(value)
    for name in _properties(type(value)):
        _read(value, name, (start, end))
    if isinstance(value, Uri):
        assert value == value  # noqa: PLR0124 - its own comparison
        hash(value)
        if b"\n" not in bytes(value):
            again = Uri.parse(bytes(value))
            assert again == value
            assert hash(again) == hash(value)


def _read_tokens(tokens: Tokens, outer: Span) -> None:
    """The tokens of a list, each where it says it stands."""
    texts = list(tokens)
    assert len(texts) == len(tokens) == len(tokens.spans)
    assert all(text in tokens for text in texts)
    assert all(outer[0] <= start < end <= outer[1] for start, end in tokens.spans)


def _read_params(params: Mapping[str, str | None], outer: Span) -> None:
    """Parameters by iteration and by name; one more than the limit is found when they are read."""
    try:
        names = list(params)
    except HeaderError as error:
        assert error.code == "too-many-parameters"
        assert outer[0] <= error.offset <= outer[1]
        return
    assert len(params) == len(names) == len(params.items())
    for name in names:
        assert name in params
        assert params[name] == params.get(name)
    assert "no-such-parameter" not in params or "no-such-parameter" in map(str.lower, names)
