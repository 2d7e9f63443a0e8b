"""What an edge would do with a message, as a person wants to read it: which rule of which table, and what leaves.

The engine itself is asked, so an explanation cannot differ from what happens. Nothing is looked up: records of DNS are
given, and one that is missing is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sipcore._parser import Message, parse
from sipcore.build import request
from sipcore.edge.actions import Action, Certificate, Count, Link, Resolve, Send, Trace
from sipcore.edge.directory import Archiving, Users, user_address
from sipcore.edge.engine import Engine
from sipcore.edge.facts import SrvFact
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import (
    Hop,
    Side,
    Tables,
    Transport,
    canonical_host,
    domain_name,
    hop_of,
    is_address,
    name_fault,
)
from sipcore.edge.vias import spoken
from sipcore.errors import HeaderError
from sipcore.imfilter import ImFilter
from sipcore.limits import DEFAULT, Limits

__all__ = ["Explanation", "as_spoken", "explain", "link_for", "link_named", "message_of", "record_of"]

_CLIENT_PORT = 40_000


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was found.

    Attributes:
        link: whose message it is taken for, in words.
        trace: the decision with its chain; None while a record is missing.
        outcome: what leaves, line by line, and what is only stored.
    """

    link: str
    trace: Trace | None
    outcome: tuple[str, ...]


def explain(
    message: Message,
    link: Link,
    tables: Tables,
    *,
    content: ImFilter | None,
    keys: Keys,
    users: Users | None,
    facts: Iterable[SrvFact] = (),
    limits: Limits = DEFAULT,
) -> Explanation:
    """Play one message to a fresh engine."""
    traces: list[Trace] = []
    edge = Engine(tables, content, keys, traces.append, users, limits=limits)
    for fact in facts:
        edge.resolved(fact, 0.0)
    actions = edge.receive(message, link, 0.0)
    outcome = (*_outcome(actions, message, tables), *_stored(message, users))
    return Explanation(_in_words(link), traces[0] if traces else None, outcome)


def _outcome(actions: Iterable[Action], message: Message, tables: Tables) -> Iterator[str]:
    for action in actions:
        if isinstance(action, Resolve):
            yield f"waits for the SRV record of {action.domain}: _sipfederationtls._tcp.{action.domain}"
        elif isinstance(action, Send):
            sent = parse(action.data)
            # An answer of ours takes the link of its request, whose address may be made up here.
            is_answer = message.is_request and not sent.is_request
            where = "back" if is_answer else f"{action.side} to {action.hop}"
            yield f"sent {where}: {_first_line(action.data)}"
            for name in _written(tables):
                yield from (f"  {name}: {value}" for value in sent.get_all(name))
        elif isinstance(action, Count) and action.name == "discarded":
            yield "nothing is sent"


def _written(tables: Tables) -> Iterator[str]:
    """The headers by which sides are told of senders, of archiving, and of what is wrong."""
    yield tables.verification.mark_header
    yield tables.verification.assertion_header
    if tables.archiving_notice.enabled:
        yield tables.archiving_notice.header
    yield "ms-diagnostics"


