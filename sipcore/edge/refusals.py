"""Every way in which the edge says no, as one table. Code refuses by naming a row; docs/refusals.md is this table.

A row says what each side is told. The inside is told more: it is ours, and its users want to know. The outside is told
the bare status, or nothing. Methods that are never answered (ACK, BENOTIFY) are discarded by every row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sipcore.edge.benotify import ANSWERLESS
from sipcore.edge.chains import Chain, Line
from sipcore.edge.flow import Answer, Discard, Header
from sipcore.edge.tables import Side, Tables
from sipcore.grammar import reason_phrase
from sipcore.validate import Refusal

__all__ = [
    "DISCARDS",
    "ITS_OWN",
    "REFUSALS",
    "Diagnostic",
    "Disposal",
    "Row",
    "disposed",
    "refuse",
    "refused_content",
    "render",
]

#: Stands for the status that the finding itself names.
ITS_OWN = 0
#: For a finding that names none.
_UNNAMED = 400


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An ``ms-diagnostics`` code with its text (docs/protocol.md "Routing and refusals"). Only the inside gets it."""

    code: int
    text: str

    def header(self, fqdn: str) -> Header:
        """The header, with the edge as its source."""
        return "ms-diagnostics", f'{self.code};reason="{self.text}";source="{fqdn}"'


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One refusal. There is one object for each, which hashes as itself.

    Attributes:
        name: for counters, logs and tests; stable.
        when: what happened.
        inside, outside: the status that side gets; None for nothing, `ITS_OWN` for the finding's own.
        diagnostic: what the inside is told besides.
        header: goes with the status on both sides; ``{fqdn}`` in its value is the edge's name.
        found: a header that the finding brings, for the table.
    """

    name: str
    when: str
    inside: int | None
    outside: int | None
    diagnostic: Diagnostic | None = None
    header: Header | None = None
    found: str = ""

    def status(self, side: Side) -> int | None:
        """What that side is told."""
        return self.inside if side is Side.INSIDE else self.outside


UNREACHABLE_DOMAIN = Diagnostic(1005, "Cannot route to destination domain")
BROKEN_ROUTE = Diagnostic(1004, "Route set is no longer valid")
UNRESOLVED = Diagnostic(1008, "Cannot resolve the DNS SRV record of the domain")
CONFLICT = Diagnostic(1009, "The DNS SRV record conflicts with the domain")
DISTRUST = Diagnostic(1010, "The certificate of the next hop is not trusted")
NAMELESS = Diagnostic(1014, "Cannot resolve the DNS A record of the next hop")
TLS_FAILURE = Diagnostic(1047, "TLS negotiation with the federated peer failed")
PUBLIC_IM_RIGHT = Diagnostic(1001, "From URI is not authorised for public IM")
FEDERATION_RIGHT = Diagnostic(1002, "From URI is not authorised for federation")
OUTSIDE_RIGHT = Diagnostic(1012, "From URI is not authorised to communicate outside the enterprise")
REQUEST_TYPE = Diagnostic(1027, "Requests of this type cannot be routed to or from federated partners")

#: By which clients tell a refusal of content from one of people (docs/protocol.md "Routing and refusals").
POLICY_WARNING = ("Warning", '309 {fqdn} "Message contents not allowed by policy"')
#: What is taken instead (RFC 3261 sections 21.4.13 and 20.43).
PLAIN_TYPES = ("Accept", "application/sdp, text/plain, application/im-iscomposing+xml")
NO_MEDIUM = ("Warning", '304 {fqdn} "Media type not available"')
#: Seconds: long enough for a restart, short enough for a person who waits.
RETRY_AFTER = ("Retry-After", "10")

NO_VIA = Row("no-usable-via", "the topmost Via cannot be read, so there is no way back", None, None)
INVALID = Row("invalid", "a header breaks its grammar or the message contradicts itself", ITS_OWN, ITS_OWN)
CANCELLED = Row("cancel-of-refused", "a CANCEL of a request that was refused here", 481, 481)
TOO_MANY_HOPS = Row("too-many-hops", "Max-Forwards is 0", 483, 483)
LOOP = Row("loop", "a Via of ours is already there", 482, 482)
BLOCKED = Row("blocked", "a blocked domain at any end", 403, None)
BLOCKED_TOLD = Row("blocked", "the same, with `blocked.answer = true`", 403, 403)
SCHEME = Row("unsupported-scheme", "the Request-URI is neither sip nor sips", 416, 416)
STRANGER = Row("stranger", "the link is no server of ours and nobody's that a table or certificate knows", 403, 403)
CLAIMS_OURS = Row("claims-our-domain", "From or P-Asserted-Identity claims a domain of ours, from outside", None, 403)
CLAIMS_OTHER = Row("claims-other-domain", "From or P-Asserted-Identity is of a domain not the link's own", 403, 403)
FEDERATION_OFF = Row("federation-off", "one of the two switches of `[federation]` is off", 403, 403, FEDERATION_RIGHT)
METHOD = Row("method", "a method that `federation.methods` does not let cross", 405, 405, REQUEST_TYPE, found="Allow")
BAD_EXTENSION = Row("bad-extension", "Proxy-Require names an unknown extension", 420, 420, found="Unsupported")
NO_BENOTIFY = Row(
    "benotify-off", 'BENOTIFY, with `benotify.enabled = false` and not `when_off = "forward"`', None, None
)
NO_RIGHT = Row("no-right", "the user of ours may send to nobody outside", 403, None, OUTSIDE_RIGHT)
NO_FEDERATION = Row("no-federation-right", "the user of ours has no right for federation", 403, 403, FEDERATION_RIGHT)
NO_PUBLIC_IM = Row("no-public-im-right", "the user of ours has no right for public IM", 403, 403, PUBLIC_IM_RIGHT)
NO_REMOTE_ACCESS = Row("no-remote-access-right", "the user of ours has no right for remote access", None, 403)
USER_BLOCKS = Row("user-blocks", "the recipient has blocked the sender", None, 403)
UNVERIFIED = Row(
    "unverified", "an unverified subscription that no entry allows, with `enforce_at_edge = true`", None, 403
)
NOT_OURS = Row("not-our-domain", "from outside, for a domain that is not ours", None, 403)
UNREACHABLE = Row("unknown-domain", "from inside, for a domain that no table leads to", 404, None, UNREACHABLE_DOMAIN)
NO_ROUTE = Row("no-route", "in a dialog, but not along a route of ours", 481, 403, BROKEN_ROUTE)
NO_SRV = Row("no-srv", "the SRV record that is needed is missing, or cannot be looked up", 504, 504, UNRESOLVED)
SRV_CONFLICT = Row("srv-conflict", "the SRV record breaks the rules", 504, 504, CONFLICT)
UNTRUSTED = Row("untrusted", "the certificate of the next hop is not trusted", 504, 504, DISTRUST)
NO_ADDRESS = Row("no-address", "the name of the next hop has no address", 504, 504, NAMELESS)
TLS_FAILED = Row("tls-failed", "TLS with the next hop fails", 504, 504, TLS_FAILURE)
FILTERED = Row("filtered", "the content filter refuses it", 606, 606, header=POLICY_WARNING)
UNFIT_TYPE = Row(
    "unfit-type", "a type of content that is not plain text, where that alone is taken", 415, 415, header=PLAIN_TYPES
)
UNFIT_SESSION = Row("unfit-session", "a session of more than instant messages, likewise", 488, 488, header=NO_MEDIUM)
TOO_MANY_VIAS = Row("too-many-vias", "with our Via there would be more than `limits.via`", 483, 483)
TOO_LARGE = Row("too-large", "with what we add it would be past the limits of what comes", 513, 513)
UNDELIVERED = Row("undelivered", "the next hop is down or its queue is full", 503, 503, header=RETRY_AFTER)
CROWDED = Row("crowded", "too much waits for DNS already", 503, 503, header=RETRY_AFTER)
PACED = Row("paced", "a discovered peer that no list names sends too fast", None, 503, header=RETRY_AFTER)

#: In the order in which they are looked for: the first that holds is what a sender learns.
REFUSALS: tuple[Row, ...] = (
    NO_VIA,
    INVALID,
    CANCELLED,
    TOO_MANY_HOPS,
    LOOP,
    BLOCKED,
    BLOCKED_TOLD,
    SCHEME,
    STRANGER,
    CLAIMS_OURS,
    CLAIMS_OTHER,
    FEDERATION_OFF,
    METHOD,
    NO_BENOTIFY,
    BAD_EXTENSION,
    NO_RIGHT,
    NO_ROUTE,
    NOT_OURS,
    UNREACHABLE,
    NO_SRV,
    SRV_CONFLICT,
    NO_FEDERATION,
    NO_PUBLIC_IM,
    NO_REMOTE_ACCESS,
    USER_BLOCKS,
    UNVERIFIED,
    PACED,
    CROWDED,
    FILTERED,
    NO_ADDRESS,
    UNFIT_TYPE,
    UNFIT_SESSION,
    TOO_MANY_VIAS,
    TOO_LARGE,
    UNTRUSTED,
    TLS_FAILED,
    UNDELIVERED,
)


@dataclass(frozen=True, slots=True)
class Disposal:
    """Something that is discarded on purpose, whatever the side."""

    name: str
    when: str


UNWRITABLE = Disposal("unwritable", "a list that an edit must take apart has a quote or bracket that is never closed")
ACK_OF_OURS = Disposal("ack-absorbed", "the ACK to an answer of ours: it has arrived")
INVALID_RESPONSE = Disposal("response-invalid", "a response that breaks its grammar")
TO_BENOTIFY = Disposal("response-to-benotify", "a response to BENOTIFY, which has none")
NOT_OUR_VIA = Disposal("response-not-ours", "a response whose topmost Via is not ours on that side")
FORGED = Disposal("response-forged", "a response with our Via but not with a branch that we made")
REDIRECTED = Disposal("response-redirected", "a response whose next Via is not where we said that it goes")
NOTIFY_ANSWERED = Disposal("notify-answered", "a response to what came as BENOTIFY and left as NOTIFY")
NOTIFY_REFUSED = Disposal("notify-refused", "the same, and it refuses: the notifier asked for no answer and gets none")
FOR_US = Disposal("response-for-us", "a response with no Via but ours: we ask nothing")
BLOCKED_RESPONSE = Disposal("response-blocked", "a response with a blocked domain at any end")
STRANGER_RESPONSE = Disposal("response-from-stranger", "a response from a link of nobody we know")
CLAIMING_RESPONSE = Disposal(
    "response-claims-domain", "a response whose P-Asserted-Identity is not the domain that the link speaks for"
)
NOWHERE = Disposal("response-to-nowhere", "a response whose next Via names no server of ours and no partner")
FILTERED_RESPONSE = Disposal("response-filtered", "a response whose content the filter refuses")
UNFIT_RESPONSE = Disposal("response-unfit", "a response that begins a session of more than instant messages, likewise")
OVERGROWN = Disposal("response-too-large", "a response that would be past the limits with what we add")

DISCARDS: tuple[Disposal, ...] = (
    UNWRITABLE,
    ACK_OF_OURS,
    INVALID_RESPONSE,
    TO_BENOTIFY,
    NOT_OUR_VIA,
    FORGED,
    REDIRECTED,
    NOTIFY_ANSWERED,
    NOTIFY_REFUSED,
    FOR_US,
    BLOCKED_RESPONSE,
    STRANGER_RESPONSE,
    CLAIMING_RESPONSE,
    NOWHERE,
    FILTERED_RESPONSE,
    UNFIT_RESPONSE,
    OVERGROWN,
)


def refuse(
    row: Row,
    side: Side,
    method: str,
    tables: Tables,
    chain: Iterable[Line],
    *,
    headers: Iterable[Header] = (),
    finding: Refusal | None = None,
) -> Answer | Discard:
    """What a row means for a request with that method from that side.

    Args:
        chain: the rules that led to the row.
        headers: to go with the status.
        finding: gives status, reason and headers for a row that leaves them to it.
    """
    status = row.status(side)
    if status == ITS_OWN:
        status = finding.status if finding else _UNNAMED
    if status is None or method in ANSWERLESS:
        return Discard(row.name, Chain.of(chain, f"discarded: {row.name}"))
    reason = finding.reason if finding else reason_phrase(status)
    told = (*_own_headers(row, side, tables.own.name_on(side)), *headers, *(finding.headers if finding else ()))
    return Answer(status, reason, told, row.name, Chain.of(chain, f"answered {status} {reason}: {row.name}"))


def refused_content(side: Side, method: str, tables: Tables, so_far: Chain | Iterable[str]) -> Answer | Discard:
    """What becomes of a request that would be forwarded, and whose content the filter blocks."""
    return refuse(FILTERED, side, method, tables, Chain.of(so_far, FILTERED.when))


def disposed(what: Disposal | Row) -> Discard:
    """What is discarded whatever the side."""
    return Discard(what.name, (what.when, f"discarded: {what.name}"))


@lru_cache(maxsize=256)
def _own_headers(row: Row, side: Side, fqdn: str) -> tuple[Header, ...]:
    """Put into words once for all who are refused so."""
    diagnostics = [row.diagnostic.header(fqdn)] if row.diagnostic is not None and side is Side.INSIDE else []
    others = [(row.header[0], row.header[1].format(fqdn=fqdn))] if row.header is not None else []
    return (*diagnostics, *others)


# -- docs/refusals.md

_HEAD = """\
# Refusals

