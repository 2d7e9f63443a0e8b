"""The file of users: a right is off until it is given, and a fault has its place (`sipcore.configuration.users`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_config import GOOD

from sipcore.configuration import loads
from sipcore.edge.directory import Access, Archiving, Entry, Right, Scope, Users, UserView
from sipcore.errors import ConfigError, Problem

BOB = '[[user]]\naddress = "bob@contoso.example"\n'


def load_users(tmp_path: Path, text: str | bytes | None) -> Users:
    """The directory of a configuration with that file of users."""
    if text is not None:
        (tmp_path / "users.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    users = loads(GOOD + '[users]\nfile = "users.toml"\n', tmp_path / "edge.toml").users
    assert users is not None
    return users


def problem_of(tmp_path: Path, text: str | bytes | None) -> Problem:
    """The one thing that is wrong with it."""
    with pytest.raises(ConfigError) as caught:
        load_users(tmp_path, text)
    (problem,) = caught.value.problems
    return problem


def bob(tmp_path: Path, more: str) -> UserView:
    """Bob, with these keys."""
    user = load_users(tmp_path, BOB + more).user("bob@contoso.example")
    assert user is not None
    return user


def test_f103_a_user_has_no_right_that_is_not_given(tmp_path: Path) -> None:
    assert bob(tmp_path, "") == UserView("bob@contoso.example")


def test_every_key_reaches_its_field(tmp_path: Path) -> None:
    more = """enabled = true
federation = true
public_im = true
remote_access = true
option_flags = 16
archiving = "without-body"
contacts = ["Alice@fabrikam.example"]
entries = [
    { who = "Mallory@fabrikam.example", presence = "block", communication = "block" },
    { who = "NWTraders.example", presence = "prompt" },
    { who = "*", communication = "allow" },
]
"""
    user = bob(tmp_path, more)
    assert {right for right in Right if user.may(right)} == set(Right)
    assert (user.option_flags, user.archiving, user.line) == (17, Archiving.WITHOUT_BODY, 1)
    assert user.entries == (
        Entry(Scope.USER, "mallory@fabrikam.example", Access.BLOCK, Access.BLOCK),
        Entry(Scope.DOMAIN, "nwtraders.example", Access.PROMPT),
        Entry(Scope.ALL, "", None, Access.ALLOW),
        Entry(Scope.USER, "alice@fabrikam.example", Access.ALLOW, Access.ALLOW),
    )


def test_f137_the_directorys_flags_give_public_im_by_themselves(tmp_path: Path) -> None:
    assert bob(tmp_path, "enabled = true\noption_flags = 17\n").may(Right.PUBLIC_IM)
    assert not bob(tmp_path, "enabled = true\noption_flags = 16\n").may(Right.PUBLIC_IM)


def test_a_contact_list_does_not_overrule_what_the_user_says_of_somebody(tmp_path: Path) -> None:
    contact = 'contacts = ["alice@fabrikam.example"]\n'
    user = bob(tmp_path, contact + 'entries = [{ who = "alice@fabrikam.example", presence = "block" }]\n')
    assert (user.presence_for("alice@fabrikam.example"), user.communication_for("alice@fabrikam.example")) == (
        Access.BLOCK,
        None,
    )


def test_an_empty_file_is_a_directory_of_nobody(tmp_path: Path) -> None:
    assert load_users(tmp_path, "").rows == {}


@pytest.mark.parametrize(
    ("more", "line", "key", "said"),
    [
        ("enable = true", 3, "user[0].enable", 'did you mean "enabled"?'),
        ("enabled = 'yes'", 3, "user[0].enabled", "true or false"),
        ("option_flags = -1", 3, "user[0].option_flags", "msRTCSIP-OptionFlags"),
        ("option_flags = 17\npublic_im = false", 4, "user[0].public_im", "option_flags = 17 has the bit 1"),
        ("public_im = 1", 3, "user[0].public_im", "true or false"),
        ('archiving = "none"', 3, "user[0].archiving", '"without-body"'),
        ('contacts = ["alice"]', 3, "user[0].contacts[0]", "a user, an @ and a domain"),
        ('entries = [{ who = "*.example", presence = "allow" }]', 3, "user[0].entries[0].who", "wildcard"),
        ('entries = [{ who = "alice@", presence = "allow" }]', 3, "user[0].entries[0].who", "an @ and a domain"),
        ('entries = [{ who = "*" }]', 3, "user[0].entries[0]", "expected at least one"),
        ('entries = [{ who = "*", presence = "deny" }]', 3, "user[0].entries[0].presence", '"allow" or "block"'),
        ('entries = [\n{ who = "a.example", presence = "allow" },\n{ who = "A.example", presence = "block" }]', 5,
         "user[0].entries[1].who", "has an entry already"),
        ('[[user]]\naddress = "BOB@contoso.example"', 4, "user[1].address", "one [[user]] for each address"),
        ('[[user]]\naddress = "bob@fabrikam.example"', 4, "user[1].address", "none of edge.domains"),
        ('[[user]]\naddress = "bob"', 4, "user[1].address", "a user, an @ and a domain"),
        ("[[users]]", 3, "users", 'did you mean "user"?'),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_key_and_correction(tmp_path: Path, more: str, line: int, key: str, said: str) -> None:
    problem = problem_of(tmp_path, f"{BOB}{more}\n")
    assert (problem.where, problem.key) == (f"{tmp_path / 'users.toml'}:{line}", key)
    assert said in problem.message


def test_faults_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "users.toml").write_text("[[user]]\n")
    with pytest.raises(ConfigError) as caught:
        loads(GOOD + '[users]\nfile = "users.toml"\n[filtre]\n', tmp_path / "edge.toml")
    assert [problem.key for problem in caught.value.problems] == ["filtre", "user[0].address"]


def test_a_file_that_cannot_be_read_is_told_with_the_line_that_names_it(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, None)
    assert problem.key == "users.file"
    assert "No such file" in problem.message
    assert problem_of(tmp_path, "user = [").message.startswith("not TOML")
    assert problem_of(tmp_path, b"# \xe9").where.endswith("users.toml:1")
