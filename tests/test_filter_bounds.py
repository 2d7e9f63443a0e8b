"""The filter takes whatever it is sent in bounded time and memory, and never loses its verdict over it.

Time is counted in instructions, which no other load can change; memory as Python's allocator has it at the most.
"""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from filter_adversaries import ADVERSARIES, BOMBS, CONTENT, LENGTH_OF_A_STEP, WHOLE, nested
from instant_messages import request

from sipcore._parser import Message
from sipcore.imfilter.content import DEFAULT_BOUNDS
from sipcore_bench import callgrind
from sipcore_bench.contestant import Unavailable

#: A little more than two: what is kept grows by doubling.
MOST_GROWTH = 2.3
#: A bomb is read until its room is used up, however large it is.
MOST_GROWTH_OF_BOMBS = 1.1
#: Bytes at the most at one time for a byte of the message: the states of open groups of RTF are the most.
MOST_KEPT = 40
#: Of what expands there is never more than zlib's block list and what is made of it.
MOST_EXPANDED = 2.1 * DEFAULT_BOUNDS.expanded


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    """Instructions by adversary and size."""
    script = Path(__file__).with_name("filter_adversaries.py")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(callgrind, "PASSES", 1)
            counted, failed = callgrind.count([str(script)])
    except Unavailable as missing:
        if os.environ.get("SIPCORE_REQUIRE_PEERS") == "1":
            pytest.fail(f"{missing}, and SIPCORE_REQUIRE_PEERS=1 forbids the skip")
        pytest.skip(str(missing))
    assert failed == {}
    return counted


def most_kept(message: Message) -> int:
    """Bytes that a check has at the most at one time, what is made once left out."""
    CONTENT.check(message)
    tracemalloc.start()
    try:
        CONTENT.check(message)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ADVERSARIES)
def test_an_attack_is_read_to_its_verdict(name):
    adversary = ADVERSARIES[name]
    verdict = CONTENT.check(adversary.message(WHOLE))
    assert {finding.rule for finding in verdict.findings} == adversary.found
    assert verdict.blocked == bool(adversary.found)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_undecodable(name):
    findings = CONTENT.check(BOMBS[name].message(WHOLE // 4)).findings
    assert [(finding.rule, finding.matched) for finding in findings] == [("undecodable", "expands past the limit")]


def test_ten_thousand_nested_parts_are_undecodable():
    message = request(nested(10_000 * LENGTH_OF_A_STEP), "multipart/mixed;boundary=b")
    verdict = CONTENT.check(message)
    assert verdict.blocked
    assert ("undecodable", "nested deeper than the limit") in [(each.rule, each.matched) for each in verdict.findings]


@pytest.mark.parametrize("name", ADVERSARIES)
def test_an_attack_takes_memory_in_proportion(name):
    message = ADVERSARIES[name].message(WHOLE)
    assert most_kept(message) < MOST_KEPT * message.size


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_no_more_memory_than_its_room(name):
    assert most_kept(BOMBS[name].message(WHOLE // 4)) < MOST_EXPANDED


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ADVERSARIES)
def test_twice_the_attack_is_twice_the_work(counts, name):
    half, whole = counts[f"{name}/half"], counts[f"{name}/whole"]
    assert whole / half < MOST_GROWTH, f"{half:,.0f} instructions, then {whole:,.0f}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BOMBS)
def test_twice_the_bomb_is_the_same_work(counts, name):
    half, whole = counts[f"{name}/half"], counts[f"{name}/whole"]
    assert whole / half < MOST_GROWTH_OF_BOMBS, f"{half:,.0f} instructions, then {whole:,.0f}"
