"""Which of its candidates a request goes to, and which come next when that one fails.

The branch draws: it is the same for each copy of a request, its CANCEL and its ACK, and nobody without the key can tell
it beforehand (RFC 3261 section 16.11). A draw orders all targets (RFC 2782); of these the first one that is well is
taken. So a failure moves those transactions only that were aimed at what failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sipcore.edge.facts import SrvFact
from sipcore.edge.flow import Forward, NeedSrv, Static
from sipcore.edge.tables import Hop

__all__ = ["aims"]

#: Targets that one request is tried with; each costs a sender the time of a connection.
_MOST_AIMS = 4
#: Hexadecimal digits of a branch that draw a target: many more than weights have.
_DRAWN = 12


def aims(
    forward: Forward, facts: Mapping[str, SrvFact], branch: str, is_well: Callable[[Hop], bool]
) -> tuple[Hop, ...] | NeedSrv:
    """Where a request goes, and in the order of their turn the others that are well; never empty.

    Without any that is well it is the first of all: better tried in vain than not tried. A record that is needed only
    after targets that are well is not looked up for them.
    """
    found: list[Hop] = []
    sick: list[Hop] = []
    for hop in _in_order(forward, facts, branch):
        if isinstance(hop, NeedSrv):
            if not found:
                return hop
            break
        (found if is_well(hop) else sick).append(hop)
        if len(found) == _MOST_AIMS:
            break
    return tuple(dict.fromkeys(found)) or (sick[0],)


def _in_order(forward: Forward, facts: Mapping[str, SrvFact], branch: str) -> Iterator[Hop | NeedSrv]:
    for candidate in forward.candidates:
        if isinstance(candidate, Static):
            yield candidate.hop
        elif (fact := facts.get(candidate.domain)) is None:
            line = f"the SRV record of {candidate.domain} has to be looked up"
            yield NeedSrv(candidate.domain, (*forward.chain, line))
        else:
            yield from (target.hop for target in fact.in_order(int(branch[-_DRAWN:], 16)))
