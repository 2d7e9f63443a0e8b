"""Whether a message that was parsed may be acted on, and if not, which answer it is owed.

The parser fails only on what it cannot represent; everything else is a `Refusal`, a value that says which status,
because which header, at which byte. Only what the role must look at is looked at: a proxy forwards a Contact that it
cannot read (RFC 3261 section 16.3 item 1), a user agent would have to send to it.

What is decided here is what the message alone tells, and what `ValidationRules` say of us. Left to the caller: loops
(16.3 item 4), credentials, methods, bodies and dialogs (405, 501, 415, 401, 481 ...), for these need tables or state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sipcore._sound import is_sound
from sipcore.errors import HeaderError
from sipcore.grammar import reason_phrase

if TYPE_CHECKING:
    from sipcore._parser import Message

__all__ = ["STRICT", "Refusal", "Role", "ValidationRules", "validate"]

#: Exactly one of each in every message (RFC 3261 section 8.1.1, 20); Via may repeat.
_ONCE = ("From", "To", "Call-ID", "CSeq")
_MANDATORY = ("Via", *_ONCE)

_MOST_HOPS = 255  # RFC 3261 section 20.22
_LARGEST_CSEQ = 2**31 - 1  # RFC 3261 section 8.1.1.5; the parser holds 2**32 - 1
#: A branch that begins with it is unique; nothing but it names no transaction (RFC 3261 section 8.1.1.7).
_COOKIE = "z9hg4bk"
_BROADCAST = "255.255.255.255"
_CR = 0x0D
#: In these, requirements must be ignored: they could not be negotiated (RFC 3261 section 8.2.2.3).
_REQUIRE_NOTHING = ("ACK", "CANCEL")
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")


class Role(StrEnum):
    """Who receives the message, and so what of it must be right."""

    PROXY = "proxy"
    #: An endpoint, a registrar included.
    USER_AGENT = "user-agent"


_PROXY = Role.PROXY
_SIP = frozenset({"sip", "sips"})


@dataclass(frozen=True, slots=True)
class ValidationRules:
    """What the receiver can do, and which faults it overlooks. As it comes, every fault counts.

    What it can do:

    Attributes:
        supported: option tags that are understood, in any case; others in Proxy-Require (proxy) or Require (user agent)
            are owed 420 with Unsupported. None when the caller judges them.
        schemes: of the Request-URI, in lower case; others are owed 416.
        longest_uri: bytes of the Request-URI; a longer one is owed 414. None leaves it to the parser's limits, past
            which there is no message to answer.
        largest: bytes of a request, its declared body included; a larger one is owed 513. None as above.

    What is overlooked; RFC 4475 allows it in the section named:

    Attributes:
        zero_max_forwards: Max-Forwards 0 at a proxy, which else is owed 483. For a caller that looks itself: to answer
            OPTIONS in place of its target (RFC 3261 section 16.3 item 3), or to know its own ACK first.
        large_max_forwards: 256 to 2**32-1, to be taken for absent (3.1.2.4).
        large_cseq: 2**31 to 2**32-1 at a user agent; some send it. A proxy never minds.
        bare_branch_cookie: a topmost branch that is only ``z9hG4bK``. The caller must fall back to the transaction
            identification of RFC 2543 (3.2.1).
        repeated_content_length: the same value more than once; unequal ones are a `FramingError`.
        dangerous_repeated_headers: two From, To, Call-ID, CSeq or Max-Forwards, of which the first counts here, but
            perhaps not at the next hop: what was checked is then not what is acted on.
        dangerous_short_body: less body than Content-Length says. Sent on over a stream, it swallows what follows.
        dangerous_trailing_spaces: white space at the end of a request line, which must not be sent on (3.1.2.10).
        dangerous_uri_headers: headers in the Request-URI, which must be neither sent on nor obeyed (3.1.2.11).
    """

    supported: frozenset[str] | None = None
    schemes: frozenset[str] = _SIP
    longest_uri: int | None = None
    largest: int | None = None
    zero_max_forwards: bool = False
    large_max_forwards: bool = False
    large_cseq: bool = False
    bare_branch_cookie: bool = False
    repeated_content_length: bool = False
    dangerous_repeated_headers: bool = False
    dangerous_short_body: bool = False
    dangerous_trailing_spaces: bool = False
    dangerous_uri_headers: bool = False


#: Nothing is overlooked, and no extension or size is judged.
STRICT = ValidationRules()


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


def validate(message: Message, role: Role = Role.PROXY, rules: ValidationRules = STRICT) -> Refusal | None:
    """The refusal that the message is owed, or None when it may be acted on.

    The first fault in the order of RFC 3261 sections 16.3 (proxy) and 8.2 (user agent) decides. Never raises. An ACK,
    and a response, is refused like any other message, but never answered: that is for the caller to know.
    """
    if role is _PROXY and is_sound(message) and _asks_no_more(rules):
        return None
    for check in (_REQUEST_CHECKS if message.is_request else _RESPONSE_CHECKS)[role]:
        try:
            refusal = check(message, rules)
        except HeaderError as error:
            return Refusal(400, f"Malformed {error.header}", error.header, error.offset)
        if refusal is not None:
            return refusal
    return None


def _asks_no_more(rules: ValidationRules) -> bool:
    """Whether rules judge nothing that a sound message can still lack."""
    judged = rules.supported is None and rules.longest_uri is None and rules.largest is None
    return judged and (rules.schemes is _SIP or rules.schemes >= _SIP)


_Check = Callable[["Message", ValidationRules], Refusal | None]


def _bad(message: Message, reason: str, header: str, status: int = 400, index: int = 0) -> Refusal:
    """A refusal that points at the header's value, at the end of the head when the header is not there."""
    span = message.span_of(header, index)
    return Refusal(status, reason, header, span[0] if span else message.head_size)


