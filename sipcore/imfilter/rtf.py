"""RTF as a rich edit control shows it: its text, the targets of its fields, and what it holds unseen.

Written after the Rich Text Format Specification 1.9.1, "RTF Syntax", "Unicode RTF" and "Fields". Nothing maintained
reads RTF with the way back to its bytes (striprtf and the like give text alone), and what is needed of it is small: a
token is a control word, a control symbol, a brace or a run of text, and a group inherits the state of the group around
it. The states of open groups lie on a stack of our own, one reference a group, so nesting costs no recursion.

    text      what is shown: escapes decoded, control words and line ends of the file taken out, so that a prefix
              split by formatting is whole again
    link      field instructions (``HYPERLINK "href=target" \\o "tip"``), one a line
    hidden    destinations that are not shown (``{\\*\\...}``, information, fonts), text marked hidden, binary data,
              and what stands for readers that know no Unicode
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sipcore.imfilter.hiding import is_utf8
from sipcore.imfilter.traces import Traced, Tracer

if TYPE_CHECKING:
    from sipcore.imfilter.reading import Kind

__all__ = ["read_rtf"]

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]++)(?P<number>-?[0-9]++)?+\x20?|\\'(?P<hex>[0-9A-Fa-f]{2})|\\(?P<symbol>.)"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]++)",
    re.DOTALL,
)
#: A field that is followed, up to its target; switches may stand before that. One with ``\\l`` alone leads nowhere else.
_FOLLOWED = re.compile(rb'HYPERLINK(?:[ \t]*+\\(?:[lot][ \t]*+"[^"\n]*+"|[a-z]))*+[ \t]*+"?+(?=[^"\s])', re.IGNORECASE)
#: Numbers are 32 bits wide at most; what has more digits is no number, and must not cost the time of a long one.
_LONGEST_NUMBER = 11

#: Destinations whose contents nobody sees, besides those marked ignorable by ``\*``.
_UNSEEN = frozenset(
    b"fonttbl colortbl stylesheet info pict filetbl listtable listoverridetable revtbl rsidtbl datafield"
    b" operator author title subject keywords comment doccomm generator object objdata objclass objname".split()
)
#: Ignorable destinations that are read all the same: the instructions of a field, and the Unicode form of a text.
_READ: dict[bytes, Kind] = {b"fldinst": "link", b"ud": "text"}

#: What is put for a control word: ends of lines and cells, characters with a name.
_WORDS = {
    **dict.fromkeys((b"par", b"line", b"page", b"column", b"sect", b"row", b"softline", b"softpage"), "\n"),
    **dict.fromkeys((b"tab", b"cell", b"nestcell"), "\t"),
    **dict.fromkeys((b"emspace", b"enspace", b"qmspace"), " "),
    b"emdash": "\u2014", b"endash": "\u2013", b"bullet": "\u2022",
    b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d",
}  # fmt: skip
#: The same for control symbols. An optional hyphen shows nothing inside a line, so nothing is put for it.
_SYMBOLS = {b"\\": "\\", b"{": "{", b"}": "}", b"~": " ", b"_": "-", b"\r": "\n", b"\n": "\n", b"\t": "\t"}

#: Code pages, as ``\ansicpg`` and ``\cpg`` number them, of those that Python has.
_PAGES = {
    **{page: f"cp{page}" for page in (437, 850, 852, 855, 857, *range(860, 867), 869, 874, 932, 936, 949, 950)},
    **{page: f"cp{page}" for page in range(1250, 1259)},
    1361: "johab", 10000: "mac_roman", 65001: "utf-8",
}  # fmt: skip
#: Code pages by what ``\fcharset`` calls them, and by the word for a whole file.
_OF_CHARSET = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_OF_FILE = {b"ansi": "cp1252", b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}

#: A field's instructions in pieces: quotation marks, spaces, and what stands between them.
_PARTING = (b'"', b" ")
_OF_INSTRUCTIONS = re.compile(rb'[" ]|[^" ]++')


class _Group(NamedTuple):
    """What a group hands on to the groups in it.

    Attributes:
        into: which text its characters belong to.
        fonts: whether it stands in the font table.
        concealed: whether ``\\v`` is on.
        page: the codec of its ``\\'hh``.
        fallbacks: how many characters behind a ``\\u`` stand for readers without Unicode.
    """

    into: Kind = "text"
    fonts: bool = False
    concealed: bool = False
    page: str | None = None
    fallbacks: int = 1


def read_rtf(data: bytes, codec: str) -> Iterator[tuple[Kind, Traced]]:
    """What RTF has for a reader, in UTF-8: up to four texts that lead back to places in ``data``. Raises nothing.

    Shown text comes twice where groups part it: joined, as the control sees it, and with a line end at each brace, for
    text behind a field is a word of its own.
    """
    origin = Traced(data)
    reader = _Reader(origin if is_utf8(codec) else _in_utf8(origin, codec))
    reader.read()
    yield "text", reader.texts["text"].traced()
    if reader.has_joints:
        yield "text", reader.apart.traced()
    yield "link", _named(reader.texts["link"].traced())
    yield "hidden", reader.texts["hidden"].traced()


def _named(links: Traced) -> Traced:
    """The instructions of fields with what is followed named as in HTML: a target is a link whatever it begins with."""
    tracer, done = Tracer(links), 0
    for match in _FOLLOWED.finditer(links.data):
        tracer.keep(done, match.end())
        tracer.put(b"href=", match.end(), match.end())
        done = match.end()
    tracer.keep(done, len(links.data))
    return tracer.traced()


def _in_utf8(origin: Traced, codec: str) -> Traced:
    """Bytes outside ASCII, of which the specification knows none, as the characters of the text's own codec."""
    tracer, done = Tracer(origin), 0
    for match in re.finditer(rb"[\x80-\xff]", origin.data):
        tracer.keep(done, match.start())
        done = match.end()
        tracer.put(match[0].decode(codec, "replace").encode(), match.start(), done)
    tracer.keep(done, len(origin.data))
    return tracer.traced()


