"""What a forwarded message is changed by. Everything else leaves byte for byte as it came."""

from __future__ import annotations

from sipcore._edit import Edit
from sipcore._parser import Message
from sipcore._values import Via
from sipcore.edge.actions import Link
from sipcore.edge.flow import Forward
from sipcore.edge.hashes import Keys, route_signature, way_signature
from sipcore.edge.reading import FAR_DOMAIN, SIGNATURE, OwnRoutes
from sipcore.edge.tables import Hop, Tables
from sipcore.edge.verification import Assertion
from sipcore.edge.vias import own_via, stamped, way_noted

__all__ = ["forwarded_request", "forwarded_response"]

#: Requests that may begin a dialog, so that what follows in it must come back through us (RFC 3261, 6665, 3515).
_DIALOG_FORMING = frozenset({"INVITE", "SUBSCRIBE", "REFER"})


def forwarded_request(
    message: Message,
    tables: Tables,
    *,
    via: Via,
    link: Link,
    routes: OwnRoutes,
    forward: Forward,
    branch: str,
    keys: Keys,
) -> bytes:
    """The request as it leaves (RFC 3261 section 16.6): hop counted, routes of ours off, Via and Record-Route on.

    Args:
        via: the topmost, its client's.
        link: where it came from.
        routes: how many Route values on top are ours.
        forward: where it goes, with mark or assertion.
        branch: of our Via.
        keys: sign the way back and the recorded routes.
    """
    edit = message.edit()
    leaving = tables.own.listening(forward.side, forward.candidates[0].hop.transport)
    if (note := stamped(via, link)) is not None:
        edit.replace_value("Via", 0, note)
    edit.push_via(own_via(leaving, branch, _signed_way(branch, via, link, keys)))
    if message.content_length is None:
        # A datagram may leave its length to the datagram; a stream must be told (RFC 3261 section 18.3).
        edit.declare_length()
    edit.decrement_max_forwards()
    for _ in range(routes.count):
        edit.pop_route()
    if message.method in _DIALOG_FORMING:
        # The lower one is for the side it came from, the upper for the side it goes to (RFC 5658 section 3.2).
        arriving = tables.own.listening(link.side, link.transport)
        for hop, near, across, here in (
            (arriving, link.side, forward.side, True),
            (leaving, forward.side, link.side, False),
        ):
            signature = route_signature(
                message, forward.far_domain, near, across, here=here, initiates=routes.initiates, keys=keys
            )
            edit.insert("Record-Route", _route(hop, forward.far_domain, signature))
    _vouch(edit, forward, tables)
    return bytes(edit)


def forwarded_response(message: Message, forward: Forward, tables: Tables) -> bytes:
    """The response as it leaves (RFC 3261 section 16.7 item 3): our Via off."""
    edit = message.edit()
    edit.pop_via()
    if message.content_length is None:
        edit.declare_length()
    _vouch(edit, forward, tables)
    return bytes(edit)


def _route(hop: Hop, far_domain: str, signature: str) -> str:
    return f"<sip:{hop.authority};transport={hop.transport};lr;{FAR_DOMAIN}={far_domain};{SIGNATURE}={signature}>"


def _signed_way(branch: str, via: Via, link: Link, keys: Keys) -> str:
    way = way_noted(via, link)
    assert way is not None  # a request whose Via leads nowhere is refused
    return way_signature(branch, *way, keys)


def _vouch(edit: Edit, forward: Forward, tables: Tables) -> None:
    """Take off every mark and assertion that came, and write ours: never both, and never what somebody sent."""
    edit.remove(tables.verification.mark_header)
    edit.remove(tables.verification.assertion_header)
    if forward.mark is not None:
        edit.add(tables.verification.mark_header, forward.mark.text(tables.own.fqdn))
    if forward.assertion is not None:
        said = Assertion.VERIFIED if forward.assertion else Assertion.UNVERIFIED
        edit.add(tables.verification.assertion_header, said)
