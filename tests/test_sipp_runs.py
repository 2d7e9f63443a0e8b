"""Without SIPp its tests are skipped with a reason, unless skipping is forbidden."""

from __future__ import annotations

import shutil

import pytest
from sipp_runs import require_sipp


@pytest.fixture(autouse=True)
def _no_sipp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_a_missing_sipp_skips_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIPCORE_REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install sip-tester"):
        require_sipp()


def test_a_missing_sipp_fails_where_the_skip_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPCORE_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="forbids the skip"):
        require_sipp()
