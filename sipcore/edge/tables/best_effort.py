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


#: Which dialogs asked for it is known to their SUBSCRIBE alone, and nothing carries that on from there.
_NOT_CARRIED = (
    "this build turns neither NOTIFY into BENOTIFY nor the reverse; remove the key, or set benotify.enabled = false, so"
    " that nobody is offered BENOTIFY"
)


@dataclass(frozen=True, slots=True)
class BestEffort:
    """The switch that the directory calls EnableBestEffortNotify, and what goes with it.

    Attributes:
        enabled: we know ``ms-benotify``. Off for servers of 2003 and other makers.
        when_off: of a BENOTIFY that comes all the same.
        to_notify, to_benotify: sides whose servers do not know it, or prefer it; refused in this build.
    """

    enabled: bool = True
    when_off: WhenOff = WhenOff.DISCARD
    to_notify: frozenset[Side] = frozenset()
    to_benotify: frozenset[Side] = frozenset()

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the section by itself."""
        for key, sides in (("to_notify", self.to_notify), ("to_benotify", self.to_benotify)):
            if sides:
                yield f"benotify.{key}[0]", _NOT_CARRIED
