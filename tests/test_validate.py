"""What a parsed message is owed when it must not be acted on."""

from __future__ import annotations

import pytest
from messages import CONTORTED, INVITE, OK, OPTIONS, message, without

from sipcore import Refusal, parse, validate


def refusal(data: bytes) -> tuple[int, str, str, bytes]:
    """Status, reason, header, and the bytes at the place that the refusal points at."""
    found = validate(parse(data))
    assert isinstance(found, Refusal)
    return found.status, found.reason, found.header, data[found.offset :].split(b"\r\n")[0]


@pytest.mark.parametrize(
    "data", [OPTIONS, message(), INVITE, OK, CONTORTED], ids=["options", "message", "invite", "ok", "contorted"]
)
def test_sound_messages_pass(data):
    assert validate(parse(data)) is None


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_every_mandatory_header_is_missed_by_name(name):
    assert refusal(without(message(), name))[:3] == (400, f"Missing {name}", name)


@pytest.mark.parametrize("field", ["From: <sip:x@y>;tag=2", "To: <sip:x@y>", "Call-ID: 2", "CSeq: 1 MESSAGE"])
def test_headers_that_stand_once_must_not_be_repeated(field):
    name = field.split(":")[0]
    assert refusal(message(field))[:3] == (400, f"Repeated {name}", name)


def test_max_forwards_may_be_missing():
    assert validate(parse(message(max_forwards=None))) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"via": "SIP/2.0/UDP"}, (400, "Malformed Via", "Via", b"")),
        ({"via": "SIP/2.0/UDP a, nonsense"}, (400, "Malformed Via", "Via", b"")),
        ({"from_": "<sip:alice"}, (400, "Malformed From", "From", b"")),
        ({"from_": "*"}, (400, "Malformed From", "From", b"*")),
        ({"to": "<nonsense>"}, (400, "Malformed To", "To", b">")),
        ({"call_id": ""}, (400, "Malformed Call-ID", "Call-ID", b"")),
        ({"cseq": "x"}, (400, "Malformed CSeq", "CSeq", b"x MESSAGE")),
        ({"cseq": 2**32}, (400, "Malformed CSeq", "CSeq", b"4294967296 MESSAGE")),
        ({"uri": "sip:a@"}, (400, "Malformed Request-URI", "Request-URI", b" SIP/2.0")),
        ({"uri": "sip:a b"}, (400, "Malformed Request-URI", "Request-URI", b" b SIP/2.0")),
        ({"uri": "<sip:a>"}, (400, "Malformed Request-URI", "Request-URI", b"<sip:a> SIP/2.0")),
        ({"uri": " sip:a"}, (400, "Malformed Request-URI", "Request-URI", b" sip:a SIP/2.0")),
        ({"uri": "tel:+1"}, (416, "Unsupported URI Scheme", "Request-URI", b"tel:+1 SIP/2.0")),
        ({"uri": "nobodyKnows:a"}, (416, "Unsupported URI Scheme", "Request-URI", b"nobodyKnows:a SIP/2.0")),
        ({"max_forwards": 256}, (400, "Malformed Max-Forwards", "Max-Forwards", b"256")),
        ({"max_forwards": -1}, (400, "Malformed Max-Forwards", "Max-Forwards", b"-1")),
    ],
)
def test_malformed_values_are_named_with_their_place(changes, expected):
    assert refusal(message(**changes)) == expected


def test_a_malformed_route_is_refused():
    assert refusal(message("Route: <sip:>"))[:3] == (400, "Malformed Route", "Route")


def test_white_space_behind_the_version_is_refused():
    data = message().replace(b"SIP/2.0\r\n", b"SIP/2.0  \r\n", 1)
    assert refusal(data)[:3] == (400, "Malformed Request-Line", "Request-Line")


def test_another_version_is_owed_505():
    assert refusal(message().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1))[:2] == (505, "Version Not Supported")
    assert validate(parse(message().replace(b"SIP/2.0\r\n", b"sip/2.0\r\n", 1))) is None


def test_the_method_of_cseq_must_be_that_of_the_request():
    data = message().replace(b"CSeq: 1 MESSAGE", b"CSeq: 1 INVITE")
    assert refusal(data) == (400, "CSeq method does not match", "CSeq", b"1 INVITE")


def test_a_body_shorter_than_declared_is_refused():
    found = validate(parse(message()[:-1]))
    assert (found.status, found.header) == (400, "Content-Length")


def test_responses_are_checked_for_what_their_routing_needs():
    assert validate(parse(without(OK, "Via"))).header == "Via"
    assert validate(parse(without(OK, "CSeq"))).header == "CSeq"
    assert validate(parse(OK.replace(b"SIP/2.0/UDP 192", b"SIP/2.0/UDP ?")))
    assert validate(parse(OK.replace(b"SIP/2.0 200", b"SIP/3.0 200"))).status == 505
