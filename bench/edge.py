"""The engine's way of a MESSAGE from a partner to the inside, whole and part by part, with ten thousand partners."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import sipcore
from sipcore import ImFilter, Message, Via, parse
from sipcore.edge.actions import Link, Send
from sipcore.edge.engine import Engine
from sipcore.edge.flow import Forward
from sipcore.edge.forwarding import forwarded_request
from sipcore.edge.hashes import Keys, branch_for, way_signature
from sipcore.edge.memory import RecentlyUsed
from sipcore.edge.reading import own_routes, read_flow
from sipcore.edge.routing import decide
from sipcore.edge.tables import Domains, Hop, OwnSide, Partner, Side, Tables, Transport
from sipcore.validate import validate
from sipcore_bench.contestant import Contestant
from sipcore_bench.draw import INSIDE, OUTSIDE
from sipcore_bench.peers.reading import Reader

__all__ = ["PARTNERS", "Arrival", "arriving", "contestants", "kept"]

PARTNERS = 10_000
_UDP = Transport.UDP
_KEYS = Keys(bytes(32))
_OUTSIDE_ADDRESS = "192.0.2.1"

_reader = partial(Reader, version=sipcore.__version__, kind="ours", question="decide")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that has come, and what is known of it before each part: nothing of that is timed."""

    message: Message
    via: Via
    link: Link


def _proxy(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


@cache
def _tables() -> Tables:
    """Those of the messages' partners that are federated with, and enough others."""
    domains = [*OUTSIDE, *(f"partner{number}.example" for number in range(len(OUTSIDE), PARTNERS))]
    rows = {name: Partner(name, name, Hop(_UDP, _proxy(number), 5060)) for number, name in enumerate(domains, 1)}
    listen = {
        (Side.INSIDE, _UDP): Hop(_UDP, "127.0.0.1", 5060),
        (Side.OUTSIDE, _UDP): Hop(_UDP, _OUTSIDE_ADDRESS, 5060),
    }
    own = OwnSide(
        fqdn=f"edge.{INSIDE}", domains=Domains([INSIDE]), next_hop=Hop(_UDP, "127.0.0.5", 5070), listen=listen
    )
    return Tables(own=own, partners=rows)


def arriving(item: bytes) -> Arrival:
    """The message as the first of its dialog, over UDP from its partner's proxy."""
    given = parse(item)
    assert given.from_ is not None
    assert given.to is not None
    domain = str(given.from_.uri.host)
    proxy = _tables().partners[domain].proxy
    edit = given.edit().remove("Route").set("To", f"<{given.to.uri}>")
    edit.set("Via", f"SIP/2.0/UDP {proxy.authority};branch=z9hG4bK{given.call_id}")
    message = parse(bytes(edit))
    assert message.via is not None
    return Arrival(message, message.via, Link(1, Side.OUTSIDE, _UDP, proxy.host, proxy.port))


def contestants() -> Iterator[Contestant]:
    """The whole way, then its parts in their order, and what deciding costs where nothing is remembered."""
    tables, content = _tables(), ImFilter()
    engine = Engine(tables, content, _KEYS)
    part = partial(_reader, prepare=arriving)
    yield part(name="edge: receive, whole", work=lambda at: engine.receive(at.message, at.link, 0.0), answer_of=_sent)
    # The same through the express lane, without the actions: soundness, key, filter, branch and way, bytes.
    lane = Engine(tables, content, _KEYS)
    yield _reader(
        name="edge: carried, decision kept",
        prepare=lambda item: _taught(lane, arriving(item)),
        work=lambda at: _carried(lane, at),
        answer_of=_true,
    )
    slow = Engine(tables, content, _KEYS, remember_decisions=False)
    yield part(
        name="edge: receive, whole, nothing kept",
        work=lambda at: slow.receive(at.message, at.link, 0.0),
        answer_of=_sent,
    )
    yield part(name="edge: validate", work=lambda at: validate(at.message), answer_of=_passed)
    yield part(name="edge: decide, kept, key and signatures", work=kept(), answer_of=_forwarded)
    yield part(name="edge: filter", work=lambda at: content.check(at.message).passed or None, answer_of=_true)
    yield _reader(name="edge: edit", prepare=lambda item: _decided(arriving(item)), work=_edited, answer_of=_left)
    yield part(name="edge: decide, cold, from the message", work=_cold, answer_of=_forwarded)
    yield _reader(
        name="edge: decide, cold", prepare=_flow, work=lambda flow: decide(flow, tables, {}), answer_of=_forwarded
    )


def _taught(engine: Engine, at: Arrival) -> Arrival:
    """A message that is not the first of its flow: that one is decided, and teaches the lane."""
    engine.receive(at.message, at.link, 0.0)
    return at


def _carried(engine: Engine, at: Arrival) -> bool:
    """Whether it left natively."""
    given = [at.message, None]
    runs, left_over = engine.receive_all(lambda: given.pop(0), at.link, 0.0)
    return bool(runs) and left_over is None


def kept() -> Callable[[Arrival], Any]:
    """A decision that is found again: routes, key, branch and way back."""
    tables = _tables()
    decisions: RecentlyUsed[bytes, Any] = RecentlyUsed(PARTNERS)
    key_of = _KEYS.flows(tables.verification.assertion_header).of

    def found(at: Arrival) -> Any:
        message, via, link = at.message, at.via, at.link
        branch = branch_for(message, via, _KEYS)
        routes = own_routes(message, link.side, tables, _KEYS)
        key = key_of(message, False, link.remote_host, routes.domains, routes.more, routes.broken, 0)
        way_signature(branch, _UDP, link.remote_host, link.remote_port, None, _KEYS)
        assert key is not None
        decision = decisions.get(key)
        if decision is None:
            decision = _cold(at)
            decisions.put(key, decision)
        return decision

    return found


def _flow(item: bytes) -> Any:
    at = arriving(item)
    return read_flow(at.message, at.link, own_routes(at.message, at.link.side, _tables(), _KEYS), _tables())


def _cold(at: Arrival) -> Any:
    tables = _tables()
    return decide(
        read_flow(at.message, at.link, own_routes(at.message, at.link.side, tables, _KEYS), tables), tables, {}
    )


def _decided(at: Arrival) -> dict[str, Any]:
    """What forwarding needs."""
    forward = _cold(at)
    return {
        "message": at.message,
        "tables": _tables(),
        "via": at.via,
        "link": at.link,
        "forward": forward,
        "hop": forward.candidates[0].hop,
        "routes": own_routes(at.message, at.link.side, _tables(), _KEYS),
        "branch": branch_for(at.message, at.via, _KEYS),
        "keys": _KEYS,
    }


def _edited(known: dict[str, Any]) -> bytes:
    return forwarded_request(**known)


# -- whether a part did its work: each says "forwarded", or what else it came to


def _sent(actions: list[Any]) -> object:
    return "forwarded" if any(isinstance(a, Send) and a.side is Side.INSIDE for a in actions) else actions


def _passed(finding: object) -> object:
    return "forwarded" if finding is None else finding


def _true(passed: object) -> object:
    return "forwarded" if passed else "refused"


def _forwarded(decision: object) -> object:
    return "forwarded" if isinstance(decision, Forward) and decision.side is Side.INSIDE else decision


def _left(data: bytes) -> object:
    vias = parse(data).vias
    return "forwarded" if len(vias) == 2 and "sig" in vias[0].params else data
