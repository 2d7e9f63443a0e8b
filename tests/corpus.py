"""Where the public corpus is: other people's messages, which this project may read but does not contain.

``SIPCORE_CORPUS`` names the folder; else it is looked for beside the checkout, as ``shared/corpus``. Tests that need it
skip with the reason where it is absent, unless ``SIPCORE_REQUIRE_CORPUS`` is set: then its absence is a failure.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def corpus(*parts: str) -> Path:
    """A folder or file of the corpus; skips the test when there is no corpus."""
    root = Path(os.environ.get("SIPCORE_CORPUS") or _BESIDE)
    if not root.is_dir():
        reason = f"the public corpus is not at {root}; set SIPCORE_CORPUS"
        if os.environ.get("SIPCORE_REQUIRE_CORPUS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return root.joinpath(*parts)
