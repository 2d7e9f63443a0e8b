"""The decision: a flow and the tables in, where it goes or why it does not out. Pure and total.

A request passes the gates in the order of `_GATES`; the first that is closed decides. Then it is routed: a request
in a dialog by the route that we recorded ourselves, any other by its Request-URI, never by To (RFC 3261 section 16).
What comes from outside can only go to the inside next hop, what comes from inside only to a partner's proxy: there
is no third way, so the edge cannot be made an open relay.

Source of the rules: docs/protocol.md "Routing and refusals".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sipcore.edge import benotify, refusals
from sipcore.edge.flow import Answer, Decision, Discard, Flow, Forward, Header, PeerEvidence, PeerKind, Reply, Static
from sipcore.edge.refusals import Disposal, Row, refuse
from sipcore.edge.tables import Partner, Side, Tables
from sipcore.edge.verification import Assertion, Mark, mark_for

__all__ = ["decide", "decide_response"]


@dataclass(frozen=True, slots=True)
class _Closed:
    """A gate that does not let a request pass."""

    row: Row
    line: str
    headers: tuple[Header, ...] = ()


#: A gate says why it is closed, or gives the line for the chain; an empty line when there is nothing to tell.
_Gate = Callable[[Flow, Tables], "_Closed | str"]


def decide(flow: Flow, tables: Tables) -> Decision:
    """Where a request goes, or what becomes of it. The same arguments give the same decision, always."""
    chain: list[str] = []
    for gate in _GATES:
        passed = gate(flow, tables)
        if isinstance(passed, _Closed):
            return _refused(passed, flow, tables, chain)
        if passed:
            chain.append(passed)
    routed = _route_in(flow, tables) if flow.side is Side.OUTSIDE else _route_out(flow, tables)
    if isinstance(routed, _Closed):
        return _refused(routed, flow, tables, chain)
    return _forward(flow, tables, *routed, chain)


def _refused(closed: _Closed, flow: Flow, tables: Tables, chain: Iterable[str]) -> Answer | Discard:
    return refuse(closed.row, flow.side, flow.method, tables, (*chain, closed.line), headers=closed.headers)


# -- the gates


def _no_blocked_domain(flow: Flow, tables: Tables) -> _Closed | str:
    ends = (flow.from_domain, flow.asserted_domain, flow.request_domain, flow.to_domain, flow.route_domain)
    for end in ends:
        if end in tables.blocked.domains:
            return _Closed(refusals.BLOCKED_TOLD if tables.blocked.answer else refusals.BLOCKED, f"{end} is blocked")
    return ""


def _scheme_is_sip(flow: Flow, tables: Tables) -> _Closed | str:
    return "" if flow.request_domain is not None else _Closed(refusals.SCHEME, "the Request-URI is not a SIP URI")


def _link_is_known(flow: Flow, tables: Tables) -> _Closed | str:
    line = _introduction(flow.side, flow.peer)
    return line or _Closed(refusals.STRANGER, f"the {flow.side} link is a stranger's")


def _speaks_for_itself(flow: Flow, tables: Tables) -> _Closed | str:
    own = _own_domains(flow.side, flow.peer, tables)
    claims = [("From", flow.from_domain)]
    if flow.asserted_domain is not None:
        claims.append(("P-Asserted-Identity", flow.asserted_domain))
    for header, domain in claims:
        if flow.side is Side.OUTSIDE and domain in tables.own.domains:
            return _Closed(refusals.CLAIMS_OURS, f"{header} claims our {domain}")
        if domain not in own:
            return _Closed(refusals.CLAIMS_OTHER, f"{header} {domain or 'without a domain'} is not the link's own")
    return f"From {flow.from_domain} is the link's own"


def _benotify_is_on(flow: Flow, tables: Tables) -> _Closed | str:
    if flow.method == benotify.METHOD and not tables.benotify.enabled:
        return _Closed(refusals.NO_BENOTIFY, "BENOTIFY is switched off")
    return ""


def _extensions_are_known(flow: Flow, tables: Tables) -> _Closed | str:
    tags = benotify.unsupported_tags(flow.method, flow.option_tags, tables.benotify.enabled)
    if not tags:
        return ""
    named = ", ".join(tags)
    return _Closed(refusals.BAD_EXTENSION, f"Proxy-Require {named} is not known", (("Unsupported", named),))


#: Access before content, and a blocked domain before everything: it is not to learn even what it did wrong.
_GATES: tuple[_Gate, ...] = (
    _no_blocked_domain,
    _scheme_is_sip,
    _link_is_known,
    _speaks_for_itself,
    _benotify_is_on,
    _extensions_are_known,
)


def _introduction(side: Side, peer: PeerEvidence) -> str:
    """Who the link belongs to, in words; empty for a stranger, and for evidence that does not fit the side."""
    if side is Side.INSIDE:
        return "from a server of ours" if peer.kind is PeerKind.INSIDE else ""
    return f"from direct partner '{peer.partner.name}' ({peer.partner.domain})" if peer.partner else ""


def _own_domains(side: Side, peer: PeerEvidence, tables: Tables) -> frozenset[str]:
    """The domains that a link may speak for."""
    if side is Side.INSIDE:
        return tables.own.domains
    return frozenset({peer.partner.domain}) if peer.partner else frozenset()


# -- the routes: (the partner at the far end, the line for the chain)

_Routed = tuple[Partner, str]


def _needs_route(flow: Flow) -> bool:
    """Whether only a route of ours leads on.

    ACK is exempt: the one to a refusal goes hop by hop and has no route set; it follows the Request-URI like its INVITE
    (RFC 3261 section 17.1.1.3).
    """
    return flow.in_dialog and flow.method != "ACK"


def _off_the_route(flow: Flow) -> _Closed | None:
    """Why a request in a dialog leads nowhere: it is not on the way that we recorded, or on that of another dialog."""
    if flow.in_dialog and flow.route_broken:
        return _Closed(refusals.NO_ROUTE, "the route is of ours, but was not recorded for this dialog and side")
    if _needs_route(flow) and flow.route_domain is None:
        return _Closed(refusals.NO_ROUTE, "in a dialog, without a recorded route of ours")
    return None


def _route_in(flow: Flow, tables: Tables) -> _Routed | _Closed:
    partner = flow.peer.partner
    assert partner is not None  # `_link_is_known`
    if (closed := _off_the_route(flow)) is not None:
        return closed
    if flow.in_dialog and flow.route_domain is not None:
        if flow.route_domain != partner.domain:
            return _Closed(refusals.NO_ROUTE, f"the recorded route is {flow.route_domain}'s")
        return partner, "along the recorded route"
    if flow.request_domain not in tables.own.domains:
        return _Closed(refusals.NOT_OURS, f"{flow.request_domain} is not ours")
    if flow.routed_on:
        return _Closed(refusals.NOT_OURS, "a Route or maddr leads on from us, outside any dialog")
    return partner, f"{flow.request_domain} is ours"


def _route_out(flow: Flow, tables: Tables) -> _Routed | _Closed:
    if (closed := _off_the_route(flow)) is not None:
        return closed
    if flow.in_dialog and flow.route_domain is not None:
        partner = tables.partners.get(flow.route_domain)
        if partner is None:
            return _Closed(refusals.NO_ROUTE, f"the recorded route's {flow.route_domain} is no partner")
        return partner, f"along the recorded route to {partner.domain}"
    partner = tables.partners.get(flow.request_domain or "")
    if partner is None:
        return _Closed(refusals.UNREACHABLE, f"no table leads to {flow.request_domain}")
    if flow.routed_on:
        return _Closed(refusals.UNREACHABLE, "a Route or maddr leads on from us, outside any dialog")
    return partner, f"{partner.domain} is direct partner '{partner.name}'"


def _forward(flow: Flow, tables: Tables, partner: Partner, line: str, chain: Iterable[str]) -> Forward:
    leaves = flow.side.opposite
    hop = partner.proxy if leaves is Side.OUTSIDE else tables.own.next_hop
    mark, said, words = _words_for(flow.peer, flow.assertion, tables)
    chain = (*chain, line, words, f"to {hop} on the {leaves}")
    return Forward(leaves, (Static(hop),), partner.domain, mark, said, chain)


def _words_for(peer: PeerEvidence, assertion: Assertion, tables: Tables) -> tuple[Mark | None, bool | None, str]:
    """(mark for the inside, assertion for the outside, line for the chain): one of the first two is None."""
    if peer.partner is None:
        said = tables.verification.mark_own_users
        return None, said, f"asserted outward: {'verified' if said else 'not verified'}"
    level = peer.partner.verification
    mark = mark_for(level, assertion)
    return mark, None, f"level {level}, asserted {assertion}: marked {mark.word}"


# -- responses


def decide_response(reply: Reply, tables: Tables) -> Forward | Discard:
    """Where a response goes. It was asked for, so it is routed by Via alone; but who may speak is checked again.

    So is where it goes, though the way back is signed: an edge of the array with other tables may have signed it.
    """
    for closed, why, line in _response_faults(reply, tables):
        if closed:
            return Discard(why.name, (line, f"discarded: {why.name}"))
    assert reply.back_to is not None  # `_response_faults`
    leaves = reply.side.opposite
    mark, said, words = _words_for(reply.peer, reply.assertion, tables)
    chain = (_introduction(reply.side, reply.peer), words, f"back to {reply.back_to} on the {leaves}")
    return Forward(leaves, (Static(reply.back_to),), "", mark, said, chain)


def _response_faults(reply: Reply, tables: Tables) -> Iterable[tuple[bool, Disposal, str]]:
    own = _own_domains(reply.side, reply.peer, tables)
    ends = {reply.from_domain, reply.to_domain, reply.asserted_domain}
    nowhere = reply.back_to is None or not tables.known_peer(reply.side.opposite, reply.back_to.host)
    yield reply.method == benotify.METHOD, refusals.TO_BENOTIFY, "BENOTIFY has no response"
    yield not ends.isdisjoint(tables.blocked.domains), refusals.BLOCKED_RESPONSE, "a blocked domain is at one end"
    yield not _introduction(reply.side, reply.peer), refusals.STRANGER_RESPONSE, "the link is a stranger's"
    yield reply.asserted_domain not in {None, *own}, refusals.CLAIMING_RESPONSE, "it claims another's domain"
    yield nowhere, refusals.NOWHERE, f"{reply.back_to} is nobody we know on the {reply.side.opposite}"
