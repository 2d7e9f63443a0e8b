"""Many patterns over a buffer at once, and link prefixes where a reader's client would make a link of them.

Both matchers are immutable: threads may share one. Both take any contiguous buffer (bytes, bytearray, memoryview,
array, mmap) without copying it and see bytes, so positions are byte offsets. A walk takes a step a byte whatever
the number of patterns; over 32 KiB and more it runs without the GIL. Both pickle as their patterns and are built again.
"""

from collections.abc import Iterable

from typing_extensions import Buffer

__all__ = ["Matcher", "PrefixMatcher"]

class Matcher:
    """Finds which of many strings occur, and where.

    Args:
        patterns: str (its UTF-8 bytes) or bytes. Equal ones keep their own index each. There may be none.
        ignore_case: the 26 letters of ASCII match in both cases; other letters only as given.

    Raises:
        TypeError: a pattern is neither str nor bytes, or ``patterns`` is itself one string.
        ValueError: a pattern is empty, or the tables would pass 2**31 entries.
        RuntimeError: two nodes of the automaton came under one id (their addresses were alike in the low 32 bits).
        MemoryError.
    """

    def __init__(self, patterns: Iterable[str | bytes], ignore_case: bool = True) -> None: ...
    @property
    def patterns(self) -> tuple[str | bytes, ...]:
        """As given."""
    @property
    def ignore_case(self) -> bool: ...
    def find(self, buffer: Buffer, start: int = 0) -> tuple[int, int, int] | None:
        """(pattern index, start, end) of the match that *ends* first, in ``buffer[start:]``; None where there is none.

        Of several matches with that end it is the longest, of equal patterns the one given first. A match that begins
        before ``start`` does not count; offsets are from the start of the buffer.

        Raises: TypeError, BufferError when not a contiguous buffer; ValueError when ``start`` is negative.
        """
    def find_all(self, buffer: Buffer) -> list[tuple[int, int, int]]:
        """Every match, overlapping ones too: in order of their ends, of one end the longest first, then by index.

        Raises: TypeError, BufferError when not a contiguous buffer; MemoryError.
        """

class PrefixMatcher:
    """Finds links by their prefixes, as docs/protocol.md "IM filter" defines a link.

    A link is a prefix (in any case) that does not stand behind a letter, digit or underscore of ASCII and is followed
    by a visible byte; it goes on to white space, a control, ``"``, ``<`` or ``>``. Behind an underscore the prefix is
    escaped, and so is one that begins right behind it or behind its ``//``: ``_http://www.contoso.example`` holds no
    link. In a prefix that ends in ``*.`` the asterisk stands for 0 to 63 letters, digits and hyphens.

    Args:
        prefixes: in the grammar of `sipcore.imfilter.rules`, which is where they are checked.

    Raises: as `Matcher` does.
    """

    def __init__(self, prefixes: Iterable[str]) -> None: ...
    @property
    def prefixes(self) -> tuple[str, ...]: ...
    def find_all(self, buffer: Buffer, limit: int = ...) -> list[tuple[int, int, int]]:
        """(prefix index, start, end) of each link in order, ``limit`` (at least 1) at most; links do not overlap.

        Raises: TypeError, BufferError when not a contiguous buffer; ValueError when ``limit`` is below 1; MemoryError.
        """
