"""The way back: what a server notes in the Via of its client, and where that Via then leads.

RFC 3261 section 18.2 and RFC 3581. The note is written by us, never believed from the client: whatever the topmost Via
brings of it is overwritten, or a sender could direct our answers to an address of its choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipcore._values import Via
from sipcore.edge.actions import Link
from sipcore.edge.benotify import ABSORBED
from sipcore.edge.tables import Hop, Side, Tables, Transport, canonical_host

__all__ = [
    "SIGNATURE",
    "Way",
    "WayBack",
    "is_absorbed",
    "is_ours",
    "offers_connection",
    "own_via",
    "sent_by",
    "spoken",
    "stamped",
    "way_back",
    "way_noted",
]

#: The port that a connection came from: answers must leave on that connection (RFC 3261 section 18.2.2), and a client
#: without ``rport`` leaves no other trace of it. The name is the field's (docs/protocol.md "Routing and refusals").
_STREAM_PORT = "ms-received-port"

#: The parameters of a client's Via that are for its server to write.
_NOTES = frozenset({"received", "rport", _STREAM_PORT})
#: The parameter of our Via that signs the way back, see `hashes`.
SIGNATURE = "sig"

#: Requests may come back on the connection that this one came on (RFC 5923 section 7).
_ALIAS = "alias"
#: What we ask of whoever a request goes to, by how it gets there: over UDP to note our port (RFC 3581), over TLS, where
#: both ends have shown a certificate, to use the connection for requests of theirs too. TCP proves nobody's identity.
_ASKING = {Transport.UDP: ";rport", Transport.TLS: f";{_ALIAS}"}

_PARAM = re.compile(r';((?:[^;"]|"(?:[^"\\]|\\.)*")*)', re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_LAST_PORT = 65535
_SPOKEN = {transport.value: transport for transport in Transport}


#: What is signed of a way back: transport, host, port, source port.
Way = tuple[Transport, str, int, int | None]


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a response goes.

    Attributes:
        hop: the address to send to when no connection is left.
        source_port: the port that the request's connection came from; None over UDP.
    """

    hop: Hop
    source_port: int | None

    @property
    def way(self) -> Way:
        """The same as it is signed."""
        return self.hop.transport, self.hop.host, self.hop.port, self.source_port


def stamped(via: Via, link: Link) -> str | None:
    """The client's topmost Via with our note of where it came from; None when it needs none.

    ``received`` is added when sent-by is not the source address, and with ``rport`` (RFC 3261 section 18.2.1, RFC 3581
    section 4).
    """
    asked = via.rport is not None
    on_stream = link.transport is not Transport.UDP
    notes = []
    source = canonical_host(link.remote_host)
    if asked or canonical_host(via.host) != source:
        notes.append(f"received={source}")
    if asked:
        notes.append(f"rport={link.remote_port}")
    if on_stream and not asked and (via.port or link.transport.default_port) != link.remote_port:
        notes.append(f"{_STREAM_PORT}={link.remote_port}")
    text = str(via)
    if not notes and not _may_have_notes(text):
        return None
    return ";".join([_without(text), *notes])


def _may_have_notes(via: str) -> bool:
    """Whether what we note may stand in a Via already; hardly any has it, and then its parameters need no reading."""
    text = via.lower()
    return ("received" in text or "rport" in text) and any(_name(param) in _NOTES for param in _params(via))


def _params(via: str) -> list[str]:
    """The parameters of a Via as they are written, quotes and all.

    However many: what was let in has to be answered, and there is no place to say that it was too many for us.
    """
    start = via.find(";")
    return _PARAM.findall(via, start) if start >= 0 else []


def _without(via: str) -> str:
    """The text of a Via without what we note; its other parameters stay as they are written."""
    head = via.partition(";")[0].rstrip() if ";" in via else via
    return ";".join([head, *(param for param in _params(via) if _name(param) not in _NOTES)])


def _name(param: str) -> str:
    return param.partition("=")[0].strip().lower()


def _value(param: str) -> str:
    return param.partition("=")[2].strip()


def way_back(via: Via) -> WayBack | None:
    """Where a response follows this Via to; None when that is no address (RFC 3261 section 18.2.2, RFC 3581 section 4).

    ``maddr`` is not followed: it would let a request point our answers at somebody else.
    """
    place = sent_by(via)
    if place is None:
        return None
    rport = _port(via.rport)
    host = canonical_host(via.received) if via.received else place.host
    if place.transport is Transport.UDP:
        return WayBack(Hop(Transport.UDP, host, rport or place.port), None)
    noted = next((_value(param) for param in _params(str(via)) if _name(param) == _STREAM_PORT), None)
    source_port = rport or _port(noted) or place.port
    return WayBack(Hop(place.transport, host, place.port), source_port)


def way_noted(via: Via, link: Link) -> Way | None:
    """What `way_back` makes of a Via once it has our note: known without reading the note again."""
    transport = spoken(via)
    if transport is None:
        return None
    host, port, asked = canonical_host(link.remote_host), via.port or transport.default_port, via.rport is not None
    if transport is Transport.UDP:
        return transport, host, link.remote_port if asked else port, None
    on_stream = link.transport is not Transport.UDP
    return transport, host, port, link.remote_port if asked or on_stream else port


def spoken(via: Via) -> Transport | None:
    """The transport that a Via names; None when it is not spoken here."""
    return _SPOKEN.get(via.transport.lower())


def sent_by(via: Via) -> Hop | None:
    """The address that a Via gives for its author; None when its transport is not spoken here."""
    transport = spoken(via)
    return Hop(transport, via.host, via.port or transport.default_port) if transport else None


def offers_connection(via: Via) -> bool:
    """Whether its author takes requests on the connection that it came on (RFC 5923 section 8.2).

    That is an offer, and proves nothing: see `sipcore.relay.aliases`.
    """
    return _ALIAS in via.params


def is_ours(via: Via, side: Side, tables: Tables) -> bool:
    """Whether a Via was pushed by us on what left on that side."""
    place = sent_by(via)
    return place is not None and tables.own.listens(side, place)


def _port(text: str | None) -> int | None:
    if not text or not _PORT.fullmatch(text):
        return None
    return int(text) if 0 < int(text) <= _LAST_PORT else None


def is_absorbed(ours: Via | None) -> bool:
    """Whether a Via of ours says that the response goes no further; what came back also needs its signature."""
    return ours is not None and ABSORBED in ours.params


def own_via(hop: Hop, branch: str, signature: str | None, *, absorbed: bool = False) -> str:
    """The Via that we push: the address that we listen on, on the side and transport that the request leaves by.

    Args:
        branch: knows the transaction again.
        signature: knows the way back again, for the Via that has it is in the hands of others until then; None on what
            has no response.
        absorbed: the response is for us; the signature says so too.
    """
    asking = _ASKING.get(hop.transport, "")
    ours = f";{ABSORBED}" if absorbed else ""
    signed = f";{SIGNATURE}={signature}" if signature is not None else ""
    return f"SIP/2.0/{hop.transport.upper()} {hop.authority};branch={branch}{signed}{ours}{asking}"
