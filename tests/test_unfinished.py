"""What links hold of messages that are not whole: never more than so much in all (`sipcore.relay.unfinished`)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.relay.unfinished import Unfinished


def test_who_holds_most_has_to_let_go_and_not_who_comes_last() -> None:
    unfinished: Unfinished[str] = Unfinished(100)
    notes = (("honest", 10), ("greedy", 80), ("late", 5))
    assert [unfinished.note(holder, size) for holder, size in notes] == [None, None, None]
    assert unfinished.note("late", 20) == "greedy"
    assert (unfinished.size, unfinished.holders) == (30, 2)


def test_what_is_whole_now_is_held_no_more() -> None:
    unfinished: Unfinished[str] = Unfinished(100)
    unfinished.note("a", 60)
    unfinished.note("a", 0)
    assert (unfinished.note("b", 60), unfinished.size, unfinished.holders) == (None, 60, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60))))
def test_it_never_holds_more_than_it_may_and_knows_what_it_holds(notes: list[tuple[int, int]]) -> None:
    unfinished: Unfinished[int] = Unfinished(100)
    held: dict[int, int] = {}
    for holder, size in notes:
        held[holder] = size
        most = max(held.values())
        if (gone := unfinished.note(holder, size)) is not None:
            assert held.pop(gone) == most
        assert unfinished.size == sum(held.values()) <= 100
