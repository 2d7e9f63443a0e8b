"""Whether a relay does what is claimed of it: asked before anything is timed, and of everything that was."""

from __future__ import annotations

import re

from sipcore_bench.relay.contender import Relay
from sipcore_bench.relay.load import Counts, Load
from sipcore_bench.relay.mixes import FQDN, KINDS, Kind, numbered
from sipcore_bench.relay.processes import BrokenRelay

__all__ = ["check", "check_counts"]

_NUMBER = re.compile(rb";branch=z9hG4bK-bench-(\d+)")
_VIAS = re.compile(rb"\r\n(?:Via|v): *(SIP/2.0/[^\r]*)", re.IGNORECASE)
_MARK = re.compile(rb"\r\nms-edge-proxy-message-trust: ([^\r]*)")


def check(relay: Relay, templates: list[bytes], load: Load) -> None:
    """Send one message of each kind and look at what becomes of it.

    Raises:
        BrokenRelay: it is not what this relay should make of it.
    """
    for index, (kind, template) in enumerate(zip(KINDS, templates, strict=True)):
        shown = load.show(index)
        fault = _refusal_fault(shown) if relay.filters and kind.is_refused else _fault(relay, kind, template, shown)
        if fault:
            raise BrokenRelay(f"{kind.name}: {fault}: {shown[:400]!r}")


def _refusal_fault(answer: bytes) -> str:
    return "" if answer.startswith(b"SIP/2.0 606 ") else "not refused"


def _fault(relay: Relay, kind: Kind, template: bytes, arrived: bytes) -> str:
    number = _NUMBER.search(arrived)
    if number is None:
        return "not passed on"
    sent = numbered(template, int(number[1]))
    if not relay.parses:
        return "" if arrived == sent else "passed on with changes"
    if not _one_via_more(sent, arrived) or arrived.split(b"\r\n\r\n")[1] != sent.split(b"\r\n\r\n")[1]:
        return "not the same message with one Via more"
    return _edge_fault(kind, arrived) if relay.records else ""


def _one_via_more(sent: bytes, arrived: bytes) -> bool:
    """The one that was there may have had a note put behind it, of where it came from (RFC 3261 section 18.2.1)."""
    before, after = _VIAS.findall(sent), _VIAS.findall(arrived)
    return len(after) == len(before) + 1 and after[1].startswith(before[0])


def _edge_fault(kind: Kind, arrived: bytes) -> str:
    """What only an edge does: it takes its own route off, and marks what comes from outside."""
    if b"\r\nRoute:" in arrived:
        return "its own route was left on"
    marks = _MARK.findall(arrived)
    unverified = len(marks) == 1 and b"unverified" in marks[0] and FQDN.encode() in marks[0]
    return "" if unverified else f"{kind.name} is not marked unverified once"


def check_counts(relay: Relay, counts: Counts) -> None:
    """Look whether all that was timed went where it should; what was lost is no fault here, it is reported.

    Raises:
        BrokenRelay: something was filtered wrongly, doubled or misdirected, or nothing came.
    """
    for kind, arrived, refused in zip(KINDS, counts.arrived, counts.refused, strict=True):
        wrong = arrived if relay.filters and kind.is_refused else refused
        if wrong:
            raise BrokenRelay(f"{kind.name}: {wrong} of {arrived + refused} filtered wrongly")
    if counts.duplicates or counts.strange or not counts.done:
        raise BrokenRelay(f"{counts.done} came, {counts.duplicates} twice, {counts.strange} that nobody waited for")
