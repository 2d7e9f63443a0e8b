"""Twice the attack costs twice the work, not four times: counted in instructions, which no other load can change.

Each attack of `adversaries` is read to its end with the limits raised; with the default limits it is stopped early.
"""

from __future__ import annotations

import pytest
from adversaries import ADVERSARIES, LONGEST_HEAD, PASSES, RAISED, STREAMS, TRICKLED, read_with_defaults, trickled
from counting import instructions_of

from sipcore import FramingError, ParseError, parse

#: A little more than two: tables grow by doubling, and Python's allocator has steps of its own.
MOST_GROWTH = 2.3
#: What a message costs that a default limit stops does not depend on how long it would have been.
MOST_GROWTH_STOPPED = 1.1

#: The limit that stops each; what has no entry is cheap or harmless at any size that a head may have.
STOPPED_BY = {
    **dict.fromkeys(ADVERSARIES, "header-too-long"),
    "parameters of a URI": "start-line-too-long",
    "colons in a password": "start-line-too-long",
    "header fields": "too-many-headers",
    "header fields of known names": "too-many-headers",
    "header fields around an edit": "too-many-headers",
    "header fields to be removed": "too-many-headers",
}
#: Within a datagram this costs one comparison for two bytes, and a stream counts them as keep-alives.
NOT_STOPPED = "line ends before the start line"


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    """Instructions by adversary, limits and size."""
    return instructions_of("adversaries.py", PASSES)


@pytest.mark.parametrize("name", ADVERSARIES)
def test_an_attack_is_read_to_its_end_when_the_limits_let_it(name):
    adversary = ADVERSARIES[name]
    for size in (adversary.most // 2, adversary.most):
        assert adversary.read(parse(adversary.make(size), RAISED)) == adversary.expected(size)


@pytest.mark.parametrize("name", STREAMS)
def test_a_trickled_message_arrives(name):
    assert trickled(STREAMS[name](TRICKLED)) == 1


@pytest.mark.parametrize("name", [*ADVERSARIES, *STREAMS])
def test_twice_the_attack_is_twice_the_work(counts, name):
    half, whole = counts[f"{name}/raised/half"], counts[f"{name}/raised/whole"]
    assert whole / half < MOST_GROWTH, f"{half:,.0f} instructions, then {whole:,.0f}"


@pytest.mark.parametrize("name", [name for name in ADVERSARIES if name != NOT_STOPPED])
def test_the_default_limits_stop_an_attack_early(counts, name):
    adversary = ADVERSARIES[name]
    assert read_with_defaults(adversary, adversary.make(LONGEST_HEAD)) == STOPPED_BY[name]
    whole, double = counts[f"{name}/default/whole"], counts[f"{name}/default/double"]
    assert double / whole < MOST_GROWTH_STOPPED, f"{whole:,.0f} instructions, then {double:,.0f}"
    assert whole < counts[f"{name}/raised/whole"], "less than reading it all"


def test_the_default_limits_stop_what_fits_a_field_when_it_is_looked_at():
    parsed = parse(b"OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>" + b";a" * 4000 + b"\r\n\r\n")
    with pytest.raises(ParseError, match="too-many-parameters"):
        len(parsed.to.params)
    parsed = parse(b"OPTIONS sip:a SIP/2.0\r\nVia: a/b/c d" + b",a/b/c d" * 1000 + b"\r\n\r\n")
    with pytest.raises(ParseError, match="too-many-vias"):
        _ = parsed.vias


def test_the_default_limits_bound_a_head():
    with pytest.raises(FramingError, match="head-too-large"):
        parse(b"OPTIONS sip:a SIP/2.0\r\n" + (b"X: " + b"a" * 8000 + b"\r\n") * 9 + b"\r\n")
