"""The engine: a message and the time in, actions out. No IO, no clock, nothing random.

It is a stateless proxy (RFC 3261 section 16.11). What becomes of a message is found in `judging`; here it is carried
out: forwarded in `forwarding`, answered in `answers`, or dropped, and counted in every case. What a stateful proxy
remembers is computed again from the message, see `hashes`; what cannot be is in `memory`.

A request that cannot be decided before DNS has answered waits, detached from the buffer that it came in, in a room that
is bounded. It asks for each domain once, and a look-up that takes too long has failed: so waiting ends. Each side has a
room of its own and asks by itself: what strangers send never takes the place of what our users send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sipcore._parser import Message, parse
from sipcore._values import Via
from sipcore.edge import benotify, refusals
from sipcore.edge._runs import Run
from sipcore.edge.actions import Action, Count, Failure, Link, Origin, Resolve, Send, Trace
from sipcore.edge.answers import answer_after, answer_on
from sipcore.edge.directory import Directory
from sipcore.edge.facts import Facts, Found, SrvFact
from sipcore.edge.flow import Answer, Discard, Forward, NeedSrv
from sipcore.edge.forwarding import forwarded_request, forwarded_response, past_limits
from sipcore.edge.hashes import Keys, tag_for
from sipcore.edge.health import Health
from sipcore.edge.judging import Judge, Outcome, Request
from sipcore.edge.lane import Lane
from sipcore.edge.links import OpenLinks
from sipcore.edge.memory import ExpiringSet
from sipcore.edge.pacing import Pace
from sipcore.edge.reading import target_of
from sipcore.edge.refusals import Row, disposed, refuse
from sipcore.edge.tables import Side, Tables, domain_name
from sipcore.edge.vias import is_absorbed, way_back
from sipcore.edge.waiting import WaitingRoom
from sipcore.errors import EditError, HeaderError
from sipcore.grammar import METHODS, reason_phrase
from sipcore.imfilter import ImFilter, Verdict
from sipcore.limits import DEFAULT, WIDEST, Limits

__all__ = ["Engine", "Keys", "Link"]

_KNOWN_METHODS = frozenset(METHODS)

#: Bytes that may wait for one domain, and for all, of what came from one side.
_WAIT_FOR_ONE, _WAIT_FOR_ALL = 1 << 20, 1 << 23
#: What a message that waits costs beside its bytes, roughly.
_WAIT_OVERHEAD = 1 << 10
#: Seconds until a look-up has failed: well before a client gives up (RFC 3261 section 17.1, 32 s).
_WAIT_SECONDS = 10.0
#: Seconds for which a request may be sent to other targets: with what it waited, still before its client gives up.
_RETARGET_SECONDS = 16.0

_FAILURES: dict[Failure, Row] = {
    Failure.DOWN: refusals.UNDELIVERED,
    Failure.LOCAL: refusals.UNDELIVERED,
    Failure.UNRESOLVED: refusals.NO_ADDRESS,
    Failure.UNTRUSTED: refusals.UNTRUSTED,
    Failure.NO_TLS: refusals.TLS_FAILED,
}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that waits, with all that it has been told so far."""

    message: Message
    link: Link
    told: tuple[SrvFact, ...]


