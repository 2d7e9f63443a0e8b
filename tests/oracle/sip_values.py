"""What a parser must say of header values, written a second time: one regular expression a rule, in the RFC's order.

Imports nothing from sipcore. Unless another is named, sections are those of RFC 3261. Where the parser promises more
than the grammar ("let pass"), the rule says so, for then both sides must let the same bytes pass.

Every reader takes the whole message and a place in it, so that what it finds has true spans. Inside a header value CR
and LF stand for a fold only; the index has seen to that.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from .sip_index import TOKEN, unfolded

Span = tuple[int, int]
Params = list[tuple[str, str | None]]


class MalformedError(Exception):
    """The value does not follow its rule."""


# -- section 25.1, basic rules. Every repetition is possessive: there is one way to read a value.

LWS = rb"[ \t\r\n]*+"
QUOTED = rb'"(?:[^"\\]|\\(?s:.))*+"'

#: generic-param. gen-value is let pass up to white space, ";" or ",", and may be empty; a control byte, a quote, "<" or
#: ">" inside one is not, for there readers part ways on where the value ends.
GEN_VALUE = QUOTED + rb'|[^\x00-\x20;,"<>]*+'
PARAM = re.compile(
    LWS + b";" + LWS + b"(?P<name>" + TOKEN + b"+)(?:" + LWS + b"=" + LWS + b"(?P<value>" + GEN_VALUE + b"))?"
)
PARAMS = b"(?P<params>(?:" + re.sub(rb"[?]P<(name|value)>", b"?:", PARAM.pattern) + b")*+)"
#: A value ends where its header does, or at a comma (section 7.3.1).
END = LWS + rb"(?P<end>,|\Z)"

#: host: a name, an IPv4 address, or an IPv6 one in brackets. The underscore is let pass.
HOST = rb"(?P<host>\[[^\]]*+\]|[A-Za-z0-9._-]++)"

MOST_PARAMS = 64
MOST_VIAS = 70
LARGEST_PORT = 65535
LARGEST_NUMBER = 2**32 - 1


def text_of(data: bytes, span: Span) -> str:
    return unfolded(data[slice(*span)])


def unquoted(text: str) -> str:
    """quoted-string: without its quotes, each quoted-pair as what it protects; anything else as it is."""
    return re.sub(r"(?s)\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def number(digits: bytes, largest: int) -> int:
    """1*DIGIT that is not larger; one that would have to wrap is malformed."""
    if not re.fullmatch(rb"[0-9]+", digits) or int(digits) > largest:
        raise MalformedError("number")
    return int(digits)


def raw_params(data: bytes, span: Span) -> Params:
    """``*(SEMI generic-param)`` of a header value, quotes and all."""
    return [
        (match["name"].decode(), None if match["value"] is None else text_of(data, match.span("value")))
        for match in PARAM.finditer(data, *span)
    ]


def read_params(raw: Params) -> Params | None:
    """The same as a reader wants them; None when there are too many."""
    if len(raw) > MOST_PARAMS:
        return None
    return [(name, None if value is None else unquoted(value)) for name, value in raw]


def first_of(params: Params, name: str) -> str | None:
    """The value of a parameter: names compare without case, of one given twice the first counts (section 7.3.1)."""
    return next((value for other, value in params if other.lower() == name), None)


def plain(params: Params, name: str) -> str | None:
    """The first value of that name, without quotes."""
    value = first_of(params, name)
    return None if value is None else unquoted(value)


def matched(rule: re.Pattern[bytes], data: bytes, start: int, end: int) -> re.Match[bytes]:
    match = rule.match(data, start, end)
    if not match:
        raise MalformedError(rule.pattern[:20].decode())
    return match


def trimmed(data: bytes, span: Span) -> Span:
    piece = data[slice(*span)]
    start = span[0] + len(piece) - len(piece.lstrip(b" \t\r\n"))
    return start, max(start, span[0] + len(piece.rstrip(b" \t\r\n")))


# -- section 7.3.1: lists

ELEMENT = re.compile(rb'(?:[^",<]|' + QUOTED + rb"|<[^>]*+>)*+" + rb"(?P<end>,|\Z)")


def elements(data: bytes, start: int, end: int) -> list[Span]:
    """The places between commas, but for those inside quotes and angle brackets; there may be nothing between two."""
    found = []
    while True:
        match = matched(ELEMENT, data, start, end)
        found.append(trimmed(data, (start, match.start("end"))))
        if not match["end"]:
            return found
        start = match.end()


# -- section 19.1.1: SIP and SIPS URIs; RFC 3966: tel

#: absoluteURI of another scheme is not looked into. White space, angle brackets and quotes
#: delimit a URI, so none holds them.
ABSOLUTE_URI = re.compile(rb'(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*+):(?P<rest>[^\x00-\x20<>"]++)\Z')
#: The user may hold ";", "?" and "/"; no "@" may stand unescaped behind the userinfo, so the first one ends it.
#: Other characters than the rule's are let pass in userinfo, parameters and headers.
SIP_URI = re.compile(
    rb"(?:(?P<user>[^@:]++)(?::(?P<password>[^@]*+))?@|(?![^@]*@))"
    + HOST
    + rb"(?::(?P<port>[0-9]++))?(?P<params>(?:;[^?]*+)?)(?:\?(?P<headers>.*))?\Z"
)
#: RFC 3966 section 3. Other characters than those of a number are let pass, and so is "?", which it does not know.
TEL_URI = re.compile(rb"(?P<user>[^;?]++)(?P<password>(?!))?(?P<params>(?:;[^?]*+)?)(?:\?(?P<headers>.*))?\Z")
URI_PARAM = re.compile(rb";(?P<name>[^;=]*)(?:=(?P<value>[^;]*))?")


@dataclass
class Uri:
    span: Span
    text: str
    scheme: str
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    params: Params = dataclass_field(default_factory=list)
    headers: str | None = None


def uri(data: bytes, start: int, end: int) -> Uri:
    whole = matched(ABSOLUTE_URI, data, start, end)
    found = Uri((start, end), text_of(data, (start, end)), whole["scheme"].decode().lower())
    if found.scheme not in ("sip", "sips", "tel"):
        return found
    parts = matched(TEL_URI if found.scheme == "tel" else SIP_URI, data, whole.start("rest"), end)
    for name in ("user", "password", "headers"):
        if parts[name] is not None:
            setattr(found, name, text_of(data, parts.span(name)))
    if parts["params"].count(b";") > MOST_PARAMS:
        raise MalformedError("parameters")
    if found.scheme != "tel":
        found.host = host(parts["host"])
        found.port = None if parts["port"] is None else number(parts["port"], LARGEST_PORT)
    for match in URI_PARAM.finditer(parts["params"]):
        found.params.append((unfolded(match["name"]), None if match["value"] is None else unfolded(match["value"])))
    return found


#: RFC 5118 section 4.10: the grammar of section 25.1 makes careful senders write three colons before an IPv4 tail.
THIRD_COLON = re.compile(r"(?<!:):::(?=[0-9]+\.[0-9.]+\Z)")


def host(name: bytes) -> str:
    """In lower case. What stands in brackets must be an IPv6 address, without a zone."""
    text = name.decode("utf-8", "surrogateescape").lower()
    if text.startswith("["):
        try:
            ipaddress.IPv6Address(THIRD_COLON.sub("::", text[1:-1]).replace("%", "no zone"))
        except ValueError:
            raise MalformedError("IPv6") from None
    return text


# -- section 20.10: name-addr and addr-spec; sections 20.20, 20.30, 20.34, 20.39

#: The display name is let pass unquoted whatever it holds, but for what could end it, and but for ":" and ";": with
#: them it could be taken for the address itself.
NAME_ADDR = rb"(?P<display>" + QUOTED + LWS + rb'|[^<>,":;]*+)<(?P<uri>[^>]++)>'
STAR = rb"(?P<star>\*(?=[ \t\r\n,]|\Z))"
#: "If the URI is not enclosed in angle brackets, any semicolon-delimited parameters are header-parameters", and a comma
#: or question mark must not stand in it.
ADDR_SPEC = rb'(?P<bare>[^\x00-\x20;,?"<>]++)'
ADDRESS = re.compile(
    rb"(?:" + NAME_ADDR + rb'|(?![^<>,":;]*+<)(?!")(?:' + STAR + b"|" + ADDR_SPEC + rb"))" + PARAMS + END
)


@dataclass
class Address:
    span: Span
    text: str
    display_name: str | None
    is_star: bool
    uri_span: Span
    params: Params | None
    tag: str | None


def address(data: bytes, start: int, end: int) -> tuple[Address, int]:
    """One address, and where the comma behind it stands or the header ends."""
    start, _ = trimmed(data, (start, end))
    match = matched(ADDRESS, data, start, end)
    span = trimmed(data, (start, match.start("end")))
    display = trimmed(data, match.span("display")) if match["display"] is not None else (start, start)
    name = unquoted(text_of(data, display)) if display[1] > display[0] else None
    uri_span = match.span("uri") if match["uri"] is not None else match.span("bare")
    raw = raw_params(data, match.span("params"))
    found = Address(
        span, text_of(data, span), name, match["star"] is not None, uri_span, read_params(raw), plain(raw, "tag")
    )
    return found, match.start("end")


def only_address(data: bytes, start: int, end: int) -> Address:
    """The value of a header that is no list (section 7.3.1)."""
    one, at = address(data, start, end)
    if at < end:
        raise MalformedError("a list")
    return one


def addresses(data: bytes, places: list[Span]) -> list[Address]:
    """Every value of every field of one name."""
    found = []
    for start, end in places:
        one, at = address(data, start, end)
        found.append(one)
        while at < end:
            one, at = address(data, at + 1, end)
            found.append(one)
    return found


# -- section 20.42: Via

VIA = re.compile(
    LWS + rb"(?P<whole>" + TOKEN + b"+" + LWS + b"/" + LWS + TOKEN + b"+" + LWS + b"/" + LWS
    + rb"(?P<transport>" + TOKEN + rb"+)[ \t\r\n]++" + HOST
    + b"(?:" + LWS + b":" + LWS + b"(?P<port>[0-9]++))?" + PARAMS + b")" + END
)  # fmt: skip


@dataclass
class Via:
    span: Span
    text: str
    transport: str
    host: str
    port: int | None
    params: Params | None
    branch: str | None
    received: str | None
    rport: str | None


def via(data: bytes, start: int, end: int) -> tuple[Via, int]:
    """One Via value, and where the comma behind it stands or the header ends."""
    match = matched(VIA, data, start, end)
    span = trimmed(data, match.span("whole"))
    port = None if match["port"] is None else number(match["port"], LARGEST_PORT)
    raw = raw_params(data, match.span("params"))
    # RFC 3581 section 3: without a value the client asks for the port.
    asked = [(name, value or "") for name, value in raw if name.lower() == "rport"]
    found = Via(
        span, text_of(data, span), match["transport"].decode().upper(), host(match["host"]), port, read_params(raw),
        plain(raw, "branch"), plain(raw, "received"), plain(asked, "rport"),
    )  # fmt: skip
    return found, match.start("end")


def vias(data: bytes, places: list[Span]) -> list[Via]:
    found = []
    for start, end in places:
        one, at = via(data, start, end)
        found.append(one)
        while at < end:
            one, at = via(data, at + 1, end)
            found.append(one)
    if len(found) > MOST_VIAS:
        raise MalformedError("vias")
    return found


# -- section 20.15: Content-Type

MEDIA_TYPE = re.compile(
    LWS + rb"(?P<whole>(?P<type>" + TOKEN + b"+)" + LWS + b"/" + LWS + rb"(?P<subtype>" + TOKEN + b"+)"
    + PARAMS + b")" + LWS + rb"\Z"
)  # fmt: skip


@dataclass
class MediaType:
    span: Span
    text: str
    essence: str
    params: Params | None


def media_type(data: bytes, start: int, end: int) -> MediaType:
    match = matched(MEDIA_TYPE, data, start, end)
    span = trimmed(data, match.span("whole"))
    essence = f"{match['type'].decode()}/{match['subtype'].decode()}".lower()
    return MediaType(span, text_of(data, span), essence, read_params(raw_params(data, match.span("params"))))


# -- section 20.16: CSeq

CSEQ = re.compile(LWS + rb"(?P<whole>(?P<number>[^ \t\r\n]++)[ \t\r\n]++(?P<method>" + TOKEN + b"+))" + LWS + rb"\Z")


@dataclass
class CSeq:
    span: Span
    number: int
    method: str


def cseq(data: bytes, start: int, end: int) -> CSeq:
    """Numbers up to 2**32 - 1 are let pass: section 8.1.1.5 ends at 2**31, senders do not."""
    match = matched(CSEQ, data, start, end)
    return CSeq(match.span("whole"), number(match["number"], LARGEST_NUMBER), match["method"].decode())


# -- section 20.22: Max-Forwards


def max_forwards(data: bytes, start: int, end: int) -> int:
    return number(data[start:end], LARGEST_NUMBER)
