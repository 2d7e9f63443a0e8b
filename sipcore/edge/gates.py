"""What every request has to pass, whatever its direction: blocked domains, scheme, switches, methods, extensions.

A gate gives a line for the chain, an empty one when there is nothing to tell, or why it is closed.
"""

from __future__ import annotations

from sipcore.edge import benotify, refusals
from sipcore.edge.steps import Case, Closed, place
from sipcore.edge.tables import Tables, WhenOff, served_as

__all__ = [
    "blocked_end",
    "extensions_are_known",
    "federation_is_on",
    "method_may_cross",
    "no_blocked_end",
    "recorded_for_another",
    "scheme_is_sip",
]


def blocked_end(tables: Tables, *ends: str | None) -> str | None:
    """The first of these domains that is blocked; an alias is blocked with what it stands for (F065)."""
    blocked = tables.blocked.domains
    return next((end for end in ends if end is not None and (end in blocked or served_as(end) in blocked)), None)


def no_blocked_end(case: Case) -> Closed | str:
    """A blocked domain beats everything: it is not to learn even what else it did wrong."""
    flow, tables = case.flow, case.tables
    if not tables.blocked.domains:
        return ""
    end = blocked_end(
        tables,
        flow.from_domain,
        flow.asserted_domain,
        flow.request_domain,
        flow.to_domain,
        flow.route_near,
        flow.route_far,
    )
    if end is None:
        return ""
    row = refusals.BLOCKED_TOLD if tables.blocked.answer else refusals.BLOCKED
    return Closed(row, f"{end} is blocked {place('[blocked]', tables.blocked.domains.line(served_as(end)))}")


def scheme_is_sip(case: Case) -> Closed | str:
    """A Request-URI that can be routed (RFC 3261 section 16.3 item 2)."""
    return "" if case.flow.request_domain is not None else Closed(refusals.SCHEME, "the Request-URI is not a SIP URI")


def federation_is_on(case: Case) -> Closed | str:
    """Both switches, the edge's and the organisation's (F071, F141)."""
    federation = case.tables.federation
    if federation.is_on:
        return ""
    off = "enabled" if not federation.enabled else "organisation"
    return Closed(refusals.FEDERATION_OFF, f"federation is off ([federation] {off} = false)")


def method_may_cross(case: Case) -> Closed | str:
    """The methods that an operator lets cross."""
    allowed = case.tables.federation.methods
    if case.flow.method in allowed:
        return ""
    row, told = refusals.METHOD, (("Allow", ", ".join(sorted(allowed))),)
    return Closed(row, f"{case.flow.method} may not cross ([federation] methods)", told)


def recorded_for_another(case: Case) -> Closed | None:
    """Why a request in a dialog leads nowhere: its route is ours, but of another dialog, end or side."""
    if case.flow.in_dialog and case.flow.route_broken:
        return Closed(refusals.NO_ROUTE, "the route is of ours, but was not recorded for this dialog and side")
    return None


def extensions_are_known(case: Case) -> Closed | str:
    """Proxy-Require, and BENOTIFY itself while that is off (F143)."""
    flow, best_effort = case.flow, case.tables.benotify
    if flow.method == benotify.METHOD and not best_effort.enabled:
        if best_effort.when_off is WhenOff.DISCARD:
            return Closed(refusals.NO_BENOTIFY, "BENOTIFY is off ([benotify] enabled = false)")
        return "BENOTIFY is off, and forwarded all the same ([benotify] when_off)"
    tags = benotify.unsupported_tags(flow.method, flow.option_tags, best_effort.enabled)
    if not tags:
        return ""
    named = ", ".join(tags)
    return Closed(refusals.BAD_EXTENSION, f"Proxy-Require {named} is not known", (("Unsupported", named),))
