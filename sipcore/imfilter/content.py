"""Message to the texts that a person would see in it, wherever they hide.

Read are the body of any message, into multiparts, CPIM and nested mail, each part with its own encodings and character
set; the first instant message of a session, which an INVITE carries in ``ms-text-format`` and ``ms-im-format``; and
Subject (docs/protocol.md "Where text hides"). A body without Content-Type is read as text/plain: RFC 3261 section 20.15
demands the header, so what a client makes of its absence is anybody's guess, and text is the guess that hides nothing.

What a client would show but cannot be read here is `Undecodable`, never skipped; so is whatever two readers may take
differently, unless it can be read in each of their ways. Types that no client shows as text are left alone, such as
``application/im-iscomposing+xml``, and so is what other methods carry: presence, SOAP, session descriptions that offer
no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sized
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sipcore.errors import HeaderError
from sipcore.imfilter.charsets import ASCII_SUPERSETS, Decoded, decoded, kept
from sipcore.imfilter.codings import undo_content, undo_transfer
from sipcore.imfilter.mime import (
    Header,
    Kind,
    Values,
    content_of,
    kind_of,
    line_end,
    read_header,
    split,
    transfer_of,
)
from sipcore.imfilter.places import Data, Place, UnreadableError
from sipcore.imfilter.subjects import subject
from sipcore.imfilter.transfer import OFFER_TYPES

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["DEFAULT_BOUNDS", "PLAIN", "READ_TYPES", "SHOWN_TYPES", "TEXT_TYPES", "Bounds", "Text", "Undecodable", "texts",
           "whole_body"]  # fmt: skip

PLAIN, XHTML = "text/plain", "application/xhtml+xml"

#: What clients show as text, or would if they were asked to.
TEXT_TYPES = frozenset({PLAIN, "text/html", "text/rtf", "application/rtf", XHTML})

#: Containers of one MIME body behind a header of their own.
_CPIM = "message/cpim"
_MAIL = frozenset({"message/rfc822", "message/global", "message/news"})

#: Types under text, multipart and message of which no client shows anything: notifications of delivery (RFC 5438,
#: RFC 3464, RFC 8098).
_SILENT = frozenset({"message/imdn+xml", "message/delivery-status", "message/disposition-notification"})

#: Types of which something is said in any message; a star stands for what may follow.
READ_TYPES = (*TEXT_TYPES, *OFFER_TYPES, "multipart/*", _CPIM, *_MAIL)

#: What a client would show in a MESSAGE: text of any kind, and what it decrypts or unwraps first.
SHOWN_TYPES = (
    *("text/*", "multipart/*", "message/*"),
    *("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted", "application/cipher.*"),
)
_SHOWN = re.compile("|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in SHOWN_TYPES), re.DOTALL)

#: Fields that say what the bytes of a part are (RFC 1864, RFC 9530): changed bytes would make them lie.
_DIGESTS = ("content-md5", "content-digest", "repr-digest")

_MS_BODY = re.compile(r"ms-body\s*=\s*\"?([^\";]*)", re.IGNORECASE)
_LONGEST_SUBTYPE = 40
_LENGTH = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far reading goes; what lies further is `Undecodable`."""

    #: Containers in one another. Mail with an attached mail with alternatives has four.
    depth: int = 8
    #: Parts of all multiparts of one message. An album of pictures in RCS has some dozens.
    parts: int = 256
    #: Bytes that gzip and deflate may make of one message: four times the largest body that the parser takes.
    expanded: int = 4_194_304


