"""Message to the texts that a person would see in it.

Read are the body of any message whose type is ``text/plain`` or ``text/x-msmsgsinvite``, and the first instant message
of a session, which an INVITE carries in its ``ms-text-format`` header (docs/protocol.md "IM filter"). A body without
Content-Type is read as text/plain: RFC 3261 section 20.15 demands the header, so what a client makes of its absence is
anybody's guess, and text is the guess that hides nothing.

What a client would show but cannot be read here is `Undecodable`, never skipped: an unknown character set, a content
encoding, base64 that is none, a type or parameter given twice (two readers may choose differently), and in a MESSAGE
every other type under text, multipart and message. Types that no client shows as text, such as
``application/im-iscomposing+xml``, are left alone, and so is what other methods carry: session descriptions, presence.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sipcore._values import MediaType
from sipcore.errors import HeaderError

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["FILE_OFFER", "PLAIN", "Text", "Undecodable", "texts"]

PLAIN = "text/plain"
FILE_OFFER = "text/x-msmsgsinvite"

#: Character sets in which a byte below 128 always is that character of ASCII. Prefixes are ASCII, so such a text is
#: searched as it stands, undecoded.
_ASCII_SUPERSETS = frozenset((
    *("utf-8", "utf8", "us-ascii", "ascii", "koi8-r", "koi8-u"),
    *(f"iso-8859-{part}" for part in range(1, 17) if part != 12),
    *(f"windows-{page}" for page in range(1250, 1259)),
))  # fmt: skip

#: Character sets that have to be decoded first: in these a byte below 128 may be half of another character. The
#: table is ours, not `codecs.lookup`, which goes to the file system for a name it does not know and remembers it for
#: ever, and knows codecs that are no character sets. Plain "utf-16" is absent: without a byte order mark it is
#: ambiguous.
_CODECS = {
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "euc-kr": "cp949",
}

#: Types under text, multipart and message of which no client shows anything: disposition notifications (RFC 5438).
_SILENT = frozenset({"message/imdn+xml"})


@dataclass(frozen=True, slots=True)
class Text:
    """One text, in bytes in which every ASCII character stands for itself.

    Attributes:
        path: where it stands: ``"body"`` or ``"ms-text-format"``.
        essence: its media type, `PLAIN` or `FILE_OFFER`.
        data: the message's own bytes where they can be searched undecoded, else UTF-8.
        codec: the Python codec that makes text of ``data``.
    """

    path: str
    essence: str
    data: bytes | memoryview
    codec: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Something a client might show that cannot be read here.

    Attributes:
        path: where it stands, as for `Text`.
        why: what is in the way.
        size: its bytes, as they stand in the message.
    """

    path: str
    why: str
    size: int


class _UnreadableError(Exception):
    """Why a text cannot be read; becomes an `Undecodable` before it leaves this module."""


def texts(message: Message) -> Iterator[Text | Undecodable]:
    """Every text of a message, the body first. Raises nothing for bad content: that is an `Undecodable`."""
    body = message.body
    if len(body):
        yield from _read("body", len(body), partial(_body, message, body))
    # Methods are case-sensitive (RFC 3261 section 7.1), and clients look for a first message in an INVITE only.
    if message.method == "INVITE":
        for value in message.get_all("ms-text-format"):
            size = len(value.encode("utf-8", "surrogateescape"))
            yield from _read("ms-text-format", size, partial(_first_message, value))


def _read(path: str, size: int, reader: Callable[[], Text | None]) -> Iterator[Text | Undecodable]:
    """What a reader makes of its place: a text, nothing, or the reason why it cannot be read."""
    try:
        text = reader()
    except _UnreadableError as error:
        yield Undecodable(path, str(error), size)
    else:
        if text is not None:
            yield text


