"""Whether a message is plainly clean: the ordinary message is told in a fraction of a microsecond, without Python."""

from collections.abc import Iterable

from sipcore._parser import Message
from sipcore.imfilter._links import LinkFinder

__all__ = ["Gate"]

class Gate:
    """Knows most messages in which a filter finds nothing, by their bytes.

    It passes what has nothing but

    * a body of plain text in UTF-8 or US-ASCII without a link, of a session that names no file, or of a type that the
      filter leaves alone; or none;
    * the same plain text as Subject, and in ``ms-text-format`` or ``ms-im-format``;

    each in the spelling that clients use, and no encoding of the body. Everything else is for the filter to read. A
    gate is immutable: threads may share one. It pickles as its arguments.

    Args:
        finder: of the links that the filter looks for.
        dots: whether the filter looks for bare domains too: a dot before a letter, digit or byte outside ASCII then
            keeps a body from passing.
        undone: the code points that the filter undoes in text, `sipcore.imfilter.hiding.spellings` for one; none when
            it takes text as it stands. Where there are any, so do a percent sign before a hexadecimal digit, an
            ampersand before a letter or ``#``, bytes that are not UTF-8, and code points from U+20000 on.
        read: the media types that the filter reads, ``text/plain`` and ``application/sdp`` among them or not;
            ``multipart/*`` stands for all that begin like it.
        shown: those of which it has to say something in a MESSAGE, where a client would show them, and nowhere else.

    Raises:
        ValueError: a code point is negative or above U+10FFFF.

    Source: docs/protocol.md "IM filter".
    """

    def __init__(
        self,
        finder: LinkFinder,
        dots: bool = False,
        undone: Iterable[int] = (),
        read: Iterable[str] = ("*",),
        shown: Iterable[str] = (),
    ) -> None: ...
    @property
    def finder(self) -> LinkFinder: ...
    @property
    def dots(self) -> bool: ...
    @property
    def undone(self) -> frozenset[int]: ...
    @property
    def read(self) -> tuple[str, ...]: ...
    @property
    def shown(self) -> tuple[str, ...]: ...
    def is_clean(self, message: Message) -> bool:
        """True only when a filter that takes the long road would find nothing. Raises nothing for any message."""

    def has_link(self, message: Message) -> bool:
        """True only when such a filter would find a link by its prefix, and first, in the body, a plain text.

        Where the text is read in another way too (``dots``, ``undone``) something else may be found before it.
        """
