"""Instructions counted by callgrind, for the tests that hold work to be linear."""

from __future__ import annotations

from pathlib import Path

import pytest
from peer_programs import require_program

from sipcore_bench import callgrind

__all__ = ["instructions_of"]


def instructions_of(script: str, passes: int = callgrind.PASSES) -> dict[str, float]:
    """Instructions by what that script of this folder does."""
    require_program("valgrind", "valgrind")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callgrind, "PASSES", passes)
        counted, failed = callgrind.count([str(Path(__file__).with_name(script))])
    assert failed == {}
    return counted
