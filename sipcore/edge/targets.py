"""Which of its candidates a request goes to, and which come next when that one fails.

The branch draws: it is the same for each copy of a request, its CANCEL and its ACK, and nobody without the key can tell
it beforehand (RFC 3261 section 16.11). A draw orders all targets (RFC 2782); of these the first one that is well is
taken. So a failure moves those transactions only that were aimed at what failed.

A record that is needed only after targets that are well is not looked up for them. Should they all fail, the request is
judged again as it came, and then waits for the record (see `Engine.undelivered`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import Forward, NeedSrv, Static
from sipcore.edge.tables import Hop

__all__ = ["Aims", "aims"]

#: Targets that one request is tried with; each costs a sender the time of a connection.
_MOST_AIMS = 4
#: Hexadecimal digits of a branch that draw a target: many more than weights have.
_DRAWN = 12


class Aims(NamedTuple):
    """Where a request goes.

    Attributes:
        hops: in the order of their turn; never empty.
        more: judged again when all of them have failed, it may find others.
    """

    hops: tuple[Hop, ...]
    more: bool = False


def aims(forward: Forward, facts: Mapping[str, SrvFact], branch: str, is_well: Callable[[Hop], bool]) -> Aims | NeedSrv:
    """Where a request goes: the targets that are well, or without any the first of all, for better tried in vain than
    not tried."""
    found: list[Hop] = []
    sick: list[Hop] = []
    more = False
    for hop in _in_order(forward, facts, branch):
        if isinstance(hop, NeedSrv):
            if not found:
                return hop
            more = True
            break
        (found if is_well(hop) else sick).append(hop)
        if len(found) == _MOST_AIMS:
            break
    return Aims(tuple(dict.fromkeys(found)) or (sick[0],), more)


def _in_order(forward: Forward, facts: Mapping[str, SrvFact], branch: str) -> Iterator[Hop | NeedSrv]:
    for candidate in forward.candidates:
        if isinstance(candidate, Static):
            yield candidate.hop
        elif (fact := facts.get(candidate.domain)) is None:
            line = f"the SRV record of {candidate.domain} has to be looked up"
            yield NeedSrv(candidate.domain, (*forward.chain, line))
        else:
            yield from (target.hop for target in fact.in_order(int(branch[-_DRAWN:], 16)))
