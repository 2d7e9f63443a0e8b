"""RTF: what a rich edit control shows, the targets of its fields, and what it keeps to itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.rtf import read_rtf

FONTS = b"{\\fonttbl{\\f1\\fcharset128 a;}{\\f2\\fcharset204 b;}{\\f3\\cpg1253 c;}}"


def read(body: bytes | str, kind: str = "text", codec: str = "utf-8") -> bytes:
    """What RTF with that body says first, by kind, without the line ends around it."""
    data = b"{\\rtf1\\ansi " + (body.encode(codec) if isinstance(body, str) else body) + b"}"
    return next(traced.data.strip(b"\n") for found, traced in read_rtf(data, codec) if found == kind)


def place(body: bytes, kind: str, piece: bytes) -> bytes:
    """The bytes of the RTF that a piece of what was read leads back to."""
    traced = next(traced for found, traced in read_rtf(body, "utf-8") if found == kind)
    at = traced.data.index(piece)
    start, end = traced.source(at, at + len(piece))
    return body[start:end]


# -- shown


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"see http://x now", "see http://x now"),
        (b"ht\\b tp\\b0 :\\fs20//x", "http://x"),
        (b"{\\b ht}{\\i tp}://x", "http://x"),
        (b"ht\r\ntp://x", "http://x"),
        (b"ht\\-tp:x", "http:x"),
        (b"\\'68\\'74\\'54p:x", "htTp:x"),
        (b"\\u104?\\u116?tp:x", "http:x"),
        (b"\\uc0\\u104\\u116tp:x", "http:x"),
        (b"\\uc2\\u104??\\u116\\'3f\\'3ftp:x", "http:x"),
        (b"\\uc1{\\uc0\\u104}\\u116?tp:x", "http:x"),
        (b"\\u104\\u116\\u116\\u112 :x", "httpx"),
        (b"\\u-168?", "\uff58"),
        (b"\\u65368?", "\uff58"),
        (b"\\u-10179?\\u-8704?", "\U0001f600"),
        (b"\\u-10179?x", "x"),
        (b"\\u-8704?x", "\ufffdx"),
        (b"\\u1114112?x", "\ufffdx"),
        (b"\\u99999999999999999999?x", "\ufffdx"),
        (b"a\\par b\\line c\\tab d\\\ne", "a\nb\nc\td\ne"),
        (b"a\\~b\\_c\\emdash d\\ldblquote e\\bullet", "a b-c\u2014d\u201ce\u2022"),
        (b"\\{\\\\\\}", "{\\}"),
        (b"ht{\\v x}tp:\\v y\\v0 z", "http:z"),
        (b"{\\v a{b\\plain c}}", "c"),
        (b"ht{\\*\\nobody sees}tp:x", "http:x"),
        (b"ht{\\*\\bkmkstart{\\b x}y}tp:x", "http:x"),
        (b"{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red0;}{\\stylesheet{a}}{\\info{\\author b}}c", "c"),
        (b"{\\pict\\bin3 }}}d}e", "e"),
        (b"\\bin2 }}a\\bin-5 b\\bin99999 c}", "ab"),
        (b"{\\upr{a}{\\*\\ud{b}}}", "ab"),
        (b"a}b}}c{{{d", "abcd"),
        (b"\\'8\\'zz", "8zz"),
        (b"\\HYPERLINK a", "a"),
    ],
)  # fmt: skip
def test_text_is_read_as_it_is_shown(body, text):
    assert read(body).decode() == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\\'e9", "é"),
        (b"\\ansicpg1251 \\'e9", "й"),
        (b"\\mac \\'8e", "é"),
        (b"\\pc \\'82", "é"),
        (b"\\ansicpg932 \\'83\\'41x", "アx"),
        (b"\\ansicpg932 \\'83Ahttp:", "アhttp:"),
        (b"\\ansicpg932 \\'b1x", "ｱx"),
        (b"\\ansicpg932 \\'83\\b http:", "http:"),
        (b"\\ansicpg936 \\'d6\\'d0", "中"),
        (b"\\ansicpg65001 \\'e4\\'b8\\'ad", "中"),
        (b"\\ansicpg65001 \\'e4http:", "\ufffdhttp:"),
        (b"\\ansicpg4711 \\'e9", "é"),
        (FONTS + b"\\f1\\'83\\'41\\f2\\'e9\\f3\\'e9\\f0\\'e9", "アйιé"),
        (b"{\\fonttbl{\\f1\\fcharset204 b;}}{\\f1\\'e9}\\'e9\\f1\\plain\\'e9", "йéé"),
    ],
)  # fmt: skip
def test_bytes_are_read_in_the_code_page_of_their_font(body, text):
    assert read(body).decode() == text


def test_bytes_outside_ascii_are_read_in_the_character_set_of_the_text():
    assert read("ü http:", codec="iso-8859-1").decode() == "ü http:"
    assert read("ü http:").decode() == "ü http:"


def test_text_is_read_joined_and_apart_where_groups_part_it():
    data = b"{\\rtf1 {\\field{\\*\\fldinst{HYPERLINK a}}{\\fldrslt click}}http://x}"
    joined, apart = (traced.data for kind, traced in read_rtf(data, "utf-8") if kind == "text")
    assert joined == b"clickhttp://x"
    assert b"\nhttp://x" in apart


def test_text_leads_back_to_its_escapes():
    assert place(b"{\\rtf1 see \\'68{\\b tt}\\u112?://x now}", "text", b"http://x") == b"\\'68{\\b tt}\\u112?://x"


# -- followed


@pytest.mark.parametrize(
    ("instructions", "link"),
    [
        (b'{\\*\\fldinst{HYPERLINK "http://x"}}', b'HYPERLINK "href=http://x"'),
        (b'{\\*\\fldinst HYPERLINK "http://x"}', b'HYPERLINK "href=http://x"'),
        (b"{\\*\\fldinst HYPERLINK http://x }", b"HYPERLINK href=http://x "),
        (b'{\\fldinst HYPERLINK "http://x"}', b'HYPERLINK "href=http://x"'),
        (b'{\\*\\fldinst {\\lang1033 HYPER}{\\b LINK "ht}tp:\n//x"}', b'HYPERLINK "href=http://x"'),
        (b'{\\*\\fldinst HYPERLINK "\\\'68ttp\\u58?//x" \\\\o "a tip" \\\\t "_blank" \\\\l "place"}',
         b'HYPERLINK "href=http://x" \\o "a%20tip" \\t "_blank" \\l "place"'),
        (b'{\\*\\fldinst HYPERLINK "http://x/a b.exe"}', b'HYPERLINK "href=http://x/a%20b.exe"'),
        (b'{\\*\\fldinst INCLUDEPICTURE "http://x" \\\\d}', b'INCLUDEPICTURE "http://x" \\d'),
        (b'{\\*\\shppict{\\*\\fldinst HYPERLINK "http://x"}}', b'HYPERLINK "href=http://x"'),
        (b'{\\*\\fldinst HYPERLINK \\\\o "a tip" \\\\n "//x"}', b'HYPERLINK \\o "a%20tip" \\n "href=//x"'),
        (b'{\\*\\fldinst HYPERLINK \\\\l "place"}', b'HYPERLINK \\l "place"'),
        (b'{\\*\\fldinst \\v HYPERLINK "http://x"}', b'HYPERLINK "href=http://x"'),
    ],
)  # fmt: skip
def test_the_instructions_of_a_field_are_a_link(instructions, link):
    body = b"{\\field" + instructions + b"{\\fldrslt{click}}}"
    assert read(body, "link") == link
    assert read(body) == b"click"


def test_each_field_is_a_line_of_its_own():
    field = b'{\\field{\\*\\fldinst{HYPERLINK "a b'
    assert read(field + b"}}" + field + b' c"}}', "link") == b'HYPERLINK "href=a%20b\nHYPERLINK "href=a%20b%20c"'


def test_a_link_leads_back_to_its_target():
    assert place(b'{\\rtf1{\\field{\\*\\fldinst{HYPERLINK "ht\\\'74p://x"}}}}', "link", b"http://x") == b"ht\\'74p://x"


# -- neither


@pytest.mark.parametrize(
    ("body", "hidden"),
    [
        (b"{\\*\\generator http://x;}a", b"http://x;"), (b"{\\info{\\title http://x}}", b"http://x"),
        (b"{\\v http://x}", b"http://x"), (b"\\bin8 http://x", b"http://x"), (b"\\uc8\\u65 http://x", b"http://x"),
        (b"\\uc8\\u65 \\'68ttp://x", b"http://x"),
        (b"{\\*\\htmltag64 <a href=http://x>}", b"<a href=http://x>"), (b"{\\*\\x{{http:}//x}}", b"http://x"),
    ],
)  # fmt: skip
def test_what_is_not_shown_is_read_as_hidden(body, hidden):
    assert hidden in read(body, "hidden").split(b"\n")


# -- properties


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\\{}"), max_size=60))
def test_text_without_control_words_is_shown_as_it_is(text):
    assert read(text).decode() == text.encode().decode()


@given(st.text(max_size=40))
def test_any_text_written_in_unicode_escapes_is_shown_as_it_was(text):
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("h")
    assert read("".join(f"\\u{unit}?" for unit in units)) == text.encode("utf-8", "replace").strip(b"\n")


def test_groups_nest_as_deep_as_the_text_is_long():
    depth = 100_000
    assert read(b"{" * depth + b"x" + b"}" * depth) == b"x"
