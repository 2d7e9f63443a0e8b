"""What a forwarded message is changed by. Everything else leaves byte for byte as it came.

The filter's changes come first: they are of the content, from which nothing follows for what a proxy does to the head.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore._edit import Edit
from sipcore._parser import Message, parse
from sipcore._values import Via
from sipcore.edge.actions import Link
from sipcore.edge.benotify import ASKED, METHOD, OPTION_TAG, asks, write_method
from sipcore.edge.flow import Forward, Header
from sipcore.edge.hashes import Keys, route_signature, way_signature
from sipcore.edge.reading import FAR_DOMAIN, SIGNATURE, OwnRoutes
from sipcore.edge.refusals import TOO_LARGE, TOO_MANY_VIAS, Row
from sipcore.edge.tables import Hop, Tables
from sipcore.edge.verification import Assertion
from sipcore.edge.vias import own_via, stamped, way_noted
from sipcore.errors import HeaderError, ParseError
from sipcore.imfilter import Verdict
from sipcore.limits import Limits

__all__ = ["DIALOG_FORMING", "forwarded_request", "forwarded_response", "past_limits", "words_of"]

#: Requests that may begin a dialog, so that what follows in it must come back through us (RFC 3261, 6665, 3515).
DIALOG_FORMING = frozenset({"INVITE", "SUBSCRIBE", "REFER"})


def forwarded_request(
    message: Message,
    tables: Tables,
    *,
    via: Via,
    link: Link,
    routes: OwnRoutes,
    forward: Forward,
    hop: Hop,
    branch: str,
    keys: Keys,
    verdict: Verdict | None = None,
) -> bytes:
    """The request as it leaves (RFC 3261 section 16.6): hop counted, routes of ours off, Via and Record-Route on.

    Args:
        via: the topmost, its client's.
        link: where it came from.
        routes: how many Route values on top are ours.
        forward: on which side it leaves, with mark or assertion.
        hop: which of the candidates it goes to.
        branch: of our Via.
        keys: sign the way back and the recorded routes.
        verdict: what the filter said, if it was asked; not to block.
    """
    edit = message.edit()
    if verdict is not None:
        verdict.apply(edit)
    leaving = tables.own.listening(forward.side, hop.transport, hop.host)
    if (note := stamped(via, link)) is not None:
        edit.replace_value("Via", 0, note)
    absorbed = bool(forward.method) and forward.method != METHOD
    # A BENOTIFY has no response, so nothing follows the way back.
    answered = (forward.method or message.method) != METHOD
    signature = _signed_way(branch, via, link, keys, absorbed) if answered else None
    edit.push_via(own_via(leaving, branch, signature, absorbed=absorbed))
    if message.content_length is None:
        # A datagram may leave its length to the datagram; a stream must be told (RFC 3261 section 18.3).
        edit.declare_length()
    edit.decrement_max_forwards()
    for _ in range(routes.count):
        edit.pop_route()
    if forward.method:
        write_method(edit, forward.method)
    if message.method in DIALOG_FORMING:
        asked = tables.benotify.converts and asks(message)
        near, far = forward.near_domain, forward.far_domain
        # The lower one is for the side it came from, the upper for the side it goes to (RFC 5658 section 3.2).
        arriving = link.arrived_at or tables.own.listening(link.side, link.transport, link.remote_host)
        for place, names, side, across, here in (
            (arriving, near or far, link.side, forward.side, True),
            (leaving, far or near, forward.side, link.side, False),
        ):
            signature = route_signature(
                message, names, side, across, here=here, initiates=routes.initiates, keys=keys, asked=asked
            )
            edit.insert("Record-Route", _route(place, names, signature, asked))
    _vouch(edit, forward, tables)
    return bytes(edit)


def forwarded_response(message: Message, forward: Forward, tables: Tables, verdict: Verdict | None = None) -> bytes:
    """The response as it leaves (RFC 3261 section 16.7 item 3): our Via off."""
    edit = message.edit()
    if verdict is not None:
        verdict.apply(edit)
    edit.pop_via()
    if message.content_length is None:
        edit.declare_length()
    _vouch(edit, forward, tables)
    return bytes(edit)


def past_limits(data: bytes, limits: Limits) -> Row | None:
    """Why what we have written must not leave: whoever has these limits, too, would close the connection over it."""
    try:
        left = parse(data, limits)
    except ParseError as error:
        return TOO_MANY_VIAS if error.code == TOO_MANY_VIAS.name else TOO_LARGE
    try:
        return None if left.vias else TOO_LARGE
    except HeaderError as error:  # those that stand in one line are counted when they are read
        return TOO_MANY_VIAS if error.code == TOO_MANY_VIAS.name else None


def _route(hop: Hop, outside_domain: str, signature: str, asked: bool) -> str:
    known = f"{FAR_DOMAIN}={outside_domain};{SIGNATURE}={signature}" + f";{ASKED}" * asked
    return f"<sip:{hop.authority};transport={hop.transport};lr;{known}>"


def _signed_way(branch: str, via: Via, link: Link, keys: Keys, absorbed: bool) -> str:
    way = way_noted(via, link)
    assert way is not None  # a request whose Via leads nowhere is refused
    return way_signature(branch, *way, keys, absorbed=absorbed)


def _vouch(edit: Edit, forward: Forward, tables: Tables) -> None:
    """Take off every mark and assertion that came, and write ours: never both, and never what somebody sent."""
    edit.remove(tables.verification.mark_header)
    edit.remove(tables.verification.assertion_header)
    for name, value in words_of(forward, tables):
        edit.set(name, value)
    if not tables.benotify.enabled:
        _retract(edit)


def words_of(forward: Forward, tables: Tables) -> Iterator[Header]:
    """What we say on a message: mark, assertion and archiving notice, where there is one."""
    if forward.mark is not None:
        yield tables.verification.mark_header, forward.mark.text(tables.own.name_on(forward.side))
    if forward.assertion is not None:
        yield tables.verification.assertion_header, Assertion.VERIFIED if forward.assertion else Assertion.UNVERIFIED
    if forward.notice is not None:
        yield forward.notice


def _retract(edit: Edit) -> None:
    """Take the offer of BENOTIFY out of Supported: what is not carried must not be agreed on (F143)."""
    if "Supported" not in edit:
        return
    tags = edit.values("Supported")
    for index in reversed(range(len(tags))):
        if tags[index].lower() == OPTION_TAG:
            edit.remove_value("Supported", index)
