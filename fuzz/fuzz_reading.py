"""The readings of a text: HTML, RTF, and tricks in any of them.

Contract: each reading leads back to places inside the text, in order; plain text of plain bytes is one reading, the
text itself; an underscore put where an editable reading has a link escapes that link in every reading of the new text;
what is kept is a small multiple of what came.

Allowed: nothing may be raised.
"""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

from pieces import join, split
from text_readings import defanged, links, text

from sipcore.imfilter.hiding import PLAIN_BYTES
from sipcore.imfilter.reading import RTF_BEGINNINGS, readings

TYPES = ("text/plain", "text/html", "text/rtf", "text/x-unheard-of")
CODECS = ("utf-8", "us-ascii", "iso-8859-1", "windows-1255", "koi8-r")
#: Each link found means reading the text again.
MOST_LINKS = 8
SEEDS = [
    join("see ht\u200btp：//a.example %68ttp%3A//x &#104;ttp&colon;//y ｗｗｗ。z".encode(), 0, 0),
    join(b"ht\xadtp://x w\xadww.y", 0, 2),
    join(b"<p>see <b>ht</b>tp://x <a title='a>' href = \" ht\ntp&#58;//y/a b \">z</a>http://z</p>", 1, 0),
    join(b"<!--[if IE]><a/href=http://x><![endif]--><!-- http://y --><script>'http://z'</script ><![CDATA[", 1, 0),
    join(b"<meta http-equiv=refresh content='0;url=http://x'><img srcset='http://y 1x'><!doctype x><?php \0>", 1, 1),
    join(rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f1\fcharset128 MS;}}see {\b ht}\'74\-p\u58?//x\par\f1\'83Ahttp:y}", 2, 0),
    join(rb'{\rtf1{\field{\*\fldinst{HYPERLINK "http://x/a b" \\o "c"}}{\fldrslt click}}http://y{\v z}\bin3 }}}', 2, 0),
    join(rb"{\rtf1\uc2\u-10179??\u-8704??\uc0\u104ttp://x{\upr{a}{\*\ud{b}}}\~\_\{\\", 0, 3),
    join(b"<b>ht</b>tp://x", 3, 4),
]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    essence = TYPES[next(decisions, 0) % len(TYPES)]
    codec = CODECS[next(decisions, 0) % len(CODECS)]
    found = list(readings(text(content, essence, codec)))
    # As it stands, as HTML and as RTF: one text and twice four parts, each also undone.
    assert len(found) <= 18
    if essence == "text/plain" and not content.translate(None, PLAIN_BYTES) and content[:5] not in RTF_BEGINNINGS:
        assert [reading.data for reading in found] == [content]
    for reading in found:
        # A word of RTF may put three bytes for two, and a reference of HTML four for three, one of ASCII itself.
        assert len(reading.data) <= 4 * len(content)
        check_way_back(reading, len(content))
        if reading.editable:
            for start, _ in links(reading)[:MOST_LINKS]:
                assert defanged(content, essence, start, codec) == []


def check_way_back(reading: object, size: int) -> None:
    """Every byte leads back into the text, none further left than the byte before it."""
    last = (0, 0)
    for place in range(len(reading.data)):
        span = reading.source(place, place + 1)
        assert 0 <= span[0] <= span[1] <= size
        assert span[0] >= last[0]
        assert span[1] >= last[1]
        last = span
