"""Messages made to cost the filter as much as they can, in any size: for its decoders, readers of offers and searches.

Run as a program it checks each at two sizes, the second twice the first, under `sipcore_bench.callgrind`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from instant_messages import request
from link_texts import own_texts

from sipcore._parser import Message
from sipcore.imfilter import STRICT, ImFilter
from sipcore_bench import callgrind

#: Bytes of the larger body of the two whose instructions are compared, and of the one that is checked for its verdict.
SIZE = 4096
WHOLE = 65_536
CONTENT = ImFilter(STRICT)

Headers = list[tuple[str, str | bytes]]
PLAIN, HTML, RTF = "text/plain", "text/html", "text/rtf"
MIXED = "multipart/mixed;boundary=b"
NOISE = base64.b64encode(hashlib.shake_256(b"noise").digest(96))


class Adversary(NamedTuple):
    """One kind of attack.

    Attributes:
        make: the body of so many bytes.
        found: the rules that are found in it, whatever its size; none where it is harmless for all its trouble.
    """

    make: Callable[[int], bytes]
    found: set[str]
    content_type: str = PLAIN
    headers: Headers = []  # noqa: RUF012 - nobody changes it

    def message(self, size: int) -> Message:
        """The attack in that size."""
        return request(self.make(size), self.content_type, headers=self.headers)


def many(piece: bytes, first: bytes = b"", last: bytes = b"") -> Callable[[int], bytes]:
    """A body of many equal pieces."""
    return lambda size: first + piece * ((size - len(first) - len(last)) // len(piece)) + last


def part(piece: bytes, header: bytes) -> Callable[[int], bytes]:
    """A multipart with one part, its body of many equal pieces."""
    return many(piece, b"--b\r\n" + header + b"\r\n\r\n", b"\r\n--b--")


def nested(size: int) -> bytes:
    """Multiparts in one another, each with a boundary of its own: ten thousand in 580,000 bytes."""
    step = b"--%05d\r\nContent-Type: multipart/mixed;boundary=%05d\r\n\r\n"
    opened = b"".join(step % (number, number + 1) for number in range(1, size // LENGTH_OF_A_STEP))
    return b"--b\r\nContent-Type: multipart/mixed;boundary=00001\r\n\r\n" + opened + b"http://a.example"


LENGTH_OF_A_STEP = 58


def bomb(coding: Callable[[bytes], bytes]) -> Callable[[int], bytes]:
    """Compressed zeros, four thousand times so many."""
    return lambda size: coding(bytes(4096 * size))


BASE64, QUOTED = b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable"
UNDECODABLE = {"undecodable"}
#: Of readers and searches each has its own, with more attacks: `reading_adversaries`, `search_adversaries`.
ADVERSARIES = {
    # what a text is made of
    "less-than signs": Adversary(many(b"<"), set(), HTML),
    "ampersands": Adversary(many(b"&"), set()),
    "percent signs": Adversary(many(b"%"), set()),
    "braces": Adversary(many(b"{", b"{\\rtf1 "), set(), RTF),
    "braces in plain text": Adversary(many(b"{", b"{\\rtf1 "), set()),
    "hexadecimal bytes": Adversary(many(b"\\'"), set(), RTF),
    "entities without an end": Adversary(many(b"&#x0"), set(), HTML),
    "entities within entities": Adversary(many(b"amp;", b"&"), set(), HTML),
    "dots": Adversary(many(b"."), set()),
    "labels": Adversary(many(b"a."), set()),
    "labels behind slashes": Adversary(many(b"//a."), set()),
    "addresses without an end": Adversary(many(b"a.com@"), set()),
    "domains": Adversary(many(b"a.com "), {"bare-domain", "unseen"}),
    "domains in a path": Adversary(many(b"/a.com", b"a.com"), {".com"}),
    "domains between foreign letters": Adversary(many("看a.com".encode()), {"bare-domain"}),
    "foreign letters in a label": Adversary(many("看".encode(), b"a.", b".com"), {"bare-domain"}),
    "numbers": Adversary(many(b"1.1.1.1/"), set()),
    "links": Adversary(many(b"http://a "), {"http:", "unseen"}),
    "one link": Adversary(many(b"a", b"http://"), {"http:"}),
    "escaped links": Adversary(many(b"_http://"), set()),
    # how it is written
    "base64 noise": Adversary(part(NOISE, BASE64), set(), MIXED),
    "base64 of one letter a line": Adversary(part(b"A\r\n" * 4, BASE64), set(), MIXED),
    "padding": Adversary(part(b"=", BASE64), set(), MIXED),
    "soft breaks": Adversary(part(b"=\r\n", QUOTED), set(), MIXED),
    "equals signs": Adversary(part(b"=", QUOTED), UNDECODABLE, MIXED),
    "white space behind equals signs": Adversary(part(b"= \t", QUOTED), UNDECODABLE, MIXED),
    "escapes of ISO 2022": Adversary(many(b"\x1b$B\x1b(B"), set(), "text/plain;charset=iso-2022-jp"),
    "UTF-16 in either order": Adversary(many(b"\x61\x62"), set(), "text/plain;charset=utf-16"),
    "content encodings": Adversary(
        many(b"a"), UNDECODABLE, headers=[("Content-Encoding", ",".join(["gzip"] * 1000))]
    ),
    # how it is put together
    "parts": Adversary(many(b"--b\r\n\r\na\r\n"), UNDECODABLE, MIXED),
    "boundaries": Adversary(many(b"--b\r\n"), UNDECODABLE, MIXED),
    "what may be a boundary": Adversary(many(b"\r\n--bb"), UNDECODABLE, MIXED),
    "nearly boundaries": Adversary(many(b"\r\n-", b"--b\r\n\r\n", b"\r\n--b--"), set(), MIXED),
    "nested parts": Adversary(nested, {"http:", "undecodable"}, MIXED),
    "nested parts with one boundary": Adversary(
        many(b"--b\r\nContent-Type: " + MIXED.encode() + b"\r\n\r\n"), UNDECODABLE, MIXED
    ),
    "fields of a part": Adversary(many(b"a: b\r\n", b"--b\r\n", b"\r\nc\r\n--b--"), UNDECODABLE, MIXED),
    "folds of a field": Adversary(many(b"\r\n a", b"--b\r\na: b", b"\r\n\r\nc\r\n--b--"), UNDECODABLE, MIXED),
    "one field": Adversary(
        many(b";a=b", b"--b\r\nContent-Type: text/plain", b"\r\n\r\nc\r\n--b--"), UNDECODABLE, MIXED
    ),
    "CPIM without an end": Adversary(many(b"a: b\r\n"), UNDECODABLE, "message/cpim"),
    "CPIM in CPIM": Adversary(many(b"a: b\r\n\r\nContent-Type: message/cpim\r\n\r\n"), UNDECODABLE, "message/cpim"),
    "mail in mail": Adversary(many(b"Content-Type: message/rfc822\r\n\r\n"), UNDECODABLE, "message/rfc822"),
    # offers
    "elements": Adversary(many(b"<a>", b"<publishFile>"), UNDECODABLE, "application/ms-filetransfer+xml"),
    "entities of XML": Adversary(
        many(b"<!ENTITY a '&a;&a;'>", b"<!DOCTYPE publishFile ["), UNDECODABLE, "application/ms-filetransfer+xml"
    ),
    "media": Adversary(many(b"m=message 9 TCP/MSRP *\r\n"), set(), "application/sdp"),
    "selectors": Adversary(
        many(b'a=file-selector:name:"', b"m=message 9 TCP/MSRP *\r\n"), {"file-transfer"}, "application/sdp"
    ),
    "fields of an invitation": Adversary(
        many(b"Application-File: a\r\n", b"Invitation-Command: INVITE\r\nApplication-Name: File Transfer\r\n"),
        {"file-transfer"}, "text/x-msmsgsinvite",
    ),
    "GUIDs": Adversary(many(b"EUF-GUID: {5D3E02AB\r\n", bytes(48) + b"INVITE MSNMSGR:a MSNSLP/1.0\r\n"), set(),
                       "application/x-msnmsgrp2p"),
}  # fmt: skip
#: What expands: the room ends it, so that twice the bomb costs no more.
BOMBS = {
    "gzip": Adversary(bomb(gzip.compress), UNDECODABLE, headers=[("Content-Encoding", "gzip")]),
    "deflate": Adversary(bomb(zlib.compress), UNDECODABLE, headers=[("Content-Encoding", "deflate")]),
    "gzip in gzip": Adversary(
        lambda size: gzip.compress(bomb(gzip.compress)(size)), UNDECODABLE, headers=[("Content-Encoding", "gzip, gzip")]
    ),
    "gzip in base64": Adversary(
        lambda size: b"--b\r\nContent-Encoding: gzip\r\n" + BASE64 + b"\r\n\r\n"
        + base64.b64encode(bomb(gzip.compress)(size)) + b"\r\n--b--",
        UNDECODABLE, MIXED,
    ),
}  # fmt: skip


def works() -> Iterator[tuple[str, int, Callable[[], Callable[[], object]]]]:
    """Every check at two sizes, as `run_marked` takes them."""
    for each in own_texts():  # what is made once, however many texts come
        CONTENT.check_text(each.text)
    for name, adversary in (ADVERSARIES | BOMBS).items():
        for step, size in (("half", SIZE // 2), ("whole", SIZE)):
            message = adversary.message(size)
            yield f"{name}/{step}", 1, lambda message=message: lambda: CONTENT.check(message)


if __name__ == "__main__":
    callgrind.PASSES = 1
    callgrind.run_marked(works())
