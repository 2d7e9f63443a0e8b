"""Character sets: what is searched as it stands, what is decoded, and what is read in more than one way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.charsets import ASCII_SUPERSETS, DECODED, decoded
from sipcore.imfilter.places import UnreadableError


def ways(data: bytes, label: str | None, essence: str = "text/plain") -> list[tuple[str, str]]:
    """What is read, with what tells the ways apart."""
    return [(str(way.data, way.codec, "replace"), way.variant) for way in decoded(label, essence, data)]


@pytest.mark.parametrize("label", sorted(ASCII_SUPERSETS))
def test_a_superset_of_ascii_is_kept_as_it_stands(label):
    ascii_bytes = bytes(range(128))
    (way,) = decoded(label.upper(), "text/plain", ascii_bytes)
    assert way.data is ascii_bytes
    assert str(way.data, way.codec) == ascii_bytes.decode("ascii")


@pytest.mark.parametrize("label", sorted(DECODED))
def test_other_character_sets_are_decoded_and_encoded_again(label):
    codec = DECODED[label]
    (way,) = decoded(label.upper(), "text/plain", "see 中 http:".encode(codec))
    assert (way.data, way.codec) == ("see 中 http:".encode(), "utf-8")
    assert way.redo("go 中!".encode()) == "go 中!".encode(codec)


def test_a_letter_that_is_half_of_another_character_does_not_hide_a_link():
    # In Shift_JIS the second byte of this character is the letter A: undecoded, "http:" would stand inside a word.
    assert ways(b"\x83Ahttp://x", "Shift_JIS") == [("アhttp://x", "")]


@pytest.mark.parametrize("label", ["utf-7", "utf-32", "x-none", "rot13", "idna", "cp037", "hz", "a" * 5000])
def test_a_character_set_that_not_every_client_reads_is_refused(label):
    with pytest.raises(UnreadableError, match="charset="):
        ways(b"hello", label)


@pytest.mark.parametrize("label", [None, "", "utf8"])
def test_without_a_label_it_is_utf8(label):
    assert ways("Grüße".encode(), label) == [("Grüße", "")]


@pytest.mark.parametrize(
    ("label", "data"), [("utf-16le", b"odd"), ("utf-16le", b"\0\xd8a\0"), ("gbk", b"\xff\xff"), ("utf-16", b"odd")]
)
def test_a_text_that_is_not_in_its_character_set_is_refused(label, data):
    with pytest.raises(UnreadableError, match=r"^not "):
        ways(data, label)


# -- UTF-16


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_goes_by_its_mark_which_is_written_again(codec):
    mark = "\ufeff".encode(codec)
    (way,) = decoded("UTF-16", "text/plain", mark + "hello".encode(codec))
    assert way.data == b"hello"
    assert way.redo(b"hi") == mark + "hi".encode(codec)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read_in_both_orders(codec):
    found = ways("http".encode(codec), "utf-16")
    assert [variant for _, variant in found] == ["", "@utf-16-be"]
    assert "http" in [text for text, _ in found]


def test_utf16_is_read_in_the_one_order_in_which_it_can_be():
    assert ways("\ud7ff\udb00".encode("utf-16-le", "surrogatepass"), "utf-16") == [("\uffd7\u00db", "")]


def test_a_mark_that_contradicts_the_label_makes_two_ways():
    found = ways("\ufeffhttp".encode("utf-16-be"), "utf-16le")
    assert found[0] == ("http", "")
    assert found[1][1] == "@utf-16-le"


def test_a_mark_counts_whatever_the_label_says():
    found = ways("\ufeffhttp".encode("utf-16-le"), "iso-8859-1")
    assert found == [("ÿþh\0t\0t\0p\0", ""), ("http", "@utf-16-le")]
    assert len(ways(b"\xff\xfeodd", "iso-8859-1")) == 1


def test_a_mark_means_nothing_in_what_is_no_text():
    assert len(ways(b"\xff\xfeab", None, "application/x-msnmsgrp2p")) == 1


# -- HTML that names a set


def test_html_that_names_another_set_is_read_in_that_too():
    data = b'<meta charset="Shift_JIS">\x83Ahttp://x'
    first, second = ways(data, None, "text/html")
    assert second == ('<meta charset="Shift_JIS">アhttp://x', "@cp932")
    assert "\ufffdAhttp" in first[0]
    assert len(ways(data, None, "text/plain")) == 1


@pytest.mark.parametrize("named", [b"utf-8", b"Windows-1252", b"utf-16"])
def test_html_that_names_a_set_of_ascii_is_read_once(named):
    assert len(ways(b"<meta charset=" + named + b">", None, "text/html")) == 1


def test_html_that_names_a_set_that_is_not_read_is_refused():
    with pytest.raises(UnreadableError, match="charset=utf-7 in its HTML"):
        ways(b'<meta http-equiv=Content-Type content="text/html; Charset=UTF-7">', "utf-8", "text/html")


# -- back


def test_changed_data_stay_in_their_character_set():
    (way,) = decoded("iso-8859-1", "text/plain", b"hello")
    assert way.redo("ä".encode("latin-1")) == b"\xe4"
    for label, change in [("us-ascii", b"\xe4"), ("utf-8", b"\xe4"), ("shift_jis", "ü中€".encode()), ("gbk", b"\xff")]:
        (way,) = decoded(label, "text/plain", b"hello")
        with pytest.raises(ValueError):  # noqa: PT011 - a codec's own words
            way.redo(change)


def test_what_was_no_good_before_need_not_be_afterwards():
    (way,) = decoded("utf-8", "text/plain", b"bad \xff")
    assert way.redo(b"_bad \xff") == b"_bad \xff"


@given(st.sampled_from([None, "utf-16", "utf-16le", "gbk", "iso-2022-jp", "us-ascii"]), st.binary(max_size=40))
def test_reading_never_raises_anything_else_and_stays_in_proportion(label, data):
    try:
        found = list(decoded(label, "text/html", data))
    except UnreadableError:
        return
    assert sum(len(way.data) for way in found) <= 4 * len(data)
