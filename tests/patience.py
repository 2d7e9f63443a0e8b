"""How long tests wait: longer than anything takes on a busy machine, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

#: A test that waits so long for anything has failed.
PATIENCE_S = 30.0

_T = TypeVar("_T")


def eventually(ask: Callable[[], _T], pause: float = 0.01) -> _T:
    """The first answer that is not False or nothing.

    Args:
        pause: seconds between two questions.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it has never held"
        time.sleep(pause)
    return answer