# -- every message


def _check_version(message: Message, _rules: ValidationRules) -> Refusal | None:
    if message.version.upper() != "SIP/2.0":
        return Refusal(505, reason_phrase(505), "Request-Line", 0)
    return None


def _check_mandatory(message: Message, rules: ValidationRules) -> Refusal | None:
    for name in _MANDATORY:
        if name not in message:
            return _bad(message, f"Missing {name}", name)
    if not rules.dangerous_repeated_headers:
        for name in _ONCE:
            if message.span_of(name, 1):
                return _repeated(message, name)
    return None


def _repeated(message: Message, name: str) -> Refusal:
    return _bad(message, f"Repeated {name}", name, index=1)


def _check_cseq(message: Message, _rules: ValidationRules) -> Refusal | None:
    cseq = message.cseq
    if message.is_request and cseq is not None and cseq.method != message.method:
        return _bad(message, "CSeq method does not match", "CSeq")
    return None


def _check_addresses(message: Message, _rules: ValidationRules) -> Refusal | None:
    for address, name in ((message.from_, "From"), (message.to, "To")):
        assert address is not None
        if address.is_star or address.tag == "":
            return _bad(message, f"Malformed {name}", name)
        _ = address.uri
    call_id = message.call_id
    if not call_id or " " in call_id or "\t" in call_id:
        return _bad(message, "Malformed Call-ID", "Call-ID")
    return None


def _check_length(message: Message, rules: ValidationRules) -> Refusal | None:
    if message.truncated and not rules.dangerous_short_body:
        return _bad(message, "Body shorter than Content-Length", "Content-Length")
    if not rules.repeated_content_length and message.span_of("Content-Length", 1):
        return _repeated(message, "Content-Length")
    return None


# -- requests


def _check_vias(message: Message, rules: ValidationRules) -> Refusal | None:
    branch = message.vias[0].branch
    if branch is None:
        return None  # RFC 2543 had none.
    if not branch or (branch.lower() == _COOKIE and not rules.bare_branch_cookie):
        return _bad(message, "Branch names no transaction", "Via")
    return None


def _check_request_line(message: Message, rules: ValidationRules) -> Refusal | None:
    uri = message.uri
    start, end = uri.span
    if message.buffer[end + 1 + len(message.version)] != _CR and not rules.dangerous_trailing_spaces:
        # Parsed all the same, so that it can be answered (RFC 4475 section 3.1.2.10).
        return Refusal(400, "Malformed Request-Line", "Request-Line", start)
    if rules.longest_uri is not None and end - start > rules.longest_uri:
        return Refusal(414, reason_phrase(414), "Request-URI", start)
    if uri.scheme not in rules.schemes:
        return Refusal(416, reason_phrase(416), "Request-URI", start)
    if uri.headers is not None and not rules.dangerous_uri_headers:
        return Refusal(400, "Headers in Request-URI", "Request-URI", start)
    return None


def _check_size(message: Message, rules: ValidationRules) -> Refusal | None:
    if rules.largest is None:
        return None
    length = message.content_length
    if message.head_size + (len(message.body) if length is None else length) > rules.largest:
        return _bad(message, reason_phrase(513), "Content-Length", 513)
    return None


