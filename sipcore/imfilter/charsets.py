"""Character sets: bytes of a text to bytes in which every ASCII character stands for itself, and back.

Prefixes are ASCII, so a text in a superset of ASCII is searched as it stands. Others are decoded to UTF-8. Where two
readers may take different sets (UTF-16 without its byte order mark, HTML that names a set of its own), the text is read
in each; a set that not even today's clients agree to read, such as UTF-7, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from sipcore.imfilter.places import Data, Redo, UnreadableError

__all__ = ["ASCII_SUPERSETS", "DECODED", "Decoded", "decoded", "kept"]

#: Character sets in which a byte below 128 always is that character of ASCII: label to Python's name.
ASCII_SUPERSETS = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968"), "ascii"),
    **dict.fromkeys(("latin1", "l1", "iso_8859-1"), "iso-8859-1"),
    **{f"iso-8859-{part}": f"iso-8859-{part}" for part in range(1, 17) if part != 12},
    **{f"windows-{page}": f"cp{page}" for page in (874, *range(1250, 1259))},
    **{f"cp{page}": f"cp{page}" for page in (437, 850, 852, 855, 858, 866, 874, *range(1250, 1259))},
    **{f"ibm{page}": f"cp{page}" for page in (437, 850, 852, 855, 866)},
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "macintosh": "mac-roman",
    "tis-620": "tis-620",
}

#: Character sets that have to be decoded first: in these a byte below 128 may be half of another character. Each is
#: read as the widest set that is used under its name. The table is ours, not `codecs.lookup`, which goes to the file
#: system for a name it does not know and remembers it for ever, and knows codecs that are no character sets.
DECODED = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cp950"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "cp932", "ms932"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949", "cp949"), "cp949"),
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
}

#: The orders that a label leaves open. RFC 2781 section 4.3 wants the big end first where no mark says otherwise;
#: Windows writes the little end first.
_UTF16 = {
    **dict.fromkeys(("utf-16", "utf16", "unicode", "ucs-2", "iso-10646-ucs-2"), ("utf-16-le", "utf-16-be")),
    "utf-16le": ("utf-16-le",),
    "utf-16be": ("utf-16-be",),
}
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_MARK_SIZE = 2

#: Types whose readers may go by the mark rather than the label. Others are binary, or XML, whose readers see to it.
_GUESSED_TYPES = ("text/", "application/xhtml")

_HTML = frozenset({"text/html", "application/xhtml+xml"})
#: How a page of HTML names its set, and how far in a browser looks for it.
_NAMED_IN_HTML = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HTML_HEAD = 1024


class Decoded(NamedTuple):
    """One way to read a text.

    Attributes:
        data: the text's own bytes, or UTF-8.
        codec: Python's name of what ``data`` are in.
        redo: from changed data back to the text's own character set.
        variant: empty for what its label says, else what tells this way from that one: ``"@utf-16-be"``.
    """

    data: Data
    codec: str
    redo: Redo
    variant: str = ""


def decoded(label: str | None, essence: str, data: Data) -> Iterator[Decoded]:
    """Every way in which a text may be read, what its label says first. Raises: UnreadableError.

    Without a label it is UTF-8 (RFC 3261 section 20.15).
    """
    name = (label or "utf-8").lower()
    mark = _MARKS.get(bytes(data[:_MARK_SIZE]))
    if codec := ASCII_SUPERSETS.get(name):
        yield Decoded(data, codec, kept(codec, data))
        if mark is not None and essence.startswith(_GUESSED_TYPES):
            yield from _guessed(mark, data)
        if essence in _HTML:
            yield from _as_html_says(data)
    elif name in _UTF16:
        yield from _utf16(_UTF16[name], mark, data)
    elif codec := DECODED.get(name):
        yield _recoded(codec, data)
    else:
        raise UnreadableError(f"charset={label}")


def _utf16(orders: tuple[str, ...], mark: str | None, data: Data) -> Iterator[Decoded]:
    """By its mark, which a reader may heed more than the label, and by the label."""
    if mark is not None:
        orders = (mark, *(order for order in orders if order != mark and len(orders) == 1))
    ways = [way for order in orders for way in _guessed(order, data)]
    if not ways:
        raise UnreadableError("not UTF-16")
    yield ways[0]._replace(variant="")
    yield from ways[1:]


def _guessed(codec: str, data: Data) -> Iterator[Decoded]:
    """What a reader sees that guesses right; nothing where the guess cannot be right."""
    try:
        yield _recoded(codec, data, f"@{codec}")
    except UnreadableError:
        return


def _as_html_says(data: Data) -> Iterator[Decoded]:
    """HTML that names another set than its header. UTF-16 does not count: the name itself was read as ASCII."""
    if not (named := _NAMED_IN_HTML.search(bytes(data[:_HTML_HEAD]))):
        return
    label = named[1].decode("latin-1").lower()
    if codec := DECODED.get(label):
        yield _recoded(codec, data, f"@{codec}")
    elif label not in ASCII_SUPERSETS and label not in _UTF16:
        raise UnreadableError(f"charset={label} in its HTML")


def _recoded(codec: str, data: Data, variant: str = "") -> Decoded:
    """Bytes of a character set as UTF-8, without a byte order mark."""
    mark = b""
    if codec.startswith("utf-16") and _MARKS.get(bytes(data[:_MARK_SIZE])) == codec:
        mark = bytes(data[:_MARK_SIZE])
    try:
        utf8 = str(data[len(mark) :], codec).encode()
    except UnicodeError:
        raise UnreadableError(f"not {codec}") from None
    return Decoded(utf8, "utf-8", partial(_encoded, codec, mark), variant)


def _encoded(codec: str, mark: bytes, data: bytes) -> bytes:
    return mark + str(data, "utf-8").encode(codec)


def kept(codec: str, before: Data) -> Redo:
    """For data that were not decoded: they stay as they are, if they are in their character set."""
    return partial(_kept, codec, before)


def _kept(codec: str, before: Data, data: bytes) -> bytes:
    if _is_in(codec, data) or not _is_in(codec, before):
        return data
    raise ValueError(f"not in the character set {codec}")


def _is_in(codec: str, data: Data) -> bool:
    try:
        str(data, codec)
    except UnicodeError:
        return False
    return True
