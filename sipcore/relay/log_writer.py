"""Writes log lines from a thread of its own, so that nothing waits for whoever reads them.

A reader may end, a disk may be full, and a pipe's reader may hang while it lives: a write would then fail or wait, in
the middle of an answer. What cannot be written is lost, and counted.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Self

__all__ = ["LogWriter"]

#: Lines that may wait: half a minute of all that a relay says when it is attacked.
_MOST_LINES = 1_000
#: How long the end of a process waits for its last lines to be read, in seconds.
_LAST_WORDS = 1.0


class LogWriter:
    """A text file of lines, as far as those who log can tell.

    Args:
        descriptor: of the open file; it stays open.
        lost: is called for each line that is lost, never from two threads at once.
    """

    def __init__(self, descriptor: int, lost: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._losing = threading.Lock()
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> int:
        """Have a line written, if there is room for it."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lose()
        return len(line)

    def flush(self) -> None:
        """The thread holds nothing back."""

    def close(self) -> None:
        """Let out what waits, as long as somebody reads it."""
        try:
            self._lines.put(None, timeout=_LAST_WORDS)
        except queue.Full:
            return
        self._thread.join(_LAST_WORDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_all(self) -> None:
        for line in iter(self._lines.get, None):
            try:
                _write(self._descriptor, line.encode("utf-8", "backslashreplace"))
            except OSError:
                self._lose()

    def _lose(self) -> None:
        with self._losing:
            self._lost()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
