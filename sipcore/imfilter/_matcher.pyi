"""Many patterns over a buffer at once.

A matcher takes any contiguous buffer (bytes, bytearray, memoryview, array, mmap) without copying it and sees bytes, so
positions are byte offsets. Over 32 KiB and more it runs without the GIL.
"""

from collections.abc import Iterable

from typing_extensions import Buffer

__all__ = ["Matcher"]

class Matcher:
    """Finds which of many strings occur, and where. Immutable: threads may share one. Pickles as its patterns.

    There are two meanings of a match. *Leftmost-longest* is what a person would say: the match that begins first, of
    those the longest, and the next one behind its end (`find`, `find_all`). *Overlapping* is every occurrence of every
    pattern (`find_overlapping`).

    Work is linear in the text. `find` and `find_overlapping` take three steps a byte at most, mostly far less than
    one, and a step for each match; `find_all` may read as many bytes again behind each match as the longest pattern
    has, for a longer match that then is none.

    Args:
        patterns: str (its UTF-8 bytes) or bytes, 1 to 30,000 and more. Equal ones keep their own index each. There may
            be none.
        ignore_case: the 26 letters of ASCII match in both cases; other letters only as given.

    Raises:
        TypeError: a pattern is neither str nor bytes, or ``patterns`` is itself one string.
        ValueError: a pattern is empty, or the patterns have more than 2**29 bytes that none shares with another.
        MemoryError.
    """

    def __init__(self, patterns: Iterable[str | bytes], ignore_case: bool = True) -> None: ...
    @property
    def patterns(self) -> tuple[str | bytes, ...]:
        """As given."""
    @property
    def ignore_case(self) -> bool: ...
    @property
    def states(self) -> int:
        """Of the automaton: one, and one for each beginning that patterns have, shared ones once."""
    @property
    def nbytes(self) -> int:
        """Memory of the tables, in bytes: at most 64 MiB of rows, and 21 bytes a state."""
    @property
    def leaps(self) -> str:
        """How text without matches is got over; chosen once, from the patterns.

        ``"to ends"`` or ``"to starts"`` where the last or the first two bytes of every pattern come together in fewer
        than one place in 32 of English talk, by the rarer of the two: 32 bytes are looked through at once for such
        places. ``"nowhere"`` where neither is rare, or some pattern has a single byte: every byte is read, eight at
        once.
        """
    def find(self, buffer: Buffer, start: int = 0) -> tuple[int, int, int] | None:
        """(pattern index, start, end) of the leftmost-longest match in ``buffer[start:]``; None where there is none.

        Of equal patterns it is the one given first. A match that begins before ``start`` does not count; offsets are
        from the start of the buffer.

        Raises: TypeError, BufferError when not a contiguous buffer; ValueError when ``start`` is negative.
        """
    def find_all(self, buffer: Buffer) -> list[tuple[int, int, int]]:
        """Every leftmost-longest match, each sought behind the end of the one before; so they do not overlap.

        Raises: TypeError, BufferError when not a contiguous buffer; MemoryError.
        """
    def find_overlapping(self, buffer: Buffer) -> list[tuple[int, int, int]]:
        """Every match, overlapping ones too: in order of their ends, of one end the longest first, then by index.

        Raises: TypeError, BufferError when not a contiguous buffer; MemoryError.
        """
