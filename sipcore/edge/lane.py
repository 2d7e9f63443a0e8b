"""The express lane as the engine sees it: what was decided once for a flow is carried natively from then on.

The engine decides about the first message of a flow; if all others fare the same, the lane is taught what becomes of
them, as bytes (`Plan`). What makes up a plan is written by the functions that the engine itself forwards with, so the
two cannot drift apart: a Via is made with a stand-in where branch and signature go, and then cut there.

Left to the engine for good: dialog-forming requests, whose Record-Route is signed for each; ACK and CANCEL, which it
recognises; whatever a record of DNS has decided or a rate bounds; what becomes another method; what has to be plain
text; what the filter finds and lets pass, or changes. (Where content is not filtered the lane still looks, and leaves
to the engine what is not clean.)
"""

from __future__ import annotations

from collections.abc import Callable

from sipcore._parser import Message
from sipcore.edge._express import Express
from sipcore.edge._refusing import Refusal
from sipcore.edge._runs import Plan, Run
from sipcore.edge.actions import Action, Count, Link
from sipcore.edge.answers import said_around
from sipcore.edge.benotify import METHOD
from sipcore.edge.directory import Directory
from sipcore.edge.flow import Answer, Discard, Forward
from sipcore.edge.forwarding import DIALOG_FORMING, words_of
from sipcore.edge.hashes import MAGIC_COOKIE, Keys
from sipcore.edge.links import OpenLinks
from sipcore.edge.refusals import refused_content
from sipcore.edge.tables import Hop, Side, Tables, Transport
from sipcore.edge.vias import WayBack, own_via
from sipcore.imfilter import Action as FilterAction
from sipcore.imfilter import ImFilter, Verdict
from sipcore.imfilter.verdict import FINDINGS
from sipcore.limits import Limits

__all__ = ["Lane", "known_end"]

_DECIDED_EACH_TIME = DIALOG_FORMING | {"ACK", "CANCEL"}
#: As `_places` has room for.
_MOST_ADDRESSES = 64
#: Stands for branch and signature while a Via is cut around them; no name or address has it.
_STAND_IN = "\0"
#: Bytes of our own words on a message, of which `Express` leaves room for somewhat more.
_MOST_ADDED = 3_000
#: Classes of statuses, with one for what cannot be.
_CLASSES = range(10)


class Lane:
    """Carries messages whose decision is kept.

    Args:
        tables, content, keys, directory, links, limits: those of the `Engine`.
        check, told: as of `Express`.
    """

    def __init__(
        self,
        tables: Tables,
        content: ImFilter | None,
        keys: Keys,
        directory: Directory | None,
        links: OpenLinks,
        limits: Limits,
        check: Callable[[Message], Verdict],
        told: Callable[[Message, Link, str, bool, Answer, Verdict | None, float], None],
    ) -> None:
        self._tables = tables
        self._filters = content is not None
        self._directory = directory
        notice = tables.archiving_notice.told
        self._express = Express(
            keys.signers(tables.verification.assertion_header),
            tables.own,
            (tables.verification.mark_header, tables.verification.assertion_header, notice and notice[0]),
            known_end,
            links.at,
            limits,
            content.gate if content else None,
            check,
            told,
            by_user=directory is not None,
            retracts=not tables.benotify.enabled,
            refuses_links=content is not None and content.refuses_links,
        )

    @staticmethod
    def fits(tables: Tables) -> bool:
        """Whether our own side has no more addresses than the lane compares one by one."""
        return sum(1 for _ in tables.own.addresses()) <= _MOST_ADDRESSES

    def carry(self, message: Message, link: Link, now: float) -> list[Action] | None:
        """What `Engine.receive` would say of a message; None where the lane does not know, for whatever reason."""
        return self._express.carry(message, link, self._generation, now)

    def carry_all(self, take: Callable[[], Message | None], link: Link, now: float) -> tuple[list[Run], Message | None]:
        """As `Engine.receive_all`."""
        return self._express.carry_all(take, link, self._generation, now)

    def learn_request(self, message: Message, link: Link, forward: Forward, hop: Hop, kind: str) -> None:
        """What became of a request becomes of all that are like it.

        Args:
            forward, hop: as it was forwarded, or would have been with other content.
            kind: as it is counted.
        """
        if message.method in _DECIDED_EACH_TIME or forward.paced or forward.method or forward.content.plain_text:
            return
        key = self._express.key(message, link, self._generation)
        if key is None:
            return
        via = _cut_via(self._tables.own.listening(forward.side, hop.transport, hop.host), message.method != METHOD)
        counts, refusal = _counts(link.side, forward, kind), self._refusal(message, link, forward, kind)
        if len(added := self._added(forward)) <= _MOST_ADDED:
            self._express.keep(key, Plan(forward.side, hop, added, counts, *via, refusal=refusal))

    def learn_response(self, message: Message, link: Link, forward: Forward, back: WayBack) -> None:
        """The same of a response, and all that go the same way, whatever their status."""
        if forward.content.plain_text:
            return
        key = self._express.key(message, link, self._generation)
        if key is None:
            return
        counts = tuple(_counts(link.side, forward, f"{number}xx") for number in _CLASSES)
        place = (
            None if back.source_port is None else (forward.side, back.hop.transport, back.hop.host, back.source_port)
        )
        if len(added := self._added(forward)) <= _MOST_ADDED:
            self._express.keep(key, Plan(forward.side, back.hop, added, counts, place=place))

    def _refusal(self, message: Message, link: Link, forward: Forward, kind: str) -> Refusal | None:
        """What becomes of such requests if the filter blocks them; None where it is not asked, or none is answered."""
        if not (self._filters and forward.content.filtered):
            return None
        answer = refused_content(link.side, message.method or "", self._tables, forward.chain)
        if isinstance(answer, Discard):
            return None
        received, refused = (
            Count("received", (link.side, kind)),
            Count("refused", (link.side, answer.why, str(answer.status))),
        )
        counts: dict[str, tuple[Count, ...]] = {
            found: (received, refused, Count("filtered", (link.side, FilterAction.BLOCK, found))) for found in FINDINGS
        }
        return Refusal(answer, counts, *said_around(answer))

    @property
    def _generation(self) -> int:
        return self._directory.generation if self._directory is not None else 0

    def _added(self, forward: Forward) -> bytes:
        """Mark, assertion and notice, as lines."""
        lines = (f"{name}: {value}\r\n" for name, value in words_of(forward, self._tables))
        return "".join(lines).encode("utf-8", "surrogateescape")


def _cut_via(leaving: Hop, answered: bool) -> tuple[bytes, bytes, bytes]:
    """Our Via before its branch's digits, between them and its signature, and behind that; what is not answered has no
    signature, and nothing between."""
    via = own_via(leaving, MAGIC_COOKIE + _STAND_IN, _STAND_IN if answered else None)
    before, *between, behind = f"Via: {via}\r\n".encode().split(_STAND_IN.encode())
    return before, b"".join(between), behind


def _counts(came_from: Side, forward: Forward, kind: str) -> tuple[Count, Count]:
    return Count("received", (came_from, kind)), Count("forwarded", (forward.side, kind, forward.rule))


def known_end(link: Link) -> str:
    """All that is known of a link's other end: its address where that is all, else its certificate."""
    if link.transport is not Transport.TLS:
        return link.remote_host
    certificate = link.certificate
    if certificate is None:
        return "tls"
    return "\n".join(("tls", " ".join(sorted(certificate.classes)), certificate.common_name, *certificate.names))
