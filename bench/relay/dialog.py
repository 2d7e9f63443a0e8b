"""The Record-Route of an edge, from a real subscription through it.

BENOTIFY travels inside a dialog, along the route that the edge wrote into the SUBSCRIBE that began it.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sipcore_bench.relay.certificates import AUTHORITY, INSIDE, PARTNER
from sipcore_bench.relay.mixes import FAR_DOMAIN, OUR_DOMAIN, SUBSCRIPTION
from sipcore_bench.relay.places import Places
from sipcore_bench.relay.processes import BrokenRelay

__all__ = ["recorded_routes"]

_PATIENCE = 5.0
_LONGEST = 65_535
_COPIED = re.compile(r"^(?:Via|From|To|Call-ID|CSeq|Record-Route): [^\r]*", re.MULTILINE)
_ROUTE = re.compile(r"^Record-Route: ([^\r]*)", re.MULTILINE)


def recorded_routes(places: Places, folder: Path) -> tuple[str, ...]:
    """Subscribe from the inside, answer as the partner, and give the route set as the partner has it.

    In the order of the request (RFC 3261 section 12.1.1): the edge's side toward the partner comes first.

    Args:
        places: where the edge is.
        folder: over TLS it holds the certificates.

    Raises:
        BrokenRelay: the request or its answer did not come through, or no route was recorded.
    """
    try:
        with ExitStack() as held:
            if places.transport == "udp":
                asked, answered = _by_datagrams(places, held)
            else:
                asked, answered = _by_streams(places, held, folder)
    except OSError as error:
        raise BrokenRelay(f"a SUBSCRIBE did not come through and back: {error}") from error
    routes = tuple(_ROUTE.findall(asked))
    if not routes or not answered.startswith("SIP/2.0 200"):
        raise BrokenRelay(f"no route was recorded in {asked!r}, answered {answered!r}")
    return routes


def _by_datagrams(places: Places, held: ExitStack) -> tuple[str, str]:
    inside, partner = (_bound(address, socket.SOCK_DGRAM, held) for address in (places.sink, places.partner))
    inside.sendto(_subscribe(places), places.relay_inside)
    asked, back = partner.recvfrom(_LONGEST)
    partner.sendto(_ok(asked.decode()), back)
    return asked.decode(), inside.recv(_LONGEST).decode()


def _by_streams(places: Places, held: ExitStack, folder: Path) -> tuple[str, str]:
    listener = _bound(places.partner, socket.SOCK_STREAM, held)
    listener.listen()
    inside = held.enter_context(socket.create_connection(places.relay_inside, _PATIENCE, (places.sink[0], 0)))
    if places.transport == "tls":
        inside = held.enter_context(_context(folder, INSIDE, server=False).wrap_socket(inside))
    inside.sendall(_subscribe(places))
    partner = held.enter_context(listener.accept()[0])
    partner.settimeout(_PATIENCE)
    if places.transport == "tls":
        partner = held.enter_context(_context(folder, PARTNER, server=True).wrap_socket(partner, server_side=True))
    asked = _read(partner.recv)
    partner.sendall(_ok(asked))
    return asked, _read(inside.recv)


def _context(folder: Path, certificate: str, server: bool) -> ssl.SSLContext:
    """With a certificate of our own; whom we talk to is known, it is the edge that has to look."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.load_verify_locations(folder / AUTHORITY)
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(folder / certificate)
    return made


def _bound(address: tuple[str, int], kind: socket.SocketKind, held: ExitStack) -> socket.socket:
    made = held.enter_context(socket.socket(socket.AF_INET, kind))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if kind == socket.SOCK_STREAM else 0)
    made.settimeout(_PATIENCE)
    made.bind(address)
    return made


def _read(receive: Callable[[int], bytes]) -> str:
    """A message without a body."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = receive(_LONGEST)
        if not more:
            raise ConnectionError("the edge closed the connection")
        text += more
    return text.decode()


def _subscribe(places: Places) -> bytes:
    host, port = places.sink
    call_id, tag, _ = SUBSCRIPTION
    lines = [
        f"SUBSCRIBE sip:bob@{FAR_DOMAIN} SIP/2.0",
        f"Via: SIP/2.0/{places.transport.upper()} {host}:{port};branch=z9hG4bK-bench-subscribe",
        "Max-Forwards: 70",
        f"From: <sip:alice@{OUR_DOMAIN}>;tag={tag}",
        f"To: <sip:bob@{FAR_DOMAIN}>",
        f"Call-ID: {call_id}",
        "CSeq: 1 SUBSCRIBE",
        f"Contact: <sip:alice@{host}:{port};transport={places.transport}>",
        "Event: presence",
        "Supported: ms-benotify",
        "Proxy-Require: ms-benotify",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _ok(asked: str) -> bytes:
    copied = [f"{line};tag={SUBSCRIPTION[2]}" if line.startswith("To:") else line for line in _COPIED.findall(asked)]
    return "\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""]).encode()
