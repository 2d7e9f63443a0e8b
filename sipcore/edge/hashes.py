"""The keyed hashes by which a stateless proxy recognises its own work.

A stateless proxy remembers nothing, so what it must know again is computed again or comes back to it signed:

    branch   of the Via that we push     a response that bears it answers a request of ours
    tag      To tag of our own answers   the ACK that bears it acknowledges us
    way      ``sig`` of our Via          where the response goes is where its request came from
    route    ``sig`` of Record-Route     a request inside a dialog comes along the way that we recorded for it

Branch and tag are hashes over what every message of one transaction has in common, and of nothing else: not the method,
so CANCEL and ACK match their INVITE; not the link, so a copy on another one matches too (RFC 3261 section 16.11).
The key makes all of them unforgeable. The hash is SipHash-2-4-128, see `_siphash.pxd` for why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from sipcore._parser import Message
from sipcore._values import Uri, Via
from sipcore.edge._flowkey import FlowKeys
from sipcore.edge._keyed import RouteSigner, TransactionSigner, WaySigner
from sipcore.edge.tables import Side
from sipcore.errors import ConfigError, Problem

__all__ = [
    "MAGIC_COOKIE",
    "Keys",
    "branch_for",
    "initiates",
    "made_branch",
    "made_tag",
    "made_way",
    "route_signature",
    "tag_for",
    "way_signature",
]

#: What every RFC 3261 branch starts with (section 8.1.1.7).
MAGIC_COOKIE = "z9hG4bK"

_KEY_BYTES = range(16, 65)
_CONDENSED_BYTES = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """The edge's secret, the same for all edges of an array.

    Attributes:
        current: makes and recognises; 16 to 64 bytes.
        previous: only recognises, so that a key can be replaced under traffic.

    Raises:
        ConfigError: a key has another length.
    """

    current: bytes
    previous: bytes | None = None
    _branches: TransactionSigner = field(init=False, repr=False, compare=False)
    _tags: TransactionSigner = field(init=False, repr=False, compare=False)
    _ways: WaySigner = field(init=False, repr=False, compare=False)
    _routes: RouteSigner = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, key in (("current", self.current), ("previous", self.previous)):
            if key is not None and len(key) not in _KEY_BYTES:
                message = f"the {name} key has {len(key)} bytes, 16 to 64 are needed"
                raise ConfigError([Problem("", "edge.key_file", message)])
        object.__setattr__(self, "_branches", TransactionSigner(*self._condensed(b"branch")))
        object.__setattr__(self, "_tags", TransactionSigner(*self._condensed(b"to-tag")))
        object.__setattr__(self, "_ways", WaySigner(*self._condensed(b"way")))
        object.__setattr__(self, "_routes", RouteSigner(*self._condensed(b"route")))

    def __repr__(self) -> str:
        return "Keys(...)"  # a traceback must not print them

    def flows(self, assertion_header: str) -> FlowKeys:
        """What makes the keys of flows; they never leave the process, so there is no previous one."""
        return FlowKeys(self._condensed(b"flow")[0], assertion_header)

    def signers(
        self, assertion_header: str
    ) -> tuple[TransactionSigner, WaySigner, RouteSigner, FlowKeys, TransactionSigner]:
        """Those of branches, ways, routes, flows and tags, for the express lane: it signs without an object a message.

        Flows have a key of their own there too: its hashes are over other values than those of `flows`.
        """
        flows = FlowKeys(self._condensed(b"express")[0], assertion_header)
        return self._branches, self._ways, self._routes, flows, self._tags

    def _condensed(self, purpose: bytes) -> list[bytes]:
        """The 128 bits that each key has for one purpose: a hash made for one is never good for another."""
        label = b"sipcore " + purpose
        known = (key for key in (self.current, self.previous) if key is not None)
        return [blake2b(key=key, person=label, digest_size=_CONDENSED_BYTES).digest() for key in known]


def branch_for(message: Message, via: Via, keys: Keys) -> str:
    """The branch of the Via that we push on a request.

    Args:
        message: the request; a value that it lacks, or that is malformed, counts as absent.
        via: its topmost, where we receive it.
    """
    return MAGIC_COOKIE + keys._branches.of(message, via)


def made_branch(branch: str | None, message: Message, via: Via, keys: Keys) -> bool:
    """Whether we, or an edge with our key, made that branch for a message whose Via below ours is this."""
    if branch is None or not branch.startswith(MAGIC_COOKIE):
        return False
    return keys._branches.made(branch[len(MAGIC_COOKIE) :], message, via)


def tag_for(message: Message, via: Via, keys: Keys) -> str:
    """The To tag of an answer of our own to that request."""
    return keys._tags.of(message, via)


def made_tag(tag: str | None, message: Message, via: Via, keys: Keys) -> bool:
    """Whether the tag is one that an answer of ours gave: then an ACK with it is for us."""
    return tag is not None and keys._tags.made(tag, message, via)


# -- where a response goes


def way_signature(
    branch: str, transport: str, host: str, port: int, source_port: int | None, keys: Keys, *, absorbed: bool = False
) -> str:
    """The ``sig`` of our Via: where the response to a request goes.

    Args:
        branch: of that Via, which says whose response it is.
        transport, host, port, source_port: the place, see `sipcore.edge.vias.WayBack`.
        absorbed: the response is ours, and goes no further.
    """
    return keys._ways.of(branch, transport, host, port, source_port, absorbed)


def made_way(
    signature: str | None,
    branch: str,
    transport: str,
    host: str,
    port: int,
    source_port: int | None,
    keys: Keys,
    *,
    absorbed: bool = False,
) -> bool:
    """Whether we signed that way back for that branch, which is one of ours."""
    return signature is not None and keys._ways.made(signature, branch, transport, host, port, source_port, absorbed)


# -- the routes of a dialog


def route_signature(
    message: Message,
    domain: str,
    near: Side,
    across: Side,
    *,
    here: bool,
    initiates: bool,
    keys: Keys,
    asked: bool = False,
) -> str:
    """The ``sig`` of a route that we record.

    Args:
        message: the request that it is recorded on.
        domain: the federated domain, as ``fd`` names it.
        near, across: the side that the route is for, and the one that it leads to.
        here: whether the request comes from the side that the route is for.
        initiates: whether its sender is the end that began the dialog.
        asked: whether the route has ``be``: its SUBSCRIBE asks for BENOTIFY.
    """
    return keys._routes.of(message, domain, near is Side.INSIDE, across is Side.INSIDE, here, initiates, asked)


def initiates(message: Message, uri: Uri, near: Side, across: Side, *, here: bool, keys: Keys) -> bool | None:
    """Whether the sender of a request began its dialog; None where that route was not recorded for this dialog.

    Args:
        uri: the route, with ``fd`` and ``sig``; ``be`` is signed too.
        message, near, across, here: as for `route_signature`.
    """
    return keys._routes.initiates(message, uri, near is Side.INSIDE, across is Side.INSIDE, here)
