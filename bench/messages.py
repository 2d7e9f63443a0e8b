"""The twelve kinds of message that are measured: what an edge sees between two domains, and two from elsewhere.

Each kind is a `Recipe`: given a generator it writes one message, and from 10,000 draws 10,000 different ones. All are
well-formed to the letter, so that what differs between parsers is their speed and not their forgiveness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from sipcore_bench import bodies
from sipcore_bench.draw import INSIDE, Draw, User

__all__ = ["AGENT", "MESSAGES", "Header", "Recipe", "message", "request"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of input is made.

    Attributes:
        name: its id, in tables and on the command line.
        about: what it is, in a few words.
        size: bytes of a usual one; single ones differ by the length of names, 15 % at most.
        write: a generator to one input.
        blocked: whether the filter for instant messages must refuse it.
    """

    name: str
    about: str
    size: int
    write: Callable[[Random], bytes]
    blocked: bool = False


#: One header: (name, value).
Header = tuple[str, str]

_EDGE, _POOL = f"edge.{INSIDE}", f"pool.{INSIDE}"
AGENT = "Contoso Messenger/4.1"


def message(start: str, headers: list[Header], body: str = "") -> bytes:
    """Start line, headers in that order, Content-Length, body."""
    content = body.encode()
    head = "\r\n".join(f"{name}: {value}" for name, value in [*headers, ("Content-Length", str(len(content)))])
    return f"{start}\r\n{head}\r\n\r\n".encode() + content


def _named(user: User) -> str:
    return f'"{user.name}" <{user.uri}>'


def request(
    draw: Draw, method: str, sender: User, to: User, transport: str = "TLS", tagged: bool = False
) -> list[Header]:
    """The headers that every request has (RFC 3261 section 8.1.1); ``tagged`` where it is inside a dialog."""
    return [
        ("Via", f"SIP/2.0/{transport} {draw.socket()};branch={draw.branch()}"),
        ("Max-Forwards", str(draw.number(60, 70))),
        ("From", f"{_named(sender)};tag={draw.hex(10)};epid={draw.hex(10)}"),
        ("To", f"<{to.uri}>;tag={draw.hex(10)}" if tagged else f"<{to.uri}>"),
        ("Call-ID", draw.hex(32)),
        ("CSeq", f"{draw.number(1, 99999)} {method}"),
    ]


def _register(random: Random) -> bytes:
    """A client that binds its address, with an answer to a Digest challenge (RFC 3261 section 22)."""
    draw = Draw(random)
    user, host = draw.inside(), draw.socket()
    headers = [
        ("Via", f"SIP/2.0/TLS {host};branch={draw.branch()};rport"),
        ("Max-Forwards", "70"),
        ("From", f"<{user.uri}>;tag={draw.hex(10)}"),
        ("To", f"<{user.uri}>"),
        ("Call-ID", draw.hex(32)),
        ("CSeq", f"{draw.number(1, 99999)} REGISTER"),
        ("Contact", f'<sip:{host};transport=tls>;methods="INVITE,MESSAGE,BYE,CANCEL,NOTIFY,ACK,BENOTIFY";expires=3600'),
        ("User-Agent", AGENT),
        ("Supported", "gruu, ms-benotify"),
        ("Authorization", _credentials(draw, user)),
    ]
    return message(f"REGISTER sip:{INSIDE} SIP/2.0", headers)


def _credentials(draw: Draw, user: User) -> str:
    return (
        f'Digest username="{user.user}", realm="{INSIDE}", nonce="{draw.hex(32)}", uri="sip:{INSIDE}", '
        f'response="{draw.hex(32)}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{draw.hex(8)}"'
    )


def _options(random: Random) -> bytes:
    """What an edge sends to see whether its partner lives."""
    draw = Draw(random)
    sender, to = draw.inside(), draw.outside()
    headers = [
        *request(draw, "OPTIONS", sender, to),
        ("Contact", f"<sip:{sender.user}@{_EDGE}:5061;transport=tls>"),
        ("Accept", "application/sdp"),
    ]
    return message(f"OPTIONS {to.uri} SIP/2.0", headers)


def _im(random: Random, characters: int) -> bytes:
    """An instant message with a text of that length, inside a session that runs through two edges."""
    draw = Draw(random)
    sender, to = draw.outside(), draw.inside()
    headers = [
        *request(draw, "MESSAGE", sender, to, tagged=True),
        ("Route", f"<sip:{_EDGE}:5061;transport=tls;lr>"),
        ("User-Agent", AGENT),
        ("Supported", "ms-renders-mime-alternative"),
        ("Content-Type", "text/plain; charset=UTF-8"),
    ]
    return message(f"MESSAGE {to.uri} SIP/2.0", headers, draw.prose(characters))


