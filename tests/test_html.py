"""HTML: what is shown, what is followed, what is neither; and what readers disagree about."""

from __future__ import annotations

import html as standard
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_readings import shown

from sipcore.imfilter.html import read_html


def read(data: bytes | str, kind: str, codec: str = "utf-8") -> list[bytes]:
    """What HTML says, by kind; each line of it that says something."""
    parts = read_html(data.encode(codec) if isinstance(data, str) else data, codec)
    return [line for found, traced in parts if found == kind for line in traced.data.split(b"\n") if line]


def texts(data: bytes | str) -> list[bytes]:
    """The shown texts: joined, and apart where that differs."""
    return [traced.data for kind, traced in read_html(data.encode() if isinstance(data, str) else data, "utf-8")
            if kind == "text"]  # fmt: skip


def place(data: bytes, kind: str, piece: bytes) -> bytes:
    """The bytes of the HTML that a piece of what was read leads back to."""
    for found, traced in read_html(data, "utf-8"):
        at = traced.data.find(piece)
        if found == kind and at >= 0:
            start, end = traced.source(at, at + len(piece))
            return data[start:end]
    raise AssertionError(f"{piece!r} was not read")


# -- shown


def test_tags_inside_a_word_are_read_away_and_as_the_end_of_it():
    assert texts("<b>ht</b>tp://x <i>see</i>http://y") == [b"http://x seehttp://y", b"\nht\ntp://x \nsee\nhttp://y"]


def test_text_without_inline_tags_is_read_once():
    assert texts("<p>one</p><div>two<br>three</div>") == [b"\none\n\ntwo\nthree\n"]


@pytest.mark.parametrize("name", ["p", "DIV", "br", "td", "li", "img", "h1", "tr", "hr", "title"])
def test_a_block_parts_words(name):
    assert texts(f"ht<{name}>tp:x") == [b"ht\ntp:x"]


@pytest.mark.parametrize(
    "tag", ["<b>", "</b >", "<font color=red>", "<wbr>", "<span/>", "<o:p>", "<x-y a='>'>", "<!-- -->"]
)
def test_anything_else_leaves_them_whole(tag):
    assert texts(f"ht{tag}tp:x")[0] == b"http:x"


def test_references_in_text_are_decoded():
    assert texts("&lt;http&#58;&sol;/x&gt; &nosuch; &amp") == [b"<http://x> &nosuch; &"]


def test_text_leads_back_over_the_tags_in_it():
    assert place(b"see <b>ht</b>t&#112;://x now", "text", b"http://x") == b"ht</b>t&#112;://x"


@pytest.mark.parametrize("text", ["a < b", "a <3 b", "<", "a<", "<=>", "1 << 2 > 3"])
def test_a_bracket_that_begins_no_tag_is_shown(text):
    assert texts(text)[0] == text.encode()


# -- followed


@pytest.mark.parametrize("name", ["href", "src", "background", "cite", "data", "longdesc",
                                  "poster", "xlink:href", "lowsrc", "codebase", "manifest"])  # fmt: skip
def test_attributes_that_are_followed_are_links(name):
    assert read(f"<x {name}='a:b'>", "link") == [f"{name}=a:b".encode()]


@pytest.mark.parametrize("name", ["action", "FORMACTION"])
def test_attributes_that_a_click_follows_are_named_as_links(name):
    assert read(f"<x {name}='//b'>", "link") == [b"href=//b"]
    assert place(f"<x {name}='//b'>".encode(), "link", b"href=//b") == f"{name}='//b".encode()


@pytest.mark.parametrize(
    "tag",
    [
        "<a href=http://x>", "<a href='http://x'>", '<a href="http://x">', "<a/href=http://x>", "<a\nhref\t=\r\nhttp://x\f>",
        "<a b href=http://x c>", "<a b=c/d href=http://x>", "<a '\"<b href=http://x>", "<a =x href=http://x>",
        "<a b='>' href=http://x>", "<a b=\">\"href=http://x>", "<a href=http://x", "<a href='http://x", '<a href="http://x',
        "</a href=http://x>", "<a\0 h\0ref=ht\0tp://x>", "<a href=' \x01 http://x\t\n'>", "<a href='ht\ntp:\r\n//x'>",
        "<a href='ht&Tab;t&#10;p:&#x2f;&sol;x'>", "<a href='&#32;http://x'>", "<a href=&#104ttp://x>",
        "<a href=javascript:1 href=http://x>", "<base href=http://x>", "<svg><a href=http://x>",
        "<textarea><a href=http://x>", "<noscript><a href=http://x>", "<!--[if IE]><a href=http://x><![endif]-->",
        "<!--[IF gte mso 9]><xml><a href=http://x>", "<![if !IE]><a href=http://x><![endif]>",
        "<![CDATA[<a href=http://x>]]>", "<!--><a href=http://x>", "<!---><a href=http://x>", "<!-- --!><a href=http://x>",
        "<!-- never ends ><a href=http://x>", "<!doctype html><a href=http://x>", "<?xml?><a href=http://x>",
        "</ x><a href=http://x>", "<script/><a href=http://x>", "<script></script ><a href=http://x>",
        "<style></STYLE\n><a href=http://x>", "<a title='never ends><b></b><a href=http://x>",
    ],
)  # fmt: skip
def test_a_link_is_read_however_its_tag_is_written(tag):
    assert b"href=http://x" in [re.sub(rb"^href=['\"]", b"href=", line) for line in read(tag, "link")]


