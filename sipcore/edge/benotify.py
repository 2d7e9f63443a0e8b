"""BENOTIFY: a NOTIFY that nobody answers (docs/protocol.md "BENOTIFY").

It is routed, checked and filtered like a NOTIFY. The difference is what happens when that fails: nothing, apart from a
counter. And an answer that comes all the same is not passed on.

Toward a side that a configuration names, one becomes the other; but only from the notifier of a dialog whose SUBSCRIBE
asked for BENOTIFY. Nothing is remembered for it: that it asked is said, and signed, by the routes which we recorded for
the dialog; that a response is not to go on, by the Via of ours which that response brings back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sipcore.edge.tables import BestEffort, Side

if TYPE_CHECKING:
    from sipcore._edit import Edit
    from sipcore._parser import Message

__all__ = [
    "ABSORBED",
    "ANSWERLESS",
    "ASKED",
    "METHOD",
    "OPTION_TAG",
    "asks",
    "keeps_quiet",
    "supported_tags",
    "turned_into",
    "unsupported_tags",
    "write_method",
]

METHOD = "BENOTIFY"
_ANSWERED = "NOTIFY"

#: The extension as Supported and Proxy-Require name it.
OPTION_TAG = "ms-benotify"

#: The parameter of our Record-Route URIs by which a dialog has asked for BENOTIFY, see `hashes`.
ASKED = "be"
#: The parameter of our Via on what came as BENOTIFY and left as NOTIFY: the response is for us.
ABSORBED = "be"

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


# -- one becomes the other


def asks(message: Message) -> bool:
    """Whether a request begins a subscription whose subscriber knows BENOTIFY (Supported, not Require: it may get
    NOTIFY all the same)."""
    if message.method != "SUBSCRIBE":
        return False
    return any(tag.strip().lower() == OPTION_TAG for field in message.get_all("Supported") for tag in field.split(","))


def turned_into(method: str, leaves: Side, best_effort: BestEffort) -> str:
    """What a request of the notifier, in a dialog that has asked, is to become on its way; empty where it stays.

    Args:
        leaves: the side that it leaves by.
    """
    if method == METHOD and leaves in best_effort.to_notify:
        return _ANSWERED
    if method == _ANSWERED and leaves in best_effort.to_benotify:
        return METHOD
    return ""


def write_method(edit: Edit, method: str) -> None:
    """Give a request its new method, where CSeq has it too. The number is the notifier's own, and is not touched."""
    edit.set_method(method)
    number = (edit.get("CSeq") or "").split()[0]
    edit.set("CSeq", f"{number} {method}")
