"""BENOTIFY: whether it is known here, and on which side it becomes NOTIFY (F143)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sipcore.edge.tables.hops import Side
from sipcore.edge.tables.names import Fault

__all__ = ["BestEffort", "WhenOff"]


class WhenOff(StrEnum):
    """What becomes of a BENOTIFY that comes although we do not know it."""

    DISCARD = "discard"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class BestEffort:
    """The switch that the directory calls EnableBestEffortNotify, and what goes with it.

    Attributes:
        enabled: we know ``ms-benotify``. Off for servers of 2003 and other makers.
        when_off: of a BENOTIFY that comes all the same.
        to_notify: sides whose servers do not know it: a BENOTIFY leaves there as NOTIFY, and its answer ends here.
        to_benotify: sides whose servers prefer it: a NOTIFY leaves there as BENOTIFY, and is answered here.
    """

    enabled: bool = True
    when_off: WhenOff = WhenOff.DISCARD
    to_notify: frozenset[Side] = frozenset()
    to_benotify: frozenset[Side] = frozenset()

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the section by itself."""
        for side in sorted(self.to_notify & self.to_benotify):
            yield "benotify.to_benotify", f"{side} is in to_notify too; remove it from one of the two"
        if not self.enabled and self.to_benotify:
            yield "benotify.to_benotify", "nothing becomes BENOTIFY while benotify.enabled = false; remove the key"