Written from the table in `sipcore/edge/refusals.py`; a test keeps the two equal.

A message that cannot be represented at all never reaches this table: a datagram is dropped and counted, a stream is
closed. The rows stand in the order in which they are looked for. Every answer and every discard is counted by its name.

## Requests

| name | what happened | answer inside | answer outside | BENOTIFY and ACK |
|---|---|---|---|---|
"""

_MIDDLE = """
## Discarded on purpose

| name | what happened |
|---|---|
"""


def render() -> str:
    """The tables as Markdown: the text of docs/refusals.md."""
    refusals = "".join(_refusal_line(row) for row in REFUSALS)
    return _HEAD + refusals + _MIDDLE + "".join(f"| `{row.name}` | {row.when} |\n" for row in DISCARDS)


def _refusal_line(row: Row) -> str:
    inside = _told(row, row.inside, row.diagnostic)
    return f"| `{row.name}` | {row.when} | {inside} | {_told(row, row.outside, None)} | discard |\n"


def _told(row: Row, status: int | None, diagnostic: Diagnostic | None) -> str:
    if status is None:
        return "-" if row in _ONE_SIDED else "discard"
    said = "its own (400, 505, ...)" if status == ITS_OWN else f"{status} {reason_phrase(status)}"
    extras = [f"ms-diagnostics {diagnostic.code}"] if diagnostic else []
    extras += [row.header[0]] if row.header else []
    return ", ".join([said, *extras, *([row.found] if row.found else [])])


#: Rows that cannot arise on the side where they say nothing.
_ONE_SIDED = frozenset({CLAIMS_OURS, NOT_OURS, UNREACHABLE, NO_RIGHT, NO_REMOTE_ACCESS, USER_BLOCKS, UNVERIFIED, PACED})
