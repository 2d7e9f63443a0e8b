"""A text to its readings: which there are for each type, and the way back from them."""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

import os
from pathlib import Path

import pytest
from disguises import IN_ASCII, IN_UNICODE, NOTHING_IN_ASCII, NOTHING_IN_LATIN, NOTHING_IN_UNICODE, disguised
from hypothesis import given
from hypothesis import strategies as st
from reading_adversaries import ADVERSARIES, SIZE
from text_readings import defanged, links, shown, text

from sipcore.imfilter.reading import RTF_BEGINNINGS, Reading, readings
from sipcore_bench import callgrind
from sipcore_bench.contestant import Unavailable

# -- plain text


@pytest.mark.parametrize("data", [b"", b"hello", b"see http://x\r\n\tor not!", memoryview(b"hello"), "中文".encode()])
def test_plain_text_without_tricks_is_read_as_the_very_object_it_is(data):
    (only,) = readings(text(data))
    assert only.data is data
    assert (only.kind, only.editable) == ("text", True)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="%&{"), max_size=100))
def test_plain_ascii_has_one_reading_whose_places_are_its_own(letters):
    data = letters.encode()
    (only,) = readings(text(data))
    assert only.data is data
    assert only.source(0, len(data)) == (0, len(data))


def test_a_text_with_a_trick_is_read_as_it_stands_and_undone():
    assert shown("gos\u200bsip:x") == ["gos\u200bsip:x".encode(), b"gossip:x"]


def test_a_line_break_ends_a_word():
    assert shown(b"htt\r\n p://x") == [b"htt\r\n p://x"]


def test_tags_in_plain_text_are_letters():
    assert shown(b"<b>ht</b>tp://x") == [b"<b>ht</b>tp://x"]


# -- which type is read how


@pytest.mark.parametrize("essence", ["text/html", "application/xhtml+xml"])
def test_html_is_read_as_html_alone(essence):
    assert shown(b"a<b>b</b>", essence) == [b"ab", b"a\nb\n"]


@pytest.mark.parametrize(
    "essence", ["text/xml", "text/markdown", "text/enriched", "text/richtext", "text/x-unheard-of"]
)
def test_another_type_is_read_as_it_stands_and_with_tags_as_html_too(essence):
    assert shown(b"a<b>b</b>", essence) == [b"a<b>b</b>", b"ab", b"a\nb\n"]
    assert shown(b"a b", essence) == [b"a b"]


@pytest.mark.parametrize("essence", ["text/plain", "text/rtf", "text/html", "text/x-unheard-of", "application/rtf"])
@pytest.mark.parametrize("beginning", RTF_BEGINNINGS)
def test_what_begins_as_rtf_is_read_as_rtf_whatever_it_says_it_is(essence, beginning):
    assert any(b"http:" in read for read in shown(beginning + b"1 \\'68ttp:}", essence))


def test_rtf_that_does_not_begin_as_such_is_shown_letter_by_letter():
    assert shown(b"\\b http:", "text/rtf") == [b"\\b http:"]


def test_rtf_is_not_read_as_plain_text_too():
    assert shown(b"{\\rtf1 a}", "text/rtf") == [b"a"]


def test_a_text_that_may_be_rtf_is_not_edited_as_anything_else():
    # Behind a backslash the underscore would be a control symbol, and no letter.
    found = list(readings(text(b"{\\rtf1 x}\\sip:y")))
    assert [(bytes(reading.data), reading.editable) for reading in found] == [
        *((b"x:y", True), (b"{\\rtf1 x}\\sip:y", False)),
    ]


def test_every_part_is_read_with_the_tricks_undone_too():
    found = list(readings(text('<a href="x：">%41</a><!--\xad-->', "text/html")))
    assert [(reading.kind, bytes(reading.data)) for reading in found] == [
        *(("text", b"%41"), ("text", b"A"), ("text", b"\n%41\n\n"), ("text", b"\nA\n\n")),
        *(("link", "href=x：\n".encode()), ("link", b"href=x:\n")),
        *(("hidden", "\xad\n".encode()), ("hidden", b"\n")),
    ]


def test_without_tricks_only_what_the_type_itself_means_is_undone():
    def read(data: str, essence: str) -> list[bytes]:
        return [bytes(reading.data) for reading in readings(text(data, essence), tricks=False)]

    assert read("%68ttp：", "text/plain") == ["%68ttp：".encode()]
    assert read("&#104;%74", "text/html") == [b"h%74"]
    assert read("{\\rtf1 \\'68%74}", "text/rtf") == [b"h%74"]
    assert read("{\\rtf1 \\'68}", "text/plain") == [b"h", b"{\\rtf1 \\'68}"]


