"""The decision: a flow, the tables, what DNS has said and the users in; where it goes or why it does not out.

Pure and total. The steps are in `inbound` and `outbound`, the first that stops decides; here a stop becomes what each
side is told. What comes from outside goes to the inside next hop, what comes from inside to a neighbour, and only a
clearing house carries from one neighbour to another: so the edge cannot be made an open relay.

Source of the rules: docs/protocol.md "Routing and refusals".
"""

from __future__ import annotations

from collections.abc import Mapping

from sipcore.edge import benotify
from sipcore.edge.chains import Chain, Line
from sipcore.edge.directory import UserView
from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import Decision, Flow, Forward, NeedSrv
from sipcore.edge.inbound import route_inbound
from sipcore.edge.outbound import route_outbound
from sipcore.edge.refusals import refuse
from sipcore.edge.steps import Case
from sipcore.edge.tables import Side, Tables

__all__ = ["decide"]

_INSIDE = Side.INSIDE


def decide(
    flow: Flow,
    tables: Tables,
    facts: Mapping[str, SrvFact],
    sender: UserView | None = None,
    recipient: UserView | None = None,
) -> Decision:
    """Where a request goes, or what becomes of it. The same arguments give the same decision, always.

    Args:
        flow: the request.
        tables: the configuration.
        facts: what is known of SRV records now, by domain.
        sender: the user of ours who sends it; None where there is no directory, so that nobody's rights are known.
        recipient: likewise, the user of ours whom it is for. Somebody whom a directory does not have is a `UserView`
            without rights.
    """
    chain: list[Line] = []
    case = Case(flow, tables, facts, sender, recipient)
    found = route_outbound(case, chain) if flow.side is _INSIDE else route_inbound(case, chain)
    if isinstance(found, Forward):
        return _turned(found, flow, tables) if flow.to_subscriber else found
    if isinstance(found, NeedSrv):
        return NeedSrv(found.domain, Chain((*chain, f"the SRV record of {found.domain} has to be looked up")))
    return refuse(found.row, flow.side, flow.method, tables, (*chain, found.line), headers=found.headers)


def _turned(forward: Forward, flow: Flow, tables: Tables) -> Forward:
    """The same, of another method where the side that it leaves by is to get that."""
    method = benotify.turned_into(flow.method, forward.side, tables.benotify)
    if not method:
        return forward
    key, then = _TURNED[method]
    line = f"{flow.method} becomes {method} on the {forward.side} ([benotify] {key}): {then}"
    return forward._replace(method=method, chain=Chain((*forward.chain, line)))


#: By what a method becomes: which key says so, and what becomes of the answer.
_TURNED = {
    "NOTIFY": ("to_notify", "the response goes no further than here"),
    "BENOTIFY": ("to_benotify", "answered 200 here"),
}