def test_every_copy_of_an_attribute_is_read():
    assert read("<a href=a href=b HREF=c>", "link") == [b"href=a", b"href=b", b"HREF=c"]


def test_a_space_inside_a_link_belongs_to_it():
    assert read("<a href=' http://x/a b.exe '>", "link") == [b"href=http://x/a%20b.exe"]


def test_an_attribute_without_a_value_is_a_link_to_nowhere():
    assert read("<a href>", "link") == [b"href="]


@pytest.mark.parametrize(
    "tag",
    ["<meta http-equiv=refresh content='0; url=http://x'>", "<p style='background:url(http://x)'>",
     "<img srcset='http://x 1x, a 2x'>", "<a ping='a http://x'>"],
)  # fmt: skip
def test_links_among_other_things_are_read_with_what_is_around_them(tag):
    (line,) = read(tag, "link")
    assert re.search(rb"[ (=]http://x", line)


def test_a_link_leads_back_to_its_value_and_its_name():
    data = b'<a  href = " ht\ntp://x/&amp;y ">'
    assert place(data, "link", b"http://x/&y") == b"ht\ntp://x/&amp;y"
    assert place(data, "link", b"href") == b"href"


# -- neither


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("<!-- http://x -->", b" http://x "), ("<!--http://x", b"http://x"), ("<!http://x>", b"http://x"),
        ("<script>a('http://x')</script>", b"a('http://x')"), ("<script>http://x", b"http://x"),
        ("<style>@import 'http://x'</style>", b"@import 'http://x'"), ("<b title='see http://x'>", b"title=see http://x"),
        ("<b onclick=http://x>", b"onclick=http://x"), ("<http://x>", b"http:"), ("<?php http://x?>", b"php http://x?"),
        ("<script>'</scripter>http://x'</script>", b"'</scripter>http://x'"),
    ],
)  # fmt: skip
def test_what_is_neither_shown_nor_followed_is_read_as_hidden(data, line):
    assert line in read(data, "hidden")


@pytest.mark.parametrize(
    "data",
    ['<!DOCTYPE html PUBLIC "-" "http://x">', '<html xmlns="http://x" xmlns:o="http://y">', "<!doctype http://x"],
)
def test_names_of_documents_and_namespaces_are_not_read(data):
    assert not any(b"http:" in traced.data for _, traced in read_html(data.encode(), "utf-8"))


def test_what_hides_in_a_comment_is_undone_like_anything_else():
    assert any(b"http://x" in found for found in shown("<!--&#104;ttp&colon;//x-->", "text/html", "hidden"))


# -- against another reader


class _Standard(HTMLParser):
    """The standard library's reader: another opinion of what is a tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.links = "", []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name == "href" and value]


ordinary = st.lists(
    st.sampled_from(
        ["<b>", "</b>", "<a href='x:y'>", '<a title="a>b" href="p:&amp;q">', "</a>", "<!-- c -->", "word", " ", "&amp;",
         "&#104;", "<br>", "<font size=2>", "a<b>c", "<a href=u:v class=w>"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(ordinary)
def test_ordinary_html_is_read_as_the_standard_library_reads_it(data):
    other = _Standard()
    other.feed(data)
    other.close()
    assert texts(data)[0].replace(b"\n", b"").decode() == other.text
    assert read(data, "link") == [f"href={link}".encode() for link in other.links]


def test_the_standard_library_agrees_about_the_references_of_html():
    data = "&copy;&lt;&notit;&#128;&hellip;"
    assert texts(data) == [standard.unescape(data).encode()]


@given(st.binary(max_size=60), st.sampled_from(["utf-8", "iso-8859-1", "us-ascii"]))
def test_no_bytes_make_it_raise(data, codec):
    assert [kind for kind, _ in read_html(data, codec)][-2:] == ["link", "hidden"]
