"""The global switches: what may cross the border at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipcore.edge.tables.names import Fault
from sipcore.edge.tables.verification import header_faults

__all__ = ["METHODS", "ArchivingNotice", "Federation"]

#: What instant messages, presence and calls need (docs/protocol.md "Who is federated with"). REGISTER and SERVICE are
#: a home server's.
METHODS = frozenset(
    {"ACK", "BENOTIFY", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "REFER",
     "SUBSCRIBE", "UPDATE"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Federation:
    """Switches for all peers.

    Attributes:
        enabled: this edge federates (F102).
        organisation: the organisation does. Both are needed; when this is off no user's right holds (F071, F141).
        clearing_house: we are one: what comes from outside may go to other domains outside (F037).
        remote_access: our own users may come from outside (F036).
        methods: what may cross, by exact name. ACK and CANCEL go with INVITE.
    """

    enabled: bool = True
    organisation: bool = True
    clearing_house: bool = False
    remote_access: bool = False
    methods: frozenset[str] = METHODS

    @property
    def is_on(self) -> bool:
        """Whether both switches are."""
        return self.enabled and self.organisation

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the switches by themselves."""
        if not self.methods:
            yield "federation.methods", "nothing could cross; remove the key, or set federation.enabled = false"
        missing = sorted({"ACK", "CANCEL"} - self.methods) if "INVITE" in self.methods else ()
        for method in missing:
            yield "federation.methods", f"INVITE without {method} cannot be ended; add {method}, or remove INVITE"


@dataclass(frozen=True, slots=True)
class ArchivingNotice:
    """What tells partners that messages are archived (F140). No published name is known, so it is configuration.

    Attributes:
        enabled: off until somebody asks for it.
        header, value: what is added to what leaves.
    """

    enabled: bool = False
    header: str = "X-Archiving-Notice"
    value: str = "archived"

    @property
    def told(self) -> tuple[str, str] | None:
        """The header, or None while it is off."""
        return (self.header, self.value) if self.enabled else None

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the notice by itself."""
        yield from header_faults("archiving_notice.header", self.header)
        if not self.value.isprintable() or not self.value.strip():
            yield "archiving_notice.value", "expected a text of one line"
