"""Texts that may go on after a change: an underscore before each link, or a notice put first.

The underscore is the escape that the filter itself lets pass (F111). Both are written into the decoded text; putting
that back into its message is the work of `rewriting`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sipcore.imfilter.rewriting import CannotRewriteError

if TYPE_CHECKING:
    from sipcore.imfilter.content import Text
    from sipcore.imfilter.searching import Found

__all__ = ["Notice", "defanged", "is_subject"]

_UNDERSCORE = b"_"
#: A link may hide another one (``http://a.example/?to=http://b.example``), which shows when the first is escaped. What
#: is nested deeper than this was not written for people.
_DEPTH = 8
#: Bytes that are read again while links are escaped. Long texts are read twice at least: once to see that none is left.
_REREAD = 1 << 20

_UTF8_MARK = b"\xef\xbb\xbf"
#: What may stand before the body of an HTML text. Only what every reader takes apart in the same way: behind a comment,
#: a script or a quote that is not closed, a notice could be put where nobody sees it.
_BEFORE_BODY = re.compile(
    rb"""\s*+ (?:<!doctype\ html>\s*+)?+ (?:<html>\s*+)?+ (?:<head>\s*+</head>\s*+)?+
         <body (?:\s++[a-z-]++=(?:"[^"<>]*+"|'[^'<>]*+'|[\w\#%.-]++))*+ \s*+ >""",
    re.IGNORECASE | re.VERBOSE,
)


def is_subject(text: Text) -> bool:
    """Whether a text is a subject, of the message or of something inside it."""
    return text.path.rpartition("/")[2].startswith("subject")


def defanged(text: Text, links: Callable[[Text], Found]) -> Text:
    """The text with an underscore before each link, and none left.

    Args:
        links: the links of a text that are to be escaped.

    Raises:
        CannotRewriteError: a link stands where an underscore would break the text, or links are nested too deep.
    """
    for _ in range(max(2, min(_DEPTH, _REREAD // max(1, len(text.data))))):
        found = links(text)
        if found.unseen:
            raise CannotRewriteError(text.path, found.unseen)
        if not found.places:
            return text
        if not all(place.editable for place in found.places):
            raise CannotRewriteError(text.path, f"a link in {text.essence} that cannot be escaped in place")
        text = replace(text, data=_with_underscores(text.data, {place.start for place in found.places}), start=None)
    raise CannotRewriteError(text.path, "links within links")


def _with_underscores(data: bytes | memoryview, places: Iterable[int]) -> bytes:
    pieces: list[bytes | memoryview] = []
    written = 0
    for place in sorted(places):
        pieces += data[written:place], _UNDERSCORE
        written = place
    return b"".join([*pieces, data[written:]])


@dataclass(frozen=True, slots=True)
class Notice:
    """What is put before a text.

    Attributes:
        words: the notice as an operator wrote it; not empty.
    """

    words: str

    def end(self, text: Text) -> int:
        """Where the notice ends that the text begins with; 0 where it does not."""
        try:
            start, notice = self._fitted(text)
        except CannotRewriteError:
            return 0
        end = start + len(notice)
        return end if bytes(text.data[start:end]) == notice else 0

    def before(self, text: Text) -> Text:
        """The text with the notice put first; the text itself where it begins with it already.

        Raises:
            CannotRewriteError: the text's type has no place for it, or its character set not the characters.
        """
        if self.end(text):
            return text
        start, notice = self._fitted(text)
        return replace(text, data=b"".join((text.data[:start], notice, text.data[start:])), start=None)

    def _fitted(self, text: Text) -> tuple[int, bytes]:
        """Where the notice goes in a text, and its bytes there."""
        start = len(_UTF8_MARK) if bytes(text.data[: len(_UTF8_MARK)]) == _UTF8_MARK else 0
        lines = self.words.splitlines()
        if is_subject(text):  # a header is one line
            written = " ".join(lines) + " "
        elif text.essence == "text/plain":
            written = "\r\n".join(lines) + "\r\n"
        elif text.essence in ("text/html", "application/xhtml+xml"):
            written = "<p>" + "<br>".join(map(html.escape, lines)) + "</p>"
            if body := _BEFORE_BODY.match(text.data, start):
                start = body.end()
        else:
            raise CannotRewriteError(text.path, f"no place for a notice in {text.essence}")
        try:
            return start, written.encode(text.codec)
        except UnicodeEncodeError:
            raise CannotRewriteError(text.path, f"the notice cannot be written in {text.codec}") from None
