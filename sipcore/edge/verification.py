"""Who says that a sender is verified, and whom the edge believes.

Two headers, never mixed up. The *assertion* travels from edge to edge. The *mark* travels from the edge to the inside.
Whatever of either arrives is taken off; what leaves on the inside has our mark, what leaves outside our assertion.

    level of the partner     asserted: verified   unverified   absent       malformed    given twice
    contact-list             unverified           unverified   unverified   unverified   unverified
    verified-by-provider     verified             unverified   unverified   unverified   unverified
    all                      verified             verified     verified     verified     verified

Source: docs/protocol.md "Verification levels and marks" (F118 to F121, F126).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from sipcore.edge.tables import VerificationLevel

__all__ = ["Assertion", "Mark", "Network", "Source", "assertion_of", "is_verified", "mark_for"]


class Assertion(StrEnum):
    """What a message says of its sender, in the one header that is read for it."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    ABSENT = "absent"
    MALFORMED = "malformed"
    REPEATED = "repeated"


#: A member by its name of the module; by that of its enumeration it takes ten times as long to find.
_ALL, _BY_PROVIDER = VerificationLevel.ALL, VerificationLevel.VERIFIED_BY_PROVIDER
_VERIFIED = Assertion.VERIFIED
_SAID = {word.value: word for word in (Assertion.VERIFIED, Assertion.UNVERIFIED)}


def assertion_of(fields: Sequence[str]) -> Assertion:
    """Read the assertion header's fields, case-insensitively.

    Given twice counts as nothing even when both agree: one of the two was not written by the partner's edge.
    """
    if len(fields) > 1:
        return Assertion.REPEATED
    if not fields:
        return Assertion.ABSENT
    return _SAID.get(fields[0].strip().lower(), Assertion.MALFORMED)


def is_verified(level: VerificationLevel, assertion: Assertion) -> bool:
    """The table above. Whatever is not a clear "verified" is not."""
    return level is _ALL or (level is _BY_PROVIDER and assertion is _VERIFIED)


class Source(StrEnum):
    """How the edge knows where a message comes from, in the words of the mark."""

    DIRECT_PARTNER = "DirectPartner"
    AUTHORIZED_SERVER = "AuthorizedServer"  #: a provider, or the clearing house
    AUTO_FEDERATION = "AutoFederation"  #: found by DNS
    INTERNET_USER = "InternetUser"  #: one of our own users


class Network(StrEnum):
    """What kind of network a message comes from (F084)."""

    FEDERATION = "federation"
    PUBLIC_CLOUD = "publiccloud"


class Mark(NamedTuple):
    """What the inside is told of a message from outside.

    Attributes:
        verified: whether its sender counts as verified.
        source: how the edge knows the source.
        network: what kind of network the source is.
    """

    verified: bool
    source: Source = Source.DIRECT_PARTNER
    network: Network = Network.FEDERATION

    @property
    def word(self) -> str:
        """``verified`` or ``unverified``."""
        return "verified" if self.verified else "unverified"

    def text(self, fqdn: str) -> str:
        """The header's value, in the grammar of docs/protocol.md "Verification levels and marks".

        Args:
            fqdn: the name of the edge that marks.
        """
        return (
            f"ms-source-type={self.source};ms-ep-fqdn={fqdn};"
            f"ms-source-verified-user={self.word};ms-source-network={self.network}"
        )


def mark_for(
    level: VerificationLevel,
    assertion: Assertion,
    source: Source = Source.DIRECT_PARTNER,
    network: Network = Network.FEDERATION,
) -> Mark:
    """The mark for a message of a neighbour with that level."""
    return Mark(is_verified(level, assertion), source, network)
