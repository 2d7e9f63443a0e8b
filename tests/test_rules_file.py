"""Rules from TOML: a profile and what differs from it, every fault at once with file, line and key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest
from instant_messages import im

from sipcore.errors import ConfigError, Problem
from sipcore.imfilter import LCS2005, LYNC, STRICT, Action, FileOffers, ImFilter, Rules, Source
from sipcore.imfilter.rules_file import RulesTable, load, loads


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    """What is wrong with a rules file."""
    with pytest.raises(ConfigError) as caught:
        loads(text)
    return caught.value.problems


def only_problem_of(text: str | bytes) -> Problem:
    """The one thing that is wrong with a rules file."""
    (problem,) = problems_of(text)
    return problem


def test_an_empty_file_is_the_profile_of_2005():
    assert loads("") == LCS2005


@pytest.mark.parametrize(("name", "rules"), [("lcs2005", LCS2005), ("lync", LYNC), ("strict", STRICT)])
def test_a_profile_goes_by_its_name(name, rules):
    assert loads(f'profile = "{name}"') == rules


def test_a_key_changes_its_rule_and_no_other():
    text = 'profile = "lync"\nlinks = "warn"\nnotice = "Careful."'
    assert loads(text) == replace(LYNC, links=Action.WARN, notice="Careful.")


def test_every_key_reaches_its_rule():
    text = """
links = "observe"
prefixes = ["irc:"]
bare_domains = true
tricks = true
sources = ["html"]
types = ["application/soap+xml"]
ignore_local = true
local_domains = ["contoso.example"]
local_hosts = ["wiki"]
local_networks = ["192.0.2.0/24"]
extensions = [".EXE"]
extension_action = "observe"
files = "listed"
file_action = "observe"
undecodable = "pass"
notice = \"\"\"
Two
lines\"\"\"
"""
    rules = loads(text)
    assert rules == Rules(
        links=Action.OBSERVE,
        prefixes=("irc:",),
        bare_domains=True,
        tricks=True,
        sources=(Source.HTML,),
        types=("application/soap+xml",),
        ignore_local=True,
        local_domains=("contoso.example",),
        local_hosts=("wiki",),
        local_networks=("192.0.2.0/24",),
        extensions=("exe",),
        extension_action=Action.OBSERVE,
        files=FileOffers.LISTED,
        file_action=Action.OBSERVE,
        undecodable=Action.PASS,
        notice="Two\nlines",
    )
    assert all(getattr(rules, field.name) != getattr(LCS2005, field.name) for field in fields(Rules))


def test_every_rule_has_a_key():
    assert {*RulesTable.__struct_fields__} == {"profile", *(field.name for field in fields(Rules))}


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('profile = "lyncc"', "profile", 'expected "lcs2005" or "lync" or "strict", not "lyncc", did you mean "lync"?'),
        ('links = "defuse"', "links", 'expected "pass" or "observe" or "defang" or "warn" or "block"'),
        ("prefixes = 7", "prefixes", "expected prefixes"),
        ('prefixes = ["http:", 7]', "prefixes[1]", 'expected a prefix, "http:", not 7'),
        ('prefixes = ["http:", "www"]', "prefixes[1]", "must end in ':', '.' or '*.'"),
        ('prefix = ["http:"]', "prefix", 'unknown key, did you mean "prefixes"?'),
        ('sources = ["html", "pdf"]', "sources[1]", "expected"),
        ("bare_domains = 1", "bare_domains", "expected true or false"),
        ('file_action = "defang"', "file_action", 'must be "observe" or "block"'),
        ('extensions = ["a b"]', "extensions[0]", "must be letters and digits"),
        ('ignore_local = true\nlocal_networks = ["192.0.2.1/24"]', "local_networks[0]", "has host bits set"),
        ('local_hosts = ["wiki"]', "local_hosts", "no effect unless ignore_local is true"),
        ("notice = 7", "notice", "expected a text"),
        ('notice = "\\u001b[2J"', "notice", "must not contain '\\x1b'"),
    ],
)
def test_a_fault_is_told_with_what_would_be_right(text, key, said):
    problem = only_problem_of(text)
    assert problem.key == key
    assert said in problem.message


def test_every_fault_is_told_at_once_with_its_line():
    text = 'profile = "strict"\nlinks = "drop"\nprefixes = [\n "http:",\n "www",\n 8,\n]\ntrick = true\nfiles = 1\n'
    assert [(problem.where, problem.key) for problem in problems_of(text)] == [
        ("rules.toml:2", "links"),
        ("rules.toml:5", "prefixes[1]"),
        ("rules.toml:6", "prefixes[2]"),
        ("rules.toml:8", "trick"),
        ("rules.toml:9", "files"),
    ]


@pytest.mark.parametrize("text", ["links = ", b"\xff"])
def test_what_is_no_toml_is_one_problem_with_its_line(text):
    assert only_problem_of(text).where == "rules.toml:1"


def test_a_file_is_read_and_named_in_its_problems(tmp_path: Path):
    (tmp_path / "im.toml").write_text('profile = "lync"')
    assert load(tmp_path / "im.toml") == LYNC
    (tmp_path / "im.toml").write_text("\nlinks = 1")
    with pytest.raises(ConfigError, match=r"im\.toml:2: links: expected"):
        load(tmp_path / "im.toml")
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")


# -- what we ship

PAGE = (Path(__file__).parent.parent / "docs" / "filter.md").read_text("utf-8")


def test_the_examples_in_the_page_are_good_rules_and_show_the_defaults():
    changed, every_key = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert loads(changed) == replace(
        LYNC,
        links=Action.WARN,
        notice="This link leads out of our network. Do not enter your password there.",
        local_domains=("contoso.example",),
        local_networks=("192.0.2.0/24",),
    )
    assert loads(every_key) == LCS2005
    assert set(tomllib.loads(every_key)) == {field.name for field in fields(Rules)}


def test_the_page_shows_what_each_profile_does_with_the_guides_examples():
    rows = re.findall(r"^\| `(\S+)` \| (passes|found) \| (passes|found) \| (passes|found) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 7
    filters = [ImFilter(rules) for rules in (LCS2005, LYNC, STRICT)]
    for text, *stated in rows:
        assert ["found" if each.check_text(text).findings else "passes" for each in filters] == stated, text


def test_the_python_in_the_page_runs(capsys: pytest.CaptureFixture[str]):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"datagram": bytes(im("see http://a.example"))}
    exec(compile(code, "filter.md", "exec"), names)
    assert capsys.readouterr().out == "http: body (4, 20) http://a.example\n"
    assert names["datagram"].endswith(b"\r\n\r\nCareful.\r\nsee _http://a.example")
