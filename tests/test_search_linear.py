"""Twice the text costs a search twice the work, whatever the text: counted in instructions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from search_adversaries import ADVERSARIES, PASSES, SIZE

from sipcore_bench import callgrind
from sipcore_bench.contestant import Unavailable

#: A little more than two: lists of matches grow by doubling.
MOST_GROWTH = 2.2
#: Instructions a byte: it is looked at, looked back at and walked over, each time at a bad place to stop.
MOST_PER_BYTE = 75
#: Making a tuple of a match costs hundreds, so a text made of matches has its own bound.
MOST_OF_MATCHES = {
    "every prefix": 250,
    "every prefix, overlapping": 200,
    "links": 180,
    "long matches": 120,
    "words everywhere": 700,
    "matches in matches, leftmost": 150,
    # Behind each byte 41 are read for a longer match, or 63 for the end of a host label.
    "matches that go on and fail": 41 * 120,
    "labels without an end": 63 * 6,
}


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    """Instructions by adversary and size."""
    script = Path(__file__).with_name("search_adversaries.py")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(callgrind, "PASSES", PASSES)
            counted, failed = callgrind.count([str(script)])
    except Unavailable as missing:
        if os.environ.get("SIPCORE_REQUIRE_PEERS") == "1":
            pytest.fail(f"{missing}, and SIPCORE_REQUIRE_PEERS=1 forbids the skip")
        pytest.skip(str(missing))
    assert failed == {}
    return counted


@pytest.mark.parametrize("name", ADVERSARIES)
def test_twice_the_text_is_twice_the_work(counts, name):
    half, whole = counts[f"{name}/half"], counts[f"{name}/whole"]
    assert whole / half < MOST_GROWTH, f"{half:,.0f} instructions, then {whole:,.0f}"


@pytest.mark.parametrize("name", ADVERSARIES)
def test_no_text_costs_many_times_an_ordinary_walk(counts, name):
    assert counts[f"{name}/whole"] / SIZE < MOST_OF_MATCHES.get(name, MOST_PER_BYTE)
