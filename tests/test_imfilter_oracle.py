"""The filter against the naive one, on plain text from end to end: text, message, gate and underscore."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import im
from oracle import naive_filter, naive_matcher

from sipcore import parse
from sipcore.imfilter import ImFilter, Rules
from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore.imfilter.verdict import Action

DEFAULT = list(DEFAULT_PREFIXES)
#: Alphabets that spell their prefixes, what escapes and ends a link, and letters; with the length that is affordable.
ALPHABETS = {
    "schemes": (["h:", "hh:"], 'h:/_ "', 7),
    "names": (["w*.", "f."], "wf-._ ", 6),
    "both": (["h:", "w*.", "href"], "hw:./_ ", 6),
    "bytes": (["h:"], "h:_\x00\t\x7f<é", 5),
    "one word": (["h:", "f."], "h:f._", 8),
}


def of_messages(content: ImFilter, text: bytes) -> list[tuple[str, int, int]]:
    """What is found in a message with that text; each place must be where the message has it."""
    message = im(text)
    found = content.check(message).findings
    assert all(finding.where == tuple(message.head_size + at for at in finding.span) for finding in found)
    return [(finding.rule, *finding.span) for finding in found]


def of_texts(content: ImFilter, text: bytes) -> list[tuple[str, int, int]]:
    return [(finding.rule, *finding.span) for finding in content.check_text(text).findings]


@pytest.mark.parametrize("name", ALPHABETS)
def test_agrees_with_the_oracle_on_every_short_text(name):
    prefixes, letters, longest = ALPHABETS[name]
    content = ImFilter(Rules(prefixes=tuple(prefixes)))
    for size in range(longest + 1):
        for text in map("".join, itertools.product(letters, repeat=size)):
            expected = naive_filter.links(prefixes, text.encode())
            assert of_texts(content, text.encode()) == expected, text


@pytest.mark.parametrize("name", ALPHABETS)
def test_agrees_with_the_oracle_on_every_short_message(name):
    prefixes, letters, longest = ALPHABETS[name]
    content = ImFilter(Rules(prefixes=tuple(prefixes)))
    for text in map("".join, itertools.product(letters, repeat=longest - 2)):
        assert of_messages(content, text.encode()) == naive_filter.links(prefixes, text.encode()), text


@pytest.mark.parametrize("name", ALPHABETS)
def test_defangs_every_short_text_as_the_oracle_does(name):
    prefixes, letters, longest = ALPHABETS[name]
    content = ImFilter(Rules(prefixes=tuple(prefixes), links="defang"))
    for text in map("".join, itertools.product(letters, repeat=longest - 1)):
        verdict = content.check_text(text)
        assert verdict.action is (Action.DEFANG if naive_filter.links(prefixes, text.encode()) else Action.PASS)
        assert (verdict.rewritten or text).encode() == naive_filter.defanged(prefixes, text.encode())


@pytest.mark.parametrize("name", ALPHABETS)
def test_the_two_oracles_agree(name):
    prefixes, letters, longest = ALPHABETS[name]
    for text in (text.encode() for text in map("".join, itertools.product(letters, repeat=longest - 1))):
        found = [(prefixes[index], start, end) for index, start, end in naive_matcher.find_links(prefixes, text)]
        assert found == naive_filter.links(prefixes, text)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(DEFAULT_PREFIXES).map(lambda prefix: prefix.replace("*", "")),
        st.sampled_from(["HTTP:", "Www2.", "www-eu.", "//", "/", "_", " ", "\r\n", "x", "-", ",", "é", "看", "<", '"']),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(PIECES)
def test_agrees_with_the_oracle_on_pieces_of_links(text):
    data = text.encode("utf-8", "surrogatepass")
    expected = naive_filter.links(DEFAULT, data)
    assert of_texts(ImFilter(), data) == expected
    assert of_messages(ImFilter(), data) == expected


@given(PIECES)
def test_defangs_pieces_of_links_as_the_oracle_does(text):
    content = ImFilter(Rules(links="defang"))
    message, edit = im(text.encode("utf-8", "replace")), None
    verdict = content.check(message)
    if verdict.action is Action.DEFANG:
        edit = message.edit()
        verdict.apply(edit)
    after = parse(bytes(edit)) if edit is not None else message
    assert verdict.blocked or bytes(after.body) == naive_filter.defanged(DEFAULT, bytes(message.body))
