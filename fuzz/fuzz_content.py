"""The texts of a message wherever they hide, and changed texts put back into it.

Contract: everything in a message is a text or a reason why it cannot be read, each time and in proportion to its size,
and stands where it is said to. Texts that do not change leave every byte as it was; a changed text reads back.

Allowed: `CannotRewriteError`, which names the text that was to be changed.
"""

from __future__ import annotations

import zlib

from instant_messages import request
from mime_trees import enclosed, leaf, multipart
from pieces import exact, join, split
from seeds import MESSAGES

from sipcore import Message, ParseError, parse
from sipcore.imfilter.content import Bounds, Text, texts
from sipcore.imfilter.rewriting import CannotRewriteError, Changes, rewritten
from sipcore.limits import WIDEST

UTF8, UTF16 = ("utf-8", "utf-8", ""), ("utf-16", "utf-16", "")
BOUNDS = Bounds(depth=4, parts=16, expanded=65_536)
LEAVES = [leaf("see http://x=", UTF8, "plain", "", coding) for coding in ("", "base64", "quoted-printable")]
LEAVES += [leaf("ü http://x", UTF8, "html", "gzip", "base64"), leaf("http://x", UTF16, "plain", "deflate", "")]
TREE = multipart([*LEAVES, enclosed(LEAVES[0], cpim=True, subject="http\\u003a//x")], "mixed", 1, "before", sized=True)
#: What an input that is not a message itself is the body of.
HEADERS: list[list[tuple[str, str | bytes]]] = [
    [("Content-Type", TREE.lines[0].partition(": ")[2])],
    [("Content-Type", "message/cpim"), ("Subject", "=?utf-8?q?http:?=")],
    [("Content-Type", "text/html; charset=utf-16"), ("Content-Transfer-Encoding", "quoted-printable")],
    [("Content-Type", "message/rfc822"), ("Content-Encoding", "deflate")],
]
TREES = [TREE, *(TREE._replace(body=TREE.body.replace(*pair)) for pair in ((b"\r\n", b"\n"), (b"--=_", b"-=")))]
SEEDS = [
    *(join(each, 0, 0) for each in MESSAGES),
    *(join(each.body, 1, 0) for each in TREES),
    *(join(enclosed(each, cpim=True, subject="a").body, 2, 0) for each in (TREE, *LEAVES)),
    *(join(each.body, 3, 0) for each in LEAVES),
    join(zlib.compress(enclosed(TREE, cpim=False, subject="=?utf-8?b?aHR0cDo=?=").body), 4, 0),
]


def read(message: Message) -> dict[str, bytes]:
    """The data of every text by its path; of the ways to read one that differ from the first, the paths alone."""
    found = [each for each in texts(message, bounds=BOUNDS) if isinstance(each, Text)]
    return {each.path: b"" if "@" in each.path else bytes(each.data) for each in found}


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    kind = next(decisions, 0) % (len(HEADERS) + 1)
    try:
        message = request(content, None, headers=HEADERS[kind - 1]) if kind else parse(exact(content))
    except ParseError:
        return
    found = list(texts(message, bounds=BOUNDS))
    assert list(texts(message.detach(), bounds=BOUNDS)) == found
    known = [each for each in found if isinstance(each, Text)]
    assert sum(len(each.data) for each in known) <= 4 * BOUNDS.expanded + 20 * message.size
    assert all(each.start is None or message.buffer[each.start :][: len(each.data)] == each.data for each in known)
    assert rewritten(message, {each.path: bytes(each.data) for each in known}, bounds=BOUNDS) == Changes()
    for text in known[next(decisions, 0) % (len(known) or 1) :][:1]:
        change, edit = {text.path: b"_" + text.data}, message.edit()
        try:
            rewritten(message, change, bounds=BOUNDS).apply(edit)
        except CannotRewriteError as error:
            assert error.path == text.path
        else:
            after = read(parse(bytes(edit), WIDEST))
            assert all(after.get(path) == data for path, data in (read(message) | change).items() if "@" not in path)
