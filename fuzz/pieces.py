"""What the targets share: how an input falls into its pieces."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

_MOST_DECISIONS = 64


def split(data: bytes) -> tuple[bytes, Iterator[int]]:
    """The content, and the decisions about it: numbers from 0 to 255, as many as the last byte says.

    They stand behind the content, so that a message at the front stays whole when they change.
    """
    if not data:
        return b"", iter(())
    end = max(0, len(data) - 1 - data[-1] % _MOST_DECISIONS)
    return data[:end], iter(data[end:-1])


def join(content: bytes, *decisions: int) -> bytes:
    """The input that `split` takes apart so."""
    return content + bytes(decisions) + bytes([len(decisions)])


def exact(data: bytes) -> memoryview:
    """A copy that ends where its memory ends: behind `bytes` there is a NUL, and a read of it would go unseen."""
    return memoryview(array("B", data)[:])
