"""sipcore's own contestants, each by the calls that its README and stubs show, timed from a loop in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sipcore
from sipcore import Framer, ImFilter, Message, Verdict, parse
from sipcore.imfilter import Matcher
from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore_bench import cimport
from sipcore_bench.contestant import Absent, Contestant, Unreadable
from sipcore_bench.fields import FORWARD_VIA, Fields
from sipcore_bench.peers.reading import Reader
from sipcore_bench.texts import PREFIXES

__all__ = ["contestants"]

_reader = partial(Reader, version=sipcore.__version__, kind="ours", refusals=(sipcore.SipError,))


def contestants() -> Iterator[Contestant | Absent]:
    """Everybody of ours. Who cimports needs Cython and a compiler, nobody else can be missing."""
    yield _reader(name="sipcore: parse", question="index", work=parse, answer_of=_start)
    yield _reader(name="sipcore: 12 fields, objects", question="fields", work=_objects, answer_of=_fields)
    yield _reader(name="sipcore: 12 fields, str", question="fields", work=_texts, answer_of=Fields._make)
    yield _reader(name="sipcore: 12 fields, Reader", question="fields", work=_selected, answer_of=_of_selected)
    yield from cimport.contestants()
    yield _reader(name="sipcore: forward", question="forward", work=_forward)
    yield _reader(name="sipcore: Framer", question="frame", work=_stream(Framer()), answer_of=_whole_messages)
    yield from _matchers()
    yield _reader(
        name="sipcore: ImFilter.check", question="filter", prepare=parse, work=ImFilter().check, answer_of=_action
    )


def _matchers() -> Iterator[Contestant]:
    find = Matcher(PREFIXES).find
    yield _reader(name="sipcore: Matcher.find", question="match", work=find, answer_of=lambda found: found is not None)
    # It knows where a link begins and what "www*." stands for, and so does more than the question asks.
    first = LinkFinder(DEFAULT_PREFIXES).find_first
    yield _reader(
        name="sipcore: LinkFinder.find_first", question="match", work=first, answer_of=lambda it: it is not None
    )


def _start(message: Message) -> str | int | None:
    return message.method or message.status


def _objects(data: bytes) -> tuple[object, ...]:
    """The fields as `Message` hands them out: addresses and media type as objects, whose text nobody has asked for."""
    message = parse(data)
    sender, recipient, sequence, via = message.from_, message.to, message.cseq, message.via
    assert sender is not None
    assert recipient is not None
    assert sequence is not None
    assert via is not None
    return (
        message.method or message.status,
        message.uri if message.is_request else None,
        sender.uri,
        sender.tag,
        recipient.uri,
        recipient.tag,
        message.call_id,
        sequence.number,
        sequence.method,
        via.branch,
        message.content_type,
        message.content_length,
        len(message.body),
    )


_SELECT = sipcore.Reader(
    *("method", "status", "uri", "from.uri", "from.tag", "to.uri", "to.tag", "call-id", "cseq.number", "cseq.method"),
    *("via.branch", "content-type.essence", "content-length", "body"),
)


def _selected(data: bytes) -> tuple[Any, ...]:
    """The same as str and int, by one call, and the body as a view."""
    return _SELECT(parse(data))


def _of_selected(values: tuple[Any, ...]) -> Fields:
    method, status, *fields, body = values
    return Fields._make((method or status, *fields, len(body)))


def _fields(handed: tuple[object, ...]) -> Fields:
    """The objects as text."""
    fields = Fields._make(handed)
    kind = fields.content_type
    return fields._replace(
        uri=None if fields.uri is None else str(fields.uri),
        from_uri=str(fields.from_uri),
        to_uri=str(fields.to_uri),
        content_type=kind.essence if isinstance(kind, sipcore.MediaType) else None,
    )


def _texts(data: bytes) -> tuple[str | int | None, ...]:
    """The fields as str and int, each made."""
    message = parse(data)
    sender, recipient, sequence, via = message.from_, message.to, message.cseq, message.via
    assert sender is not None
    assert recipient is not None
    assert sequence is not None
    assert via is not None
    media_type = message.content_type
    return (
        message.method or message.status,
        str(message.uri) if message.is_request else None,
        str(sender.uri),
        sender.tag,
        str(recipient.uri),
        recipient.tag,
        message.call_id,
        sequence.number,
        sequence.method,
        via.branch,
        None if media_type is None else media_type.essence,
        message.content_length,
        len(message.body),
    )


def _forward(data: bytes) -> bytes:
    message = parse(data)
    edit = message.edit()
    if "Route" in message:
        edit.pop_route()
    return bytes(edit.push_via(FORWARD_VIA).decrement_max_forwards())


def _stream(framer: Framer) -> Callable[[bytes], list[Message]]:
    """One connection that lasts: what was taken is let go before more is fed, so its room is used again."""

    def take(chunk: bytes) -> list[Message]:
        framer.feed(chunk)
        return list(framer)

    return take


def _whole_messages(messages: list[Message]) -> list[bytes]:
    return [bytes(message) for message in messages]


def _action(verdict: Verdict) -> str:
    """What is to be done. Raises: Unreadable for a message that is refused only because the filter cannot read it."""
    for finding in verdict.findings:
        if finding.rule == "undecodable":
            raise Unreadable([finding.matched])
    return str(verdict.action)
