"""HTML as a client reads it: what it shows, what it follows, and the rest.

A tokenizer of our own, after the HTML Standard's ("Tokenization"), because the way back to the bytes must be exact and
what readers disagree about must be read in each way. The trees of html5lib, lxml and selectolax keep no byte places of
attributes and text, and repair what ought to be seen; html.parser gives a line and a column for a tag, none for an
attribute, and what it takes for a comment, script or tag changes between patch releases (CPython issue 135661). Only
tokens are needed: no tree is built, so nothing nests and nothing recurses.

Where readers differ, the reading is taken that shows more:

    NUL                        left out everywhere, as old browsers do
    comment for one browser    ``<!--[if`` is a mark, what stands between the marks is read
    CDATA, declarations        end at the first ``>``, what follows is read
    comment without an end     ends at the first ``>``; so does an attribute whose quote never closes
    attribute given twice      both are read
    text around inline tags    is read joined (``<b>ht</b>tp:``) and apart (``<b>see</b>http:``)

Every byte is looked at a fixed number of times. What a search passes over is not looked at again; a search that fails
takes the rest of the text with it (for a bracket, the end of a script), cannot fail twice (for a quote), or is not made
again (for the end of a comment).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sipcore.imfilter.hiding import decoded
from sipcore.imfilter.traces import Traced, Tracer

if TYPE_CHECKING:
    from sipcore.imfilter.reading import Kind

__all__ = ["read_html"]

#: Attributes that hold one URL (the HTML Standard, "Attributes"; the older ones of HTML 4 section 24, SVG's and IE's).
_URL = frozenset((
    *(b"action", b"background", b"cite", b"classid", b"codebase", b"data", b"dynsrc", b"formaction", b"href", b"icon"),
    *(b"longdesc", b"lowsrc", b"manifest", b"poster", b"src", b"xlink:href", b"xml:base"),
))  # fmt: skip
#: Those that a click follows besides ``href``, and by whose name they are called: any target is a link.
_CLICKED = frozenset((b"action", b"formaction"))
#: Attributes with URLs among other things: lists of images, style sheets, ``<meta http-equiv=refresh content=...>``.
_WITH_URLS = frozenset((b"archive", b"content", b"imagesrcset", b"ping", b"srcset", b"style"))

#: Elements that part words: those that CSS makes a block of by default (the HTML Standard, "Rendering"), and breaks.
_BLOCKS = frozenset(
    b"address article aside blockquote body br button caption center col colgroup dd details dialog dir div dl dt"
    b" fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img"
    b" input legend li link listing main marquee menu meta nav ol optgroup option p plaintext pre script search section"
    b" select style summary table tbody td textarea tfoot th thead title tr ul video audio object xmp".split()
)

_MARK = re.compile(rb"<(?:(/?)([A-Za-z][^\t\n\f\r />]*+)|!--(?!\[[iI][fF])|[!?/])")
_ATTRIBUTE = re.compile(rb"[\t\n\f\r /]*+(=?[^\t\n\f\r />=]*+)([\t\n\f\r ]*+=[\t\n\f\r ]*+)?")
_UNQUOTED = re.compile(rb"[^\t\n\f\r >]*+")
_COMMENT_END = re.compile(rb"--!?>")
_RAW_ENDS = {
    b"script": re.compile(rb"</script(?=[\t\n\f\r />])", re.IGNORECASE),
    b"style": re.compile(rb"</style(?=[\t\n\f\r />])", re.IGNORECASE),
}
#: What a URL loses at its ends, and what it loses or has encoded inside (the URL Standard, "URL parsing").
_AROUND_URL = bytes(range(0x21))
_IN_URL = re.compile(rb"[\t\n\r]+| ")


def read_html(data: bytes, codec: str) -> Iterator[tuple[Kind, Traced]]:
    """What HTML has for a reader: up to four texts that lead back to places in ``data``. Raises nothing.

    The links come one a line as ``name=target``, the name being the attribute's, so that ``href`` is found with its
    target; what is neither shown nor followed (comments, scripts, other attributes) comes one a line too. The names of
    XML's namespaces and the document type are not among them: they look like links, and nobody sees or follows them.
    """
    origin = Traced(data)
    if 0 in data:
        origin = _without_nul(origin)
    tokenizer = _Tokenizer(origin)
    tokenizer.read()
    yield "text", decoded(tokenizer.joined.traced(), codec)
    if tokenizer.has_joints:
        yield "text", decoded(tokenizer.apart.traced(), codec)
    yield "link", decoded(tokenizer.links.traced(), codec, in_links=True)
    yield "hidden", tokenizer.hidden.traced()


def _without_nul(origin: Traced) -> Traced:
    tracer = Tracer(origin)
    for match in re.finditer(rb"[^\0]+", origin.data):
        tracer.keep(*match.span())
    return tracer.traced()


class _Tokenizer:
    """One pass over the tags, which sorts what it finds into what is shown, followed, and neither."""

    def __init__(self, origin: Traced) -> None:
        self.data = origin.data
        self.joined, self.apart = Tracer(origin), Tracer(origin)
        self.links, self.hidden = Tracer(origin), Tracer(origin)
        #: Whether an inline tag or comment stood somewhere, so that the text can be read in two ways.
        self.has_joints = False
        #: Whether the end of a comment may still come. Where it does not, each comment would look for it in vain.
        self._comments_end = True

    def read(self) -> None:
        at = 0
        while mark := _MARK.search(self.data, at):
            self._show(at, mark.start())
            at = self._skip_comment(mark) if mark[2] is None else self._read_tag(mark, mark[2].lower())
        self._show(at, len(self.data))

    def _show(self, start: int, end: int) -> None:
        self.joined.keep(start, end)
        self.apart.keep(start, end)

    def _part(self, at: int, joined: bool) -> None:
        """What stands before and behind this place are two words, or may be one."""
        self.apart.put(b"\n", at, at)
        if joined:
            self.has_joints = True
        else:
            self.joined.put(b"\n", at, at)

    def _skip_comment(self, mark: re.Match[bytes]) -> int:
        """A comment, or what is read like one: ``<!doctype``, ``<?xml``, ``</ x``, ``<![CDATA[``, ``<!--[if``."""
        start, opening = mark.end(), mark[0]
        self._part(mark.start(), joined=True)
        if opening == b"<!--" and self._comments_end and self.data[start : start + 2] != b"->":
            # "<!-->" is a whole comment: the dashes of its beginning are those of its end. So is "<!--->", below.
            found = _COMMENT_END.search(self.data, start - 2 if self.data[start : start + 1] == b">" else start)
            if found:
                self._hide(start, max(start, found.start()))
                return found.end()
            self._comments_end = False
        if self.data[start : start + 7] == b"[CDATA[":
            return start + 7
        end = self.data.find(b">", start)
        end = len(self.data) if end < 0 else end
        if self.data[start : start + 7].lower() != b"doctype":
            self._hide(start, end)
        return min(end + 1, len(self.data))

    def _read_tag(self, mark: re.Match[bytes], name: bytes) -> int:
        """A tag with its attributes, and what stands in a script or style sheet; the place behind them."""
        self._part(mark.start(), joined=name not in _BLOCKS)
        if not name.isalnum():  # "<http://x>" is a tag too
            self._hide(*mark.span(2))
        at = mark.end()
        while True:
            attribute = _ATTRIBUTE.match(self.data, at)
            assert attribute is not None  # every part of it may be empty
            at = attribute.end()
            if not attribute[1]:
                break
            at = self._read_attribute(attribute, at)
        closed_itself = self.data[at - 1 : at] == b"/"
        at = min(at + 1, len(self.data))
        if name in _RAW_ENDS and not mark[1] and not closed_itself:
            found = _RAW_ENDS[name].search(self.data, at)
            end = found.start() if found else len(self.data)
            self._hide(at, end)
            return end
        return at

    def _read_attribute(self, attribute: re.Match[bytes], at: int) -> int:
        """One attribute whose value, if it has one, begins at ``at``; the place behind it."""
        start = end = behind = at
        if attribute[2] is not None:
            start, end, behind = self._value(at)
        name = attribute[1].lower()
        if name in _URL:
            self._link(attribute.span(1), start, end)
        elif name in _WITH_URLS:
            self._put_line(self.links, attribute.span(1), start, end)
        elif not name.startswith(b"xmlns"):
            self._put_line(self.hidden, attribute.span(1), start, end)
        return behind

    def _value(self, at: int) -> tuple[int, int, int]:
        """Where the value at ``at`` begins and ends, and where to go on."""
        quote = self.data[at : at + 1]
        if quote in (b'"', b"'"):
            end = self.data.find(quote, at + 1)
            if end >= 0:
                return at + 1, end, end + 1
        unquoted = _UNQUOTED.match(self.data, at)
        assert unquoted is not None  # it may be empty
        return at, unquoted.end(), unquoted.end()

    def _link(self, name: tuple[int, int], start: int, end: int) -> None:
        """A target as a browser takes it: white space around it and line breaks in it go, a space is encoded."""
        end -= len(self.data[start:end]) - len(self.data[start:end].rstrip(_AROUND_URL))
        start = end - len(self.data[start:end].lstrip(_AROUND_URL))
        if self.data[slice(*name)].lower() in _CLICKED:
            self.links.put(b"href", *name)
        else:
            self.links.keep(*name)
        self.links.put(b"=", name[1], name[1])
        for match in _IN_URL.finditer(self.data, start, end):
            self.links.keep(start, match.start())
            start = match.end()
            if match[0] == b" ":
                self.links.put(b"%20", *match.span())
        self.links.keep(start, end)
        self.links.put(b"\n", end, end)

    def _put_line(self, tracer: Tracer, name: tuple[int, int], start: int, end: int) -> None:
        tracer.keep(*name)
        tracer.put(b"=", name[1], name[1])
        tracer.keep(start, end)
        tracer.put(b"\n", end, end)

    def _hide(self, start: int, end: int) -> None:
        self.hidden.keep(start, end)
        self.hidden.put(b"\n", end, end)
