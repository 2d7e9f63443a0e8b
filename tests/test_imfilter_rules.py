"""Rules: the default list, the grammar of prefixes, and every fault at once."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from sipcore.errors import RulesError
from sipcore.imfilter.rules import DEFAULT_PREFIXES, LCS2005, Rules


def faults_of(*prefixes: object) -> dict[str, str]:
    """Problems by key; fails when there is none."""
    with pytest.raises(RulesError) as caught:
        Rules(prefixes=prefixes)
    return {problem.key: problem.message for problem in caught.value.problems}


def test_the_default_prefixes_follow_their_own_grammar():
    assert Rules(prefixes=DEFAULT_PREFIXES).prefixes == DEFAULT_PREFIXES
    assert len(DEFAULT_PREFIXES) == 17


def test_lcs2005_refuses_the_default_links_and_file_offers():
    assert Rules() == LCS2005
    assert (LCS2005.prefixes, LCS2005.file_transfer) == (DEFAULT_PREFIXES, True)


@pytest.mark.parametrize("prefix", ["irc:", "gopher.", "web*.", "HREF", "#:", "a+b:", "\\\\host:", "`|~^=@:"])
def test_accepts_what_the_grammar_allows(prefix):
    assert Rules(prefixes=(prefix,)).prefixes == (prefix,)


@pytest.mark.parametrize("prefix", ["http", "http:/", "www*", "hrefs", "", " "])
def test_refuses_a_prefix_without_a_proper_ending(prefix):
    assert "must end in" in faults_of(prefix)["prefixes[0]"]


@pytest.mark.parametrize("prefix", [".", ":", "*."])
def test_refuses_a_prefix_that_is_all_ending(prefix):
    assert "at least one character" in faults_of(prefix)["prefixes[0]"]


@pytest.mark.parametrize("prefix", ["*www.", "w*w.", "www*:", "www**."])
def test_refuses_an_asterisk_that_is_not_right_before_the_final_dot(prefix):
    assert "'*' only right before the final '.'" in faults_of(prefix)["prefixes[0]"]


@pytest.mark.parametrize(
    ("prefix", "character"),
    [("a b:", " "), ("a-b:", "-"), ("http://:", ":"), ("a.b.", "."), ("é:", "é"), ("a\n:", "\\n"), ("$:", "$")],
)
def test_refuses_a_character_that_is_not_in_the_grammar(prefix, character):
    assert f"must not contain '{character}'" in faults_of(prefix)["prefixes[0]"]


def test_refuses_a_prefix_that_is_listed_twice_in_any_case():
    assert faults_of("ftp:", "http:", "HTTP:") == {"prefixes[2]": "'HTTP:' is listed already, as prefixes[1]"}


@pytest.mark.parametrize("prefix", [7, None, b"http:"])
def test_refuses_a_prefix_that_is_no_string(prefix):
    assert "must be a string" in faults_of(prefix)["prefixes[0]"]


def test_refuses_one_string_in_place_of_a_list():
    with pytest.raises(RulesError, match="prefixes: must be a list of prefixes"):
        Rules(prefixes="http:")


@pytest.mark.parametrize("value", [1, "yes", None])
def test_refuses_a_switch_that_is_no_bool(value):
    with pytest.raises(RulesError, match="file_transfer: must be true or false"):
        Rules(file_transfer=value)


def test_reports_every_fault_at_once():
    with pytest.raises(RulesError) as caught:
        Rules(prefixes=("http:", "www", "*."), file_transfer="yes")
    assert [problem.key for problem in caught.value.problems] == ["prefixes[1]", "prefixes[2]", "file_transfer"]


def test_any_iterable_of_prefixes_is_kept_as_a_tuple():
    assert Rules(prefixes=["http:", "ftp:"]) == Rules(prefixes=("http:", "ftp:"))
    assert Rules(prefixes=iter(["http:"])).prefixes == ("http:",)


def test_there_may_be_no_prefixes():
    assert Rules(prefixes=()).prefixes == ()


def test_rules_are_frozen_hashable_and_picklable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LCS2005.file_transfer = False
    assert hash(LCS2005) == hash(Rules())
    assert pickle.loads(pickle.dumps(LCS2005)) == LCS2005
