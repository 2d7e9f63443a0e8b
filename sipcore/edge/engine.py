"""The engine: a message and the time in, actions out. No IO, no clock, nothing random.

It is a stateless proxy (RFC 3261 section 16.11). What becomes of a message is found in `judging`; here it is carried
out: forwarded in `forwarding`, answered in `answers`, or dropped, and counted in every case. What a stateful proxy
remembers is computed again from the message, see `hashes`; what cannot be is in `memory`.
"""

from __future__ import annotations

from collections.abc import Callable

from sipcore._parser import Message, parse
from sipcore._values import Via
from sipcore.edge import refusals
from sipcore.edge.actions import Action, Count, Link, Send, Trace
from sipcore.edge.answers import OWN_LIMITS, answer_after, answer_on
from sipcore.edge.flow import Answer, Discard, Forward
from sipcore.edge.forwarding import forwarded_request, forwarded_response
from sipcore.edge.hashes import Keys, tag_for
from sipcore.edge.judging import Judge, Outcome, Request
from sipcore.edge.links import OpenLinks
from sipcore.edge.memory import ExpiringSet
from sipcore.edge.refusals import disposed, refuse
from sipcore.edge.tables import Tables
from sipcore.edge.vias import way_back
from sipcore.errors import EditError, HeaderError
from sipcore.grammar import METHODS
from sipcore.imfilter import ImFilter

__all__ = ["Engine", "Keys", "Link"]

_KNOWN_METHODS = frozenset(METHODS)


class Engine:
    """Receives messages and says what to do. The same inputs in the same order give the same actions.

    Args:
        tables: the configuration.
        filter: looks at content; None where it is switched off.
        keys: the secret of the branches and tags.
        observe: is told what became of each message, and why; costs nothing when None.
        remember_decisions: decide once for all requests of a flow, as long as they keep coming. The same decisions
            either way; tests compare the two.
    """

    def __init__(
        self,
        tables: Tables,
        filter: ImFilter | None,  # noqa: A002 - the word of the vocabulary
        keys: Keys,
        observe: Callable[[Trace], None] | None = None,
        *,
        remember_decisions: bool = True,
    ) -> None:
        self._tables = tables
        self._keys = keys
        self._observe = observe
        self._links = OpenLinks()
        self._refused, self._refused_in_dialog = ExpiringSet(), ExpiringSet()
        self._judge = Judge(tables, filter, keys, self._refused, self._refused_in_dialog, remembers=remember_decisions)

    # -- what the shell tells

    def receive(self, message: Message, link: Link, now: float) -> list[Action]:
        """Deal with one message. Nothing of it is kept, and a request is answered at most once.

        Args:
            message: a request or a response.
            link: where it came from.
            now: seconds since any fixed moment, never going back.

        Returns:
            What to do, in order.
        """
        received = Count("received", (link.side, _kind(message)))
        try:
            dealt = (self._request if message.is_request else self._response)(message, link, now)
        except EditError:
            # Typed access is more forgiving than an edit, which must know where every value of a list ends.
            dealt = self._drop(message, link, Outcome(disposed(refusals.UNWRITABLE)))
        return [received, *dealt]

    def undelivered(self, send: Send, now: float) -> list[Action]:
        """A `Send` could not be carried out: the sender of a request is told 503, anything else is counted."""
        message = parse(send.data, OWN_LIMITS)
        if not message.is_request:
            return [Count("discarded", (send.side, refusals.UNDELIVERED.name))]
        return self._give_back(parse(bytes(message.edit().pop_via()), OWN_LIMITS), send, now)

    def link_up(self, link: Link, now: float) -> None:
        """A connection is open: answers to what came on it leave by it."""
        self._links.add(link)

    def link_down(self, link: Link, now: float) -> None:
        """A connection is closed."""
        self._links.remove(link)

    def tick(self, now: float) -> list[Action]:
        """Forget what is over. To be called every few seconds; no decision depends on when."""
        self._refused.expire(now)
        self._refused_in_dialog.expire(now)
        return []

    # -- requests

    def _request(self, message: Message, link: Link, now: float) -> list[Action]:
        via = _topmost(message)
        if via is None:
            return self._drop(message, link, Outcome(disposed(refusals.NO_VIA)))
        request = Request.read(message, link.side, link.remote_host, via, self._keys)
        outcome = self._judge.request(request, link, now)
        if isinstance(outcome.decision, Forward):
            actions = self._forward(request, link, outcome, outcome.decision)
        elif isinstance(outcome.decision, Answer):
            actions = self._answer(request, link, outcome.decision, now)
        else:
            return self._drop(message, link, outcome)
        self._tell(message, link, outcome)
        return actions

    def _forward(self, request: Request, link: Link, outcome: Outcome, forward: Forward) -> list[Action]:
        assert outcome.routes is not None  # a forwarded request's were read
        data = forwarded_request(
            request.message,
            self._tables,
            via=request.via,
            link=link,
            routes=outcome.routes,
            forward=forward,
            branch=request.branch,
            keys=self._keys,
        )
        send = Send(forward.candidates[0].hop, forward.side, None, data)
        return [send, Count("forwarded", (forward.side, _kind(request.message)))]

    def _answer(self, request: Request, link: Link, answer: Answer, now: float) -> list[Action]:
        self._remember(request, now)
        tag = tag_for(request.message, request.via, self._keys)
        return [answer_on(link, request.message, request.via, answer, tag), _refused(request, answer)]

    def _remember(self, request: Request, now: float) -> None:
        """For the CANCEL and ACK to come. A CANCEL itself has its request's branch, and must not speak for it."""
        if request.message.method == "CANCEL":
            return
        self._refused.add(request.name, now)
        if _has_tag(request.message):
            self._refused_in_dialog.add(request.name, now)

    def _give_back(self, message: Message, send: Send, now: float) -> list[Action]:
        via = _topmost(message)
        back = way_back(via) if via else None
        assert via is not None  # we forwarded it ...
        assert back is not None  # ... with our note in that Via
        request = Request.read(message, send.side.opposite, back.hop.host, via, self._keys)
        decision = refuse(refusals.UNDELIVERED, request.side, request.method, self._tables, (f"no way to {send.hop}",))
        if isinstance(decision, Discard):
            return [Count("discarded", (request.side, decision.why))]
        self._remember(request, now)
        tag = tag_for(message, via, self._keys)
        link_id = self._links.leading_to(request.side, back)
        answer = answer_after(message, side=request.side, back=back, link_id=link_id, answer=decision, tag=tag)
        return [answer, _refused(request, decision)]

    # -- responses

    def _response(self, message: Message, link: Link, now: float) -> list[Action]:
        outcome = self._judge.response(message, link)
        decision = outcome.decision
        if not isinstance(decision, Forward):
            return self._drop(message, link, outcome)
        assert outcome.back is not None  # a response without a way back is discarded
        link_id = self._links.leading_to(decision.side, outcome.back)
        send = Send(outcome.back.hop, decision.side, link_id, forwarded_response(message, decision, self._tables))
        self._tell(message, link, outcome)
        return [send, Count("forwarded", (decision.side, _kind(message)))]

    # -- both

    def _drop(self, message: Message, link: Link, outcome: Outcome) -> list[Action]:
        assert not isinstance(outcome.decision, Forward)
        self._tell(message, link, outcome)
        return [Count("discarded", (link.side, outcome.decision.why))]

    def _tell(self, message: Message, link: Link, outcome: Outcome) -> None:
        if self._observe is not None:
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


def _refused(request: Request, answer: Answer) -> Count:
    return Count("refused", (request.side, answer.why, str(answer.status)))
