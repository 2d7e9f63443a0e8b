"""Links by their prefixes: what is one, to the byte; against the naive oracle, and at the edges of memory."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest
from guard import flush_against_guard_page
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive_matcher

from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter.rules import DEFAULT_PREFIXES

#: Long enough that a look to the end of the text from every candidate would take minutes.
LONG = 1 << 22


def links_in(text: str | bytes, prefixes: tuple[str, ...] = DEFAULT_PREFIXES) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [data[start:end].decode() for _, start, end in LinkFinder(prefixes).find_all(data)]


LETTERS = [b"a", b"b", b":", b".", b"_", b"/", b" "]


def test_agrees_with_the_oracle_on_every_short_text():
    prefixes = ["a:", "b*.", "ab.", "ba"]
    finder = LinkFinder(prefixes)
    for text in (b"".join(letters) for size in range(7) for letters in itertools.product(LETTERS, repeat=size)):
        expected = naive_matcher.find_links(prefixes, text)
        assert finder.find_all(text) == expected, text
        assert finder.find_first(text) == next(iter(expected), None), text


link_pieces = st.lists(
    st.sampled_from(
        ["http:", "HTTP:", "www", "2", ".", "//", "/", "_", " ", "x", "-", ",", "é", "<", '"', "\0", "ftp.", "-" * 40]
    )
).map("".join)


@given(link_pieces)
def test_agrees_with_the_oracle_on_pieces_of_links(text):
    found = LinkFinder(DEFAULT_PREFIXES).find_all(text.encode())
    assert found == naive_matcher.find_links(list(DEFAULT_PREFIXES), text.encode())


@given(st.integers(55, 75), st.sampled_from(["a", "-", "_", "."]))
def test_the_asterisk_stands_for_one_host_label_at_most(length, letter):
    text = ("www" + "a" * length + letter + ".x").encode()
    assert LinkFinder(["www*."]).find_all(text) == naive_matcher.find_links(["www*."], text)


@pytest.mark.parametrize("text", ["www.x", "www2.x", "WWW-eu.x", "wwwbox.x"])
def test_the_asterisk_stands_for_the_rest_of_a_host_label(text):
    assert links_in(text) == [text]


@pytest.mark.parametrize("text", ["www", "www x.y", "www_2.x", "www2", "www. "])
def test_the_asterisk_needs_its_dot_and_something_behind_it(text):
    assert links_in(text) == []


@pytest.mark.parametrize("before", ["", " ", "(", "-", "/", ":", ".", "\n", "“", "看", "é"])
def test_a_word_starts_behind_anything_but_ascii_letters_digits_and_underscore(before):
    assert links_in(f"{before}http:x") == ["http:x"]


@pytest.mark.parametrize("before", ["a", "Z", "0", "9", "_"])
def test_no_word_starts_behind_an_ascii_letter_digit_or_underscore(before):
    assert links_in(f"{before}http:x") == []


@pytest.mark.parametrize("behind", ["", " ", "\t", "\r\n", "\0", "\x7f", " x"])
def test_a_prefix_with_nothing_visible_behind_it_is_no_link(behind):
    assert links_in(f"http:{behind}") == []


@pytest.mark.parametrize("end", ['"', "<", ">", " ", "\n", "\x7f"])
def test_a_link_ends_at_white_space_and_delimiters(end):
    assert links_in(f"http://a.example/b,c(d){end}e") == ["http://a.example/b,c(d)"]


def test_a_prefix_inside_a_link_is_not_a_second_link():
    assert links_in("http://www.a.example/http://b.example") == ["http://www.a.example/http://b.example"]


def test_links_beyond_the_limit_are_not_looked_for():
    assert LinkFinder(["a:"]).find_all(b"a:1 a:2 a:3", 2) == [(0, 0, 3), (0, 4, 7)]


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        LinkFinder(["a:"]).find_all(b"a:1", 0)


def test_prefixes_must_not_be_one_string():
    with pytest.raises(TypeError, match="iterable"):
        LinkFinder("http:")


def test_text_made_of_candidates_is_searched_in_one_walk():
    # Each of these is refused after a look ahead or back; that look must not be to the end of the text.
    for candidate in (b"www-", b"www ", b"_http://", b"xhttp:", b"http: "):
        assert LinkFinder(DEFAULT_PREFIXES).find_all(candidate * (LONG // len(candidate))) == []


#: The issue's own table (docs/protocol.md "What makes it a link").
STATED = {
    "contoso.com": [],
    "_contoso.com": [],
    "www.contoso.com": ["www.contoso.com"],
    "_www.contoso.com": [],
    "http://_contoso.com": ["http://_contoso.com"],
    "_http://contoso.com": [],
    "_http://www.contoso.com": [],
    "__http://x": [],
    "xhttp://www.contoso.com": ["www.contoso.com"],
    "gossip:x notftp.x": [],
    "News: today": [],
}


@pytest.mark.parametrize("text", STATED)
def test_the_default_prefixes_give_what_the_documentation_states(text):
    assert links_in(text) == STATED[text]


def test_cannot_be_changed():
    finder = LinkFinder(["a:"])
    with pytest.raises(AttributeError):
        finder.prefixes = ("b:",)
    finder.__init__(["b:"])
    assert finder.find_all(b"a:x b:x") == [(0, 0, 3)]


@pytest.mark.parametrize("clone", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy])
def test_a_clone_finds_the_same(clone):
    again = clone(LinkFinder(["www*."]))
    assert again.prefixes == ("www*.",)
    assert again.find_all(b"www2.x") == [(0, 0, 6)]


@pytest.mark.parametrize("text", [b"http:", b"http://www.contoso.example/ _www", b"x" * 600 + b"www.x", b"www-" * 30])
def test_never_reads_past_the_end(text):
    finder = LinkFinder(DEFAULT_PREFIXES)
    for length in range(max(0, len(text) - 100), len(text) + 1):
        with flush_against_guard_page(text[:length]) as view:
            expected = naive_matcher.find_links(list(DEFAULT_PREFIXES), text[:length])
            assert finder.find_all(view) == expected
            assert finder.find_first(view) == next(iter(expected), None)


def test_lets_go_of_the_buffer_even_after_an_error():
    buffer = bytearray(b"http:x")
    LinkFinder(["http:"]).find_first(buffer)
    with pytest.raises(ValueError, match="at least 1"):
        LinkFinder(["http:"]).find_all(buffer, -1)
    buffer.append(0)  # a bytearray that is still exported cannot grow
    assert len(buffer) == 7


def test_an_empty_prefix_is_refused():
    with pytest.raises(ValueError, match="must not be empty"):
        LinkFinder(["*."])
