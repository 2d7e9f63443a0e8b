"""What may be exchanged with those who take plain text only: public providers, of old (docs/protocol.md "Switches and
limits", F093).

Instant messages pass as plain text, sessions where they are sessions of instant messages, presence as ever. What is
formatted, a file, a game, sound, video or a shared application is refused: a type with 415, a session with 488.
"""

from __future__ import annotations

from typing import NamedTuple

from sipcore._parser import Message
from sipcore.edge import refusals
from sipcore.edge.refusals import Row
from sipcore.imfilter.offers.offer import lines
from sipcore.imfilter.transfer import OFFER_TYPES, UnreadableOfferError

__all__ = ["Unfit", "unfit_for_plain_text", "unfit_session"]

_SDP = "application/sdp"
#: What a person is shown, and that somebody is typing.
_PLAIN = frozenset({"text/plain", "application/im-iscomposing+xml"})
#: The types that a method may bring, where its content is for people; other methods bring anything but an offer.
_TYPES = {"MESSAGE": _PLAIN, "INVITE": _PLAIN | {_SDP}}
#: The media of sessions of instant messages: of the 2005 generation, and since.
_TEXT_MEDIA = frozenset({"x-ms-message", "message"})
#: The headers by which an INVITE brings its first message, each with a type.
_FIRST_MESSAGE = ("ms-text-format", "ms-im-format")


class Unfit(NamedTuple):
    """Why a message does not fit: the row of the refusal, and a line for the chain."""

    row: Row
    line: str


def unfit_for_plain_text(message: Message) -> Unfit | None:
    """Why a request is not for those who take plain text only; None where it is."""
    return _unfit_type(message) or unfit_session(message)


def unfit_session(message: Message) -> Unfit | None:
    """Why the session that a message describes is not one of instant messages; None where it is, or there is none."""
    if _SDP not in _types(message):
        return None
    if "Content-Encoding" in message:
        return Unfit(refusals.UNFIT_SESSION, "a session description that is encoded is not read")
    try:
        offer = OFFER_TYPES[_SDP](message.body)
    except UnreadableOfferError as error:
        return Unfit(refusals.UNFIT_SESSION, f"a session description that cannot be read: {error}")
    if offer is not None:
        return Unfit(refusals.UNFIT_SESSION, "the session moves a file")
    media = [medium for medium in _media(bytes(message.body)) if medium not in _TEXT_MEDIA]
    return Unfit(refusals.UNFIT_SESSION, f"a session with the medium {media[0]!a}") if media else None


def _unfit_type(message: Message) -> Unfit | None:
    allowed = _TYPES.get(message.method or "")
    for found in _types(message):
        if found not in allowed if allowed is not None else found in OFFER_TYPES and found != _SDP:
            return Unfit(refusals.UNFIT_TYPE, f"{message.method} with the type {found!a}")
    for header in _FIRST_MESSAGE if message.method == "INVITE" else ():
        for value in message.get_all(header):
            if (found := _essence(value)) not in _PLAIN:
                return Unfit(refusals.UNFIT_TYPE, f"a first message of the type {found!a}, in {header}")
    return None


def _types(message: Message) -> list[str]:
    """Of the body, each that is named; there should be one. Where none is, a body is text."""
    return [_essence(value) for value in message.get_all("Content-Type")] if message.body else []


def _essence(value: str) -> str:
    return "".join(value.partition(";")[0].split()).lower()


def _media(description: bytes) -> list[str]:
    """The media that are alive: one with port 0 is refused or over (RFC 3264 section 5.1)."""
    found = []
    for line in lines(description.decode("utf-8", "replace")):
        kind, _, value = line.partition("=")
        if kind.strip().lower() == "m":
            medium, port, *_ = (*value.split(), "", "")
            if port.partition("/")[0].strip("0") or not port:
                found.append(medium.lower())
    return found