def _check_max_forwards(message: Message, rules: ValidationRules) -> Refusal | None:
    hops = message.max_forwards
    if hops is None:
        return None
    if hops > _MOST_HOPS and not rules.large_max_forwards:
        return _bad(message, "Malformed Max-Forwards", "Max-Forwards")
    if not rules.dangerous_repeated_headers and message.span_of("Max-Forwards", 1):
        return _repeated(message, "Max-Forwards")
    return None


def _check_required(message: Message, rules: ValidationRules, header: str) -> Refusal | None:
    if rules.supported is None or header not in message or message.method in _REQUIRE_NOTHING:
        return None
    tags = message.values(header)
    if not all(map(_TOKEN.fullmatch, tags)):
        return _bad(message, f"Malformed {header}", header)
    supported = {tag.lower() for tag in rules.supported}
    unknown = [tag for tag in dict.fromkeys(tags) if tag.lower() not in supported]
    if not unknown:
        return None
    refusal = _bad(message, reason_phrase(420), header, 420)
    return Refusal(420, refusal.reason, header, refusal.offset, (("Unsupported", ", ".join(unknown)),))


# -- as a proxy


def _check_hops(message: Message, rules: ValidationRules) -> Refusal | None:
    if not rules.zero_max_forwards and message.max_forwards == 0:
        return _bad(message, reason_phrase(483), "Max-Forwards", 483)
    return None


def _check_routes(message: Message, _rules: ValidationRules) -> Refusal | None:
    for route in message.routes:
        _ = route.uri
    return None


def _check_proxy_require(message: Message, rules: ValidationRules) -> Refusal | None:
    return _check_required(message, rules, "Proxy-Require")


def _check_way_back(message: Message, _rules: ValidationRules) -> Refusal | None:
    """A response that would go on to everybody (RFC 4475 section 3.3.10)."""
    vias = message.vias
    if len(vias) > 1 and _BROADCAST in str(vias[1]):
        via = vias[1]
        if _BROADCAST in (via.host, via.received, via.params.get("maddr")):
            return Refusal(400, "Broadcast address in Via", "Via", via.span[0])
    return None


# -- as a user agent


def _check_require(message: Message, rules: ValidationRules) -> Refusal | None:
    return _check_required(message, rules, "Require")


def _check_sequence(message: Message, rules: ValidationRules) -> Refusal | None:
    cseq = message.cseq
    if cseq is not None and cseq.number > _LARGEST_CSEQ and not rules.large_cseq:
        return _bad(message, "Malformed CSeq", "CSeq")
    return None


def _check_registered(message: Message, _rules: ValidationRules) -> Refusal | None:
    """An address of record is a SIP or SIPS URI (RFC 3261 section 10.2, RFC 4475 section 3.3.4)."""
    if message.method == "REGISTER" and message.to is not None and message.to.uri.scheme not in ("sip", "sips"):
        return _bad(message, "Address of record is no SIP URI", "To")
    return None


def _check_dialog(message: Message, _rules: ValidationRules) -> Refusal | None:
    """What later requests of a dialog would be sent to."""
    for contact in message.contacts:
        if not contact.is_star:
            _ = contact.uri
    for route in message.record_routes:
        _ = route.uri
    return None


def _check_body(message: Message, _rules: ValidationRules) -> Refusal | None:
    if message.content_type is not None and message.span_of("Content-Type", 1):
        return _repeated(message, "Content-Type")
    return None


def _check_only_via(message: Message, _rules: ValidationRules) -> Refusal | None:
    """A second Via means that the response is for somebody else (RFC 3261 section 8.1.3.3)."""
    vias = message.vias
    return Refusal(400, "Not the last Via", "Via", vias[1].span[0]) if len(vias) > 1 else None


_REQUEST: tuple[_Check, ...] = (
    _check_version,
    _check_mandatory,
    _check_vias,
    _check_size,
    _check_cseq,
    _check_addresses,
    _check_request_line,
    _check_max_forwards,
)
_RESPONSE: tuple[_Check, ...] = (_check_version, _check_mandatory, _check_cseq, _check_addresses, _check_length)

_REQUEST_CHECKS: dict[Role, tuple[_Check, ...]] = {
    Role.PROXY: (*_REQUEST, _check_routes, _check_length, _check_hops, _check_proxy_require),
    Role.USER_AGENT: (
        *_REQUEST,
        _check_sequence,
        _check_registered,
        _check_dialog,
        _check_body,
        _check_length,
        _check_require,
    ),
}
_RESPONSE_CHECKS: dict[Role, tuple[_Check, ...]] = {
    Role.PROXY: (*_RESPONSE, _check_way_back),
    Role.USER_AGENT: (*_RESPONSE, _check_only_via, _check_sequence, _check_dialog, _check_body),
}
