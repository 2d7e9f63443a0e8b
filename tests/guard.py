"""Bytes that end where readable memory ends: whoever reads one byte too many dies on the spot.

    with flush_against_guard_page(data) as view:
        matcher.find_all(view)

This catches reads past the end without a sanitizer, deterministically and in the build that ships.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from collections.abc import Iterator

_PROT_NONE = 0
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


@contextlib.contextmanager
def flush_against_guard_page(data: bytes) -> Iterator[memoryview]:
    """A read-only view of a copy of ``data`` whose last byte is the last byte that may be read.

    The memory lives as long as the view or anything that exports it, so a message over it may be kept.

    Raises: OSError when the page cannot be protected.
    """
    readable = -(-len(data) // mmap.PAGESIZE) * mmap.PAGESIZE
    pages = mmap.mmap(-1, readable + mmap.PAGESIZE)
    _forbid(pages, readable)
    pages[readable - len(data) : readable] = data
    whole = memoryview(pages)
    view = whole[readable - len(data) : readable].toreadonly()
    whole.release()
    try:
        yield view
    finally:
        # A message that still exports the view keeps it, and the pages under it, until the message goes.
        with contextlib.suppress(BufferError):
            view.release()


def _forbid(pages: mmap.mmap, offset: int) -> None:
    """Take all access away from the page at ``offset``."""
    anchor = ctypes.c_char.from_buffer(pages)
    if _libc.mprotect(ctypes.addressof(anchor) + offset, mmap.PAGESIZE, _PROT_NONE) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
