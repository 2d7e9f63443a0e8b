"""BENOTIFY: whether it is known here, and toward which side it becomes NOTIFY, or NOTIFY becomes it (F143, F145)."""

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
        to_notify: sides whose servers do not know it: what leaves there as BENOTIFY becomes NOTIFY.
        to_benotify: sides whose servers are to be spared the answers: what leaves there as NOTIFY becomes BENOTIFY.
    """

    enabled: bool = True
    when_off: WhenOff = WhenOff.DISCARD
    to_notify: frozenset[Side] = frozenset()
    to_benotify: frozenset[Side] = frozenset()

    @property
    def converts(self) -> bool:
        """Whether it matters which dialogs have asked for BENOTIFY."""
        return bool(self.to_notify or self.to_benotify)

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the section by itself."""
        for key, sides in (("to_notify", self.to_notify), ("to_benotify", self.to_benotify)):
            if sides and not self.enabled:
                what = "nobody can ask for BENOTIFY while benotify.enabled = false, so there is nothing to turn into it"
                yield f"benotify.{key}", f"{what}, or from it; remove this key"
        for side in sorted(self.to_notify & self.to_benotify):
            yield "benotify.to_benotify", f"{side} is in benotify.to_notify too; remove it from one of the two"
