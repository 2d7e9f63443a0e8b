"""What links hold of messages that are not whole: never more than so much in all (`sipcore.relay.unfinished`)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.relay.unfinished import Unfinished


def test_who_holds_most_has_to_let_go_and_not_who_comes_last() -> None:
    unfinished: Unfinished[str] = Unfinished(100)
    notes = (("honest", "a", 10), ("greedy", "b", 80), ("late", "c", 5))
    assert [unfinished.note(*each) for each in notes] == [[], [], []]
    assert unfinished.note("late", "c", 20) == ["greedy"]
    assert (unfinished.size, unfinished.holders) == (30, 2)


def test_a_source_is_judged_by_all_that_it_holds() -> None:
    unfinished: Unfinished[str] = Unfinished(100)
    for number in range(9):
        unfinished.note(f"many {number}", "many", 10)
    gone = [unfinished.note("honest", "honest", size) for size in (20, 30, 40)]
    assert gone == [["many 0"], ["many 1"], ["many 2"]]


def test_what_is_whole_now_is_held_no_more() -> None:
    unfinished: Unfinished[str] = Unfinished(100)
    unfinished.note("a", "a", 60)
    unfinished.note("a", "a", 0)
    assert (unfinished.note("b", "b", 60), unfinished.size, unfinished.holders) == ([], 60, 1)


def total(held: dict[int, int], source: int) -> int:
    return sum(size for holder, size in held.items() if holder % 2 == source)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60))))
def test_it_never_holds_more_than_it_may_and_knows_what_it_holds(notes: list[tuple[int, int]]) -> None:
    unfinished: Unfinished[int] = Unfinished(100)
    held: dict[int, int] = {}
    for holder, size in notes:
        held[holder] = size
        for gone in unfinished.note(holder, str(holder % 2), size):
            assert total(held, gone % 2) == max(total(held, 0), total(held, 1))
            assert held.pop(gone) >= max([size for each, size in held.items() if each % 2 == gone % 2], default=0)
        assert unfinished.size == sum(held.values()) <= 100
