"""What becomes of a message, step by step: validate, recognise, decide, filter. Nothing is sent or remembered here.

Access control comes before content: what may not pass at all is refused without being read.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from sipcore._parser import Message
from sipcore._values import Via
from sipcore.edge import benotify, refusals
from sipcore.edge.actions import Link
from sipcore.edge.directory import Directory, UserView
from sipcore.edge.facts import Facts, FactsNow, SrvFact
from sipcore.edge.flow import Answer, Decision, Discard, Forward, NeedSrv, Static
from sipcore.edge.hashes import Keys, branch_for, made_branch, made_tag, made_way
from sipcore.edge.health import Health
from sipcore.edge.lane import known_end
from sipcore.edge.media import unfit_for_plain_text, unfit_session
from sipcore.edge.memory import ExpiringSet, RecentlyUsed, request_name
from sipcore.edge.reading import OwnRoutes, own_routes, read_flow, read_reply, user_of_ours
from sipcore.edge.refusals import Row, disposed, refuse, refused_content
from sipcore.edge.responses import decide_response
from sipcore.edge.routing import decide
from sipcore.edge.tables import Hop, Side, Tables
from sipcore.edge.targets import Aims, aims
from sipcore.edge.vias import SIGNATURE, WayBack, is_absorbed, is_ours, spoken, way_back
from sipcore.errors import HeaderError
from sipcore.imfilter import ImFilter, Verdict
from sipcore.validate import Refusal, ValidationRules, validate

__all__ = ["Judge", "Outcome", "Request"]

#: Max-Forwards 0 and Proxy-Require are judged here: an ACK to an answer of ours, or the CANCEL of a request that was
#: refused, is recognised first, and extensions come after who may speak at all.
_RULES = ValidationRules(supported=None, zero_max_forwards=True)

#: Flows whose decision is kept: pairs of domains, times methods, on every link. With twice as many in memory at most
#: (see `RecentlyUsed`), some 20 MB.
REMEMBERED_DECISIONS = 8_192
#: The first status that refuses what was asked.
_FIRST_REFUSAL = 300


class Request(NamedTuple):
    """A request with what is known of it before anything is decided.

    Attributes:
        message: as it came.
        side: where it came from.
        source: the address that it came from.
        via: its topmost.
        branch: of the Via that we push on it.
    """

    message: Message
    side: Side
    source: str
    via: Via
    branch: str

    @staticmethod
    def read(message: Message, side: Side, source: str, via: Via, keys: Keys) -> Request:
        """Put together a request that came from that address."""
        return Request(message, side, source, via, branch_for(message, via, keys))

    @property
    def name(self) -> str:
        """What our memory knows it by."""
        return request_name(self.branch, self.side, self.source)

    @property
    def method(self) -> str:
        """The method as far as refusing goes: one that is not answered, if the request must not be."""
        method = self.message.method or ""
        return benotify.METHOD if benotify.keeps_quiet(method, self.message.get("CSeq") or "") else method


class Outcome(NamedTuple):
    """What becomes of a message, and what was found on the way.

    Attributes:
        decision: what becomes of it.
        routes: of a forwarded request, the Route values that are ours.
        hop: of a forwarded request, which of the candidates it goes to; of one whose content was refused, would go to.
        others: where else, should that fail.
        more: whether judging it again may find yet others when these have failed too.
        back: of a forwarded response, where it goes.
        verdict, refusal: as in `Trace`; of a forwarded message, the verdict's changes are still to be made.
        lasts: of a forwarded message, whether others of its flow will fare the same: no record of DNS had a say.
            Of one whose content was refused, whether those with other content will.
        without: of a request whose content was refused, the decision without it.
    """

    decision: Decision
    routes: OwnRoutes | None = None
    hop: Hop | None = None
    back: WayBack | None = None
    verdict: Verdict | None = None
    refusal: Refusal | None = None
    lasts: bool = False
    others: tuple[Hop, ...] = ()
    more: bool = False
    without: Forward | None = None


class Judge:
    """Judges messages.

    Args:
        tables, content, keys, directory, facts: those of the `Engine`.
        refused: requests that were answered here, by their name.
        refused_in_dialog: of those, the ones whose To had a tag.
        health: which hops to pass over.
        remembers: keep decisions for the next request of the same flow. It changes nothing but the time that they take.
    """

    def __init__(
        self,
        tables: Tables,
        content: ImFilter | None,
        keys: Keys,
        directory: Directory | None,
        facts: Facts,
        *,
        refused: ExpiringSet,
        refused_in_dialog: ExpiringSet,
        health: Health,
        remembers: bool = True,
    ) -> None:
        self._tables = tables
        self._filter = content
        self._keys = keys
        self._directory = directory
        self._facts = facts
        self._refused = refused
        self._refused_in_dialog = refused_in_dialog
        self._health = health
        self._key_of = keys.flows(tables.verification.assertion_header).of
        self._asked: tuple[Message, Verdict] | None = None
        self._decisions: RecentlyUsed[bytes, Forward] = RecentlyUsed(REMEMBERED_DECISIONS if remembers else 0)

    # -- requests

    def request(self, request: Request, link: Link, now: float, *learnt: SrvFact) -> Outcome:
        """Judge a request. Its Via can be read; everything else may be wrong with it.

        Args:
            learnt: what it has waited for, and holds for it even if it is over at once.
        """
        finding = validate(request.message, rules=_RULES) or _no_way_back(request.via, link)
        if finding is None:
            try:
                return self._recognised(request, now) or self._decided(request, link, self._facts.at(now, *learnt), now)
            except HeaderError as error:
                # What `validate` does not look at, for only an edge does: P-Asserted-Identity, Proxy-Require.
                finding = Refusal(400, f"Malformed {error.header}", error.header, error.offset)
        line = f"{finding.reason} at byte {finding.offset}"
        return Outcome(self._refuse(request, refusals.INVALID, (line,), finding), refusal=finding)

    def _recognised(self, request: Request, now: float) -> Outcome | None:
        """What needs no decision: it is about an answer of ours, or has come too far, or has been here."""
        message = request.message
        if message.method == "ACK" and self._acknowledges_us(request, now):
            return Outcome(disposed(refusals.ACK_OF_OURS))
        row = None
        if message.method == "CANCEL" and self._refused.holds(request.name, now):
            row = refusals.CANCELLED
        elif message.max_forwards == 0:
            row = refusals.TOO_MANY_HOPS
        elif self._has_been_here(message):
            row = refusals.LOOP
        return Outcome(self._refuse(request, row, (row.when,))) if row else None

    def _acknowledges_us(self, ack: Request, now: float) -> bool:
        to = ack.message.to
        ours = made_tag(to.tag if to else None, ack.message, ack.via, self._keys)
        return ours or self._refused_in_dialog.holds(ack.name, now)

    def _has_been_here(self, message: Message) -> bool:
        """Whether a Via is ours (RFC 3261 section 16.3 item 4): its branch is the one we make of the Via below it."""
        return any(
            any(is_ours(above, side, self._tables) for side in Side)
            and made_branch(above.branch, message, below, self._keys)
            for above, below in pairwise(message.vias)
        )

    def _decided(self, request: Request, link: Link, facts: FactsNow, now: float) -> Outcome:
        message = request.message
        routes = own_routes(message, link.side, self._tables, self._keys)
        decision = self._decision(message, link, routes, facts)
        if isinstance(decision, Answer) and message.method == "CANCEL":
            # Its request was refused for the same reason, so there is nothing here to cancel.
            decision = self._refuse(request, refusals.CANCELLED, decision.chain)
        if not isinstance(decision, Forward):
            return Outcome(decision)
        aimed = self._aims(decision, facts, request.branch, now)
        if isinstance(aimed, NeedSrv):
            return Outcome(aimed)
        hops = aimed.hops
        lasts = len(decision.candidates) == 1 and not facts.asked
        verdict = self._verdict_on(message) if decision.content.filtered else None
        if verdict is not None and verdict.blocked:
            refused = refused_content(request.side, request.method, self._tables, decision.chain)
            return Outcome(refused, hop=hops[0], verdict=verdict, lasts=lasts, without=decision)
        if decision.content.plain_text and (unfit := unfit_for_plain_text(message)):
            return Outcome(self._refuse(request, unfit.row, (*decision.chain, unfit.line)), verdict=verdict)
        return Outcome(decision, routes, hops[0], verdict=verdict, others=hops[1:], more=aimed.more, lasts=lasts)

    def verdict_on(self, message: Message) -> Verdict:
        """What the filter says of a request of which the lane knows all else; kept for who is asked next, should the
        lane leave it to him."""
        assert self._filter is not None  # else nothing is blocked, and nobody asks
        verdict = self._filter.check(message)
        self._asked = None if verdict.blocked or not verdict.findings else (message, verdict)
        return verdict

    def _verdict_on(self, message: Message) -> Verdict | None:
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] is message:
            return asked[1]
        return self._filter.check(message) if self._filter is not None else None

    def _aims(self, forward: Forward, facts: FactsNow, branch: str, now: float) -> Aims | NeedSrv:
        """Where it goes, and where else: what can be sent there as it is, so that our Via stays true. What would need
        another Via is found when it is judged again."""
        first, side = forward.candidates[0], forward.side
        if len(forward.candidates) == 1 and isinstance(first, Static):
            return Aims((first.hop,))
        found = aims(forward, facts, branch, lambda hop: self._health.is_well(side, hop, now))
        if isinstance(found, NeedSrv):
            return found
        leaving = [self._tables.own.listening(side, hop.transport, hop.host) for hop in found.hops]
        hops = tuple(hop for hop, place in zip(found.hops, leaving, strict=True) if place == leaving[0])
        return Aims(hops, found.more or len(hops) < len(found.hops))

    def _decision(self, message: Message, link: Link, routes: OwnRoutes, facts: FactsNow) -> Decision:
        """What policy says; of a flow that was forwarded lately, what it said then.

        Refusals are not kept: who makes up a domain for every message would push out those who are busy. Nor is what a
        record of DNS has decided, for records expire.
        """
        users = user_of_ours(message, link.side, self._tables, self._directory)
        key = self._key(message, link, routes, users)
        if key is not None and (known := self._decisions.get(key)) is not None:
            return known
        decision = decide(read_flow(message, link, routes, self._tables), self._tables, facts, *users)
        if key is not None and isinstance(decision, Forward) and not facts.asked:
            self._decisions.put(key, decision)
        return decision

    def _key(
        self, message: Message, link: Link, routes: OwnRoutes, users: tuple[UserView | None, UserView | None]
    ) -> bytes | None:
        # Of what decides besides the flow only the directory changes under it: tables are an engine's own from its
        # first message to its last, and what a record of DNS has decided is not kept.
        peer, generation = known_end(link), 0
        if self._directory is not None:
            peer, generation = f"{peer}\n{_people(message, users)}", self._directory.generation
        inside, between = link.side is Side.INSIDE, routes.domains
        return self._key_of(message, inside, peer, between, routes.more, routes.broken, generation)

    def _refuse(
        self, request: Request, row: Row, chain: Iterable[str], finding: Refusal | None = None
    ) -> Answer | Discard:
        return refuse(row, request.side, request.method, self._tables, chain, finding=finding)

    # -- responses

    def response(self, message: Message, link: Link) -> Outcome:
        """Judge a response. What is wrong with one is nobody's business but ours: it is discarded."""
        finding = validate(message)
        if finding is not None:
            return Outcome(disposed(refusals.INVALID_RESPONSE), refusal=finding)
        try:
            vias = message.vias
            back = way_back(vias[1]) if len(vias) > 1 else None
            return self._unproven(message, vias, back, link) or self._returned(message, back, link)
        except HeaderError as error:
            finding = Refusal(400, f"Malformed {error.header}", error.header, error.offset)
            return Outcome(disposed(refusals.INVALID_RESPONSE), refusal=finding)

    def _unproven(self, message: Message, vias: list[Via], back: WayBack | None, link: Link) -> Outcome | None:
        """Why it answers no request that we forwarded (RFC 3261 section 16.11), or none that wanted an answer."""
        if not is_ours(vias[0], link.side, self._tables):
            return Outcome(disposed(refusals.NOT_OUR_VIA))
        if len(vias) == 1:
            return Outcome(disposed(refusals.FOR_US))
        if not made_branch(vias[0].branch, message, vias[1], self._keys):
            return Outcome(disposed(refusals.FORGED))
        if message.cseq is not None and message.cseq.method == benotify.METHOD:
            return Outcome(disposed(refusals.TO_BENOTIFY))  # which has no way back either, see `forwarding`
        absorbed = is_absorbed(vias[0])
        if back is None or not self._leads_back(vias[0], back, absorbed):
            return Outcome(disposed(refusals.REDIRECTED))
        if absorbed:
            refused = (message.status or 0) >= _FIRST_REFUSAL
            return Outcome(disposed(refusals.NOTIFY_REFUSED if refused else refusals.NOTIFY_ANSWERED))
        return None

    def _leads_back(self, ours: Via, back: WayBack, absorbed: bool) -> bool:
        """Whether the Via below ours leads where the request came from: it was in the hands of the other side."""
        return made_way(ours.params.get(SIGNATURE), ours.branch or "", *back.way, self._keys, absorbed=absorbed)

    def _returned(self, message: Message, back: WayBack | None, link: Link) -> Outcome:
        reply = read_reply(message, link, back.hop if back else None, self._tables)
        facts = self._facts.ever()
        decision = decide_response(reply, self._tables, facts)
        if not isinstance(decision, Forward) or not message.body:
            return Outcome(decision, back=back, lasts=not facts.asked)
        verdict = self._verdict_on(message) if decision.content.filtered else None
        if verdict is not None and verdict.blocked:
            return Outcome(disposed(refusals.FILTERED_RESPONSE), verdict=verdict)
        if decision.content.plain_text and unfit_session(message):
            return Outcome(disposed(refusals.UNFIT_RESPONSE), verdict=verdict)
        return Outcome(decision, back=back, verdict=verdict, lasts=not facts.asked)


def _people(message: Message, users: tuple[UserView | None, UserView | None]) -> str:
    """Who writes to whom, as far as rights and entries depend on it."""
    sender = message.from_.uri.user if message.from_ else None
    return "\n".join((sender or "", *("" if user is None else user.address for user in users)))


def _no_way_back(via: Via, link: Link) -> Refusal | None:
    """A request that would be carried, but whose response could not: its Via names another transport than it came by
    (RFC 3261 section 18.1.1). A forged datagram could else have us open connections wherever it says."""
    if spoken(via) is link.transport:
        return None
    return Refusal(400, "Unknown transport in Via", "Via", via.span[0])