def _first_line(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode("utf-8", "backslashreplace")


def _stored(message: Message, users: Users | None) -> Iterator[str]:
    """What the directory says of the two ends and nothing acts on (F132)."""
    for address in _addresses(message):
        user = users.user(address) if users is not None else None
        if user is not None and user.archiving is not Archiving.DEFAULT:
            mode = user.archiving.name.lower().replace("_", "-")
            yield f"{user.address} is to be archived as {mode}: stored, nothing is archived yet"


def _addresses(message: Message) -> list[str]:
    try:
        ends = [message.from_, message.to]
    except HeaderError:
        return []
    return [user_address(f"{end.uri.user or ''}@{end.uri.host or ''}") for end in ends if end is not None]


# -- links


def _in_words(link: Link) -> str:
    who = f"{link.remote_host} over {link.transport}"
    if link.certificate is not None:
        who = f"a peer with the certificate of {', '.join(link.certificate.names)}"
    return f"from {link.side}, {who}"


def link_named(text: str, tables: Tables) -> Link:
    """The link that a person names: an address, the name of a certificate, or ``inside`` for a server of ours.

    Args:
        text: with ``inside:`` or ``outside:`` in front where the tables do not tell the side.

    Raises:
        ValueError: it is neither.
    """
    side, colon, rest = text.partition(":")
    named = Side(side) if colon and side in tuple(Side) else None
    peer = rest if named is not None else text
    if peer == Side.INSIDE:
        named, peer = Side.INSIDE, min(tables.own.servers)
    host = canonical_host(peer)
    if is_address(host):
        own = named or (Side.INSIDE if tables.own.may_send_outward(host) else Side.OUTSIDE)
        return Link(1, own, _without_tls(own, tables), host, _CLIENT_PORT)
    if name_fault(host):
        raise ValueError(f"{peer!r} is neither an address nor the name of a certificate")
    side_of_name = named or (Side.INSIDE if tables.own.may_speak(host) else Side.OUTSIDE)
    # The address is of no consequence with TLS; it is one that is nobody's (RFC 5737).
    return Link(1, side_of_name, Transport.TLS, "192.0.2.255", _CLIENT_PORT, Certificate((host,), host))


def _without_tls(side: Side, tables: Tables) -> Transport:
    """What an address comes over: TCP where nothing else is listened for."""
    listened = {transport for listening, transport in tables.own.listen if listening is side}
    return Transport.TCP if Transport.TCP in listened and Transport.UDP not in listened else Transport.UDP


def as_spoken(link: Link, message: Message, tables: Tables) -> Link:
    """The link that a message must have come on: of an address over what its Via names, if that is listened for."""
    try:
        via = message.via
    except HeaderError:
        return link
    named = spoken(via) if via is not None else None
    if named in (None, Transport.TLS, link.transport) or link.transport is Transport.TLS:
        return link
    return replace(link, transport=named) if (link.side, named) in tables.own.listen else link


def link_for(domain: str, tables: Tables, facts: Iterable[SrvFact] = ()) -> Link | None:
    """The link that a domain's messages should come on; None where no table tells."""
    domain = domain_name(domain)
    if domain in tables.own.domains:
        return link_named(Side.INSIDE, tables)
    row = tables.direct_partner(domain) or tables.provider_of(domain) or tables.static_routes.find(domain)
    if row is not None:
        subjects = row.subjects
        return _from_hop(hop_of(row), subjects[0].name if subjects else "")
    for fact in facts:
        if fact.domain == domain and fact.targets:
            return _from_hop(fact.targets[0].hop, "")
    return None if tables.default_route is None else _from_hop(tables.default_route.proxy, "")


def _from_hop(hop: Hop, subject: str) -> Link:
    if hop.transport is not Transport.TLS:
        return Link(1, Side.OUTSIDE, hop.transport, hop.host, hop.port)
    names = (subject or hop.host,)
    return Link(1, Side.OUTSIDE, Transport.TLS, "192.0.2.255", _CLIENT_PORT, Certificate(names, names[0]))


# -- what is not at hand


def message_of(sender: str, recipient: str, method: str, asserted: str | None, link: Link, tables: Tables) -> bytes:
    """A request with those ends, as it would come on that link.

    Args:
        sender, recipient: ``user@domain``, with or without ``sip:``.
        asserted: the value of the assertion header; None leaves it out.
    """
    ends = [address if ":" in address.partition("@")[0] else f"sip:{address}" for address in (sender, recipient)]
    host = link.certificate.names[0] if link.certificate else link.remote_host
    headers = [
        ("Via", f"SIP/2.0/{link.transport.upper()} {_bracketed(host)};branch=z9hG4bK-explained"),
        ("Max-Forwards", "70"),
        ("From", f"<{ends[0]}>;tag=explained"),
        ("To", f"<{ends[1]}>"),
        ("Call-ID", "explained"),
        ("CSeq", f"1 {method}"),
    ]
    if asserted is not None:
        headers.append((tables.verification.assertion_header, asserted))
    return request(method, ends[1], headers)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def record_of(text: str) -> SrvFact:
    """An SRV record as a person gives it: ``domain=host``, several hosts with commas, none for "there is none".

    Raises:
        ValueError: there is no ``=``, or something in it is no name.
    """
    domain, equals, hosts = text.partition("=")
    targets = [host.strip() for host in hosts.split(",") if host.strip()]
    for name in (domain, *targets):
        if not equals or name_fault(domain_name(name)):
            raise ValueError(f"{text!r}: expected domain=host")
    return SrvFact.of(domain, *targets, expires=1.0)