class _Reader:
    """One pass over the tokens, which sorts characters by what becomes of them."""

    def __init__(self, origin: Traced) -> None:
        self.data = origin.data
        self.texts: dict[Kind, Tracer] = {kind: Tracer(origin) for kind in ("text", "link", "hidden")}
        self.apart = Tracer(origin)
        #: Whether a group ended within shown text, so that it can be read in two ways.
        self.has_joints = False
        self._group = _Group()
        self._around: list[_Group] = []
        #: Whether ``\*`` came before the next control word.
        self._ignorable = False
        #: The code page of the file, the one of each font, and the font that is being described.
        self._page, self._pages, self._font = "cp1252", dict[int, str](), 0
        self._decoders: dict[str, _Decoder] = {}
        #: How many characters are still to be passed over behind a ``\u``.
        self._skip = 0
        #: The first half of a character that ``\u`` writes in two, and where it stands. What is passed over before the
        #: second half is not kept: it would stand behind the character it is part of.
        self._high: tuple[int, int] | None = None
        #: Whether the target of a field is being read.
        self._quoted = False

    def read(self) -> None:
        at = 0
        while token := _TOKEN.search(self.data, at):
            start, at = token.span()
            kind = token.lastgroup
            if kind in ("word", "number", "symbol", "brace"):
                self._decoder().forget()
            if kind == "text":
                self._run(start, at)
            elif kind == "brace":
                self._brace(token["brace"], start)
            elif kind == "hex":
                self._byte(bytes.fromhex(token["hex"].decode()), start, at)
            elif kind == "symbol":
                self._symbol(token["symbol"], start, at)
            else:
                at = self._word(token, start, at)

    # -- groups

    def _brace(self, brace: bytes, at: int) -> None:
        self._skip, self._high, self._ignorable = 0, None, False
        if brace == b"{":
            self._around.append(self._group)
        elif self._around:
            self._leave(self._around.pop(), at)
        self.apart.put(b"\n", at, at)

    def _leave(self, around: _Group, at: int) -> None:
        left, self._group = self._group.into, around
        if left != around.into:
            self.texts[left].put(b"\n", at, at)
            self._quoted = False
        elif left == "text" and self._around:
            self.has_joints = True

    def _enter(self, into: Kind) -> None:
        """The group is a destination. In one that nobody sees all is unseen, but a field is worth a look."""
        if self._group.into != "hidden" or into == "link":
            self._group = self._group._replace(into=into)

    # -- control words

    def _word(self, token: re.Match[bytes], start: int, end: int) -> int:
        """A control word; the place behind it and what belongs to it."""
        word, ignorable, self._ignorable = token["word"], self._ignorable, False
        number = None if token["number"] is None else int(token["number"][:_LONGEST_NUMBER])
        if word == b"u" and number is not None:
            self._unicode(number, start, end)
            return end
        self._skip = max(0, self._skip - 1)
        if word == b"bin":
            return self._binary(end, number or 0)
        if word in _WORDS:
            self._put(_WORDS[word], start, end)
        elif word in _READ:
            self._enter(_READ[word])
        elif ignorable or word in _UNSEEN:
            self._enter("hidden")
            self._group = self._group._replace(fonts=word == b"fonttbl")
        elif self._group.fonts:
            self._describe_font(word, number)
        else:
            self._format(word, number)
        return end

    def _binary(self, at: int, size: int) -> int:
        end = min(at + max(size, 0), len(self.data))
        self._high = None
        self.texts["hidden"].keep(at, end)
        self.texts["hidden"].put(b"\n", end, end)
        return end

    def _describe_font(self, word: bytes, number: int | None) -> None:
        if word == b"f" and number is not None:
            self._font = number
        elif word == b"fcharset" and number in _OF_CHARSET:
            self._pages[self._font] = _OF_CHARSET[number]
        elif word == b"cpg" and number in _PAGES:
            self._pages[self._font] = _PAGES[number]

    def _format(self, word: bytes, number: int | None) -> None:
        """What changes how the characters behind it are read."""
        if word == b"v":
            self._group = self._group._replace(concealed=number != 0)
        elif word == b"plain":
            self._group = self._group._replace(concealed=False, page=None)
        elif word == b"f" and number is not None:
            self._group = self._group._replace(page=self._pages.get(number))
        elif word == b"uc" and number is not None:
            self._group = self._group._replace(fallbacks=max(0, number))
        elif word == b"ansicpg" and number in _PAGES:
            self._page = _PAGES[number]
        elif word in _OF_FILE:
            self._page = _OF_FILE[word]

    # -- characters

    def _symbol(self, symbol: bytes, start: int, end: int) -> None:
        if symbol == b"*":
            self._ignorable = True
        elif self._skip:
            self._skip -= 1
        elif symbol in _SYMBOLS:
            self._put(_SYMBOLS[symbol], start, end)

    def _unicode(self, number: int, start: int, end: int) -> None:
        """``\\uN``: a UTF-16 unit as a signed number, though some write it unsigned, or whole code points.

        It counts even where a fallback is due, which the specification would have passed over: shown is worse.
        """
        point = number & 0xFFFF if number < 0 else number
        self._skip = self._group.fallbacks
        if 0xD800 <= point < 0xDC00:
            self._high = (point, start)
            return
        if 0xDC00 <= point < 0xE000:
            high, start = self._high or (0, start)
            point = 0x10000 + (high - 0xD800 << 10) + point - 0xDC00 if self._high else 0xFFFD
        self._put(chr(point) if point < 0x110000 else "\ufffd", start, end)

    def _byte(self, byte: bytes, start: int, end: int) -> None:
        """One byte in the code page of the font, as ``\\'hh`` or, as the second of two, by itself."""
        if self._skip:
            self._skip -= 1
            if self._high is None:
                self.texts["hidden"].put(byte, start, end)
            return
        for letter, since, until in self._decoder().feed(byte, start, end):
            self._put(letter, since, until)

    def _decoder(self) -> _Decoder:
        page = self._group.page or self._page
        if page not in self._decoders:
            self._decoders[page] = _Decoder(page)
        return self._decoders[page]

    def _run(self, start: int, end: int) -> None:
        """Characters that stand for themselves, less those for readers without Unicode."""
        passed = min(self._skip, end - start)
        self._skip -= passed
        if self._high is None:
            self.texts["hidden"].keep(start, start + passed)
        start += passed
        if start < end:
            self._high = None
        while start < end and self._decoder().since is not None:
            self._byte(self.data[start : start + 1], start, start + 1)
            start += 1
        if self._group.into == "link":
            for piece in _OF_INSTRUCTIONS.finditer(self.data, start, end):
                if piece[0] in _PARTING:
                    self._instruct(piece[0], *piece.span())
                else:
                    self.texts["link"].keep(*piece.span())
        else:
            self._tracer().keep(start, end)
            if self._shows():
                self.apart.keep(start, end)

    def _put(self, letter: str, start: int, end: int) -> None:
        self._high = None
        encoded = letter.encode()
        if self._group.into == "link":
            self._instruct(encoded, start, end)
            return
        self._tracer().put(encoded, start, end)
        if self._shows():
            self.apart.put(encoded, start, end)

    def _shows(self) -> bool:
        return self._group.into == "text" and not self._group.concealed

    def _tracer(self) -> Tracer:
        return self.texts["text" if self._shows() else "hidden"]

    def _instruct(self, piece: bytes, start: int, end: int) -> None:
        """Part of a field's instructions; a space in a quoted target belongs to it."""
        if piece == b'"':
            self._quoted = not self._quoted
        self.texts["link"].put(b"%20" if piece == b" " and self._quoted else piece, start, end)


class _Decoder:
    """Bytes of a code page to characters, each with the place of all its bytes."""

    def __init__(self, page: str) -> None:
        self._decoder = codecs.getincrementaldecoder(page)("replace")
        #: Where the character begins whose other bytes are still to come; None between characters.
        self.since: int | None = None

    def feed(self, byte: bytes, start: int, end: int) -> Iterator[tuple[str, int, int]]:
        """The next byte; the character that it ends, or those, where the bytes before it were none."""
        letters = self._decoder.decode(byte)
        since, self.since = self.since, None
        if not letters:
            self.since = start if since is None else since
            return
        if since is not None and len(letters) > 1:
            yield letters[:-1], since, start
            letters, since = letters[-1], None
        yield letters, start if since is None else since, end

    def forget(self) -> None:
        """What comes now does not belong to a character that was begun."""
        if self.since is not None:
            self._decoder.reset()
            self.since = None