def _invite(random: Random) -> bytes:
    """A call from a desk phone."""
    draw = Draw(random)
    caller, to, host = draw.outside(), draw.inside(), draw.host()
    headers = [
        *request(draw, "INVITE", caller, to, "UDP"),
        ("Contact", f"<sip:{caller.user}@{host}:5060>"),
        ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO, UPDATE, REFER, NOTIFY"),
        ("Supported", "replaces, 100rel, timer"),
        ("User-Agent", "Fabrikam Desk 7/3.2.1"),
        ("P-Asserted-Identity", _named(caller)),
        ("Accept", "application/sdp"),
        ("Session-Expires", "1800"),
        ("Content-Type", "application/sdp"),
    ]
    return message(f"INVITE {to.uri} SIP/2.0", headers, bodies.audio_session(draw, host))


def _ims_invite(random: Random) -> bytes:
    """A call inside a mobile network on its way to the second operator: the head of 35 lines that TS 24.229 makes."""
    draw = Draw(random)
    caller, to, host = draw.phone(), draw.phone(), draw.host()
    network, far = "ims.northwind.example", "ims.tailspin.example"
    headers = [
        *_ims_path(draw, host, network),
        ("Max-Forwards", "64"),
        ("From", f"<sip:{caller}@{network};user=phone>;tag={draw.hex(10)}"),
        ("To", f"<sip:{to}@{far};user=phone>"),
        ("Call-ID", f"{draw.hex(24)}@{host}"),
        ("CSeq", f"{draw.number(1, 99999)} INVITE"),
        ("Contact", _ims_contact(draw, caller, host)),
        ("P-Asserted-Identity", f'"{draw.outside().name}" <sip:{caller}@{network};user=phone>'),
        ("P-Access-Network-Info", f"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=00101{draw.hex(12)};network-provided"),
        ("P-Charging-Vector", f"icid-value={draw.hex(32)};icid-generated-at={draw.host()};orig-ioi={network}"),
        ("P-Charging-Function-Addresses", f"ccf=ccf1.{network};ccf=ccf2.{network}"),
        ("P-Visited-Network-ID", network),
        ("P-Asserted-Service", "urn:urn-7:3gpp-service.ims.icsi.mmtel"),
        ("Accept-Contact", '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"'),
        ("P-Early-Media", "supported"),
        ("Allow", "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE, OPTIONS"),
        ("Supported", "100rel, timer, precondition, gruu, histinfo, norefersub"),
        ("Require", "precondition"),
        ("Session-Expires", "1800;refresher=uac"),
        ("Min-SE", "90"),
        ("Privacy", "none"),
        ("History-Info", f"<sip:{draw.phone()}@{far};user=phone>;index=1, <sip:{to}@{far};user=phone>;index=1.1;mp=1"),
        ("Feature-Caps", f'*;+g.3gpp.srvcc="<sip:atcf1.{network}:5060;lr>";+g.3gpp.mid-call;+g.3gpp.srvcc-alerting'),
        ("Accept", "application/sdp, application/3gpp-ims+xml"),
        ("User-Agent", "Northwind-Phone/16.2 IMS-client/5.0"),
        ("Content-Type", "application/sdp"),
    ]
    return message(f"INVITE sip:{to}@{far};user=phone SIP/2.0", headers, bodies.video_session(draw, host))


def _ims_path(draw: Draw, host: str, network: str) -> list[Header]:
    """Four hops behind (P-CSCF, S-CSCF, application server), two ahead, three that want to stay in the dialog."""
    hops = [f"pcscf2.{network}:5060", f"scscf1.{network}:5060", f"tas1.{network}:5060"]
    behind = [f"SIP/2.0/UDP {hop};branch={draw.branch()}" for hop in reversed(hops)]
    phone = f"SIP/2.0/TCP {host}:{draw.number(20000, 60000)};branch={draw.branch()};rport=5060;received={draw.host()}"
    return [
        *(("Via", value) for value in [*behind, phone]),
        ("Route", f"<sip:ibcf1.{network}:5060;transport=udp;lr>"),
        ("Route", f"<sip:icscf.ims.tailspin.example;lr;dialog={draw.hex(8)}>"),
        *(("Record-Route", f"<sip:{hop};lr;session={draw.hex(12)}>") for hop in reversed(hops)),
    ]


def _ims_contact(draw: Draw, caller: str, host: str) -> str:
    instance = f"{draw.hex(8)}-{draw.hex(4)}-4{draw.hex(3)}-8{draw.hex(3)}-{draw.hex(12)}"
    return (
        f'<sip:{caller}@{host}:{draw.number(20000, 60000)};transport=tcp>;+sip.instance="<urn:uuid:{instance}>"'
        ';+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"'
    )


def _ok(random: Random) -> bytes:
    """The answer to a MESSAGE, on its way back through the edge."""
    draw = Draw(random)
    sender, to = draw.outside(), draw.inside()
    headers = [
        ("Via", f"SIP/2.0/TLS {_EDGE}:5061;branch={draw.branch()}"),
        ("Via", f"SIP/2.0/TLS {draw.socket()};branch={draw.branch()};received={draw.host()}"),
        ("From", f"{_named(sender)};tag={draw.hex(10)};epid={draw.hex(10)}"),
        ("To", f"<{to.uri}>;tag={draw.hex(10)};epid={draw.hex(10)}"),
        ("Call-ID", draw.hex(32)),
        ("CSeq", f"{draw.number(1, 99999)} MESSAGE"),
        ("User-Agent", AGENT),
    ]
    return message("SIP/2.0 200 OK", headers)


