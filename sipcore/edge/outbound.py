"""A request from inside, step by step.

Blocked domains; one of our servers, for a domain of ours; the switches; that it leaves us at all; the sender's rights;
the way out; the assertion. The way out is the same for the whole of a dialog: by the recorded route's domain.

Source: docs/protocol.md "Routing and refusals".
"""

from __future__ import annotations

from sipcore.edge import refusals
from sipcore.edge.chains import Chain, Line, told
from sipcore.edge.content import content_between
from sipcore.edge.flow import Forward, NeedSrv
from sipcore.edge.gates import (
    extensions_are_known,
    federation_is_on,
    method_may_cross,
    no_blocked_end,
    recorded_for_another,
    scheme_is_sip,
)
from sipcore.edge.identity import introduction
from sipcore.edge.rights import has_any_right, has_right
from sipcore.edge.steps import Case, Closed, Stop
from sipcore.edge.tables import Side
from sipcore.edge.ways import Way, ways_to

__all__ = ["route_outbound"]

#: What ends a decision before it is made; of a union `isinstance` makes a new object each time.
_STOPS = (Closed, NeedSrv)


def route_outbound(case: Case, chain: list[Line]) -> Forward | Stop:
    """The decision for a request from inside, but for how a refusal is told."""
    for gate in _GATES:
        if isinstance(passed := gate(case), Closed):
            return passed
        if passed:
            chain.append(passed)
    way = _way(case)
    if isinstance(way, _STOPS):
        return way
    chain.append(way.line)
    right = has_right(case.sender, public=way.public)
    if isinstance(right, Closed):
        return right
    if right:
        chain.append(right)
    return _leave(case, way, chain)


def _link_is_ours(case: Case) -> Closed | Line:
    line = introduction(Side.INSIDE, case.flow.peer)
    return line or Closed(refusals.STRANGER, "the inside link is a stranger's")


def _speaks_for_us(case: Case) -> Closed | Line:
    flow, own = case.flow, case.tables.own.domains
    claims = [("From", flow.from_domain)]
    if flow.asserted_domain is not None:
        claims.append(("P-Asserted-Identity", flow.asserted_domain))
    for header, domain in claims:
        if domain not in own:
            return Closed(refusals.CLAIMS_OTHER, f"{header} {domain or 'without a domain'} is not ours")
    return lambda: f"From: our {flow.from_domain}"


def _sender_may(case: Case) -> Closed | str:
    return has_any_right(case.sender)


_GATES = (
    no_blocked_end,
    scheme_is_sip,
    _link_is_ours,
    _speaks_for_us,
    federation_is_on,
    method_may_cross,
    extensions_are_known,
    _sender_may,
)


def _way(case: Case) -> Way | Stop:
    flow = case.flow
    if (broken := recorded_for_another(case)) is not None:
        return broken
    if flow.in_dialog and flow.route_far is not None:
        return _recorded(flow.route_far, case)
    if flow.in_dialog and flow.method != "ACK":
        # The ACK to a refusal goes hop by hop without a route, as its INVITE did (RFC 3261 section 17.1.1.3).
        return Closed(refusals.NO_ROUTE, "in a dialog, without a recorded route of ours")
    domain = flow.request_domain or ""
    if domain in case.tables.own.domains or case.tables.own.is_own_place(domain, None):
        return Closed(refusals.UNREACHABLE, f"{domain} is our own: it does not leave")
    if flow.routed_on:
        return Closed(refusals.UNREACHABLE, "a Route or maddr leads on from us, outside any dialog")
    return ways_to(domain, case)


def _recorded(domain: str, case: Case) -> Way | Stop:
    way = ways_to(domain, case)
    if isinstance(way, Way):
        return way._replace(line=lambda: f"along the recorded route: {told(way.line)}")
    if isinstance(way, Closed) and way.row is refusals.UNREACHABLE:
        return Closed(refusals.NO_ROUTE, f"the recorded route leads nowhere any more: {way.line}")
    return way


def _leave(case: Case, way: Way, chain: list[Line]) -> Forward:
    said, notice = case.tables.verification.mark_own_users, case.tables.archiving_notice.told
    chain.append(f"asserted outward: {'verified' if said else 'not verified'}")
    if notice is not None:
        chain.append(f"told of archiving ([archiving_notice]): {notice[0]}: {notice[1]}")
    content = content_between(case.tables, chain, going=(way.row,))
    chain.append(lambda: f"to {way.candidates[0]} on the outside")
    return Forward(Side.OUTSIDE, way.candidates, "", way.domain, None, said, Chain(chain), notice, content=content)
