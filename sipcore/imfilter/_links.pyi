"""Link prefixes in a text, where a reader's client would make a link of them."""

from collections.abc import Iterable

from typing_extensions import Buffer

__all__ = ["LinkFinder"]

class LinkFinder:
    """Finds links by their prefixes, as docs/protocol.md "IM filter" defines a link (F110, F111).

    A link is a prefix (in any case) that does not stand behind a letter, digit or underscore of ASCII and is followed
    by a visible byte; it goes on to white space, a control, ``"``, ``<`` or ``>``. A letter outside ASCII does not
    protect a prefix. Behind an underscore the prefix is escaped, and so is one that begins right behind it or behind
    its ``//``: ``_http://www.contoso.example`` holds no link. In a prefix that ends in ``*.`` the asterisk stands for 0
    to 63 letters, digits and hyphens.

    Of the default prefixes ``www.contoso.com`` and ``http://_contoso.com`` are links, ``contoso.com``,
    ``_contoso.com``, ``_www.contoso.com`` and ``__http://x`` are none.

    Takes what `Matcher` takes, in linear time, without the GIL over 32 KiB and more. Immutable: threads may share one.
    Pickles as its prefixes.

    Args:
        prefixes: in the grammar of `sipcore.imfilter.rules`, which is where they are checked.

    Raises: TypeError, ValueError, MemoryError as `Matcher` does.
    """

    def __init__(self, prefixes: Iterable[str]) -> None: ...
    @property
    def prefixes(self) -> tuple[str, ...]: ...
    def find_first(self, buffer: Buffer) -> tuple[int, int, int] | None:
        """(prefix index, start, end) of the first link; None where there is none.

        Raises: TypeError, BufferError when not a contiguous buffer.
        """
    def find_all(self, buffer: Buffer, limit: int = ...) -> list[tuple[int, int, int]]:
        """(prefix index, start, end) of each link in order, ``limit`` (at least 1) at most; links do not overlap.

        Raises: TypeError, BufferError when not a contiguous buffer; ValueError when ``limit`` is below 1; MemoryError.
        """
