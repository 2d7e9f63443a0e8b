"""The keyed hashes: the same for all that belongs together, different for all that does not, and not to be forged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.edge.hashes import Keys, Transaction, branch_for, made_branch, made_tag, tag_for
from sipcore.errors import ConfigError

OLD, NEW = b"the key of yesterday", b"the key of today....."
KEYS = Keys(NEW, OLD)
INVITE = Transaction("z9hG4bK-a1", "c1@192.0.2.10", "a-tag", 1)

TEXTS = st.none() | st.text(max_size=6)
TRANSACTIONS = st.builds(Transaction, TEXTS, TEXTS, TEXTS, st.none() | st.integers(0, 2**32 - 1))


def test_a_branch_has_the_magic_cookie_and_128_bits() -> None:
    assert branch_for(INVITE, KEYS).startswith("z9hG4bK")
    assert len(branch_for(INVITE, KEYS)) == 7 + 32


def test_branch_and_tag_of_one_transaction_have_nothing_in_common() -> None:
    assert branch_for(INVITE, KEYS) != "z9hG4bK" + tag_for(INVITE, KEYS)
    assert not made_branch("z9hG4bK" + tag_for(INVITE, KEYS), INVITE, KEYS)
    assert not made_tag(branch_for(INVITE, KEYS).removeprefix("z9hG4bK"), INVITE, KEYS)


@pytest.mark.parametrize(
    "change", [{"branch": "z9hG4bK-a2"}, {"call_id": "c2"}, {"from_tag": "b-tag"}, {"cseq": 2}, {"from_tag": None}]
)
def test_every_value_counts(change: dict[str, str | int | None]) -> None:
    assert branch_for(replace(INVITE, **change), KEYS) != branch_for(INVITE, KEYS)


@given(TRANSACTIONS, TRANSACTIONS)
def test_no_two_transactions_are_written_alike(one: Transaction, other: Transaction) -> None:
    assert (one == other) is (one.encoded() == other.encoded())


def test_values_do_not_run_into_each_other() -> None:
    assert Transaction("ab", "c", None, None).encoded() != Transaction("a", "bc", None, None).encoded()
    assert Transaction("", None, "", 1).encoded() != Transaction(None, "", "", 1).encoded()


def test_bytes_that_are_no_utf8_are_hashed_as_they_are() -> None:
    assert b"\xff" in replace(INVITE, call_id="\udcff").encoded()


def test_the_previous_key_recognises_and_never_makes() -> None:
    yesterday = Keys(OLD)
    assert made_branch(branch_for(INVITE, yesterday), INVITE, KEYS)
    assert made_tag(tag_for(INVITE, yesterday), INVITE, KEYS)
    assert branch_for(INVITE, KEYS) == branch_for(INVITE, Keys(NEW))
    assert not made_branch(branch_for(INVITE, KEYS), INVITE, yesterday)


@pytest.mark.parametrize("forged", [None, "", "z9hG4bK", "z9hG4bK" + "0" * 32, "z9hG4bKé"])
def test_a_branch_that_we_did_not_make_is_known_as_such(forged: str | None) -> None:
    assert not made_branch(forged, INVITE, KEYS)
    assert not made_tag(forged, INVITE, KEYS)


@pytest.mark.parametrize("size", [0, 15, 65])
def test_a_key_has_16_to_64_bytes(size: int) -> None:
    with pytest.raises(ConfigError, match=f"current key has {size} bytes"):
        Keys(b"x" * size)
    with pytest.raises(ConfigError, match="previous key"):
        Keys(NEW, b"x" * size)


def test_keys_do_not_print_themselves() -> None:
    assert "today" not in repr(KEYS)
