"""Whether a message that was parsed may be acted on, and if not, which answer it is owed.

The parser fails only on what it cannot represent; everything else is a `Refusal`, a value that says which status,
because which header, at which byte. Only what a proxy must look at is looked at (RFC 3261 section 16.3 item 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sipcore.errors import HeaderError
from sipcore.grammar import reason_phrase

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["Refusal", "validate"]

#: Exactly one of each in every message (RFC 3261 section 8.1.1, 20); Via may repeat.
_ONCE = ("From", "To", "Call-ID", "CSeq")

#: Request-URI schemes that a proxy can route (RFC 3261 section 16.3 item 2).
_ROUTABLE_SCHEMES = ("sip", "sips")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message must not be acted on.

    Attributes:
        status: the status code that a request is owed; for a response the same, to be counted only.
        reason: what is wrong, in a few words; fit for a reason phrase.
        header: the header at fault, "Request-Line" for the first line.
        offset: where, in bytes from the start of the message.
        headers: what the answer must carry, such as Unsupported.
    """

    status: int
    reason: str
    header: str
    offset: int
    headers: tuple[tuple[str, str], ...] = ()


def validate(message: Message) -> Refusal | None:
    """The refusal that the message is owed, or None when it may be acted on.

    The first fault in the order of RFC 3261 section 16.3 decides. Never raises.
    """
    checks = _REQUEST_CHECKS if message.is_request else _RESPONSE_CHECKS
    for check in checks:
        try:
            refusal = check(message)
        except HeaderError as error:
            return Refusal(400, f"Malformed {error.header}", error.header, error.offset)
        if refusal is not None:
            return refusal
    return None


def _bad(message: Message, reason: str, header: str, status: int = 400) -> Refusal:
    """A refusal that points at the header's value, at the end of the head when the header is not there."""
    span = message.span_of(header)
    return Refusal(status, reason, header, span[0] if span else message.head_size)


def _check_version(message: Message) -> Refusal | None:
    if message.version.upper() != "SIP/2.0":
        return Refusal(505, reason_phrase(505), "Request-Line", 0)
    return None


def _check_mandatory(message: Message) -> Refusal | None:
    if "Via" not in message:
        return _bad(message, "Missing Via", "Via")
    for name in _ONCE:
        count = len(message.get_all(name))
        if count != 1:
            return _bad(message, f"{'Missing' if count == 0 else 'Repeated'} {name}", name)
    return None


def _check_addresses(message: Message) -> Refusal | None:
    for address, name in ((message.from_, "From"), (message.to, "To")):
        assert address is not None
        if address.is_star:
            return _bad(message, f"Malformed {name}", name)
        _ = address.uri
    if not message.call_id:
        return _bad(message, "Malformed Call-ID", "Call-ID")
    return None


def _check_vias(message: Message) -> Refusal | None:
    _ = message.vias
    return None


def _check_cseq(message: Message) -> Refusal | None:
    cseq = message.cseq
    if message.is_request and cseq is not None and cseq.method != message.method:
        return _bad(message, "CSeq method does not match", "CSeq")
    return None


def _check_request_line(message: Message) -> Refusal | None:
    """White space in or behind the Request-URI: parsed so that it can be answered (RFC 4475 section 3.1.2.6 on)."""
    start, end = message.uri.span
    line_end = bytes(message.buffer[: message.head_size]).index(b"\r\n")
    if line_end != end + 1 + len(message.version):
        return Refusal(400, "Malformed Request-Line", "Request-Line", start)
    return None


def _check_scheme(message: Message) -> Refusal | None:
    uri = message.uri
    if uri.scheme not in _ROUTABLE_SCHEMES:
        return Refusal(416, reason_phrase(416), "Request-URI", uri.span[0])
    return None


def _check_max_forwards(message: Message) -> Refusal | None:
    """0 is not malformed: what it means depends on who asks (a proxy answers 483), so it is left to the caller."""
    hops = message.max_forwards
    if hops is not None and hops > 255:
        return _bad(message, "Malformed Max-Forwards", "Max-Forwards")
    return None


def _check_routes(message: Message) -> Refusal | None:
    for route in message.routes:
        _ = route.uri
    return None


def _check_length(message: Message) -> Refusal | None:
    if message.truncated:
        return _bad(message, "Body shorter than Content-Length", "Content-Length")
    return None


_RESPONSE_CHECKS: tuple[Callable[[Message], Refusal | None], ...] = (
    _check_version,
    _check_mandatory,
    _check_vias,
    _check_cseq,
    _check_addresses,
    _check_length,
)
_REQUEST_CHECKS: tuple[Callable[[Message], Refusal | None], ...] = (
    _check_version,
    _check_mandatory,
    _check_vias,
    _check_request_line,
    _check_cseq,
    _check_addresses,
    _check_scheme,
    _check_max_forwards,
    _check_routes,
    _check_length,
)