DEFAULT_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Text:
    """One text, in bytes in which every ASCII character stands for itself.

    Attributes:
        path: where it stands: ``"body"``, ``"body/multipart[1]/html"``, ``"body/cpim"``, ``"ms-text-format"``,
            ``"ms-im-format[0]"``, ``"subject"``. Behind an ``@``, what tells this way of reading from another one.
        essence: its media type in lower case.
        data: the message's own bytes where they can be searched undecoded, else UTF-8.
        codec: the Python codec that makes text of ``data``.
        start: where ``data`` begins in the message, in bytes; None where it had to be decoded.
        place: the way back into the message; None for a body that stands there as it is.
    """

    path: str
    essence: str
    data: Data
    codec: str
    start: int | None = None
    place: Place | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Something a client might show that cannot be read here.

    Attributes:
        path: where it stands, as for `Text`.
        why: what is in the way.
        size: its bytes, as they stand in what is around it.
    """

    path: str
    why: str
    size: int


Found = Iterator[Text | Undecodable]


def texts(message: Message, also: Collection[str] = (), bounds: Bounds = DEFAULT_BOUNDS) -> Found:
    """Every text of a message, the body first, and every possible offer of a file.

    Raises nothing for bad content: that is an `Undecodable`. Time and memory are linear in the message's size within
    ``bounds``.

    Args:
        also: further media types to read as text, such as ``"application/soap+xml"``.
    """
    body, method = message.body, message.method
    if len(body):
        if (codec := _plain(message, body)) is not None:
            yield Text("body", PLAIN, body, codec, message.head_size)
        else:
            reader = _Reader(method == "MESSAGE", also, bounds, bounds.expanded, bounds.parts)
            yield from reader.entity("body", Place(body, offset=message.head_size), _values_of(message))
    # Methods are case-sensitive (RFC 3261 section 7.1), and clients look for a first message in an INVITE only.
    if method == "INVITE":
        for name in ("ms-text-format", "ms-im-format"):
            yield from _first_messages(message, name, _Reader(True, also, bounds, bounds.expanded, bounds.parts))
    if method in ("INVITE", "MESSAGE") and "Subject" in message:
        yield from _subjects(message)


# -- SIP's side: the body and its headers


def _plain(message: Message, body: Data) -> str | None:
    """The codec of an ordinary body, text/plain in an ASCII superset and nothing to undo; None for any other."""
    types = message.get_all("Content-Type")
    if len(types) != 1 or "Content-Encoding" in message or "Content-Transfer-Encoding" in message:
        return None
    return _plain_codec(types[0]) if body[0] < ord("\xfe") else None  # where UTF-16 may begin with its mark


@lru_cache(maxsize=128)
def _plain_codec(content_type: str) -> str | None:
    """Remembered, for clients write the same few values in every message."""
    try:
        kind = Kind.parse(content_type)
        label = kind.param("charset") or "utf-8"
    except UnreadableError:
        return None
    return ASCII_SUPERSETS.get(label.lower()) if kind.essence == PLAIN else None


def _values_of(message: Message) -> Values:
    """The headers of a message as those of a part."""

    def values(name: str) -> list[str]:
        try:
            return message.values(name)
        except HeaderError as error:
            raise UnreadableError(f"{name}: {error.code}") from None

    return values


def whole_body(message: Message, codec: str) -> Place:
    """Where a body stands that is a text as it is."""
    body = message.body
    return Place(body, offset=message.head_size).decoded(body, kept(codec, body))


def _first_messages(message: Message, name: str, reader: _Reader) -> Found:
    """The texts of every header of that name."""
    values = message.get_all(name)
    for number, value in enumerate(values):
        path = name if name == "ms-text-format" and len(values) == 1 else f"{name}[{number}]"
        data = value.encode("utf-8", "surrogateescape")
        try:
            yield from _first_message(value, Place(data, header=(name, number)), path, reader)
        except UnreadableError as error:
            yield Undecodable(path, str(error), len(data))


def _first_message(value: str, root: Place, path: str, reader: _Reader) -> Found:
    """What one header carries in ``ms-body``: a body in base64 behind its own type.

    White space goes first. None of what is read here can contain any, and a fold inside base64 would else hide what
    stands behind it.
    """
    if "," in value:  # occurs in none of the parts, so it separates a second value that another reader might take
        raise UnreadableError("more than one value in one header")
    compact = "".join(value.split())
    encoded = Kind.parse(compact).param("ms-body")
    if not encoded:
        return
    written = _MS_BODY.search(value)
    if written is None or "".join(written[1].split()) != encoded:
        raise UnreadableError("ms-body is unclear")
    values = {"Content-Type": [compact], "Content-Transfer-Encoding": ["base64"]}
    start = len(value[: written.start(1)].encode("utf-8", "surrogateescape"))
    yield from reader.entity(path, root.part(start, start + len(written[1])), lambda name: values.get(name, []))


def _subjects(message: Message) -> Found:
    """Every Subject; one that is folded has its folds taken out."""
    values = message.get_all("Subject")
    for number, value in enumerate(values):
        span = message.span_of("Subject", number)
        data = value.encode("utf-8", "surrogateescape")
        offset = span[0] if span is not None and message.buffer[span[0] : span[1]] == data else None
        root = Place(data, offset=offset, header=("Subject", number))
        yield from _subject(_numbered(values, number), root, False)


def _numbered(subjects: Sized, number: int) -> str:
    """The name of one of the subjects in a path: nearly always there is one."""
    return "subject" if len(subjects) == 1 else f"subject[{number}]"


def _subject(path: str, slot: Place, escapes: bool) -> Found:
    try:
        for way in subject(slot.data, escapes):
            yield from _text(path, PLAIN, way, slot)
    except UnreadableError as error:
        yield Undecodable(path, str(error), len(slot.data))


def _text(path: str, essence: str, way: Decoded, slot: Place) -> Iterator[Text]:
    """One way to read what stands in a slot; nothing where nothing does."""
    if len(way.data):
        place = slot.decoded(way.data, way.redo)
        yield Text(path + way.variant, essence, way.data, way.codec, place.offset, place)


# -- MIME's side


@dataclass(slots=True)
class _Reader:
    """Reads one body, with what it may still spend.

    Attributes:
        shown: whether a client would try to show the body, whatever its type.
        room: bytes that may still be made by expanding.
        parts: parts that may still be read.
    """

    shown: bool
    also: Collection[str]
    bounds: Bounds
    room: int
    parts: int

    def entity(self, path: str, slot: Place, values: Values, default: str = PLAIN, named: bool = False) -> Found:
        """The texts of something that has a header; ``named`` where its type belongs to its path."""
        try:
            kind = kind_of(values, default)
            if kind.essence.startswith("multipart/") or kind.essence == _CPIM or kind.essence in _MAIL:
                yield from self._container(path, slot, kind, values)
            elif self._is_read(kind.essence):
                yield from self._leaf(path, slot, kind, values, named)
            else:
                self._pass(kind.essence)
        except UnreadableError as error:
            yield Undecodable(path, str(error), len(slot.data))

    def _is_read(self, essence: str) -> bool:
        return essence in TEXT_TYPES or essence in OFFER_TYPES or essence in self.also

    def _pass(self, essence: str) -> None:
        """Leave something alone. Raises: UnreadableError, where a client might show it."""
        if self.shown and essence not in _SILENT and _SHOWN.fullmatch(essence):
            raise UnreadableError(f"Content-Type: {essence}")

    def _leaf(self, path: str, slot: Place, kind: Kind, values: Values, named: bool) -> Found:
        if named:
            path += "/" + kind.essence.partition("/")[2][:_LONGEST_SUBTYPE]
        label = kind.param("charset")
        transfer = transfer_of(values)
        place = self._undone(slot, transfer, content_of(values))
        for way in decoded(label, kind.essence, place.data):
            if kind.essence == XHTML and b"<!ENTITY" in bytes(way.data):
                raise UnreadableError("XHTML that declares entities of its own")
            yield from _text(path, kind.essence, way, place)
        if transfer == "quoted-printable" and slot.depth == 0:
            yield from self._raw(path + "@raw", slot)  # in SIP not every client knows of transfer encodings

    def _undone(self, slot: Place, transfer: str, content: list[str]) -> Place:
        """What stands in a slot, with its transfer encoding and then its content encodings undone."""
        if transfer:
            slot = slot.decoded(*undo_transfer(transfer, slot.data))
        if len(content) > self.bounds.depth:
            raise UnreadableError("more content encodings than the limit")
        for coding in reversed(content):
            data, redo = undo_content(coding, slot.data, self.room)
            self.room -= len(data)
            slot = slot.decoded(data, redo)
        return slot

    def _container(self, path: str, slot: Place, kind: Kind, values: Values) -> Found:
        """The texts of a multipart or an enclosed message.

        RFC 2045 section 6.4 allows no transfer encoding around parts, so not every reader undoes one.
        """
        if kind.essence == "multipart/encrypted":
            self._pass(kind.essence)
            return
        if transfer_of(values):
            raise UnreadableError(f"{kind.essence} in a transfer encoding")
        if slot.depth >= self.bounds.depth:
            raise UnreadableError("nested deeper than the limit")
        place = self._undone(slot, "", content_of(values)).entered()
        if kind.essence.startswith("multipart/"):
            yield from self._multipart(path, place, kind)
        else:
            yield from self._enclosed(path, place, kind.essence)

    def _multipart(self, path: str, place: Place, kind: Kind) -> Found:
        """RFC 2046 section 5.1; what stands around the parts is read too, for a client that knows no multiparts."""
        data = bytes(place.data)
        found = split(data, kind.param("boundary"), self.parts)
        self.parts -= len(found.parts)
        default = "message/rfc822" if kind.essence == "multipart/digest" else PLAIN
        sealed = kind.essence if kind.essence == "multipart/signed" else ""
        yield from self._raw(f"{path}/multipart/preamble", place.part(*found.preamble, sealed))
        for number, (start, end) in enumerate(found.parts):
            inner = f"{path}/multipart[{number}]"
            try:
                if start < end:
                    header = read_header(data, start, end, found.eol)
                    slot = self._slot(place, header, end, sealed)
                    yield from self.entity(inner, slot, header.values, default, named=True)
            except UnreadableError as error:
                yield Undecodable(inner, str(error), end - start)
        yield from self._raw(f"{path}/multipart/epilogue", place.part(*found.epilogue, sealed))
        if not found.whole:
            yield from self._raw(path + "@raw", place.part(0, len(data), sealed))

    def _enclosed(self, path: str, place: Place, essence: str) -> Found:
        """CPIM (RFC 3862): a header of its own, then a MIME body with its header. Mail: both in one header."""
        data = bytes(place.data)
        eol = line_end(data)
        header = read_header(data, 0, len(data), eol)
        subjects = header.named("subject")
        for number, each in enumerate(subjects):
            yield from _subject(f"{path}/{_numbered(subjects, number)}", place.part(*each.span), essence == _CPIM)
        if essence == _CPIM:
            # A reader that skips empty lines, or takes both headers for one, would see another body.
            if not header.fields or any(each.name.startswith("content-") for each in header.fields):
                raise UnreadableError("CPIM without a header of its own")
            header = read_header(data, header.body, len(data), eol)
        slot = self._slot(place, header, len(data))
        yield from self.entity(f"{path}/{'cpim' if essence == _CPIM else 'rfc822'}", slot, header.values)
        if eol != b"\r\n":
            yield from self._raw(path + "@raw", place.part(0, len(data)))

    def _slot(self, place: Place, header: Header, end: int, sealed: str = "") -> Place:
        """The body behind a header. Raises: UnreadableError."""
        sealed = sealed or next((each.name for each in header.fields if each.name in _DIGESTS), "")
        return place.part(header.body, end, sealed, _length(header, end))

    def _raw(self, path: str, slot: Place) -> Iterator[Text]:
        """Bytes as a client shows them that does not know what they are."""
        if bytes(slot.data).strip():
            yield from _text(path, PLAIN, Decoded(slot.data, "utf-8", kept("utf-8", slot.data)), slot)


def _length(header: Header, end: int) -> tuple[int, int] | None:
    """Where a part says how long it is. Raises: UnreadableError, where a reader that heeds it would read beyond."""
    found = header.named("content-length")
    if not found:
        return None
    value = found[0].value
    if len(found) > 1 or not _LENGTH.fullmatch(value) or int(value) > end - header.body:
        raise UnreadableError("a part with a Content-Length that is not its own")
    start = found[0].span[0]
    return (start, start + len(value))