def _body(message: Message, body: memoryview) -> Text | None:
    """The body as text; None where a client shows none."""
    essence, charset = PLAIN, None
    if values := _values(message, "Content-Type"):
        if len(values) > 1:
            raise _UnreadableError("more than one Content-Type")
        media_type = _media_type(values[0])
        essence, charset = media_type.essence, media_type.params.get("charset")
    if not _is_read(essence):
        if message.method == "MESSAGE" and _is_shown(essence):
            raise _UnreadableError(f"Content-Type: {essence}")
        return None
    _refuse_encodings(message)
    return _decoded("body", essence, charset, body)


def _first_message(value: str) -> Text | None:
    """The text of one ms-text-format header; None where it has none, or none that a client shows."""
    if "," in value:  # occurs in none of the parts, so it separates a second value that another reader might take
        raise _UnreadableError("more than one ms-text-format in one header")
    media_type = _media_type(value)
    essence, encoded = media_type.essence, media_type.params.get("ms-body")
    if not encoded:
        return None
    if not _is_read(essence):
        if _is_shown(essence):
            raise _UnreadableError(f"ms-text-format: {essence}")
        return None
    return _decoded("ms-text-format", essence, media_type.params.get("charset"), _from_base64(encoded))


def _values(message: Message, name: str) -> list[str]:
    """The values of a header that may be a list."""
    try:
        return message.values(name)
    except HeaderError as error:
        raise _UnreadableError(f"{name}: {error.code}") from None


def _media_type(value: str) -> MediaType:
    """A media type with its parameters, each of which must be clear.

    White space goes first. None of what is read here can contain any, and a fold inside base64 would else hide what
    stands behind it.
    """
    compact = "".join(value.split())
    try:
        media_type = MediaType.parse(compact)
        params = list(media_type.params)
    except (HeaderError, UnicodeEncodeError):
        raise _UnreadableError("not a media type") from None
    lowered = compact.lower()
    for name in ("charset", "ms-body"):
        # Of a parameter given twice another reader may take the other one. Counting the name anywhere, even inside a
        # value, errs on the safe side: neither word occurs in base64 of formatting by chance.
        if lowered.count(name) > 1 or params.count(name) > 1:
            raise _UnreadableError(f"{name} given twice")
    return media_type


def _is_read(essence: str) -> bool:
    return essence in (PLAIN, FILE_OFFER)


def _is_shown(essence: str) -> bool:
    """Whether a client may show a text of that type, or of its parts."""
    return essence.startswith(("text/", "multipart/", "message/")) and essence not in _SILENT


def _refuse_encodings(message: Message) -> None:
    """An encoded body cannot be read here: Content-Encoding (RFC 3261 section 20.12), Content-Transfer-Encoding.

    The second is no SIP header, but clients that share their reader with mail honour it.
    """
    for coding in _values(message, "Content-Encoding"):
        if coding.lower() not in ("", "identity"):
            raise _UnreadableError(f"Content-Encoding: {coding}")
    for coding in _values(message, "Content-Transfer-Encoding"):
        if coding.lower() not in ("", "7bit", "8bit", "binary"):
            raise _UnreadableError(f"Content-Transfer-Encoding: {coding}")


def _decoded(path: str, essence: str, charset: str | None, data: bytes | memoryview) -> Text:
    """Bytes in a character set as a text; RFC 3261 section 20.15 makes UTF-8 the default."""
    label = (charset or "utf-8").lower()
    if label in _ASCII_SUPERSETS:
        return Text(path, essence, data, label)
    codec = _CODECS.get(label)
    if codec is None:
        raise _UnreadableError(f"charset={charset}")
    try:
        return Text(path, essence, str(data, codec).encode(), "utf-8")
    except UnicodeError:
        raise _UnreadableError(f"not {charset}") from None


def _from_base64(encoded: str) -> bytes:
    """Base64 with or without its padding, which some clients leave out."""
    bare = encoded.rstrip("=")
    try:
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        raise _UnreadableError("ms-body is not base64") from None
