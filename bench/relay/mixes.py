"""What is sent: from the edge of a federated partner to our users.

A template is one message with `MARKER` wherever its number goes: user names, tags, branch and Call-ID differ from
message to message, so nothing that remembers a header remembers these. Those of a dialog have its Call-ID and tags, for
an edge lets nothing else travel along the route that it recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sipcore_bench.relay.places import Places

__all__ = [
    "BENOTIFIES",
    "BODIES",
    "FAR_DOMAIN",
    "FQDN",
    "KINDS",
    "MARKER",
    "MESSAGES",
    "MIXED",
    "MIXES",
    "OUR_DOMAIN",
    "REFUSED",
    "SUBSCRIPTION",
    "Kind",
    "Mix",
    "numbered",
    "templates",
]

#: Ten digits, as the generator writes them.
MARKER = "#" * 10
FAR_DOMAIN, OUR_DOMAIN = "fabrikam.example", "contoso.example"
#: The edge's name.
FQDN = f"edge.{OUR_DOMAIN}"
#: The dialog's Call-ID, and the tags of alice, who subscribes, and bob, who notifies.
SUBSCRIPTION = ("subscription@bench", "a", "b")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message.

    Attributes:
        name: as tables show it.
        method: of the request.
        in_dialog: whether it travels along a route that the edge recorded.
        is_refused: whether a filter answers it with 606.
        body: by its name in `BODIES`.
    """

    name: str
    method: str
    in_dialog: bool
    is_refused: bool
    body: str


#: All that is ever sent; a mix names them by their place here.
KINDS = (
    Kind("MESSAGE", "MESSAGE", in_dialog=False, is_refused=False, body="text"),
    Kind("BENOTIFY", "BENOTIFY", in_dialog=True, is_refused=False, body="presence"),
    Kind("MESSAGE with a link", "MESSAGE", in_dialog=False, is_refused=True, body="link"),
)


@dataclass(frozen=True, slots=True)
class Mix:
    """A share of each kind.

    Attributes:
        name: as tables show it.
        order: for each message in turn its kind, by its place in `KINDS`, as a digit.
    """

    name: str
    order: str


MESSAGES = Mix("MESSAGE, marked unverified", "0")
BENOTIFIES = Mix("BENOTIFY", "1")
#: The kinds are spread over the order, so that no run of ten of one kind meets a warm branch predictor.
MIXED = Mix("70/20/10 BENOTIFY, MESSAGE, refused MESSAGE", "1101121101")
MIXES = (MESSAGES, BENOTIFIES, MIXED)
#: To fill what is remembered of refusals; not measured.
REFUSED = Mix("refused MESSAGE", "2")

_PIDF = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:bob{MARKER}@{FAR_DOMAIN}">
<tuple id="t{MARKER}"><status><basic>open</basic></status>
<contact priority="0.8">sip:bob{MARKER}@{FAR_DOMAIN}</contact>
<note xml:lang="en">In the office until five</note>
<timestamp>2026-11-22T13:08:38Z</timestamp></tuple>
<dm:person id="p{MARKER}"><rpid:activities><rpid:meeting/></rpid:activities>
<rpid:place-type><rpid:office/></rpid:place-type>
<dm:note>Back at my desk after the review</dm:note>
<dm:timestamp>2026-11-22T13:08:38Z</dm:timestamp></dm:person>
</presence>
"""

#: (Content-Type, body) by name; the text has 60 characters.
BODIES = {
    "text": ("text/plain; charset=utf-8", "Lunch at noon in the small room next to the stairs as usual?"),
    "link": ("text/plain; charset=utf-8", "Have a look at http://www.woodgrove.example/invoice.scr now!"),
    "presence": ("application/pidf+xml", _PIDF.replace("\n", "\r\n")),
}


def templates(places: Places, routes: Sequence[str]) -> list[bytes]:
    """A message of each kind, for the generator.

    Args:
        places: where the messages come from, for their Via.
        routes: values of Route headers; used in dialogs only.
    """
    via = f"SIP/2.0/{places.transport.upper()} {places.partner[0]}:{places.partner[1]}"
    return [_template(kind, via, routes) for kind in KINDS]


def _template(kind: Kind, via: str, routes: Sequence[str]) -> bytes:
    content_type, body = BODIES[kind.body]
    lines = [*_head(kind, via, routes), f"Content-Type: {content_type}", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body]).encode()


def _head(kind: Kind, via: str, routes: Sequence[str]) -> list[str]:
    """Everything before what describes the body. The branch ends with the number: the generator finds it there."""
    target = f"sip:alice{MARKER}@{OUR_DOMAIN}"
    first = [f"{kind.method} {target} SIP/2.0", f"Via: {via};branch=z9hG4bK-bench-{MARKER}", "Max-Forwards: 69"]
    call_id, to_tag, from_tag = SUBSCRIPTION if kind.in_dialog else (f"{MARKER}@edge.{FAR_DOMAIN}", "", f"f{MARKER}")
    dialog = [
        f"Contact: <sip:bob{MARKER}@{FAR_DOMAIN}>",
        "Event: presence",
        "Subscription-State: active;expires=3600",
    ]
    return [
        *first,
        *(f"Route: {route}" for route in routes if kind.in_dialog),
        f'From: "Bob" <sip:bob{MARKER}@{FAR_DOMAIN}>;tag={from_tag}',
        f"To: <{target}>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: 1 {kind.method}",
        f"User-Agent: sipcore-bench/{FAR_DOMAIN}",
        *(dialog if kind.in_dialog else ()),
    ]


def numbered(made: bytes, number: int) -> bytes:
    """The message that the generator makes of a template."""
    return made.replace(MARKER.encode(), b"%010d" % number)
