"""Instructions counted by callgrind, for the tests that hold work to be linear."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sipcore_bench import callgrind
from sipcore_bench.contestant import Unavailable

__all__ = ["instructions_of"]


def instructions_of(script: str, passes: int = callgrind.PASSES) -> dict[str, float]:
    """Instructions by what that script of this folder does; a skip where there is no valgrind and it may be missing."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(callgrind, "PASSES", passes)
            counted, failed = callgrind.count([str(Path(__file__).with_name(script))])
    except Unavailable as missing:
        if os.environ.get("SIPCORE_REQUIRE_PEERS") == "1":
            pytest.fail(f"{missing}, and SIPCORE_REQUIRE_PEERS=1 forbids the skip")
        pytest.skip(str(missing))
    assert failed == {}
    return counted
