"""Without a peer's program its tests are skipped with a reason, unless skipping is forbidden."""

from __future__ import annotations

import pytest
from peer_programs import require_module, require_program

MISSING = "no-program-has-this-name"


@pytest.mark.parametrize(
    ("require", "how"),
    [
        (lambda: require_program(MISSING, "a-package"), "apt-get install a-package"),
        (lambda: require_module("no_module_has_this_name"), "pip install no_module_has_this_name"),
    ],
    ids=["program", "module"],
)
def test_what_is_missing_skips_and_says_how_to_get_it_or_fails_where_the_skip_is_forbidden(
    require, how, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIPCORE_REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=how):
        require()
    monkeypatch.setenv("SIPCORE_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="forbids the skip"):
        require()


def test_what_is_there_is_found() -> None:
    assert require_program("sh", "dash").endswith("/sh")
    require_module("pytest")