# -- the way back

PIECES = [
    *("http:", "ttp:", "//", "www.", "x", "sip:", " ", "&#104;", "%68", "&lt", "&", "%", "\u200b", "ｈ", "：", "_"),
    *("\xad", "a/c", "℀", "allto:", "&#", "x6", "8", ";", "\n", "é", "href", "=", "tel", "℡", "\0"),
]
TAGS = [
    *("<b>", "</b>", "<br>", "<a href=", '"', "'", ">", "<", "<!--", "-->", "--!>", "<!", "<script>", "</script>"),
    *("</", "/", "<img src=", "<!--[if ie]>", "<![endif]-->", "title=", "&Tab;", "&NewLine;", "<style>", "xmlns="),
    *("</style ", "<![CDATA[", "]]>", "<meta content=", "srcset=", "\t"),
]
WORDS = [
    *("{", "}", "\\b ", "\\b", "\\'68", "\\'83", "\\u104 ?", "\\u104", "?", "\\uc0", "\\uc2 ", "\\v", "\\v0 ", "\\par"),
    *("\\-", "\\_", "\\*", "\\fldinst", '{\\field{\\*\\fldinst{HYPERLINK "', '"}}{\\fldrslt{', "\\bin3 ", "\\'", "\\"),
    *("\\u-10179?", "\\u-8704?", "\\f1", "{\\fonttbl{\\f1\\fcharset128 M;}}", "\\ansicpg65001", "\\'e2\\'80\\'8b"),
]
soups = st.one_of(
    st.tuples(st.just("text/plain"), st.lists(st.sampled_from(PIECES), max_size=14).map("".join)),
    st.tuples(st.just("text/html"), st.lists(st.sampled_from(PIECES + TAGS), max_size=14).map("".join)),
    st.tuples(
        st.just("text/rtf"),
        st.lists(st.sampled_from(PIECES + WORDS), max_size=14).map(lambda it: "{\\rtf1" + "".join(it)),
    ),
)


@given(soups)
def test_the_way_back_is_monotone_and_stays_inside_the_text(soup):
    essence, letters = soup
    data = letters.encode()
    for reading in readings(text(data, essence)):
        spans = [reading.source(place, place + 1) for place in range(len(reading.data))]
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)
        assert [end for _, end in spans] == sorted(end for _, end in spans)
        assert all(0 <= start <= end <= len(data) for start, end in spans)
        assert all(start == end for start, end in (reading.source(it, it) for it in range(len(reading.data) + 1)))


@given(soups)
def test_an_underscore_at_the_place_of_a_link_escapes_it_in_every_reading(soup):
    essence, letters = soup
    data = letters.encode()
    for reading in readings(text(data, essence)):
        for start, _ in links(reading) if reading.editable else ():
            assert defanged(data, essence, start) == []


@given(st.binary(max_size=120), st.sampled_from(["text/plain", "text/html", "text/rtf", "text/xml"]), st.booleans())
def test_no_bytes_make_it_raise(data, essence, begins_as_rtf):
    data = b"{\\rtf1" * begins_as_rtf + data
    for codec in ("utf-8", "us-ascii", "windows-1252"):
        assert all(isinstance(reading, Reading) for reading in readings(text(data, essence, codec)))


# -- links in disguise


def places(data: bytes, essence: str, codec: str, link: str) -> set[tuple[int, int]]:
    """Where, by any reading, the text has that link."""
    found = set()
    for reading in readings(text(data, essence, codec)):
        at = bytes(reading.data).lower().find(link.encode())
        if at >= 0:
            found.add(reading.source(at, at + len(link)))
    return found


@given(disguised(IN_UNICODE, NOTHING_IN_UNICODE))
def test_a_link_in_any_disguise_is_read_in_plain_text_and_leads_back_to_all_of_it(pair):
    link, hidden = pair
    data = f"sieh ü: {hidden} !".encode()
    start = data.index(hidden.encode())
    assert (start, start + len(hidden.encode())) in places(data, "text/plain", "utf-8", link)


@given(disguised(IN_ASCII, NOTHING_IN_LATIN))
def test_a_link_in_any_disguise_is_read_in_latin_1(pair):
    link, hidden = pair
    data = f"sieh ü: {hidden} !".encode("latin-1")
    assert (9 - 1, 8 + len(hidden)) in places(data, "text/plain", "iso-8859-1", link)


