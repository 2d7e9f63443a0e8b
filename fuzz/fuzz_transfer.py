"""The readers of file offers, and what names and links are held against: extensions, destinations, bare domains.

Contract: every reader returns an offer of at least one file, or None; a name has a listed extension or none; a link's
host is a name, an address or unknown, and only a known one can be local; bare domains end, one underscore for each.

Allowed: `UnreadableOfferError`, from the readers only.
"""

from __future__ import annotations

import contextlib
import re

from file_offers import OFFERS, file_on_a_server, framed, publish_file, session, slp
from pieces import exact, join, split

from sipcore.imfilter.destinations import LocalHosts, destination
from sipcore.imfilter.domains import BareDomains
from sipcore.imfilter.extensions import DEFAULT_EXTENSIONS, Extensions
from sipcore.imfilter.transfer import OFFER_TYPES, UnreadableOfferError

READERS = list(OFFER_TYPES.values())
DEFAULT = Extensions()
EVERYWHERE = LocalHosts(["example"], ["intranet"], ["0.0.0.0/0", "::/0"])
DOMAINS = BareDomains(addresses=True)
HOST = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")

SEEDS = [
    *(join(data, number) for number, data in enumerate(OFFERS[essence] for essence in OFFER_TYPES)),
    join(publish_file(prefix="ft").encode("utf-16"), 1),
    join(session('message 9 TCP/MSRP *|a=file-selector:name:"a%22" size:1', attributes="a=recvonly").encode(), 2),
    join(file_on_a_server(name=None, url="http://a.example/b.exe").encode(), 3),
    join(framed(slp()[:300], whole=900), 5),
    join(b"http://intranet@evil.example:80/a%2Eexe;x?y#z contoso.com/x _contoso.com alice@contoso.com", 6),
    join("evil\u202etxt.exe::$DATA \u4f8b\u5b50.\u4e2d\u56fd m\u00fcnchen.de:80/ xyz://1.2.3.4/a".encode(), 6),
]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    chosen = next(decisions, 0) % (len(READERS) + 1)
    if chosen < len(READERS):
        with contextlib.suppress(UnreadableOfferError):
            offer = READERS[chosen](exact(content))
            assert offer is None or (offer.files and str(offer))
            for name in offer.names if offer else ():
                assert DEFAULT.of(name) in (None, *DEFAULT_EXTENSIONS)
        return
    place = destination(content)
    assert place.host is None or HOST.fullmatch(place.host)
    assert place.host is not None or not EVERYWHERE.covers(place)
    assert DEFAULT.of(place.file) in (None, *DEFAULT_EXTENSIONS)
    # A name in the path of another is a name of its own once the other is escaped.
    rounds = content.count(b".")
    while DOMAINS.find_all(content):
        assert rounds
        content, rounds = escaped(content), rounds - 1


def escaped(content: bytes) -> bytes:
    """The content with an underscore where each bare domain begins."""
    pieces, last = [], 0
    for start, end in DOMAINS.find_all(exact(content)):
        assert last <= start < end <= len(content)
        pieces += [content[last:start], b"_"]
        last = start
    return b"".join([*pieces, content[last:]])
