"""Subjects in every way in which they may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.places import UnreadableError
from sipcore.imfilter.subjects import subject


def shown(written: str, escapes: bool = False) -> list[str]:
    return [str(way.data, way.codec) for way in subject(written.encode(), escapes)]


def test_an_ordinary_subject_is_read_as_it_stands():
    assert shown("lunch at noon?") == ["lunch at noon?"]
    assert shown("a\\u003ab") == ["a\\u003ab"]


def test_the_escapes_of_cpim_are_undone_as_well():
    assert shown(r"http\u003a//x \"q\" \\ \t", escapes=True) == [r"http\u003a//x \"q\" \\ \t", 'http://x "q" \\ \t']


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?utf-8?B?aHR0cDovL3g=?=", "http://x"),
        ("=?UTF-8?q?ht=74p://x_y?= end", "http://x y end"),
        ("=?utf-8?q?ht?= \t=?utf-8?q?tp:?=", "http:"),
        ("=?iso-8859-1*de?Q?=E4?=", "ä"),
        ("=?shift_jis?B?g0E=?=", "ア"),
    ],
)
def test_encoded_words_are_undone_as_well(written, text):
    assert shown(written) == [written, text]


@pytest.mark.parametrize("written", [b"=?utf-8?q?a?=", rb"\u0041"])
def test_escapes_are_not_written_again(written):
    with pytest.raises(ValueError, match="escapes are not written"):
        list(subject(written, True))[1].redo(b"b")


@pytest.mark.parametrize("written", ["=?utf-7?q?a?=", "=?utf-8?b?a?=", "=?utf-8?q?=4?="])
def test_encoded_words_that_cannot_be_read_are_refused(written):
    with pytest.raises(UnreadableError):
        shown(written)


@given(st.text(st.sampled_from("=?utf-8qb_ \\u0aé\ud800"), max_size=60), st.booleans())
def test_a_subject_never_raises_anything_else(written, escapes):
    try:
        found = list(subject(written.encode("utf-8", "replace"), escapes))
    except UnreadableError:
        return
    assert 1 <= len(found) <= 3
