"""The native check for sound messages says nothing that the one with objects would not say."""

from __future__ import annotations

import sys

import pytest
from guard import flush_against_guard_page
from messages import CONTORTED, INVITE, OK, OPTIONS, message
from seeds import MALFORMED, MESSAGES, broken

import sipcore.validate
from sipcore import ParseError, Refusal, parse
from sipcore._sound import is_sound
from sipcore.validate import STRICT, Role, ValidationRules, validate

MODULE = sys.modules["sipcore.validate"]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation by objects alone."""
    monkeypatch.setattr(MODULE, "is_sound", lambda message: False)


def parsed(data: bytes) -> sipcore.Message | None:
    """The message, if it is one."""
    try:
        return parse(data)
    except ParseError:
        return None


@pytest.mark.parametrize("data", [OPTIONS, message(), INVITE, OK], ids=["options", "message", "invite", "ok"])
def test_ordinary_messages_are_found_sound(data: bytes) -> None:
    assert is_sound(parse(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (message(via="SIP/2.0/UDP a;branch=z9hG4bK"), "a branch that names nothing"),
        (message(via="SIP/2.0/UDP a, nonsense"), "a second Via that cannot be read"),
        (message("From: <sip:x@y>;tag=2"), "From twice"),
        (message("v: SIP/2.0/UDP b", "i: 2"), "Call-ID twice, once by its short name"),
        (message(max_forwards=0), "no hops left"),
        (message(max_forwards=256), "too many hops"),
        (message(uri="tel:+12025550100"), "another scheme"),
        (message(uri="sip:bob@contoso.example?Subject=hi"), "headers in the Request-URI"),
        (message("Route: <sip:a"), "a Route that is never closed"),
        (message(call_id="a b"), "white space in Call-ID"),
        (message().replace(b"CSeq: 1 MESSAGE", b"CSeq: 1 INVITE"), "another method in CSeq"),
        (message().replace(b"Content-Length: 14", b"Content-Length: 15"), "a body cut short"),
        (message().replace(b" SIP/2.0\r\n", b" SIP/2.0  \r\n", 1), "spaces behind the version"),
        (message().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1), "another version"),
        (OK.replace(b"Via:", b"Via: SIP/2.0/UDP a, SIP/2.0/UDP 255.255.255.255\r\nVia:", 1), "a way back to everybody"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_not_sound(data: bytes, why: str) -> None:
    assert not is_sound(parse(data)), why


def test_it_finds_sound_exactly_what_no_check_objects_to(checked: None) -> None:
    compared = sound = 0
    for data in (*MESSAGES, CONTORTED, *MALFORMED, *broken(3_000)):
        if (given := parsed(data)) is None:
            continue
        compared += 1
        sound += is_sound(given)
        if is_sound(given):
            assert validate(given) is None
            assert validate(given, rules=ValidationRules(supported=None, zero_max_forwards=True)) is None
    assert compared > 1_000
    assert sound > 300


def test_rules_that_ask_for_more_are_still_asked() -> None:
    given = parse(message("Proxy-Require: x", body=b"x" * 100))
    assert is_sound(given)
    assert validate(given) is None
    for rules in (
        ValidationRules(supported=frozenset()),
        ValidationRules(longest_uri=4),
        ValidationRules(largest=50),
        ValidationRules(schemes=frozenset({"sips"})),
    ):
        assert isinstance(validate(given, rules=rules), Refusal)
    assert isinstance(validate(parse(message(cseq=2**31)), Role.USER_AGENT, STRICT), Refusal)


def test_no_byte_behind_a_message_is_read() -> None:
    for data in (*MESSAGES, *MALFORMED, *broken(300)):
        with flush_against_guard_page(data) as view:
            try:
                given = parse(view)
            except ParseError:
                continue
            is_sound(given)
            del given