@given(disguised(IN_UNICODE, NOTHING_IN_UNICODE), st.data())
def test_a_link_in_any_disguise_split_by_tags_is_read_in_html(pair, data):
    link, hidden = pair
    letters = [hidden] if "&" in hidden or "%" in hidden else list(hidden)
    tags = st.sampled_from(["", "<b>", "</i >", "<!-- x -->", "<span class='a>b'>", "<wbr>", "<!x>", "<?x?>"])
    split = "".join(letter + data.draw(tags) for letter in letters[:-1]) + letters[-1]
    html = f"<p>see {split} <br>".encode()
    assert (7, 7 + len(split.encode())) in places(html, "text/html", "utf-8", link)


@given(disguised(IN_UNICODE, NOTHING_IN_UNICODE), st.sampled_from(['"', "'", ""]))
def test_a_link_in_any_disguise_is_read_in_an_attribute(pair, quote):
    link, hidden = pair
    html = f"<a\tHREF = {quote}{hidden}{quote} >x".encode()
    start = html.index(hidden.encode())
    assert (start, start + len(hidden.encode())) in places(html, "text/html", "utf-8", link)


#: What a letter can be written as in RTF, and what may stand between two.
IN_RTF = (
    str,
    lambda letter: f"\\'{ord(letter):02x}",
    lambda letter: f"\\u{ord(letter)} ?",
    lambda letter: f"\\u{ord(letter) + 0xFEE0 - 0x10000}\\'3f",
    lambda letter: f"\\uc0\\u{ord(letter)}\\uc1 ",
    lambda letter: f"{{\\b {letter}}}",
)
NOTHING_IN_RTF = ("", "", "\\-", "\\b0 ", "\r\n", "{\\*\\x http:}", "\\u8203?", "{\\v no}", "\\v no\\v0 ")


@given(disguised(IN_RTF, NOTHING_IN_RTF))
def test_a_link_in_any_disguise_is_read_in_rtf(pair):
    link, hidden = pair
    rtf = f"{{\\rtf1\\ansi see {hidden} now}}".encode()
    first = rtf.index(b"see ") + 4
    last = first + len(hidden)
    # What shows nothing at either end is not covered: the brace and word of a group, what stands behind a "\\u".
    around_first, around_last = len("\\uc0"), len("\\uc1 ")
    assert any(
        start <= first + around_first and end >= last - around_last
        for start, end in places(rtf, "text/rtf", "utf-8", link)
    )


@given(disguised(IN_ASCII, NOTHING_IN_ASCII[:-2]))
def test_a_link_in_any_disguise_is_read_in_a_field(pair):
    link, hidden = pair
    rtf = f'{{\\rtf1{{\\field{{\\*\\fldinst{{HYPERLINK "{hidden}"}}}}{{\\fldrslt x}}}}}}'.encode()
    start = rtf.index(hidden.encode())
    assert (start, start + len(hidden)) in places(rtf, "text/rtf", "utf-8", link)


# -- what it costs

#: A little more than two: what is kept grows by doubling.
MOST_GROWTH = 2.3
#: Instructions a byte; the most that any attack takes is about half of it.
MOST_A_BYTE = 20_000


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    """Instructions by adversary and size."""
    script = Path(__file__).with_name("reading_adversaries.py")
    try:
        counted, failed = callgrind.count([str(script)])
    except Unavailable as missing:
        if os.environ.get("SIPCORE_REQUIRE_PEERS") == "1":
            pytest.fail(f"{missing}, and SIPCORE_REQUIRE_PEERS=1 forbids the skip")
        pytest.skip(str(missing))
    assert failed == {}
    return counted


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ADVERSARIES)
def test_twice_the_attack_is_twice_the_work(counts, name):
    half, whole = counts[f"{name}/half"], counts[f"{name}/whole"]
    assert whole / half < MOST_GROWTH, f"{half:,.0f} instructions, then {whole:,.0f}"
    assert whole / SIZE < MOST_A_BYTE


@pytest.mark.parametrize("name", ADVERSARIES)
def test_what_is_kept_of_an_attack_is_a_small_multiple_of_it(name):
    essence, make = ADVERSARIES[name]
    found = list(readings(text(make(SIZE), essence)))
    assert len(found) <= 8
    assert sum(len(reading.data) for reading in found) <= 16 * SIZE
