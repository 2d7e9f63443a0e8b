"""One question to the name servers, and what its answer proves.

The library does the wire: retries over the servers, TCP where an answer was truncated, answers that are not to our
question, aliases (RFC 1034 section 3.6.2). Here is what a relay makes of it: records, a proven absence, or nothing that
could be relied on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.message
import dns.name
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.rdata import Rdata
from dns.rdatatype import NS, SOA, RdataType
from dns.rdtypes.IN.SRV import SRV as ServiceRecord  # noqa: N811 - so as not to be taken for the type's number
from dns.resolver import NXDOMAIN, LifetimeTimeout

from sipcore.edge.facts import Found, SrvFact, Target
from sipcore.edge.tables import domain_name, name_fault

__all__ = ["SRV_SERVICE", "Outcome", "Reply", "fact_from", "look_up"]

#: Before a domain, the name of its federation record (docs/protocol.md "Who is federated with").
SRV_SERVICE = "_sipfederationtls._tcp"
#: Records of one name; every message to the domain walks them, and no array of edges is so large.
_MOST_RECORDS = 64


class Outcome(StrEnum):
    """How a look-up ended; a label of metrics."""

    FOUND = "found"
    ABSENT = "absent"
    TIMEOUT = "timeout"
    FAILED = "failed"
    MALFORMED = "malformed"  #: records that cannot be meant
    CROWDED = "crowded"  #: not asked, for too many look-ups were under way


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one look-up.

    Attributes:
        outcome: how it ended.
        records: those of the type that was asked for; none unless found.
        ttl: how long it holds, in seconds, by the word of the server: of an absence the negative TTL (RFC 2308
            section 5). 0 where there was no answer.
        why: what went wrong, for the log.
    """

    outcome: Outcome
    records: tuple[Rdata, ...] = ()
    ttl: int = 0
    why: str = ""


async def look_up(client: Resolver, name: str, kind: RdataType) -> Reply:
    """Ask for the records of that type. The name is taken as it is: no search list makes another of it."""
    try:
        question = dns.name.from_text(name)
        answer = await client.resolve(question, kind, raise_on_no_answer=False, search=False)
    except NXDOMAIN as error:
        # there is one response for each name that was tried, and we tried one
        (response,) = error.responses().values()  # type: ignore[no-untyped-call]
        return Reply(Outcome.ABSENT, ttl=response.resolve_chaining().minimum_ttl)
    except LifetimeTimeout as error:
        return Reply(Outcome.TIMEOUT, why=str(error))
    except (DNSException, OSError) as error:
        return Reply(Outcome.FAILED, why=str(error) or type(error).__name__)
    if answer.rrset is None:
        return _without_records(answer.response)
    records = tuple(answer.rrset)
    if fault := _fault(records):
        return Reply(Outcome.MALFORMED, why=fault)
    return Reply(Outcome.FOUND, records, answer.chaining_result.minimum_ttl)


def _without_records(response: dns.message.QueryMessage) -> Reply:
    """A name without such records, unless the server only tells whom to ask instead (RFC 2308 section 2.2)."""
    kinds = {rrset.rdtype for rrset in response.authority}
    if NS in kinds and SOA not in kinds:
        return Reply(Outcome.FAILED, why="the server refers to others; expected one that looks names up itself")
    return Reply(Outcome.ABSENT, ttl=response.resolve_chaining().minimum_ttl)


def _fault(records: Sequence[Rdata]) -> str:
    """What is wrong with records that can be read; empty when nothing is.

    One bad record spoils all: whoever wrote them, nobody knows what is meant (docs/protocol.md "Routing and refusals").
    """
    if len(records) > _MOST_RECORDS:
        return f"{len(records)} records; at most {_MOST_RECORDS} are taken"
    for record in records:
        if not isinstance(record, ServiceRecord) or record.target == dns.name.root:
            continue
        host = _host(record)
        if fault := name_fault(host):
            return f"the target {host!r} is no name of a host: {fault}"
        if not record.port:
            return f"the target {host} has port 0"
    return ""


# -- SRV


def fact_from(reply: Reply, domain: str, expires: float) -> SrvFact:
    """What the look-up of a domain's SRV record has found, as the engine is told.

    The root as the only target says that the service is decidedly not there (RFC 2782): that is an absence too.
    """
    if reply.outcome not in (Outcome.FOUND, Outcome.ABSENT):
        return SrvFact(domain, Found.FAILED, expires=expires)
    records = (record for record in reply.records if isinstance(record, ServiceRecord))
    targets = [
        Target(_host(record), record.port, record.priority, record.weight)
        for record in records
        if record.target != dns.name.root
    ]
    return SrvFact.of(domain, *targets, expires=expires)


def _host(record: ServiceRecord) -> str:
    return domain_name(record.target.to_text(omit_final_dot=True))
