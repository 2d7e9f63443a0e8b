"""The smaller decision for responses: they were asked for, so they follow Via; but who may speak is checked again.

Where the next Via leads is held against the tables, though the way back is signed: an edge of the array with other
tables may have signed it. A record that has expired since the request still counts: a call that is ringing
does not end because a name is to be looked up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sipcore.edge import refusals
from sipcore.edge.chains import Chain, Line
from sipcore.edge.content import Neighbour, content_between
from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import EVERYTHING, Content, Discard, Flow, Forward, Reply, Static
from sipcore.edge.gates import blocked_end
from sipcore.edge.identity import Voice, introduction, voice_of
from sipcore.edge.refusals import Disposal
from sipcore.edge.steps import Case
from sipcore.edge.tables import FarEnd, Side, Tables, Transport, VerificationLevel
from sipcore.edge.verification import Mark, Network, Source, mark_for
from sipcore.edge.ways import Way, ways_to

__all__ = ["decide_response"]


def decide_response(reply: Reply, tables: Tables, facts: Mapping[str, SrvFact]) -> Forward | Discard:
    """Where a response goes, or why it is dropped."""
    case = _as_case(reply, tables, facts)
    leaves = _leaves(reply, tables)
    for closed, why, line in _faults(reply, case, leaves):
        if closed:
            return Discard(why.name, (line, f"discarded: {why.name}"))
    assert reply.back_to is not None  # `_faults`
    assert leaves is not None
    mark, said, words = _words(reply, case, leaves)
    chain: list[Line] = [introduction(reply.side, reply.peer), words]
    content = _content(reply, case, leaves, chain)
    chain.append(lambda: f"back to {reply.back_to} on the {leaves}")
    notice = tables.archiving_notice.told if leaves is Side.OUTSIDE and said is not None else None
    return Forward(leaves, (Static(reply.back_to),), "", "", mark, said, Chain(chain), notice, content=content)


def _content(reply: Reply, case: Case, leaves: Side, chain: list[Line]) -> Content:
    """By the ends outside: who answers is in To, who asked in From."""
    if case.tables.content_is_uniform:
        return EVERYTHING
    coming: list[Neighbour] = []
    going: list[Neighbour] = []
    if reply.side is Side.OUTSIDE:
        voice = voice_of(reply.to_domain or "", case)
        coming.append(voice.row if isinstance(voice, Voice) else None)
    if leaves is Side.OUTSIDE:
        way = FarEnd.REMOTE_USER if _is_remote_users(reply, leaves, case.tables) else _asker(reply, case)
        going.append(way)
    return content_between(case.tables, chain, coming=coming, going=going)


def _asker(reply: Reply, case: Case) -> Neighbour:
    way = ways_to(reply.from_domain or "", case)
    return way.row if isinstance(way, Way) else None


def _as_case(reply: Reply, tables: Tables, facts: Mapping[str, SrvFact]) -> Case:
    """A response is its sender's word as a request would be: To is who answers."""
    flow = Flow(
        side=reply.side,
        peer=reply.peer,
        method=reply.method,
        in_dialog=True,
        from_domain=reply.to_domain,
        asserted_domain=reply.asserted_domain,
        request_domain=reply.from_domain,
        to_domain=reply.from_domain,
        assertion=reply.assertion,
    )
    return Case(flow, tables, facts, None, None)


def _leaves(reply: Reply, tables: Tables) -> Side | None:
    """The side that the next Via is on; None when nobody there is known to us.

    With TLS an address is nobody's: the connection that the request came on has proven whose it is, and the way back to
    it is signed; a new one would have to prove it (see `neighbours`).
    """
    back = reply.back_to
    if back is None:
        return None
    sides = [reply.side.opposite]
    if reply.side is Side.OUTSIDE and tables.federation.clearing_house:
        sides.append(Side.OUTSIDE)
    for side in sides:
        known = back.transport is Transport.TLS or tables.known_peer(side, back.host)
        if (side, back.transport) in tables.own.listen and (known or _is_remote_users(reply, side, tables)):
            return side
    return None


def _is_remote_users(reply: Reply, side: Side, tables: Tables) -> bool:
    """Our server's answer to one of our users outside: where he is nobody knows but the Via that we noted it in."""
    asked = reply.side is Side.INSIDE and side is Side.OUTSIDE and reply.from_domain in tables.own.domains
    return asked and tables.federation.remote_access


def _faults(reply: Reply, case: Case, leaves: Side | None) -> Iterable[tuple[bool, Disposal, str]]:
    blocked = blocked_end(case.tables, reply.from_domain, reply.to_domain, reply.asserted_domain)
    yield blocked is not None, refusals.BLOCKED_RESPONSE, f"{blocked} is blocked"
    yield not introduction(reply.side, reply.peer), refusals.STRANGER_RESPONSE, "the link is a stranger's"
    yield not _may_claim(reply, case), refusals.CLAIMING_RESPONSE, "it claims another's domain"
    yield leaves is None, refusals.NOWHERE, f"{reply.back_to} is nobody we know"


def _may_claim(reply: Reply, case: Case) -> bool:
    claimed = reply.asserted_domain
    if claimed is None:
        return True
    if reply.side is Side.INSIDE:
        return claimed in case.tables.own.domains
    return claimed not in case.tables.own.domains and isinstance(voice_of(claimed, case), Voice)


def _words(reply: Reply, case: Case, leaves: Side) -> tuple[Mark | None, bool | None, str]:
    """(mark for the inside, assertion for the outside, line for the chain)."""
    if reply.side is Side.INSIDE:
        if _is_remote_users(reply, leaves, case.tables):
            return None, None, "to a user of ours outside: nothing is asserted"
        said = case.tables.verification.mark_own_users
        return None, said, f"asserted outward: {'verified' if said else 'not verified'}"
    voice = voice_of(reply.to_domain or "", case)
    if not isinstance(voice, Voice):
        # Somebody else answers than was called: a forwarded call, or a clearing house's member.
        voice = Voice("", VerificationLevel.CONTACT_LIST, _source(reply), Network.FEDERATION)
    mark = mark_for(voice.level, reply.assertion, voice.source, voice.network)
    words = f"level {voice.level}, asserted {reply.assertion}: marked {mark.word}"
    return (mark, None, words) if leaves is Side.INSIDE else (None, mark.verified, words)


def _source(reply: Reply) -> Source:
    return Source.DIRECT_PARTNER if reply.peer.rows else Source.AUTO_FEDERATION
