"""A request from outside, step by step.

Blocked domains; who is at the other end and may speak for whom; the switches; for whom it is; the recipient's rights
and lists; the mark; the next hop inside. What comes from outside leaves outside only when we are a clearing house.

Source: docs/protocol.md "Routing and refusals".
"""

from __future__ import annotations

from typing import NamedTuple

from sipcore.edge import refusals
from sipcore.edge.chains import Chain, Line, told
from sipcore.edge.content import Neighbour, content_between, rule_of
from sipcore.edge.flow import Candidate, Forward, NeedSrv, Static
from sipcore.edge.gates import (
    extensions_are_known,
    federation_is_on,
    method_may_cross,
    no_blocked_end,
    recorded_for_another,
    scheme_is_sip,
)
from sipcore.edge.identity import Voice, introduction, voice_of
from sipcore.edge.rights import has_right, may_come_from_outside, wants_sender, wants_unverified
from sipcore.edge.steps import Case, Closed, Stop
from sipcore.edge.tables import FarEnd, Side
from sipcore.edge.verification import Assertion, Mark, Source, is_verified
from sipcore.edge.ways import ways_to

__all__ = ["route_inbound"]

#: Of an enumeration, a member that is looked up by its name costs ten times what a name of the module does.
_INSIDE, _OUTSIDE = Side.INSIDE, Side.OUTSIDE
#: What ends a decision before it is made; of a union `isinstance` makes a new object each time.
_STOPS = (Closed, NeedSrv)


def route_inbound(case: Case, chain: list[Line]) -> Forward | Stop:
    """The decision for a request from outside, but for how a refusal is told."""
    for gate in (no_blocked_end, scheme_is_sip):
        if isinstance(passed := gate(case), Closed):
            return passed
    if _claims_us(case):
        return _remote_user(case, chain)
    voices = _voices(case, chain)
    if isinstance(voices, _STOPS):
        return voices
    for gate in (federation_is_on, method_may_cross, extensions_are_known):
        if isinstance(passed := gate(case), Closed):
            return passed
        _note(chain, passed)
    leads = _destination(case)
    if isinstance(leads, _STOPS):
        return leads
    chain.append(leads.line)
    return _onward(case, voices, leads, chain)


def _note(chain: list[Line], line: str) -> None:
    if line:
        chain.append(line)


# -- who


def _claims_us(case: Case) -> bool:
    own = case.tables.own.domains
    return case.flow.from_domain in own or case.flow.asserted_domain in own


def _voices(case: Case, chain: list[Line]) -> tuple[Voice, ...] | Stop:
    """Whoever speaks here, for From and for each other domain that the request claims."""
    flow = case.flow
    line = introduction(_OUTSIDE, flow.peer)
    if not line:
        return Closed(refusals.STRANGER, "the outside link is a stranger's")
    chain.append(line)
    claims: tuple[tuple[str, str], ...] = (("From", flow.from_domain or ""),)
    if flow.asserted_domain is not None and flow.asserted_domain != flow.from_domain:
        claims += (("P-Asserted-Identity", flow.asserted_domain),)
    voices: tuple[Voice, ...] = ()
    for header, domain in claims:
        voice = voice_of(domain, case)
        if isinstance(voice, Stop):
            return voice
        if isinstance(voice, str):
            return Closed(refusals.CLAIMS_OTHER, f"{header}: {voice}")
        chain.append(_claim(header, voice))
        voices += (voice,)
    return voices


def _claim(header: str, voice: Voice) -> Line:
    return lambda: f"{header}: {told(voice.line)}"


def _remote_user(case: Case, chain: list[Line]) -> Forward | Closed:
    """One of our own users, from outside: to the inside, which asks for a password. No partner sends for us (F036)."""
    flow, tables = case.flow, case.tables
    domains = {flow.from_domain, flow.asserted_domain} - {None}
    claimed = ", ".join(sorted(domain for domain in domains if domain is not None))
    if not tables.federation.remote_access:
        return Closed(refusals.CLAIMS_OURS, f"the sender claims our {claimed}, and remote access is off")
    if introduction(_OUTSIDE, flow.peer) or not domains <= tables.own.domains:
        return Closed(
            refusals.CLAIMS_OURS, f"the sender claims {claimed}, on another's link or beside another's domain"
        )
    chain.append(f"From: our {flow.from_domain}, from outside ([federation] remote_access)")
    for passed in (extensions_are_known(case), _for_inside(case), may_come_from_outside(case.sender)):
        if isinstance(passed, Closed):
            return passed
        _note(chain, passed)
    content = content_between(tables, chain, coming=(FarEnd.REMOTE_USER,))
    mark = Mark(False, Source.INTERNET_USER)
    chain += [f"a user of ours whom nobody has proven: marked {mark.word}", f"to {tables.own.next_hop} on the inside"]
    hops = (Static(tables.own.next_hop),)
    return Forward(Side.INSIDE, hops, "", "", mark, None, Chain(chain), content=content, rule=FarEnd.REMOTE_USER)


# -- where to


