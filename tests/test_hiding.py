"""Tricks in running text: which there are, what each is undone to, and that nothing else is touched."""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

import sys
import unicodedata

import pytest
from disguises import IN_ASCII, IN_UNICODE, NOTHING_IN_LATIN, NOTHING_IN_UNICODE, disguised
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.hiding import IGNORABLE, PLAIN_BYTES, decoded, spellings, undone
from sipcore.imfilter.traces import Traced


def plain(text: str, codec: str = "utf-8") -> str | None:
    """The text with its tricks undone; None where it has none."""
    found = undone(Traced(text.encode(codec)), codec)
    return None if found is None else found.data.decode(codec)


# -- the tables, against Unicode itself

EVERY_CHARACTER = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]


def test_every_character_whose_compatible_form_is_a_word_or_mark_of_ascii_is_respelt():
    for letter in EVERY_CHARACTER[0x80:]:
        form = unicodedata.normalize("NFKC", letter)
        if form.isascii() and not form.isspace() and not any(mark in form for mark in " ("):
            begins_inside = form in ("a/c", "a/s", "c/o", "c/u", "A/S", "a.m.", "p.m.", "C/kg", "V/m", "A/m")
            assert begins_inside or spellings()[ord(letter)] == form, hex(ord(letter))


def test_nothing_of_ascii_is_respelt_but_controls():
    assert {point for point in spellings() if point < 0x80} == {*range(9), *range(14, 32), 127}


def test_what_is_left_out_is_what_unicode_calls_a_format_or_does_not_show():
    categories = {unicodedata.category(chr(point)) for first, last in IGNORABLE for point in range(first, last + 1)}
    # Cn: reserved for characters that are to show nothing; Lo: the fillers of Hangul; Mn: variation selectors.
    assert categories == {"Cc", "Cf", "Cn", "Lo", "Mn"}


def test_every_format_character_is_left_out_but_those_that_do_show():
    shown = {point for point, plain in spellings().items() if plain}
    left_out = {point for point, plain in spellings().items() if not plain}
    formats = {ord(letter) for letter in EVERY_CHARACTER if unicodedata.category(letter) == "Cf"}
    assert formats & shown == set()
    # Arabic, Syriac and Kaithi signs before numbers, hieroglyphs and shorthand: format to Unicode, yet ink on paper.
    prepended = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    assert formats - left_out <= prepended | {*range(0x13430, 0x13440)}


@pytest.mark.parametrize(
    "letter", ["\u0430", "\u04bb", "\u0131", "\u2236", "\ua789", "é", "中", "\u3000", "\xa0", "\n"]
)
def test_what_only_looks_alike_and_white_space_stay(letter):
    assert plain(f"a{letter}b") is None


# -- one trick at a time


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ht\u200btp://x", "http://x"),
        ("\ufeffht\u2060t\u200dp\u200c:x", "http:x"),
        ("w\xadw\xadw.x", "www.x"),
        ("ht\u202etp:\u2066x", "http:x"),
        ("h\ufe0ft\U000e0100tp:x", "http:x"),
        ("ht\U000e0074tp:x", "http:x"),
        ("ht\0t\x08p:x", "http:x"),
        ("ht\x9dtp:x", "http:x"),
        ("ｈｔｔｐ：／／ｘ", "http://x"),
        ("ＨＴＴＰ:x", "HTTP:x"),
        ("𝐡𝓉𝔱𝖕:ⓧ", "http:x"),
        ("ʰᵗᵗᵖ:ˣ", "http:x"),
        ("ﬁle:x", "file:x"),
        ("℡:1", "TEL:1"),
        ("www\uff0ex\u3002y\uff61z\u2024q\ufe52r", "www.x.y.z.q.r"),
        ("mailto\ufe55a\ufe6bb", "mailto:a@b"),
        ("%68%74tp%3a//x", "http://x"),
        ("%EF%BD%88ttp:x", "http:x"),
        ("ht%E2%80%8Btp:x", "http:x"),
        ("&#104;&#x74;&#X0074;p&colon;x", "http:x"),
        ("&#104ttp&#58x", "http:x"),
        ("&#0000000000000000000104;ttp:x", "http:x"),
        ("h&shy;t&zwj;t&ZeroWidthSpace;p:x", "http:x"),
        ("&lthttp;", "<http;"),
        ("&#x25;６8ttp:x", "http:x"),
        ("&amp;#104;ttp:x", "http:x"),
        ("%252568ttp:x", "http:x"),
    ],
)
def test_a_trick_is_undone(written, read):
    assert plain(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "see you at eight\r\n\tand bring 50% of it & more",
        "100%25",
        "a%20b%0ac%09d%7f",
        "%C0%AF %ED%A0%80 %E2%80 %FF %2",
        "AT&T &; &# &#; &#x; &nosuch; &x",
        "Grüße, 世界",
    ],
)
def test_what_is_no_trick_stays(text):
    assert plain(text) in (None, text.replace("%25", "%"))


