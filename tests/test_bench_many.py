"""Many patterns: who is measured finds all of them, and the table shows only who does."""

from __future__ import annotations

import pytest

from sipcore_bench import many
from sipcore_bench.contestant import Unavailable

SIZE = 20_000


@pytest.mark.parametrize("matcher", many.MATCHERS)
def test_a_matcher_finds_every_place_in_any_case(matcher):
    words, data = many.patterns(200), many.text(SIZE).title()
    try:
        found = many.MATCHERS[matcher](words)(data)
    except Unavailable as missing:
        pytest.skip(missing.reason)
    lowered = data.lower()
    assert found == sum(lowered.startswith(word.encode(), at) for word in words for at in range(SIZE)) > 0


def test_the_hosts_differ_and_a_smaller_set_is_the_beginning_of_a_larger_one():
    words = many.patterns(many.COUNTS[-1])
    assert len(set(words)) == many.COUNTS[-1]
    assert many.patterns(20) == words[:20]


def test_a_measured_matcher_took_time_to_build_and_to_search():
    measured = many.measure("sipcore: Matcher", 20, SIZE)
    assert (measured.matcher, measured.count) == ("sipcore: Matcher", 20)
    assert measured.build_ms > 0
    assert measured.ns_per_byte > 0
    assert measured.found > 0


def test_the_table_has_a_row_for_each_number_of_patterns(capsys, monkeypatch):
    monkeypatch.setattr(many, "COUNTS", (3, 5))
    monkeypatch.setattr(many, "MATCHERS", {"sipcore: Matcher": many.MATCHERS["sipcore: Matcher"]})
    many.main(["--bytes", str(SIZE)])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[:3] for row in rows[1:]] == [["3", "sipcore:", "Matcher"], ["5", "sipcore:", "Matcher"]]


def test_who_finds_something_else_or_is_not_there_is_named_instead_of_shown(capsys, monkeypatch):
    def measured(matcher: str, count: int, size: int) -> many.Measured | str:
        found = {"right": 7, "wrong": 6}.get(matcher)
        return f"{matcher} is not installed" if found is None else many.Measured(matcher, count, 1, 1, 1, found)

    monkeypatch.setattr(many, "COUNTS", (20,))
    monkeypatch.setattr(many, "MATCHERS", dict.fromkeys(("right", "wrong", "absent")))
    monkeypatch.setattr(many, "_measured_apart", measured)
    many.main([])
    out = capsys.readouterr().out
    assert "wrong: found 6 places of 20 patterns instead of 7" in out
    assert "not here: absent is not installed" in out
    assert [line.split()[1] for line in out.splitlines() if line.strip().startswith("20 ")] == ["right"]
