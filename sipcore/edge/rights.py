"""What our users may do, and with whom they want to deal.

The directory gives rights one by one, and none to whom it has not enabled (F075, F106). Which right counts depends on
the far end: a public provider takes the one for public IM, everybody else the one for federation (F076, F098). Where
nobody's rights are known (no directory) everybody has them all.

Source: docs/protocol.md "Users".
"""

from __future__ import annotations

from sipcore.edge import refusals
from sipcore.edge.directory import Access, Right, UserView
from sipcore.edge.flow import Flow
from sipcore.edge.steps import Closed, place

__all__ = ["has_any_right", "has_right", "may_come_from_outside", "sender_address", "wants_sender", "wants_unverified"]

#: Methods that ask for what an entry can deny: to be watched, to be spoken to (F097).
_PRESENCE, _COMMUNICATION = frozenset({"SUBSCRIBE"}), frozenset({"INVITE", "MESSAGE"})


def has_any_right(user: UserView | None) -> Closed | str:
    """Whether one of our users may send to anybody outside, before it is known to whom."""
    if user is None or user.may(Right.FEDERATION) or user.may(Right.PUBLIC_IM):
        return ""
    what = "has neither federation nor public IM" if user.enabled else "is not enabled"
    return Closed(refusals.NO_RIGHT, f"{user.address} {what} {_place(user)}")


def has_right(user: UserView | None, *, public: bool) -> Closed | str:
    """Whether one of our users may deal with a far end of that kind."""
    if user is None:
        return ""
    right = Right.PUBLIC_IM if public else Right.FEDERATION
    if user.may(right):
        return f"{user.address} has the right for {right} {_place(user)}"
    row = refusals.NO_PUBLIC_IM if public else refusals.NO_FEDERATION
    return Closed(row, f"{user.address} has no right for {right} {_place(user)}")


def may_come_from_outside(user: UserView | None) -> Closed | str:
    """Whether one of our users may send from outside (F036)."""
    if user is None:
        return ""
    if user.may(Right.REMOTE_ACCESS):
        return f"{user.address} has the right for {Right.REMOTE_ACCESS} {_place(user)}"
    return Closed(refusals.NO_REMOTE_ACCESS, f"{user.address} has no right for {Right.REMOTE_ACCESS} {_place(user)}")


def wants_sender(flow: Flow, recipient: UserView | None) -> Closed | str:
    """Whether the recipient has blocked the sender. Who is to be prompted is asked inside (F097, F124)."""
    wanted = _wanted(flow, recipient)
    if wanted is None or recipient is None:
        return ""
    line = f"{recipient.address} says {wanted} of {sender_address(flow)} {_place(recipient)}"
    return Closed(refusals.USER_BLOCKS, line) if wanted is Access.BLOCK else line


def _wanted(flow: Flow, recipient: UserView | None) -> Access | None:
    if recipient is None or not recipient.entries:
        return None
    if flow.method in _PRESENCE:
        return recipient.presence_for(sender_address(flow))
    return recipient.communication_for(sender_address(flow)) if flow.method in _COMMUNICATION else None


def wants_unverified(flow: Flow, recipient: UserView | None) -> Closed | str:
    """With ``enforce_at_edge``: an unverified subscription needs an entry that allows it (F122)."""
    if flow.method not in _PRESENCE or recipient is None or _wanted(flow, recipient) is Access.ALLOW:
        return ""
    line = f"{recipient.address} has no entry that allows the unverified {sender_address(flow)} {_place(recipient)}"
    return Closed(refusals.UNVERIFIED, line)


def sender_address(flow: Flow) -> str:
    """``user@domain`` of From."""
    return f"{flow.from_user}@{flow.from_domain}"


def _place(user: UserView) -> str:
    return place("[[user]]", user.line)
