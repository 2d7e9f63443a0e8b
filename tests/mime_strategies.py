"""Trees of multiparts, CPIM and mail with texts for leaves: what hypothesis shows to the reader of texts and back."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from mime_trees import CONTENT, TRANSFER, Entity, enclosed, leaf, multipart

#: Trees take their time, and on a busy machine any time.
examples = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

#: Label, Python's codec, and letters that the set has. No text begins like a byte order mark.
CHARSETS = [
    ("utf-8", "utf-8", "aZ0 =_.:/\r\n\tü中€😀"),
    ("US-ASCII", "ascii", "aZ0 =_.:/-\r\n"),
    ("iso-8859-1", "latin-1", "aZ0 =ä\r\nß"),
    ("windows-1251", "cp1251", "aZ =Жя"),
    ("utf-16le", "utf-16-le", "aZ =中😀\r\n"),
    ("utf-16be", "utf-16-be", "aZ =中😀\r\n"),
    ("GBK", "gb18030", "aZ =中文\r\n"),
    ("shift_jis", "cp932", "aZ =アイ\r\n"),
    ("iso-2022-jp", "iso2022_jp", "aZ =中日\r\n"),
]


def _text(draw: st.DrawFn, letters: str) -> str:
    return draw(st.text(st.sampled_from(letters), max_size=200))


@st.composite
def entities(draw: st.DrawFn, depth: int = 3, prefix: int = 1) -> Entity:
    """A tree; ``prefix`` keeps the boundaries apart."""
    kind = draw(st.sampled_from(["leaf", "leaf", "multipart", "cpim", "mail"])) if depth else "leaf"
    if kind == "leaf":
        charset = draw(st.sampled_from(CHARSETS))
        codings = draw(st.sampled_from(list(CONTENT))), draw(st.sampled_from(list(TRANSFER)))
        return leaf(_text(draw, charset[2]), charset, draw(st.sampled_from(["plain", "html"])), *codings)
    if kind == "multipart":
        count = draw(st.integers(1, 3))
        parts = [draw(entities(depth - 1, 10 * prefix + index)) for index in range(count)]
        subtype = draw(st.sampled_from(["mixed", "alternative", "related", "x-unheard-of"]))
        return multipart(parts, subtype, prefix, draw(st.sampled_from(["", "for old readers"])), draw(st.booleans()))
    return enclosed(draw(entities(depth - 1, 10 * prefix)), kind == "cpim", draw(st.sampled_from(["", "lunch"])))
