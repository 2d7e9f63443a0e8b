"""The classes of links, each with trust roots of its own (F038)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LinkClass"]


class LinkClass(StrEnum):
    """What a neighbour is to us, and so which authorities may vouch for it."""

    INSIDE = "inside"  #: our own servers
    PARTNER = "partner"  #: whom an operator has named with a proxy: partners, static routes, the default route
    PROVIDER = "provider"  #: IM service providers
    DISCOVERED = "discovered"  #: whom only DNS and the certificate speak for
