"""What content may be exchanged with whom: switches of the filter by kind of far end and row, and limits on media.

The filter's rules are one set for the whole edge; here is where they hold. Everything is filtered in both directions
unless an operator exempts a kind of far end in one direction, or a row in both. A row counts before its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ContentSwitches", "FarEnd", "Media", "RowContent"]


class FarEnd(StrEnum):
    """By which table an end outside is known."""

    PARTNER = "partner"
    FEDERATED_DOMAIN = "federated-domain"
    STATIC_ROUTE = "static-route"
    PROVIDER = "provider"
    PUBLIC_PROVIDER = "public-provider"
    DISCOVERED = "discovered"
    DEFAULT_ROUTE = "default-route"
    REMOTE_USER = "remote-user"


class Media(StrEnum):
    """What may be exchanged at all, beside presence."""

    ANY = "any"
    #: Instant messages without formatting: no files, games, HTML or RTF, sound, video or conferences.
    PLAIN_TEXT = "plain-text"


@dataclass(frozen=True, slots=True)
class RowContent:
    """What a row says of its messages.

    Attributes:
        filter: whether the filter looks at them, in both directions; None leaves it to the row's kind.
        media: what may be exchanged; None is plain text for public providers, else anything.
    """

    filter: bool | None = None
    media: Media | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether the row leaves everything to its kind."""
        return self.filter is None and self.media is None


@dataclass(frozen=True, slots=True)
class ContentSwitches:
    """Which far ends the filter leaves alone.

    Attributes:
        exempt_inbound: what comes from there.
        exempt_outbound: what goes there.
    """

    exempt_inbound: frozenset[FarEnd] = frozenset()
    exempt_outbound: frozenset[FarEnd] = frozenset()
