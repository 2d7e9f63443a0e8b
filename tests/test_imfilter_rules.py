"""Rules and profiles: the default list, the grammar of prefixes, what profiles look for, and every fault at once."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest

from sipcore.errors import RulesError
from sipcore.imfilter import LCS2005, LYNC, STRICT, Action, FileOffers, Profile, Rules, Source
from sipcore.imfilter.extensions import DEFAULT_EXTENSIONS
from sipcore.imfilter.rules import DEFAULT_PREFIXES, LONGEST_NOTICE


def faults_in(**fields: Any) -> dict[str, str]:
    """Problems by key; fails when there is none."""
    with pytest.raises(RulesError) as caught:
        Rules(**fields)
    return {problem.key: problem.message for problem in caught.value.problems}


def faults_of(*prefixes: object) -> dict[str, str]:
    """Problems of prefixes by key."""
    return faults_in(prefixes=prefixes)


# -- profiles ---------------------------------------------------------------------------------------------------------


def test_the_default_prefixes_follow_their_own_grammar():
    assert Rules(prefixes=DEFAULT_PREFIXES).prefixes == DEFAULT_PREFIXES
    assert len(DEFAULT_PREFIXES) == 17


def test_lcs2005_refuses_the_default_links_all_file_offers_and_what_it_cannot_read():
    assert Rules() == LCS2005
    assert (LCS2005.links, LCS2005.files, LCS2005.undecodable) == (Action.BLOCK, FileOffers.ALL, Action.BLOCK)
    assert LCS2005.prefixes == DEFAULT_PREFIXES
    assert not any((LCS2005.bare_domains, LCS2005.tricks, LCS2005.extensions, LCS2005.ignore_local))


def test_lync_defangs_links_but_local_ones_and_refuses_listed_extensions():
    assert (LYNC.links, LYNC.ignore_local, LYNC.files) == (Action.DEFANG, True, FileOffers.LISTED)
    assert LYNC.extensions == DEFAULT_EXTENSIONS
    assert (LYNC.extension_action, LYNC.prefixes) == (Action.BLOCK, DEFAULT_PREFIXES)


def test_strict_refuses_everything_and_reads_everything():
    actions = {STRICT.links, STRICT.file_action, STRICT.extension_action, STRICT.undecodable}
    assert actions == {Action.BLOCK}
    assert STRICT.bare_domains
    assert STRICT.tricks
    assert STRICT.sources == tuple(Source)
    assert not STRICT.ignore_local


def test_profiles_go_by_their_names():
    assert [profile.rules for profile in map(Profile, ("lcs2005", "lync", "strict"))] == [LCS2005, LYNC, STRICT]


# -- prefixes ---------------------------------------------------------------------------------------------------------


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


# -- the other fields -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["prefixes", "sources", "types", "local_hosts", "extensions"])
@pytest.mark.parametrize("value", ["http:", b"http:", 7, None])
def test_refuses_what_is_no_list(name, value):
    assert "must be a list" in faults_in(**{name: value})[name]


@pytest.mark.parametrize("name", ["bare_domains", "tricks", "ignore_local"])
@pytest.mark.parametrize("value", [1, "yes", None])
def test_refuses_a_switch_that_is_no_bool(name, value):
    assert "must be true or false" in faults_in(**{name: value})[name]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("links", "drop", 'must be "pass" or "observe" or "defang" or "warn" or "block", not \'drop\''),
        ("links", None, "not None"),
        ("links", ["block"], "not ['block']"),
        ("file_action", "defang", 'must be "observe" or "block"'),
        ("extension_action", Action.PASS, 'must be "observe" or "block"'),
        ("undecodable", "warn", 'must be "pass" or "observe" or "block"'),
        ("files", "some", 'must be "none" or "listed" or "all"'),
    ],
)
def test_refuses_a_word_that_is_no_choice_of_its_field(name, value, said):
    assert said in faults_in(**{name: value})[name]


def test_the_word_of_a_choice_will_do():
    rules = Rules(links="warn", files="listed", undecodable="pass", sources=["html", "rtf"])
    assert (rules.links, rules.files, rules.undecodable) == (Action.WARN, FileOffers.LISTED, Action.PASS)
    assert all(type(source) is Source for source in rules.sources)
    assert type(rules.links) is Action


@pytest.mark.parametrize(
    ("name", "entries", "said"),
    [
        ("sources", ("html", "pdf"), 'must be "subject" or "html" or "rtf" or "hidden"'),
        ("sources", ("html", "html"), "is listed already, as sources[0]"),
        ("types", ("text/x", "text"), "must be a media type"),
        ("types", ("text/x", "text/x; charset=utf-8"), "must be a media type"),
        ("local_domains", ("contoso.example", "192.0.2.1"), "is not the name of a domain"),
        ("local_hosts", ("wiki", "a b"), "is not the name of a host"),
        ("local_networks", ("192.0.2.0/24", "192.0.2.1/24"), "has host bits set"),
        ("extensions", ("exe", "e x e"), "must be letters and digits"),
        ("extensions", (".exe", ".EXE"), "is listed already, as extensions[0]"),
    ],
)
def test_refuses_an_entry_that_its_list_cannot_have(name, entries, said):
    local = name.startswith("local_")
    assert said in faults_in(**{name: entries, "ignore_local": local})[f"{name}[1]"]


def test_extensions_and_types_are_kept_in_lower_case_and_bare():
    rules = Rules(extensions=[".EXE", "scr"], types=["Application/SOAP+xml"])
    assert (rules.extensions, rules.types) == (("exe", "scr"), ("application/soap+xml",))


def test_a_list_of_local_hosts_that_would_have_no_effect_is_a_fault():
    assert "no effect" in faults_in(local_domains=("contoso.example",))["local_domains"]
    assert Rules(local_domains=("contoso.example",), ignore_local=True).own_hosts is not None
    assert Rules().own_hosts is None


def test_a_notice_has_a_longest_length():
    assert Rules(notice="x" * LONGEST_NOTICE).notice
    assert "may have 65,535 characters, this one has 65,536" in faults_in(notice="x" * (LONGEST_NOTICE + 1))["notice"]


@pytest.mark.parametrize("unfit", ["\0", "\x1b", "\x7f", "\x85", "\r", "\ud800"])
def test_a_notice_is_lines_of_text_and_nothing_else(unfit):
    assert f"must not contain {unfit!a}" in faults_in(notice=f"careful{unfit}")["notice"]
    assert Rules(notice="two\nlines\tand ümlauts").notice


def test_a_notice_of_empty_lines_is_refused_for_any_text_may_begin_with_one():
    assert "must say something" in faults_in(notice="\n \n")["notice"]


def test_a_notice_that_is_no_text_is_refused():
    assert "must be a text" in faults_in(notice=None)["notice"]


def test_warning_without_a_notice_looks_for_no_links():
    assert not Rules(links="warn").looks_for_links
    assert Rules(links="warn", notice="careful").looks_for_links
    assert not Rules(links="pass", notice="careful").looks_for_links


def test_reports_every_fault_at_once():
    found = faults_in(
        links="drop", prefixes=("http:", "www", "*."), tricks=1, local_hosts=("a b",), ignore_local=True, notice="\0"
    )
    assert list(found) == ["links", "prefixes[1]", "prefixes[2]", "tricks", "local_hosts[0]", "notice"]


def test_any_iterable_is_kept_as_a_tuple():
    assert Rules(prefixes=["http:", "ftp:"]) == Rules(prefixes=("http:", "ftp:"))
    assert Rules(prefixes=iter(["http:"])).prefixes == ("http:",)


def test_there_may_be_no_prefixes():
    assert Rules(prefixes=()).prefixes == ()


@pytest.mark.parametrize("rules", [LCS2005, LYNC, STRICT])
def test_rules_are_frozen_hashable_and_picklable(rules):
    with pytest.raises(dataclasses.FrozenInstanceError):
        rules.links = Action.PASS
    assert hash(rules) == hash(dataclasses.replace(rules))
    assert pickle.loads(pickle.dumps(rules)) == rules
