"""The edge that is fuzzed: tables of every kind that fit into a few lines, its links, and a message of each of them."""

from __future__ import annotations

from sipcore.configuration import loads
from sipcore.edge.actions import Certificate, Link
from sipcore.edge.tables import Side, Transport

TABLES = loads(b"""
edge = { fqdn = "edge.contoso.example", domains = ["contoso.example"] }
inside = { listen = [{ address = "192.0.2.1" }], next_hop = "sip.contoso.example" }
outside = { listen = [{ address = "198.51.100.1" }] }
discovered = { enabled = true, any_domain = true, media = "plain-text" }
blocked = { domains = ["spam.example"] }
partner = [{ domain = "fabrikam.example", proxy = "edge.fabrikam.example", filter = true }]
filter = { exempt_inbound = ["partner"], exempt_outbound = ["discovered"] }
benotify = { to_notify = ["inside"], to_benotify = ["outside"] }
""").tables
NAMES = ["sip.contoso.example", "edge.fabrikam.example", "sip.x.example", "edge.evil.example"]
LINKS = [
    Link(n, Side.INSIDE if n == 0 else Side.OUTSIDE, Transport.TLS, "203.0.113.9", 4000 + n, Certificate((name,)))
    for n, name in enumerate(NAMES)
]
ENDS = ["bob@contoso.example", "alice@fabrikam.example", "eve@x.example", "m@spam.example"]


def _message(method: str, index: int, to: str, tag: str = "", extra: str = "") -> bytes:
    return (
        f"{method} sip:{to} SIP/2.0\r\nVia: SIP/2.0/TLS {NAMES[index]};branch=z9hG4bK{index}\r\nMax-Forwards: 9\r\n"
        f"From: <sip:{ENDS[index]}>;tag=f{index}\r\nTo: <sip:{to}>{tag}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n{extra}"
        f"X-Verified-User: verified\r\nms-edge-proxy-message-trust: forged\r\nContent-Length: 0\r\n\r\n"
    ).encode()


MESSAGES = [
    _message(method, index, to)
    for method in ("MESSAGE", "INVITE", "CANCEL", "BENOTIFY")
    for index, to in enumerate([ENDS[1], ENDS[0], ENDS[0], ENDS[0]])
]
#: Each end subscribes to the other, who then notifies: once with an answer, once without.
SUBSCRIPTIONS = [
    (
        _message("SUBSCRIBE", asks, ENDS[told], extra="Supported: ms-benotify\r\n"),
        *(_message(method, told, ENDS[asks], f";tag=f{asks}") for method in ("NOTIFY", "BENOTIFY")),
    )
    for asks, told in ((0, 1), (1, 0))
]
#: At the limits of typed access and one past them, in what the edge reads: parameters, and values of one line.
CROWDED = [
    _message(method, 1, ENDS[0], extra=f"{name}: {value}\r\n")
    for method in ("MESSAGE", "INVITE", "BENOTIFY")
    for count in (64, 65)
    for name, value in (
        ("Via", "SIP/2.0/TLS sip.below.example;branch=z9hG4bKb" + ";p" * (count - 1)),
        ("Route", "<sip:edge.contoso.example;lr" + ";p" * (count - 1) + ">"),
        ("Record-Route", ",".join(["<sip:a@x.example>"] * count)),
        ("Contact", "<sip:a@x.example>" + ";p" * count),
        ("P-Asserted-Identity", ",".join(["<sip:a@fabrikam.example>"] * count)),
    )
]