def _notification(draw: Draw, method: str, media_type: str, watched: User, watcher: User) -> list[Header]:
    return [
        *request(draw, method, watched, watcher, tagged=True),
        ("Event", "presence"),
        ("Subscription-State", f"active;expires={draw.number(60, 28800)}"),
        ("Content-Type", media_type),
    ]


def _notify(random: Random) -> bytes:
    """Presence by RFC 3856."""
    draw = Draw(random)
    watched, watcher = draw.outside(), draw.inside()
    headers = _notification(draw, "NOTIFY", "application/pidf+xml", watched, watcher)
    headers.insert(6, ("Contact", f"<sip:presence.{watched.domain}:5061;transport=tls>"))
    return message(f"NOTIFY {watcher.uri} SIP/2.0", headers, bodies.pidf(draw, watched))


def _benotify(random: Random) -> bytes:
    """Presence by Live Communications Server: nobody answers it."""
    draw = Draw(random)
    watched, watcher = draw.outside(), draw.inside()
    headers = _notification(draw, "BENOTIFY", "text/xml+msrtc.pidf", watched, watcher)
    uri = f"sip:{draw.socket()};transport=tls;ms-received-cid={draw.hex(4)}"
    return message(f"BENOTIFY {uri} SIP/2.0", headers, bodies.presentity(draw, watched))


def _subscribe(random: Random) -> bytes:
    """One subscription for a whole contact list, to be notified without answers."""
    draw = Draw(random)
    user = draw.inside()
    headers = [
        *request(draw, "SUBSCRIBE", user, user),
        ("Contact", f"<sip:{user.user}@{draw.socket()};transport=tls>;proxy=replace"),
        ("User-Agent", AGENT),
        ("Event", "presence"),
        ("Accept", "application/rlmi+xml, text/xml+msrtc.pidf, multipart/related"),
        ("Supported", "com.microsoft.autoextend"),
        ("Supported", "ms-benotify"),
        ("Proxy-Require", "ms-benotify"),
        ("Supported", "ms-piggyback-first-notify"),
        ("Require", "adhoclist"),
        ("Supported", "eventlist"),
        ("Content-Type", "application/adrl+xml"),
    ]
    body = bodies.adhoc_list(user, [draw.outside() for _ in range(8)])
    return message(f"SUBSCRIBE {user.uri} SIP/2.0", headers, body)


def _file_invite(random: Random) -> bytes:
    """An INVITE that offers a file in its first instant message."""
    draw = Draw(random)
    sender, to = draw.outside(), draw.inside()
    host = draw.host()
    headers = [
        *request(draw, "INVITE", sender, to),
        ("Contact", f"<sip:{sender.user}@{host}:5061;transport=tls>;proxy=replace"),
        ("User-Agent", AGENT),
        ("Supported", "ms-renders-mime-alternative"),
        ("ms-text-format", bodies.file_offer(draw)),
        ("Content-Type", "application/sdp"),
    ]
    return message(f"INVITE {to.uri} SIP/2.0", headers, bodies.text_session(host))


def _multipart(random: Random) -> bytes:
    """An instant message in plain text and in HTML, for the reader's client to choose."""
    draw = Draw(random)
    sender, to = draw.outside(), draw.inside()
    boundary, text = draw.hex(24), draw.prose(120)
    headers = [
        *request(draw, "MESSAGE", sender, to, tagged=True),
        ("Route", f"<sip:{_EDGE}:5061;transport=tls;lr>"),
        ("Route", f"<sip:{_POOL}:5061;transport=tls;lr>"),
        ("User-Agent", AGENT),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;boundary="{boundary}"'),
    ]
    parts = [("text/plain; charset=UTF-8", text), ("text/html; charset=UTF-8", bodies.html(text))]
    return message(f"MESSAGE {to.uri} SIP/2.0", headers, bodies.multipart(boundary, *parts))


_RECIPES = (
    Recipe("register", "REGISTER with Digest credentials", 740, _register),
    Recipe("options", "OPTIONS", 430, _options),
    Recipe("message", "MESSAGE with 60 characters", 630, lambda random: _im(random, 60)),
    Recipe("long-message", "MESSAGE with 3,500 characters", 4050, lambda random: _im(random, 3500)),
    Recipe("invite", "INVITE with SDP", 1000, _invite),
    Recipe("ims-invite", "IMS INVITE, 35 header lines", 2900, _ims_invite),
    Recipe("ok", "200 OK to a MESSAGE", 460, _ok),
    Recipe("notify", "NOTIFY with PIDF", 1500, _notify),
    Recipe("benotify", "BENOTIFY with PIDF", 1500, _benotify),
    Recipe("subscribe", "batched SUBSCRIBE for eight contacts", 1400, _subscribe),
    Recipe("file-invite", "INVITE that offers a file", 1000, _file_invite, blocked=True),
    Recipe("multipart", "multipart MESSAGE, text and HTML", 1150, _multipart),
)

#: Every kind by its name, in the order of the tables.
MESSAGES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}
