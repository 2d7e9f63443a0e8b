"""More kinds of message that only the filter is asked about: what people say, in the forms in which it travels.

What others are asked about (`sipcore_bench.messages`) has the plain message, the long one, a call, two alternatives and
the offer of a file. Here is the rest of an edge's day, in which nothing is found, and two messages that must not pass.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from random import Random

from sipcore_bench import bodies
from sipcore_bench.draw import Draw
from sipcore_bench.messages import AGENT, Recipe, message, request

__all__ = ["TALK"]

_TYPING = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">'
    "<state>active</state><contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>"
)


def _said(random: Random, media_type: str, body: Callable[[Draw], str]) -> bytes:
    """An instant message in a session."""
    draw = Draw(random)
    sender, to = draw.outside(), draw.inside()
    headers = [
        *request(draw, "MESSAGE", sender, to, tagged=True),
        ("User-Agent", AGENT),
        ("Content-Type", media_type),
    ]
    return message(f"MESSAGE {to.uri} SIP/2.0", headers, body(draw))


def _linked(draw: Draw, size: int) -> str:
    """Words with a link among them."""
    return f"{draw.prose(size)} http://{draw.hex(8)}.example/{draw.hex(6)} {draw.prose(size)}"


def _typing(random: Random) -> bytes:
    """RFC 3994: somebody is typing."""
    return _said(random, "application/im-iscomposing+xml", lambda _: _TYPING)


def _link(random: Random) -> bytes:
    return _said(random, "text/plain; charset=UTF-8", lambda draw: _linked(draw, 20))


def _html(random: Random) -> bytes:
    return _said(random, "text/html; charset=UTF-8", lambda draw: bodies.html(draw.prose(60)))


def _multipart_link(random: Random) -> bytes:
    """Two alternatives, of which both have the link, as a client writes them."""
    boundary = Draw(random).hex(24)

    def body(draw: Draw) -> str:
        text = _linked(draw, 40)
        parts = [("text/plain; charset=UTF-8", text), ("text/html; charset=UTF-8", bodies.html(text))]
        return bodies.multipart(boundary, *parts)

    return _said(random, f'multipart/alternative;boundary="{boundary}"', body)


def _first_message(random: Random) -> bytes:
    """An INVITE that brings what was typed first, as Live Communications Server's clients send it."""
    draw = Draw(random)
    sender, to, host = draw.outside(), draw.inside(), draw.host()
    text = base64.b64encode(draw.prose(60).encode()).decode()
    headers = [
        *request(draw, "INVITE", sender, to),
        ("Contact", f"<sip:{sender.user}@{host}:5061;transport=tls>;proxy=replace"),
        ("User-Agent", AGENT),
        ("Supported", "ms-renders-mime-alternative"),
        ("ms-text-format", f"text/plain; charset=UTF-8;ms-body={text}"),
        ("Content-Type", "application/sdp"),
    ]
    return message(f"INVITE {to.uri} SIP/2.0", headers, bodies.text_session(host))


_RECIPES = (
    Recipe("typing", "MESSAGE that says somebody is typing", 640, _typing),
    Recipe("first-message", "INVITE with the first 60 characters", 770, _first_message),
    Recipe("html", "MESSAGE with 60 characters in HTML", 600, _html),
    Recipe("link", "MESSAGE with a link", 520, _link, blocked=True),
    Recipe("multipart-link", "multipart MESSAGE, text and HTML, with a link", 980, _multipart_link, blocked=True),
)

#: Every kind by its name, in the order of the tables.
TALK: Mapping[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}