class _Leads(NamedTuple):
    """Where a request leads: inside, or to a domain outside by these candidates."""

    line: Line
    domain: str = ""
    candidates: tuple[Candidate, ...] = ()
    row: Neighbour = None


def _destination(case: Case) -> _Leads | Stop:
    flow = case.flow
    if (broken := recorded_for_another(case)) is not None:
        return broken
    if flow.in_dialog and flow.route_near is not None:
        return _recorded(case)
    if flow.in_dialog and flow.method != "ACK":
        return Closed(refusals.NO_ROUTE, "in a dialog, without a recorded route of ours")
    inside = _for_inside(case)
    if isinstance(inside, str):
        return _Leads(inside)
    if inside.row is not refusals.NOT_OURS or flow.routed_on or not case.tables.federation.clearing_house:
        return inside
    return _to_another(flow.request_domain or "", case)


def _recorded(case: Case) -> _Leads | Stop:
    """Along our own route: it must be the sender's, and is no use to anybody else."""
    near, far = case.flow.route_near, case.flow.route_far
    voice = voice_of(near or "", case)
    if isinstance(voice, Stop):
        return voice
    if isinstance(voice, str):
        return Closed(refusals.NO_ROUTE, f"the recorded route is {near}'s: {voice}")
    if far is None:
        return _Leads("along the recorded route")
    if not case.tables.federation.clearing_house:
        return Closed(refusals.NO_ROUTE, f"the recorded route leads to {far}, and we are no clearing house")
    return _to_another(far, case)


def _for_inside(case: Case) -> Closed | str:
    """Whether the Request-URI is one of ours; To never counts (RFC 3261 section 16)."""
    flow = case.flow
    if flow.request_domain not in case.tables.own.domains:
        return Closed(refusals.NOT_OURS, f"{flow.request_domain} is not ours")
    if flow.routed_on:
        return Closed(refusals.NOT_OURS, "a Route or maddr leads on from us, outside any dialog")
    return f"{flow.request_domain} is ours"


def _to_another(domain: str, case: Case) -> _Leads | Stop:
    """A clearing house carries from one neighbour to another (F037, F109), and between two domains of one neighbour: a
    provider may have two customers that only we bring together. What goes round in circles is a loop, see `judging`."""
    if case.tables.own.is_own_place(domain, None):
        return Closed(refusals.NOT_OURS, f"{domain} is this edge itself")
    way = ways_to(domain, case)
    if isinstance(way, NeedSrv):
        return way
    if isinstance(way, Closed):
        return way if way.row is not refusals.UNREACHABLE else Closed(refusals.NOT_OURS, way.line)
    return _Leads(lambda: f"as a clearing house: {told(way.line)}", way.domain, way.candidates, way.row)


# -- onward


def _onward(case: Case, voices: tuple[Voice, ...], leads: _Leads, chain: list[Line]) -> Forward | Closed:
    near, assertion = case.flow.from_domain or "", case.flow.assertion
    verified, public, paced = _heard(voices, assertion)
    mark = Mark(verified, voices[0].source, voices[0].network)
    coming = [voice.row for voice in voices]
    if leads.candidates:
        first = leads.candidates[0]
        content = content_between(case.tables, chain, coming=coming, going=(leads.row,))
        chain += [lambda: _marked(voices, assertion, "asserted onward as", mark), lambda: f"to {first} on the outside"]
        notice = case.tables.archiving_notice.told
        return Forward(
            _OUTSIDE,
            leads.candidates,
            near,
            leads.domain,
            None,
            verified,
            Chain(chain),
            notice,
            paced,
            content=content,
            rule=rule_of(leads.row),
        )
    for passed in _recipients_say(case, public, verified):
        if isinstance(passed, Closed):
            return passed
        _note(chain, passed)
    hop = case.tables.own.next_hop
    content = content_between(case.tables, chain, coming=coming)
    chain += [lambda: _marked(voices, assertion, "marked", mark), lambda: f"to {hop} on the inside"]
    rule = rule_of(voices[0].row)
    return Forward(_INSIDE, (Static(hop),), near, "", mark, None, Chain(chain), None, paced, content=content, rule=rule)


def _recipients_say(case: Case, public: bool, verified: bool) -> tuple[Closed | str, ...]:
    """The recipient's right and lists, where anybody's are known."""
    if case.recipient is None:
        return ()
    said = (has_right(case.recipient, public=public), wants_sender(case.flow, case.recipient))
    if verified or not case.tables.verification.enforce_at_edge:
        return said
    return (*said, wants_unverified(case.flow, case.recipient))


def _heard(voices: tuple[Voice, ...], assertion: Assertion) -> tuple[bool, bool, str]:
    """(verified, public, paced) of all who speak: verified if each of them is, the others if any is."""
    verified, public, paced = True, False, ""
    for voice in voices:
        verified = verified and is_verified(voice.level, assertion)
        public = public or voice.public
        paced = paced or voice.paced
    return verified, public, paced


def _marked(voices: tuple[Voice, ...], assertion: Assertion, what: str, mark: Mark) -> str:
    levels = " and ".join(dict.fromkeys(voice.level for voice in voices))
    return f"level {levels}, asserted {assertion}: {what} {mark.word}"