def test_a_reference_to_no_character_is_a_replacement_character():
    assert plain("&#xD800;&#1114112;&#99999999;") == "\ufffd\ufffd\ufffd"
    assert plain("&#" + "9" * 10_000 + ";") == "\ufffd"


def test_tricks_are_undone_four_deep():
    assert plain("%25252568ttp:") == "http:"
    assert plain("%2525252568ttp:") == "%68ttp:"


def test_a_character_that_would_hold_the_beginning_of_a_word_stays():
    # "a/callto:x" would be a link that no underscore could be put before.
    assert plain("\u2100allto:x") is None


# -- character sets of one byte a character


@pytest.mark.parametrize(
    ("codec", "written", "read"),
    [
        ("iso-8859-1", "ht\xadtp:x", "http:x"),
        ("windows-1252", "w\xadww\u2026x", "www...x"),
        ("iso-8859-1", "&shy;&#8203;&uuml;", "ü"),
        ("iso-8859-5", "ht\xadtp:ж", "http:ж"),
        ("windows-1255", "ht\u200etp:x", "http:x"),
        ("iso-8859-1", "&#1078;", "?"),
    ],
)
def test_tricks_are_undone_in_the_character_set_of_the_text(codec, written, read):
    assert plain(written, codec) == read


def test_letters_of_another_character_set_are_no_trick():
    assert plain("Grüße", "iso-8859-1") is None
    # In KOI8-R the byte of Latin-1's soft hyphen is a letter of a box.
    assert undone(Traced(b"a\xadb"), "koi8-r") is None


def test_a_text_that_says_it_is_ascii_is_read_as_utf8():
    assert undone(Traced("ｈttp:".encode()), "us-ascii").data == b"http:"


# -- properties


@given(st.text(st.sampled_from(PLAIN_BYTES.decode()), max_size=200))
def test_a_text_of_plain_bytes_holds_no_trick(text):
    assert plain(text) is None


@given(st.binary(max_size=80), st.sampled_from(["utf-8", "iso-8859-1", "windows-1252", "us-ascii", "koi8-r"]))
def test_no_bytes_make_it_raise_and_the_way_back_is_monotone(data, codec):
    found = undone(Traced(data), codec)
    if found is None:
        return
    spans = [found.source(place, place + 1) for place in range(len(found.data))]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(data) for start, end in spans)


def test_every_trick_has_a_byte_that_is_not_plain():
    for point in spellings():
        assert chr(point).encode().translate(None, PLAIN_BYTES)


@given(disguised(IN_UNICODE, NOTHING_IN_UNICODE))
def test_any_tricks_together_are_undone(pair):
    link, hidden = pair
    assert (plain(hidden) or hidden).lower() == link


@given(disguised(IN_ASCII, NOTHING_IN_LATIN))
def test_any_tricks_together_are_undone_in_latin_1(pair):
    link, hidden = pair
    assert (plain(hidden, "iso-8859-1") or hidden).lower() == link


# -- references alone, as HTML has them


def test_references_are_decoded_once_and_nothing_else_is_touched():
    assert decoded(Traced(b"&amp;#104;ttp%3A&colon;"), "utf-8").data == b"&#104;ttp%3A:"


def test_a_text_without_references_is_the_same_object():
    traced = Traced(b"see http://x")
    assert decoded(traced, "utf-8") is traced


def test_in_links_white_space_written_as_a_reference_is_left_out():
    assert decoded(Traced(b"&#32;ht&Tab;tp&NewLine;:x"), "utf-8", in_links=True).data == b"http:x"


@pytest.mark.parametrize(
    "text", ["&lt", "&ltx", "&notin;", "&notit;", "&#x41", "&#128;", "&#0;", "&Aacute;", "&;", "&a;"]
)
def test_references_mean_what_the_html_standard_says(text):
    import html

    assert decoded(Traced(text.encode()), "utf-8").data.decode() == html.unescape(text)
