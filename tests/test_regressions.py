"""Inputs that once broke a contract, cut down to what did it: each is read whole, against a no-access page."""

from __future__ import annotations

from pathlib import Path

import pytest
from every_value import read_every_value
from guard import flush_against_guard_page

from sipcore import Framer, HeaderError, ImFilter, ParseError, parse, validate

FOLDER = Path(__file__).parent / "regressions"

#: What each of them did. A file without a reason fails, and so does a reason without its file.
WHY = {
    "list-that-ends-in-nothing.sip": "an edit read back a value with white space behind it that nobody else saw",
    "number-of-5000-digits.sip": "Python makes no number of more than 4300 digits, which came out as a ValueError",
    "parameters-past-the-limit.sip": "a URI with more parameters than the limit could neither be compared nor hashed",
}
every_input = pytest.mark.parametrize("name", sorted(WHY))


def test_every_file_has_its_reason():
    assert {path.name for path in FOLDER.iterdir()} == set(WHY)


@every_input
def test_it_is_refused_or_read_whole(name):
    with flush_against_guard_page((FOLDER / name).read_bytes()) as view:
        try:
            message = parse(view)
        except ParseError as error:
            assert 0 <= error.offset <= len(view)
            return
        read_every_value(message)
        validate(message)
        ImFilter().check(message)
        assert bytes(message.edit()) == bytes(message)


@every_input
def test_it_comes_through_the_framer_in_any_chunks(name):
    data = (FOLDER / name).read_bytes()
    assert outcome(data, 1) == outcome(data, 7) == outcome(data, len(data))


def outcome(data: bytes, size: int) -> tuple[list[bytes], str]:
    """The messages of the stream, and the fault that ends it."""
    framer, found = Framer(), []
    try:
        for at in range(0, len(data), size):
            framer.feed(data[at : at + size])
            for message in framer:
                found.append(bytes(message))
    except ParseError as error:
        return found, str(error)
    return found, ""


def test_a_uri_with_too_many_parameters_is_refused_before_it_can_be_compared():
    (route,) = parse((FOLDER / "parameters-past-the-limit.sip").read_bytes()).routes
    with pytest.raises(HeaderError, match="too-many-parameters"):
        _ = route.uri