class Engine:
    """Receives messages and says what to do. The same inputs in the same order give the same actions.

    Args:
        tables: the configuration.
        filter: looks at content; None where it is switched off.
        keys: the secret of the branches and tags.
        observe: is told what became of each message, and why; costs nothing when None.
        observe_forwarded: that of what was forwarded too. Without, such messages may take the express lane.
        directory: our users and their rights; without one everybody of ours has every right.
        limits: that messages are read with. What would leave past them is refused: its answer, which repeats our Via,
            would end the connection that it comes on, and the next edge has the same.
        remember_decisions: decide once for all messages of a flow, as long as they keep coming. The same actions
            either way; tests compare the two.
    """

    def __init__(
        self,
        tables: Tables,
        filter: ImFilter | None,  # noqa: A002 - the word of the vocabulary
        keys: Keys,
        observe: Callable[[Trace], None] | None = None,
        directory: Directory | None = None,
        *,
        limits: Limits = DEFAULT,
        observe_forwarded: bool = True,
        remember_decisions: bool = True,
    ) -> None:
        self._tables = tables
        self._check = filter.check if filter is not None else None
        self._keys = keys
        self._observe = observe
        self._observes_forwarded = observe_forwarded
        self._limits = limits
        self._links = OpenLinks()
        self._refused, self._refused_in_dialog = ExpiringSet(), ExpiringSet()
        self._facts = Facts()
        self._health = Health()
        self._pace = Pace(tables.discovered.limits)
        self._waiting: dict[Side, WaitingRoom[str, _Waiting]] = {
            side: WaitingRoom(_WAIT_FOR_ONE, _WAIT_FOR_ALL) for side in Side
        }
        self._asked: dict[tuple[Side, str], float] = {}
        self._judge = Judge(
            tables,
            filter,
            keys,
            directory,
            self._facts,
            refused=self._refused,
            refused_in_dialog=self._refused_in_dialog,
            health=self._health,
            remembers=remember_decisions,
        )
        takes_lane = remember_decisions and (observe is None or not observe_forwarded) and Lane.fits(tables)
        content = self._judge.verdict_on, self._note_refused
        self._lane = Lane(tables, filter, keys, directory, self._links, limits, *content) if takes_lane else None
        self._left: Message | None = None

    # -- what the shell tells

    def receive(self, message: Message, link: Link, now: float) -> list[Action]:
        """Deal with one message. A request is answered at most once; nothing of it is kept unless it waits for DNS.

        Args:
            message: a request or a response.
            link: where it came from.
            now: seconds since any fixed moment, never going back.

        Returns:
            What to do, in order.
        """
        tried, self._left = message is self._left, None
        if self._lane is not None and not tried and (carried := self._lane.carry(message, link, now)) is not None:
            return carried
        received = Count("received", (link.side, _kind(message)))
        return [received, *self._dealt(message, link, now)]

    def receive_all(
        self, take: Callable[[], Message | None], link: Link, now: float
    ) -> tuple[list[Run], Message | None]:
        """Deal with what a link has brought, as far as it is all of flows that are decided already.

        Args:
            take: gives the next message, None when there is none; as `Framer.next_message`.
            link, now: as for `receive`.

        Returns:
            What leaves, in order, and the message before which that ended, for `receive`. To be called until there is
            neither. What is sent and counted is what `receive` says of each by itself.
        """
        if self._lane is None:
            return [], take()
        runs, self._left = self._lane.carry_all(take, link, now)
        return runs, self._left

    def resolved(self, fact: SrvFact, now: float, asker: Side | None = None) -> list[Action]:
        """A look-up has ended, be it without an answer: what waited for it goes on, in the order in which it came.

        Args:
            asker: the side of the `Resolve`, for the other may still get an answer; without one it is that of both.
        """
        return [action for go_on in self.released(fact, now, asker) for action in go_on()]

    def released(self, fact: SrvFact, now: float, asker: Side | None = None) -> list[Callable[[], list[Action]]]:
        """The same in steps, one for each message that waited: an error in one need not cost the others theirs."""
        self._facts.learn(fact)
        guests = [
            guest
            for side in (Side if asker is None else (asker,))
            if self._asked.pop((side, fact.domain), None) is not None
            for guest in self._waiting[side].leave(fact.domain)
        ]
        return [partial(self._dealt, guest.message, guest.link, now, (*guest.told, fact)) for guest in guests]

    def undelivered(self, send: Send, now: float, failure: Failure = Failure.DOWN) -> list[Action]:
        """A `Send` could not be carried out: it goes to its next target that is well (RFC 3263 section 4.3). When there
        is none, or it is too late, the sender of a request is told why, and anything else is counted."""
        if failure is not Failure.LOCAL and send.came_from is not None:
            self._health.failed(send.side, send.hop, now)
            if (again := self._retargeted(send, now)) is not None:
                return [again, Count("retargeted", (send.side,))]
            if send.origin is not None and now + _WAIT_SECONDS < send.until:
                return [Count("retargeted", (send.side,)), *self._judged_again(send.origin, now)]
        message = parse(send.data, WIDEST)
        if not message.is_request:
            return [Count("discarded", (send.side, refusals.UNDELIVERED.name))]
        came = parse(bytes(message.edit().pop_via()), WIDEST)
        return self._give_back(came, send, _FAILURES[failure], now, quietly=is_absorbed(message.via))

    def _retargeted(self, send: Send, now: float) -> Send | None:
        """The same bytes, and so the same branch, for the next target."""
        if now < send.until:
            for index, hop in enumerate(send.others):
                if self._health.is_well(send.side, hop, now):
                    return send._replace(hop=hop, others=send.others[index + 1 :])
        return None

    def _judged_again(self, origin: Origin, now: float) -> Iterator[Action]:
        """What becomes of a request now that all its targets have failed. Once: it is not to wait for ever."""
        for action in self._dealt(*origin, now):
            yield action._replace(origin=None) if isinstance(action, Send) else action

    def link_up(self, link: Link, now: float) -> None:
        """A connection is open: answers to what came on it leave by it."""
        self._links.add(link)

    def link_down(self, link: Link, now: float) -> None:
        """A connection is closed."""
        self._links.remove(link)

    def tick(self, now: float) -> list[Action]:
        """Forget what is over, and let nothing wait for ever. To be called every second or so."""
        self._refused.expire(now)
        self._refused_in_dialog.expire(now)
        self._health.expire(now)
        late = [asked for asked, since in self._asked.items() if now - since >= _WAIT_SECONDS]
        actions: list[Action] = []
        for side, domain in late:
            actions += self.resolved(SrvFact(domain, Found.FAILED, expires=now), now, side)
        return actions

    @property
    def waiting(self) -> tuple[int, int]:
        """How many requests wait for a record of DNS, and their bytes as they are bounded."""
        rooms = self._waiting.values()
        return sum(room.guests for room in rooms), sum(room.size for room in rooms)

    def _dealt(self, message: Message, link: Link, now: float, told: tuple[SrvFact, ...] = ()) -> list[Action]:
        try:
            return self._request(message, link, now, told) if message.is_request else self._response(message, link)
        except EditError:
            # Typed access is more forgiving than an edit, which must know where every value of a list ends.
            return self._drop(message, link, Outcome(disposed(refusals.UNWRITABLE)))

    # -- requests

    def _request(self, message: Message, link: Link, now: float, told: tuple[SrvFact, ...]) -> list[Action]:
        via = _topmost(message)
        if via is None:
            return self._drop(message, link, Outcome(disposed(refusals.NO_VIA)))
        request = Request.read(message, link.side, link.remote_host, via, self._keys)
        outcome = self._judge.request(request, link, now, *told)
        if told:
            outcome = outcome._replace(more=False)  # it has waited once, and its client will not for ever
        if isinstance(outcome.decision, NeedSrv):
            if waits := self._wait(request, link, outcome.decision.domain, now, told):
                return waits
            crowded = not any(fact.domain == outcome.decision.domain for fact in told)
            outcome = self._refusal(request, refusals.CROWDED if crowded else refusals.NO_SRV, outcome.decision)
        return self._done(request, link, self._paced(request, outcome, now), now)

    def _done(self, request: Request, link: Link, outcome: Outcome, now: float) -> list[Action]:
        data = b""
        if isinstance(outcome.decision, Forward):
            data = self._written(request, link, outcome, outcome.decision)
            if (row := past_limits(data, self._limits)) is not None:
                outcome = self._refusal(request, row, outcome.decision)
        if isinstance(outcome.decision, Forward):
            actions = self._forward(request, link, outcome, outcome.decision, data, now)
        elif isinstance(outcome.decision, Answer):
            if outcome.without is not None:
                self._teach_request(request, link, outcome, outcome.without)
            actions = [*self._answer(request, link, outcome.decision, now), *_filtered(link, outcome)]
        else:
            return self._drop(request.message, link, outcome)
        self._tell(request.message, link, outcome)
        return actions

    def _wait(self, request: Request, link: Link, domain: str, now: float, told: tuple[SrvFact, ...]) -> list[Action]:
        """Let a request wait for a record; nothing when it was told that already, or there is no room."""
        if any(fact.domain == domain for fact in told):
            return []
        room = self._waiting[link.side]
        ask = domain not in room
        if ask:
            room.open(domain)
        message = request.message.detach()
        if not room.admit(domain, _Waiting(message, link, told), message.size + _WAIT_OVERHEAD):
            if ask:
                room.leave(domain)
            return []
        if not ask:
            return [Count("waited", (link.side,))]
        self._asked[link.side, domain] = now
        return [Resolve(domain, link.side), Count("waited", (link.side,))]

    def _paced(self, request: Request, outcome: Outcome, now: float) -> Outcome:
        """Refuse what a discovered peer sends too fast; a forwarded request only, for others cost nobody anything."""
        forward = outcome.decision
        if not isinstance(forward, Forward) or not forward.paced:
            return outcome
        if self._pace.admits(forward.paced, target_of(request.message), now):
            return outcome
        return self._refusal(request, refusals.PACED, forward)

    def _refusal(self, request: Request, row: Row, so_far: NeedSrv | Forward) -> Outcome:
        chain = (*so_far.chain, row.when)
        return Outcome(refuse(row, request.side, request.method, self._tables, chain))

    def _written(self, request: Request, link: Link, outcome: Outcome, forward: Forward) -> bytes:
        assert outcome.routes is not None  # a forwarded request's were read ...
        assert outcome.hop is not None  # ... and its target chosen
        return forwarded_request(
            request.message,
            self._tables,
            via=request.via,
            link=link,
            routes=outcome.routes,
            forward=forward,
            hop=outcome.hop,
            branch=request.branch,
            keys=self._keys,
            verdict=outcome.verdict,
        )

    def _forward(
        self, request: Request, link: Link, outcome: Outcome, forward: Forward, data: bytes, now: float
    ) -> list[Action]:
        assert outcome.hop is not None
        self._teach_request(request, link, outcome, forward)
        send = Send(outcome.hop, forward.side, None, data, link.side)
        if outcome.others or outcome.more:
            # What has been answered here is not taken back, see `_turned`.
            origin = Origin(request.message.detach(), link) if outcome.more and not forward.method else None
            send = send._replace(others=outcome.others, until=now + _RETARGET_SECONDS, origin=origin)
        counted = Count("forwarded", (forward.side, _kind(request.message), forward.rule))
        return [send, counted, *self._turned(request, link, forward), *_filtered(link, outcome)]

    def _teach_request(self, request: Request, link: Link, outcome: Outcome, forward: Forward) -> None:
        """What becomes of a request becomes of all that are like it, but for their content."""
        if self._lane is not None and outcome.lasts and outcome.hop is not None:
            self._lane.learn_request(request.message, link, forward, outcome.hop, _kind(request.message))

    def _turned(self, request: Request, link: Link, forward: Forward) -> Iterator[Action]:
        """What is due for a request that left with another method: each NOTIFY wants its answer, and it is ours."""
        if not forward.method:
            return
        yield Count("turned", (forward.side, forward.method))
        if forward.method == benotify.METHOD:
            answered = Answer(200, reason_phrase(200), (), "turned", forward.chain)
            tag = tag_for(request.message, request.via, self._keys)
            yield answer_on(link, request.message, request.via, answered, tag)

    def _answer(self, request: Request, link: Link, answer: Answer, now: float) -> list[Action]:
        self._remember_request(request, now)
        tag = tag_for(request.message, request.via, self._keys)
        return [answer_on(link, request.message, request.via, answer, tag), _refused(request, answer)]

    def _remember_request(self, request: Request, now: float) -> None:
        """Remember it, but not a CANCEL: it has its request's branch, and must not speak for it."""
        if request.message.method != "CANCEL":
            self._remember(request.name, _has_tag(request.message), now)

    def _remember(self, name: str, has_tag: bool, now: float) -> None:
        """For the CANCEL and ACK to come."""
        self._refused.add(name, now)
        if has_tag:
            self._refused_in_dialog.add(name, now)

    def _note_refused(
        self,
        message: Message,
        link: Link,
        name: str,
        has_tag: bool,
        answer: Answer,
        verdict: Verdict | None,
        now: float,
    ) -> None:
        """What is due beside the answer of the lane to a request whose content is refused."""
        self._remember(name, has_tag, now)
        if self._observe is not None:
            self._observe(Trace(message, link, answer, verdict or self._check, None))

    def _give_back(self, message: Message, send: Send, row: Row, now: float, *, quietly: bool) -> list[Action]:
        """Tell the sender that it could not be sent on; not if it came as BENOTIFY and only left as NOTIFY."""
        via = _topmost(message)
        back = way_back(via) if via else None
        assert via is not None  # we forwarded it ...
        assert back is not None  # ... with our note in that Via
        request = Request.read(message, send.came_from or send.side.opposite, back.hop.host, via, self._keys)
        method = benotify.METHOD if quietly else request.method
        decision = refuse(row, request.side, method, self._tables, (f"no way to {send.hop}",))
        if isinstance(decision, Discard):
            return [Count("discarded", (request.side, decision.why))]
        self._remember_request(request, now)
        tag = tag_for(message, via, self._keys)
        link_id = self._links.leading_to(request.side, back)
        answer = answer_after(message, side=request.side, back=back, link_id=link_id, answer=decision, tag=tag)
        return [answer, _refused(request, decision)]

    # -- responses

    def _response(self, message: Message, link: Link) -> list[Action]:
        outcome = self._judge.response(message, link)
        decision = outcome.decision
        if not isinstance(decision, Forward):
            return self._drop(message, link, outcome)
        assert outcome.back is not None  # a response without a way back is discarded
        link_id = self._links.leading_to(decision.side, outcome.back)
        counts = self._note_answer(message)
        data = forwarded_response(message, decision, self._tables, outcome.verdict)
        if past_limits(data, self._limits) is not None:
            return self._drop(message, link, Outcome(disposed(refusals.OVERGROWN)))
        self._tell(message, link, outcome)
        if self._lane is not None and outcome.lasts and not counts:
            self._lane.learn_response(message, link, decision, outcome.back)
        send = Send(outcome.back.hop, decision.side, link_id, data)
        counted = Count("forwarded", (decision.side, _kind(message), decision.rule))
        return [send, counted, *_filtered(link, outcome)]

    def _note_answer(self, message: Message) -> bool:
        """Whether it may be the answer to a discovered peer that nobody has listed (From is still theirs): how the
        requests of such a one fare is counted each time."""
        asked = message.from_
        domain = domain_name(asked.uri.host or "") if asked is not None else ""
        if not self._tables.is_unlisted(domain):
            return False
        self._pace.answered(domain, message.status or 0)
        return True

    # -- both

    def _drop(self, message: Message, link: Link, outcome: Outcome) -> list[Action]:
        assert isinstance(outcome.decision, Answer | Discard)
        self._tell(message, link, outcome)
        return [Count("discarded", (link.side, outcome.decision.why)), *_filtered(link, outcome)]

    def _tell(self, message: Message, link: Link, outcome: Outcome) -> None:
        assert not isinstance(outcome.decision, NeedSrv)  # it waits, and is told of when that is over
        told = self._observes_forwarded or not isinstance(outcome.decision, Forward)
        if self._observe is not None and told:
            self._observe(Trace(message, link, outcome.decision, outcome.verdict, outcome.refusal))


def _topmost(message: Message) -> Via | None:
    try:
        return message.via
    except HeaderError:
        return None


def _has_tag(message: Message) -> bool:
    try:
        return message.to is not None and message.to.tag is not None
    except HeaderError:
        return False


def _kind(message: Message) -> str:
    """A label of which there are few: a known method, or the class of a response."""
    if message.status is not None:
        return f"{message.status // 100}xx"
    return message.method if message.method in _KNOWN_METHODS else "other"


def _filtered(link: Link, outcome: Outcome) -> Iterator[Count]:
    """That the filter found something in a message; which side sent it, and what was the worst of it."""
    if outcome.verdict is not None and (worst := outcome.verdict.worst) is not None:
        yield Count("filtered", (link.side, outcome.verdict.action, worst.kind))


def _refused(request: Request, answer: Answer) -> Count:
    return Count("refused", (request.side, answer.why, str(answer.status)))
