"""BENOTIFY: a NOTIFY that nobody answers (docs/protocol.md "BENOTIFY").

It is routed, checked and filtered like a NOTIFY. The difference is what happens when that fails: nothing, apart from a
counter. And an answer that comes all the same is not passed on.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["ANSWERLESS", "METHOD", "OPTION_TAG", "keeps_quiet", "supported_tags", "unsupported_tags"]

METHOD = "BENOTIFY"

#: The extension as Supported and Proxy-Require name it.
OPTION_TAG = "ms-benotify"

#: Methods that are never answered: ACK by RFC 3261 section 17, BENOTIFY by its definition.
ANSWERLESS = frozenset({"ACK", METHOD})

#: Methods whose Proxy-Require is to be ignored (RFC 3261 section 8.2.2.3), or nobody could cancel or acknowledge.
_UNCONDITIONAL = frozenset({"ACK", "CANCEL"})


def keeps_quiet(method: str, cseq: str) -> bool:
    """Whether a request must not be answered; a CSeq that says BENOTIFY is enough, whatever the first line says.

    Args:
        cseq: the header's text, which may be malformed.
    """
    return method in ANSWERLESS or cseq.split()[-1:] == [METHOD]


def supported_tags(benotify: bool) -> frozenset[str]:
    """The Proxy-Require tags that this edge knows.

    A subscriber that asks for BENOTIFY also requires it of every proxy on the way, so a proxy that carries BENOTIFY
    must say yes to the tag, or the subscriber falls back to NOTIFY.
    """
    return frozenset({OPTION_TAG}) if benotify else frozenset()


def unsupported_tags(method: str, tags: Sequence[str], benotify: bool) -> tuple[str, ...]:
    """The tags that oblige us to refuse with 420, sorted (RFC 3261 section 16.3 item 5)."""
    if not tags or method in _UNCONDITIONAL:
        return ()
    return tuple(sorted(set(tags) - supported_tags(benotify)))
