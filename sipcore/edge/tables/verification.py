"""What is believed of senders and said about them: levels, and the two headers (docs/protocol.md "Verification
levels and marks")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sipcore.edge.tables.names import Fault
from sipcore.grammar import HEADERS

__all__ = ["MARK_HEADER", "Verification", "VerificationLevel", "header_faults"]

MARK_HEADER = "ms-edge-proxy-message-trust"

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
#: Headers with a meaning of their own: one of these would be read, or removed, as something else.
_TAKEN = {name.lower() for name in HEADERS} - {MARK_HEADER}


class VerificationLevel(StrEnum):
    """What an operator believes of a peer's users (F119 to F121)."""

    CONTACT_LIST = "contact-list"
    VERIFIED_BY_PROVIDER = "verified-by-provider"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Verification:
    """The headers, and what is done with them.

    Attributes:
        assertion_header: by which edges tell each other that a sender is verified; no published name is known, so both
            ends have to agree on one.
        mark_header: by which the edge tells the inside.
        mark_own_users: assert outward that our own users are verified (else that they are not).
        enforce_at_edge: refuse an unverified SUBSCRIBE here when the recipient is known and has no allow entry for the
            sender; else it is the internal server that does (F122).
    """

    assertion_header: str = "X-Verified-User"
    mark_header: str = MARK_HEADER
    mark_own_users: bool = True
    enforce_at_edge: bool = False

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the section by itself."""
        yield from header_faults("verification.assertion_header", self.assertion_header)
        yield from header_faults("verification.mark_header", self.mark_header)
        if self.assertion_header.lower() == self.mark_header.lower():
            yield "verification.assertion_header", "assertion and mark must be two headers"


def header_faults(key: str, name: str) -> Iterator[Fault]:
    """What is wrong with the name of a header of our own."""
    if not _TOKEN.fullmatch(name):
        yield key, f"{name!r} is not a header name"
    elif name.lower() in _TAKEN or len(name) == 1:
        yield key, f"{name} has a meaning of its own"
