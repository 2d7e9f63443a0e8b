"""Users: rights that hold only together with the first one, and lists in which the nearest entry counts."""

from __future__ import annotations

from itertools import product

import pytest

from sipcore.edge.directory import (
    PUBLIC_IM,
    REMOTE_CALL_CONTROL,
    Access,
    Archiving,
    Directory,
    Entry,
    Right,
    Scope,
    Users,
    UserView,
    user_address,
)

ALICE = "alice@fabrikam.example"


def bob(*entries: Entry, **rights: bool | int) -> UserView:
    """A user of ours."""
    return UserView("bob@contoso.example", entries=entries, **rights)  # type: ignore[arg-type]


def rights_of(user: UserView) -> set[Right]:
    return {right for right in Right if user.may(right)}


# -- rights


@pytest.mark.parametrize(("federation", "public", "remote"), list(product([False, True], repeat=3)))
def test_f075_f103_three_rights_in_any_combination_each_off_by_itself(
    federation: bool, public: bool, remote: bool
) -> None:
    user = bob(enabled=True, federation=federation, option_flags=int(public), remote_access=remote)
    given = {Right.FEDERATION: federation, Right.PUBLIC_IM: public, Right.REMOTE_ACCESS: remote}
    assert rights_of(user) == {right for right, on in given.items() if on}


def test_f106_f138_no_right_holds_of_a_user_who_is_not_enabled() -> None:
    assert rights_of(bob(federation=True, remote_access=True, option_flags=PUBLIC_IM)) == set()
    assert rights_of(bob(enabled=True)) == set()


@pytest.mark.parametrize(
    ("flags", "public"), [(0, False), (1, True), (2, False), (14, False), (16, False), (17, True), (255, True)]
)
def test_f137_the_lowest_bit_is_public_im_and_the_others_are_kept(flags: int, public: bool) -> None:
    user = bob(enabled=True, option_flags=flags)
    assert user.may(Right.PUBLIC_IM) is public
    assert user.option_flags == flags
    assert REMOTE_CALL_CONTROL == 16


def test_f132_the_archiving_modes_have_the_directorys_numbers() -> None:
    assert [mode.value for mode in Archiving] == [0, 1, 2, 3]
    assert Archiving(3) is Archiving.WITHOUT_BODY
    assert bob().archiving is Archiving.DEFAULT


# -- allow, block, prompt


@pytest.mark.parametrize("default", [None, Access.BLOCK])
@pytest.mark.parametrize(("listed", "said"), [(Access.ALLOW, Access.ALLOW), (None, None), (Access.BLOCK, Access.BLOCK)])
def test_f097_allow_list_block_list_and_neither_with_and_without_a_default(
    listed: Access | None, said: Access | None, default: Access | None
) -> None:
    entries = [Entry(Scope.USER, ALICE, listed, listed)] if listed else []
    entries += [Entry(Scope.ALL, presence=default, communication=default)] if default else []
    user = bob(*entries)
    assert user.presence_for(ALICE) == user.communication_for(ALICE) == (said or default)


def test_f003_the_entry_for_a_person_counts_before_the_domains_and_that_before_everybodys() -> None:
    entries = [
        Entry(Scope.ALL, presence=Access.BLOCK, communication=Access.BLOCK),
        Entry(Scope.DOMAIN, "fabrikam.example", presence=Access.PROMPT),
        Entry(Scope.USER, ALICE, presence=Access.ALLOW),
    ]
    for order in (entries, entries[::-1]):
        user = bob(*order)
        assert user.presence_for(ALICE) is Access.ALLOW
        assert user.presence_for("carol@fabrikam.example") is Access.PROMPT
        assert user.presence_for("dave@it.fabrikam.example") is Access.BLOCK


def test_an_entry_that_says_nothing_of_communication_leaves_it_to_the_next() -> None:
    user = bob(Entry(Scope.USER, ALICE, presence=Access.ALLOW), Entry(Scope.ALL, communication=Access.BLOCK))
    assert (user.presence_for(ALICE), user.communication_for(ALICE)) == (Access.ALLOW, Access.BLOCK)


def test_f124_prompt_is_a_value_of_its_own() -> None:
    assert bob(Entry(Scope.ALL, presence=Access.PROMPT)).presence_for(ALICE) is Access.PROMPT


@pytest.mark.parametrize(
    "spelt", ["ALICE@Fabrikam.Example", "sip:alice@fabrikam.example", "SIPS:Alice@fabrikam.example."]
)
def test_a_block_is_not_escaped_by_another_spelling(spelt: str) -> None:
    assert bob(Entry(Scope.USER, ALICE, Access.BLOCK)).presence_for(spelt) is Access.BLOCK
    assert bob(Entry(Scope.USER, spelt, Access.BLOCK)).presence_for(ALICE) is Access.BLOCK


def test_only_letters_of_ascii_are_folded_in_an_address() -> None:
    assert user_address("J\N{LATIN CAPITAL LETTER U WITH DIAERESIS}RGEN@A.example") == "j\xdcrgen@a.example"
    assert user_address("\N{KELVIN SIGN}arl@a.example") == "\N{KELVIN SIGN}arl@a.example"


# -- the directory


def test_a_list_of_users_is_a_directory_that_finds_them_in_any_spelling() -> None:
    directory: Directory = Users.of([bob(enabled=True)], generation=4)
    assert directory.user("sip:BOB@contoso.example") == bob(enabled=True)
    assert directory.user("nobody@contoso.example") is None
    assert directory.generation == 4
