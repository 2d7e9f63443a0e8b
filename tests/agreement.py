"""The same account of a message from two readers, the parser and the oracle, and where the two part ways.

An account is plain data: every field with its place, every value that `Message` has a name for, and MALFORMED for what
a reader refuses to give. Codes of errors are not compared, as two readers may find two faults in one value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from oracle import sip_index, sip_values

from sipcore import HeaderError, Message, NameAddr, ParseError, Uri, Via, parse
from sipcore._values import CSeq, MediaType

MALFORMED = "malformed"
Account = dict[str, Any]

#: Asked for by their full names too, whether they are there or not.
NAMES = ("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Content-Length", "Subject", "X-List")


def disagreement(data: bytes, *, values: bool = True) -> str | None:
    """What the parser and the oracle say differently of these bytes; None when they agree."""
    ours, theirs = by_parser(data, values), by_oracle(data, values)
    if ours == theirs:
        return None
    if ours is None or theirs is None:
        return f"{data!r}\n is {'no' if ours is None else 'a'} message to the parser, to the oracle the other way round"
    parts = [f"  {key}: parser {ours[key]!r}\n    oracle {theirs[key]!r}" for key in ours if ours[key] != theirs[key]]
    return "\n".join([repr(data), *parts])


# -- the parser's side


def by_parser(data: bytes, values: bool = True) -> Account | None:
    """None when the bytes are no message."""
    try:
        message = parse(data)
    except ParseError:
        return None
    account: Account = {
        "start": (message.method, message.status, message.reason, message.version),
        "fields": list(message),
        "places": {name: _places(message, name) for name in _names(name for name, _ in message)},
        "body": bytes(message.body),
        "size": (message.head_size, message.size, message.truncated, message.content_length),
    }
    if values:
        account |= _parser_values(message)
    return account


def _names(names: Iterable[str]) -> list[str]:
    return sorted({*NAMES, *names})


def _places(message: Message, name: str) -> list[tuple[int, int]]:
    count = len(message.get_all(name))
    assert message.span_of(name, count) is None
    return [span for index in range(count) if (span := message.span_of(name, index)) is not None]


def _parser_values(message: Message) -> Account:
    names = _names(name for name, _ in message)
    return {
        "uri": uri_by_parser(lambda: message.uri) if message.is_request else None,
        "lists": {name: _asked(lambda name=name: message.values(name)) for name in names},
        "call_id": message.call_id,
        "max_forwards": _asked(lambda: message.max_forwards),
        "via": _asked(lambda: _via(message.via)),
        "vias": _asked(lambda: [_via(one) for one in message.vias]),
        "from": _asked(lambda: _address(message.from_)),
        "to": _asked(lambda: _address(message.to)),
        "routes": _asked(lambda: [_address(one) for one in message.routes]),
        "record_routes": _asked(lambda: [_address(one) for one in message.record_routes]),
        "contacts": _asked(lambda: [_address(one) for one in message.contacts]),
        "cseq": _asked(lambda: _cseq(message.cseq)),
        "content_type": _asked(lambda: _media_type(message.content_type)),
    }


def _asked(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except HeaderError as error:
        assert error.offset >= 0
        return MALFORMED


def _items(value: Any) -> Any:
    return _asked(lambda: list(value.params.items()))


def uri_by_parser(read: Callable[[], Uri]) -> Any:
    one = _asked(read)
    if one == MALFORMED:
        return MALFORMED
    return (one.span, str(one), one.scheme, one.user, one.password, one.host, one.port, _items(one), one.headers)


def _address(one: NameAddr | None) -> Any:
    if one is None:
        return None
    uri = uri_by_parser(lambda: one.uri)
    return (one.span, str(one), one.display_name, one.is_star, uri, _items(one), one.tag)


def _via(one: Via | None) -> Any:
    if one is None:
        return None
    named = (one.branch, one.received, one.rport)
    return (one.span, str(one), one.transport, one.host, one.port, _items(one), *named)


def _cseq(one: CSeq | sip_values.CSeq | None) -> Any:
    return one and (one.span, one.number, one.method)


def _media_type(one: MediaType | None) -> Any:
    return one and (one.span, str(one), one.essence, _items(one))


# -- the oracle's side


def by_oracle(data: bytes, values: bool = True) -> Account | None:
    """None when the bytes are no message."""
    try:
        head = sip_index.read(data)
    except sip_index.NotSipError:
        return None
    first, second, third = (part.decode("utf-8", "surrogateescape") for part in head.start)
    account: Account = {
        "start": (None, int(second), third, first) if head.is_response else (first, None, None, third),
        "fields": [(name.decode(), sip_index.unfolded(value)) for name, value in head.fields],
        "places": {name: head.places(name.encode()) for name in _field_names(head)},
        "body": head.body,
        "size": (head.size, head.size + len(head.body), head.truncated, head.length),
    }
    if values:
        account |= _oracle_values(head, _from_start_line(data))
    return account


def _field_names(head: sip_index.Head) -> list[str]:
    return _names(name.decode() for name, _ in head.fields)


def _from_start_line(data: bytes) -> bytes:
    while data.startswith(b"\r\n"):
        data = data[2:]
    return data


def _oracle_values(head: sip_index.Head, data: bytes) -> Account:
    def first(name: bytes, read: Callable[[bytes, int, int], Any]) -> Any:
        places = head.places(name)
        return _found(lambda: read(data, *places[0])) if places else None

    def addresses(name: bytes) -> Any:
        return _found(lambda: [_oracle_address(data, one) for one in sip_values.addresses(data, head.places(name))])

    uri_start = len(head.start[0]) + 1
    uri_end = uri_start + len(head.start[1])
    return {
        "uri": None if head.is_response else uri_by_oracle(data, uri_start, uri_end),
        "lists": {name: _found(lambda name=name: _elements(head, data, name)) for name in _field_names(head)},
        "call_id": first(b"Call-ID", lambda data, *place: sip_values.text_of(data, place)),
        "max_forwards": first(b"Max-Forwards", sip_values.max_forwards),
        "via": first(b"Via", lambda *place: _oracle_via(sip_values.via(*place)[0])),
        "vias": _found(lambda: [_oracle_via(one) for one in sip_values.vias(data, head.places(b"Via"))]),
        "from": first(b"From", lambda *place: _oracle_address(data, sip_values.only_address(*place))),
        "to": first(b"To", lambda *place: _oracle_address(data, sip_values.only_address(*place))),
        "routes": addresses(b"Route"),
        "record_routes": addresses(b"Record-Route"),
        "contacts": addresses(b"Contact"),
        "cseq": first(b"CSeq", lambda *place: _cseq(sip_values.cseq(*place))),
        "content_type": first(b"Content-Type", lambda *place: _oracle_media_type(sip_values.media_type(*place))),
    }


def _found(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except sip_values.MalformedError:
        return MALFORMED


def _first_of_each(params: sip_values.Params | None) -> Any:
    """Each name once, as first written, with its first value."""
    if params is None:
        return MALFORMED
    seen: dict[str, tuple[str, str | None]] = {}
    for name, value in params:
        seen.setdefault(name.lower(), (name, value))
    return list(seen.values())


def uri_by_oracle(data: bytes, start: int, end: int) -> Any:
    one = _found(lambda: sip_values.uri(data, start, end))
    if one == MALFORMED:
        return MALFORMED
    items = _first_of_each(one.params)
    return (one.span, one.text, one.scheme, one.user, one.password, one.host, one.port, items, one.headers)


def _oracle_address(data: bytes, one: sip_values.Address) -> Any:
    uri = MALFORMED if one.is_star else uri_by_oracle(data, *one.uri_span)
    return (one.span, one.text, one.display_name, one.is_star, uri, _first_of_each(one.params), one.tag)


def _oracle_via(one: sip_values.Via) -> Any:
    named = (one.branch, one.received, one.rport)
    return (one.span, one.text, one.transport, one.host, one.port, _first_of_each(one.params), *named)


def _oracle_media_type(one: sip_values.MediaType) -> Any:
    return (one.span, one.text, one.essence, _first_of_each(one.params))


def _elements(head: sip_index.Head, data: bytes, name: str) -> list[str]:
    spans = [span for place in head.places(name.encode()) for span in sip_values.elements(data, *place)]
    return [sip_values.text_of(data, span) for span in spans]
