"""BENOTIFY: who keeps quiet, and which extensions are known."""

from __future__ import annotations

import pytest

from sipcore.edge.benotify import keeps_quiet, supported_tags, unsupported_tags


@pytest.mark.parametrize(
    ("method", "cseq", "quiet"),
    [
        ("BENOTIFY", "2 BENOTIFY", True),
        ("ACK", "1 ACK", True),
        ("NOTIFY", "2 NOTIFY", False),
        ("NOTIFY", "2 BENOTIFY", True),
        ("BENOTIFY", "2 NOTIFY", True),
        ("BENOTIFY", "", True),
        ("NOTIFY", "", False),
        ("benotify", "2 benotify", False),
    ],
)
def test_a_request_that_says_benotify_anywhere_is_not_answered(method: str, cseq: str, quiet: bool) -> None:
    assert keeps_quiet(method, cseq) is quiet


def test_the_extension_is_supported_when_benotify_is_on() -> None:
    assert supported_tags(benotify=True) == {"ms-benotify"}
    assert supported_tags(benotify=False) == frozenset()
    assert unsupported_tags("SUBSCRIBE", ["ms-benotify"], benotify=True) == ()
    assert unsupported_tags("SUBSCRIBE", ["ms-benotify"], benotify=False) == ("ms-benotify",)


def test_unknown_extensions_are_named_in_one_order() -> None:
    assert unsupported_tags("INVITE", ["zeta", "ms-benotify", "alpha"], benotify=True) == ("alpha", "zeta")


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_proxy_require_is_ignored_where_a_refusal_would_leave_a_call_hanging(method: str) -> None:
    assert unsupported_tags(method, ["alpha"], benotify=True) == ()
