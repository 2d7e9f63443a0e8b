"""A request from outside, step by step.

Blocked domains; who is at the other end and may speak for whom; the switches; for whom it is; the recipient's rights
and lists; the mark; the next hop inside. What comes from outside leaves outside only when we are a clearing house.

Source: docs/protocol.md "Routing and refusals".
"""

from __future__ import annotations

from typing import NamedTuple

from sipcore.edge import refusals
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
from sipcore.edge.tables import Side
from sipcore.edge.verification import Mark, Source, mark_for
from sipcore.edge.ways import ways_to

__all__ = ["route_inbound"]


def route_inbound(case: Case, chain: list[str]) -> Forward | Stop:
    """The decision for a request from outside, but for how a refusal is told."""
    for gate in (no_blocked_end, scheme_is_sip):
        if isinstance(passed := gate(case), Closed):
            return passed
    if _claims_us(case):
        return _remote_user(case, chain)
    voices = _voices(case, chain)
    if isinstance(voices, Closed | NeedSrv):
        return voices
    for gate in (federation_is_on, method_may_cross, extensions_are_known):
        if isinstance(passed := gate(case), Closed):
            return passed
        _note(chain, passed)
    leads = _destination(case)
    if isinstance(leads, Closed | NeedSrv):
        return leads
    chain.append(leads.line)
    return _onward(case, voices, leads, chain)


def _note(chain: list[str], line: str) -> None:
    if line:
        chain.append(line)


# -- who


def _claims_us(case: Case) -> bool:
    own = case.tables.own.domains
    return case.flow.from_domain in own or case.flow.asserted_domain in own


def _voices(case: Case, chain: list[str]) -> tuple[Voice, ...] | Stop:
    """Whoever speaks here, for From and for each other domain that the request claims."""
    flow = case.flow
    line = introduction(Side.OUTSIDE, flow.peer)
    if not line:
        return Closed(refusals.STRANGER, "the outside link is a stranger's")
    chain.append(line)
    claims = [("From", flow.from_domain or "")]
    if flow.asserted_domain is not None and flow.asserted_domain != flow.from_domain:
        claims.append(("P-Asserted-Identity", flow.asserted_domain))
    voices = []
    for header, domain in claims:
        voice = voice_of(domain, case)
        if isinstance(voice, NeedSrv):
            return voice
        if isinstance(voice, str):
            return Closed(refusals.CLAIMS_OTHER, f"{header}: {voice}")
        chain.append(f"{header}: {voice.line}")
        voices.append(voice)
    return tuple(voices)


def _remote_user(case: Case, chain: list[str]) -> Forward | Closed:
    """One of our own users, from outside: to the inside, which asks for a password. No partner sends for us (F036)."""
    flow, tables = case.flow, case.tables
    domains = {flow.from_domain, flow.asserted_domain} - {None}
    claimed = ", ".join(sorted(domain for domain in domains if domain is not None))
    if not tables.federation.remote_access:
        return Closed(refusals.CLAIMS_OURS, f"the sender claims our {claimed}, and remote access is off")
    if introduction(Side.OUTSIDE, flow.peer) or not domains <= tables.own.domains:
        return Closed(
            refusals.CLAIMS_OURS, f"the sender claims {claimed}, on another's link or beside another's domain"
        )
    chain.append(f"From: our {flow.from_domain}, from outside ([federation] remote_access)")
    for passed in (extensions_are_known(case), _for_inside(case), may_come_from_outside(case.sender)):
        if isinstance(passed, Closed):
            return passed
        _note(chain, passed)
    mark = Mark(False, Source.INTERNET_USER)
    chain += [f"a user of ours whom nobody has proven: marked {mark.word}", f"to {tables.own.next_hop} on the inside"]
    return Forward(Side.INSIDE, (Static(tables.own.next_hop),), "", "", mark, None, tuple(chain))


# -- where to


class _Leads(NamedTuple):
    """Where a request leads: inside, or to a domain outside by these candidates."""

    line: str
    domain: str = ""
    candidates: tuple[Candidate, ...] = ()


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
    if isinstance(voice, NeedSrv):
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
    """A clearing house carries from one neighbour to another (F037, F109), but not back to where it came from."""
    if case.tables.own.is_own_place(domain, None):
        return Closed(refusals.NOT_OURS, f"{domain} is this edge itself")
    way = ways_to(domain, case)
    if isinstance(way, NeedSrv):
        return way
    if isinstance(way, Closed):
        return way if way.row is not refusals.UNREACHABLE else Closed(refusals.NOT_OURS, way.line)
    return _Leads(f"as a clearing house: {way.line}", way.domain, way.candidates)


# -- onward


def _onward(case: Case, voices: tuple[Voice, ...], leads: _Leads, chain: list[str]) -> Forward | Closed:
    near = case.flow.from_domain or ""
    verified = all(mark_for(voice.level, case.flow.assertion).verified for voice in voices)
    levels = " and ".join(dict.fromkeys(voice.level for voice in voices))
    words = f"level {levels}, asserted {case.flow.assertion}"
    paced = next((voice.paced for voice in voices if voice.paced), "")
    mark = Mark(verified, voices[0].source, voices[0].network)
    if leads.candidates:
        first = leads.candidates[0]
        chain += [f"{words}: asserted onward as {mark.word}", f"to {first} on the outside"]
        notice = case.tables.archiving_notice.told
        return Forward(Side.OUTSIDE, leads.candidates, near, leads.domain, None, verified, tuple(chain), notice, paced)
    steps = [
        has_right(case.recipient, public=any(voice.public for voice in voices)),
        wants_sender(case.flow, case.recipient),
    ]
    if case.tables.verification.enforce_at_edge and not verified:
        steps.append(wants_unverified(case.flow, case.recipient))
    for passed in steps:
        if isinstance(passed, Closed):
            return passed
        _note(chain, passed)
    hop = case.tables.own.next_hop
    chain += [f"{words}: marked {mark.word}", f"to {hop} on the inside"]
    return Forward(Side.INSIDE, (Static(hop),), near, "", mark, None, tuple(chain), None, paced)
