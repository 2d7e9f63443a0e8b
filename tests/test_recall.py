"""The short memory of the lane: it gives back what was kept for the same, and nothing for anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.edge._recall import Recall

PLACES = 8192
Said = list[bytes | None]
SAID = st.lists(st.none() | st.binary(max_size=40), max_size=8)


@given(said=SAID, others=st.lists(SAID, max_size=20))
def test_only_what_says_the_same_is_the_same(said: Said, others: list[Said]) -> None:
    recall: Recall[str] = Recall(1)
    recall.put(said, "kept")
    assert recall.get(said) == "kept"
    more: list[Said] = [*others, [*said, b""], [*said, None], [*said, b"\0"], [b"", *said]]
    for other in more:
        assert recall.get(other) == ("kept" if other == said else None)


def test_where_one_value_ends_and_the_next_begins_matters() -> None:
    recall: Recall[int] = Recall(1)
    ways: list[Said] = [
        [b"ab", b"c"],
        [b"a", b"bc"],
        [b"abc"],
        [b"abc", b""],
        [b"abc", None],
        [None, b"abc"],
        [b"", b"abc"],
        [],
    ]
    for number, said in enumerate(ways):
        recall.put(said, number)
    assert [recall.get(said) for said in ways] == list(range(len(ways)))


@given(said=st.binary(min_size=1, max_size=900), at=st.integers(0, 899), bit=st.integers(0, 7))
def test_one_bit_makes_another(said: bytes, at: int, bit: int) -> None:
    recall: Recall[int] = Recall(1)
    recall.put([said], 1)
    other = bytearray(said)
    other[at % len(said)] ^= 1 << bit
    assert recall.get([bytes(other)]) is None


def test_what_is_kept_last_counts() -> None:
    recall: Recall[int] = Recall(1)
    for number in range(3):
        recall.put([b"the same"], number)
    assert (recall.get([b"the same"]), len(recall)) == (2, 1)


def test_memory_is_bounded_and_none_is_given_for_another() -> None:
    recall: Recall[int] = Recall(7)
    for number in range(3 * PLACES):
        recall.put([b"%d" % number], number)
    assert len(recall) <= PLACES
    found = {number: recall.get([b"%d" % number]) for number in range(3 * PLACES)}
    left = {number: value for number, value in found.items() if value is not None}
    assert all(number == value for number, value in left.items())
    assert len(left) == len(recall) > PLACES // 2  # three for each place: a hash that spreads leaves few empty


def test_another_salt_chooses_other_places() -> None:
    def left(salt: int) -> set[int]:
        recall: Recall[int] = Recall(salt)
        for number in range(3 * PLACES):
            recall.put([b"%d" % number], number)
        return {number for number in range(3 * PLACES) if recall.get([b"%d" % number]) is not None}

    assert left(1) != left(2)


def test_what_says_too_much_is_not_kept() -> None:
    recall: Recall[int] = Recall(1)
    for size in (990, 1000, 1012, 1013, 1100, 100_000):
        said: Said = [b"x" * size]
        recall.put(said, size)
        assert recall.get(said) == (size if size <= 1012 else None)
    longer: list[Said] = [[b"x" * 1012, b""], [b"x" * 1012, None], [b"y"] * 300, [None] * 300]
    for said in longer:
        recall.put(said, 1)
        assert recall.get(said) is None
