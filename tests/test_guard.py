"""The guard page itself: what the over-read tests rest on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from guard import flush_against_guard_page

READ_PAST = """
import ctypes, sys
from guard import flush_against_guard_page
with flush_against_guard_page(b"abc") as view:
    address = ctypes.addressof(ctypes.c_char.from_buffer(view.obj)) + len(memoryview(view.obj)) // 2 - 3
    print(ctypes.string_at(address, 3 + int(sys.argv[1])))
"""


def read_past_the_end(extra: int) -> subprocess.CompletedProcess[bytes]:
    """Read the view and so many bytes more, in a process of its own."""
    here = Path(__file__).parent
    return subprocess.run(
        [sys.executable, "-c", READ_PAST, str(extra)], capture_output=True, cwd=here, timeout=60, check=False
    )


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097])
def test_the_view_shows_the_data(size):
    data = bytes(i % 251 for i in range(size))
    with flush_against_guard_page(data) as view:
        assert bytes(view) == data
        assert view.readonly


def test_reading_up_to_the_end_is_allowed():
    assert read_past_the_end(0).stdout == b"b'abc'\n"


def test_reading_one_byte_past_the_end_kills_the_process():
    assert read_past_the_end(1).returncode == -signal.SIGSEGV


def test_a_view_that_is_kept_outlives_the_block():
    with flush_against_guard_page(b"abc") as view:
        kept = memoryview(view)
    assert bytes(kept) == b"abc"
